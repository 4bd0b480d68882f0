"""The paper's map and the drawing of the rooms hold what they say."""

import re

import pytest

from tests.scripts import ROOT, load_script

refresh = load_script("docs/refresh.py")
VERDICTS = {"same", "ours", "missing"}


@pytest.mark.parametrize("name", refresh.PAGES)
def test_a_page_is_up_to_date(name):
    text = (ROOT / "docs" / name).read_text()
    assert refresh.PAGES[name](text) == text, "run python docs/refresh.py"


def rows():
    """Rows of the map: (paper, verdict, places and remark)."""
    cells = [line.strip("| ").split(" | ") for line in (ROOT / "docs/paper.md").read_text().splitlines() if "|" in line]
    return [row for row in cells if len(row) > 1 and row[1] in VERDICTS]


def test_every_row_has_a_verdict_and_a_place_unless_it_is_missing():
    assert len(rows()) > 30
    for paper, verdict, *rest in rows():
        assert bool(refresh.PLACE.search(" ".join(rest))) == (verdict != "missing"), paper


def test_the_map_names_all_of_the_paper():
    named = " ".join(paper for paper, *_ in rows())
    numbered = {"Eq.": 5, "Table": 4, "Fig.": 6}
    wanted = [f"{kind} {number}" for kind, last in numbered.items() for number in range(1, last + 1)]
    for part in [*wanted, "3.1", "3.2", "3.3", "4", "4.1"]:
        assert re.search(rf"(?<![\d.]){re.escape(part)}(?![\d.])", named), part


@pytest.fixture
def code(tmp_path):
    path = tmp_path / "code.py"
    path.write_text("x = 1\n\n\ndef f():\n    y = 2\n\n\nclass A:\n    def f(self):\n        y = 3\n        z = 3\n")
    return path


@pytest.mark.parametrize(("symbol", "fragment", "line"), [("f", "y =", 5), ("A.f", "y =", 10), ("x", "1", 1)])
def test_a_fragment_is_looked_for_in_its_symbol(code, symbol, fragment, line):
    assert refresh.line_of(code, symbol, fragment) == line


@pytest.mark.parametrize(
    ("symbol", "fragment", "message"),
    [("g", "y", "g is there 0 times"), ("f", "z", "on 0 lines"), ("A.f", "= 3", "on 2 lines"), (None, "y", "on 2")],
)
def test_a_place_that_is_gone_or_not_clear_is_an_error(code, symbol, fragment, message):
    with pytest.raises(LookupError, match=message):
        refresh.line_of(code, symbol, fragment)


def test_a_wrong_line_is_put_right():
    text = (ROOT / "docs/paper.md").read_text()
    wrong = re.sub(r":\d+\]", ":1]", text)
    assert wrong != text and refresh.with_lines(wrong) == text


def test_a_planted_arrow_is_seen():
    text = (ROOT / "docs/architecture.md").read_text()
    planted = text.replace("    room_layers --> room_compat\n", "    room_layers --> room_training\n")
    assert planted != text and refresh.with_rooms(planted) == text


def test_a_changed_shape_is_seen():
    text = (ROOT / "docs/contract.md").read_text()
    wrong = text.replace("(1, T, T)", "(1, T, 32)")
    assert wrong != text and refresh.with_contract(wrong) == text


def test_every_file_in_the_drawings_is_there():
    text = (ROOT / "docs/architecture.md").read_text()
    files = re.findall(r"\b(\w+/\w+\.py)", text)
    assert len(files) > 12
    assert [name for name in files if not (ROOT / "ttvos_tf" / name).exists()] == []
