"""The paper's three stages: their first step on tiny data of the same layouts, and what a download may lack."""

import json
import re
import subprocess

import numpy as np
import pytest

from tests.data.trees import labels_of, painted, write_image, write_mask, write_saliency
from tests.scripts import ROOT, load_script
from ttvos_tf.data.davis import sequences
from ttvos_tf.data.sources import open_source
from ttvos_tf.errors import TTVOSError
from ttvos_tf.training.settings import load_settings, resolve

CONFIGS = sorted((ROOT / "training/configs/paper").glob("*.toml"))
PAGE = (ROOT / "training/paper.md").read_text()


@pytest.fixture
def downloads(tmp_path):
    """A folder as training/paper.md describes it, with an image or a video each."""
    data = tmp_path / "DATA"
    write_saliency(data / "MSRA10K", "MSRA10K_Imgs_GT/Imgs", "MSRA10K_Imgs_GT/Imgs")
    write_saliency(data / "HKU-IS", "imgs", "gt")
    write_saliency(data / "ECSSD", "images", "ground_truth_mask")
    frames = [f"{t:05d}" for t in range(0, 100, 5)]
    for part, name in (("YouTubeVOS/train/{}/0a1b", "0a1b"), ("DAVIS/{}/480p/bear", "bear")):
        for t, frame in enumerate(frames):
            labels = labels_of((20 + t, 20, 40, 40))
            write_image(data / part.format("JPEGImages") / f"{frame}.jpg", painted(labels))
            write_mask(data / part.format("Annotations") / f"{frame}.png", labels)
        assert (data / part.format("JPEGImages")).name == name
    meta = {"videos": {"0a1b": {"objects": {"1": {"category": "thing", "frames": frames}}}}}
    (data / "YouTubeVOS/train/meta.json").write_text(json.dumps(meta))
    listing = data / "DAVIS/ImageSets/2016/train.txt"
    listing.parent.mkdir(parents=True)
    listing.write_text("bear\n")
    return data


def sources(config, data):
    return [
        open_source(block.kind, resolve(block.path, data), block.split, block.year)
        for block in load_settings(config).data
    ]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_each_stage_finds_its_downloads(config, downloads):
    assert len(CONFIGS) == 3
    for source in sources(config, downloads):
        assert source


@pytest.mark.parametrize(
    ("stage", "gone", "says"),
    [
        (0, "MSRA10K", "MSRA10K: needs images/"),
        (0, "MSRA10K/MSRA10K_Imgs_GT/Imgs/1.png", r"Imgs/1\.jpg: has no mask"),
        (0, "HKU-IS/gt", "HKU-IS: needs images/"),
        (0, "ECSSD/ground_truth_mask/1.png", r"images/1\.jpg: has no mask"),
        (1, "YouTubeVOS/train/meta.json", r"meta\.json: no such file"),
        (1, "YouTubeVOS/train/Annotations", r"Annotations/0a1b: no such folder; 1 of 1 videos"),
        (2, "DAVIS/ImageSets/2016", r"DAVIS: no ImageSets/2016/train\.txt below it"),
        (2, "DAVIS/Annotations", r"480p/bear: no such folder"),
        (2, "DAVIS/JPEGImages/480p/bear/00005.jpg", r"00005\.jpg: no such image"),
    ],
)
def test_what_a_download_lacks_is_one_line(downloads, stage, gone, says):
    (downloads / gone).rename(downloads / "elsewhere")
    with pytest.raises(TTVOSError, match=says) as error:
        sources(CONFIGS[stage], downloads)
    assert "\n" not in str(error.value)


def test_missing_imagenet_weights_are_one_line(downloads, tmp_path, capsys):
    train = load_script("training/train.py")
    words = ["--config", str(CONFIGS[0]), "--data", str(downloads), "--out", str(tmp_path / "run")]
    assert train.main(words) == 2
    assert capsys.readouterr().err == "train.py: error: hrnet.npz: no such weights file\n"


def test_the_page_s_lists_are_those_of_davis_2016(tmp_path):
    """30 and 20 sequences, none in both; the training ones are read as the page's commands write them."""
    block = re.search(r"^ {4}mkdir -p DATA/DAVIS.*?(?=^\S)", PAGE, re.DOTALL | re.MULTILINE)[0]
    subprocess.run(["bash", "-e", "-c", block], cwd=tmp_path, check=True)
    lists = tmp_path / "DATA/DAVIS/ImageSets/2016"
    train, val = ((lists / f"{name}.txt").read_text().split() for name in ("train", "val"))
    assert (len(set(train)), len(set(val))) == (30, 20) and not set(train) & set(val)
    with pytest.raises(TTVOSError, match="480p/bear: no such folder"):
        sequences(tmp_path / "DATA/DAVIS")


def test_the_page_s_numbers_are_those_of_the_configs():
    frames = []
    for path in CONFIGS:
        train = load_settings(path).train
        frames.append(train.steps * train.batch_size * train.lengths[0])
        clips = f"{train.steps:,} of {train.batch_size} clips of {train.lengths[0]} frames"
        assert f"| {clips}, {train.height}x{train.width} | {frames[-1] / 1e6:.1f} million" in PAGE
    counted = np.array(frames) * (1, 1, 4)
    for speed, *hours in re.findall(r"^\| (\d+)[^|]*\| ([\d.]+) h \| ([\d.]+) h \| ([\d.]+) h \|", PAGE, re.MULTILINE):
        np.testing.assert_allclose([float(each) for each in hours], counted / 3600 / int(speed), rtol=0.07)


@pytest.mark.slow
def test_each_stage_trains(downloads, tmp_path, monkeypatch):
    """One step at a small size, each from the weights of the stage before."""
    monkeypatch.chdir(tmp_path)
    train = load_script("training/train.py")
    small = ["train.steps=1", "train.batch_size=1", "train.height=32", "train.width=48", "train.warmup=0"]
    for path in CONFIGS:
        start = ["backbone_weights=''"] if path == CONFIGS[0] else []
        words = ["--config", str(path), "--data", str(downloads), "--out", f"runs/{path.stem}", "--set", *small, *start]
        assert train.main(words) == 0
        assert (tmp_path / f"runs/{path.stem}/weights.npz").is_file()
