"""How far numbers may go, declared beside the field or option that they are of.

A number without a limit is a way to hang a program or to fill a machine's memory.
"""

import dataclasses
import numbers
from typing import Any

from ttvos_tf.errors import TTVOSError


def limited(default: Any, low: float, high: float) -> Any:
    """A field of a config dataclass: its value, or each of a tuple's, is from `low` to `high` (check_limits)."""
    return dataclasses.field(default=default, metadata={"limits": (low, high)})


def check_limits(config: Any, prefix: str = "") -> None:
    """Checks every `limited` field of a config dataclass.

    Args:
        config: the dataclass.
        prefix: what stands before the field's name in the error, "train." for instance.

    Raises:
        TTVOSError: a number out of its limits; nan is out of all.
    """
    for field in dataclasses.fields(config):
        if limits := field.metadata.get("limits"):
            low, high = limits
            check_number(getattr(config, field.name), low, high, prefix + field.name)


def check_number(value: Any, low: float, high: float, name: str) -> None:
    """Checks a number of the user's, or a tuple of them.

    Raises:
        TTVOSError: naming it, if it is no number from `low` to `high`.
    """
    each: Any
    for each in value if isinstance(value, tuple) else (value,):
        if isinstance(each, bool) or not isinstance(each, numbers.Real):
            wanted = f"be a number from {low} to {high}, not"
        elif each < low:
            wanted = f"be at least {low}, not" if low else "not be negative, but is"
        elif not each <= high:  # nan too
            wanted = f"be from {low} to {high}, not"
        else:
            continue
        raise TTVOSError(f"{name} must {wanted} {shown(each)}")


def is_whole(value: object) -> bool:
    """Whether a value is a whole number, Python's or NumPy's; a truth value is none."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def check_whole(value: Any, low: int, high: int, name: str) -> int:
    """The same of a whole number, which is returned as Python's int."""
    if not is_whole(value):
        raise TTVOSError(f"{name} must be a whole number from {low} to {high}, not {shown(value)}")
    check_number(value, low, high, name)
    return int(value)


def shown(value: object, length: int = 60) -> str:
    """A value as an error shows it: its repr, cut off if it is long."""
    try:
        text = repr(value)
    except ValueError:  # a number of more digits than Python prints
        text = f"a {type(value).__name__}"
    return text if len(text) <= length else f"{text[:length]}..."
