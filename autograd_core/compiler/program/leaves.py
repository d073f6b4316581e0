"""What the compiler knows of each operation of straight-line code: one row, for every emitter and for the optimiser.

Leaves of the table that are not here are written in terms of these: `composed` has them, and `Builder` the few whose
form depends on what is known of their operands.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from autograd_core.compiler import tuning

__all__ = ["LEAVES", "Form", "Leaf"]


class Form(Enum):
    """How an operation is written in LLVM's language, and in others likewise."""

    GIVEN = "a constant, or an input"
    INFIX = "an instruction on two numbers"
    PREFIX = "an instruction on one number"
    COMPARISON = "an instruction that compares numbers"
    LOGICAL = "an instruction on conditions"
    SELECT = "where"
    INTRINSIC = "a function that is an instruction of the processor"
    LIBRARY = "a function of the C library, under its own name"
    CALL = "a call of the namespace of floats, back in Python"
    LOOP = "a loop, or what is asked of one: see `autograd_core.compiler.program.loops`"


class Leaf:
    """What the compiler knows of one operation.

    Args:
        form: how it is written.
        llvm: its name in LLVM's language, where it has another one.
        sign: how Python writes it, where that gives the same for all numbers.
        commutes: whether its two operands may change places.
        in_libmvec: whether GNU libmvec has it for vectors, with results that were seen to keep to eager evaluation's,
            edges included. Where it is used `tuning.LIBRARY` says.
        cost: in additions of vectors, if it is no call.

    Attributes:
        is_given: whether there is nothing to compute.
        gives_condition: whether it is true or false, and not a number.
        is_plain: whether it is a number that arithmetic on it does not look into.
        is_call: whether it becomes the call of a function, and not an instruction of the processor.
    """

    __slots__ = (
        "commutes", "cost", "form", "gives_condition", "in_libmvec", "is_call", "is_given", "is_plain", "llvm", "sign",
    )  # fmt: skip

    def __init__(
        self,
        form: Form,
        llvm: str = "",
        sign: str = "",
        *,
        commutes: bool = False,
        in_libmvec: bool = False,
        cost: int = 1,
    ) -> None:
        self.form = form
        self.llvm = llvm
        self.sign = sign
        self.commutes = commutes
        self.in_libmvec = in_libmvec
        self.cost = cost
        self.is_given = form is Form.GIVEN
        self.gives_condition = form in (Form.COMPARISON, Form.LOGICAL)
        self.is_plain = not self.gives_condition and form not in (Form.GIVEN, Form.PREFIX, Form.SELECT)
        self.is_call = form in (Form.LIBRARY, Form.CALL)


_VECTOR = Leaf(Form.LIBRARY, in_libmvec=True)
_SCALAR = Leaf(Form.LIBRARY)
_BACK = Leaf(Form.CALL)
_LOOP = Leaf(Form.LOOP)

LEAVES: Final[dict[str, Leaf]] = {
    "input": Leaf(Form.GIVEN),
    "constant": Leaf(Form.GIVEN),
    "call": _BACK,  # of any primitive, also one that is not in the table
    **dict.fromkeys(("loop", "final", "turns", "status", "stack", "element"), _LOOP),
    "add": Leaf(Form.INFIX, "fadd", "+", commutes=True),
    "subtract": Leaf(Form.INFIX, "fsub", "-"),
    "multiply": Leaf(Form.INFIX, "fmul", "*", commutes=True),
    "divide": Leaf(Form.INFIX, "fdiv", cost=tuning.SLOW),
    "negative": Leaf(Form.PREFIX, "fneg", "-"),
    "greater": Leaf(Form.COMPARISON, "ogt"),
    "greater_equal": Leaf(Form.COMPARISON, "oge"),
    "less": Leaf(Form.COMPARISON, "olt"),
    "less_equal": Leaf(Form.COMPARISON, "ole"),
    "equal": Leaf(Form.COMPARISON, "oeq", commutes=True),
    "not_equal": Leaf(Form.COMPARISON, "une", commutes=True),
    "isnan": Leaf(Form.COMPARISON, "uno"),
    "logical_and": Leaf(Form.LOGICAL, "and", commutes=True),
    "logical_or": Leaf(Form.LOGICAL, "or", commutes=True),
    "logical_not": Leaf(Form.LOGICAL, "xor"),
    "where": Leaf(Form.SELECT, "select"),
    "sqrt": Leaf(Form.INTRINSIC, "sqrt", cost=tuning.SLOW),
    "abs": Leaf(Form.INTRINSIC, "fabs"),
    "copysign": Leaf(Form.INTRINSIC, "copysign"),
    "floor": Leaf(Form.INTRINSIC, "floor"),
    "ceil": Leaf(Form.INTRINSIC, "ceil"),
    "trunc": Leaf(Form.INTRINSIC, "trunc"),
    "round": Leaf(Form.INTRINSIC, "roundeven"),
    "fma": Leaf(Form.INTRINSIC, "fma"),
    **dict.fromkeys(("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "cbrt"), _VECTOR),
    **dict.fromkeys(("sin", "cos", "tan", "asin", "acos", "atan", "erf", "erfc"), _VECTOR),
    **dict.fromkeys(("sinh", "cosh", "tanh", "asinh", "acosh", "atanh"), _VECTOR),
    **dict.fromkeys(("atan2", "fmod", "remainder", "pow", "hypot"), _SCALAR),
    **dict.fromkeys(("gamma", "lgamma", "polygamma", "round_to", "fsum", "sumprod"), _BACK),
    **dict.fromkeys(("erfinv", "erfcinv", "ierfcx", "beta", "betaln", "psi_difference", "expn", "lambertw"), _BACK),
    **dict.fromkeys(
        ("bessel_j", "bessel_y", "bessel_i", "shaped_gammainc", "shaped_gammaincc", "gamma_density"), _BACK
    ),
}
"""Every operation by its name: that of a leaf, ``"input"``, ``"constant"``, ``"call"``, ``"fma"``, or of a loop."""
