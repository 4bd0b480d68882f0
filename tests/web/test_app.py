"""`ttvos app` serves the page, the models and one video, to this machine, with the headers that it needs."""

import contextlib
import http.client
import json
import re
import tarfile
import threading
from pathlib import Path

import pytest

from tests.clips import clip, write_video
from ttvos_tf import cli
from ttvos_tf.commands import app
from ttvos_tf.commands.app import ENGINE, HEADERS, POLICY, open_server
from ttvos_tf.errors import TTVOSError
from ttvos_tf.runtime.installed import FOLDER, default_name, installed

SOURCE = Path(__file__).parents[2] / "web_demo" / "index.html"


@pytest.fixture
def page(tmp_path):
    """A folder like the built one."""
    folder = tmp_path / "web"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<title>page</title>")
    (folder / "assets" / "worker.js").write_text("1")
    (tmp_path / "engine.wasm").write_bytes(b"\0asm")
    with tarfile.open(folder / ENGINE, "w:xz") as archive:
        archive.add(tmp_path / "engine.wasm", "wasm-1/engine.wasm")
    (tmp_path / "secret.txt").write_text("secret")
    return folder


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "my walk.avi"
    write_video(path, clip(2)[0])
    return path


@contextlib.contextmanager
def serving(server):
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


@pytest.fixture
def server(page, video):
    with open_server(video, 0, page) as server, serving(server):
        yield server


def get(server, path, method="GET", host=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", host or f"127.0.0.1:{server.server_port}")
    connection.endheaders()
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


def test_every_answer_isolates_the_page(server):
    for path in (
        "/",
        "/assets/worker.js",
        "/wasm-1/engine.wasm",
        "/wasm-1/none.wasm",
        "/models/models.json",
        "/no/file",
    ):
        response, _ = get(server, path)
        assert {name: response.headers[name] for name in HEADERS} == HEADERS, path


def test_files_come_as_what_they_are(server, video):
    for path, kind, content in (
        ("/", "text/html; charset=utf-8", b"<title>page</title>"),
        ("/assets/worker.js?x=1", "text/javascript", b"1"),
        ("/wasm-1/engine.wasm", "application/wasm", b"\0asm"),
        ("/input/my%20walk.avi", "application/octet-stream", video.read_bytes()),
    ):
        response, body = get(server, path)
        assert (response.status, response.headers["Content-Type"], body) == (200, kind, content), path
        response, body = get(server, path, "HEAD")
        assert (response.status, int(response.headers["Content-Length"]), body) == (200, len(content), b""), path


def test_the_engine_is_unpacked_once(server, page):
    _, first = get(server, "/wasm-1/engine.wasm")
    (page / ENGINE).unlink()
    assert get(server, "/wasm-1/engine.wasm")[1] == first == b"\0asm"


def test_the_models_on_this_machine_are_served(page, monkeypatch):
    everything, default = installed(), installed()[default_name()]
    for here in (list(everything.values()), [default]):
        monkeypatch.setattr(app, "local", lambda entry, here=here: FOLDER / entry["file"] if entry in here else None)
        with open_server(None, 0, page) as server, serving(server):
            response, body = get(server, "/models/models.json")
            listed = json.loads(body)
            assert response.headers["Content-Type"] == "application/json" and listed.pop("default") == default_name()
            assert list(listed.values()) == here
            for entry in everything.values():
                response, body = get(server, f"/models/{entry['file']}", "HEAD")
                assert response.status == (200 if entry in here else 404)


@pytest.mark.parametrize(
    "path", ["/secret.txt", "/../secret.txt", "/assets/../../secret.txt", "/%2e%2e/secret.txt", "/input/"]
)
def test_nothing_else_of_the_disk_is_served(server, path):
    response, body = get(server, path)
    assert (response.status, body) == (404, b"")


def test_a_foreign_name_is_refused(server):
    response, body = get(server, "/", host="evil.example")
    assert (response.status, body) == (421, b"")
    assert get(server, "/", host=f"localhost:{server.server_port}")[0].status == 200


def test_it_listens_on_this_machine_only_and_opens_the_video(server):
    assert server.server_address[0] == "127.0.0.1"
    assert server.address() == f"http://127.0.0.1:{server.server_port}/?video=/input/my%20walk.avi"


def test_the_policy_is_the_one_of_the_page():
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', SOURCE.read_text())[1]
    assert policy == POLICY
    assert "'unsafe-eval'" not in policy and "'unsafe-inline'" not in policy


def test_bad_input_is_one_line(page, tmp_path, server, capsys):
    with pytest.raises(TTVOSError, match="no such video"):
        open_server(tmp_path / "none.mp4", 0, page)
    with pytest.raises(TTVOSError, match="a folder"):
        open_server(tmp_path, 0, page)
    with pytest.raises(TTVOSError, match="build it with `make web`"):
        open_server(None, 0, tmp_path / "nowhere")
    with pytest.raises(TTVOSError, match=f"--port {server.server_port}: .*choose another"):
        open_server(None, server.server_port, page)
    assert cli.main(["app", "--port", "70000"]) == 2
    assert cli.main(["app", "--port", "x"]) == 2
    assert all(line.startswith("ttvos: error: ") for line in capsys.readouterr().err.splitlines())
