"""Functions of our own over vectors, for platforms whose libraries have none, and what writes them.

Each is written once, over `Steps`, for vectors of every width: a reduction of the range with fused operations, and
polynomials whose coefficients ``benchmarks/polynomials.py`` finds. All are within 2 ULP, and at edges what
docs/edges.md says. There is no branch but one around the reduction of huge angles, so an edge is a selection, or comes
by itself. The result is the same to the last bit for every width, written in line or called, on every platform.

The modules import each other, and nothing else of the package.
"""
