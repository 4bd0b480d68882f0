"""The outputs of `ttvos segment`: the options that ask for them, and how a tracked frame gets into each."""

import argparse
import contextlib
import functools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.annotations.formats import FORMATS, Annotations
from ttvos_tf.media.annotations.masks import Masks
from ttvos_tf.media.annotations.names import Names
from ttvos_tf.media.atomic import Replaceable, Together, atomic_file, atomic_folder, check_folder
from ttvos_tf.media.cutout import Background, cut_out, opacity, parse_background, replace_background
from ttvos_tf.media.ffmpeg import INSTALL, ffmpeg
from ttvos_tf.media.images import is_written_by_us, source_of, write_cutout
from ttvos_tf.media.outputs import check_outputs
from ttvos_tf.media.overlay import draw_overlay
from ttvos_tf.media.sizes import Size, size_of
from ttvos_tf.media.video import Source
from ttvos_tf.media.video_writer import VideoWriter, check_suffix
from ttvos_tf.runtime.propagate import Tracked

PNG = "png"

Kept = contextlib.AbstractContextManager[Callable[[Tracked], None]]


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds --out, --format, --name, --overlay, --cutout and --background."""
    parser.add_argument(
        "--out",
        type=Path,
        metavar="PLACE",
        help="where masks or annotations go: a folder, for coco and cvat a file (default: in results/, by the source)",
    )
    parser.add_argument(
        "--format",
        choices=(PNG, *FORMATS),
        default=PNG,
        help="of what goes there (default: png, a mask for each frame)",
    )
    parser.add_argument(
        "--name",
        type=_name,
        action="append",
        default=[],
        metavar="ID=NAME",
        help="what an object is, for all formats but png; objects of one name are of one class",
    )
    parser.add_argument(
        "--overlay", type=Path, metavar="FILE", help="also a video with the objects in colour: .mp4 or .webm"
    )
    parser.add_argument(
        "--cutout",
        type=Path,
        metavar="PLACE",
        help="also the objects alone, transparent around: .webm, .mov (ProRes 4444), or a folder of PNGs",
    )
    parser.add_argument(
        "--background",
        metavar="WHAT",
        help="of a cut-out that is .mp4 or .webm, then: blur, a colour as '#00ff00', or an image",
    )


@dataclass(frozen=True)
class Places:
    """Where the outputs of a source go; made by `places_of`, which checks what can be checked of the options alone.

    Attributes:
        out: for masks or annotations.
        format: theirs.
        names: of the objects, as given.
        overlay, cutout, json: None if they are not asked for.
        background: of the cut-out; None if it is transparent.
        origin: tells the source apart from others of its name.
        replaceable: whether a file found in `out` may be replaced.
    """

    out: Path
    format: str
    names: Mapping[int, str]
    overlay: Path | None
    cutout: Path | None
    background: Background | None
    json: Path | None
    origin: str
    replaceable: Replaceable

    def check(self, read: Iterable[str | Path | None]) -> None:
        """Refuses places that would replace an input or each other: before the work, and again at its end."""
        files = {"--overlay": self.overlay, "--json": self.json}
        folders: dict[str, Path | None] = {}
        (folders if self.is_folder else files)["--out"] = self.out
        (folders if self.cutout_is_folder else files)["--cutout"] = self.cutout
        check_outputs(read, files, folders)

    def check_contents(self) -> None:
        """Refuses folders that hold what would be lost."""
        if self.is_folder:
            check_folder(self.out, self.replaceable)
        if self.cutout and self.cutout_is_folder:
            check_folder(self.cutout, is_written_by_us)

    @property
    def is_folder(self) -> bool:
        return self.format == PNG or not FORMATS[self.format].suffix

    @property
    def cutout_is_folder(self) -> bool:
        return self.cutout is not None and self.background is None and not self.cutout.suffix


def places_of(args: argparse.Namespace, name: str, origin: str) -> Places:
    """Where a source's outputs go.

    Args:
        args: with the options of `add_output_arguments`, and `json`.
        name: of the source.
        origin: tells it apart from others of that name.

    Raises:
        TTVOSError: a name of a file that cannot be written, options that do not go together, a default place that is
            taken.
    """
    suffix = "" if args.format == PNG else FORMATS[args.format].suffix
    if args.name and args.format == PNG:
        raise TTVOSError(f"--name: a PNG holds no names: it goes with --format {', '.join(FORMATS)}")
    if args.out and suffix and args.out.suffix.lower() != suffix:
        raise TTVOSError(f"--out {args.out}: {args.format} is a file named *{suffix}")
    out = args.out or Path("results") / (name if args.format == PNG else f"{name}_{args.format}{suffix}")
    if not args.out:
        _check_default(out, args.format, origin)
    if args.overlay:
        check_suffix(args.overlay, "an overlay")
    background = parse_background(args.background) if args.background else None
    if background and not args.cutout:
        raise TTVOSError(f"--background {args.background}: say where the video goes: --cutout FILE.mp4")
    if args.cutout and background:
        check_suffix(args.cutout, "a cut-out with a background")
    elif args.cutout and args.cutout.suffix:
        check_suffix(args.cutout, "a cut-out without --background", transparent=True)
    return Places(
        out=out,
        format=args.format,
        names=dict(args.name),
        overlay=args.overlay,
        cutout=args.cutout,
        background=background,
        json=args.json,
        origin=origin,
        replaceable=_replaceable(args, origin),
    )


def _replaceable(args: argparse.Namespace, origin: str) -> Replaceable:
    """Labels may have been corrected by hand, and nothing tells: only masks are replaced."""
    if args.format != PNG:
        return lambda file: False
    return is_written_by_us if args.out else functools.partial(_is_mask_of, origin)


def _check_default(out: Path, kind: str, origin: str) -> None:
    """Refuses a default place that holds what is another source's, or may have been corrected."""
    if kind == PNG:
        if any(is_written_by_us(file) and not _is_mask_of(origin, file) for file in sorted(out.glob("*.png"))[:1]):
            raise TTVOSError(f"{out}: holds the masks of another source of that name: choose a folder with --out")
    elif out.exists():
        raise TTVOSError(f"{out}: is there already: choose another place with --out, or remove it")


