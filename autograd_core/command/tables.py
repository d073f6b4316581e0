"""Tables of measurements: CSV files read into named columns of text, and columns into numbers."""

from __future__ import annotations

import csv
import difflib
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass

from autograd_core.errors import DataError

__all__ = ["Table", "nearest", "read_table"]


@dataclass(frozen=True)
class Table:
    """A table as text.

    Attributes:
        path: the file it was read from.
        columns: the cells of each column, by its name, without spaces around them.
        lines: the line of the file that each row ends on, counted from 1.
    """

    path: str
    columns: dict[str, list[str]]
    lines: list[int]

    def cells(self, name: str) -> list[str]:
        """The cells of a column.

        Raises:
            DataError: if there is no such column, or one of its cells is empty.
        """
        if name not in self.columns:
            known = ", ".join(self.columns)
            raise DataError(f"{self.path}: no column {name!r}{nearest(name, self.columns)}; there are: {known}")
        for line, cell in zip(self.lines, self.columns[name], strict=True):
            if not cell:
                raise DataError(f"{self.path}, line {line}, column {name!r}: the value is missing")
        return self.columns[name]

    def numbers(self, name: str) -> list[float]:
        """A column as finite numbers.

        Raises:
            DataError: if there is no such column, or for the first cell that is not a finite number.
        """
        cells = self.cells(name)
        numbers = []
        for line, cell in zip(self.lines, cells, strict=True):
            number = parse_number(cell)
            if number is None or not math.isfinite(number):
                what = "a number" if number is None else "a finite number"
                raise DataError(f"{self.path}, line {line}, column {name!r}: {cell[:40]!r} is not {what}")
            numbers.append(number)
        return numbers


def read_table(path: str | os.PathLike[str]) -> Table:
    """Read a CSV file: UTF-8, commas between cells, the names of the columns in the first row; empty lines are skipped.

    Raises:
        DataError: if the file is not of that form; the message names the line.
        OSError: if it cannot be read.
    """
    path = os.fspath(path)
    rows: list[tuple[int, list[str]]] = []
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
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
    if not rows:
        raise DataError(f"{path}: there are no rows under the names of the columns")
    for line, row in rows:
        if len(row) != len(header):
            raise DataError(f"{path}, line {line}: {len(row)} cells in a table of {len(header)} columns")
    columns = {name: [row[i] for _, row in rows] for i, name in enumerate(header)}
    return Table(path, columns, [line for line, _ in rows])


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
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        raise DataError(f"{path}, line {line}: only one column: separate the cells by commas")
