import json
import shutil

import pytest

from ttvos_tf.errors import TTVOSError
from ttvos_tf.runtime.installed import default_name, find_model, full_name, installed


@pytest.fixture
def shipped(tmp_path):
    """A folder of models as it is installed."""
    import hashlib

    manifest = {"default": "net_64x96_int8"}
    for name in ("net_64x96_float32", "net_64x96_int8", "net_32x48_float32", "net_32x48_float16", "other_64x96_int8"):
        (tmp_path / f"ttvos_{name}.tflite").write_bytes(name.encode())
        digest = hashlib.sha256(name.encode()).hexdigest()
        manifest[name] = {"file": f"ttvos_{name}.tflite", "sha256": digest, "size_bytes": len(name), "inside": True}
    (tmp_path / "models.json").write_text(json.dumps(manifest))
    return tmp_path


def test_installed_models(shipped, tmp_path_factory):
    assert list(installed(shipped)) == sorted(installed(shipped)) and "default" not in installed(shipped)
    assert default_name(shipped) == "net_64x96_int8"
    assert find_model("net_64x96_int8", folder=shipped) == shipped / "ttvos_net_64x96_int8.tflite"
    empty = tmp_path_factory.mktemp("empty")
    assert installed(empty) == {}
    with pytest.raises(TTVOSError, match="no model comes with this installation"):
        default_name(empty)


@pytest.mark.parametrize(
    ("beginning", "size", "name"),
    [
        ("net", None, "net_64x96_int8"),  # the largest frames, then int8 before float16 before float32
        ("n", None, "net_64x96_int8"),
        ("net", (32, 48), "net_32x48_float16"),
        ("net_3", None, "net_32x48_float16"),
        ("net_64x96_float32", None, "net_64x96_float32"),
        ("o", None, "other_64x96_int8"),
    ],
)
def test_shortened_names(shipped, beginning, size, name):
    assert full_name(beginning, size, shipped) == name
    assert find_model(beginning, size, shipped) == shipped / f"ttvos_{name}.tflite"


@pytest.mark.parametrize(("beginning", "size"), [("best", None), ("net", (480, 864)), ("net_64x96_int8", (32, 48))])
def test_names_of_nothing(shipped, beginning, size):
    with pytest.raises(TTVOSError, match=f"{beginning}: no such model file, and no installed model of that name"):
        find_model(beginning, size, shipped)


def test_a_beginning_of_several_networks_lists_them(shipped):
    (shipped / "models.json").write_text((shipped / "models.json").read_text().replace('"other_64', '"nett_64'))
    with pytest.raises(TTVOSError, match=r"n: may be net_32x48_float16, .*, nett_64x96_int8: give more of the name"):
        find_model("n", folder=shipped)
    assert full_name("net", folder=shipped) == "net_64x96_int8"
    assert full_name("nett", folder=shipped) == "nett_64x96_int8"


def test_a_changed_or_missing_installed_file_is_refused(shipped):
    path = shipped / "ttvos_net_64x96_int8.tflite"
    path.write_bytes(b"tampered")
    with pytest.raises(TTVOSError, match=r"int8\.tflite: the file is not as it was shipped"):
        find_model("net_64x96_int8", folder=shipped)
    path.unlink()
    with pytest.raises(TTVOSError, match=r"int8\.tflite: the file is missing"):
        find_model("net_64x96_int8", folder=shipped)


def test_a_file_that_is_not_inside_is_looked_for_and_fetched(shipped, tmp_path_factory, monkeypatch):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    path = shipped / "ttvos_other_64x96_int8.tflite"
    manifest = json.loads((shipped / "models.json").read_text())
    manifest["other_64x96_int8"]["inside"] = False
    (shipped / "models.json").write_text(json.dumps(manifest))
    assert find_model("other", folder=shipped) == path, "as a checkout has it"
    shutil.move(path, elsewhere)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.delenv("TTVOS_MODELS", raising=False)
    with pytest.raises(TTVOSError, match=r"int8\.tflite: is not inside this installation: set TTVOS_MODELS"):
        find_model("other", folder=shipped)
    monkeypatch.setenv("TTVOS_MODELS", str(elsewhere))
    assert find_model("other", folder=shipped) == elsewhere / path.name
    (elsewhere / path.name).write_bytes(b"tampered")
    with pytest.raises(TTVOSError, match=r"the file is not as it was shipped.*: remove it"):
        find_model("other", folder=shipped)


ENTRY = {"file": "a.tflite", "sha256": "0" * 64, "size_bytes": 1, "inside": True}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "null",
        "[]",
        "{",
        "[" * 10**5,
        b"\xff",
        '{"default": 3}',
        '{"net_64x96_int8": null}',
        json.dumps({"net": ENTRY}),
        *(json.dumps({"net_64x96_int8": {key: ENTRY[key] for key in ENTRY if key != left_out}}) for left_out in ENTRY),
        *(json.dumps({"net_64x96_int8": ENTRY | {"file": name}}) for name in ("../a.tflite", "/a", "", ".", "a\0")),
    ],
)
def test_a_damaged_list_of_models_is_one_line(tmp_path, content):
    (tmp_path / "models.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    for ask in (installed, default_name, lambda folder: find_model("net", folder=folder)):
        if ask is not default_name or "64x96" not in str(content):
            with pytest.raises(TTVOSError, match=r"models\.json: (not valid JSON|is no text|is damaged)"):
                ask(tmp_path)


@pytest.mark.parametrize("model", [None, 5, b"x", ["a"], 1.5, "n" * 5000, "a\0b", ""])
def test_what_is_no_model(model):
    with pytest.raises(TTVOSError, match=r"model: give the path|no such model file|may be "):
        find_model(model)
