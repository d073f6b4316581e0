"""The package's exceptions: one tree, each also deriving from the built-in exception that fits."""

__all__ = [
    "AutogradError",
    "CallError",
    "DataError",
    "GraphError",
    "InputsWarning",
    "LoopError",
    "MachineCodeError",
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
    """The root of every exception that this package raises on purpose.

    >>> try:
    ...     math.sin("one")
    ... except AutogradError as error:
    ...     print(type(error).__name__)
    OperandTypeError
    """


class OperandTypeError(AutogradError, TypeError):
    """Something that is not a real number was used as an operand, or a Value was used as a plain number.

    >>> Value(1.0) + "1"  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd_core.errors.OperandTypeError: a Value does not combine with str '1': convert text with float(...) first
    """


class GraphError(AutogradError, ValueError):
    """A graph was asked for something that it cannot give, such as the gradient of a constant.

    >>> Graph()
    Traceback (most recent call last):
    autograd_core.errors.GraphError: a Graph needs at least one output
    """


class StaleGraphError(GraphError, RuntimeError):
    """A leaf changed after the forward pass, so the recorded values no longer belong together.

    >>> x = Value(3.0, label="x")
    >>> y = x * x
    >>> x.data = 4.0
    >>> y.backward()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd_core.errors.StaleGraphError: the leaf 'x' got new data (4.0) after multiply was computed from it: ...
    """


class PrimitiveError(AutogradError, ValueError):
    """A primitive is defined, named or called in a way that the table does not allow.

    >>> from autograd_core.primitives import lookup
    >>> lookup("sine")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd_core.errors.PrimitiveError: there is no primitive 'sine'; ...
    """


class CallError(PrimitiveError, TypeError):
    """A primitive got too few or too many operands, or one by a name that it does not have.

    >>> math.sin(1.0, 2.0)
    Traceback (most recent call last):
    autograd_core.errors.CallError: sin() takes 1 operand, not 2
    """


class NonFiniteError(AutogradError, FloatingPointError):
    """Under ``strict()``, a primitive made an infinity or a NaN out of operands that were none.

    >>> with strict():  # doctest: +ELLIPSIS
    ...     math.log(Value(0.0))
    Traceback (most recent call last):
    autograd_core.errors.NonFiniteError: log(0.0) is -inf at ...
    """


class MissingExtraError(AutogradError, ImportError):
    """An optional dependency is not installed; the message names the extra that brings it.

    >>> from autograd_core._extras import require
    >>> require("there_is_no_such_module", "fits need it", extra="sparse")
    Traceback (most recent call last):
    autograd_core.errors.MissingExtraError: fits need it: pip install 'autograd-core[sparse]'
    """


class DataError(AutogradError, ValueError):
    """A table, a formula or a setting given by the user cannot be used as it is.

    >>> from autograd_core.losses import squared_error
    >>> squared_error([1.0, 2.0], [1.0])
    Traceback (most recent call last):
    autograd_core.errors.DataError: squared_error takes as many targets as outputs, at least one: not 1 for 2
    """


class ParameterFileError(AutogradError, ValueError):
    """A file of saved parameters is damaged, of another version, or does not fit the network.

    >>> import os, tempfile
    >>> from autograd_core.nn import Neuron, load_parameters
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "parameters.json")
    ...     with open(path, "w") as file:
    ...         _ = file.write("{}")
    ...     load_parameters(Neuron(1), path)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd_core.errors.ParameterFileError: ...parameters.json is no file of parameters: its format is not ...
    """


class TransformError(AutogradError, ValueError):
    """A function, or what it returned, does not fit the derivative that was asked for.

    >>> grad(lambda x: [x, x])(1.0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd_core.errors.TransformError: grad wants a function that returns one number, and <lambda> returned 2 ...
    """


class TraceError(AutogradError, TypeError):
    """A function that is being compiled asked for the number of a traced value, which is not known yet.

    >>> jit(lambda x: float(x))(1.0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd_core.errors.TraceError: float(), or a function of the standard math module, needs the number ...
    """


class LoopError(AutogradError, RuntimeError):
    """A loop took more turns, or the steps that its derivative needs more memory, than it may.

    >>> while_loop(lambda x: x > 0.0, lambda x: x + 1.0, 1.0, max_turns=10)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd_core.errors.LoopError: the while_loop was not over after 10 turns (max_turns): ...
    """


class MachineCodeError(AutogradError, RuntimeError):
    """LLVM did not make code that can run here; what wanted it runs as Python code.

    >>> raise MachineCodeError("fma is in no library of this system")
    Traceback (most recent call last):
    autograd_core.errors.MachineCodeError: fma is in no library of this system
    """


class RenderError(AutogradError, RuntimeError):
    """Graphviz is there, but did not turn a picture's DOT text into the format asked for.

    >>> from autograd_core.draw import draw
    >>> picture = draw(Value(1.0))
    >>> try:
    ...     text = picture.svg
    ... except RenderError:
    ...     text = picture.dot
    >>> text.startswith(("<", "digraph"))
    True
    """


class NetworkError(AutogradError, ValueError):
    """A network is built or called with sizes or names that do not fit.

    >>> from autograd_core.nn import MLP
    >>> MLP(2, [1])([1.0])
    Traceback (most recent call last):
    autograd_core.errors.NetworkError: the network takes 2 inputs, not 1
    """


class InputsWarning(UserWarning):
    """A function is compiled for arrays of thousands of numbers, each of which becomes an input of its code.

    >>> import numpy as np, warnings
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     jit(lambda xs: 2.0 * xs[-1])(np.arange(5000.0))
    9998.0
    >>> [warning.category.__name__ for warning in caught]
    ['InputsWarning']
    """


class PathsWarning(UserWarning):
    """A function that branches has as many compiled paths as it may have; calls that take another one are slow.

    >>> import warnings
    >>> staircase = jit(lambda x: sum(x for _ in range(int(x))), max_paths=2)
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     [staircase(x) for x in (1.0, 2.0, 3.0)]
    [1.0, 4.0, 9.0]
    >>> [warning.category.__name__ for warning in caught]
    ['PathsWarning']
    """
