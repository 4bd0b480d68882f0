import json

import pytest

from ttvos_tf.errors import TTVOSError
from ttvos_tf.training.cluster import check_cluster


def config(workers=("a:1", "b.example:65535"), index=1, kind="worker", **more):
    return json.dumps({"cluster": {"worker": workers, **more}, "task": {"type": kind, "index": index}})


def test_machines_and_a_place_among_them():
    check_cluster(config())
    check_cluster(config(workers=["[::1]:2222"], index=0))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not valid JSON"),
        ("nonsense", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("null", "must be"),
        ("[]", "must be"),
        ("{}", "must be"),
        ('{"cluster": {"worker": ["a:1"]}}', "must be"),
        (config(ps=["c:1"]), "must be"),
        (config(workers=[]), "must be"),
        (config(workers="a:1"), "must be"),
        (config(workers=["a:1", 5]), "must be"),
        (config(workers=["a:1", "b"]), "must be"),
        (config(workers=["a:1", "b:0"]), "must be"),
        (config(workers=["a:1", "b:99999"]), "must be"),
        (config(workers=["a:1", "b:" + "9" * 5000]), "must be"),
        (config(workers=["a:1", ":2"]), "must be"),
        (config(workers=["a:1", "b\n:2"]), "must be"),
        (config(workers=["a:1", "a:1"]), "one machine twice"),
        (config(index=2), "an index from 0 to 1"),
        (config(index=-1), "an index from 0 to 1"),
        (config(index=True), "an index from 0 to 1"),
        (config(index="0"), "an index from 0 to 1"),
        (config(kind="chief"), "must be of type"),
    ],
)
def test_what_names_no_machines_is_one_line(text, message):
    with pytest.raises(TTVOSError, match=rf"^TF_CONFIG: .*{message}") as error:
        check_cluster(text)
    assert "\n" not in str(error.value)
