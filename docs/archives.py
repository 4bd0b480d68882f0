"""Measures `ttvos batch` and writes the tables of `archives.md`: `python docs/archives.py`, on a quiet machine.

Videos an hour with one and two workers, beside two separate runs; what a video costs beside its tracking; and what ten
million videos would cost, from the sizes of fewer. Takes some minutes; `--videos 4` is a trial, and `--print` leaves
the page as it is.
"""

import contextlib
import json
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ttvos_tf.archive.engines import dask, do_videos
from ttvos_tf.archive.manifest import Video, read_manifest
from ttvos_tf.archive.record import Record, write_record
from ttvos_tf.archive.work import Settings, earlier
from ttvos_tf.command_line import Parser, run_script
from ttvos_tf.sample.render import VIDEO

PAGE = Path(__file__).with_name("archives.md")
BLOCK = re.compile(r"(?<=<!-- by docs/archives.py -->\n).*?(?=<!-- end -->)", re.DOTALL)
MODEL = "mobilenet_v2_240x432_int8"
BOX = [115, 324, 218, 83]
TTVOS = (sys.executable, "-m", "ttvos_tf")
MILLIONS = 10


@run_script("archives.py")
def main(argv: list[str]) -> None:
    """Measures and writes."""
    parser = Parser(description=__doc__)
    parser.add_argument("--videos", type=int, default=20, metavar="N", help="copies of the sample clip (default: 20)")
    parser.add_argument("--lines", type=int, default=200_000, metavar="N", help="of a manifest (default: 200000)")
    parser.add_argument("--records", type=int, default=5_000, metavar="N", help="on disk (default: 5000)")
    parser.add_argument("--print", action="store_true", help="leave the page as it is")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tables = "\n".join([*_speed(folder, args.videos), *_books(folder, args.lines, args.records)])
    if args.print:
        print(tables)
    else:
        PAGE.write_text(BLOCK.sub(lambda _: f"{tables}\n", PAGE.read_text(), count=1))


def _speed(folder: Path, count: int) -> Iterator[str]:
    """Videos an hour, and what a video costs beside its tracking."""
    for index in range(count):
        shutil.copy(VIDEO, folder / f"{index}.mp4")
    manifest = folder / "speed.jsonl"
    _write_lines(manifest, ({"source": f"{index}.mp4", "out": f"{index}", "boxes": [BOX]} for index in range(count)))

    def batch(*arguments: str) -> list[str]:
        return [*TTVOS, "batch", str(manifest), "--out", str(folder / "out"), "--model", MODEL, *arguments]

    def alone(index: int) -> list[str]:
        masks = folder / "out" / str(index)
        options = ["--out", str(masks), "--model", MODEL, "--threads", "1", "--json", str(folder / f"{index}.json")]
        return [*TTVOS, "segment", str(folder / f"{index}.mp4"), f"--box={','.join(map(str, BOX))}", *options]

    def measured(run: Callable[[], object]) -> float:
        begin = time.perf_counter()
        run()
        seconds = time.perf_counter() - begin
        shutil.rmtree(folder / "out")
        return seconds

    one_by_one = measured(lambda: _in_turn([alone(index) for index in range(count)]))
    frames = json.loads((folder / "0.json").read_text())
    one = measured(lambda: _together([batch("--jobs", "1")]))
    two = measured(lambda: _together([batch("--jobs", "2")]))
    apart = measured(lambda: _together([batch("--jobs", "1", "--shard", f"{part}/2") for part in (1, 2)]))
    network = frames["frames"] / frames["fps"]
    yield f"{count} copies of the sample clip ({frames['frames']} frames), `{MODEL}`, one thread a video, {_machine()}:"
    yield ""
    yield "| run | seconds | videos an hour |"
    yield "| --- | --- | --- |"
    rows = {
        "`ttvos segment`, one after the other": one_by_one,
        "`--jobs 1`": one,
        "`--jobs 2`": two,
        "two runs of `--jobs 1` at once, a shard each": apart,
    }
    for what, seconds in rows.items():
        yield f"| {what} | {seconds:.1f} | {3600 * count / seconds:.0f} |"
    yield ""
    around, books = one_by_one / count - network, (one - one_by_one) / count
    yield f"Two workers do {100 * apart / two:.0f} % of what two separate runs do. A video's network takes"
    yield f"{1000 * network:.0f} ms; starting a process, loading the model, reading and writing take"
    yield f"{1000 * around:.0f} ms, and `ttvos batch` {1000 * books:.0f} ms."
    yield ""


def _in_turn(commands: Sequence[Sequence[str]]) -> None:
    for command in commands:
        _together([command])


