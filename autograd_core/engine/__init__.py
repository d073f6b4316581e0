"""One node, how it is recorded, its order, and the two sweeps over a graph; it imports `errors` and `namespaces` only.

`value` has the node and its operators, `sweeps` the order and the passes, `graph` both as a user meets them. The rest
is what these stand on: `operation` (what a node knows of its primitive), `values` (the namespace that records),
`traced` (nodes without numbers), `reals`, `operators`, `callers`, `copying`, `strictness`, `collector`, `blocks`,
`clock`, and `methods`, by which a module gives a class above it a method.
"""
