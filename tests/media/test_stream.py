import http.server
import subprocess
import sys
import threading

import cv2
import numpy as np
import pytest

from tests.clips import clip, write_video
from tests.scripts import ROOT
from ttvos_tf.commands.sources import name_of
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media import stream
from ttvos_tf.media.address import is_address, split_address, without_password
from ttvos_tf.media.stream import Stream
from ttvos_tf.media.video import open_source

LENGTH = 24


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with a list of parts, one a request: a whole body, part of one, or pictures of a camera."""

    def do_GET(self):
        server = self.server
        if not server.answers:
            return self.send_error(404)
        kind, content, length = server.answers.pop(0)
        self.send_response(200)
        self.send_header("Content-Type", kind)
        if length:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(stream, "RETRIES", (0.01, 0.05, 0.05))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.answers = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def camera(*colours, height=64):
    """What a network camera sends: JPEGs one after the other, of no length that is known."""
    pictures = [cv2.imencode(".jpg", np.full((height, 96, 3), colour, np.uint8))[1].tobytes() for colour in colours]
    parts = [b"--x\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n" % (len(p), p) for p in pictures]
    return "multipart/x-mixed-replace; boundary=x", b"".join(parts), None


def test_a_live_stream_that_breaks_off_is_opened_again_and_then_ends(server):
    server.answers = [camera(*range(0, 60, 10)), camera(), camera(*range(60, 120, 10))]
    source = open_source(f"http://127.0.0.1:{server.server_port}/live")
    assert (source.live, source.count, source.sound) == (True, None, None)
    found = [(name, round(float(frame.mean()))) for name, frame in source]
    assert found == [(f"{index:05d}", 10 * index) for index in range(12)]


def test_a_stream_that_comes_back_with_another_size_is_an_error(server):
    server.answers = [camera(*range(6)), camera(*range(6), height=32)]
    with pytest.raises(TTVOSError, match="frame 6 is 96x32, but the first one is 96x64"):
        list(Stream(f"http://127.0.0.1:{server.server_port}/live"))


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("video") / "a.avi", clip(LENGTH)[0]).read_bytes()


def test_a_video_at_an_address_is_read_once_and_whole(server, video):
    server.answers = [("video/avi", video, len(video))]
    source = Stream(f"http://127.0.0.1:{server.server_port}/a.avi")
    assert (source.live, source.fps) == (False, 20)
    found = list(source)
    assert len(found) == LENGTH and np.abs(found[7][1].astype(int) - clip(LENGTH)[0][7]).mean() < 12


def test_a_video_that_breaks_off_is_an_error(server, video):
    server.answers = [("video/avi", video[: len(video) // 2], len(video))]
    address = f"http://me:secret@127.0.0.1:{server.server_port}/a.avi"
    with pytest.raises(TTVOSError, match=r"^http://127[^@]*/a.avi: broke off after \d+ of about 24 frames"):
        list(Stream(address))


def test_addresses_that_do_not_answer(server):
    for address in (f"http://127.0.0.1:{server.server_port}/none", "rtsp://127.0.0.1:9/1", "foo://x"):
        with pytest.raises(TTVOSError, match=f"{address}: cannot be read as a video: is the address right"):
            Stream(address)


def test_what_is_an_address_and_how_it_is_shown():
    assert all(map(is_address, ("http://x", "RTSP://x:8554/1", "rtmp://x")))
    assert not any(map(is_address, ("walk.mp4", "c:/walk.mp4", "-", "a b://x")))
    assert without_password("rtsp://me:secret@cam:554/1?a=b") == "rtsp://cam:554/1?a=b"


READ = (
    "from ttvos_tf.media.video import open_source; s = open_source('-'); print(type(s).__name__, len(list(s)), s.fps)"
)


def read_stdin(**options):
    return subprocess.run([sys.executable, "-c", READ], capture_output=True, cwd=ROOT, **options)


def test_standard_input(video, tmp_path):
    assert read_stdin(input=video).stdout.split() == [b"Stream", b"24", b"20.0"]
    (tmp_path / "a.avi").write_bytes(video)
    with (tmp_path / "a.avi").open("rb") as file:
        assert read_stdin(stdin=file).stdout.split() == [b"VideoFile", b"24", b"20.0"]


def test_standard_input_that_is_no_video(video):
    assert b"standard input: cannot be read as a video: it must be" in read_stdin(input=b"text " * 999).stderr
    assert b"standard input: broke off after" in read_stdin(input=video[: len(video) // 2]).stderr


@pytest.mark.parametrize("text", ["http://[", "rtsp://\udcff", "http://a\0b", "http://a\nb"])
def test_what_would_crash_a_library_is_no_address(text):
    for read in (split_address, without_password, open_source, name_of):
        with pytest.raises(TTVOSError, match="is no address"):
            read(text)
