"""The command `ttvos app`: the page that tracks in a browser, served to this machine alone."""

import argparse
import contextlib
import functools
import io
import json
import os
import shutil
import tarfile
import webbrowser
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, unquote, urlsplit

from ttvos_tf.errors import TTVOSError
from ttvos_tf.runtime.installed import default_name, installed, local

PAGE = Path(__file__).parent.parent / "web"
ENGINE = "engine.tar.xz"  # of the page, the folder with the engine: web_demo/tools/pack_engine.py
HOST = "127.0.0.1"
PORT = 8017
INPUT = "/input/"

TYPES = {
    ".css": "text/css",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webm": "video/webm",
    ".webmanifest": "application/manifest+json",
}
# As the page itself has it; workers follow the header of their own script only.
POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; img-src 'self' blob:; "
    "media-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'"
)
HEADERS = {
    # These two isolate the page, and only an isolated page may have threads. They go with every response: a script or a
    # wasm file without them never loads, and says nothing.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `ttvos app`."""
    parser.add_argument("video", metavar="VIDEO", nargs="?", type=Path, help="a video to open at once")
    parser.add_argument(
        "--port", type=int, default=PORT, metavar="N", help=f"port on {HOST}; 0 for any that is free (default: {PORT})"
    )
    parser.add_argument("--no-open", action="store_true", help="only print the address, open no browser")


def run(args: argparse.Namespace) -> None:
    """Serves until Ctrl-C.

    Raises:
        TTVOSError: the page is not built, there is no such video, or the port is taken.
    """
    with open_server(args.video, args.port) as server:
        address = server.address()
        print(f"{address}  (Ctrl-C ends it)", flush=True)
        if not args.no_open:
            webbrowser.open(address)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


def open_server(video: Path | None = None, port: int = PORT, page: Path = PAGE) -> "AppServer":
    """A server that is bound and not yet running.

    Args:
        video: a file that the page opens by itself, or None.
        port: of 127.0.0.1; 0 for any.
        page: folder of the built page.

    Raises:
        TTVOSError: as `run`.
    """
    if not all((page / name).is_file() for name in ("index.html", ENGINE)):
        raise TTVOSError(f"{page}: the page is not there: build it with `make web`")
    if video is not None and not video.is_file():
        what = "a folder: open it from the page itself" if video.is_dir() else "no such video"
        raise TTVOSError(f"{video}: {what}")
    if not 0 <= port <= 65535:
        raise TTVOSError(f"--port: a number from 0 to 65535, not {port}")
    try:
        return AppServer(video, port, page)
    except OSError as error:
        raise TTVOSError(f"--port {port}: {error.strerror}: choose another, or 0 for any that is free") from None


class AppServer(ThreadingHTTPServer):
    """Answers with the files of the page, the models on this machine, and one video; nothing else of the disk."""

    daemon_threads = True

    def __init__(self, video: Path | None, port: int, page: Path):
        super().__init__((HOST, port), _Handler)
        self.video = video
        self.engine = page / ENGINE
        # By path, so that a request can name no other file.
        self.files = {f"/{path.relative_to(page).as_posix()}": path for path in page.rglob("*") if path.is_file()}
        here = {name: entry for name, entry in installed().items() if local(entry)}
        self.files |= {f"/models/{entry['file']}": path for entry in here.values() if (path := local(entry))}
        self.models = json.dumps({"default": default_name(), **here}).encode()  # models.json, of those
        self.files["/"] = page / "index.html"
        if video:
            self.files[INPUT + video.name] = video

    def address(self) -> str:
        """Where the page is; with the video, where it opens that."""
        query = f"?video={quote(os.fsencode(INPUT + self.video.name))}" if self.video else ""
        return f"http://{HOST}:{self.server_port}/{query}"


def _type(name: str) -> str:
    return TYPES.get(Path(name).suffix.lower(), "application/octet-stream")


@functools.lru_cache(maxsize=8)  # the files of an engine's four kinds: a page that is reloaded asks for its two again
def _unpacked(archive: Path, name: str) -> bytes | None:
    """One file of an archive, or None. It is read in order, so what comes first in it is had soonest."""
    with tarfile.open(archive, "r|xz") as packed:
        for entry in packed:
            if entry.name == name and (content := packed.extractfile(entry)):
                return content.read()
    return None


class _Handler(BaseHTTPRequestHandler):
    server: AppServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, with_body: bool) -> None:
        # A foreign page whose name is made to point here would come with that name.
        if self.headers.get("Host") not in (
            f"{HOST}:{self.server.server_port}",
            f"localhost:{self.server.server_port}",
        ):
            return self._refuse(HTTPStatus.MISDIRECTED_REQUEST)
        asked = unquote(urlsplit(self.path).path, errors="surrogateescape")
        file: BinaryIO
        if asked == "/models/models.json":
            kind, file = TYPES[".json"], io.BytesIO(self.server.models)
        elif (path := self.server.files.get(asked)) and path.is_file():
            kind, file = _type(path.name), path.open("rb")
        elif asked.startswith("/wasm-") and (content := _unpacked(self.server.engine, asked[1:])):
            kind, file = _type(asked), io.BytesIO(content)
        else:
            return self._refuse(HTTPStatus.NOT_FOUND)
        with file, contextlib.suppress(ConnectionError):  # a reader that left
            self._begin(HTTPStatus.OK, kind, file.seek(0, io.SEEK_END))
            if with_body:
                file.seek(0)
                shutil.copyfileobj(file, self.wfile)

    def _refuse(self, status: HTTPStatus) -> None:
        self._begin(status, "text/plain; charset=utf-8", 0)

    def _begin(self, status: HTTPStatus, content_type: str, length: int) -> None:
        self.send_response(status)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """No line a request: the terminal shows the address and errors."""
