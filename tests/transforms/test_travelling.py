"""Functions that transforms and jit give, and graphs, go to other processes and come back with the same bits."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from multiprocessing import get_all_start_methods
from pathlib import Path
from typing import Any

import pytest
import travel
import travelled

from autograd_core import Graph, Value, grad, jit, math, value_and_grad
from autograd_core.errors import MissingExtraError

WAYS = [way for way in travel.WAYS if way not in {"fork", "forkserver"} - set(get_all_start_methods())]


@pytest.mark.parametrize(
    "way", [way if way in ("pickle", "spawn", "dask") else pytest.param(way, marks=pytest.mark.soak) for way in WAYS]
)
def test_everything_travels(way: str) -> None:
    """In a process of its own, so that there is a main module, and before and after the first call."""
    command = [sys.executable, str(Path(travel.__file__)), way]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


def test_a_lambda_without_cloudpickle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    with pytest.raises(MissingExtraError, match=r"<lambda> has no name .*pip install 'autograd-core\[pickle\]'"):
        pickle.dumps(jit(value_and_grad(lambda x: x * x)))
    assert pickle.loads(pickle.dumps(jit(value_and_grad(travelled.wave))))(0.5) == value_and_grad(travelled.wave)(0.5)


def test_what_a_decorator_made_is_found_by_its_name() -> None:
    for made in (travelled.decorated, travelled.differentiated, travelled.cube):
        assert pickle.loads(pickle.dumps(made)) is made
    other = grad(travelled.wave)
    assert pickle.loads(pickle.dumps(other)) is not other


def test_a_decorated_method_is_one() -> None:
    class Square:
        k = 3.0

        def value(self, x: Any) -> Any:
            return self.k * x * x

        slope = grad(value, argnums=1)

    assert Square().slope(2.0) == 12.0
    assert repr(Square.slope) == "<grad of value>"


class Parameter(Value):
    """A leaf with a bound."""

    __slots__ = ("most",)

    def __init__(self, data: float, most: float) -> None:
        super().__init__(data)
        self.most = most


@pytest.mark.parametrize("way", ["pickle", "deepcopy"])
def test_a_compiled_graph_is_compiled_on_arrival(way: str) -> None:
    go = {"pickle": lambda thing: pickle.loads(pickle.dumps(thing)), "deepcopy": copy.deepcopy}[way]
    for change in (None, 0.25):
        here = travelled.graph()
        if change is not None:
            here.leaves[0].data = change  # not evaluated yet
        there = go(here)
        for graph in (here, there):
            graph.leaves[1].data = 1.5
            graph.forward()
            graph.backward()
        assert repr(there.outputs) == repr(here.outputs)
        assert repr(there.leaves) == repr(here.leaves)
        assert there._code.__self__.stats["instructions"] == here._code.__self__.stats["instructions"]  # type: ignore[union-attr]


def test_a_subclass_of_value_comes_back_as_itself() -> None:
    p = Parameter(2.0, 3.0)
    graph = pickle.loads(pickle.dumps(Graph(math.sin(p) * p).compile()))
    (leaf,) = graph.leaves
    assert type(leaf) is Parameter
    assert leaf.most == 3.0
    graph.forward()
    assert graph.outputs[0].data == (math.sin(p) * p).data


@pytest.mark.soak
def test_a_monte_carlo_estimate_survives_a_worker() -> None:
    script = Path(__file__).parents[2] / "docs" / "monte_carlo_on_a_cluster.py"
    command = [sys.executable, str(script), "--blocks", "48", "--workers", "2", "--kill-after", "0.4"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.endswith("the bits of one process\n"), done.stdout
