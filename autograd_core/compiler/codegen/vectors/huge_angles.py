"""The reduction of huge angles, of which the difference from a multiple of ½π needs hundreds of digits of π.

M. H. Payne, R. N. Hanek, "Radian Reduction for Trigonometric Functions", ACM SIGNUM Newsletter 18, 1983: of the bits
of 2/π only those matter that, times the angle, are neither a multiple of four quarter turns nor below the last digit.
An angle is M·2ᵉ, M of 53 bits; 192 bits of 2/π are taken, from that on which stands for 2^(1 − e). So the product
modulo 2¹⁹² is the angle in quarter turns modulo 4, with 190 bits behind the point, of which the highest 126 are kept:
no double comes closer to a multiple of ½π than some 2⁻⁶² quarter turns.
"""

from __future__ import annotations

import math
from typing import Final

from autograd_core.compiler.codegen.vectors.coefficients import TWO_OVER_PI_WORDS
from autograd_core.compiler.program.elements import DOUBLE

__all__ = ["HUGE", "define_huge_angles"]

HUGE: Final = 2.0**40
"""The size from which an angle is reduced in this way."""

_SYMBOL, _ONE, _TABLE = "reduce_huge_angles", "reduce_huge_angle", "two_over_pi"

_WORDS = ", ".join(f"i64 {word}" for word in TWO_OVER_PI_WORDS)
_TABLE_TEXT = f"@{_TABLE} = internal constant [{len(TWO_OVER_PI_WORDS)} x i64] [{_WORDS}]"

# The word of zeros before the point makes up for e = −12, at the least.
_RESULTS, _OPERANDS = "{ i64, double, double }", "double %x, i64 %usual.n, double %usual.r, double %usual.rest"
_ONE_TEXT = f"""define internal {_RESULTS} @{_ONE}({_OPERANDS}) noinline #0 {{
  %is_large = fcmp oge double %x, {DOUBLE.constant(HUGE)}
  %is_finite = fcmp olt double %x, {DOUBLE.constant(math.inf)}
  %is_huge = and i1 %is_large, %is_finite
  br i1 %is_huge, label %huge, label %usual
usual:
  %usual.0 = insertvalue {_RESULTS} poison, i64 %usual.n, 0
  %usual.1 = insertvalue {_RESULTS} %usual.0, double %usual.r, 1
  %usual.2 = insertvalue {_RESULTS} %usual.1, double %usual.rest, 2
  ret {_RESULTS} %usual.2
huge:
  %bits = bitcast double %x to i64
  %biased = lshr i64 %bits, 52
  %exponent = sub i64 %biased, 1075
  %fraction = and i64 %bits, 4503599627370495
  %m = or i64 %fraction, 4503599627370496
  %first = add i64 %exponent, 62
  %word = lshr i64 %first, 6
  %shift = and i64 %first, 63
  %p0 = getelementptr i64, ptr @{_TABLE}, i64 %word
  %p1 = getelementptr i64, ptr %p0, i64 1
  %p2 = getelementptr i64, ptr %p0, i64 2
  %p3 = getelementptr i64, ptr %p0, i64 3
  %w0 = load i64, ptr %p0, align 8
  %w1 = load i64, ptr %p1, align 8
  %w2 = load i64, ptr %p2, align 8
  %w3 = load i64, ptr %p3, align 8
  %high = call i64 @llvm.fshl.i64(i64 %w0, i64 %w1, i64 %shift)
  %middle = call i64 @llvm.fshl.i64(i64 %w1, i64 %w2, i64 %shift)
  %low = call i64 @llvm.fshl.i64(i64 %w2, i64 %w3, i64 %shift)
  %m.wide = zext i64 %m to i128
  %low.wide = zext i64 %low to i128
  %middle.wide = zext i64 %middle to i128
  %low.product = mul i128 %m.wide, %low.wide
  %middle.product = mul i128 %m.wide, %middle.wide
  %high.product = mul i64 %m, %high
  %carried = lshr i128 %low.product, 64
  %lower = add i128 %middle.product, %carried
  %high.wide = zext i64 %high.product to i128
  %upper = shl i128 %high.wide, 64
  %turns = add i128 %lower, %upper
  %quarters = shl i128 %turns, 2
  %is_negative = icmp slt i128 %quarters, 0
  %nearest = add i128 %turns, 42535295865117307932921825928971026432
  %nearest.high = lshr i128 %nearest, 126
  %n = trunc i128 %nearest.high to i64
  %opposite = sub i128 0, %quarters
  %size = select i1 %is_negative, i128 %opposite, i128 %quarters
  %zeros = call i128 @llvm.ctlz.i128(i128 %size, i1 false)
  %normal = shl i128 %size, %zeros
  %normal.top = lshr i128 %normal, 75
  %top = trunc i128 %normal.top to i64
  %normal.next = lshr i128 %normal, 22
  %next.long = trunc i128 %normal.next to i64
  %next = and i64 %next.long, 9007199254740991
  %top.number = sitofp i64 %top to double
  %next.number = sitofp i64 %next to double
  %zeros.short = trunc i128 %zeros to i64
  %power = sub i64 970, %zeros.short
  %power.bits = shl i64 %power, 52
  %power.number = bitcast i64 %power.bits to double
  %minus = fneg double %power.number
  %scale = select i1 %is_negative, double %minus, double %power.number
  %a = fmul double %top.number, %scale
  %b.large = fmul double %next.number, %scale
  %b = fmul double %b.large, 0x3CA0000000000000
  %r = fmul double %a, 0x3FF921FB54442D18
  %r.minus = fneg double %r
  %r.rest = call double @llvm.fma.f64(double %a, double 0x3FF921FB54442D18, double %r.minus)
  %r.more = call double @llvm.fma.f64(double %a, double 0x3C91A62633145C07, double %r.rest)
  %rest = call double @llvm.fma.f64(double %b, double 0x3FF921FB54442D18, double %r.more)
  %result.0 = insertvalue {_RESULTS} poison, i64 %n, 0
  %result.1 = insertvalue {_RESULTS} %result.0, double %r, 1
  %result.2 = insertvalue {_RESULTS} %result.1, double %rest, 2
  ret {_RESULTS} %result.2
}}"""
_DECLARED = {
    "llvm.fshl.i64": "declare i64 @llvm.fshl.i64(i64, i64, i64)",
    "llvm.ctlz.i128": "declare i128 @llvm.ctlz.i128(i128, i1)",
    "llvm.fma.f64": "declare double @llvm.fma.f64(double, double, double) #1",
}


