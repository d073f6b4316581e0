"""Tables: what is read, and where each thing that cannot be used is."""

import pathlib

import pytest

from autograd_core.command.tables import read_table
from autograd_core.errors import DataError


def write(folder: pathlib.Path, content: bytes) -> pathlib.Path:
    path = folder / "t.csv"
    path.write_bytes(content)
    return path


def test_quotes_byte_order_mark_and_empty_lines(tmp_path: pathlib.Path) -> None:
    table = read_table(write(tmp_path, b'\xef\xbb\xbfa b,"c,d"\r\n1, x\r\n\r\n-2.5e3,"y\nz"\r\n'))
    assert table.columns == {"a b": ["1", "-2.5e3"], "c,d": ["x", "y\nz"]}
    assert table.numbers("a b") == [1.0, -2500.0]
    assert table.lines == [2, 5]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"a,b\n", "there are no rows"),
        (b"a,b\n1,2\n3\n", "line 3: 1 cells in a table of 2 columns"),
        (b"a,b\n1,2,3\n", "line 2: 3 cells in a table of 2 columns"),
        (b"a,a\n1,2\n", "line 1: two columns are named 'a'"),
        (b"a,\n1,2\n", "line 1: column 2 has no name"),
        (b"1,2\n3,4\n", "the first row holds the names"),
        (b"a\n\xff\n", r"not UTF-8 text \(byte 0xff\)"),
        (b'a\n"1\n', "not CSV"),
    ],
)
def test_refused_files(tmp_path: pathlib.Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_table(write(tmp_path, content))


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("x", "line 3, column 'a': 'x' is not a number"),
        ("1_000", "is not a number"),
        ("nan", "'nan' is not a finite number"),
        ("-inf", "is not a finite number"),
        ("1e999", "is not a finite number"),
        ("", "line 3, column 'a': the value is missing"),
    ],
)
def test_refused_cells(tmp_path: pathlib.Path, cell: str, message: str) -> None:
    table = read_table(write(tmp_path, f"a,b\n1,2\n{cell},2\n".encode()))
    with pytest.raises(DataError, match=message):
        table.numbers("a")


def test_an_unknown_column_names_the_nearest(tmp_path: pathlib.Path) -> None:
    with pytest.raises(DataError, match=r"no column 'specie' .did you mean 'species'"):
        read_table(write(tmp_path, b"species,b\n1,2\n")).numbers("specie")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_found(tmp_path: pathlib.Path, separator: str) -> None:
    text = '\n"a, or; b"|c\n1.5|-2e3\n"2"|0\n'.replace("|", separator)
    table = read_table(write(tmp_path, text.encode()))
    assert table.separator == separator
    assert table.numbers("a, or; b") == [1.5, 2.0]
    assert table.numbers("c") == [-2000.0, 0.0]


def test_decimal_commas_where_no_comma_separates(tmp_path: pathlib.Path) -> None:
    table = read_table(write(tmp_path, b"a;b;c\n1,5;2.5;1.000,5\n-0,25e1;3;2,5\n"))
    assert table.numbers("a") == [1.5, -2.5]
    assert table.numbers("b") == [2.5, 3.0]
    with pytest.raises(DataError, match=r"line 2, column 'c': '1\.000,5' among numbers with a comma"):
        table.numbers("c")
    for cell in (b"1,2,3", b",5,"):
        with pytest.raises(DataError, match="is not a number"):
            read_table(write(tmp_path, b"a;b\n" + cell + b";1\n")).numbers("a")


def test_a_first_row_with_numbers_is_doubted(tmp_path: pathlib.Path) -> None:
    table = read_table(write(tmp_path, b"5.1,3.5,setosa\n4.9,3.0,setosa\n"))
    assert len(table.doubts) == 1
    assert "line 1: the first row names the columns, and '5.1' is a number" in table.doubts[0]
    assert read_table(write(tmp_path, b"a,b\n1,2\n")).doubts == ()


def test_all_missing_cells_are_named_at_once(tmp_path: pathlib.Path) -> None:
    table = read_table(write(tmp_path, b"a,b\n1,\n,2\n3,3\n"))
    with pytest.raises(DataError, match=r"2 values are missing: line 2, column 'b'; line 3, column 'a'$"):
        table.require_complete(["a", "b"])
    many = read_table(write(tmp_path, b"a,b\n" + b"1,\n" * 25))
    with pytest.raises(DataError, match=r"25 values are missing: .*line 21, column 'b'; and 5 more$"):
        many.numbers("b")
