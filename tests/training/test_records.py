"""What a run leaves in its folder, whatever happens to it; with a learner that takes no time."""

import csv
import dataclasses
import resource

import numpy as np
import pytest

from tests.training.learner import Walk, walk
from tests.training.tiny import TINY
from ttvos_tf.errors import TTVOSError
from ttvos_tf.training.folder import BOARD, CHECKPOINT, LOG, RELEASE, how_to_go_on
from ttvos_tf.weights import read_npz, write_npz


def settings(**changes):
    return dataclasses.replace(TINY, train=dataclasses.replace(TINY.train, **changes))


def losses(out):
    """Rows of the log, without the speed."""
    with (out / LOG).open(newline="") as file:
        return [row[:-1] for row in csv.reader(file)]


@pytest.mark.parametrize("stopped_after", [0, 5, 19, 20, 30, 31, 44])
def test_a_resumed_runs_log_is_the_whole_ones(tmp_path, stopped_after):
    run = settings(steps=65, checkpoint_every=10)
    walk(Walk(run), tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        walk(Walk(run), tmp_path / "halves", stopped_after=stopped_after)
    assert how_to_go_on(tmp_path / "halves").startswith("continue with --resume")
    assert not (tmp_path / "halves" / RELEASE).exists()
    walk(Walk(run), tmp_path / "halves", resume=True)
    assert losses(tmp_path / "halves") == losses(tmp_path / "whole")
    assert len(losses(tmp_path / "whole")) == 4
    whole, halves = (read_npz(tmp_path / name / CHECKPOINT) for name in ("whole", "halves"))
    assert whole.keys() == halves.keys()
    for name in whole:
        np.testing.assert_array_equal(halves[name], whole[name], err_msg=name)


@pytest.mark.parametrize("to", [np.nan, np.inf, 1e30])
@pytest.mark.parametrize(("at", "kept"), [(1, 0), (10, 9), (11, 9), (12, 9)])
def test_a_network_that_diverged_is_never_written(tmp_path, at, kept, to):
    """At the last step too, whose loss nobody would look at."""
    learner = Walk(settings(steps=12, checkpoint_every=3), diverges_at=at, to=to)
    with pytest.raises(TTVOSError, match=r"no longer finite at step \d+: lower train.learning_rate.*checkpoint\.npz"):
        walk(learner, tmp_path)
    assert not (tmp_path / RELEASE).exists()
    arrays = read_npz(tmp_path / CHECKPOINT)
    assert arrays["optimizer/0"] == kept and arrays["raw/w"] < 2


@pytest.mark.parametrize("damage", ["\n", "20,0.1,0.2\n", "40,0.1,"])
def test_blank_and_cut_rows_of_a_log_are_passed_over(tmp_path, damage):
    run = settings(steps=40, checkpoint_every=30)
    walk(Walk(run), tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        walk(Walk(run), tmp_path / "run", stopped_after=35)
    with (tmp_path / "run" / LOG).open("a") as file:
        file.write(damage)
    walk(Walk(run), tmp_path / "run", resume=True)
    assert losses(tmp_path / "run") == losses(tmp_path / "whole")


@pytest.mark.parametrize("damage", [b"20,a,b,c\n", b"\xe9\n", b"1,2,3,4,5\n", b"20,1\n20,1,2,3\n"])
def test_a_damaged_log_is_named(tmp_path, damage):
    run = settings(steps=40, checkpoint_every=30)
    with pytest.raises(KeyboardInterrupt):
        walk(Walk(run), tmp_path, stopped_after=35)
    before = (tmp_path / LOG).read_bytes() + damage
    (tmp_path / LOG).write_bytes(before)
    with pytest.raises(TTVOSError, match=r"log\.csv: ") as error:
        walk(Walk(run), tmp_path, resume=True)
    assert "\n" not in str(error.value) and (tmp_path / LOG).read_bytes() == before


@pytest.mark.parametrize("shape", [(3, 3), (21, 2), (2,), (2, 2, 1)])
def test_a_misshapen_log_in_a_checkpoint_is_named(tmp_path, shape):
    with pytest.raises(KeyboardInterrupt):
        walk(Walk(), tmp_path, stopped_after=3)
    write_npz(tmp_path / CHECKPOINT, read_npz(tmp_path / CHECKPOINT) | {"log": np.zeros(shape)})
    with pytest.raises(TTVOSError, match=r"checkpoint\.npz: 'log' has shape"):
        walk(Walk(), tmp_path, resume=True)


def test_a_checkpoint_from_before_it_held_the_log_goes_on(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        walk(Walk(), tmp_path, stopped_after=3)
    arrays = read_npz(tmp_path / CHECKPOINT)
    write_npz(tmp_path / CHECKPOINT, {name: array for name, array in arrays.items() if name != "log"})
    walk(Walk(), tmp_path, resume=True)
    assert (tmp_path / RELEASE).exists()


def test_a_full_disk_is_named_and_the_run_goes_on(tmp_path):
    class Growing(Walk):
        def checkpoint(self):
            noise = np.random.default_rng(0).random(1 + 1000 * self.step)  # more at every step
            return super().checkpoint() | {"raw/noise": noise}

    run = settings(steps=6, checkpoint_every=1)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, before[1]))  # Python ignores the signal: writes fail, as if full
    try:
        with pytest.raises(TTVOSError, match=r"checkpoint\.npz: cannot be written \(File too large\)"):
            walk(Growing(run), tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert sorted(path.name for path in tmp_path.iterdir()) == [CHECKPOINT, LOG, BOARD]
    assert 1 <= read_npz(tmp_path / CHECKPOINT)["optimizer/0"] < 6
    walk(Growing(run), tmp_path, resume=True)
    assert read_npz(tmp_path / CHECKPOINT)["optimizer/0"] == 6
