"""Machine code, loaded and run. It imports `codegen`, and what is above that.

`host` knows this processor and its libraries, `code` loads a module (`undisturbed` meanwhile), `driver` loops over a
batch, `pool` has threads that share one, `memory` arrays for results, and `batches` brings a batch from its arrays to
its results.
"""
