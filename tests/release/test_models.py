"""The folders for a model hub: whole, checked, and with numbers that the results page has."""

import hashlib
import json
import re

import pytest
import yaml

from tests.scripts import ROOT
from ttvos_tf.errors import TTVOSError
from ttvos_tf.runtime.installed import installed

SCRIPT = "release/models.py"


@pytest.fixture(scope="module")
def folders(script, tmp_path_factory):
    out = tmp_path_factory.mktemp("models")
    for _ in range(2):  # the second run replaces what the first one made
        assert script.main(["--out", str(out)]) == 0
    return {folder.name.removeprefix("ttvos_"): folder for folder in out.iterdir()}


def test_every_model_is_in_its_network_s_folder_with_its_checksum(folders):
    found = {}
    for network, folder in folders.items():
        lines = (folder / "SHA256SUMS").read_text().splitlines()
        sums = dict(reversed(line.split("  ")) for line in lines)
        files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.tflite")}
        assert sums == files and all(name.startswith(f"ttvos_{network}_") for name in files)
        found |= files
    assert found == {entry["file"]: entry["sha256"] for entry in installed().values()}


def test_the_head_is_yaml_that_a_hub_reads(folders):
    results = (ROOT / "docs/results.md").read_text()
    for network, folder in folders.items():
        _, head, _ = (folder / "README.md").read_text().split("---\n", 2)
        card = yaml.safe_load(head)
        assert card["license"] == "other" and (folder / card["license_link"]).is_file()
        models = {model["name"]: model["results"][0]["metrics"] for model in card["model-index"]}
        assert sorted(models) == [name for name in installed() if name.rsplit("_", 2)[0] == network]
        for name, (mask, box) in models.items():
            row = rf"^\| `{name}`[^|]*\| {mask['value']} \| {box['value']} \|"
            assert re.search(row, results, re.MULTILINE), name


def test_a_card_names_files_that_are_there_and_leads_nowhere_else(folders):
    for folder in folders.values():
        text = (folder / "README.md").read_text()
        programs = set(re.findall(r"`(usage\.\w+)`", text))
        assert programs == {path.name for path in folder.glob("usage.*")} and len(programs) == 5
        assert all(f"`{path.name}`" in text for path in folder.glob("*.tflite"))
        links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if not link.startswith("https:")]
        assert links and all((folder / link).is_file() for link in links)
        for wanted in ("**Limits.**", "non-commercial", "about a person"):
            assert wanted in text
        assert "## How the weights were made" not in text


def test_a_model_without_numbers_is_named(script):
    entry = {"file": "ttvos_hrnet_96x160_int8.tflite", "sha256": "", "size_bytes": 1}
    with pytest.raises(TTVOSError, match=r"docs/results\.md: its first table has no row of hrnet_96x160_int8"):
        script.card("hrnet", {"hrnet_96x160_int8": entry}, {})


def test_other_files_in_the_folder_are_kept(script, tmp_path, capsys):
    (tmp_path / "ttvos_hrnet").mkdir()
    (tmp_path / "ttvos_hrnet" / "notes.txt").write_text("mine")
    assert script.main(["--out", str(tmp_path)]) == 2
    assert "notes.txt" in capsys.readouterr().err
    assert script.main(["--out", str(ROOT / "ttvos_tf" / "models")]) == 2
    assert json.loads((ROOT / "ttvos_tf/models/models.json").read_text())
