"""The types of numbers that code is over: doubles, and for batches single precision too."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any, Final

from autograd_core.errors import TransformError
from autograd_core.namespaces.accurate import LARGEST_EXPONENT

__all__ = ["DOUBLE", "SINGLE", "Element", "element_of"]


@dataclass(frozen=True)
class Element:
    """A binary floating-point type of IEEE 754.

    Attributes:
        name: what NumPy calls it.
        llvm: what LLVM's language calls it.
        bytes: its size.
        digits: the bits of its fraction.
    """

    name: str
    llvm: str
    bytes: int
    digits: int

    @property
    def integer(self) -> str:
        """LLVM's type of whole numbers of the same size."""
        return f"i{8 * self.bytes}"

    @property
    def bias(self) -> int:
        """What is added to an exponent in the bits; the largest exponent."""
        return int(2 ** (8 * self.bytes - self.digits - 2)) - 1

    @property
    def largest(self) -> float:
        """The largest finite number."""
        return (2.0 - 2.0**-self.digits) * 2.0**self.bias

    @property
    def largest_exponent(self) -> float:
        """A number of this type up to which exp is finite."""
        return LARGEST_EXPONENT if self.bytes == 8 else 88.72283

    def lanes(self, doubles: int) -> int:
        """How many fill a vector of so many doubles."""
        return doubles * 8 // self.bytes

    def suffix(self, width: int) -> str:
        """How LLVM's functions for vectors of `width` end; 1 for single numbers."""
        return f"f{8 * self.bytes}" if width == 1 else f"v{width}f{8 * self.bytes}"

    def rounded(self, number: float) -> float:
        """The nearest number of this type; of a finite one a finite one."""
        if self.bytes == 8 or not math.isfinite(number):
            return float(number)
        try:
            return float(struct.unpack("<f", struct.pack("<f", number))[0])
        except OverflowError:
            return math.copysign(self.largest, number)

    def constant(self, number: float) -> str:
        """A constant in LLVM's language: the bits of a double, of either type."""
        return f"0x{struct.unpack('<Q', struct.pack('<d', self.rounded(number)))[0]:016X}"

    def bits(self, number: float) -> int:
        """The bits of a number as a whole number."""
        return int.from_bytes(struct.pack("<d" if self.bytes == 8 else "<f", number), "little")


DOUBLE: Final = Element("float64", "double", 8, 52)
SINGLE: Final = Element("float32", "float", 4, 23)


def element_of(dtype: Any) -> Element:
    """The type that a user names: ``"float64"`` or ``"float32"``, or NumPy's type or dtype of that name.

    Raises:
        TransformError: if it is another one.

    >>> element_of("float32").bytes
    4
    """
    name = dtype if isinstance(dtype, str) else getattr(dtype, "name", getattr(dtype, "__name__", None))
    for element in (DOUBLE, SINGLE):
        if name == element.name:
            return element
    raise TransformError(f"dtype is 'float64' or 'float32', not {dtype!r}")
