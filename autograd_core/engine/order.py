"""The order of a graph, which every pass over it follows: each node after all of its parents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import filterfalse
from typing import Any

from autograd_core.engine.value import Value

__all__ = ["leaves_and_operations", "topological_order"]


def topological_order(outputs: Iterable[Value]) -> list[Value]:
    """Every node that `outputs` depend on, each after all of its parents: first the leaves, then the operations.

    The order depends on nothing but the graph.

    >>> x = Value(2.0, label="x")
    >>> [node.label or node.op.name for node in topological_order([math.sin(x * x)])]
    ['x', 'multiply', 'sin']
    """
    leaves, operations = leaves_and_operations(outputs)
    return leaves + operations


def leaves_and_operations(outputs: Iterable[Value]) -> tuple[list[Value], list[Value]]:
    """The two parts of the topological order: nodes without parents, and the others, each after all of its parents.

    A depth-first search with a stack of its own: graphs are deeper than Python's recursion limit.

    >>> x = Value(2.0, label="x")
    >>> leaves, operations = leaves_and_operations([math.sin(x * x)])
    >>> [leaf.label for leaf in leaves], [node.op.name for node in operations]
    (['x'], ['multiply', 'sin'])
    """
    leaves: list[Value] = []
    operations: list[Value] = []
    seen: set[Value] = set()
    stack: list[Value | None] = [None]  # the operations whose parents are not all done, above a mark for the end
    remaining: dict[Value, Iterator[Value]] = {}  # the parents still to visit, of operations on many
    push, pop, see = stack.append, stack.pop, seen.add
    emit_leaf, emit = leaves.append, operations.append
    for output in outputs:
        node: Any = output if output not in seen else None
        while node is not None:
            see(node)
            # Down along the first parents, to a node whose first parent is done.
            parent = node._a
            if parent is None:  # a leaf, which is an output or one of many operands
                emit_leaf(node)
                node = pop()
            while parent is not None:
                if parent.__class__ is tuple:
                    remaining[node] = filterfalse(seen.__contains__, parent)
                    break
                if parent in seen:
                    break
                see(parent)
                grandparent = parent._a
                if grandparent is None:  # a leaf is done when it is seen
                    emit_leaf(parent)
                    break
                push(node)
                node, parent = parent, grandparent
            # Up again, to a node with another parent to go down to. In a graph without cycles a seen parent is done.
            while node is not None:
                parent = node._b
                if parent is None:
                    if remaining and node in remaining:
                        parent = next(remaining[node], None)
                        if parent is not None:
                            push(node)
                            node = parent
                            break
                elif parent not in seen:
                    if parent._a is not None:
                        push(node)
                        node = parent
                        break
                    see(parent)
                    emit_leaf(parent)
                emit(node)
                node = pop()
        push(None)
    return leaves, operations
