"""The operands at which all values and gradients are kept in edges.json; run this to write that file anew."""

from __future__ import annotations

import json
import math
import os
from itertools import product
from pathlib import Path

from accuracy import differentiable_rows

from autograd_core.primitives import Primitive
from autograd_core.testing.accuracy import EDGES, local_derivatives

PATH = Path(__file__).with_name("edges.json")
GOLDEN = json.loads(PATH.read_text())


def edge_operands(row: Primitive) -> list[tuple[float, ...]]:
    """All combinations for one or two operands; of three, the edges for one with two others."""
    if row.arity == 3:
        return [(x, *others) for x in EDGES for others in ((-1.0, 1.0), (1.0, -1.0), (math.nan, 1.0), (math.inf, 0.0))]
    return list(product(EDGES, repeat=row.arity or 2))


def key_of(operands: tuple[float, ...]) -> str:
    return " ".join(map(repr, operands))


def table() -> dict[str, dict[str, list[str]]]:
    return {
        row.name: {
            key_of(xs): [repr(math.nan if y is None else y) for y in (row.eager(*xs), *local_derivatives(row, xs))]
            for xs in edge_operands(row)
        }
        for row in differentiable_rows()
    }


if __name__ == "__main__":
    text = json.dumps(table(), indent=0).replace("[\n", "[").replace(',\n"', ', "').replace("\n]", "]")
    new = PATH.with_suffix(".new")
    new.write_text(text.replace('], "', '],\n"').replace('}, "', '},\n"') + "\n")
    os.replace(new, PATH)
