"""Trees: lists, tuples, dicts, named tuples, dataclasses and arrays of numbers, taken apart and put together again."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

from autograd_core.errors import MissingExtraError, OperandTypeError
from autograd_core.value import Value, as_float

__all__ = ["Shape", "Tree"]

Shape = tuple[int, ...] | None
"""The shape of a leaf of a tree: that of an array, or None for a number."""

_NAMESPACE = "autograd_core"
_known_dataclasses: set[type] = set()


class Tree:
    """The structure of a tree, and its numbers in one flat list.

    Args:
        tree: a number or a Value, a NumPy array of either, or a list, tuple, dict, named tuple or dataclass of trees.
        what: how an error calls it, such as ``"argument 0"``.

    Attributes:
        numbers: the numbers and Values, arrays in row-major order.
        shapes: the shape of each leaf.
        is_number: whether the tree is one number, with nothing around it.

    Raises:
        OperandTypeError: for a leaf that is neither a real number nor a Value.
    """

    def __init__(self, tree: Any, what: str) -> None:
        self.numbers: list[Any] = []
        self.shapes: list[Shape] = []
        if isinstance(tree, (float, int, Value)):  # the quick way, which needs no library
            leaves, self._spec = [tree], None
        else:
            leaves, self._spec = _flatten(tree)
        for leaf in leaves:
            array = _as_array(leaf)
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
        self.is_number = self._spec is None and self.shapes == [None]

    def has_structure_of(self, other: Tree) -> bool:
        return self.shapes == other.shapes and self._spec == other._spec

    def build(self, numbers: Sequence[Any]) -> Any:
        """A tree of this structure with other numbers; its arrays hold floats, or objects if there is a Value."""

        def leaf(place: slice, shape: Shape) -> Any:
            return numbers[place.start] if shape is None else array_of(numbers[place], shape)

        return self.build_leaves(leaf)

    def describe(self) -> str:
        """The structure, for an error."""
        shapes = [shape for shape in self.shapes if shape is not None]
        kind = "one number" if self._spec is None else str(self._spec)
        return f"{kind} with arrays of shape {shapes}" if shapes else kind

    def build_leaves(self, make: Callable[[slice, Shape], Any]) -> Any:
        """A tree of this structure; each leaf is made from its place in the flat list and its shape."""
        leaves = []
        start = 0
        for shape in self.shapes:
            end = start + (1 if shape is None else math.prod(shape))
            leaves.append(make(slice(start, end), shape))
            start = end
        return leaves[0] if self._spec is None else self._spec.unflatten(leaves)


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
    leaves, spec = _flatten(tree)
    plain = []
    for leaf in leaves:
        array = _as_array(leaf)
        if array is not None and array.dtype == object:
            leaf = array_of([x.data if isinstance(x, Value) else x for x in array.ravel().tolist()], array.shape)
        plain.append(leaf.data if isinstance(leaf, Value) else leaf)
    return plain[0] if spec is None else spec.unflatten(plain)


def _as_array(leaf: Any) -> Any:
    numpy = sys.modules.get("numpy")  # who passes an array has imported it
    return leaf if numpy is not None and isinstance(leaf, numpy.ndarray) else None


def _flatten(tree: Any) -> tuple[list[Any], Any]:
    try:
        import optree
    except ImportError as missing:
        raise MissingExtraError(
            "arguments other than single numbers need optree: pip install 'autograd-core[trees]'"
        ) from missing

    def meet(node: Any) -> bool:
        kind = type(node)
        if hasattr(kind, "__dataclass_fields__") and kind not in _known_dataclasses:
            _register(kind)
        return False

    leaves, spec = optree.tree_flatten(tree, is_leaf=meet, none_is_leaf=True, namespace=_NAMESPACE)
    return leaves, None if spec.is_leaf() else spec


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
