"""The documentation site: where links lead, what the navigation has, and that all of it builds without a warning."""

import re
import subprocess

import pytest

from tests.docs.pages import PAGES, read
from tests.scripts import ROOT, load_script


@pytest.fixture(scope="module")
def conf():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MERMAID", "mermaid.min.js")
        return load_script("docs/conf.py")


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("results.md#speed", "results.md#speed"),
        ("demo.webp", "demo.webp"),
        ("../examples/signatures.py", "../examples/signatures.py"),
        ("../ttvos_tf/losses.py#L34", "https://host/us/ttvos/blob/main/ttvos_tf/losses.py#L34"),
        ("../nowhere.py", "../nowhere.py"),
    ],
)
def test_where_a_link_leads(conf, monkeypatch, path, there):
    monkeypatch.setattr(conf, "REPOSITORY", "https://host/us/ttvos")
    target, _, anchor = path.partition("#")
    assert conf.on_site(ROOT / "docs", target, f"#{anchor}" if anchor else "") == there


def test_without_an_address_code_is_a_copy(conf):
    source = ["[a](../ttvos_tf/losses.py#L34), [b](results.md), [c](https://host/x.py)"]
    conf.REPOSITORY = None
    conf._read(None, "docs/paper", source)
    assert source == ["[a](path:../ttvos_tf/losses.py), [b](results.md), [c](https://host/x.py)"]


def test_a_drawing_is_left_to_mermaid(conf):
    source = ["a\n\n```mermaid\nflowchart TD\n    a --> b\n```\n\n```python\nx\n```\n"]
    conf._read(None, "docs/architecture", source)
    pre = '<pre class="mermaid">\nflowchart TD\n    a --> b\n</pre>'
    assert source == [f"a\n\n{pre}\n\n```python\nx\n```\n"]


def test_every_page_is_in_the_navigation(conf):
    entries = re.findall(r"^(?:.*<)?([\w/]+?)>?$", conf.NAVIGATION.read_text(), re.MULTILINE)
    pages = {re.sub(r"\.(md|py)$", "", page) for page in PAGES} - {"README"}
    assert len(entries) == len(set(entries)) and set(entries) - {"self"} == pages


def test_the_figure_s_points_are_those_of_the_tables():
    figure = load_script("docs/figure.py")
    drawn = {(point.name, point.j_and_f, round(1000 / point.fps, 3)) for point in figure.our_points()}
    rows = re.findall(r"^\| `(\w+)`[^|]*\| ([\d.]+) \| [\d.]+ \| ([\d.]+) \| [\d.]+ MB", read("docs/results.md"), re.M)
    named = {(" ".join(name.split("_")[-2:]), float(score), float(ms)) for name, score, ms in rows}
    assert drawn == named and len(drawn) == 9
    assert len(figure.paper_points()) == 12


@pytest.mark.slow
def test_the_site_builds():
    subprocess.run(["make", "docs"], cwd=ROOT, check=True)
    site = ROOT / "out/site"
    assert (site / "index.html").read_text() == (site / "README.html").read_text()
    pages = {path.relative_to(site).with_suffix("").as_posix() for path in site.rglob("*.html")}
    assert {re.sub(r"\.(md|py)$", "", page) for page in PAGES} <= pages
    assert "Tracker.start" in (site / "docs/api.html").read_text()
    assert "mermaid.min.js" in (site / "docs/architecture.html").read_text()
    assert re.search(r"<img[^>]+\.png", (site / "examples/own_video.html").read_text())  # what the example drew
