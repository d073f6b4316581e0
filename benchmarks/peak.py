"""The kernel of the network beside this processor's own peak: a loop of fused multiply-adds on registers.

Times are the processor's, of all threads together.

pip install -e ".[compile]"
python benchmarks/peak.py
"""

from __future__ import annotations

import ctypes
import re
import time
from collections import Counter
from functools import partial
from itertools import pairwise

from common import SIZES, seconds_per_call
from rows import moons

from autograd_core.compiler.machine import host
from autograd_core.compiler.machine.code import Code

CHAINS = 12
"""Sums side by side: as many as a processor has under way, with room for what is added."""
TURNS = 100_000


def loop(width: int) -> str:
    """A function that adds to `CHAINS` vectors again and again."""
    kind, chains = f"<{width} x double>", range(CHAINS)
    fma = f"llvm.fma.v{width}f64"
    lines = [
        f"declare {kind} @{fma}({kind}, {kind}, {kind})",
        "define void @peak(ptr %numbers, i64 %turns) {\nentry:",
        f"  %x = load {kind}, ptr %numbers, align 8",
        "  br label %turn\nturn:\n  %i = phi i64 [ 0, %entry ], [ %next, %turn ]",
        *(f"  %a{k} = phi {kind} [ zeroinitializer, %entry ], [ %b{k}, %turn ]" for k in chains),
        *(f"  %b{k} = call {kind} @{fma}({kind} %x, {kind} %x, {kind} %a{k})" for k in chains),
        "  %next = add i64 %i, 1\n  %more = icmp slt i64 %next, %turns\n  br i1 %more, label %turn, label %done\ndone:",
        *(f"  store {kind} %b{k}, ptr %numbers, align 8" for k in chains),
        "  ret void\n}",
    ]
    return "\n".join(lines)


def peak() -> float:
    """Floating-point operations in a second."""
    width = host.vector_width()
    code, numbers = Code(loop(width), host.Tier(0, 2)), (ctypes.c_double * width)()
    function = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(code.address("peak"))
    return 2 * width * CHAINS * TURNS / seconds_per_call(partial(function, numbers, TURNS), repeats=15)


def main() -> None:
    weights = [nin * nout for nin, nout in pairwise(SIZES)]
    # forward, the slopes of all layers but the first, and the gradient
    needed = 2 * (sum(weights) + sum(weights[1:]) + sum(weights))
    best = peak()
    print(f"peak {best / 1e9:.1f} GFLOP/s, vectors of {host.vector_width()}; the network needs {needed} a sample\n")
    work = {}
    for name, work in moons.autograd_core().items():
        parameters, points, labels = work.arguments
        seconds = seconds_per_call(work.call, work.arguments, repeats=15, clock=time.process_time, least=0.02)
        speed = needed * len(labels) / seconds
        print(f"{name}: {speed / 1e9:.1f} GFLOP/s, {speed / best:.0%} of the peak")
    text = work.call.compile(parameters, points, labels).assembly
    counts = Counter(re.findall(r"^\t(vf\w*madd|vbroadcast|vblend|[a-z]+)(?=.*mm)", text, re.MULTILINE))
    print("\nits instructions on vectors: " + ", ".join(f"{count} {name}" for name, count in counts.most_common(8)))


if __name__ == "__main__":
    main()
