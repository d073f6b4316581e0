"""Which arguments of a call are traced, and which are static: compiled in, and compiled anew for each new value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from numbers import Number
from operator import index
from typing import Any, NamedTuple

from autograd_core.errors import TransformError

__all__ = ["Binding", "Call", "whole"]


class Call(NamedTuple):
    """One call.

    Attributes:
        args: all arguments, those by name at the end.
        names: the names of these, sorted.
        order: the same names as they were passed, which a function sees that takes any.
        static: the place of each static argument, and what it is.
        traced: the others.
    """

    args: tuple[Any, ...]
    names: tuple[str, ...]
    order: tuple[str, ...]
    static: dict[int, Any]
    traced: list[Any]

    def pass_to(self, f: Callable[..., Any], traced: Sequence[Any]) -> Any:
        """Call `f` in this way, with others in the places of the arguments that are traced."""
        rest = iter(traced)
        every = [self.static[place] if place in self.static else next(rest) for place in range(len(self.args))]
        count = len(every) - len(self.names)
        by_name = dict(zip(self.names, every[count:], strict=True))
        return f(*every[:count], **{name: by_name[name] for name in self.order})


class Binding:
    """How the arguments of a function come into their places.

    Args:
        f: the function.
        name: what an error calls it.
        static_argnums: the numbers of static arguments, from 0 on.
        static_argnames: the names of static parameters.

    Raises:
        TransformError: if a number is none of an argument, or a name is none of a parameter.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        name: str,
        static_argnums: int | Sequence[int],
        static_argnames: str | Sequence[str],
    ) -> None:
        self._f, self._name = f, name
        numbers = static_argnums if isinstance(static_argnums, (tuple, list)) else [static_argnums]
        self._numbers = sorted(whole(number, "static_argnums") for number in numbers)
        if self._numbers and self._numbers[0] < 0:
            raise TransformError(f"static_argnums counts arguments from 0: {self._numbers[0]} is none")
        names = (static_argnames,) if isinstance(static_argnames, str) else static_argnames
        if not isinstance(names, Iterable):
            raise TransformError(f"static_argnames is the name of a parameter, or several, not {names!r}")
        self._names = tuple(names)
        self._places = set(self._numbers)
        if self._names:
            self._places.update(self._places_of(self._names))

    @property
    def static(self) -> tuple[Sequence[int], Sequence[str]]:
        """``static_argnums`` and ``static_argnames``, to make another one."""
        return self._numbers, self._names

    def _places_of(self, names: Sequence[Any]) -> list[int]:
        """The places of parameters that may be given by place; those that may not are found by their names."""
        signature = self._signature()
        parameters, by_place = None if signature is None else signature.parameters, _by_place(signature)
        places = []
        for name in names:
            if parameters is None or (name not in parameters and not _takes_any(parameters, "VAR_KEYWORD")):
                known = "has no names that Python knows" if parameters is None else f"has {', '.join(parameters)}"
                raise TransformError(f"static_argnames names {name!r}, but {self._name} {known}")
            if name in by_place:
                places.append(by_place.index(name))
        return places

    def _signature(self) -> Any:
        """The signature of the function; None for some builtins, of which nobody knows the parameters."""
        from inspect import signature  # takes as long to import as this whole package

        try:
            return signature(self._f)
        except ValueError:
            return None

    def _parameters(self) -> Any:
        known = self._signature()
        return None if known is None else known.parameters

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        """The arguments in their places: a parameter has one, whether it is passed by place or by name."""
        known = self._signature() if kwargs else None
        if known is not None:
            bound = known.bind(*args, **kwargs)
            args, kwargs = bound.args, bound.kwargs
        names = tuple(sorted(kwargs))
        # those after a parameter that is left out stay by name, and are not at the places of their parameters
        static_names = {*self._names, *(name for place, name in enumerate(_by_place(known)) if place in self._places)}
        by_name = {len(args) + place for place, name in enumerate(names) if name in static_names}
        every = (*args, *(kwargs[name] for name in names))
        places = sorted({place for place in self._places if place < len(args)} | by_name)
        static = {place: every[place] for place in places}
        return Call(every, names, tuple(kwargs), static, [x for place, x in enumerate(every) if place not in static])

    def check(self, call: Call) -> None:
        """Raise TransformError if `static_argnums` names what is neither an argument of this call nor a parameter."""
        beyond = [place for place in self._numbers if place >= len(call.args)]
        if not beyond:
            return
        parameters = self._parameters()
        if parameters is None or (beyond[-1] >= len(parameters) and not _takes_any(parameters, "VAR_POSITIONAL")):
            raise TransformError(
                f"static_argnums names argument {beyond[-1]}, but {self._name} was called with {len(call.args)}"
            )

    def static_key(self, call: Call) -> tuple[Any, ...]:
        """The static arguments as a part of a key.

        Raises:
            TransformError: if one of them cannot be a key.
        """
        return tuple((place, self._key(place, value)) for place, value in call.static.items())

    def _key(self, place: int, value: Any) -> Any:
        try:
            hash(value)
        except TypeError:
            raise TransformError(
                f"static argument {place} of {self._name} cannot be a key: "
                "it must be hashable, like a number, text or tuple"
            ) from None
        try:
            return _distinct(value)
        except _NanError:
            raise TransformError(f"static argument {place} of {self._name} is a NaN, which equals nothing") from None


def _by_place(signature: Any) -> list[str]:
    """The names of the parameters that may be given by place, if they are known."""
    if signature is None:
        return []
    kinds = ("POSITIONAL_ONLY", "POSITIONAL_OR_KEYWORD")
    return [name for name, parameter in signature.parameters.items() if parameter.kind.name in kinds]


def _takes_any(parameters: Any, kind: str) -> bool:
    return any(parameter.kind.name == kind for parameter in parameters.values())


class _NanError(ValueError):
    """A NaN is a part of a static argument."""


def _distinct(value: Any) -> Any:
    """A key that differs also for what is equal and yet not the same: 1, 1.0 and True; 0.0 and −0.0; named tuples."""
    kind = value.__class__
    if isinstance(value, Number):
        if value != value:
            raise _NanError
        return kind, value, repr(value)
    if isinstance(value, tuple):
        return kind, value, tuple(map(_distinct, value))
    if isinstance(value, frozenset):
        return kind, value, frozenset(map(_distinct, value))
    compared = [field.name for field in getattr(kind, "__dataclass_fields__", {}).values() if field.compare]
    if compared and kind.__dataclass_params__.frozen and kind.__dataclass_params__.eq:
        return kind, value, tuple(_distinct(getattr(value, name)) for name in compared)
    return kind, value


def whole(number: Any, what: str) -> int:
    """A whole number given as `what`; TransformError if it is none."""
    try:
        return index(number)
    except TypeError:
        nan = " (a NaN)" if number != number else ""
        raise TransformError(f"{what} wants whole numbers, not {number!r}{nan}") from None
