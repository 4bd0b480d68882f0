import json

import pytest

from tests.scripts import load_script


@pytest.fixture(scope="module")
def script():
    return load_script("training/compare.py")


def write(path, values):
    rows = {f"{name}_1": {"J-Mean": value, "F-Mean": value} for name, value in values.items()}
    path.write_text(json.dumps({"sequences": rows}))
    return str(path)


def base(shift=0.0):
    return {f"{kind}-{i}": 0.5 + 0.02 * i + shift for kind in ("thin", "fast") for i in range(5)}


def test_table_and_verdict(script, tmp_path, capsys):
    ours = [write(tmp_path / f"a{i}.json", base(shift)) for i, shift in enumerate((0.03, 0.05))]
    theirs = write(tmp_path / "b.json", base())
    lists = tmp_path / "lists"
    lists.mkdir()
    for title, names in {"thin": [f"thin-{i}" for i in range(5)], "all": base(), "other": ["nobody"]}.items():
        (lists / f"{title}.txt").write_text("\n".join(names))
    assert script.main([*ours, "--against", theirs, "--lists", str(lists)]) == 0
    header, everything, thin, empty, verdict = capsys.readouterr().out.splitlines()
    assert header.split() == ["sequences", "ours", "theirs", "difference", "95", "%"]
    assert everything.split() == ["all", "10", "58.0", "54.0", "+4.0", "+4.0", "to", "+4.0"]
    assert thin.split()[:3] == ["thin", "5", "58.0"]
    assert not empty
    assert verdict.startswith("better: ")
    assert script.main([theirs, "--against", *ours]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("worse: ")
    assert script.main([theirs, "--against", theirs]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("cannot tell: ")


def test_bad_input_is_one_line(script, tmp_path, capsys):
    good, part = write(tmp_path / "a.json", base()), write(tmp_path / "part.json", {"thin-0": 0.5})
    (tmp_path / "empty").mkdir()
    for command, message in (
        ([good, "--against", str(tmp_path / "none.json")], "none.json: no such file"),
        ([good, "--against", part], "theirs lack this object"),
        ([good, part, "--against", good], "scores other objects than"),
        ([good, "--against", good, "--lists", str(tmp_path / "empty")], "empty: no list (.txt)"),
    ):
        assert script.main(command) == 2
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert line.startswith("compare.py: error: ")
        assert message in line
