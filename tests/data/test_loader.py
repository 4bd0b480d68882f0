import itertools
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tests.data.trees import DyingClips, FailingClips, GreedyClips, NoisyClips
from ttvos_tf.data.augmentation import Augmentation
from ttvos_tf.data.clip import ClipSpec
from ttvos_tf.data.first_masks import box_mask
from ttvos_tf.data.loader import PREFETCH, batches, make_batch
from ttvos_tf.data.synthetic import SyntheticClips
from ttvos_tf.errors import TTVOSError

SPEC = ClipSpec(2, 32, 48)
SYNTHETIC = {"synthetic": (SyntheticClips(), 1.0)}


def take(count, **options):
    stream = batches(SYNTHETIC, [SPEC], 2, seed=5, **options)
    try:
        return list(itertools.islice(stream, count))
    finally:
        stream.close()


def equal(some, others):
    return all(
        np.array_equal(a, b) for one, other in zip(some, others, strict=True) for a, b in zip(one, other, strict=True)
    )


def processes(log: Path) -> set[int]:
    return {int(line) for line in log.read_text().split()} if log.exists() else set()


def wait_until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")  # a dead child of a dead parent may stay a zombie where no init reaps it
    return not (stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] == "Z")


def test_shapes_and_differences():
    batch, other = take(2, workers=0)
    assert batch.frames.shape == (2, 2, 32, 48, 3)
    assert batch.masks.shape == (2, 2, 32, 48)
    assert batch.first_masks.shape == batch.previous_masks.shape == (2, 32, 48)
    assert batch.remembered.shape == (2, 2)
    assert [array.dtype for array in batch] == [np.uint8] * 4 + [np.float32]
    assert not np.array_equal(batch.frames[0], batch.frames[1])
    assert not np.array_equal(batch.frames, other.frames)


def test_batch_depends_on_seed_and_index_only():
    expected = take(5, workers=0)
    assert equal(expected, [make_batch(SYNTHETIC, [SPEC], 2, 5, index) for index in range(5)])
    assert equal(expected, take(5, workers=1))
    assert equal(expected, take(5, workers=2))
    assert equal(expected[3:], take(2, start=3, workers=2))
    assert not equal(expected, [make_batch(SYNTHETIC, [SPEC], 2, 6, index) for index in range(5)])


def test_sizes_come_in_turn():
    small, large = SPEC, ClipSpec(3, 48, 80)
    shapes = [make_batch(SYNTHETIC, [small, large], 2, 5, index).frames.shape for index in range(4)]
    assert shapes == [(2, 2, 32, 48, 3), (2, 3, 48, 80, 3)] * 2
    assert equal([make_batch(SYNTHETIC, [small, large], 2, 5, 2)], [make_batch(SYNTHETIC, [small], 2, 5, 2)])


@pytest.mark.parametrize("count", [2, 4])
def test_a_clip_and_its_masks_are_the_same_however_the_batch_is_shared(count):
    given = (SYNTHETIC, [SPEC], 8, 5, 3, Augmentation(box_probability=0.5, damage_probability=0.5))
    whole = make_batch(*given)
    assert not np.array_equal(whole.first_masks, whole.masks[:, 0])
    assert not np.array_equal(whole.first_masks, whole.previous_masks)
    for rank in range(count):
        part = make_batch(*given, share=(rank, count))
        assert equal([part], [[array[rank::count] for array in whole]])


def test_given_masks_leave_the_clips_as_they_are():
    exact, varied = (
        make_batch(SYNTHETIC, [SPEC], 8, 5, 3, Augmentation(box_probability=share)) for share in (0.0, 1.0)
    )
    assert np.array_equal(exact.frames, varied.frames)
    assert np.array_equal(exact.first_masks, exact.masks[:, 0])
    assert np.array_equal(varied.first_masks, [box_mask(mask) for mask in varied.masks[:, 0]])


def test_sources_are_drawn_by_weight():
    sources = {"never": (FailingClips(AssertionError("drawn")), 0.0), "always": (SyntheticClips(), 0.5)}
    for index in range(5):
        make_batch(sources, [SPEC], 2, 0, index)
    with pytest.raises(AssertionError, match="drawn"):
        for index in range(5):
            make_batch({**sources, "never": (sources["never"][0], 1.0)}, [SPEC], 2, 0, index)


@pytest.mark.parametrize("workers", [0, 1])
def test_source_errors_arrive_as_they_were(workers):
    sources = {"bad": (FailingClips(TTVOSError("masks/7.png: no such mask")), 1.0)}
    with pytest.raises(TTVOSError, match=r"^masks/7\.png: no such mask$"):
        next(batches(sources, [SPEC], 2, seed=0, workers=workers))


def test_other_errors_arrive_with_their_place():
    with pytest.raises(RuntimeError, match=r"trees\.py(.|\n)*ZeroDivisionError: by nought"):
        next(batches({"bad": (FailingClips(ZeroDivisionError("by nought")), 1.0)}, [SPEC], 2, seed=0))


