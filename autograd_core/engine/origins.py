"""Where nodes come from: scopes, which group them under a name, and the lines of source that made them.

Both are noted at a node only while a block asks for it, on the thread or task that entered the block; `value` makes
nodes without a look at any of this while there is no such block in the process.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple, TypeVar, cast, overload

from autograd_core.engine.blocks import Block, Blocks
from autograd_core.engine.callers import Line, caller
from autograd_core.engine.methods import property_of
from autograd_core.engine.reals import describe
from autograd_core.engine.value import Value, note_new_nodes
from autograd_core.errors import CallError

__all__ = ["Origin", "Scope", "current_scope", "is_noting", "record_lines", "scope"]

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Scope:
    """One time that a `scope` was entered.

    Args:
        name: the name that was given.
        outer: the scope around it.

    >>> Scope("neuron 2", outer=Scope("layer 1"))
    Scope('layer 1/neuron 2')
    """

    __slots__ = ("name", "outer")

    def __init__(self, name: str, outer: Scope | None = None) -> None:
        self.name, self.outer = name, outer

    @property
    def chain(self) -> tuple[Scope, ...]:
        """The scopes from the outermost to this one."""
        found: list[Scope] = []
        here: Scope | None = self
        while here is not None:
            found.append(here)
            here = here.outer
        return tuple(reversed(found))

    @property
    def path(self) -> str:
        """The names from the outermost scope to this one, with ``/`` between them."""
        return "/".join(each.name for each in self.chain)

    def __repr__(self) -> str:
        return f"Scope({self.path!r})"


class Origin(NamedTuple):
    """What was noted at a node: the scope that it was made in, and the user's line that made it; or None."""

    scope: Scope | None
    line: Line | None = None


class _Noting(NamedTuple):
    """What a block says: the scope in it, and whether lines are recorded."""

    scope: Scope | None
    lines: bool


class _ScopeBlock(Block):
    """The block of a scope, which decorates functions too."""

    __slots__ = ("_name",)

    def __init__(self, name: str, block: Block) -> None:
        self._owned, self._seen = block._owned, block._seen
        block._owned = None
        self._name = name

    def __call__(self, function: _Function) -> _Function:
        return cast(_Function, _scoped(function, self._name))


@overload
def scope(name: str) -> _ScopeBlock: ...
@overload
def scope(name: _Function) -> _Function: ...
def scope(name: Any) -> Any:
    """Within the block, nodes belong to a scope of this name, inside of the scope around it.

    Pictures draw scopes as clusters, and errors and explanations name them. ``@scope("name")``, or ``@scope`` for the
    function's own name, puts each call of a function into a scope. Nothing costs outside of such blocks. The layers
    and neurons of `autograd_core.nn` are scopes without being asked.

    Args:
        name: any text.

    Raises:
        CallError: for a name that is no text.

    >>> with scope("layer 1"), scope("neuron 2"):
    ...     y = Value(1.0).tanh()
    >>> y.scope
    Scope('layer 1/neuron 2')
    >>> @scope
    ... def loss(x):
    ...     return x * x
    >>> loss(y).scope.name
    'loss'
    """
    if callable(name) and not isinstance(name, str):
        return _scoped(name, getattr(name, "__name__", type(name).__name__))
    if not isinstance(name, str):
        raise CallError(f'a scope has a name, such as scope("layer 1"), not {describe(name)}')

    def entered() -> _Noting:
        outer = _blocks.here()
        return _Noting(Scope(name), False) if outer is None else _Noting(Scope(name, outer.scope), outer.lines)

    return _ScopeBlock(name, _blocks.enter(entered))


def _scoped(function: Any, name: str) -> Any:
    @wraps(function)
    def inside(*args: Any, **named: Any) -> Any:
        with scope(name):
            return function(*args, **named)

    return inside


def record_lines() -> Block:
    """Within the block, each node remembers the user's line of source that made it, as `Value.line`.

    That takes about a microsecond a node. Nothing costs outside of such blocks.

    >>> with record_lines():
    ...     y = Value(1.0).tanh()
    >>> y.line is None, Value(1.0).line is None
    (False, True)
    """

    def entered() -> _Noting:
        outer = _blocks.here()
        return _Noting(None if outer is None else outer.scope, True)

    return _blocks.enter(entered)


def is_noting() -> bool:
    """Whether a block is in force here that asks for the origin of nodes."""
    return _blocks.here() is not None


def current_scope() -> Scope | None:
    """The innermost `scope` in force here; None if there is none."""
    noting = _blocks.here()
    return None if noting is None else noting.scope


def _note(node: Value) -> None:
    noting = _blocks.here()
    if noting is not None:
        node._origin = Origin(noting.scope, caller() if noting.lines else None)


_blocks: Blocks[_Noting] = Blocks("origins", lambda open_blocks: note_new_nodes(_note if open_blocks else None))


@property_of(Value, "scope")
def _scope_of(node: Value) -> Scope | None:
    """The innermost `scope` that this node was made in; None if it was in none."""
    origin: Origin | None = node._origin
    return None if origin is None else origin.scope


@property_of(Value, "line")
def _line_of(node: Value) -> Line | None:
    """The user's line of source that made this node, if `record_lines` was on; otherwise None."""
    origin: Origin | None = node._origin
    return None if origin is None else origin.line
