"""What a primitive means: one module for each kind of operand.

Every namespace offers the leaves of the table by name, the constants ``pi`` and ``e``, and what rules are written
with: ``where``, the comparisons and logical functions, ``gate``, and ``operand`` (how a graph's node is read).
"""
