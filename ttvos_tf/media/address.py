"""Addresses: http://..., rtsp://user:password@..."""

import re
from urllib.parse import SplitResult, urlsplit

from ttvos_tf.errors import TTVOSError


def is_address(text: str) -> bool:
    """Whether a text is meant as an address: rtsp://camera/1, https://example.org/walk.mp4."""
    return re.match(r"[a-z][a-z0-9+.-]+://", text, re.IGNORECASE) is not None


def split_address(text: str) -> SplitResult:
    """The parts of an address.

    Raises:
        TTVOSError: it is none. Libraries that are given a character which is none may crash.
    """
    try:
        if text.isprintable():
            return urlsplit(text)
    except ValueError:
        pass
    raise TTVOSError(f"{text}: is no address")


def without_password(address: str) -> str:
    """An address as it may be printed."""
    parts = split_address(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
