"""Tables of measurements: CSV files read into named columns of text, and columns into numbers."""

from __future__ import annotations

import csv
import difflib
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import StringIO

from autograd_core.errors import DataError

__all__ = ["Table", "nearest", "read_table"]

MOST_NAMED = 20


@dataclass(frozen=True)
class Table:
    """A table as text.

    Attributes:
        path: the file it was read from.
        columns: the cells of each column, by its name, without spaces around them.
        lines: the line of the file that each row ends on, counted from 1.
        separator: what is between the cells.
        doubts: what may not be as it was meant, as sentences.
    """

    path: str
    columns: dict[str, list[str]]
    lines: list[int]
    separator: str = ","
    doubts: tuple[str, ...] = ()

    def require_complete(self, names: Sequence[str]) -> None:
        """Raise DataError if cells of these columns are empty; it names all of them, or the first twenty."""
        rows = zip(self.lines, zip(*(self.columns[name] for name in names), strict=True), strict=True)
        missing = [
            f"line {line}, column {name!r}"
            for line, row in rows
            for name, cell in zip(names, row, strict=True)
            if not cell
        ]
        if len(missing) == 1:
            raise DataError(f"{self.path}, {missing[0]}: the value is missing")
        if missing:
            rest = f"; and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
            raise DataError(f"{self.path}: {len(missing)} values are missing: {'; '.join(missing[:MOST_NAMED])}{rest}")

    def cells(self, name: str) -> list[str]:
        """The cells of a column.

        Raises:
            DataError: if there is no such column, or cells of it are empty.
        """
        if name not in self.columns:
            known = ", ".join(self.columns)
            raise DataError(f"{self.path}: no column {name!r}{nearest(name, self.columns)}; there are: {known}")
        self.require_complete([name])
        return self.columns[name]

    def numbers(self, name: str) -> list[float]:
        """A column as finite numbers; where no comma separates cells, they may have a decimal comma.

        Raises:
            DataError: if there is no such column, or for the first cell that is not a finite number.
        """
        cells = self.cells(name)
        has_commas = self.separator != "," and any("," in cell for cell in cells)
        numbers = []
        for line, cell in zip(self.lines, cells, strict=True):
            # beside decimal commas a point would be one of thousands, so that neither is sure
            number = parse_number(cell.replace(",", ".") if has_commas and "." not in cell else cell)
            if has_commas and "." in cell:
                raise DataError(f"{self.path}, line {line}, column {name!r}: {cell[:40]!r} among numbers with a comma")
            if number is None or not math.isfinite(number):
                what = "a number" if number is None else "a finite number"
                raise DataError(f"{self.path}, line {line}, column {name!r}: {cell[:40]!r} is not {what}")
            numbers.append(number)
        return numbers


def read_table(path: str | os.PathLike[str]) -> Table:
    """Read a CSV file: UTF-8, the names of the columns in the first row; empty lines are skipped.

    Cells are separated by commas, semicolons or tabs: by that which gives most names in the first row.

    Raises:
        DataError: if the file is not of that form; the message names the line.
        OSError: if it cannot be read.
    """
    path = os.fspath(path)
    rows: list[tuple[int, list[str]]] = []
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.reader([])  # until it is known what separates cells
        try:
            text = file.read()
            separator = _separator(text)
            reader = csv.reader(StringIO(text, newline=""), strict=True, delimiter=separator)
            rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if row]
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            raise DataError(f"{path}: not UTF-8 text (byte {byte:#04x}): save it as UTF-8") from None
        except csv.Error as error:
            raise DataError(f"{path}, line {reader.line_num}: not CSV: {error}") from None
    if not rows:
        raise DataError(f"{path}: the file is empty: the names of the columns are wanted in its first row")
    line, header = rows.pop(0)
    _check_header(path, line, header)
    doubts = _doubts(path, line, header)
    if not rows:
        raise DataError(f"{path}: there are no rows under the names of the columns")
    for line, row in rows:
        if len(row) != len(header):
            raise DataError(f"{path}, line {line}: {len(row)} cells in a table of {len(header)} columns")
    columns = {name: [row[i] for _, row in rows] for i, name in enumerate(header)}
    return Table(path, columns, [line for line, _ in rows], separator, doubts)


def _separator(text: str) -> str:
    """What separates the cells of the first row."""
    line = text.lstrip().partition("\n")[0]  # a quoted name may go on in the next line: its part here will do
    return max(",;\t", key=lambda each: len(next(csv.reader([line], delimiter=each), [])))


def _doubts(path: str, line: int, header: list[str]) -> tuple[str, ...]:
    numbers = [name for name in header if parse_number(name) is not None]
    if not numbers:
        return ()
    return (
        f"{path}, line {line}: the first row names the columns, and {numbers[0]!r} is a number: if it is a row like "
        "the others, put one with names before it",
    )


def nearest(name: str, known: Iterable[str]) -> str:
    """`` (did you mean 'x'?)`` for the known name most like `name`; nothing if none is."""
    matches = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {matches[0]!r}?)" if matches else ""


def parse_number(text: str) -> float | None:
    """`text` as a float, also inf and nan; None if it is no number."""
    try:
        # Python allows 1_000, which in data is more likely a code than a number.
        return None if "_" in text else float(text)
    except ValueError:
        return None


def _check_header(path: str, line: int, header: list[str]) -> None:
    for i, name in enumerate(header):
        if not name:
            raise DataError(f"{path}, line {line}: column {i + 1} has no name")
        if name in header[:i]:
            raise DataError(f"{path}, line {line}: two columns are named {name!r}")
    if all(parse_number(name) is not None for name in header):
        raise DataError(f"{path}, line {line}: the first row holds the names of the columns, not numbers")
