"""Straight-line code: a graph as instructions, each made at most once, and long sums of like terms found again.

It imports what is above the compiler, and `tuning`. `leaves` is the table of what the compiler knows of each operation,
`builder` the namespace on which a forward makes `instructions` (with `composed` for leaves that are written in others),
`lower` runs a graph over it. `recurrences` finds loops over turns in what comes out (`turns`, by way of `repeats`), and
`like_terms` and `rolling` loops over the terms of sums.
"""
