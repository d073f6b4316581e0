"""The compiler: a traced graph as native code. It imports `transforms.trees` and what is above that.

A function is called on traced values (`autograd_core.engine.traced`). The graph that this leaves behind becomes
straight-line code (`program`), that becomes text (`codegen`), the text machine code (`machine`), and arguments and
results find their way in and out (`calling`). `backends` has the kinds of code there are, `compiled` one trace as code,
`jit_function` what a user calls, `graph_compile` the same for a recorded graph. `tuning` has all that was found by
measurement.
"""

from collections.abc import Callable
from typing import Any

from autograd_core.compiler import graph_compile  # noqa: F401  # it gives Graph its method
from autograd_core.compiler.jit_function import Jit, jit

__all__ = ["Jit", "c_callable", "jit", "to_c"]


def to_c(f: Callable[..., Any], *args: Any, name: str = "", gradient: bool = True) -> str:
    """The text of a C99 file with `f` as a function; see `autograd_core.compiler.export.to_c`.

    >>> text = to_c(lambda x: x * x, 1.0, name="square")
    >>> "void square_gradient(const double *x, double *y)" in text
    True
    """
    from autograd_core.compiler import export  # what it needs takes a while to import

    return export.to_c(f, *args, name=name, gradient=gradient)


def c_callable(f: Callable[..., Any], *args: Any) -> Any:
    """`f` as functions of C in this process; see `autograd_core.compiler.callables.make_c_callable`.

    >>> square = c_callable(lambda x: x * x, 1.0)
    >>> square.scalar(3.0)
    9.0
    """
    from autograd_core.compiler.machine import host

    host.llvm()  # says what is missing
    from autograd_core.compiler.callables import make_c_callable

    return make_c_callable(f, *args)
