"""A function that branches, as a tree of paths: straight-line code for each way that Python's decisions went.

A path ends in the number of its first guard that does not hold. A call goes on from there to the path that decided
otherwise at that guard, and so shares all decisions before it; if there is none, the function is traced at the numbers
of the call, and the new path is added. What cannot be a path is done by the function itself.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from threading import Lock
from time import perf_counter
from typing import Any, NamedTuple

from autograd_core.compiler import tuning
from autograd_core.compiler.calling.arguments import Argument, Flat, Trace, build_samples, read
from autograd_core.compiler.codegen.convention import Numbers
from autograd_core.compiler.compiled import Compiled
from autograd_core.compiler.outside import Outside, outside_of
from autograd_core.compiler.partition import Unknown, run_batch
from autograd_core.engine.collector import collector_paused
from autograd_core.engine.guards import Guard, GuardedTracing
from autograd_core.engine.reals import as_float
from autograd_core.engine.strictness import lenient
from autograd_core.engine.traced import Tracing
from autograd_core.engine.value import Value, as_value
from autograd_core.errors import AutogradError, PathsWarning, TransformError
from autograd_core.transforms.function_call import explain_type_error
from autograd_core.transforms.trees import Tree

__all__ = ["Path", "Paths", "trace_at"]


class Path(NamedTuple):
    """What a trace at actual numbers left behind.

    Attributes:
        trace: the graph.
        guards: what Python decided.
        departure: the node that is the number of the first guard that does not hold; None without guards.
        seconds: how long it took.
    """

    trace: Trace
    guards: Sequence[Guard]
    departure: Any
    seconds: float


def trace_at(
    name: str, function: Callable[..., Any], arguments: Sequence[Argument], numbers: Sequence[float] | None
) -> Path | Outside:
    """Trace a function at numbers for all its inputs; without numbers it must not decide by them."""
    began = perf_counter()
    tracing = Tracing(name) if numbers is None else GuardedTracing(name)
    with collector_paused(), lenient(), tracing.going_on():
        samples, inputs = build_samples(arguments, tracing.input)
        if isinstance(tracing, GuardedTracing) and numbers is not None:
            tracing.give(inputs, numbers)
        try:
            result = function(*samples)
        except TypeError as error:
            explain_type_error(error)
            raise
        if result is None:
            raise TransformError(f"{name} returned None: does it lack a return statement?")
        tree = Tree(result, f"the result of {name}")
        trace = Trace(name, arguments, inputs, tree, [as_value(number) for number in tree.numbers])
        guards = tracing.guards if isinstance(tracing, GuardedTracing) else []
        outside = outside_of(inputs, [*trace.outputs, *(guard.holds for guard in guards)])
        if outside:
            return outside
        departure = tracing.departure() if isinstance(tracing, GuardedTracing) else None
    return Path(trace, guards, departure, perf_counter() - began)


def sample_of(arguments: Sequence[Argument], numbers: Numbers, place: int) -> list[float]:
    """The numbers of one sample of a batch, or of a point, for all inputs in order."""
    shared, columns = iter(numbers.shared), iter(numbers.columns)
    found: list[float] = []
    for structure, axis in arguments:
        for _ in range(structure.size):
            found.append(next(shared) if axis is None else float(next(columns)[place]))
    return found


def decisions(guards: Sequence[Guard]) -> tuple[Any, ...]:
    """What was asked, and what the answers were: the same for two traces that ran the same way."""
    return tuple((guard.question, int(guard.outcome)) for guard in guards)


class Paths:
    """All code for one structure of arguments; made by `Paths.of`.

    Attributes:
        root: the path that was found first.
        count: how many there are.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        arguments: Sequence[Argument],
        make: Callable[..., Compiled],
        limit: int,
        first: Path,
    ) -> None:
        self._name, self._function, self._arguments, self._make, self._limit = name, function, arguments, make, limit
        self._lock = Lock()
        self._warned = False
        self._departed: Counter[str] = Counter()
        self.count = 1
        self.root = self._compile(first)

    @classmethod
    def of(
        cls,
        name: str,
        function: Callable[..., Any],
        arguments: Sequence[Argument],
        args: Sequence[Flat],
        make: Callable[..., Compiled],
        limit: int,
    ) -> Paths | Outside:
        """Trace a function for the first time.

        Args:
            name: what an error calls the function.
            function: the function, of one sample.
            arguments: the structures of its arguments.
            args: the arguments of a call; it is traced at their numbers, or those of their first sample.
            make: makes the code of a trace, with `Compiled`'s arguments for paths.
            limit: how many paths there may be.

        Returns:
            The paths, or what the function depends on outside.
        """
        numbers = read(args, arguments, name)
        sample = None if numbers.columns and not numbers.samples else sample_of(arguments, numbers, 0)
        first = trace_at(name, function, arguments, sample)
        return first if isinstance(first, Outside) else cls(name, function, arguments, make, limit, first)

    def _compile(self, path: Path) -> Compiled:
        return self._make(
            path.trace, guards=path.guards, departure=path.departure, trace_seconds=path.seconds,
            general=self.run_flat if path.guards else None,
        )  # fmt: skip

    def __iter__(self) -> Iterator[Compiled]:
        """The paths, each after the one that it departs from."""
        pending = [self.root]
        while pending:
            path = pending.pop()
            yield path
            pending += reversed(path.branches.values())

    @property
    def reads_outside(self) -> bool:
        return any(path.reads_outside for path in self)

    def path_at(self, args: Sequence[Flat]) -> Compiled:
        """The path that a call takes."""
        shared, columns, _ = read(args, self._arguments, self._name)
        path = self.root
        if not path.guards or columns:
            return path
        while (at := path.attempt(shared)[0]) is not None:
            branch = path.branches.get(at) or self.explore(path, at, shared)
            if branch is None:
                return path
            path = branch
        return path

    def run_flat(self, args: Sequence[Flat]) -> Any:
        """Call it with arguments that are taken apart already."""
        if not self.root.guards:
            return self.root.run_flat(args)
        numbers = read(args, self._arguments, self._name)
        if any(argument.axis is not None for argument in self._arguments):
            return run_batch(self.root, Unknown(partial(sample_of, self._arguments), self.explore, self.eager), numbers)
        return self._run_point(numbers.shared)

    def _run_point(self, shared: Sequence[float]) -> Any:
        path = self.root
        while True:
            at, result = path.attempt(shared)
            if at is None:
                path.taken += 1
                return result
            branch = path.branches.get(at) or self.explore(path, at, shared)
            if branch is None:
                tree = self.eager(shared)
                return tree.build(tree.numbers)
            path = branch

    def eager(self, numbers: Sequence[float]) -> Tree:
        """What the function itself gives, at numbers for all its inputs, as floats like those of compiled code.

        It is called with Values, so that what it may do with a number is what it may do in a trace.
        """
        try:
            result = self._function(*self._built([*map(Value, numbers)]))
        except Exception as error:
            if not isinstance(error, AutogradError):
                self._raise_with_numbers(numbers, type(error))
            raise
        if result is None:
            raise TransformError(f"{self._name} returned None: does it lack a return statement?")
        tree = Tree(result, f"the result of {self._name}")
        tree.numbers = [x.data if isinstance(x, Value) else as_float(x) for x in tree.numbers]
        return tree

    def _raise_with_numbers(self, numbers: Sequence[float], kind: type[Exception]) -> None:
        """Raise what the function raises for plain numbers, if it is of that kind: its text has them."""
        try:
            self._function(*self._built(numbers))
        except kind as error:
            raise error from None
        except Exception:  # of what a float cannot do
            return

    def _built(self, numbers: Sequence[Any]) -> list[Any]:
        """The arguments of the function, of numbers for all its inputs."""
        samples, start = [], 0
        for structure, _ in self._arguments:
            samples.append(structure.build(numbers[start : start + structure.size]))
            start += structure.size
        return samples

    def explore(self, path: Compiled, at: int, numbers: Sequence[float]) -> Compiled | None:
        """The path that departs from `path` at guard `at`, and that these numbers take; None for the function itself.

        That is so where there are too many paths, where the function depends on a Value from outside, where it raises,
        and where rounding decides: the code of `path` says that the guard does not hold, the function that it does.
        """
        self._departed[path.guards[at].line] += 1
        if self.count >= self._limit:
            self._warn()
            return None
        try:
            traced = trace_at(self._name, self._function, self._arguments, numbers)
        except (AutogradError, KeyboardInterrupt, SystemExit):
            raise
        except Exception:
            return None  # the function raises it, with its numbers in the place of traced values
        if isinstance(traced, Outside) or decisions(traced.guards[: at + 1]) == decisions(path.guards[: at + 1]):
            return None
        made = self._compile(traced)
        with self._lock:
            known = path.branches.setdefault(at, made)
            self.count += known is made
        if known is made:
            made.depth = path.depth + 1
            if made.depth < tuning.CHAINED:
                path.lead(at, made)
        return known

    def _warn(self) -> None:
        if not self._warned:
            self._warned = True
            line, _ = self._departed.most_common(1)[0]
            warnings.warn(
                f"{self._name} has {self.count} paths, as many as max_paths allows: calls that take another one run "
                f"without compiled code; most paths part{line}: choose there with autograd_core.math.where, or with a "
                "loop of autograd_core, or give jit a larger max_paths",
                PathsWarning,
                stacklevel=2,
            )

    def __str__(self) -> str:
        return "\n".join(describe(self.root, 0))


def describe(path: Compiled, depth: int, since: int = 0) -> Iterator[str]:
    """The lines of the tree of `path`: its guards from `since` on, and at each the paths that part there."""
    indent = "  " * depth
    for number, guard in enumerate(path.guards):
        if number >= since:
            yield f"{indent}{guard}"
        if number in path.branches and number >= since:
            yield f"{indent}otherwise:"
            yield from describe(path.branches[number], depth + 1, number)
    yield f"{indent}taken {path.taken} times, {path.stats['instructions']} instructions"
