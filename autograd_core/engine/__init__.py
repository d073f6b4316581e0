"""One node, how it is recorded, its order, and the two sweeps over a graph; it imports `errors` and `namespaces` only.

`value` has the node and its operators, `order` the order, `sweeps` the passes, `graph` both as a user meets them,
`steps` the backward pass to look at, `origins` where nodes come from, `micrograd_names` what micrograd's readers type.
The rest is what these stand on: `operation` (what a node knows of its primitive), `values` (the namespace that
records), `traced` (nodes without numbers), `reals`, `operators`, `callers`, `labels`, `wording`, `copying`,
`strictness`, `collector`, `blocks`, `clock`, and `methods`, by which a module gives a class above it a method.
"""
