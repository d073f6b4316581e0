"""The package's exceptions: one tree, each also deriving from the built-in exception that fits."""

__all__ = [
    "AutogradError",
    "CallError",
    "DataError",
    "GraphError",
    "LoopError",
    "MissingExtraError",
    "NetworkError",
    "NonFiniteError",
    "OperandTypeError",
    "ParameterFileError",
    "PathsWarning",
    "PrimitiveError",
    "RenderError",
    "StaleGraphError",
    "TraceError",
    "TransformError",
]


class AutogradError(Exception):
    """The root of every exception that this package raises on purpose."""


class OperandTypeError(AutogradError, TypeError):
    """Something that is not a real number was used as an operand, or a Value was used as a plain number."""


class GraphError(AutogradError, ValueError):
    """A graph was asked for something that it cannot give, such as the gradient of a constant."""


class StaleGraphError(GraphError, RuntimeError):
    """A leaf changed after the forward pass, so the recorded values no longer belong together."""


class PrimitiveError(AutogradError, ValueError):
    """A primitive is defined, named or called in a way that the table does not allow."""


class CallError(PrimitiveError, TypeError):
    """A primitive got too few or too many operands, or one by a name that it does not have."""


class NonFiniteError(AutogradError, FloatingPointError):
    """Under ``strict()``, a primitive made an infinity or a NaN out of operands that were none."""


class MissingExtraError(AutogradError, ImportError):
    """An optional dependency is not installed; the message names the extra that brings it."""


class DataError(AutogradError, ValueError):
    """A table, a formula or a setting given by the user cannot be used as it is."""


class ParameterFileError(AutogradError, ValueError):
    """A file of saved parameters is damaged, of another version, or does not fit the network."""


class TransformError(AutogradError, ValueError):
    """A function, or what it returned, does not fit the derivative that was asked for."""


class TraceError(AutogradError, TypeError):
    """A function that is being compiled asked for the number of a traced value, which is not known yet."""


class LoopError(AutogradError, RuntimeError):
    """A loop took more turns, or the steps that its derivative needs more memory, than it may."""


class RenderError(AutogradError, RuntimeError):
    """Graphviz is there, but did not turn a picture's DOT text into the format asked for."""


class NetworkError(AutogradError, ValueError):
    """A network is built or called with sizes or names that do not fit."""


class PathsWarning(UserWarning):
    """A function that branches has as many compiled paths as it may have; calls that take another one are slow."""
