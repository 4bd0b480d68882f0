"""labelme's window with one menu more: Track.

labelme 7 has no interface for plug-ins, and all its modules are private. So this is the only module that knows it, and
it uses little: labelme's `main`, which reads the options and opens the window; what `NEEDED` names; and Qt, where the
list of images is a part of the dock "Files".
"""

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from labelme import __main__ as labelme
from PySide6 import QtGui, QtWidgets

from ttvos_tf.errors import TTVOSError
from ttvos_tf.labelling.follow import Followed, follow, remove_tracked
from ttvos_tf.runtime.tracker import Tracker

NEEDED = ("_can_continue", "_refresh_file_list", "current_label_file_path", "image_list")
FORWARDS, BACKWARDS, REMOVE = "Track &Forwards", "Track &Backwards", "&Remove Later Tracks of What Is Not Here"


def run(tracker: Tracker, folder: Path, options: Sequence[str] = ()) -> None:
    """Opens a folder of frames in labelme; ends by SystemExit when its window is closed.

    Args:
        tracker: follows what is drawn.
        folder: of images, in the order of their names.
        options: more for labelme's command line: "--labels", "car,person" for instance.

    Raises:
        TTVOSError: this labelme is another than this program knows.
    """
    if missing := [name for name in NEEDED if not hasattr(labelme.MainWindow, name)]:
        raise TTVOSError(f"labelme: its window has no {missing[0]}: pip install 'ttvos-tf[labelme]' has one that fits")

    class Window(labelme.MainWindow):
        def __init__(self, **arguments: object):
            super().__init__(**arguments)
            Tracking(self, tracker)

    labelme.MainWindow = Window
    sys.argv = ["labelme", "--logger-level", "warning", *options, str(folder)]
    labelme.main()


class Tracking:
    """The menu Track of a window of labelme."""

    def __init__(self, window: QtWidgets.QMainWindow, tracker: Tracker):
        """Adds the menu."""
        self._window, self._tracker = window, tracker
        self._list = window.findChild(QtWidgets.QDockWidget, "Files").findChild(QtWidgets.QListWidget)
        menu = window.menuBar().addMenu("&Track")
        # Not Ctrl+Shift: while these are held, labelme copies shapes from frame to frame.
        for text, keys, slot in (
            (FORWARDS, "Ctrl+T", lambda: self._track(ahead=True)),
            (BACKWARDS, "Ctrl+B", lambda: self._track(ahead=False)),
            (REMOVE, "", self._remove),
        ):
            action = QtGui.QAction(text, window)
            action.setShortcut(keys)
            action.triggered.connect(slot)
            menu.addAction(action)

    def _track(self, ahead: bool) -> None:
        """Follows the objects of the frame that is open; what is done when Stop is pressed stays."""
        if not self._window._can_continue():  # else what was drawn is on the disk now
            return
        with self._reported():
            images, others = self._images(ahead)
            self._show(images, follow(self._tracker, images, self._annotation_file, others))

    def _show(self, images: Sequence[Path], followed: Iterator[Followed]) -> None:
        """Shows each frame when it is done, and a button that stops."""
        progress = QtWidgets.QProgressDialog("", "Stop", 0, len(images), self._window)
        progress.setWindowTitle("Track")
        progress.setModal(True)
        progress.setMinimumDuration(0)
        doubts: dict[str, str] = {}
        try:
            for count, each in enumerate(followed, start=1):
                for lost in each.lost:
                    doubts.setdefault(str(lost), each.image.name)
                if each.shapes:  # an empty frame would get those of the one before, if "Keep Previous" is on
                    self._open(each.image)
                progress.setLabelText(f"{each.image.name}: {count} of {len(images)}")
                progress.setValue(count)  # lets the button be pressed
                if progress.wasCanceled():
                    break
        finally:
            progress.close()
            progress.deleteLater()
        hints = "".join(f"; look at {frame}: {name} is probably lost" for name, frame in doubts.items())
        self._tell(f"Tracked to {each.image.name}{hints}")

    def _remove(self) -> None:
        """Removes what was tracked later of objects that were deleted here."""
        if not self._window._can_continue():
            return
        with self._reported():
            images, _ = self._images(ahead=True)
            changed = remove_tracked(images, self._annotation_file)
            self._tell(f"Removed from {changed} frames")

    def _images(self, ahead: bool) -> tuple[list[Path], list[Path]]:
        """The frames from the open one on in a direction, and the others of its folder."""
        row = self._list.currentRow()
        if row < 0:
            raise TTVOSError("open a folder of frames: labelme has no list of them")
        listed = [Path(image) for image in self._window.image_list]
        video = [index for index, image in enumerate(listed) if image.parent == listed[row].parent]
        before = [listed[index] for index in video if index < row]
        after = [listed[index] for index in video if index > row]
        here = listed[row]
        return ([here, *after], before) if ahead else ([here, *reversed(before)], after)

    def _annotation_file(self, image: Path) -> Path:
        """Beside that of the image that is open."""
        return Path(self._window.current_label_file_path()).parent / f"{image.stem}.json"

    def _open(self, image: Path) -> None:
        """Shows a frame as it is on the disk."""
        self._list.setCurrentRow(-1)  # the row that is current would not be loaded again
        self._list.setCurrentRow(self._window.image_list.index(str(image)))

    @contextlib.contextmanager
    def _reported(self) -> Iterator[None]:
        """Shows an error, and which frames have annotations now."""
        try:
            yield
        except TTVOSError as error:
            QtWidgets.QMessageBox.warning(self._window, "Track", str(error))
        finally:
            self._window._refresh_file_list()

    def _tell(self, message: str) -> None:
        self._window.statusBar().showMessage(message)
