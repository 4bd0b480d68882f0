from dataclasses import dataclass

import numpy as np
import pytest

from ttvos_tf.errors import TTVOSError
from ttvos_tf.limits import check_limits, check_whole, limited, shown


@dataclass(frozen=True)
class Config:
    free: int = 7
    share: float = limited(0.5, 0, 1)
    lengths: tuple[int, ...] = limited((2, 3), 1, 9)


@pytest.mark.parametrize("change", [{}, {"share": 0}, {"share": 1}, {"lengths": ()}, {"free": -(10**99)}])
def test_numbers_within_their_limits(change):
    check_limits(Config(**change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"share": 1.5}, "train.share must be from 0 to 1, not 1.5"),
        ({"share": -1}, "train.share must not be negative, but is -1"),
        ({"lengths": (0,)}, "train.lengths must be at least 1, not 0"),
        ({"share": float("nan")}, "train.share must be from 0 to 1, not nan"),
        ({"share": float("inf")}, "train.share must be from 0 to 1, not inf"),
        ({"share": 10**5000}, "train.share must be from 0 to 1, not a int"),
        ({"share": True}, "train.share must be a number from 0 to 1, not True"),
        ({"share": "1"}, "train.share must be a number from 0 to 1, not '1'"),
        ({"lengths": (2, 10)}, "train.lengths must be from 1 to 9, not 10"),
    ],
)
def test_numbers_beyond_them_are_named(change, message):
    with pytest.raises(TTVOSError) as error:
        check_limits(Config(**change), "train.")
    assert str(error.value) == message


def test_whole_numbers():
    assert check_whole(np.int64(3), 1, 4, "threads") == 3
    for value in (2.0, "2", None, [2], True, 5, 0, 2**31):
        with pytest.raises(TTVOSError, match=r"^threads must be "):
            check_whole(value, 1, 4, "threads")


def test_long_values_are_cut():
    assert shown("a" * 99, 5) == "'aaaa..."
