"""Functions of our own over vectors: within 2 ULP, the same bits for every width, and no library is needed."""

from __future__ import annotations

import importlib.util
import math
import re
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jit_modes import BATCHES, WIDEST, Mode, apart, use

from autograd_core import jit, value_and_grad
from autograd_core import math as m
from autograd_core.compiler import tuning
from autograd_core.compiler.codegen.vectors.functions import VECTOR_FUNCTIONS
from autograd_core.compiler.machine import host
from autograd_core.namespaces import floats
from autograd_core.primitives import TABLE
from autograd_core.testing.accuracy import edge_points, sample_points, special_points, true_value, ulps

pytestmark = pytest.mark.skipif(not BATCHES or not host.fuses(), reason="there are no vectors, or no fused operations")

ULPS = 1.25
LOOSER = dict.fromkeys(("sinh", "cosh", "erf", "erfc"), 2.0)
UNARY = [name for name in VECTOR_FUNCTIONS if TABLE[name].arity == 1]
BINARY = [name for name in VECTOR_FUNCTIONS if name not in UNARY]
Numbers = dict[str, list[float]]

# Multiples of ½π, and the doubles closest to one; where powers of two, ranges of polynomials, and results end.
TURNS = [math.pi / 4 * k for k in (*range(1, 20), 1e5, 2.0**36, 2.0**40)]
HARD = [45.553093477052, 14461176.67027838, 563416747700.2246, 2.1684714451092387e20, 5.319372648326541e255]
HARD += [2.0**1023, 2.0**40]
ENDS = [math.log(2.0) * (k + 0.5) for k in (0, 1, 5, 50, 1000, -1, -5, -50, -1000, -1070)]
ENDS += [-708.3964185322641, -744.4400719213812, -745.1332191019411, 709.782712893384, 709.7827128933841]
ENDS += [math.sqrt(0.5), math.sqrt(2.0), 0.75, 6.0, 22.0, 26.54325845425098, 27.226, 28.0, 2.0**-54, 2.0**-30, 1.7e-308]
PAIRS = [(1.0 + 2.0**-52, 2.0**60), (1.0 - 2.0**-53, -(2.0**62)), (0.1, 308.25), (2.0**-1074, 0.5), (7.5, -352.1)]
PAIRS += [(x, 700.0 / math.log(x)) for x in (1.0001, 0.9, 3.0, 1e-300, 1e300)]


def points(count: int) -> list[float]:
    fixed = [x for y in (*TURNS, *HARD, *ENDS) for x in (y, -y, math.nextafter(y, 0.0), math.nextafter(y, math.inf))]
    random = [x for name in UNARY for (x,) in list(sample_points(TABLE[name], count))[-count:]]
    return [*(x for (x,) in edge_points(1)), *special_points((-1.0, 1.0)), *fixed, *random]


def pairs(count: int) -> list[tuple[float, float]]:
    edges = product(
        (0.0, 1.0, 0.5, 2.0, 3.0, 2.5, math.inf, math.nan, 5e-324, 1e308, 2.0**53 + 2.0, 2.0**52 + 1.0), repeat=2
    )
    signed = [(a * x, b * p) for x, p in edges for a, b in product((1.0, -1.0), repeat=2)]
    random = [xs for name in BINARY for xs in sample_points(TABLE[name], count, operands=2)]
    return [*signed, *PAIRS, *random]  # type: ignore[list-item]  # two operands


