"""The numbers that the loops of the benchmarks go through."""

from __future__ import annotations

import numpy as np

_RNG = np.random.default_rng(0)
NORMALS = _RNG.normal(size=252)
OBSERVED = (_RNG.uniform(size=500) > 0.2).astype(float)
SERIES = np.where(OBSERVED > 0.0, np.cumsum(0.3 * _RNG.normal(size=500)) + 0.7 * _RNG.normal(size=500), 0.0)
TIMES = np.linspace(0.0, 4.0, 20).tolist()
DATA = [2.5 * float(np.exp(-1.3 * t)) + 0.05 * float(_RNG.normal()) for t in TIMES]
