"""Functions go to other processes and back, with the same bits on arrival.

``python travel.py WAY`` ends with status 0 if they do. What is defined here is in the main module.
"""

import copy
import multiprocessing
import pickle
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import travelled
from travelled import called, everything, run

from autograd_core import custom_derivatives, custom_jvp, jit, math, value_and_grad

XS = (0.5, 1.5)


def wave(x: Any) -> Any:
    return math.cos(x) * x + (x if x > 1.0 else -x)


def scaled(x: Any, k: float) -> Any:
    return k * wave(x)


class Model(travelled.Model):
    def value(self, x: Any) -> Any:
        return self.k * wave(x)


@jit
def decorated(x: Any) -> Any:
    return x * x * 0.3 if x < 1.0 else decorated(x * 0.5)


@value_and_grad
def differentiated(x: Any) -> Any:
    return math.exp(x) * x


@custom_derivatives(lambda y, x: 3.0 * x * x)
def cube(x: float) -> float:
    return x**3


@custom_jvp
def square(x: Any) -> Any:
    return x * x


square.defjvp(lambda primals, tangents: (primals[0] ** 2, 2.0 * primals[0] * tangents[0]))


def with_own_derivatives(x: Any) -> Any:
    return cube(x) + square(x)


def here(made: Any, x: float) -> Any:
    return called(made, x)


def by_joblib(function: Callable[..., Any], calls: list[tuple[Any, float]]) -> list[Any]:
    from joblib import Parallel, delayed

    return list(Parallel(n_jobs=2)(delayed(function)(*call) for call in calls))


def by_dask(function: Callable[..., Any], calls: list[tuple[Any, float]]) -> list[Any]:
    import dask
    from distributed import Client, LocalCluster

    dask.config.set({"distributed.worker.daemon": True})
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        futures = [client.submit(function, *call, pure=False) for call in calls]
        return list(client.gather(futures))


def by_a_pool(method: str) -> Callable[..., list[Any]]:
    def go(function: Callable[..., Any], calls: list[tuple[Any, float]]) -> list[Any]:
        with multiprocessing.get_context(method).Pool(2) as pool:
            return pool.starmap(function, calls)

    return go


def by_futures(function: Callable[..., Any], calls: list[tuple[Any, float]]) -> list[Any]:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(function, *zip(*calls, strict=True)))


WAYS: dict[str, Callable[..., list[Any]]] = {
    "pickle": lambda function, calls: [function(pickle.loads(pickle.dumps(made)), x) for made, x in calls],
    "deepcopy": lambda function, calls: [function(copy.deepcopy(made), x) for made, x in calls],
    "copy": lambda function, calls: [function(copy.copy(made), x) for made, x in calls],
    "fork": by_a_pool("fork"), "spawn": by_a_pool("spawn"), "forkserver": by_a_pool("forkserver"),
    "futures": by_futures, "joblib": by_joblib, "dask": by_dask,
}  # fmt: skip


def main(way: str) -> None:
    go = WAYS[way]
    calls, wanted = [], []
    for scope in (vars(travelled), globals()):
        for made in everything(scope).values():
            fresh = copy.copy(made)  # before its first call
            wanted += [called(made, x) for x in XS]
            calls += [(made if i else fresh, x) for i, x in enumerate(XS)]
    found = go(here if way in ("joblib", "dask") else run, calls)
    for call, a, b in zip(calls, found, wanted, strict=True):
        if repr(a) != repr(b):
            raise AssertionError(f"{call}: {a!r} instead of {b!r}")


if __name__ == "__main__":
    main(sys.argv[1])
