import importlib.util

import pytest

from ttvos_tf import cli


@pytest.mark.skipif(importlib.util.find_spec("labelme") is not None, reason="labelme is installed")
def test_without_labelme_it_says_how_to_get_it(capsys, tmp_path):
    assert cli.main(["label", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert err.startswith("ttvos: error: labelme 7 is not installed") and err.count("\n") == 1
    assert "pip install 'ttvos-tf[labelme]'" in err
