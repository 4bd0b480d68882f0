"""Labels the sample clip in labelme as a person would, with mouse and keyboard: `python -m tests.labelling.drive`.

Run in a process of its own, on a screen (a virtual one will do). Prints "done" at the end; anything else is a failure.
"""

import shutil
import sys
import time
import traceback
from pathlib import Path

import cv2
import numpy as np
from PySide6 import QtCore, QtGui, QtTest, QtWidgets

from ttvos_tf.labelling import window
from ttvos_tf.runtime import Tracker
from ttvos_tf.sample.render import BALLOON, CAR, render

MODEL = "mobilenet_v2_480x864_int8"
SIZE = (1280, 720)
FIXED, STOPPED = 40, 50  # the frame that is put right, and the one after which Stop is pressed
GONE = 60  # the frame at which the balloon is said to have left
LEFT = QtCore.Qt.MouseButton.LeftButton
CONTROL = QtCore.Qt.KeyboardModifier.ControlModifier


PATIENCE = 300  # seconds: the machine may be busy


def until(condition, what: str) -> None:
    """Lets the window work until something is so."""
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() - begin < PATIENCE, f"waited for {what}"
        QtTest.QTest.qWait(20)


class Person:
    """Looks at the window, and uses mouse and keyboard."""

    def __init__(self, main, pictures: Path):
        self.main, self.pictures = main, pictures
        self.canvas = next(each for each in main.findChildren(QtWidgets.QWidget) if type(each).__name__ == "Canvas")
        self.files = main.findChild(QtWidgets.QDockWidget, "Files").findChild(QtWidgets.QListWidget)

    def see(self, name: str) -> None:
        """Takes a picture of the screen."""
        QtTest.QTest.qWait(300)
        assert QtGui.QGuiApplication.primaryScreen().grabWindow(0).save(str(self.pictures / f"{name}.png"))

    def keep(self, folder: Path, stage: str) -> None:
        """Copies the annotations of a folder as they are now, for the test to look at."""
        shutil.copytree(folder, self.pictures / stage, ignore=lambda _, names: [n for n in names if ".json" not in n])

    def press(self, key: str, modifier=QtCore.Qt.KeyboardModifier.NoModifier) -> None:
        """Presses a key, after the window has come back to the front: there may be no window manager."""

        def in_front() -> bool:
            self.main.activateWindow()
            return QtTest.QTest.qWaitForWindowActive(self.main, 1000)

        until(in_front, "the window to be in front")
        QtTest.QTest.keyClick(self.canvas, getattr(QtCore.Qt.Key, f"Key_{key}"), modifier)
        QtTest.QTest.qWait(100)

    def choose(self, key: str, mode: str) -> None:
        """Chooses a tool by its key."""

        def chosen() -> bool:
            self.press(key, CONTROL)
            return (self.canvas.create_mode if self.canvas.mode.name == "CREATE" else "edit") == mode

        until(chosen, mode)

    def click(self, x: float, y: float) -> None:
        """Clicks on a pixel of the image."""
        place = self.canvas.transform_image_point_to_widget(QtCore.QPointF(x, y), area=None).toPoint()
        for near in (QtCore.QPoint(9, 9), QtCore.QPoint()):  # one comes from somewhere
            QtTest.QTest.mouseMove(self.canvas, place + near)
            QtTest.QTest.qWait(20)
        QtTest.QTest.mouseClick(self.canvas, LEFT, pos=place)
        QtTest.QTest.qWait(20)

    def close_shape(self, x: float, y: float, label: str) -> None:
        """Clicks on the last point, types a name into the dialog that comes, and waits for the shape to be saved."""
        count, named = len(self.canvas.shapes), []

        def type_it() -> None:
            dialog = QtWidgets.QApplication.activeModalWidget()
            if dialog is None:
                return QtCore.QTimer.singleShot(50, type_it)
            edit = dialog.findChild(QtWidgets.QLineEdit)
            edit.selectAll()
            QtTest.QTest.keyClicks(edit, label)
            if not (self.pictures / "name.png").exists():
                self.see("name")
            named.append(label)
            QtTest.QTest.keyClick(edit, QtCore.Qt.Key.Key_Return)
            return None

        QtCore.QTimer.singleShot(50, type_it)

        def closed() -> bool:
            if not named:  # the dialog ends before the click does
                self.click(x, y)
            return bool(named)

        until(closed, f"the name {label}")
        until(lambda: len(self.canvas.shapes) == count + 1, f"the shape {label}")
        self.choose("J", "edit")

    def draw_polygon(self, mask: np.ndarray, label: str) -> None:
        """Clicks round an object's edge, a corner every few pixels, and on the first corner again."""
        contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        corners = cv2.approxPolyDP(max(contours, key=cv2.contourArea), 2, True)[:, 0].tolist()
        self.choose("N", "polygon")
        for x, y in corners:
            self.click(x, y)
        self.close_shape(*corners[0], label)

    def draw_box(self, mask: np.ndarray, label: str) -> None:
        ys, xs = np.nonzero(mask)
        self.choose("R", "rectangle")
        self.click(xs.min(), ys.min())
        self.close_shape(xs.max(), ys.max(), label)

    def go_to(self, frame: int) -> None:
        while self.files.currentRow() != frame:
            self.press("D" if self.files.currentRow() < frame else "A")

    def delete(self, mask: np.ndarray) -> None:
        """Clicks into an object's shape, and deletes it."""
        ys, xs = np.nonzero(mask)
        count = len(self.canvas.shapes)
        self.click(np.median(xs), np.median(ys))
        self.press("Delete")
        until(lambda: len(self.canvas.shapes) == count - 1, "the shape to be gone")

    def choose_in_menu(self, menu: str, text: str) -> None:
        """Clicks on an entry of the window's menus."""
        bar = self.main.menuBar()
        (title,) = (each for each in bar.actions() if each.text() == menu)
        (entry,) = (each for each in title.menu().actions() if each.text() == text)
        QtTest.QTest.mouseClick(bar, LEFT, pos=bar.actionGeometry(title).center())
        until(title.menu().isVisible, f"the menu {menu}")
        QtTest.QTest.mouseClick(title.menu(), LEFT, pos=title.menu().actionGeometry(entry).center())

    def read(self) -> str:
        """The line below the picture."""
        return self.main.statusBar().currentMessage()

    def stop_after(self, frame: int) -> None:
        """Presses Stop when that frame is there."""

        def look() -> None:
            dialog = QtWidgets.QApplication.activeModalWidget()
            if not isinstance(dialog, QtWidgets.QProgressDialog) or dialog.value() < frame:
                return QtCore.QTimer.singleShot(1, look)
            self.see("tracking")
            QtTest.QTest.mouseClick(dialog.findChild(QtWidgets.QPushButton), LEFT)
            return None

        QtCore.QTimer.singleShot(1, look)