def define_huge_angles(width: int, helpers: dict[str, str], declared: dict[str, str]) -> str:
    """Enter the function that reduces the huge angles of a vector, and leaves the others as they are; its symbol.

    Args:
        width: of the vector.
        helpers: what is defined in the module, by symbol.
        declared: what is declared there.

    Returns:
        The function of the angles' sizes, and of n, r and the rest of them as they would be if none was huge.
    """
    if _SYMBOL not in helpers:
        declared.update(_DECLARED)
        helpers[_TABLE], helpers[_ONE] = _TABLE_TEXT, _ONE_TEXT
        helpers[_SYMBOL] = _by_lanes(width)
    return _SYMBOL


def _by_lanes(width: int) -> str:
    kinds = ["double", "i64", "double", "double"]
    vectors = [f"<{width} x {kind}>" for kind in kinds]
    results = f"{{ {', '.join(vectors[1:])} }}"
    lines, totals = [], ["poison"] * 3
    for lane in range(width):
        own = f"%lane{lane}"
        lines += [f"  {own}.x{i} = extractelement {of} %x{i}, i32 {lane}" for i, of in enumerate(vectors)]
        typed = ", ".join(f"{kind} {own}.x{i}" for i, kind in enumerate(kinds))
        lines.append(f"  {own}.all = call {_RESULTS} @{_ONE}({typed})")
        for i, (kind, of) in enumerate(zip(kinds[1:], vectors[1:], strict=True)):
            lines.append(f"  {own}.y{i} = extractvalue {_RESULTS} {own}.all, {i}")
            lines.append(f"  {own}.r{i} = insertelement {of} {totals[i]}, {kind} {own}.y{i}, i32 {lane}")
            totals[i] = f"{own}.r{i}"
    total = "poison"
    for i, of in enumerate(vectors[1:]):
        lines.append(f"  %result{i} = insertvalue {results} {total}, {of} {totals[i]}, {i}")
        total = f"%result{i}"
    parameters, body = ", ".join(f"{of} %x{i}" for i, of in enumerate(vectors)), "\n".join(lines)
    return f"define internal {results} @{_SYMBOL}({parameters}) noinline #0 {{\n{body}\n  ret {results} {total}\n}}"
