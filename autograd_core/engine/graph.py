"""Graph: a recorded graph as a whole, with its forward and its backward pass, and gradients that are graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, repeat
from operator import add, attrgetter
from typing import TYPE_CHECKING, Any

from autograd_core.engine.clock import clock, exhaust
from autograd_core.engine.locks import alone
from autograd_core.engine.methods import method_of
from autograd_core.engine.order import leaves_and_operations, topological_order
from autograd_core.engine.reals import as_float
from autograd_core.engine.strictness import is_strict, lenient
from autograd_core.engine.sweeps import pull_back
from autograd_core.engine.value import Constant, Value, as_value
from autograd_core.engine.values import values
from autograd_core.engine.wording import place_of
from autograd_core.errors import GraphError, NonFiniteError, OperandTypeError
from autograd_core.namespaces.gated import open_gate

__all__ = ["Graph", "backward", "gradients", "pulled"]

_read_grad = attrgetter("_grad")
_write_grad = vars(Value)["_grad"].__set__
_write_data = vars(Value)["_data"].__set__
_write_stamp = vars(Value)["_stamp"].__set__


class Graph:
    """The graph of everything that some outputs depend on.

    Args:
        outputs: Values; at least one.

    Attributes:
        outputs: the Values given.
        nodes: all nodes in topological order: each after its parents.
        leaves: the nodes without parents that may change, in that order (constants are not among them).

    Raises:
        GraphError: without an output.
        OperandTypeError: if an output is not a Value.

    >>> x = Value(2.0)
    >>> graph = Graph(x * x + 1.0)
    >>> x.data = 3.0
    >>> graph.forward()
    >>> graph.outputs[0].data
    10.0
    """

    def __init__(self, *outputs: Value) -> None:
        if not outputs:
            raise GraphError("a Graph needs at least one output")
        for output in outputs:
            if not isinstance(output, Value):
                raise OperandTypeError(f"the outputs of a Graph are Values, not {type(output).__name__}")
        self.outputs = outputs
        leaves, self._operations = leaves_and_operations(outputs)
        self.nodes = leaves + self._operations
        self.leaves = [leaf for leaf in leaves if leaf.__class__ is not Constant]
        # native code, if there is: from the data of the leaves to the data of the operations, and all adjoints
        self._code: Callable[[list[float]], list[float]] | None = None
        self._compiled_with: dict[str, Any] = {}  # the options of that code
        # when the compiled passes ran, and the adjoints they gave: of the operations, then of the leaves
        self._evaluated: tuple[int, list[float]] = -1, []

    def forward(self) -> None:
        """Evaluate every operation again, in topological order, from the data that the leaves have now.

        What Python decided while the graph was recorded (an ``if``, a loop count) stays as it was; a condition made
        with ``greater``, ``less`` and their like is part of the graph and is decided anew.

        Raises:
            TraceError: if the graph is that of a trace, whose nodes have no numbers.
        """
        self.require_numbers()
        alone(clock.lock, self._forward)

    def _forward(self) -> None:
        # No other thread may change a leaf meanwhile. A finalizer, a signal handler or a user's own function on this
        # one may: then the data belong to the leaves as they were, and what changed is newer.
        given = [leaf._data for leaf in self.leaves]
        numbers = self._evaluate(given) if self._code is None or is_strict() else self._code(given)
        operations, is_written = self._operations, False
        while not is_written:
            now = clock.now
            newer = [leaf for leaf, number in zip(self.leaves, given, strict=True) if leaf._data is not number]
            stamps = map(_write_stamp, operations, repeat(now + 1)), map(_write_stamp, newer, repeat(now + 2))
            data = map(_write_data, operations, numbers)
            is_written = clock.write(now, chain(*stamps, data), now + (2 if newer else 1))
        self._evaluated = now + 1, numbers[len(operations) :]

    def _seeds(self, seed: Any) -> list[float]:
        """What the adjoint of each output starts with."""
        if not isinstance(seed, (list, tuple)):
            return [as_float(seed)] * len(self.outputs)
        if len(seed) != len(self.outputs):
            raise GraphError(
                f"there are {len(seed)} seeds for {len(self.outputs)} outputs: give one number, or as many"
            )
        return [as_float(each) for each in seed]

    def _first_adjoints(self, seeds: Sequence[float]) -> dict[Value, float]:
        """The adjoints that the reverse pass starts with."""
        adjoints: dict[Value, float] = {}
        for output, start in zip(self.outputs, seeds, strict=True):
            adjoints[output] = adjoints.get(output, 0.0) + start
        return adjoints

    def _evaluate(self, given: Sequence[float]) -> list[float]:
        """The data of all operations, in order, from those of the leaves."""
        data: dict[Value, float] = dict(zip(self.leaves, given, strict=True))
        for node in self.nodes:
            op = node.op
            if op is not None:
                try:
                    data[node] = op.eager(*[data[parent] for parent in node.parents])
                except NonFiniteError as error:
                    if where := place_of(node):
                        error.add_note(f"The operation was recorded{where}.")
                    raise
            elif node not in data:
                data[node] = node._data
        return [data[node] for node in self._operations]

    def backward(self, seed: Any = 1.0) -> None:
        """Add the derivative of the sum of the outputs to the grad of every leaf, in reverse topological order.

        The adjoints are the pass's own until they are written all at once at its end, so a pass that fails changes
        nothing, and passes on several threads add up.

        Args:
            seed: the adjoint that every output starts with, by which the outputs are weighted in that sum; or a list
                or tuple with one for each output.

        Raises:
            GraphError: if all outputs are constants, or there are not as many seeds as outputs.
            OperandTypeError: for a seed that is no real number.
            StaleGraphError: if a leaf was changed after the forward pass.
            TraceError: if the graph is that of a trace, whose nodes have no numbers.
        """
        if all(output.__class__ is Constant for output in self.outputs):
            raise GraphError("a constant has no gradient: backward() wants a Value computed from others, or a leaf")
        seeds = self._seeds(seed)
        self.require_numbers()
        operations, leaves = self._operations, self.leaves
        evaluated_at, numbers = self._evaluated
        if numbers and seeds.count(1.0) == len(seeds) and self._is_unchanged_since(evaluated_at):
            count = len(operations)
            grads, shares = numbers[:count], numbers[count:]
        else:
            adjoints = self._first_adjoints(seeds)
            pull_back(self.nodes, adjoints)
            leaves = [leaf for leaf in leaves if leaf in adjoints]
            grads, shares = [*map(adjoints.get, operations, repeat(0.0))], [adjoints[leaf] for leaf in leaves]
        # Read, added and written in one call in C: no other pass comes between, neither on another thread nor on this.
        sums = map(add, map(_read_grad, leaves), shares)
        exhaust(chain(map(_write_grad, operations, grads), map(_write_grad, leaves, sums)))

    def require_numbers(self) -> None:
        """Raise TraceError if this is the graph of a trace: what depends on a traced value has no number."""
        for output in self.outputs:
            if output._recorded_as:
                output.data  # noqa: B018  # the property raises

    def _is_unchanged_since(self, tick: int) -> bool:
        """Whether no node of this graph got new data after that time."""
        return clock.now == tick or (tick >= 0 and max(node._stamp for node in self.nodes) <= tick)

    def zero_grad(self) -> None:
        """Set the grad of every node to 0."""
        exhaust(map(_write_grad, self.nodes, [0.0] * len(self.nodes)))

    if TYPE_CHECKING:
        # given by modules that know Graph: `steps`, `autograd_core.compiler.graph_compile`,
        # `autograd_core.draw.graph_methods`
        def steps(self, seed: Any = 1.0) -> Iterator[Any]: ...
        def compile(self, *, strict: bool = False) -> Graph: ...
        def draw(self, **options: Any) -> Any: ...
        def to_dot(self, **options: Any) -> str: ...
        def svg(self, **options: Any) -> str: ...
        def explore(self, path: Any = None, *, title: str = "") -> Any: ...
        def save(self, path: Any, **options: Any) -> None: ...

    def __repr__(self) -> str:
        return f"Graph({len(self.nodes)} nodes, {len(self.leaves)} leaves, {len(self.outputs)} outputs)"


@method_of(Value)
def backward(self: Value, seed: Any = 1.0) -> None:
    """Add the derivative of this Value with respect to each leaf to the leaf's `grad`, in one reverse pass.

    Args:
        seed: what all of them are multiplied by: the adjoint that the pass starts with; a real number.

    Raises:
        GraphError: if this Value is a constant.
        OperandTypeError: for a seed that is no real number.
        StaleGraphError: if a leaf was changed after this Value was computed.
    """
    Graph(self).backward(as_float(seed))


def gradients(output: Value, leaves: Sequence[Value]) -> list[Value]:
    """The derivatives of `output` with respect to each of `leaves`, as Values: graphs that can be differentiated again.

    Args:
        output: the Value to differentiate.
        leaves: Values that it depends on; any nodes, also operations. One that it does not depend on gives 0.

    Raises:
        StaleGraphError: if a leaf was changed after `output` was computed.

    >>> x = Value(2.0)
    >>> first, = gradients(x**3, [x])
    >>> second, = gradients(first, [x])
    >>> first.data, second.data
    (12.0, 12.0)
    """
    return pulled(topological_order([output]), {output: as_value(1.0)}, leaves)


def pulled(order: Sequence[Value], adjoints: dict[Value, Any], leaves: Sequence[Value]) -> list[Value]:
    """The adjoints of `leaves` as Values.

    Args:
        order: the graph in topological order.
        adjoints: those of the outputs, as Values; it is completed with those of others.
        leaves: nodes of the graph, or others, whose adjoint is 0.

    Raises:
        StaleGraphError: if a node changed after another was computed from it.
    """
    leading = set(map(id, leaves))  # the nodes on a way from a wanted one: only they need adjoints
    fixed: set[Value] = set()
    first, second = (map(id, map(attrgetter(slot), order)) for slot in ("_a", "_b"))
    for node, key, a, b in zip(order, map(id, order), first, second, strict=True):
        if a in leading or b in leading or (node._a.__class__ is tuple and not leading.isdisjoint(map(id, node._a))):
            leading.add(key)
        elif key not in leading and node.__class__ is not Constant:
            fixed.add(node)
    with lenient():  # a rule computes both arms of a `where`, and may make an infinity in the one not taken
        pull_back(order, adjoints, values, fixed)
    return [as_value(open_gate(adjoints.get(leaf, 0.0))) for leaf in leaves]
