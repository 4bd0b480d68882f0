"""Model files that are not inside the installation: taken from where TTVOS_MODELS says, and checked by SHA-256.

TTVOS_MODELS is a folder, or the address (http or https) of one. From an address, a file is fetched once and kept in the
user's cache. A download that was cut goes on where it was cut, in this process or a later one.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.address import is_address, split_address, without_password

if TYPE_CHECKING:
    from tqdm import tqdm

try:
    import fcntl
except ImportError:  # Windows: two processes that fetch one file at one time may have to fetch it again
    fcntl = None  # type: ignore[assignment]

SOURCE = "TTVOS_MODELS"
TIMEOUT = (10, 30)  # seconds: to connect, and to wait for the next bytes
CHUNK = 1 << 16


def find(entry: dict) -> Path | None:
    """Where a model's file lies on this machine, in the folder TTVOS_MODELS or fetched before; None if it does not.

    Args:
        entry: of models.json.
    """
    source = os.environ.get(SOURCE, "")
    places = [*([Path(source)] if source and not _is_address(source) else []), _cache(entry)]
    return next((place / entry["file"] for place in places if (place / entry["file"]).is_file()), None)


def fetch(entry: dict) -> Path:
    """Fetches a model's file from the address TTVOS_MODELS, with a progress bar.

    Args:
        entry: of models.json: "file" is what is asked for, "sha256" what has to come.

    Returns:
        The file in the cache, with that SHA-256.

    Raises:
        TTVOSError: TTVOS_MODELS is not set, is no address or lacks the file; no connection; other bytes came.
    """
    import pooch
    import requests

    file, source = entry["file"], os.environ.get(SOURCE, "")
    if not source:
        raise TTVOSError(f"{file}: is not inside this installation: set {SOURCE} to the folder or address that has it")
    if not _is_address(source):
        lacks = "has no such file" if Path(source).is_dir() else "is no folder, and no http:// or https:// address"
        raise TTVOSError(f"{file}: {SOURCE}={source} {lacks}")
    base = f"{source.rstrip('/')}/"
    shown = f"{file}: cannot be fetched from {without_password(base)}"
    folder = _cache(entry)
    pooch.get_logger().setLevel("ERROR")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        registry = pooch.create(path=folder, base_url=base, registry={file: f"sha256:{entry['sha256']}"})
        with _alone(folder):
            return Path(registry.fetch(file, downloader=_Download(folder / f"{file}.partial", entry["size_bytes"])))
    except requests.RequestException as error:
        raise TTVOSError(
            f"{shown} ({_reason(error)}): try again, or copy it into a folder and set {SOURCE} to that"
        ) from None
    except ValueError:
        raise TTVOSError(f"{shown}: what came is another file (its SHA-256 differs)") from None
    except OSError as error:
        raise TTVOSError(f"{error.filename or folder}: cannot be written ({error.strerror or error})") from None


class _Download:
    """What pooch calls: downloads to a file that stays if it is cut, and goes on there."""

    def __init__(self, partial: Path, size: int):
        self.partial, self.size = partial, size

    def __call__(self, url: str, output_file: str, pooch: object) -> None:
        """Leaves what came in `output_file`; pooch compares it with the SHA-256.

        Raises:
            requests.RequestException: no more came; what did is kept.
        """
        import requests
        from tqdm import tqdm  # only now: whoever tracks imports this module

        self.partial.touch()
        with tqdm(
            total=self.size, initial=self._done(), desc=self.partial.stem, unit="B", unit_scale=True, disable=None
        ) as bar:
            while (before := self._done()) < self.size:
                cut: requests.RequestException | None = None
                try:
                    self._go_on(url, bar)
                except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
                    cut = error
                if self._done() <= before:  # as long as bytes come, it is worth another connection
                    raise cut or requests.ConnectionError("the file is shorter there")
        os.replace(self.partial, output_file)

    def _done(self) -> int:
        return self.partial.stat().st_size

    def _go_on(self, url: str, bar: "tqdm") -> None:
        """One connection: appends what comes, or begins anew if the server knows no ranges."""
        import requests

        before = self._done()
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={before}-"} if before else {})
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            response.raise_for_status()
            ranged = response.status_code == requests.codes.partial_content
            bar.update((before if ranged else 0) - bar.n)
            with self.partial.open("ab" if ranged else "wb") as file:
                for chunk in response.iter_content(CHUNK):
                    file.write(chunk)
                    bar.update(len(chunk))
                    if file.tell() > self.size:  # another file, or one without an end
                        return


def _cache(entry: dict) -> Path:
    """A folder for this very file: a later version of the package, with another file of that name, never finds it."""
    import pooch

    return Path(pooch.os_cache("ttvos-tf")) / entry["sha256"][:16]


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Waits until no other process fetches into a folder."""
    with (folder / "lock").open("w") as lock:
        if fcntl:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_address(source: str) -> bool:
    return is_address(source) and split_address(source).scheme in ("http", "https")


def _reason(error: Exception) -> str:
    """In a few words; requests' own are a page."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"{error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError):
        return "no connection, or it was cut"
    return type(error).__name__
