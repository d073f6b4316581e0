"""jit: a function of scalars, traced once, that runs as machine code from then on, for one point or a whole batch."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial, update_wrapper
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, overload

from autograd_core.compiler import tuning
from autograd_core.compiler.calling.binding import Binding, Call, whole
from autograd_core.compiler.program.elements import DOUBLE, element_of
from autograd_core.engine.portable import MadeOf
from autograd_core.errors import AutogradError, OperandTypeError, TransformError
from autograd_core.transforms.mapping import Mapped

if TYPE_CHECKING:
    from typing import Protocol, TypedDict, Unpack

    from autograd_core.compiler.calling.arguments import Flat
    from autograd_core.compiler.compiled import Compiled
    from autograd_core.compiler.paths import Paths

    class _Options(TypedDict, total=False):
        dtype: Any
        threads: int | None
        strict: bool
        static_argnums: int | Sequence[int]
        static_argnames: str | Sequence[str]
        max_paths: int
        cache: str | os.PathLike[str] | None

    class _Decorator(Protocol):
        def __call__(self, f: Callable[_P, Any], /) -> Jit[_P]: ...


__all__ = ["Jit", "jit"]

Axes = int | None | Sequence[int | None]
_P = ParamSpec("_P")


# With `in_axes` arrays take the places of the numbers that a function is written for, so its signature is another.
@overload
def jit(f: Callable[_P, Any], *, in_axes: None = ..., **options: Unpack[_Options]) -> Jit[_P]: ...
@overload
def jit(
    f: Callable[..., Any], *, in_axes: Axes = ..., reduce: str | None = ..., **options: Unpack[_Options]
) -> Jit[...]: ...
@overload
def jit(f: None = ..., *, in_axes: None = ..., **options: Unpack[_Options]) -> _Decorator: ...
@overload
def jit(
    f: None = ..., *, in_axes: Axes = ..., reduce: str | None = ..., **options: Unpack[_Options]
) -> Callable[[Callable[..., Any]], Jit[...]]: ...


def jit(
    f: Callable[..., Any] | None = None,
    *,
    in_axes: Axes = None,
    reduce: str | None = None,
    dtype: Any = "float64",
    threads: int | None = None,
    strict: bool = False,
    static_argnums: int | Sequence[int] = (),
    static_argnames: str | Sequence[str] = (),
    max_paths: int = tuning.PATHS,
    cache: str | os.PathLike[str] | None = None,
) -> Any:
    """Compile a function of scalars: it is traced at its first call, and runs as machine code from then on.

    The function is written for single numbers, with `autograd_core.math`, or is a derivative of such a function:
    ``jit(value_and_grad(f))``. Where Python decides by an argument (``if``, ``while``, ``max``, ``sorted``, ``int``, an
    index, …), the code is that of one path, with the decisions as guards; numbers that decide otherwise are traced
    anew, and the path is kept in a tree, `Jit.paths`. ``where``, ``maximum`` and their like choose within a path. Every
    other structure or shape of the arguments is traced anew; the code is kept for the 128 that were used last.

    Args:
        f: the function. Its arguments and result may be numbers, lists, tuples, dicts, named tuples, dataclasses and
            NumPy arrays of them. What it depends on beside its arguments is a part of the code, as it was when that was
            made. But where a gradient would pass to a Value from outside, it is called as it is, and gives Values; for
            a batch it raises. The number alone of such a Value, by ``stop_gradient``, is read at each call.
        in_axes: for a batch, the axis along which each argument is mapped, or None for one that all samples share; a
            single axis is that of all arguments. Mapped arguments are NumPy arrays, or trees of them with one axis.
            ``jit(vmap(f, in_axes))`` is the same.
        reduce: None for a result for each sample, along axis 0; ``"sum"`` or ``"mean"`` over the samples.
        dtype: ``"float32"`` for a batch in single precision: float32 arrays are read as they are, others converted,
            results are float32 arrays, and sums doubles. What branches or loops is computed in doubles, and rounded.
        threads: how many threads share a large batch; by default as many as there are processors. The result is the
            same at each call with the same number of threads.
        strict: give the bits of eager evaluation for + − × ÷ √ and comparisons. Otherwise a·b + c may be rounded once,
            so that a difference of two equal products need not be 0 (of consequence under a root or in a comparison),
            small whole powers are products, and a long sum of like terms may be added up in another order.
        static_argnums: the number, or numbers, of arguments that are not traced: counts, flags, names. Each new value
            is compiled anew.
        static_argnames: the same by the names of parameters.
        max_paths: how many paths are compiled, for each structure of arguments. Beyond, a call runs the function as it
            is, after one `PathsWarning`.
        cache: a folder in which machine code is kept, so that another process need not compile it again; by default
            that which ``AUTOGRAD_CORE_CACHE`` names in the environment, if it does.

    Returns:
        A function of the same arguments; without `f`, a decorator.

    Raises:
        TransformError: if an option does not fit; when called, if the arguments do not, or if a batch depends on a
            Value from outside.
        TraceError: when called, if the function asks for the number of a traced value as a float, or uses a value that
            an earlier call kept.

    >>> from autograd_core import grad, math
    >>> slope = jit(grad(lambda x: math.sin(x) * x))
    >>> round(slope(0.5), 12)
    0.918216819549
    """
    if isinstance(f, Mapped) and in_axes is None:
        in_axes, f = f.in_axes, f.f
    options = in_axes, reduce, threads, strict, static_argnums, static_argnames, max_paths, cache, dtype
    return Jit(f, *options) if f is not None else lambda function: Jit(function, *options)


class Jit(MadeOf, Generic[_P]):
    """A compiled function; see `jit`. It keeps one `Compiled` for each structure of arguments that it met.

    >>> f = jit(lambda x: x if x > 0.0 else -x)
    >>> f(2.0), f(-3.0), type(f).__name__
    (2.0, 3.0, 'Jit')
    """

    def __init__(
        self,
        f: Callable[..., Any],
        in_axes: Axes,
        reduce: str | None,
        threads: int | None,
        strict: bool,
        static_argnums: int | Sequence[int] = (),
        static_argnames: str | Sequence[str] = (),
        max_paths: int = tuning.PATHS,
        cache: str | os.PathLike[str] | None = None,
        dtype: Any = "float64",
    ) -> None:
        if not callable(f):
            raise OperandTypeError(f"jit wants a function, not {type(f).__name__}")
        if reduce not in (None, "sum", "mean"):
            raise TransformError(f"reduce is None, 'sum' or 'mean', not {reduce!r}")
        update_wrapper(self, f, updated=())
        self._f = f
        self._name = getattr(f, "__name__", type(f).__name__)
        self._axes: int | tuple[int | None, ...] | None
        if isinstance(in_axes, (tuple, list)):
            self._axes = tuple(None if axis is None else whole(axis, "in_axes") for axis in in_axes)
            self._is_batched = any(axis is not None for axis in self._axes)
        else:
            self._axes = None if in_axes is None else whole(in_axes, "in_axes")
            self._is_batched = in_axes is not None
        if reduce is not None and not self._is_batched:
            raise TransformError("reduce wants a batch: say in in_axes which arguments are mapped")
        self._reduce, self._element = reduce, element_of(dtype)
        if self._element is not DOUBLE and not self._is_batched:
            raise TransformError(f"dtype={self._element.name!r} wants a batch: say in in_axes what is mapped")
        if threads is not None and whole(threads, "threads") < 1:
            raise TransformError(f"threads is a count of 1 or more, not {threads}")
        self._threads = threads
        self._strict = strict
        if whole(max_paths, "max_paths") < 1:
            raise TransformError(f"max_paths is a count of 1 or more, not {max_paths}")
        self._max_paths = max_paths
        if cache is not None and not isinstance(cache, (str, os.PathLike)):
            raise TransformError(f"cache is the path of a folder, not {cache!r}")
        self._cache = None if cache is None else os.fspath(cache)
        self._binding = Binding(f, self._name, static_argnums, static_argnames)
        self._compiled: OrderedDict[Any, Paths | str] = OrderedDict()
        self._fast: Callable[..., Any] = self._dispatch

    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> Any:
        return self._dispatch(*args, **kwargs) if kwargs else self._fast(*args)

    def compile(self, *args: Any, **kwargs: Any) -> Compiled:
        """The compiled code for arguments of this structure; what they hold does not matter.

        Its ``function`` is the builtin for just these, to be called without any detour; ``graph``, ``program``, ``ir``,
        ``assembly`` and ``stats`` show each stage.

        Raises:
            OperandTypeError: if there is a Value among the arguments.
            TransformError: if it depends on a Value from outside, so that it is called as it is.
        """
        call = self._binding.bind(args, kwargs)
        from autograd_core.compiler.calling.arguments import flat, holds_values

        traced = flat(call.traced)
        if holds_values(traced):
            raise OperandTypeError(f"{self._name} is compiled for numbers, not for Values")
        paths = self._compile(call, traced)
        if isinstance(paths, str):
            raise TransformError(paths)
        return paths.path_at(traced)

    @property
    def paths(self) -> list[Paths]:
        """For each structure of arguments the tree of paths; print it for guards with their lines and counts."""
        return [paths for paths in list(self._compiled.values()) if not isinstance(paths, str)]

    def _compile(self, call: Call, args: Sequence[Flat]) -> Paths | str:
        """The code for a call; or why it cannot be code, but is left to the function as it is."""
        from autograd_core.compiler.calling.arguments import arguments_of, warn_of_many
        from autograd_core.compiler.outside import Outside
        from autograd_core.compiler.paths import Paths
        from autograd_core.compiler.traces import Function

        arguments = arguments_of(args, self._axes_of(len(call.args), set(call.static)), self._name)
        if self._is_batched and not any(argument.structure.size for argument in arguments if argument.axis is not None):
            raise TransformError(f"no argument of {self._name} holds a mapped array: how many samples are there?")
        key = (call.order, self._binding.static_key(call), tuple(argument.key for argument in arguments))
        known = self._compiled.get(key)
        if known is None:

            def function(*samples: Any) -> Any:
                return call.pass_to(self._f, samples)

            self._binding.check(call)
            warn_of_many(arguments, self._name)
            dispatch = None if call.names or call.static else self._dispatch
            source = Function(self._name, function, arguments)
            made = Paths.of(source, args, self._code_maker(dispatch), self._max_paths)
            new = f"{self._name} depends on {made.describe()}" if isinstance(made, Outside) else made
            if isinstance(new, str) and self._is_batched:
                raise TransformError(new)
            if isinstance(made, Outside) and made.traced:
                return new  # in this call, but not in one from elsewhere
            # of two threads that make it at once, the first one's is used by both
            known = self._compiled.setdefault(key, new)
        self._keep_latest(key)
        return known

    def _keep_latest(self, key: Any) -> None:
        """Of many structures, forget the code of the one whose last use was longest ago."""
        with suppress(KeyError):  # another thread has just forgotten it
            self._compiled.move_to_end(key)
        while len(self._compiled) > tuning.STRUCTURES:
            with suppress(KeyError):  # or the last of them
                self._compiled.popitem(last=False)

    def _code_maker(self, dispatch: Any) -> Callable[..., Compiled]:
        """What makes code with these options."""
        from autograd_core.compiler.compiled import Compiled

        return partial(
            Compiled, is_batched=self._is_batched, reduce=self._reduce, threads=self._threads, strict=self._strict,
            fallback=dispatch, cache=self._cache, element=self._element,
        )  # fmt: skip

    def _axes_of(self, given: int, static: set[int]) -> list[int | None]:
        if self._axes is None or isinstance(self._axes, int):
            axes: list[int | None] = [self._axes] * given
        elif len(self._axes) == given:
            axes = list(self._axes)
        else:
            raise TransformError(
                f"in_axes has {len(self._axes)} entries, but {self._name} was called with {given} arguments"
            )
        return [axis for number, axis in enumerate(axes) if number not in static]

    def _dispatch(self, *args: Any, **kwargs: Any) -> Any:
        from autograd_core.compiler.calling.arguments import flat, holds_values

        call = self._binding.bind(args, kwargs)
        traced = flat(call.traced)
        if holds_values(traced):
            if self._is_batched:
                raise OperandTypeError(
                    f"{self._name} is mapped over arrays of numbers, and got a Value: "
                    "differentiate first, then compile, as in jit(grad(f), in_axes=...)"
                )
            return self._f(*args, **kwargs)
        paths: Paths | str
        failure = None
        try:
            paths = self._compile(call, traced)
        except AutogradError:
            raise
        except Exception as error:
            failure = error
        if failure is not None:
            if not self._is_batched:
                self._f(*args, **kwargs)  # raises it too, but speaks of numbers instead of traced values
            raise failure
        if isinstance(paths, str):
            return self._f(*args, **kwargs)
        if paths.reads_outside and self._is_traced():
            return self._f(*args, **kwargs)
        compiled = paths.root
        # a builtin takes as long to make as a kernel, so one that is not there is made for what is called again
        if kwargs or call.static or not (compiled.has_run or compiled.backend.has_builtin):
            return paths.run_flat(traced)
        function = compiled.function
        if self._fast is function or function == compiled.run:
            return paths.run_flat(traced)
        self._fast = function  # a builtin, which comes back here with what it does not take
        # one with guards comes back with numbers that take a path that is not known
        return paths.run_flat(traced) if compiled.guards else function(*args)

    def _is_traced(self) -> bool:
        """Whether a trace around this call would keep the numbers from outside as they are now."""
        from autograd_core.engine.tracing import Tracing

        if Tracing.is_under_way() and self._is_batched:
            raise TransformError(f"{self._name} reads a Value from outside inside a trace: pass it as an argument")
        return Tracing.is_under_way()

    def __get__(self, instance: Any, owner: Any = None) -> Jit[_P]:
        if instance is None:
            return self
        raise TransformError(f"{self._name} is a method: compile it for each object, as in self.f = jit(self.f)")

    @property
    def _options(self) -> tuple[Any, ...]:
        options = self._axes, self._reduce, self._threads, self._strict, *self._binding.static
        return *options, self._max_paths, self._cache, self._element.name

    def _recipe(self) -> Any:
        return Jit, self._f, self._options

    def __repr__(self) -> str:
        return f"<jit of {self._name}>"
