"""What all contenders of the loops share: the numbers that they go through, and the step of an integrator."""

from __future__ import annotations

from typing import Any

import numpy as np

_RNG = np.random.default_rng(0)
NORMALS = _RNG.normal(size=252)
OBSERVED = (_RNG.uniform(size=500) > 0.2).astype(float)
SERIES = np.where(OBSERVED > 0.0, np.cumsum(0.3 * _RNG.normal(size=500)) + 0.7 * _RNG.normal(size=500), 0.0)
TIMES = np.linspace(0.0, 4.0, 20).tolist()
DATA = [2.5 * float(np.exp(-1.3 * t)) + 0.05 * float(_RNG.normal()) for t in TIMES]


def dormand_prince(slope: Any, x: Any, v: Any, h: Any) -> Any:
    """A step of order 5, and how far order 4 is off, over h."""
    a1, b1 = slope(x, v)
    a2, b2 = slope(x + h * (a1 / 5), v + h * (b1 / 5))
    a3, b3 = slope(x + h * (3 / 40 * a1 + 9 / 40 * a2), v + h * (3 / 40 * b1 + 9 / 40 * b2))
    a4, b4 = slope(
        x + h * (44 / 45 * a1 - 56 / 15 * a2 + 32 / 9 * a3), v + h * (44 / 45 * b1 - 56 / 15 * b2 + 32 / 9 * b3)
    )
    a5, b5 = slope(
        x + h * (19372 / 6561 * a1 - 25360 / 2187 * a2 + 64448 / 6561 * a3 - 212 / 729 * a4),
        v + h * (19372 / 6561 * b1 - 25360 / 2187 * b2 + 64448 / 6561 * b3 - 212 / 729 * b4),
    )
    a6, b6 = slope(
        x + h * (9017 / 3168 * a1 - 355 / 33 * a2 + 46732 / 5247 * a3 + 49 / 176 * a4 - 5103 / 18656 * a5),
        v + h * (9017 / 3168 * b1 - 355 / 33 * b2 + 46732 / 5247 * b3 + 49 / 176 * b4 - 5103 / 18656 * b5),
    )
    new_x = x + h * (35 / 384 * a1 + 500 / 1113 * a3 + 125 / 192 * a4 - 2187 / 6784 * a5 + 11 / 84 * a6)
    new_v = v + h * (35 / 384 * b1 + 500 / 1113 * b3 + 125 / 192 * b4 - 2187 / 6784 * b5 + 11 / 84 * b6)
    a7, b7 = slope(new_x, new_v)
    off_x = 71 / 57600 * a1 - 71 / 16695 * a3 + 71 / 1920 * a4 - 17253 / 339200 * a5 + 22 / 525 * a6 - a7 / 40
    off_v = 71 / 57600 * b1 - 71 / 16695 * b3 + 71 / 1920 * b4 - 17253 / 339200 * b5 + 22 / 525 * b6 - b7 / 40
    return new_x, new_v, off_x, off_v
