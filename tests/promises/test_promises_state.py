"""Repeating, change, copies: a machine of random steps against an exact model in fractions."""

import copy
import pickle
from fractions import Fraction

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from autograd_core import Graph, Value
from autograd_core.errors import StaleGraphError

LIMIT = 2**20  # numbers below it stay exact in a double through a product
SMALL = st.integers(-3, 3)
PICK = st.integers(0, 10**6)


class Model:
    """One node, exactly: the number now, the numbers that it was computed from, and its gradient."""

    def __init__(self, node, data, kind=None, parents=()):
        self.node, self.data, self.kind, self.parents = node, Fraction(data), kind, parents
        self.seen = tuple(parent.data for parent in parents)  # the parents' numbers when this one was computed
        self.grad = Fraction(0)

    def slopes(self):
        return {"+": (1, 1), "-": (1, -1), "*": self.seen[::-1]}[self.kind]

    def evaluate(self):
        a, b = (parent.data for parent in self.parents)
        return {"+": a + b, "-": a - b, "*": a * b}[self.kind]

    def ancestry(self):
        order, seen = [], set()

        def visit(model):
            if id(model) not in seen:
                seen.add(id(model))
                for parent in model.parents:
                    visit(parent)
                order.append(model)

        visit(self)
        return order


class Machine(RuleBasedStateMachine):
    """Every `.grad` of every leaf is compared with the model after every step."""

    def __init__(self):
        super().__init__()
        self.leaves, self.operations = [], []

    def leaf(self, pick):
        return self.leaves[pick % len(self.leaves)]

    def operation(self, pick):
        return self.operations[pick % len(self.operations)]

    def anything(self, pick):
        return (self.leaves + self.operations)[pick % (len(self.leaves) + len(self.operations))]

    @rule(data=SMALL)
    def new_leaf(self, data):
        self.leaves.append(Model(Value(data), data))

    @precondition(lambda self: self.leaves)
    @rule(kind=st.sampled_from("+-*"), left=PICK, right=PICK)
    def new_operation(self, kind, left, right):
        a, b = self.anything(left), self.anything(right)
        node = {"+": Value.__add__, "-": Value.__sub__, "*": Value.__mul__}[kind](a.node, b.node)
        model = Model(node, 0, kind, (a, b))
        model.data = model.evaluate()
        if abs(model.data) < LIMIT:
            self.operations.append(model)
            assert node.data == model.data

    @precondition(lambda self: self.operations)
    @rule(root=PICK)
    def backward(self, root):
        self.expect(self.operation(root), 1)

    @precondition(lambda self: self.operations)
    @rule(root=PICK, times=st.integers(2, 3))
    def backward_repeatedly(self, root, times):
        self.expect(self.operation(root), times)

    def expect(self, root, times, may_refuse=True):
        order = root.ancestry()
        adjoints = {id(root): Fraction(1)}
        fresh = True
        for model in reversed(order):
            g = adjoints.get(id(model))
            if g is None or model.kind is None:
                continue
            # The gradient is that of the recorded point as long as nothing under it has changed.
            fresh = fresh and tuple(parent.data for parent in model.parents) == model.seen
            for parent, slope in zip(model.parents, model.slopes(), strict=True):
                adjoints[id(parent)] = adjoints.get(id(parent), 0) + g * slope
        if any(abs(g) > LIMIT**2 for g in adjoints.values()):
            return
        for _ in range(times):
            try:
                root.node.backward()
            except StaleGraphError:
                assert may_refuse
                assert any(model.changed for model in order)
                return
            assert fresh
            for model in order:
                if model.kind is None:
                    model.grad += adjoints.get(id(model), 0)

    @precondition(lambda self: self.leaves)
    @rule(pick=PICK, data=SMALL)
    def change(self, pick, data):
        model = self.leaf(pick)
        model.node.data = data
        model.data = Fraction(data)
        model.changed = True

    @precondition(lambda self: self.operations)
    @rule(pick=PICK, other=PICK)
    def forward(self, pick, other):
        roots = [self.operation(pick), self.operation(other)]
        graph = [model for root in roots for model in root.ancestry()]
        before = [(model, model.data, model.seen) for model in graph]
        for model in graph:
            if model.kind is not None:
                model.data = model.evaluate()
                model.seen = tuple(parent.data for parent in model.parents)
                model.changed = True  # what else was computed from it may be refused, though nothing else changed
        if any(abs(model.data) >= LIMIT for model in graph):
            for model, data, seen in before:
                model.data, model.seen = data, seen
            return
        Graph(*(root.node for root in roots)).forward()
        for root in roots:  # what is up to date must not be refused
            assert root.node.data == root.data
            self.expect(root, 1, may_refuse=False)

    @rule()
    def zero(self):
        if self.operations:
            Graph(*(model.node for model in self.operations)).zero_grad()
            for root in self.operations:
                for model in root.ancestry():
                    model.grad = Fraction(0)
        for model in self.leaves:
            model.node.grad = 0
            model.grad = Fraction(0)

    @precondition(lambda self: self.operations)
    @rule(pick=PICK)
    def forget(self, pick):
        self.operations.pop(pick % len(self.operations))

    @precondition(lambda self: len(self.leaves) > 1)
    @rule(pick=PICK)
    def forget_a_leaf(self, pick):
        self.leaves.pop(pick % len(self.leaves))

    @precondition(lambda self: self.operations)
    @rule(pick=PICK, how=st.sampled_from(["deepcopy", "pickle", "copy"]), keep=st.booleans())
    def duplicate(self, pick, how, keep):
        """The twin is independent of the original, with the same numbers, gradients and staleness."""
        root = self.operation(pick)
        if how == "copy":  # shallow: one new node over the same parents
            model = Model(copy.copy(root.node), root.data, root.kind, root.parents)
            model.seen = root.seen
            self.operations.append(model)
            return
        twin = copy.deepcopy(root.node) if how == "deepcopy" else pickle.loads(pickle.dumps(root.node))
        ancestry, nodes, twins = root.ancestry(), {id(root): twin}, {}
        for model in reversed(ancestry):  # a node that two have as a parent is one node of the twin, too
            for parent, node in zip(model.parents, nodes[id(model)].parents, strict=True):
                assert nodes.setdefault(id(parent), node) is node
        assert len({*nodes.values()}) == len(nodes) == len(Graph(twin).nodes)
        for model in ancestry:
            node, parents = nodes[id(model)], tuple(twins[id(parent)] for parent in model.parents)
            twins[id(model)] = copied = Model(node, model.data, model.kind, parents)
            copied.seen, copied.grad, copied.changed = model.seen, model.grad, model.changed
            assert (node.data, node is model.node) == (model.data, False)
        if keep:
            self.operations.append(twins[id(root)])
            self.leaves += [model for model in twins.values() if model.kind is None]

    @invariant()
    def agrees(self):
        for root in [*self.leaves, *self.operations[-3:]]:
            for model in root.ancestry():
                assert model.node.data == model.data
                if model.kind is None:
                    assert model.node.grad == model.grad


Model.changed = False
TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
