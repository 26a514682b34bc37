"""Files of rows, CSV and XLSX alike: looked at once for what they are, then read a row at a time."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from mcrm.bulk import workbooks
from mcrm.bulk.cells import LONGEST_CELL
from mcrm.bulk.errors import FileUnreadable
from mcrm.orders.rows import FileRefused, look_at, plain

CSV, XLSX = "csv", "xlsx"
MOST_BYTES = 32_000_000
MOST_ROWS = 250_000
MOST_COLUMNS = 200
LONGEST_NAME = 200
DELIMITERS = (",", ";", "\t", "|")
SAMPLE_ROWS = 5
LONGEST_SAMPLE = 200
BESIDE = 1  # where whatever stands right of a workbook's header is seen
Cells = tuple[int, list[str] | None]
"""Where a row stands in the file, from 1 for the header, and its cells; None for a row of another width."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a file turned out to be. `rows` below the header; of a workbook unknown until it is read."""

    path: Path
    format: str
    encoding: str
    delimiter: str
    size: int
    fingerprint: str
    header: tuple[str, ...] = ()
    sample: tuple[tuple[str, ...], ...] = ()
    rows: int | None = None


def look(path: Path, format_: str, *, delimiter: str | None = None) -> Sheet:
    """Read the file once: encoding, separator, header, the first rows, and how many there are.

    Raises FileUnreadable for what is no such file, for one without a header or with a column twice, and beyond
    MOST_ROWS or MOST_COLUMNS.
    """
    try:
        source = look_at(path)
    except FileRefused as error:
        raise FileUnreadable(str(error)) from None
    if source.size > MOST_BYTES:
        raise FileUnreadable(f"The file has more than {MOST_BYTES // 1_000_000} MB.")
    sheet = Sheet(path, format_, source.encoding, delimiter or ",", source.size, source.fingerprint)
    if format_ == CSV and delimiter is None:
        sheet = replace(sheet, delimiter=_delimiter(path, source.encoding))
    with rows_of(sheet, header=None) as rows:
        header = _header(next(rows, (1, [])))
    with rows_of(sheet, header=header) as rows:
        first = islice(rows, SAMPLE_ROWS)
        sample = tuple(tuple(cell[:LONGEST_SAMPLE] for cell in cells or ()) for _, cells in first)
        if any("\0" in cell for cells in (header, *sample) for cell in cells):
            raise FileUnreadable("The file holds NUL, as UTF-16 does: save it as CSV in UTF-8.")
        if format_ == XLSX:  # a large workbook takes a minute to read: nobody waits for it here
            return replace(sheet, header=header, sample=sample)
        count = len(sample) + sum(1 for _ in islice(rows, MOST_ROWS + 1))
    check_size(count)
    return replace(sheet, header=header, sample=sample, rows=count)


def check_size(rows: int) -> None:
    """Raise FileUnreadable beyond MOST_ROWS."""
    if rows > MOST_ROWS:
        raise FileUnreadable(f"The file has more than {MOST_ROWS} rows: split it.")


def _header(first: Cells) -> tuple[str, ...]:
    names = tuple(plain(name).strip()[:LONGEST_NAME] for name in first[1] or ())
    while names and not names[-1]:
        names = names[:-1]
    if not names or not all(names):
        raise FileUnreadable("The first row must name every column.")
    if len(names) > MOST_COLUMNS:
        raise FileUnreadable(f"The file has more than {MOST_COLUMNS} columns.")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise FileUnreadable(f"The column {twice[:40]} stands there twice.")
    return names


def _delimiter(path: Path, encoding: str) -> str:
    """The separator that makes the most columns of the first line; a comma where none makes two."""
    with path.open(encoding=encoding, newline="") as file:
        first = file.readline(LONGEST_CELL)
    return max(DELIMITERS, key=lambda mark: (len(next(csv.reader([first], delimiter=mark), [])), mark == ","))


@contextmanager
def rows_of(sheet: Sheet, *, header: Sequence[str] | None) -> Iterator[Iterator[Cells]]:
    """The file's rows; below the header where it is given, cells as wide as it, without blanks around them.

    Iterating raises FileUnreadable where the file breaks off being one.
    """
    if sheet.format == XLSX:
        width = MOST_COLUMNS + 1 if header is None else len(header) + BESIDE
        with workbooks.rows(sheet.path, most_columns=width) as rows:
            yield _below(rows, header)
        return
    with sheet.path.open(encoding=sheet.encoding, newline="") as file:
        yield _below(_csv_rows(file, sheet.delimiter), header)


def _csv_rows(file: io.TextIOWrapper, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(file, delimiter=delimiter)
    try:
        for row in reader:
            yield reader.line_num, row
    except (csv.Error, UnicodeDecodeError) as error:
        raise FileUnreadable(f"Line {reader.line_num + 1} is not CSV: {error}.") from None


def _below(rows: Iterator[tuple[int, list[str]]], header: Sequence[str] | None) -> Iterator[Cells]:
    if header is None:
        yield from rows
        return
    next(rows, None)
    width = len(header)
    for at, cells in rows:
        while len(cells) > width and not cells[-1].strip():
            cells.pop()
        if any(cells):
            yield at, [plain(cell.strip()) for cell in cells] if len(cells) == width else None
