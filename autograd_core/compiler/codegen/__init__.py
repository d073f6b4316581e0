"""Straight-line code as text: LLVM's language, and Python. It imports `program`, and what is above that.

`operations`, `body`, `sums` and `kernel` write a kernel line by line, as text: a trace of 65,000 nodes has 300,000 of
these, and llvmlite's builder takes several times as long for each; likewise `turns_writer`, for recurrences. What is
written once (`rolled_loops`, and `driver`, `pool` and `builtin` elsewhere) is written with that builder, by way of
`function_writer`. `emitted` chooses how a program is written. `convention` says how kernels are called, and
`python_source` serves where there is no LLVM.
"""
