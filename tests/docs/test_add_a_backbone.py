"""The page on adding a backbone, followed word by word as far as its third step; its config is read too."""

import re
import sys
from types import ModuleType

from tests.docs.pages import python_examples, read
from ttvos_tf import config
from ttvos_tf.backbones import registry
from ttvos_tf.training.settings import load_settings

PAGE = "docs/add_a_backbone.md"


def test_the_page_can_be_followed(monkeypatch, tmp_path):
    source, tests = python_examples(read(PAGE))
    module = ModuleType("ttvos_tf.backbones.tiny")
    exec(compile(source, PAGE, "exec"), module.__dict__)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for room in (config, registry):
        monkeypatch.setattr(room, "BACKBONES", (*room.BACKBONES, "tiny"))

    names: dict = {}
    exec(compile(tests, PAGE, "exec"), names)
    functions = [value for name, value in names.items() if name.startswith("test_")]
    assert len(functions) == 2
    for test in functions:
        test()

    path = tmp_path / "tiny.toml"
    path.write_text(re.search(r"^```toml\n(.*?)^```", read(PAGE), re.DOTALL | re.MULTILINE)[1])
    assert load_settings(path).model.backbone == "tiny"
