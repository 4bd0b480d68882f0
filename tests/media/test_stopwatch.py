import time

import pytest

from ttvos_tf.media.stopwatch import Stopwatch


def test_time_is_added_under_names():
    watch = Stopwatch()

    def slow():
        for _ in range(3):
            time.sleep(0.02)
            yield

    for _ in watch.each("reading", slow()):
        with watch.of("work"):
            time.sleep(0.01)
    assert list(watch.seconds) == ["reading", "work"]
    assert 0.06 <= watch.seconds["reading"] < 0.5 and 0.03 <= watch.seconds["work"] < 0.5
    reading, work = watch.table(3)
    assert reading.split()[0] == "reading" and float(reading.split()[3]) == pytest.approx(
        1000 * watch.seconds["reading"] / 3, abs=0.01
    )
    assert work.endswith("ms a frame")


def test_time_of_what_fails_counts_too():
    watch = Stopwatch()
    with pytest.raises(KeyError), watch.of("work"):
        time.sleep(0.01)
        raise KeyError
    assert watch.seconds["work"] >= 0.01