def _together(commands: Sequence[Sequence[str]]) -> None:
    processes = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for command in commands]
    for process in processes:
        if process.wait():
            raise ChildProcessError(f"{' '.join(process.args)}: exit code {process.returncode}")  # type: ignore[arg-type]


def _books(folder: Path, lines: int, records: int) -> Iterator[str]:
    """What keeping books costs, and would cost for ten million videos."""
    manifest = folder / "books.jsonl"
    _write_lines(manifest, ({"source": f"{_tape(i)}.mp4", "out": _tape(i), "boxes": [BOX]} for i in range(lines)))
    whole, memory = _in_a_process(_read, manifest, (1, 1))
    _, part_memory = _in_a_process(_read, manifest, (1, 100))

    settings = Settings(folder / "results", MODEL)
    videos = [replace(video, source=str(VIDEO)) for video in read_manifest(manifest)[:records]]
    record = Record(videos[0].out, str(VIDEO), "done", None, 1, 12.34, 300, 50.25, (1,), MODEL, platform.node())
    begin = time.perf_counter()
    for video in videos:
        (settings.out / video.out / "masks").mkdir(parents=True)
        write_record(settings.out / video.out, replace(record, out=video.out, key=settings.key(video)))
    write = (time.perf_counter() - begin) / records
    begin = time.perf_counter()
    if not all(earlier(video, settings) for video in videos):
        raise AssertionError("a record that was written was not found")
    look = (time.perf_counter() - begin) / records
    task = _task_seconds(videos)

    size, line = manifest.stat().st_size / lines, len(replace(record, key="0" * 16).line()) + 1
    yield f"{MILLIONS} million videos, on paper: measured with {lines} lines and {records} records, then multiplied."
    yield ""
    yield f"| what | a video | {MILLIONS} million videos |"
    yield "| --- | --- | --- |"
    yield _bytes_row("manifest, on disk", size)
    yield _time_row("to read and check it", whole / lines)
    yield _bytes_row("memory of a run of all", memory / lines)
    yield _bytes_row("memory of a run of `--shard 1/100`", part_memory / lines)
    yield _time_row("to look for a record, local disk", look)
    yield _time_row("to write a record, local disk", write)
    yield _bytes_row("report, on disk", line)
    if task:
        yield _time_row("Dask: a task that does nothing", task)


def _bytes_row(what: str, size: float) -> str:
    return f"| {what} | {size:.0f} bytes | {size * MILLIONS / 1000:.1f} GB |"


def _time_row(what: str, seconds: float) -> str:
    total = seconds * MILLIONS * 1e6
    return f"| {what} | {1000 * seconds:.2f} ms | " + (
        f"{total / 3600:.1f} hours |" if total > 3600 else f"{total / 60:.0f} minutes |"
    )


def _tape(index: int) -> str:
    return f"tapes/{index // 1000:05d}/{index:08d}"


def _write_lines(path: Path, values: Iterator[dict]) -> None:
    with path.open("w") as file:
        file.writelines(json.dumps(value) + "\n" for value in values)


def _read(manifest: Path, shard: tuple[int, int]) -> tuple[float, float]:
    """Seconds to read a manifest, and the bytes that this and the records of a shard take."""
    before, begin = _resident(), time.perf_counter()
    videos = read_manifest(manifest, shard)
    seconds = time.perf_counter() - begin
    records = {video.out: _finished(video) for video in videos}
    memory = _resident() - before
    return seconds, memory if records else 0.0


def _finished(video: Video) -> Record:
    """As it comes from a file: none of its strings are another's."""
    line = Record(video.out, video.source, "done", None, 1, 12.3, 300, 50.2, (1,), MODEL, "host", "0" * 16).line()
    return Record(**json.loads(line))


def _resident() -> float:
    """The most bytes of memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _in_a_process(function: Callable, *arguments: object) -> tuple[float, float]:
    import multiprocessing

    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def _task_seconds(videos: Sequence[Video]) -> float | None:
    """The time of a task that does nothing, on a local cluster of two workers; None without Dask."""
    with contextlib.suppress(ImportError):
        from distributed import LocalCluster

        options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "silence_logs": 50}
        with LocalCluster(**options) as cluster, dask(cluster.scheduler_address) as engine:
            begin = time.perf_counter()
            for _ in do_videos(videos, Settings(Path("/"), MODEL), replace(engine, do=_nothing)):
                pass
            return (time.perf_counter() - begin) / len(videos)
    return None


def _nothing(video: Video, settings: Settings) -> Record:
    return Record(video.out, video.source, "done")


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())
