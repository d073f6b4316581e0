"""The compiler: a traced graph as native code.

A function is called on traced values (`trace`). Each node of the graph that this leaves behind runs its forward over a
namespace of instructions, which folds constants and finds common subexpressions (`lower`, `instructions`). That
straight-line code becomes LLVM's text (`emit`), and the text machine code (`native`), with a loop for batches
(`driver`), threads that share them (`pool`) and a way in from Python (`entry`). `callable` and `compiled` put it
together.
"""

from autograd_core.compiler.jit_function import Jit, jit

__all__ = ["Jit", "jit"]
