"""The compiler: a traced graph as native code.

A function is called on traced values (`trace`); each node of the graph that this leaves behind runs its forward over a
namespace of instructions (`instructions`, `lower`), which folds constants and finds common subexpressions; the straight-
line code becomes LLVM's text (`emit`), and that machine code (`native`), with a loop for batches (`driver`) and a way in
from Python (`entry`). `callable` puts it together.
"""

from autograd_core.compiler.callable import Jit, jit
from autograd_core.compiler.compiled import Compiled

__all__ = ["Compiled", "Jit", "jit"]
