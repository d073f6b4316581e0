"""A Monte-Carlo price with Greeks, over the processes of a cluster.

The payoff of a down-and-out call depends on all prices of a path. It is written for one path; jit makes of it the sum
of values and derivatives over a block of paths, in one kernel. Dask maps that over the blocks: the function travels by
itself, is compiled once by each worker, and where a worker dies its blocks are done again by another one. Each block
has random numbers of its own, and the blocks are added up in order, so the result has the same bits everywhere.

    pip install 'autograd-core[cluster]'
    python docs/monte_carlo_on_a_cluster.py --workers 2
"""

from __future__ import annotations

import argparse
import os
import signal
import threading
from typing import Any

import numpy as np

from autograd_core import jit, math, scan, value_and_grad

STEPS, PATHS = 64, 4096  # of a path; in a block
STRIKE, BARRIER, RATE = 100.0, 85.0, 0.03


def payoff(market: Any, normals: Any) -> Any:
    """The discounted payoff on one path, from the price and the volatility at the beginning."""
    s0, sigma = market
    dt = 1.0 / STEPS

    def day(state: Any, z: Any) -> Any:
        s, lowest = state
        s = s * math.exp((RATE - 0.5 * sigma * sigma) * dt + sigma * dt**0.5 * z)
        return (s, math.minimum(lowest, s)), None

    (s, lowest), _ = scan(day, (s0, s0), normals)
    return math.where(lowest > BARRIER, math.exp(-RATE) * math.maximum(s - STRIKE, 0.0), 0.0)


block_sum = jit(value_and_grad(payoff), in_axes=(None, 0), reduce="sum", threads=1)


def estimate(blocks: Any) -> Any:
    """For each number of a block the sums of payoff, delta and vega over its paths."""
    rows = []
    for number in np.ravel(blocks).tolist():
        normals = np.random.Generator(np.random.Philox(key=int(number))).normal(size=(PATHS, STEPS))
        value, (delta, vega) = block_sum((100.0, 0.2), normals)
        rows.append([value, delta, vega])
    return np.array(rows)


def in_one_process(blocks: int) -> Any:
    return estimate(np.arange(blocks)).sum(axis=0) / (blocks * PATHS)


def on_a_cluster(blocks: int, workers: int, kill_after: float | None = None) -> Any:
    """The same over processes; one of them is killed on the way if that is asked for."""
    import dask.array as da
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        numbers = da.arange(blocks, chunks=1)
        rows = numbers.map_blocks(estimate, dtype=float, new_axis=1, chunks=((1,) * blocks, (3,)))
        if kill_after is not None:
            pid = min(client.run(os.getpid).values())
            threading.Timer(kill_after, os.kill, (pid, signal.SIGKILL)).start()
        return np.asarray(client.compute(rows).result()).sum(axis=0) / (blocks * PATHS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=64)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kill-after", type=float, metavar="SECONDS", help="kill a worker after so long")
    options = parser.parse_args()
    alone = in_one_process(options.blocks)
    together = on_a_cluster(options.blocks, options.workers, options.kill_after)
    price, delta, vega = together.tolist()
    print(f"price {price:.4f}, delta {delta:.4f}, vega {vega:.4f}")
    print("the bits of one process" if np.array_equal(alone, together) else f"one process gives {alone}")


if __name__ == "__main__":
    main()
