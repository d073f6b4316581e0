"""Trees: lists, tuples, dicts, named tuples, dataclasses and arrays of numbers, taken apart and put together again."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from autograd_core._extras import require
from autograd_core.engine.reals import as_float, is_array
from autograd_core.engine.value import Value
from autograd_core.errors import OperandTypeError

__all__ = ["Shape", "Structure", "Tree", "array_of", "as_array", "flatten", "plain_array", "without_values"]

Shape = tuple[int, ...] | None
"""The shape of a leaf of a tree: that of an array, or None for a number."""

_NAMESPACE = "autograd_core"
_known_dataclasses: set[type] = set()


class Structure:
    """How a tree is put together, without its numbers.

    Args:
        spec: what optree knows of its containers; None for a single leaf.
        shapes: the shape of each leaf.
        orders: the keys of each dict as they follow on each other, which its spec does not compare.
    """

    def __init__(self, spec: Any, shapes: Sequence[Shape], orders: Sequence[tuple[Any, ...]] = ()) -> None:
        self.spec = spec
        self.shapes = list(shapes)
        self.orders = tuple(orders)

    @property
    def is_number(self) -> bool:
        """Whether the tree is one number, with nothing around it."""
        return self.spec is None and self.shapes == [None]

    @property
    def size(self) -> int:
        """How many numbers the tree holds."""
        return sum(1 if shape is None else math.prod(shape) for shape in self.shapes)

    @property
    def key(self) -> Any:
        """What two trees have in common, and hashable, if they have the same structure."""
        return self.spec, tuple(self.shapes), self.orders

    def has_structure_of(self, other: Structure) -> bool:
        """Whether the structures are the same; an array of no dimension is as good as a number."""
        mine, others = self.with_plain_numbers(), other.with_plain_numbers()
        return mine.key == others.key  # type: ignore[no-any-return]  # optree's specs compare to bools

    def with_plain_numbers(self) -> Structure:
        """The same structure with numbers in place of arrays of no dimension."""
        return Structure(self.spec, [shape or None for shape in self.shapes])

    def build(self, numbers: Sequence[Any]) -> Any:
        """A tree of this structure with these numbers; its arrays hold floats, or objects if there is a Value."""

        if self.shapes.count(None) == len(self.shapes):  # without arrays, each number is a leaf
            return self.unflatten(numbers)

        def leaf(place: slice, shape: Shape) -> Any:
            return numbers[place.start] if shape is None else array_of(numbers[place], shape)

        return self.build_leaves(leaf)

    def build_leaves(self, make: Callable[[slice, Shape], Any]) -> Any:
        """A tree of this structure; each leaf is made from its place in the flat list and its shape."""
        leaves = []
        start = 0
        for shape in self.shapes:
            end = start + (1 if shape is None else math.prod(shape))
            leaves.append(make(slice(start, end), shape))
            start = end
        return self.unflatten(leaves)

    def unflatten(self, leaves: Sequence[Any]) -> Any:
        """A tree of this structure with these leaves."""
        return leaves[0] if self.spec is None else self.spec.unflatten(leaves)

    def describe(self) -> str:
        """The structure, for an error."""
        shapes = [shape for shape in self.shapes if shape is not None]
        kind = "one number" if self.spec is None else str(self.spec)
        return f"{kind} with arrays of shape {shapes}" if shapes else kind


class Tree(Structure):
    """The structure of a tree, and its numbers in one flat list.

    Args:
        tree: a number or a Value, a NumPy array of either, or a list, tuple, dict, named tuple or dataclass of trees.
        what: how an error calls it, such as ``"argument 0"``.

    Attributes:
        numbers: the numbers and Values, arrays in row-major order.

    Raises:
        OperandTypeError: for a leaf that is neither a real number nor a Value.
    """

    def __init__(self, tree: Any, what: str) -> None:
        self.numbers: list[Any] = []
        leaves, spec = flatten(tree)
        if {*map(type, leaves)} <= {float, Value}:  # the quick way, without a look at each leaf
            self.numbers = leaves
            super().__init__(spec, [None] * len(leaves))
            return
        super().__init__(spec, [])
        for leaf in leaves:
            array = plain_array(leaf, what)
            if array is None:
                self.shapes.append(None)
                self.numbers.append(leaf)
            else:
                self.shapes.append(array.shape)
                self.numbers += array.ravel().tolist()
        for number in self.numbers:
            if number.__class__ is not float and not isinstance(number, Value):
                try:
                    as_float(number)
                except OperandTypeError as error:
                    raise OperandTypeError(f"{what}: {error}") from None


def array_of(numbers: Sequence[Any], shape: tuple[int, ...]) -> Any:
    """A NumPy array of floats, or of objects if there is a Value among them."""
    import numpy as np

    holds_values = any(isinstance(number, Value) for number in numbers)
    array = np.empty(len(numbers), dtype=object if holds_values else float)
    array[:] = numbers
    return array.reshape(shape)


def without_values(tree: Any) -> Any:
    """The tree with the number of each Value in its place; what is neither number nor Value stays as it is."""
    if isinstance(tree, Value):
        return tree.data
    if tree is None or isinstance(tree, (float, int, str)):
        return tree
    leaves, spec = flatten(tree)
    plain = []
    for leaf in leaves:
        array = as_array(leaf)
        if array is not None and array.dtype == object:
            leaf = array_of([x.data if isinstance(x, Value) else x for x in array.ravel().tolist()], array.shape)
        plain.append(leaf.data if isinstance(leaf, Value) else leaf)
    return plain[0] if spec is None else spec.unflatten(plain)


def as_array(leaf: Any) -> Any:
    """`leaf` if it is a NumPy array, otherwise None."""
    return leaf if is_array(leaf) else None


def plain_array(leaf: Any, what: str) -> Any:
    """`leaf` if it is a NumPy array, otherwise None.

    Raises:
        OperandTypeError: for a masked array, whose gaps nobody here would see.
    """
    array = as_array(leaf)
    if hasattr(array, "mask"):
        raise OperandTypeError(f"{what} is a masked array: fill its gaps first")
    return array


def flatten(tree: Any, note_order: Callable[[tuple[Any, ...]], Any] | None = None) -> tuple[list[Any], Any]:
    """The leaves of a tree, and what optree knows of its containers; None for a single leaf.

    Args:
        tree: the tree.
        note_order: called with the keys of each dict in it, in their order.
    """
    if isinstance(tree, (float, int, Value)):  # the quick way, which needs no library
        return [tree], None
    optree = require("optree", "arguments other than single numbers need optree", extra="trees")
    kind: Any = type(tree)
    if (kind is list or kind is tuple) and {*map(type, tree)} <= {float}:  # the quick way for a vector
        return list(tree), _spec_of_vector(kind, len(tree))

    def meet(node: Any) -> bool:
        kind = type(node)
        if hasattr(kind, "__dataclass_fields__") and kind not in _known_dataclasses:
            _register(kind)
        if note_order is not None and isinstance(node, dict):
            note_order(tuple(node))
        return False

    leaves, spec = optree.tree_flatten(tree, is_leaf=meet, none_is_leaf=True, namespace=_NAMESPACE)
    return leaves, None if spec.is_leaf() else spec


@lru_cache(maxsize=64)
def _spec_of_vector(kind: Callable[[list[float]], Any], length: int) -> Any:
    import optree

    return optree.tree_structure(kind([0.0] * length), none_is_leaf=True, namespace=_NAMESPACE)


def _register(kind: type) -> None:
    from dataclasses import fields

    import optree

    names = [field.name for field in fields(kind)]

    def unflatten(_: Any, children: Any) -> Any:
        # replace() would want an instance, and __init__ may take other arguments than the fields
        made: Any = object.__new__(kind)
        for name, child in zip(names, children, strict=True):
            object.__setattr__(made, name, child)
        return made

    _known_dataclasses.add(kind)
    optree.register_pytree_node(
        kind, lambda node: ([getattr(node, name) for name in names], None), unflatten, namespace=_NAMESPACE
    )