def story(person: Person, folder: Path) -> None:
    """Draws, tracks, stops, puts right, goes on; removes what was tracked too far; tracks back from the last frame."""
    _, labels = render()
    last = len(labels) - 1
    person.draw_polygon(labels[0] == CAR, "car")
    person.draw_box(labels[0] == BALLOON, "balloon")
    person.see("drawn")
    person.stop_after(STOPPED)
    person.press("T", CONTROL)
    person.go_to(FIXED)
    person.see("tracked")
    person.delete(labels[FIXED] == CAR)
    person.draw_polygon(labels[FIXED] == CAR, "car")
    person.see("corrected")
    person.press("T", CONTROL)
    person.go_to(last)
    person.see("end")
    person.keep(folder, "forwards")
    person.go_to(GONE)
    person.delete(labels[GONE] == BALLOON)
    person.choose_in_menu("&Track", window.REMOVE)
    until(lambda: person.read() == f"Removed from {last - GONE} frames", "the line that tells what was removed")
    person.keep(folder, "removed")
    person.go_to(last)
    person.draw_box(labels[last] == BALLOON, "balloon")
    person.press("B", CONTROL)
    until(lambda: person.read().startswith("Tracked to 00000"), "the first frame")
    person.keep(folder, "backwards")
    person.main.close()


def main() -> None:
    """Opens the folder that is named, and leaves pictures in the other."""
    folder, pictures = map(Path, sys.argv[1:])
    add_menu = window.Tracking.__init__
    failed = []

    def fail(*error: object) -> None:
        failed.append("".join(traceback.format_exception(*error)))  # type: ignore[arg-type]
        QtCore.QCoreApplication.exit(1)

    def begin(main: QtWidgets.QMainWindow) -> None:
        sys.excepthook = fail  # labelme's shows a dialog, and waits
        main.resize(*SIZE)
        main.move(0, 0)
        until(lambda: QtTest.QTest.qWaitForWindowExposed(main, 1000), "the window")
        story(Person(main, pictures), folder)

    def with_person(self: window.Tracking, main: QtWidgets.QMainWindow, tracker: Tracker) -> None:
        add_menu(self, main, tracker)
        QtCore.QTimer.singleShot(0, lambda: begin(main))

    window.Tracking.__init__ = with_person  # type: ignore[method-assign]
    try:
        window.run(Tracker(MODEL), folder)
    except SystemExit:
        print(failed[0] if failed else "done")


if __name__ == "__main__":
    main()
