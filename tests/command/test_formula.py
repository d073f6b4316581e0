"""Formulas: the same number and gradient as Python's own arithmetic on Values, and one line for anything else."""

import math as standard

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_core import Value
from autograd_core import math as m
from autograd_core.command.formula import evaluate, functions
from autograd_core.errors import DataError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 + 3*4", 14.0), ("2 - 3 - 4", -5.0), ("2**3**2", 512.0), ("-2**2", -4.0), ("7 // 2 + 7 % 4", 6.0),
        ("1/0", standard.inf), ("pi", standard.pi), ("log(8, 2)", 3.0), ("max(1, 3, 2)", 3.0),
        ("leaky_relu(-1)", -0.01),
        (" \n(1\n+ 2)", 3.0), ("where(less(1, 2), 5, 6)", 5.0), ("abs(-3)", 3.0), ("+1", 1.0),
    ],
)  # fmt: skip
def test_numbers(text: str, expected: float) -> None:
    assert evaluate(text, {})[0].data == expected


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_gradients_are_those_of_the_same_expression_in_python(a: float, b: float) -> None:
    y, leaves = evaluate("tanh(a*b + 1) - a**2/(1 + exp(b)) + a", {"a": a, "b": b})
    y.backward()
    x, z = Value(a), Value(b)
    expected = m.tanh(x * z + 1) - x**2 / (1 + m.exp(z)) + x
    expected.backward()
    assert (y.data, leaves["a"].grad, leaves["b"].grad) == (expected.data, x.grad, z.grad)


def test_a_variable_hides_a_constant_and_one_letter_has_one_form() -> None:
    assert evaluate("e", {"e": 5.0})[0].data == 5.0
    assert evaluate("\u00b5", {"\u03bc": 5.0})[0].data == 5.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x^2", r"column 3: .*use \*\* for a power"),
        ("x + wieght", "column 5: no number for 'wieght' .did you mean 'weight'.*: give wieght="),
        ("sigmod(x)", "column 1: no function 'sigmod' .did you mean 'sigmoid'"),
        ("x + tanh", "column 5: tanh is a function"),
        ("x.data", "column 1: names have no attributes"),
        ("x + 'a'", "column 5: 'a' is not a real number"),
        ("x + 1j", "column 5: 1j is not a real number"),
        ("x + True", "column 5: True is not a real number"),
        ("x < 1", "comparisons are written as functions"),
        ("1 if x else 2", "a choice is written where"),
        ("lambda: x", "not Lambda"),
        ("[x]", "not List"),
        ("not x", "not UnaryOp"),
        ("(x)(x)", "column 1: no function 'x'"),
        ("2(x)", "column 1: only functions are called"),
        ("max(*x)", r"a \* before an operand"),
        ("sin(x=x)", "by position"),
        ("sin(x, x)", r"sin\(\) takes 1 operand, not 2"),
        ("log(x, x, x)", r"log\(\) takes 1 to 2 operands"),
        ("log()", r"log\(\) takes 1 to 2 operands"),
        ("x +", "at its end"),
        ("x = 2", "formula, column"),
        ("(y := x)", "not NamedExpr"),
        ("__import__('os')", "no function '__import__'"),
        ("", "empty"),
        ("x\0", "formula"),
        ("x\ud800", "formula"),
        ("9" * 5000, "formula"),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        evaluate(text, {"x": 1.0, "weight": 1.0})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["(" * 99_000 + "1" + ")" * 99_000, "1" + "+1" * 50_000, "-" * 100_000 + "1", "2**" * 50_000 + "1", "x" * 10**6],
)
def test_huge_formulas_are_evaluated_or_refused(text: str) -> None:
    try:
        answer = evaluate(text, {})[0].data
    except DataError as error:
        answer = str(error)
    assert answer == 50_001.0 or (isinstance(answer, str) and len(answer) < 200 and "\n" not in answer)


@pytest.mark.sweep
@given(st.text(max_size=30) | st.text("x1.+-*/()^,<='[]: \\", max_size=20))
def test_any_text_is_a_number_or_one_line(text: str) -> None:
    said = ""
    try:
        evaluate(text, {})
    except DataError as error:
        said = str(error)
    assert len(said.splitlines()) <= 1


@pytest.mark.parametrize("name", ["a b", "1x", "lambda", ""])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(DataError, match="cannot be the name"):
        evaluate("1", {name: 1.0})


def test_a_variable_that_does_not_occur_is_a_mistake() -> None:
    with pytest.raises(DataError, match=r"'weigth' does not occur in the formula .did you mean 'weight'"):
        evaluate("weight", {"weight": 1.0, "weigth": 2.0})


def test_every_function_of_math_that_is_a_primitive_can_be_called() -> None:
    assert {"sin", "log", "relu", "abs", "max", "min", "gelu", "hypot", "where"} <= functions().keys()
