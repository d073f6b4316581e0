"""The numbers that were found by measurement, in one place; ``benchmarks/tuning.py`` finds them anew.

They were found on two cores with AVX2 and AVX-512. None of them changes what is computed, but for the order in which a
sum over a batch, or of like terms, is added up. Modules read them as attributes of this one, so that a test or a script
may set them.
"""

# Straight-line code

CHUNK = 200
"""Instructions of one function at most, since LLVM takes more than linear time for a long one."""
POINT_CHUNKS = 2
"""So many times as many for a point, whose numbers are fewer to put away and fetch between functions; in batches code
with longer functions spills."""
STRIP = 1 << 15
"""Bytes of the workspace of a strip, the vectors of samples that function after function does: as the cache holds."""
DOT_PRODUCTS = 6
"""Dot products with the same numbers that are computed side by side, so that each of these is read once for all."""
ACCUMULATORS = 10
"""Sums that one function adds up, which has them in registers beside what it multiplies."""
TILE = 3
"""Numbers that are multiplied with the same others for those sums; each of both is read once."""
LONG = 5_000
"""Instructions of code that is worth rolling into loops; shorter code is optimised as it is."""
LANES = 32
"""Like terms that are worth a loop."""
REPEATING = 2_000
"""Instructions of code that is searched for recurrences, which are worth loops."""
TURNS_ROLLED = 16
"""Turns of a recurrence that is worth a loop."""
SERIAL = 0.5
"""The part of all instructions that depends on all turns before, from which code is worth loops over turns."""
PERIOD = 10_000
"""Instructions of a turn at most."""
ON_TAPE = 1 << 16
"""Numbers at most that a loop of a known number of turns leaves on its tapes, which lie in the workspace then."""
SHORT = 100
"""Instructions of a point's kernel up to which LLVM's passes win something: they take the calls around it away."""
MIDDLING = 1_000
"""Instructions of a point's kernel from which it is as fast as memory is, however LLVM chooses its instructions."""
VAST = 20_000
"""Instructions of a kernel with loops, or of a batch, from which LLVM takes longer to choose well than that wins."""

BUILDER_USES = 50
"""Modules for which LLVM's passes are built by the same builder: with each it takes a little longer."""

# Functions of vectors

LIBRARY: frozenset[str] = frozenset({"acosh", "asinh", "atan", "cosh", "erfc", "sinh", "tan"})
"""Leaves that the system's library computes for whole vectors where it has them, since it takes less than three
quarters of the time of our functions; see ``benchmarks/vector_functions.py``."""
INLINED = 1_000
"""Steps of our own functions in a kernel at most that are written where they are needed, which is a sixth quicker. More
are called, since LLVM takes 40 µs for a step."""

# The loop over a batch

SCRATCH = 1 << 17
"""Bytes of scratch columns at most, so that they stay in the processor's cache."""
STREAMED = 1 << 22
"""Bytes of results in a piece from which they go to memory past the cache, where they would not stay anyway."""
CONVERTED = 1 << 16
"""Samples that are converted at a time, if an array is not one of doubles."""
BLOCK = 1 << 15
"""Samples that Python does at a time, over NumPy's arrays."""

# A batch shared among threads. Costs are in additions of vectors.

SLOW = 20
"""What a division or a root costs."""
VECTOR_CALL, CALL = 60, 500
"""What the call of a function costs, for a whole vector at once and lane by lane."""
MOVED = 20
"""What a number costs that is read or written."""
TURNS = 100
"""Turns that a loop is taken to have, since nobody knows."""
SMALL = 3_000_000
"""Samples times their cost up to which a batch is done on the calling thread, holding the interpreter."""
PIECES = 4
"""Pieces for each thread at most, so that one which starts late leaves less to do for the others."""
WORTHWHILE = 6_000_000
"""Samples times their cost in a piece, if each thread has one."""
LOOKS = 200
"""How often a thread of the pool looks for more work before it goes to sleep."""

# Memory for results. Without it, a million options take twice as long: the system clears fresh memory page by page.

LEAST = 1 << 15
"""Bytes of an array below which the system has memory at hand."""
KEPT = 1 << 26
"""Bytes that a process keeps at most."""
PARTS = 32
"""Pieces of memory that a process keeps at most."""

CACHED = 1 << 28
"""Bytes of machine code that are kept in a folder at most."""

# The function that jit gives

STRUCTURES = 128
"""Structures of arguments for which one function keeps its code; that of a short one takes some 50 KB."""

MANY_INPUTS = 5000
"""From so many numbers in a call on, each an input of the code, the user is warned: ten operations for each of them
take half a minute to compile."""

# The builtin

MOST_NODES = 200
"""Containers, arrays and columns that are written out one by one at most; larger trees take the general path."""
ON_STACK = 1 << 12
"""Bytes that a builtin takes from the stack at most."""

PATHS = 64
"""Ways through a function that branches that are compiled, for one structure of arguments, if the user does not say."""

CHAINED = 64
"""A path that is deeper in the tree is not called by the code of another one: each call takes room on the stack."""

PATHS_INSTRUCTIONS = 250_000
"""All paths of one structure of arguments together have no more instructions, so that nobody waits for compiling long
ones again and again: 64 paths of 4,000."""

SORTED = 1 << 16
"""Samples of a batch that are sorted among paths at a time: a few columns of them stay in the cache."""

MERGED = 600
"""Additions of vectors for which all paths together are cheaper for a sample of a batch than sorting it among them."""
