"""JavaScript run by Node, or by a browser where that is what there is."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from collections.abc import Sequence
from typing import Any

import chromium

NODE = shutil.which("node")
IS_THERE = NODE is not None or chromium.PROGRAM is not None

# What JavaScript's Math lacks, and so whatever is written over it.
WITHOUT = {
    "bessel_i", "bessel_j", "bessel_y", "beta", "betaln", "digamma", "erfcinv", "erfcx", "erfinv", "exp1", "expn",
    "fsum", "gamma", "gamma_density", "gammainc", "gammaincc", "i0", "i1", "ierfcx", "j0", "j1", "lambertw", "lgamma",
    "log_ndtr", "polygamma", "psi_difference", "round_to", "shaped_gammainc", "shaped_gammaincc", "sumprod", "trigamma",
    "y0", "y1",
}  # fmt: skip

# Numbers come as their bits: neither a sign of zero nor a nan is lost.
_RUN = """
(() => {
  const numbers = texts => texts.map(Number);
  const view = new DataView(new ArrayBuffer(8));
  const bits = x => (view.setFloat64(0, x), view.getBigUint64(0).toString());
  return JSON.stringify([FUNCTIONS].map((f, at) => POINTS[at].map(xs => f(numbers(xs)).map(bits))));
})()
"""


def evaluate(functions: Sequence[str], points: Sequence[Sequence[Sequence[float]]]) -> list[list[list[float]]]:
    """What each function, an expression, gives at each of its points."""
    texts = json.dumps([[list(map(_text, xs)) for xs in each] for each in points])
    code = _RUN.replace("POINTS", texts).replace("FUNCTIONS", ",\n".join(functions)).strip()
    found: list[list[list[str]]] = json.loads(_run(code))
    return [[[_number(bits) for bits in numbers] for numbers in each] for each in found]


def _text(x: float) -> str:
    return repr(float(x)).replace("inf", "Infinity").replace("nan", "NaN")


def _number(bits: str) -> float:
    number: float = struct.unpack("<d", struct.pack("<Q", int(bits)))[0]
    return number


def _run(code: str) -> Any:
    if NODE is not None:
        program = f"process.stdout.write({code})"
        return subprocess.run([NODE, "-"], input=program, capture_output=True, text=True, check=True).stdout
    browser = chromium.Chromium()
    try:
        return browser.run(code)
    finally:
        browser.close()
