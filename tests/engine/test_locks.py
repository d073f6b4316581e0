"""A lock that is given back, wherever an interrupt comes."""

import threading

import pytest

from autograd_core.engine import clock
from autograd_core.engine.locks import alone


class Interrupted:
    """A lock whose ``with`` an interrupt leaves when it is taken and the block has not begun, as in CPython 3.14."""

    def __init__(self):
        self.lock = threading.RLock()
        self.release, self._is_owned = self.lock.release, self.lock._is_owned

    def __enter__(self):
        self.lock.acquire()
        raise KeyboardInterrupt

    def __exit__(self, *error):
        raise AssertionError("the block has not begun")


def is_free(lock):
    """Whether another thread can have it."""
    taken = []

    def take():
        taken.append(lock.acquire(timeout=0.01))
        if taken[0]:
            lock.release()

    other = threading.Thread(target=take)
    other.start()
    other.join()
    return taken[0]


def test_an_interrupt_before_the_block_gives_the_lock_back():
    lock = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        alone(lock, lambda: None)
    assert is_free(lock.lock)


def test_only_the_outermost_one_gives_it_back():
    lock = threading.RLock()
    interrupted = Interrupted()
    interrupted.lock = lock
    interrupted.release, interrupted._is_owned = lock.release, lock._is_owned

    def work():
        with pytest.raises(KeyboardInterrupt):
            alone(interrupted, lambda: None)
        assert not is_free(lock)
        return "done"

    assert alone(lock, work) == "done"
    assert is_free(lock)


def test_it_is_held_meanwhile_and_free_after_an_error():
    lock = threading.RLock()
    assert alone(lock, lambda: is_free(lock)) is False
    with pytest.raises(ZeroDivisionError):
        alone(lock, lambda: 1 / 0)
    assert is_free(lock)


def test_writes_without_a_global_lock_are_done_under_the_lock_of_the_clock():
    seen = []
    clock._exhaust_alone(seen.append(is_free(clock.clock.lock)) for _ in range(2))
    assert seen == [False, False]
    assert is_free(clock.clock.lock)
