"""What a primitive means: one module for each kind of operand; it imports `errors` and `_extras` only.

`protocol` is the contract that all of them fulfil: `floats` (compute now), `arrays` (a batch at once), `precise` (to
any number of digits). Values and the compiler have theirs where they are: `autograd_core.engine.values` and
`autograd_core.compiler.program.builder`. `gated` is what a cotangent under a condition is; `accurate`, `polygamma`
and `special` have functions that the standard library lacks, or has not to the last digits.
"""
