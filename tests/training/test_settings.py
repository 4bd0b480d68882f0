from pathlib import Path

import pytest

from ttvos_tf.errors import TTVOSError
from ttvos_tf.training.settings import load_settings

CONFIGS = sorted((Path(__file__).parents[2] / "training/configs").rglob("*.toml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_configs_are_readable(path):
    assert load_settings(path).data


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[model]\nbackbone = 'vgg'", "unknown backbone 'vgg'"),
        ("[model]\nwidth = 3", r"bad.toml \[model\]: unknown key 'width'"),
        ("[train]\nlenght = 3", r"bad.toml \[train\]: unknown key 'lenght'; known keys are batch_size"),
        ("[train]\nsteps = 'many'", "steps must be int"),
        ("[train]\nlengths = [1]", "numbers of frames from 2"),
        ("[train]\ntrain_backbone = 'none'", "last_block"),
        ("[[data]]\nkind = 'imagenet'", "unknown data kind 'imagenet'"),
        ("epochs = 3\n[[data]]\nkind = 'synthetic'", "unknown key 'epochs'"),
        ("init = 3\n[[data]]\nkind = 'synthetic'", "init must be str"),
        ("[model]", r"no \[\[data\]\] block"),
        ("model = ", "not valid TOML"),
    ],
)
def test_bad_settings_are_named(text, message, tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(TTVOSError, match=message):
        load_settings(path)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(TTVOSError, match=r"none\.toml: cannot be read"):
        load_settings(tmp_path / "none.toml")
