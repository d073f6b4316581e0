"""What a with block changes is undone on every way out, with an exception at any instruction of its own."""

import gc
import os
import sys
import threading
from contextlib import ExitStack

import pytest
from instructions import at_instruction

from autograd_core import Value, strict
from autograd_core import math as m
from autograd_core.engine import blocks, collector, strictness
from autograd_core.engine.blocks import Block
from autograd_core.engine.collector import collector_paused
from autograd_core.engine.strictness import is_strict, lenient
from autograd_core.errors import AutogradError, NonFiniteError
from autograd_core.primitives import TABLE

FILES = {module.__file__ for module in (blocks, collector, strictness)}


class Injected(BaseException):
    pass


def raise_at(n):
    """Raise at the n-th instruction of the blocks; what was raised there, since a finalizer cannot pass it on."""
    raised = []

    def act():
        raised.append(Injected())
        raise raised[0]

    at_instruction(n, FILES, act)
    return raised


def collector_is_as_it_was():
    return gc.isenabled() and not collector._under_way and not collector._found_on


def strictness_is_as_it_was():
    is_plain = all(op.eager is op.plain for op in TABLE.values())
    return not is_strict() and is_plain and m.log(Value(0.0)).data == -m.inf


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # what is raised while a block is closed
@pytest.mark.parametrize(
    ("block", "is_as_it_was", "least"),
    [(collector_paused, collector_is_as_it_was, 100), (strict, strictness_is_as_it_was, 200),
     (lenient, strictness_is_as_it_was, 50)],
)  # fmt: skip
@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("fails", [False, True])
def test_an_exception_at_any_instruction(monkeypatch, block, is_as_it_was, least, nested, fails):
    monkeypatch.setattr(strictness, "OPERATIONS", [TABLE["log"], TABLE["greater"]])  # the others fare like these
    assert is_as_it_was()
    n, errors, before = 0, [], sys.gettrace()  # errors are kept, and their tracebacks with them
    while True:
        n += 1
        try:
            raised = raise_at(n)
            with block():
                if nested:
                    with block():
                        pass
                if fails:
                    raise KeyError
        except BaseException as error:
            errors.append(error)
        finally:
            sys.settrace(before)
        assert is_as_it_was(), n
        if not raised:
            break
    assert n > least
    assert sum(isinstance(error, Injected) for error in errors) > 20


@pytest.mark.parametrize("block", [collector_paused, strict, lenient])
def test_a_block_serves_once(block):
    made = block()
    with made:
        pass
    assert collector_is_as_it_was()
    assert strictness_is_as_it_was()
    with pytest.raises(AutogradError, match="entered before"), made:
        pass
    with ExitStack() as stack:
        stack.enter_context(block())
        assert gc.isenabled() == (block is not collector_paused)
        assert is_strict() == (block is strict)
    assert collector_is_as_it_was()
    assert strictness_is_as_it_was()


def test_a_block_that_is_kept_is_over():
    def changing():
        try:
            yield
        finally:
            undone.append(1)

    undone = []
    made = Block(changing())
    with made:
        assert not undone
    assert undone == [1]


def test_blocks_end_in_any_order():
    def held(block):
        with block():
            yield

    first, second = held(strict), held(lenient)
    next(first)
    next(second)
    assert not is_strict()
    first.close()
    assert not is_strict()
    second.close()
    assert strictness_is_as_it_was()
    first, second = held(strict), held(collector_paused)
    next(first)
    next(second)
    first.close()
    assert strictness_is_as_it_was()
    assert not gc.isenabled()
    second.close()
    assert collector_is_as_it_was()


def test_a_collector_that_was_off_stays_off():
    gc.disable()
    try:
        with collector_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_blocks_of_many_threads():
    old = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    unseen = []

    def work():
        for _ in range(1000):
            with collector_paused():
                pass
        for _ in range(20):
            with strict():
                try:
                    m.log(Value(0.0))
                except NonFiniteError:
                    continue
                unseen.append(1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(old)
    assert not unseen
    assert collector_is_as_it_was()
    assert strictness_is_as_it_was()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # that is what this is about
def test_a_forked_process_has_no_blocks_of_other_threads():
    entered, done = threading.Event(), threading.Event()

    def hold():
        with strict(), collector_paused():
            entered.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    entered.wait()
    child = os.fork()
    if child == 0:
        os._exit(0 if collector_is_as_it_was() and strictness_is_as_it_was() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert not gc.isenabled()
    done.set()
    thread.join()
    assert collector_is_as_it_was()
