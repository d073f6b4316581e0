"""Python's objects in and out of compiled code. It imports `machine`, and what is above that.

`arguments` takes the arguments of a call apart in Python; `objects` and `boxing` do it in machine code, for the
function that `builtin` writes.
"""
