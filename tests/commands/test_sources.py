import pytest

from ttvos_tf.commands.sources import name_of, origin_of


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("0", "camera0"),
        ("-", "stdin"),
        ("rtsp://me:secret@cam.example:554/garden/stream1", "stream1"),
        ("rtsp://me:secret@cam.example:554", "cam.example"),
        ("https://example.org/a%20b/walk.mp4?token=secret", "walk"),
        ("shots/frame_%04d.png", "frame"),
        ("shots/%d.png", "shots"),
        ("shots/*.png", "shots"),
        ("*.png", "frames"),
        ("shots/f[0-9]*.jpg", "f"),
    ],
)
def test_names_of_what_is_no_file(source, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert name_of(source) == name


def test_names_of_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "frames 1.d").mkdir()
    (tmp_path / "walk.mp4").touch()
    assert (name_of("walk.mp4"), name_of("frames 1.d"), name_of("./walk.mp4")) == ("walk", "frames 1", "walk")
    assert origin_of("walk.mp4") == origin_of("./walk.mp4") != origin_of("walk2.mp4")
