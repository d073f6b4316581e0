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
from threading import RLock
from typing import Any

from autograd_core.compiler import tuning
from autograd_core.compiler.calling.arguments import Flat, flat_alike, read
from autograd_core.compiler.compiled import Compiled
from autograd_core.compiler.merged import Merged, is_worth_merging
from autograd_core.compiler.outside import Outside
from autograd_core.compiler.partition import Unknown, run_batch
from autograd_core.compiler.traces import Path, Source, decisions, sample_of
from autograd_core.engine.collector import collector_paused
from autograd_core.engine.locks import alone
from autograd_core.errors import AutogradError, LoopError, PathsWarning

__all__ = ["Paths", "taken"]


class Paths:
    """All code for one structure of arguments; made by `Paths.of`.

    Attributes:
        root: the path that was found first.
        count: how many there are.
    """

    def __init__(self, source: Source, make: Callable[..., Compiled], limit: int, first: Path) -> None:
        self._source, self._make, self._limit = source, make, limit
        self._name, self._arguments = source.name, source.arguments
        self._lock = RLock()
        self._warned = False
        self._departed: Counter[str] = Counter()
        self.count = 1
        self._merged: tuple[int, Merged | None] = 0, None
        self._is_settled = False
        self.root = self._compile(first)
        self._instructions = int(self.root.stats["instructions"])

    @classmethod
    def of(cls, source: Source, args: Sequence[Flat], make: Callable[..., Compiled], limit: int) -> Paths | Outside:
        """Trace what is to be compiled for the first time.

        Args:
            source: what is traced.
            args: the arguments of a call; it is traced at their numbers, or those of their first sample.
            make: makes the code of a trace, with `Compiled`'s arguments for paths.
            limit: how many paths there may be.

        Returns:
            The paths, or what the function depends on outside.
        """
        numbers = read(args, source.arguments, source.name)
        sample = None if numbers.columns and not numbers.samples else sample_of(source.arguments, numbers, 0)
        with collector_paused():  # once for all that is made, which it would look through at the end of each part
            first = source.trace(sample)
            return first if isinstance(first, Outside) else cls(source, make, limit, first)

    def _compile(self, path: Path) -> Compiled:
        with collector_paused():
            return self._make(
                path.trace, guards=path.guards, departure=path.departure, answer=path.answer,
                trace_seconds=path.seconds, general=self.run_flat if path.guards else None, order=path.order,
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

    def run(self, *args: Any) -> Any:
        """Call it with arguments of this structure.

        Raises:
            TransformError: if they have another one.
        """
        return self.run_flat(flat_alike(args, self._arguments, self._name))

    def run_flat(self, args: Sequence[Flat]) -> Any:
        """Call it with arguments that are taken apart already."""
        if not self.root.guards:
            return self.root.run_flat(args)
        numbers = read(args, self._arguments, self._name)
        if any(argument.axis is not None for argument in self._arguments):
            return run_batch(
                self.root,
                self._merged_code(),
                Unknown(partial(sample_of, self._arguments), self.explore, self._source.eager),
                numbers,
            )
        return self._run_point(numbers.shared)

    def _merged_code(self) -> Merged | None:
        """All paths in one code, once a batch found no new one; None where that is not worth it.

        Nor for sums: theirs would be others from then on, in the last bits.
        """
        if self.root.reduce is not None:
            return None
        count, code = self._merged
        if count != self.count:
            self._merged, self._is_settled = (self.count, None), False
        elif not self._is_settled:
            self._is_settled = True
            paths = list(self)
            same = all(path.result.key == self.root.result.key for path in paths)
            code = Merged(paths) if same and is_worth_merging(paths) else None
            self._merged = count, code
        return self._merged[1]

    def _run_point(self, shared: Sequence[float]) -> Any:
        path = self.root
        path.has_run = True
        while True:
            at, result = path.attempt(shared)
            if at is None:
                path.taken += 1
                return result
            branch = path.branches.get(at) or self.explore(path, at, shared)
            if branch is None:
                tree = self._source.eager(shared)
                return tree.build(tree.numbers)
            path = branch

    def explore(self, path: Compiled, at: int, numbers: Sequence[float]) -> Compiled | None:
        """The path that departs from `path` at guard `at`, and that these numbers take; None for the function itself.

        That is so where there are too many paths, where the function depends on a Value from outside, where it raises,
        and where rounding decides: the code of `path` says that the guard does not hold, the function that it does.
        """
        if path.guards[at].exceeded:
            raise LoopError(path.guards[at].exceeded)
        self._departed[path.guards[at].line] += 1
        if self.count >= self._limit or self._instructions >= tuning.PATHS_INSTRUCTIONS:
            self._warn()
            return None
        try:
            traced = self._source.trace(numbers)
        except (AutogradError, KeyboardInterrupt, SystemExit):
            raise
        except Exception:
            return None  # the function raises it, with its numbers in the place of traced values
        if isinstance(traced, Outside) or decisions(traced.guards[: at + 1]) == decisions(path.guards[: at + 1]):
            return None
        if len(traced.guards) <= at or decisions(traced.guards[:at]) != decisions(path.guards[:at]):
            return None  # the function does not do the same each time
        decision = traced.guards[at].decision
        if (other := path.branch(at, decision)) is not None:
            return other
        made = self._compile(traced)

        def grow() -> tuple[Compiled, Compiled]:
            parent = path
            while (other := parent.branches.get(at)) is not None and other.guards[at].decision != decision:
                parent = other
            known = parent.branches.setdefault(at, made)
            if known is made:
                self.count += 1
                self._instructions += int(made.stats["instructions"])
            return parent, known

        path, known = alone(self._lock, grow)
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
                f"{self._name} has {self.count} paths, of {self._instructions} instructions, and no more are compiled "
                f"(max_paths): calls that take another one run without compiled code; most paths part{line}: choose "
                "there with autograd_core.math.where, maximum or minimum",
                PathsWarning,
                stacklevel=2,
            )

    def __repr__(self) -> str:
        return f"Paths({self.count} of {self._name})"

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
    yield f"{indent}{taken(path)}, {path.stats['instructions']} instructions"


def taken(path: Compiled) -> str:
    """How often a path was taken, in words."""
    if not path.guards:
        return "always taken"
    return "taken once" if path.taken == 1 else f"taken {path.taken} times"
