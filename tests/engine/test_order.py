"""The two parts of the order: every leaf once, then every operation after all of its parents."""

from hypothesis import given
from hypothesis import strategies as st

from autograd_core import Value, topological_order
from autograd_core import math as m
from autograd_core.engine.order import leaves_and_operations


@given(st.lists(st.lists(st.integers(0, 40), min_size=1, max_size=4), max_size=12), st.lists(st.integers(0, 40)))
def test_leaves_come_first_and_parents_before_children(operands: list[list[int]], chosen: list[int]) -> None:
    nodes: list[Value] = [Value(1.0), Value(2.0)]
    for places in operands:
        nodes.append(m.sum([nodes[place % len(nodes)] for place in places]))
    outputs = [nodes[place % len(nodes)] for place in chosen]
    leaves, operations = leaves_and_operations(outputs)
    order = topological_order(outputs)
    assert list(map(id, order)) == list(map(id, leaves + operations))
    assert all(leaf.op is None for leaf in leaves)
    assert all(node.op is not None for node in operations)
    done: set[Value] = set()
    for node in order:
        assert node not in done
        assert done.issuperset(node.parents)
        done.add(node)
    needed = {*outputs}
    for node in reversed(nodes):
        if node in needed:
            needed.update(node.parents)
    assert done == needed
