"""Every command on a page can be given, every link leads somewhere, and the README's example runs."""

import argparse
import importlib
import re

import cv2
import numpy as np
import pytest

from tests.docs.pages import PAGES, commands, links, python_examples, read
from tests.scripts import ROOT, load_script
from ttvos_tf import __version__, cli
from ttvos_tf.config import BACKBONES
from ttvos_tf.media.images import read_mask
from ttvos_tf.media.video import open_source
from ttvos_tf.runtime.installed import find_model
from ttvos_tf.sample.render import CAR, VIDEO, render
from ttvos_tf.training.settings import load_settings

COMMANDS = sorted({tuple(words) for page in PAGES for words in commands(read(page))})
OURS = ("training/", "tflite/", "weights/", "docs/", "ttvos_tf/")  # folders of the repository


class Parsed(Exception):  # noqa: N818
    """Ends a command behind its parser."""


@pytest.fixture
def parse(monkeypatch):
    """The arguments of a command as its own parser takes them; None if it is only a name."""
    original = argparse.ArgumentParser.parse_args

    def stop(parser, given=None, namespace=None):
        raise Parsed(original(parser, given, namespace))

    def parsed(words):
        program, *arguments = words
        if program == "ttvos":
            main = cli.main
        elif arguments[0] == "-m":
            module = "ttvos_tf.cli" if arguments[1] == "ttvos_tf" else arguments[1]  # ttvos_tf/__main__.py
            main, arguments = importlib.import_module(module).main, arguments[1:]
        else:
            main = load_script(arguments[0]).main
        if program == "python":
            arguments = arguments[1:]
            if not arguments:
                return None
        with monkeypatch.context() as patch, pytest.raises(Parsed) as ended:
            patch.setattr(argparse.ArgumentParser, "parse_args", stop)
            main(arguments)
        return ended.value.args[0]

    return parsed


def strings(value):
    return [str(item) for item in (value if isinstance(value, list) else [value])]


def test_pages_are_found():
    assert {"README.md", "docs/results.md", "weights/hrnet.md"} <= set(PAGES)
    assert len(COMMANDS) > 40


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_can_be_given(words, parse):
    if words[0] == "make":
        assert re.search(rf"^{words[1]}:", read("Makefile"), re.MULTILINE)
        return
    if words[0] == "ttvos" and len(words) == 2:  # a name
        assert words[1] in (*cli.COMMANDS, "--help", "--version")
        return
    args = vars(parse(words) or argparse.Namespace())
    for name, value in args.items():
        for text in strings(value):
            assert name == "out" or not text.startswith(OURS) or (ROOT / text).exists(), f"{text} is not there"
    for name in ("model", "models", "int8", "float"):
        for text in strings(args.get(name, [])):
            if re.fullmatch(r"[a-z_0-9]+", text):  # a name, and not a file, a placeholder or a config
                assert text in BACKBONES or find_model(text)
    if words[1] in ("training/train.py", "training/teach.py") and args and (ROOT / args["config"]).exists():
        load_settings(args["config"], args["set"])


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page):
    missing = [link for link in links(read(page)) if not (ROOT / page).parent.joinpath(link).exists()]
    assert missing == []


def test_the_readme_repeats_rows_of_the_results():
    rows = [line for line in read("README.md").splitlines() if re.match(r"\| `\w+_\d+x\d+_\w+`", line)]
    assert len(rows) >= 4
    assert set(rows) <= set(read("docs/results.md").splitlines())


@pytest.mark.parametrize("backbone", ["mobilenet_v2", "hrnet"])
def test_the_cards_repeat_the_results(backbone):
    results = dict(re.findall(r"^\| `(\w+)`[^|]*\| ([\d.]+ \| [\d.]+) \|", read("docs/results.md"), re.MULTILINE))
    for precision in ("float16", "int8"):
        row = " | ".join(results[f"{backbone}_{size}_{precision}"] for size in ("480x864", "240x432"))
        assert f"| {precision} | {row} |" in read(f"weights/{backbone}.md")


def test_the_readme_s_example_runs(tmp_path, monkeypatch):
    """As it stands, on the first frames of the clip that it names."""
    frames = [frame for (_, frame), _ in zip(open_source(VIDEO), range(6), strict=False)]
    video = tmp_path / VIDEO.relative_to(ROOT)
    video.parent.mkdir(parents=True)
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"mp4v"), 25, frames[0].shape[1::-1])
    for frame in frames:
        writer.write(frame[..., ::-1])
    writer.release()
    monkeypatch.chdir(tmp_path)
    (example,) = python_examples(read("README.md"))
    exec(compile(example, "README.md", "exec"), {})
    masks = sorted((tmp_path / "masks").iterdir())
    assert [path.name for path in masks] == [f"{index:05d}.png" for index in range(6)]
    found, truth = read_mask(masks[1]) == CAR, render()[1][1] == CAR
    assert np.count_nonzero(found & truth) / np.count_nonzero(found | truth) > 0.8


def test_the_citation_is_of_this_version():
    assert re.search(r"^version: (.*)$", read("CITATION.cff"), re.MULTILINE)[1] == __version__
    assert f"## {__version__}" in read("CHANGELOG.md")
