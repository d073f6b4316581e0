"""NumPy's functions on Values: the primitive of the table where NumPy's own loop over objects would not do.

NumPy takes `maximum`, `minimum`, `clip` and `sign` of objects by comparing them, which hides a nan and gives a tie to
one side; for some others it has no loop over objects, or calls a method of the first operand, which may be a float.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import cache
from typing import Any

from autograd_core import math
from autograd_core.engine.methods import method_of
from autograd_core.engine.value import TABLE, Value
from autograd_core.errors import AutogradError, OperandTypeError

__all__ = ["apply_function", "apply_ufunc"]

_COMPARISONS: dict[str, Callable[..., Any]] = {
    "equal": operator.eq, "greater": operator.gt, "greater_equal": operator.ge, "less": operator.lt,
    "less_equal": operator.le, "not_equal": operator.ne,
}  # fmt: skip
_OWN: dict[str, Callable[..., Any]] = _COMPARISONS | {
    "arctan2": math.atan2, "clip": math.clip, "copysign": math.copysign, "divmod": divmod, "float_power": math.pow,
    "fmax": math.maximum, "fmin": math.minimum, "fmod": math.fmod, "frexp": math.frexp, "heaviside": math.heaviside,
    "hypot": math.hypot, "isfinite": math.isfinite, "isinf": math.isinf, "isnan": math.isnan,
    "ldexp": lambda x, i: math.ldexp(x, int(i) if i == i // 1 else i), "logaddexp": math.logaddexp,
    "logaddexp2": math.logaddexp2, "maximum": math.maximum, "minimum": math.minimum, "modf": math.modf,
    "sign": math.sign,
}  # fmt: skip
_ELSEWHERE = {
    "expit": "activations.sigmoid", "gammaln": "math.lgamma", "log_expit": "activations.log_sigmoid",
    "psi": "math.digamma",
}  # fmt: skip
"""What SciPy's functions are called here, where the name is another one."""


@cache
def _elementwise(ufunc: Any) -> Any:
    import numpy as np

    return np.frompyfunc(_OWN[ufunc.__name__], ufunc.nin, ufunc.nout)


@method_of(Value, "__array_ufunc__")
def apply_ufunc(value: Value, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    """What ``Value.__array_ufunc__`` gives: the ufunc over all elements, with NumPy's broadcasting.

    Raises:
        OperandTypeError: if the ufunc computes with floats only, or would write to floats or to a Value.
    """
    import numpy as np

    name, written = ufunc.__name__, options.get("out", ())
    _check_targets(name, inputs[:1] if method == "at" else written, into_objects=method == "at")
    kept = 2 if method in ("at", "reduceat") else 0  # an array, and places in it
    operands = [*inputs[:kept], *map(_operand, inputs[kept:])]
    if name in _OWN and method in ("__call__", "at", "outer") and not (name in _COMPARISONS and written):
        ufunc = _elementwise(ufunc)
    try:
        with np.errstate(all="ignore"):  # an infinity or a nan is a value here as everywhere in this package
            result = getattr(ufunc, method)(*operands, **options)
    except TypeError as error:
        if isinstance(error, AutogradError):
            raise
        if "Cannot cast" in str(error):
            _check_targets(name, written, into_objects=True)
        if "not supported for the input types" not in str(error):
            raise
        known = f"math.{name}" if name in math.__all__ else _ELSEWHERE.get(name)
        raise OperandTypeError(
            f"{name}() computes with floats only, and got a Value: "
            + (f"use autograd_core.{known}" if known else "write it with autograd_core.math")
            + ", or give it a derivative with custom_derivatives; v.data is the plain number"
        ) from error
    if name in _COMPARISONS and method in ("__call__", "outer") and not written:
        return _as_booleans(result)
    return result


def _check_targets(name: str, targets: Any, *, into_objects: bool) -> None:
    """Raise if a ufunc is to write to something that takes no Values."""
    for target in targets:
        if isinstance(target, Value):
            raise OperandTypeError(f"np.{name} cannot write to a Value: use what it returns")
        if into_objects and target.dtype.kind != "O":
            raise OperandTypeError(
                f"np.{name} cannot write Values into an array of {target.dtype}: "
                "make it with dtype=object, as in np.zeros(n, dtype=object)"
            )


def _operand(operand: Any) -> Any:
    import numpy as np

    if isinstance(operand, Value):
        array = np.empty((), dtype=object)
        array[()] = operand
        return array
    array = np.asarray(operand)
    # also a longdouble, which as an object would ask here again, without end
    return array.astype(float) if array.dtype.kind in "biuf" else array


def _as_booleans(result: Any) -> Any:
    """Bools as NumPy has them; conditions that are traced stay as they are."""
    import numpy as np

    array = np.asarray(result, dtype=object)
    return result if _holds_values(array) else array.astype(bool)[()]


def _holds_values(array: Any) -> bool:
    return array.dtype == object and any(isinstance(each, Value) for each in array.flat)


@method_of(Value, "__array_function__")
def apply_function(value: Value, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """What ``Value.__array_function__`` gives: NumPy's own function, which goes on to ufuncs and to methods of Value.

    Raises:
        OperandTypeError: if the function computes with floats only.
    """
    import numpy as np

    name = function.__name__
    if name == "sinc":
        return math.sinc(*args, **kwargs)
    if name == "where" and len(args) == 3 and _holds_values(_operand(args[0])):  # whose truth NumPy would ask for
        return math.where(args[0], *map(_operand, args[1:]))
    if not all(issubclass(kind, (Value, np.ndarray)) for kind in types):
        return NotImplemented
    try:
        return np.empty(0).__array_function__(function, (), args, kwargs)  # as if there were no Value
    except OperandTypeError as error:
        raise OperandTypeError(f"np.{name} of a Value: {error}") from error


def _reduction(name: str, ufunc: str) -> None:
    row = TABLE[name]

    @method_of(Value, name)
    def reduce(value: Value, *others: Any, **options: Any) -> Any:
        options = {option: given for option, given in options.items() if given is not None}
        if not options:
            return row(value, *others)  # type: ignore[operator]  # every row of the table is a Primitive
        import numpy as np

        return getattr(np, ufunc).reduce(value, **options)

    reduce.__doc__ = row.__doc__


_reduction("sum", "add")
_reduction("prod", "multiply")


@method_of(Value, "as_integer_ratio")
def _refuse_ratio(value: Value) -> tuple[int, int]:
    """Refused: `statistics` and `Fraction`, which ask for it, would drop the gradient."""
    raise OperandTypeError(
        "an exact ratio (statistics, Fraction) would drop the gradient of a Value: use sum(xs) / len(xs), or an array, "
        "as in np.array(xs).std(ddof=1); v.data is the plain number"
    )


@method_of(Value, "clip")
def _clip_value(value: Value, lo: Any = None, hi: Any = None, out: None = None) -> Any:
    """x, but at least lo and at most hi; None for no bound."""
    return math.clip(value, -math.inf if lo is None else lo, math.inf if hi is None else hi)
