"""The same program gives the same bits, in any process and with any hash seed."""

import os
import subprocess
import sys

PROGRAM = """
import random
from autograd_core import Graph, Value, gradients
from autograd_core import math as m

rng = random.Random(7)
xs = [Value(rng.uniform(-1, 1)) for _ in range(10)]
pool = list(xs)
for _ in range(400):
    a, b = rng.choice(pool), rng.choice(pool)
    pool.append(rng.choice([lambda: a * b, lambda: a - b, lambda: m.sin(a) / (2 + m.cos(b)), lambda: m.tanh(a + b),
                            lambda: m.sum([a, b, a]), lambda: m.maximum(a, b)])())
y = m.sum(pool[-50:])
y.backward()
slopes = gradients(y, xs[:3])
m.sum(slopes).backward()
print(*(x.grad.hex() for x in xs), y.data.hex(), *(s.data.hex() for s in slopes))
print(*(hash(node.data) for node in Graph(y).nodes))
"""


def test_same_bits_in_fresh_processes():
    outputs = set()
    for seed in ("0", "1", "2", "12345", "random"):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True,
            text=True, check=True,
        )  # fmt: skip
        outputs.add(done.stdout)
    assert len(outputs) == 1
    assert "0x1." in outputs.pop()
