"""Fetching models from a server on this machine that cuts, lies, refuses and knows ranges or does not."""

import contextlib
import hashlib
import http.server
import re
import threading

import numpy as np
import pytest

from ttvos_tf.errors import TTVOSError
from ttvos_tf.runtime import fetch

CONTENT = np.random.default_rng(0).bytes(300_000)
FILE = "ttvos_net_64x96_int8.tflite"
ENTRY = {"file": FILE, "sha256": hashlib.sha256(CONTENT).hexdigest(), "size_bytes": len(CONTENT), "inside": False}


class Server(http.server.ThreadingHTTPServer):
    """Serves one file. `asked` lists the ranges of requests; `cuts` says after how many bytes each connection ends."""

    daemon_threads = True

    def __init__(self, content=CONTENT, cuts=(), ranges=True, status=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.cuts, self.ranges, self.status, self.asked = content, list(cuts), ranges, status, []
        self.address = f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        given = self.headers.get("Range")
        server.asked.append(given)
        start = int(re.fullmatch(r"bytes=(\d+)-", given)[1]) if given and server.ranges else 0
        body = server.content[start:]
        status = server.status or (404 if self.path != f"/models/{FILE}" else 206 if start else 200)
        self.send_response(status)
        if status < 400:
            self.send_header("Content-Length", str(len(body)))
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(server.content) - 1}/{len(server.content)}")
        self.end_headers()
        if status < 400:
            with contextlib.suppress(ConnectionError):
                self.wfile.write(body[: server.cuts.pop(0) if server.cuts else None])

    def log_message(self, *args):
        pass


@pytest.fixture
def serve(monkeypatch, tmp_path):
    """Begins a server and points TTVOS_MODELS at it; the cache is a test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with contextlib.ExitStack() as servers:

        def begin(**options):
            server = servers.enter_context(Server(**options))
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            servers.callback(thread.join)
            servers.callback(server.shutdown)
            monkeypatch.setenv(fetch.SOURCE, f"{server.address}/models")
            return server

        yield begin


def test_a_file_is_fetched_once(serve, tmp_path):
    server = serve()
    assert fetch.find(ENTRY) is None
    path = fetch.fetch(ENTRY)
    assert path.name == FILE and path.read_bytes() == CONTENT and path.is_relative_to(tmp_path / "cache")
    assert fetch.find(ENTRY) == fetch.fetch(ENTRY) == path
    assert server.asked == [None]
    assert sorted(each.name for each in path.parent.iterdir()) == ["lock", FILE]


def test_a_cut_connection_goes_on_where_it_was_cut(serve):
    server = serve(cuts=[100_000, 0, 150_000])
    with pytest.raises(
        TTVOSError, match=rf"^{FILE}: cannot be fetched from {server.address}/models/ \(no connection, or"
    ):
        fetch.fetch(ENTRY)  # the second connection brought nothing
    kept = int(re.fullmatch(r"bytes=(\d+)-", server.asked[1])[1])
    assert 0 < kept <= 100_000
    assert fetch.find(ENTRY) is None
    assert fetch.fetch(ENTRY).read_bytes() == CONTENT
    assert server.asked[2] == f"bytes={kept}-" and len(server.asked) == 4


def test_a_server_without_ranges_sends_it_anew(serve):
    server = serve(cuts=[200_000], ranges=False)
    assert fetch.fetch(ENTRY).read_bytes() == CONTENT
    assert len(server.asked) == 2


@pytest.mark.parametrize("wrong", [CONTENT[:-1] + b"x", CONTENT + b"x", CONTENT * 50], ids=len)
def test_wrong_bytes_are_refused_and_nothing_is_kept(serve, wrong, tmp_path):
    server = serve(content=wrong)
    with pytest.raises(TTVOSError, match="what came is another file"):
        fetch.fetch(ENTRY)
    assert fetch.find(ENTRY) is None
    assert [path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()] == ["lock"]
    server.content = CONTENT
    assert fetch.fetch(ENTRY).read_bytes() == CONTENT


def test_a_shorter_file_is_refused(serve):
    serve(content=CONTENT[:1000])
    with pytest.raises(TTVOSError, match="cannot be fetched from"):
        fetch.fetch(ENTRY)


def test_what_was_cut_of_another_file_is_refused_and_then_fetched_whole(serve):
    server = serve(content=bytes(300_000), cuts=[100_000, 0])
    with pytest.raises(TTVOSError):
        fetch.fetch(ENTRY)
    server.content = CONTENT
    with pytest.raises(TTVOSError, match="what came is another file"):
        fetch.fetch(ENTRY)
    assert fetch.fetch(ENTRY).read_bytes() == CONTENT


@pytest.mark.parametrize(("status", "reason"), [(404, "404 Not Found"), (503, "503 Service Unavailable")])
def test_a_refusal_is_told(serve, status, reason):
    server = serve(status=status)
    with pytest.raises(TTVOSError, match=rf"{FILE}: cannot be fetched from {server.address}/models/ \({reason}\)"):
        fetch.fetch(ENTRY)


def test_offline_it_says_what_to_do(serve, monkeypatch):
    server = serve()
    server.shutdown()
    server.server_close()
    monkeypatch.setenv(fetch.SOURCE, f"http://user:secret@127.0.0.1:{server.server_port}/models")
    with pytest.raises(TTVOSError, match=f"no connection.*copy it into a folder and set {fetch.SOURCE}") as raised:
        fetch.fetch(ENTRY)
    assert "\n" not in str(raised.value) and "secret" not in str(raised.value)


def test_what_was_fetched_stays_when_the_server_is_gone(serve, monkeypatch):
    serve()
    path = fetch.fetch(ENTRY)
    monkeypatch.delenv(fetch.SOURCE)
    assert fetch.find(ENTRY) == path


def test_a_folder_is_read_where_it_is(serve, tmp_path, monkeypatch):
    monkeypatch.setenv(fetch.SOURCE, str(tmp_path))
    with pytest.raises(TTVOSError, match=f"{FILE}: {fetch.SOURCE}={tmp_path} has no such file"):
        fetch.fetch(ENTRY)
    (tmp_path / FILE).write_bytes(CONTENT)
    assert fetch.find(ENTRY) == tmp_path / FILE


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", f"{FILE}: is not inside this installation: set {fetch.SOURCE} to the folder or address that has it"),
        ("no/such/folder", "is no folder, and no http:// or https:// address"),
        ("ftp://127.0.0.1/models", "is no folder, and no http:// or https:// address"),
        ("http://", "cannot be fetched from http://"),
    ],
)
def test_a_source_that_is_none(serve, monkeypatch, source, message):
    monkeypatch.setenv(fetch.SOURCE, source)
    assert fetch.find(ENTRY) is None
    with pytest.raises(TTVOSError, match=message):
        fetch.fetch(ENTRY)


def test_a_cache_that_cannot_be_written(serve, tmp_path):
    serve()
    (tmp_path / "cache").write_bytes(b"")
    with pytest.raises(TTVOSError, match="cannot be written"):
        fetch.fetch(ENTRY)


def test_two_at_a_time_fetch_it_once(serve):
    server = serve()
    found = []
    threads = [threading.Thread(target=lambda: found.append(fetch.fetch(ENTRY).read_bytes())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [CONTENT] * 3 and server.asked == [None]
