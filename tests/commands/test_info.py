import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.toy_model import HEIGHT, WIDTH, toy_model
from ttvos_tf.commands import info
from ttvos_tf.contract import STATE, names
from ttvos_tf.errors import TTVOSError

CONFIGS = Path(__file__).parents[2] / "training" / "configs"


def run(*arguments):
    parser = argparse.ArgumentParser()
    info.add_arguments(parser)
    info.run(parser.parse_args([str(each) for each in arguments]))


def test_hrnet_is_within_a_tenth_of_table_1(tmp_path, capsys):
    run("hrnet", "--size", "480x853", "--json", tmp_path / "a.json")
    report = json.loads((tmp_path / "a.json").read_text())
    text = capsys.readouterr().out

    assert report["parameters"]["network"] == pytest.approx(1.6e6, rel=0.1)
    for line, paper in {"seg": 5.29e9, "read": 0.08e9, "update": 0.06e9}.items():
        assert report["multiply_adds"][line] == pytest.approx(paper, rel=0.1)
    assert (report["size"], report["padded_size"]) == ([480, 853], [480, 864])
    assert text.startswith("hrnet at 480x853, counted at 480x864: sides are padded to multiples of 16\n")
    beside = {line.split("  ")[0]: line.split() for line in text.splitlines() if "%" in line}
    assert beside["Seg = the two above"][-3:-1] == ["5.29", "G"] and len(beside) == 4
    assert report["state"]["state_template"]["shape"] == [1, 32, 32]
    assert report["state"]["state_mask"]["shape"] == [1, 60, 108, 2]


def test_other_sizes_and_networks_are_not_compared(tmp_path, capsys):
    run("mobilenet_v2", "--size", "64x96", "--json", tmp_path / "a.json")
    text = capsys.readouterr().out
    assert text.startswith("mobilenet_v2 at 64x96\n") and "5.29 G" in text and "%" not in text
    report = json.loads((tmp_path / "a.json").read_text())
    parts = ("seg", "read", "update", "decoder")
    for count in (report["parameters"], report["multiply_adds"]):
        assert count["network"] == sum(count[part] for part in parts)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("run.toml", '[model]\nbackbone = "mobilenet_v2"\nlong_term = false\n[train]\nsteps = 5\n'),
        ("model.toml", 'backbone = "mobilenet_v2"\nlong_term = false\n'),
        ("model.json", '{"backbone": "mobilenet_v2", "long_term": false}'),
    ],
)
def test_config_files(tmp_path, capsys, name, text):
    (tmp_path / name).write_text(text)
    run(tmp_path / name, "--size", "64x64", "--json", tmp_path / "out")
    config = json.loads((tmp_path / "out").read_text())["config"]
    assert (config["backbone"], config["long_term"], config["short_term"]) == ("mobilenet_v2", False, True)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.toml", "backbone = ", r"a\.toml: not valid TOML"),
        ("a.json", "{", r"a\.json: not valid JSON"),
        ("a.json", "[1]", r"a\.json: expected a table"),
        ("a.toml", 'backbone = "vgg"', "unknown backbone 'vgg'"),
        ("a.toml", "widths = 3", r"a\.toml: unknown key 'widths'"),
        ("a.toml", None, r"a\.toml: no such file"),
        ("a.tflite", None, r"a\.tflite: no such model file"),
        ("a.tflite", "hello, hello, hello", r"a\.tflite: not a TFLite file"),
        ("hrnet_9x9_float8", None, "no installed model of that name"),
    ],
)
def test_bad_models_and_configs(tmp_path, name, text, message):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(TTVOSError, match=message) as error:
        run(tmp_path / name, "--json", tmp_path / "out.json")
    assert "\n" not in str(error.value) and not (tmp_path / "out.json").exists()


@pytest.mark.parametrize("size", ["480", "480x", "axb", "480x853x3", "0x64", "-64x64", "16x64", "64x99999"])
def test_bad_sizes(size):
    with pytest.raises(TTVOSError, match="--size"):
        run("mobilenet_v2", f"--size={size}")


def test_a_model_file(tmp_path, capsys):
    run(toy_model(), "--json", tmp_path / "a.json")
    report = json.loads((tmp_path / "a.json").read_text())
    text = capsys.readouterr().out

    assert report["size"] == [HEIGHT, WIDTH] and f"frames {HEIGHT}x{WIDTH}" in text
    assert report["size_bytes"] == toy_model().stat().st_size
    cells = HEIGHT // 8 * WIDTH // 8
    assert report["multiply_adds"] == {
        "init": cells * 8,
        "step": cells * 8,
        "encode": 0,
        "segment": 0,
        "update": cells * 8,
    }
    assert report["state"].keys() == {"state_mask", "state_feat16", "state_template", "state_count"}
    assert report["state"]["state_feat16"]["shape"] == [1, HEIGHT // 16, WIDTH // 16, 4]
    assert report["state"]["state_count"]["dtype"] == "float32"
    with pytest.raises(TTVOSError, match=r"--size: .* is a model file"):
        run(toy_model(), "--size", "64x96")


def test_a_model_file_of_something_else(tmp_path):
    from ttvos_tf.compat import tf

    function = tf.function(lambda x: x + 1.0, input_signature=[tf.TensorSpec((1, 4))])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()], tf.Module())
    (tmp_path / "other.tflite").write_bytes(converter.convert())
    with pytest.raises(TTVOSError, match=r"other\.tflite: not a TTVOS model"):
        run(tmp_path / "other.tflite")


def test_a_model_file_needs_no_tensorflow():
    code = (
        "import argparse, sys; from ttvos_tf.commands import info; parser = argparse.ArgumentParser();"
        "info.add_arguments(parser); info.run(parser.parse_args(sys.argv[1:])); assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(toy_model())], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize(
    ("config", "name"),
    [
        ("hrnet.toml", "hrnet_240x432_float16"),
        ("hrnet_int8.toml", "hrnet_240x432_int8"),
        ("mobilenet_v2_memory.toml", "mobilenet_v2_240x432_float16"),
        ("mobilenet_v2_int8.toml", "mobilenet_v2_240x432_int8"),
    ],
)
def test_a_network_and_the_file_made_of_it_print_the_same_state(tmp_path, capsys, config, name):
    run(CONFIGS / config, "--size", "240x432", "--json", tmp_path / "network.json")
    network = capsys.readouterr().out
    run(name, "--json", tmp_path / "file.json")
    file = capsys.readouterr().out
    states = [json.loads((tmp_path / f"{each}.json").read_text())["state"] for each in ("network", "file")]
    assert states[0] == states[1] and list(states[0]) == list(names(STATE, keys="mobilenet_v2" in name))
    assert states[0]["state_feat16"]["shape"] == [1, 15, 27, 128]
    assert network[network.index("\nstate") :] == file[file.index("\nstate") :]
