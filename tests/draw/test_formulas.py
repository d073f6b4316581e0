"""What is written in the boxes of operations, and where their operands arrive."""

from __future__ import annotations

import re

import pytest

from autograd_core import Value, math, record_lines
from autograd_core.draw import draw
from autograd_core.draw.texts import box_formula, port_marks
from autograd_core.engine.value import TABLE, record

A, B, LONG = Value(5.0, "a"), Value(3.0, "b"), Value(2.0, "a label that is too long")


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (A - B, "a − b"),
        (B - A, "b − a"),
        (A - 1, "a − 1"),
        (1 - A, "1 − a"),
        (A - (-1), "a − (-1)"),
        (A / B, "a ÷ b"),
        (A % B, "a % b"),
        (A // 2, "a // 2"),
        (-A, "−a"),
        (-LONG, "−(…)"),
        (+A, "+a"),
        (A**2, "a²"),
        ((A * B) ** 2, "(…)²"),
        (A**3, "a³"),
        (A**-12, "a⁻¹²"),
        (A**2.5, "a ^ 2.5"),
        (2**A, "2 ^ a"),
        (A**1e9, "a ^ 1e+09"),
        (A**B, "a ^ b"),
        (A * B, "×"),
        (A * 2, "a × 2"),
        (2 * (A * B), "2 × (…)"),
        (A + B, "+"),
        ((A + B) - (A * B), "① − ②"),
        ((A + B) - A, "① − a"),
        (A - LONG, "a − ②"),
        (abs(A), "|a|"),
        (abs(A * B), "|…|"),
        (A.tanh(), "tanh"),
        ((A * B).exp(), "exp"),
        (math.atan2(A, B), "atan2(a, b)"),
        (math.atan2(A, A * B), "atan2"),
        (math.atan2(A * B, 1.0), "atan2((…), 1)"),
        (math.where(A > B, A, B), "where(1, a, b)"),
        (math.maximum(A, 0.0), "max(a, 0)"),
        (math.greater(A * B, 0.0), "(…) > 0"),
        (math.less(A, B), "a < b"),
        (math.sum([A, B, LONG, A, B]), "Σ"),
        (Value(1.0, "p+q") - A, "(p+q) − a"),
        (Value(1.0, "w[0]") - A, "w[0] − a"),
    ],
)
def test_a_formula_says_which_operand_is_where(node: Value, text: str) -> None:
    assert box_formula(node) == text
    assert text.replace(">", "&gt;").replace("<", "&lt;") in draw(node).dot


@pytest.mark.parametrize(
    ("node", "marks"),
    [
        (A - B, ("", "")),
        ((A + B) - (A * B), ("①", "②")),
        (A - (A * B), ("①", "②")),
        (A * B, ("", "")),
        (A - A, ("", "")),
        (A - 1.0, ()),
        (A.exp(), ()),
        (math.atan2(A, A * B), ("①", "②")),
        (math.where(1.0, A, A * B), ("②", "③")),
        (math.dot([A, 2.0], [3.0, B], LONG), ("w0", "x1", "b")),
        (math.sum([A] * 9), ()),
    ],
)
def test_operands_that_may_not_change_places_have_numbers(node: Value, marks: tuple[str, ...]) -> None:
    assert port_marks(node) == marks
    arrows = re.findall(r"-> n\d+:p(\d):w", draw(node, fold=False).dot)
    ports = [number for number in arrows if number]
    assert len(ports) >= len(marks)


def test_operands_arrive_in_order_from_the_top() -> None:
    for node in ((A - B) * (B - A), math.atan2(B, A)):
        for rankdir, side in (("LR", "w"), ("RL", "e"), ("TB", "n"), ("BT", "s")):
            dot = draw(node, rankdir=rankdir).dot
            assert re.findall(rf"(\d):{side} ", dot) == ["0", "1"] * (dot.count(" -> ") // 2)
            box = next(line for line in dot.splitlines() if 'PORT="p1"' in line)
            assert box.index('PORT="p0"') < box.index('PORT="p1"')


def test_a_power_of_two_does_not_read_as_its_data() -> None:
    boxes = draw(A**2).dot
    assert "<B>a²</B>" in boxes
    assert "data 25" in boxes


def test_constants_stand_in_the_box_of_what_uses_them() -> None:
    y = (A * 2.0 + 1.0) / math.maximum(0.0, B, 1.0, 2.0, 7.0)
    dot = draw(y).dot
    assert len(re.findall(r"^n\d+ \[", dot, re.MULTILINE)) == 6
    assert "with 0, 1, 2, 7" in dot
    assert "operand 1 is 0.0, operand 3 is 1.0, operand 4 is 2.0, operand 5 is 7.0" in dot
    assert "with 1, 1, 1, 1, 1, 1, …" in draw(math.sum([A, *[1.0] * 1000])).dot


def test_grads_are_written_once_there_is_one() -> None:
    x = Value(2.0, "x")
    y = x * x
    assert "grad" not in re.sub('tooltip="[^"]*"', "", draw(y).dot)
    y.backward()
    assert "grad 4" in draw(y).dot
    x.grad = 0.0
    assert "grad 1" in draw(y).dot  # of y itself


def test_what_is_not_finite_has_a_sign_and_says_where_it_begins() -> None:
    x, zero = Value(-1.0, "x"), Value(0.0, "zero")
    y = (x.log() + 1.0) * (1.0 / zero)
    y.backward()
    dot = draw(y, derivatives=True).dot
    boxes = {line.partition("<B>")[2].partition("</B>")[0]: line for line in dot.splitlines() if "<B>" in line}
    assert [name for name, box in boxes.items() if "begins here<" in box] == ["log", "1 ÷ zero"]
    assert [name for name, box in boxes.items() if "alarm" in box] == ["x", "zero", "log", "(…) + 1", "1 ÷ zero", "×"]
    assert "! data nan" in boxes["log"]
    assert "! data inf" in boxes["1 ÷ zero"]
    assert "label=<! -inf>" in dot
    assert "alarm" not in draw(A * B, derivatives=True).dot


def test_tooltips_say_scope_and_line() -> None:
    with record_lines():
        y = A * B
    assert "test_formulas.py:" in draw(y).dot
    assert "y = A * B" in draw(y).dot


def test_every_row_has_a_formula() -> None:
    for op in TABLE.values():
        count = op.arity or 4
        assert box_formula(record(op, *[Value(0.5) for _ in range(count)]))
        text = box_formula(record(op, *[Value(0.5, name) for name in "abcdefgh"[:count]]))
        assert len(text) < 30


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("<b>", "(&lt;b&gt;) − (&lt;b&gt;)"),
        ("a\nb", "(a&#92;&#92;nb)"),
        ("\ud800", "(&#92;&#92;ud800)"),
        ("日本", "日本 − 日本"),
    ],
)
def test_a_formula_of_any_labels_is_text(label: str, shown: str) -> None:
    dot = draw(Value(1.0, label) - Value(2.0, label)).dot
    assert shown in dot
    dot.encode()