def _is_mask_of(origin: str, file: Path) -> bool:
    """Whether a file is a mask of that source, or one of before masks told their source."""
    return source_of(file) in ("", origin)


def check_names(names: Mapping[int, str], ids: Iterable[int]) -> None:
    """Raises a TTVOSError if an object that is not tracked is given a name."""
    known = sorted(ids)
    for unknown in sorted(names.keys() - known):
        raise TTVOSError(f"--name {unknown}={names[unknown]}: there is no object {unknown}: the objects are {known}")


@dataclass(frozen=True)
class Output:
    """An output that is being written.

    Attributes:
        label: what it is called.
        place: where it will be.
        add: takes a tracked frame.
        close: finishes it.
        note: what a user should know of it; "" if nothing.
    """

    label: str
    place: Path
    add: Callable[[Tracked], None]
    close: Callable[[], None]
    note: str = ""


def open_outputs(places: Places, source: Source, size: Size, stack: Together, kept: Kept | None = None) -> list[Output]:
    """Opens all outputs but the report. They come to their places when the stack ends, if it ends well.

    Args:
        places: where they go.
        source: the video.
        size: (height, width) of its frames.
        stack: holds what is unfinished.
        kept: opens what writes the masks, if they shall outlive the run.

    Raises:
        TTVOSError: one cannot be written.
    """
    if kept:
        outputs = [Output("masks", places.out, stack.enter_context(kept), lambda: None)]
    else:
        outputs = [_open_annotations(places, stack)]
    if places.overlay:
        outputs.append(_open_overlay(places.overlay, source, size, stack))
    if places.cutout:
        outputs.append(_open_cutout(places, source, size, stack))
    return outputs


def _open_annotations(places: Places, stack: Together) -> Output:
    if places.is_folder:
        path = stack.enter_context(atomic_folder(places.out, places.replaceable))
    else:
        path = stack.enter_output(places.out, atomic_file(places.out))
    written: Annotations
    if places.format == PNG:
        written = Masks(path, places.origin)
    else:
        written = FORMATS[places.format].begin(path, Names(places.names))
    label = "masks" if places.format == PNG else places.format
    return Output(
        label, places.out, lambda tracked: written.add(tracked.name, tracked.frame, tracked.labels), written.close
    )


def _open_overlay(place: Path, source: Source, size: Size, stack: Together) -> Output:
    video = _open_video(place, source, size, stack)
    return Output(
        "overlay",
        place,
        lambda tracked: video.write(draw_overlay(tracked.frame, tracked.labels)),
        video.close,
        _note(source),
    )


def _open_cutout(places: Places, source: Source, size: Size, stack: Together) -> Output:
    place, background = places.cutout, places.background
    assert place is not None
    if places.cutout_is_folder:
        folder = stack.enter_context(atomic_folder(place, is_written_by_us))

        def write(tracked: Tracked) -> None:
            write_cutout(folder / f"{tracked.name}.png", cut_out(tracked.frame, _opacity(tracked)), places.origin)

        return Output("cut-out", place, write, lambda: None)
    video = _open_video(place, source, size, stack, transparent=background is None)

    def add(tracked: Tracked) -> None:
        opaque = _opacity(tracked)
        drawn = replace_background(tracked.frame, opaque, background) if background else cut_out(tracked.frame, opaque)
        video.write(drawn)

    return Output("cut-out", place, add, video.close, _note(source))


def _open_video(place: Path, source: Source, size: Size, stack: Together, transparent: bool = False) -> VideoWriter:
    path = stack.enter_output(place, atomic_file(place))
    return stack.enter_context(VideoWriter(path, source.fps, size, place, source.times, source.sound, transparent))


def _opacity(tracked: Tracked) -> np.ndarray:
    return opacity(tracked.soft.values(), size_of(tracked.frame))


def _note(source: Source) -> str:
    """Without ffmpeg nobody can tell whether there is sound."""
    return f" (sound, if there is any, is left out: {INSTALL})" if source.sound and not ffmpeg() else ""


def _name(text: str) -> tuple[int, str]:
    found = re.fullmatch(r"(\d+)=(.*\S.*)", text)
    if not found or not found[2].isprintable():
        raise argparse.ArgumentTypeError(f"expected ID=NAME, 1=car for instance, not {text!r}")
    return int(found[1]), found[2].strip()
