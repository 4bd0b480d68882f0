import threading
import time

import pytest

from ttvos_tf.media.pipeline import ahead, behind


class BrokenError(Exception):
    pass


def test_items_come_in_order_and_from_another_thread():
    threads = set()

    def items():
        for index in range(20):
            threads.add(threading.get_ident())
            yield index

    assert list(ahead(items())) == list(range(20))
    assert len(threads) == 1 and threading.get_ident() not in threads


def test_no_more_is_read_than_fits_the_queue():
    read = []
    items = ahead((read.append(index) or index for index in range(99)), depth=3)
    assert next(items) == 0
    time.sleep(0.3)
    assert len(read) <= 1 + 3 + 1
    items.close()


def test_an_error_comes_after_the_items_before_it():
    def items():
        yield 1
        yield 2
        raise BrokenError("third")

    found = []
    with pytest.raises(BrokenError, match="third"):
        for item in ahead(items()):
            found.append(item)
    assert found == [1, 2]


def test_closing_ends_the_reader_where_it_reads():
    ended = []

    def items():
        try:
            while True:
                yield 0
        finally:
            ended.append(threading.get_ident())

    running = ahead(items())
    next(running)
    before = threading.active_count()
    running.close()
    assert len(ended) == 1 and ended[0] != threading.get_ident()
    assert threading.active_count() == before - 1


def test_the_next_is_read_during_the_work():
    second = threading.Event()

    def items():
        yield 0
        second.set()
        yield 1

    for _ in ahead(items()):
        assert second.wait(9), "it waits for the work to end"


def test_calls_are_made_in_order_and_all_before_the_end():
    done = []

    def slow(index):
        time.sleep(0.005)
        done.append((index, threading.get_ident()))

    with behind(slow) as later:
        for index in range(20):
            later(index)
    assert [index for index, _ in done] == list(range(20))
    assert {thread for _, thread in done} - {threading.get_ident()} and len({thread for _, thread in done}) == 1


def test_calls_are_never_further_behind_than_asked():
    go, begun = threading.Event(), []
    with behind(lambda index: begun.append(index) or go.wait(9), depth=2) as later:
        later(0)
        later(1)
        threading.Timer(0.2, go.set).start()
        start = time.perf_counter()
        later(2)
        assert time.perf_counter() - start > 0.1, "it waited for the first"


def test_an_error_of_a_call_is_raised_by_a_later_one():
    def broken(index):
        if index == 1:
            raise BrokenError

    with pytest.raises(BrokenError), behind(broken) as later:
        for index in range(99):
            later(index)
            time.sleep(0.01)
        pytest.fail("was not told")


def test_an_error_of_the_last_call_is_raised_at_the_end():
    def broken():
        raise BrokenError

    with pytest.raises(BrokenError), behind(broken) as later:
        later()


def test_a_failure_drops_what_has_not_begun():
    done = []
    with pytest.raises(BrokenError), behind(lambda index: time.sleep(0.1) or done.append(index)) as later:
        for index in range(4):
            later(index)
        raise BrokenError
    assert len(done) <= 1


def test_what_was_read_still_comes_when_no_more_is_wanted():
    stopped, hangs = threading.Event(), threading.Event()

    def camera():
        yield from range(3)
        stopped.set()
        yield 3
        hangs.wait(9)
        yield 4

    begin = time.perf_counter()
    assert list(ahead(camera(), ended=stopped.is_set)) == [0, 1, 2, 3]
    assert time.perf_counter() - begin < 1


def test_a_reader_that_hangs_is_not_waited_for():
    stopped = threading.Event()

    def camera():
        yield 0
        time.sleep(60)

    running = ahead(camera(), ended=stopped.is_set)
    assert next(running) == 0
    threading.Timer(0.2, stopped.set).start()
    begin = time.perf_counter()
    assert list(running) == []
    assert time.perf_counter() - begin < 4
