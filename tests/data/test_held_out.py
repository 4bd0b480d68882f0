from ttvos_tf.data.held_out import ONE_IN, held_out

NAMES = [f"{index:04d}" for index in range(400)]
KEPT = [name for name in NAMES if held_out(name)]


def test_held_out_is_one_in_eight_and_never_changes():
    assert 0.7 < len(KEPT) * ONE_IN / len(NAMES) < 1.3
    assert KEPT[:5] == ["0001", "0011", "0013", "0063", "0068"]


def test_held_out_goes_by_the_name_alone():
    for name in NAMES[:20]:
        assert held_out(f"a/b/{name}.jpg") == held_out(f"{name}.png") == held_out(name)
