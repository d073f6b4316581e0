"""Questions to a recorded graph: which paths carry a derivative, and where numbers stopped being finite.

`explanation` has `explain`, over the search of `paths`; `nonfinite` has `find_nonfinite`. It imports `engine`,
`transforms`, and the class of what `jit` gives.
"""

from autograd_core.diagnosis.explanation import Explanation, LeafRow, PathRow, ScopeRow, explain
from autograd_core.diagnosis.nonfinite import NonFinite, find_nonfinite

__all__ = ["Explanation", "LeafRow", "NonFinite", "PathRow", "ScopeRow", "explain", "find_nonfinite"]
