import re
from pathlib import Path

import pytest

from tests.shipped import NETWORKS
from ttvos_tf.errors import TTVOSError
from ttvos_tf.training.settings import RunSettings, load_settings, resolve

ROOT = Path(__file__).parents[2]
CONFIGS = sorted((ROOT / "training/configs").rglob("*.toml"))
SHIPPED = {f"weights/{name}.npz" for name in NETWORKS}
LEFT_BY_A_RUN = {f"runs/{config.stem}/weights.npz" for config in CONFIGS}


def is_written_by_a_command(file, config):
    """Whether a model card or script that the config names has the command that writes a file."""
    places = re.findall(r"weights/\w+\.md|training/\w+\.py", config.read_text())
    return any(f"--out {file}\n" in (ROOT / place).read_text() for place in places)


def is_explained(file, config):
    """Whether a comment of the config says how to get a file."""
    comments = [line for line in config.read_text().splitlines() if line.startswith("#")]
    return any(re.search(rf"(?<!\S){re.escape(file)}(?!\S)", line) for line in comments)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_what_a_config_starts_from_is_to_be_had(path):
    settings = load_settings(path)
    for file in filter(None, (settings.init, settings.backbone_weights, settings.teacher_weights)):
        assert file in SHIPPED | LEFT_BY_A_RUN or is_written_by_a_command(file, path) or is_explained(file, path), file


def test_weights_of_a_backbone_are_a_name_or_a_file_below_the_data(tmp_path):
    (tmp_path / "published.h5").touch()
    for given, expected in (("", None), ("imagenet", "imagenet"), ("published.h5", str(tmp_path / "published.h5"))):
        assert RunSettings(backbone_weights=given).backbone_from(tmp_path) == expected


def test_most_configs_start_from_something():
    starts = [load_settings(path) for path in CONFIGS]
    assert sum(bool(each.init or each.backbone_weights or each.teacher_weights) for each in starts) >= 10


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[model]\nbackbone = 'vgg'", "unknown backbone 'vgg'"),
        ("[model]\nwidth = 3", r"bad.toml \[model\]: unknown key 'width'"),
        ("[train]\nlenght = 3", r"bad.toml \[train\]: unknown key 'lenght'; known keys are batch_size"),
        ("[train]\nsteps = 'many'", "steps must be int"),
        ("[train]\nlengths = [1]", "numbers of frames from 2"),
        ("[train]\ntrain_backbone = 'none'", "last_block"),
        ("[train]\nfurther_sizes = ['48x80', '50x80']", "train: height and width must be multiples of 16, not 50x80"),
        ("[train]\nfurther_sizes = ['large']", "train.further_sizes: expected HEIGHTxWIDTH, .* not 'large'"),
        ("[train]\nfurther_sizes = ['8192x8192']", "a batch has .* lower batch_size, lengths or the size"),
        ("[train]\nfrozen = [3]", "frozen must be tuple"),
        (
            "[[data]]\nkind = 'davis'\nleave_out_challenge = true",
            "is for stills, saliency or objects, not for kind 'davis'",
        ),
        ("[[data]]\nkind = 'imagenet'", "unknown data kind 'imagenet'"),
        ("epochs = 3\n[[data]]\nkind = 'synthetic'", "unknown key 'epochs'"),
        ("init = 3\n[[data]]\nkind = 'synthetic'", "init must be str"),
        ("[model]", r"no \[\[data\]\] block"),
        ("model = ", "not valid TOML"),
        ("train = 5", r"bad.toml \[train\]: must be a table of keys and values, not 5"),
        ("[data]\nkind = 'synthetic'", r"data must be written as \[\[data\]\] blocks"),
        ("[[validation]]\n[[data]]\nkind = 'synthetic'", r"bad.toml \[validation\]: must be a table"),
        ("[train]\npaste_probability = 1.5", "train.paste_probability must be from 0 to 1, not 1.5"),
        ("[train]\nflicker = -1.0", "train.flicker must not be negative, but is -1.0"),
        ("[train]\nvideo_scales = [1.0, 0.5]", r"train.video_scales must be the lowest and the highest size, .* \[1.0"),
        ("[train]\ndistractor_shares = [0.5, 0.6]", "train.distractor_shares must be shares from 0 that add up to 1"),
        ("[train]\ndamage_shares = [1.0]", "train.damage_shares must be three, one a mistake"),
        ("[train]\nlengths = [2]\nfar_probability = 0.1", "numbers of frames from 3"),
        ("[train]\nlearning_rate = -1.0", "train.learning_rate must not be negative, but is -1.0"),
        ("[train]\nlearning_rate = nan", "train.learning_rate must be from 0 to .*, not nan"),
        ("[train]\nclip_norm = inf", "train.clip_norm must be from 0 to .*, not inf"),
        ("[train]\ncolor_strength = nan", "train.color_strength must be from 0 to 10, not nan"),
        ("[train]\nseed = -1", "train.seed must not be negative, but is -1"),
        ("[train]\nseed = 1099511627776", "train.seed must be from 0 to 4294967295, not 1099511627776"),
        ("[train]\nheight = 100", "train: height and width must be multiples of 16, not 100x432"),
        ("[train]\nbatch_size = 4000\nlengths = [100]", "train: a batch has .* colour values; lower batch_size"),
        ("[train]\nsprite_scales = [0.1, 1e9]", "train.sprite_scales must be from 0.01 to 1"),
        ("[model]\nmatching_channels = 100000000", "matching_channels must be from 1 to 1024"),
        ("[[data]]\nkind = 'synthetic'\nweight = nan", "data.weight must be from 0 to 1000000, not nan"),
        ("[[data]]\nkind = 'synthetic'\nweight = -1", "data.weight must not be negative, but is -1"),
        ("[[data]]\nkind = 'synthetic'\n[validation]\nwidth = 1", "validation.width must be at least 32, not 1"),
    ],
)
def test_bad_settings_are_named(text, message, tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(TTVOSError, match=message):
        load_settings(path)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(TTVOSError, match=r"none\.toml: no such file"):
        load_settings(tmp_path / "none.toml")


def test_overrides(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text("[train]\nsteps = 5\nwarmup = 2\n[[data]]\nkind = 'synthetic'")
    settings = load_settings(path, ["train.steps=7", "model.short_term=false", "init='x.npz'", "train.lengths=[2, 3]"])
    assert (settings.train.steps, settings.train.warmup, settings.train.lengths) == (7, 2, (2, 3))
    assert settings.init == "x.npz" and not settings.model.short_term
    for text, message in (
        ("train.steps", "expected key=value"),
        ("model.backbone=hrnet", "strings in quotes"),
        ("train.step=3", "unknown key 'step'"),
        ("train.lengths=[2, 'x']", "lengths must be tuple"),
        ("data.weight=2", r"data must be written as \[\[data\]\] blocks"),
    ):
        with pytest.raises(TTVOSError, match=message):
            load_settings(path, [text])


def test_files_of_a_config_are_below_the_data_or_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.npz").touch()
    assert resolve("a.npz", Path("data")) == Path("data/a.npz")
    assert resolve("b.npz", Path("data")) == Path("b.npz")
