"""The command ``autograd-core``: a demonstration, and pictures, pages and code of formulas."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import NoReturn

from autograd_core.command.tables import parse_number
from autograd_core.engine.value import Constant
from autograd_core.errors import AutogradError, DataError

__all__ = ["main"]

SUFFIXES = (".svg", ".png", ".pdf", ".dot", ".gv", ".jpg", ".jpeg", ".gif")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: those of the command line; None for those of this process.

    Returns:
        The exit status: 0, 2 for input that cannot be used, 130 after Ctrl-C.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal without UTF-8 gets text with a ? in it, and no traceback
            stream.reconfigure(errors="replace")
    given = list(sys.argv[1:] if arguments is None else arguments)
    # Without a command, options are the demo's: only --help and --version belong to the command as a whole.
    if not given or (given[0].startswith("-") and given[0] not in ("-h", "--help", "--version")):
        given.insert(0, "demo")
    try:
        options, rest = _parser().parse_known_args(given)
        if options.command in ("draw", "explore", "compile"):
            # argparse takes positional arguments in one stretch only; here they may stand after options too.
            options.values += [each for each in rest if not each.startswith("-")]
            rest = [each for each in rest if each.startswith("-")]
        if rest:
            hint = " (a formula that starts with a minus goes in parentheses)" if options.command != "demo" else ""
            raise DataError(f"unknown option {rest[0]!r}{hint}; see --help")
        if options.command == "draw":
            _draw(options.formula, options.values, options.output, options.derivatives)
        elif options.command == "explore":
            _explore(options.formula, options.values, options.output)
        elif options.command == "compile":
            _compile(options.formula, options.values, options.output, options.name)
        else:
            _demo(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader went away, as `head` does; what is still buffered must not fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except AutogradError as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    return 0


def _fail(message: str) -> int:
    print("autograd-core: " + " ".join(message.split("\n")), file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    from importlib.metadata import version

    parser = _Parser(
        prog="autograd-core", description="A scalar reverse-mode autodiff engine. Without a command: the demo."
    )
    parser.add_argument("--version", action="version", version=f"autograd-core {version('autograd-core')}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    demo = commands.add_parser(
        "demo",
        help="train a network on Fisher's iris or a table of yours, check its gradients, draw a neuron",
        description="Train a network to tell classes apart, on Fisher's iris or on a table of yours, or to give the "
        "numbers of a column; check its gradients against differences; write neuron.svg and training.png.",
    )
    demo.add_argument(
        "--data", metavar="FILE.csv", help="CSV, also with ; or tabs: names in the first row, numeric features"
    )
    demo.add_argument("--target", metavar="COLUMN", help="the column of --data to learn (default: the last)")
    demo.add_argument(
        "--task", choices=("classification", "regression"), help="what --target holds, classes or numbers (default: "
        "numbers if they are not whole, or of more than 20 kinds, or most differ)",
    )  # fmt: skip
    demo.add_argument("--out", metavar="DIR", default="autograd-core-demo", help="folder to write to (%(default)s)")
    demo.add_argument("--epochs", type=_count, default=60, metavar="N", help="passes over the rows (%(default)s)")
    demo.add_argument("--seed", type=int, default=1, metavar="N", help="same seed, same result (%(default)s)")
    demo.add_argument(
        "--hidden", type=_layers, default=[8], metavar="N[,N...]", help="neurons of the hidden layers (default: 8)"
    )

    draw = commands.add_parser(
        "draw",
        help="draw the graph of a formula after a backward pass",
        description="Draw the graph of a formula with its values and gradients, and print them.",
        epilog='example: autograd-core draw "tanh(w*x + b)" w=0.5 x=2 b=1 -o out.svg --derivatives',
    )
    _takes_formula(draw, "numbers, names, + - * / // %% **, parentheses, functions such as tanh(x)")
    suffixes = " ".join(SUFFIXES)
    draw.add_argument("-o", "--output", default="graph.svg", metavar="FILE", help=f"{suffixes} (%(default)s)")
    draw.add_argument("--derivatives", action="store_true", help="write its local derivative on each edge")

    explore = commands.add_parser(
        "explore",
        help="write a page on which one steps through the passes of a formula",
        description="Write one HTML file, which needs no network, on which one steps through the forward and the "
        "backward pass of a formula and drags its numbers.",
        epilog='example: autograd-core explore "tanh(w*x + b)" w=0.5 x=2 b=1 -o out.html',
    )
    _takes_formula(explore)
    explore.add_argument("-o", "--output", default="graph.html", metavar="FILE", help="the file (%(default)s)")

    to_c = commands.add_parser(
        "compile",
        help="write a formula and its gradient as a file in C99",
        description="Write a C99 file with a formula as a function of its variables, and its gradient as another one.",
        epilog='example: autograd-core compile "tanh(w*x + b)" w=0.5 x=2 b=1 --name neuron -o neuron.c',
    )
    _takes_formula(to_c, values="a number for each variable, in their order in C")
    to_c.add_argument("-o", "--output", default="formula.c", metavar="FILE", help="the file (%(default)s)")
    to_c.add_argument("--name", default="formula", metavar="NAME", help="the function's name in C (%(default)s)")
    return parser


def _takes_formula(
    command: argparse.ArgumentParser, formula: str = "as for draw", values: str = "the number of each variable"
) -> None:
    command.add_argument("formula", help=formula)
    command.add_argument("values", nargs="*", metavar="NAME=NUMBER", help=values)


def _demo(options: argparse.Namespace) -> None:
    if options.target is not None and options.data is None:
        raise DataError("--target names a column of --data FILE.csv: give both")
    from autograd_core.command.demo import run

    run(options.data, options.target, options.out, options.epochs, options.seed, options.hidden, options.task)


def _draw(formula: str, values: Sequence[str], output: str, derivatives: bool) -> None:
    from autograd_core.command.formula import evaluate
    from autograd_core.draw.drawing import draw

    if os.path.splitext(output)[1].lower() not in SUFFIXES:
        raise DataError(f"{output}: the suffix decides the format: one of {' '.join(SUFFIXES)}")
    result, leaves = evaluate(formula, _numbers(values))
    if not isinstance(result, Constant):
        result.backward()
    draw(result, derivatives=derivatives).save(output)
    print(f"value {result.data!r}")
    for name, leaf in leaves.items():
        print(f"derivative with respect to {name} {leaf.grad!r}")
    print(f"wrote {output}")


def _explore(formula: str, values: Sequence[str], output: str) -> None:
    from autograd_core.command.formula import evaluate
    from autograd_core.draw.explorer import explore

    result, _ = evaluate(formula, _numbers(values))
    explore(result, title=formula).save(output)
    print(f"wrote {output}")


def _compile(formula: str, values: Sequence[str], output: str, name: str) -> None:
    from autograd_core._files import write_whole
    from autograd_core.command.formula import evaluate
    from autograd_core.compiler.export import c_file
    from autograd_core.compiler.program.lower import lower
    from autograd_core.engine.graph import gradients

    result, leaves = evaluate(formula, _numbers(values))
    xs = list(leaves.values())
    value, slopes = (lower(xs, outputs, strict=True)[0] for outputs in ([result], list(gradients(result, xs))))
    inputs = [f"x[{place}]: {label}" for place, label in enumerate(leaves)]
    write_whole(output, c_file(name, value, slopes, inputs, f"y[0]: {formula}".replace("*/", "* /")).encode())
    print(f"wrote {output}")


def _numbers(values: Sequence[str]) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for value in values:
        name, equals, text = (part.strip() for part in value.partition("="))
        if not equals:
            raise DataError(f"{value!r} is not of the form NAME=NUMBER, such as x=2")
        number = parse_number(text)
        if number is None:
            raise DataError(f"{value!r}: {text!r} is not a number")
        if name in numbers:
            raise DataError(f"{name!r} is given twice")
        numbers[name] = number
    return numbers


def _count(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    if not number:
        raise argparse.ArgumentTypeError(f"{text!r} is not a count of 1 or more")
    return number


def _layers(text: str) -> list[int]:
    sizes = [_count(part.strip()) for part in text.split(",")]
    if max(sizes) > 1000:
        raise argparse.ArgumentTypeError(f"{max(sizes)} neurons in a layer; 1000 are the most")
    return sizes