def test_death_of_a_worker_is_an_error():
    with pytest.raises(TTVOSError, match="exit code 7"):
        next(batches({"bad": (DyingClips(), 1.0)}, [SPEC], 2, seed=0))


@pytest.mark.parametrize(
    ("sources", "batch_size", "says"),
    [
        ({}, 2, "at least one source"),
        ({"nan": (SyntheticClips(), float("nan"))}, 2, "'nan' must be a number, but is nan"),
        ({"inf": (SyntheticClips(), float("inf"))}, 2, "'inf' must be a number"),
        ({"none": (SyntheticClips(), 0.0)}, 2, "at least one source"),
        ({"less": (SyntheticClips(), -1.0), "more": (SyntheticClips(), 2.0)}, 2, "'less' must not be negative"),
        (SYNTHETIC, 0, "at least 1"),
    ],
)
def test_bad_arguments(sources, batch_size, says):
    with pytest.raises(TTVOSError, match=says):
        batches(sources, [SPEC], batch_size, seed=0)


def test_workers_are_other_processes_and_end_when_closed(tmp_path):
    stream = batches({"noisy": (NoisyClips(tmp_path / "log"), 1.0)}, [SPEC], 2, seed=0, workers=2)
    next(stream)
    next(stream)
    pids = processes(tmp_path / "log")
    assert len(pids) == 2
    assert os.getpid() not in pids
    stream.close()
    assert not any(lives(pid) for pid in pids)


def test_workers_wait_when_nobody_takes(tmp_path):
    stream = batches({"noisy": (NoisyClips(tmp_path / "log"), 1.0)}, [ClipSpec(2, 240, 432)], 1, seed=0, workers=1)
    next(stream)

    def drawn():
        return len((tmp_path / "log").read_text().split())

    wait_until(lambda: drawn() >= 1 + PREFETCH + 2)  # taken, queued, held by the reader, and stuck in the pipe
    time.sleep(0.5)
    assert drawn() <= 1 + PREFETCH + 3
    stream.close()


PARENT = """
    import sys
    from pathlib import Path
    from tests.data.trees import NoisyClips
    from ttvos_tf.data.clip import ClipSpec
    from ttvos_tf.data.loader import batches

    with open(sys.argv[1] + ".main", "a") as mark:
        mark.write("x")
    try:
        for _ in batches({"noisy": (NoisyClips(Path(sys.argv[1]), 0.01), 1.0)}, [ClipSpec(2, 32, 48)], 2, seed=0):
            pass
    except KeyboardInterrupt:
        print("interrupted")
"""


@pytest.fixture
def training(tmp_path):
    """A running program that takes batches: (process, log of its workers' ids)."""
    script, log = tmp_path / "main.py", tmp_path / "log"
    script.write_text(textwrap.dedent(PARENT))
    process = subprocess.Popen(
        [sys.executable, str(script), str(log)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    wait_until(lambda: processes(log))
    yield process, log
    process.kill()
    process.communicate()


def test_workers_do_not_run_the_main_script(training):
    _, log = training
    assert Path(f"{log}.main").read_text() == "x"


def test_workers_die_with_the_parent(training):
    process, log = training
    process.kill()
    process.wait()
    wait_until(lambda: not any(lives(pid) for pid in processes(log)))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a stopped worker ends when it goes on")
def test_a_worker_that_is_stopped_dies_with_the_parent(training):
    process, log = training
    pids = processes(log)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    process.kill()
    process.wait()
    wait_until(lambda: not any(lives(pid) for pid in pids))


def test_a_killed_worker_is_one_line(tmp_path):
    stream = batches({"noisy": (NoisyClips(tmp_path / "log"), 1.0)}, [SPEC], 2, seed=0)
    next(stream)
    os.kill(*processes(tmp_path / "log"), signal.SIGKILL)
    with pytest.raises(TTVOSError, match="a data worker ended with exit code -9: killed, maybe for want of memory"):
        for _ in stream:
            pass


def test_a_worker_may_outlive_the_thread_that_asked_for_it():
    stream = batches(SYNTHETIC, [SPEC], 2, seed=5)
    asking = threading.Thread(target=next, args=(stream,))
    asking.start()
    asking.join()
    assert equal(list(itertools.islice(stream, PREFETCH + 3)), take(PREFETCH + 4, workers=0)[1:])
    stream.close()


@pytest.mark.parametrize("by_opencv", [False, True])
def test_memory_of_a_worker_is_bounded(by_opencv):
    with pytest.raises(TTVOSError, match="a batch needs more than 4 GB of memory"):
        next(batches({"greedy": (GreedyClips(by_opencv), 1.0)}, [SPEC], 2, seed=0))


def test_control_c_is_quiet(training):
    process, log = training
    assert all(os.getpgid(pid) != os.getpgid(process.pid) for pid in processes(log))  # out of the terminal's reach
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole group
    output, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert output == "interrupted\n"
    assert "Traceback" not in errors
    assert not any(lives(pid) for pid in processes(log))