def results(xs: list[float], xps: list[tuple[float, float]]) -> Numbers:
    """What all functions give for the columns, by the code of the present mode."""
    ys = jit(lambda x: [getattr(m, name)(x) for name in UNARY], in_axes=0)(np.array(xs))
    zs = jit(lambda x, y: [getattr(m, name)(x, y) for name in BINARY], in_axes=0)(*np.array(xps).T)
    return {name: column.tolist() for name, column in zip([*UNARY, *BINARY], [*ys, *zs], strict=True)}


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no library of vector functions."""
    monkeypatch.setattr(host, "_system_functions", lambda width: {})


@pytest.fixture(scope="module")
def widest() -> tuple[list[float], list[tuple[float, float]], Numbers]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(host, "_system_functions", lambda width: {})
        patch.setattr(tuning, "INLINED", 0)
        xs, xps = points(8), pairs(60)
        return xs, xps, results(xs, xps)


def operands_of(name: str, xs: list[float], xps: list[tuple[float, float]]) -> list[tuple[float, ...]]:
    return list(xps) if name in BINARY else [(x,) for x in xs]


def wrong(name: str, operands: list[tuple[float, ...]], ys: list[float]) -> list[Any]:
    """Where a result is not within the bound of the truth, or at an edge is not that of eager evaluation."""
    found = []
    for x, y in zip(operands, ys, strict=True):
        eager = TABLE[name].eager(*x)
        off = apart(y, eager)
        if off and math.isfinite(off):
            off = ulps(y, true_value(TABLE[name], x)) if eager and all(map(math.isfinite, x)) else math.inf
        if off > LOOSER.get(name, ULPS):
            found.append((off, x, y, eager))
    return found


@pytest.mark.parametrize("name", VECTOR_FUNCTIONS)
def test_the_truth_to_the_bound_and_edges_as_they_are(name: str, widest: Any) -> None:
    xs, xps, ys = widest
    assert wrong(name, operands_of(name, xs, xps), ys[name]) == []


# in the widest vectors, and called, they are the fixture's
@pytest.mark.parametrize(
    ("mode", "inlined"),
    [
        *((mode, 0) for mode in BATCHES[:-1]),
        *(pytest.param(mode, 1 << 20, marks=pytest.mark.soak) for mode in BATCHES[:-1]),
        *((mode, 1 << 20) for mode in BATCHES[-1:]),
    ],
    ids=lambda value: value.name if isinstance(value, Mode) else "in line" if value else "called",
)
def test_the_bits_do_not_depend_on_width_or_place(
    mode: Mode, inlined: int, widest: Any, own: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(mode, monkeypatch)
    monkeypatch.setattr(tuning, "INLINED", inlined)
    xs, xps, wanted = widest
    found = results(xs, xps)
    for name, ys in wanted.items():
        np.testing.assert_array_equal(np.array(found[name]), np.array(ys), name)
        assert [math.copysign(1.0, y) for y in found[name] if y == 0.0] == [
            math.copysign(1.0, y) for y in ys if y == 0.0
        ]


@pytest.mark.soak
@pytest.mark.parametrize("name", VECTOR_FUNCTIONS)
def test_many_points(name: str, own: None) -> None:
    operands = list(sample_points(TABLE[name], 20_000, seed=5, operands=2))
    columns = np.array(operands).T
    assert wrong(name, operands, jit(getattr(m, name), in_axes=0)(*columns).tolist()) == []


def test_logarithms_of_whole_powers_are_whole(own: None) -> None:
    twos, tens = [2.0**k for k in range(-1074, 1024)], [10.0**k for k in range(23)]
    log2, log10 = (jit(function, in_axes=0) for function in (m.log2, m.log10))
    assert log2(np.array(twos)).tolist() == list(range(-1074, 1024))
    assert log10(np.array(tens)).tolist() == list(range(23))


def declared(ir: str) -> set[str]:
    return set(re.findall(r"^declare .*@([\w.]+)\(", ir, re.MULTILINE))


def price(s: Any, k: Any, sigma: Any, t: Any) -> Any:
    spread = sigma * m.sqrt(t)
    d = m.log(s / k) / spread + 0.5 * spread
    return s * 0.5 * m.erfc(-d) - k * m.tanh(t) * (1.0 + m.erf(d)) + m.sin(d) * m.cos(d) * m.pow(t, sigma)


@pytest.mark.parametrize("inlined", [0, 10_000], ids=["called", "in line"])
def test_a_batch_needs_no_library(inlined: int, own: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "INLINED", inlined)
    columns = np.random.default_rng(1).uniform(0.5, 1.5, (4, 37))
    function = value_and_grad(price, (0, 1, 2, 3))
    compiled = jit(function, in_axes=0)
    value, slopes = compiled(*columns)
    assert {symbol for symbol in declared(compiled.compile(*columns).ir) if not symbol.startswith("llvm.")} == set()
    for i, xs in enumerate(columns.T.tolist()):
        eager, eager_slopes = function(*xs)
        assert value[i] == pytest.approx(eager, rel=1e-14, abs=1e-14)
        assert [slope[i] for slope in slopes] == pytest.approx(list(eager_slopes), rel=1e-13, abs=1e-13)


@pytest.mark.parametrize("inlined", [0, 10_000], ids=["called", "in line"])
def test_sine_and_cosine_share_their_reduction(inlined: int, own: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "INLINED", inlined)
    xs = np.array([1.0, 1e300, -7.0])
    compiled = jit(lambda x: (m.sin(x), m.cos(x)), in_axes=0)
    sines, cosines = compiled(xs)
    ir = compiled.compile(xs).ir
    assert ir.count(f"call {{ <{WIDEST} x i64>") == (2 if inlined else 1)  # two vectors side by side
    assert ir.count("@own_sin_cos(") == (0 if inlined else 2)
    assert sines.tolist() == pytest.approx([math.sin(x) for x in xs], rel=1e-15)
    assert cosines.tolist() == pytest.approx([math.cos(x) for x in xs], rel=1e-15)


def test_code_for_arm_is_vectors_without_calls(own: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "vector_width", lambda: 2)
    xs = np.ones(2)
    function = jit(lambda x: [m.exp(x), m.log(x), m.sin(x), m.erfc(x)], in_axes=0)
    llvm = host.llvm()
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine = llvm.Target.from_triple("aarch64-linux-gnu").create_target_machine(opt=1)
    module = llvm.parse_assembly(function.compile(xs).ir)
    module.triple = "aarch64-linux-gnu"
    text = machine.emit_assembly(module)
    assert len(re.findall(r"\tfmla\tv\d+\.2d", text)) > 70
    called = set(re.findall(r"\tbl\t(\w+)", text))
    assert called <= {"chunk_0", "reduce_huge_angle", "reduce_huge_angles"}


def test_without_fused_operations_the_c_library_computes(own: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "fuses", lambda: False)
    xs = np.linspace(-3.0, 3.0, 19)
    compiled = jit(lambda x: m.exp(x) + m.tanh(x), in_axes=0)
    assert compiled(xs).tolist() == [floats.exp(x) + floats.tanh(x) for x in xs.tolist()]
    assert {"exp", "tanh"} <= declared(compiled.compile(xs).ir)


def test_the_library_is_taken_where_it_is_quicker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        host, "_system_functions", lambda width: {"sin": "vector_sin", "exp": "vector_exp", "other": "vector_other"}
    )
    monkeypatch.setattr(tuning, "LIBRARY", frozenset({"sin"}))
    chosen = host.vector_functions(WIDEST)
    assert (chosen["sin"], chosen["exp"], chosen["other"]) == ("vector_sin", "own", "vector_other")


@pytest.mark.soak
def test_the_coefficients_are_found_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(__file__).parents[2] / "benchmarks" / "polynomials.py"
    spec = importlib.util.spec_from_file_location("polynomials", path)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    kept = script.TARGET.read_text(encoding="utf-8")
    monkeypatch.setattr(script, "TARGET", tmp_path / "coefficients.py")
    script.main()
    assert (tmp_path / "coefficients.py").read_text(encoding="utf-8") == kept
