"""NumPy's ufuncs on Values: the primitive of the table where NumPy's own loop over objects would not do.

NumPy takes `maximum`, `minimum` and `sign` of objects by comparing them, which hides a nan and gives a tie to one
side; for some others it has no loop over objects, or calls a method of the first operand, which may be a float.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from autograd_core import math
from autograd_core.engine.methods import method_of
from autograd_core.engine.value import Value

__all__ = ["apply_ufunc"]

_OWN: dict[str, Callable[..., Any]] = {
    "arctan2": math.atan2, "copysign": math.copysign, "divmod": divmod, "float_power": math.pow,
    "fmax": math.maximum, "fmin": math.minimum, "fmod": math.fmod, "hypot": math.hypot, "isfinite": math.isfinite,
    "isinf": math.isinf, "isnan": math.isnan, "logaddexp": math.logaddexp, "maximum": math.maximum,
    "minimum": math.minimum, "modf": math.modf, "sign": math.sign,
}  # fmt: skip


@cache
def _elementwise(ufunc: Any) -> Any:
    import numpy as np

    return np.frompyfunc(_OWN[ufunc.__name__], ufunc.nin, ufunc.nout)


@method_of(Value, "__array_ufunc__")
def apply_ufunc(value: Value, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    """What ``Value.__array_ufunc__`` gives: the ufunc over all elements, with NumPy's broadcasting."""
    import numpy as np

    arrays = []
    for operand in inputs:
        if isinstance(operand, Value):
            array = np.empty((), dtype=object)
            array[()] = operand
        else:
            array = np.asarray(operand)
            if array.dtype.kind in "biuf":
                array = array.astype(float)  # also a longdouble, which as an object would ask here again, without end
        arrays.append(array)
    if method == "__call__" and ufunc.__name__ in _OWN:
        ufunc = _elementwise(ufunc)
    with np.errstate(all="ignore"):  # an infinity or a nan is a value here as everywhere in this package
        return getattr(ufunc, method)(*arrays, **options)
