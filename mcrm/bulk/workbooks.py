"""XLSX, read and written a row at a time. A workbook is a ZIP of XML: sizes are bounded before anything is unpacked.

Formulas are never evaluated: a cell holds the value its program stored last. The XML parser refuses entities.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError

from mcrm.bulk.errors import FileUnreadable

MOST_UNPACKED = 300_000_000
MOST_SHARED_TEXT = 20_000_000  # openpyxl keeps all of it in memory
MOST_MEMBERS = 1000
LAST_ROW = 1_048_576  # a worksheet has no more; what a file leaves out before a row is read as so many blank ones
SHARED_TEXT = "xl/sharedStrings.xml"


@contextmanager
def rows(path: Path, *, most_columns: int) -> Iterator[Iterator[tuple[int, list[str]]]]:
    """(row number, cells as text) of the first sheet; raises FileUnreadable for what is no workbook or too large.

    Every row is `most_columns` wide, since one cell far to the right would cost as much as all that are left out
    before it; what stands further right stands in the last of these columns, so that it is seen.
    """
    import defusedxml  # noqa: F401 - openpyxl reads XML through it where it is there, and must not read it otherwise
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    _bound(path)
    with path.open("rb") as file:  # which openpyxl would leave open where it gives up
        try:
            workbook = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        except (InvalidFileException, BadZipFile, ZlibError, KeyError, ValueError, OSError, SyntaxError) as error:
            raise _unreadable(error) from None
        try:
            if not workbook.worksheets:
                raise FileUnreadable("The workbook has no sheet.")
            sheet: Any = workbook.worksheets[0]
            sheet.reset_dimensions()  # what a file says of its size need not be so
            _keep_in_sight(sheet)
            yield _texts(sheet.iter_rows(values_only=True, max_col=most_columns))
        finally:
            workbook.close()


def _keep_in_sight(sheet: Any) -> None:
    """Move what stands beyond the columns that are read into the last of them; openpyxl would leave it out."""
    whole: Callable[..., tuple[Any, ...]] = sheet._get_row

    def in_sight(row: list[dict[str, Any]], min_col: int, max_col: int, values_only: bool) -> tuple[Any, ...]:
        for cell in row:
            if cell["column"] > max_col and cell["value"] not in (None, ""):
                cell["column"] = max_col
        return whole(row, min_col, max_col, values_only)

    sheet._get_row = in_sight


def _bound(path: Path) -> None:
    try:
        with ZipFile(path) as archive:
            members = archive.infolist()
    except (BadZipFile, OSError, ValueError) as error:
        raise _unreadable(error) from None
    shared = sum(member.file_size for member in members if member.filename == SHARED_TEXT)
    if (
        len(members) > MOST_MEMBERS
        or shared > MOST_SHARED_TEXT
        or sum(member.file_size for member in members) > MOST_UNPACKED
    ):
        raise FileUnreadable("The workbook is too large: save the sheet as CSV.")


def _texts(found: Iterable[Sequence[Any]]) -> Iterator[tuple[int, list[str]]]:
    try:
        for at, row in enumerate(found, 1):
            if at > LAST_ROW:
                raise FileUnreadable(f"The sheet has more than {LAST_ROW} rows.")
            yield at, [_text(value) for value in row]
    except (BadZipFile, ZlibError, ValueError, KeyError, IndexError, TypeError, OSError, SyntaxError) as error:
        raise _unreadable(error) from None


def _unreadable(error: Exception) -> FileUnreadable:
    return FileUnreadable(f"The file is not a workbook that can be read ({type(error).__name__}).")


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case float():
            return format(value, ".15g")
        case datetime() | date():
            return value.isoformat()
        case _:
            return str(value)


def write(out: IO[bytes], found: Iterable[Sequence[str | int]]) -> None:
    """Write one sheet; texts stay texts, whatever they begin with."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("Sheet")
    for row in found:
        cells: list[Any] = []
        for value in row:
            if isinstance(value, str):
                cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("\ufffd", value))
                cell.data_type = "s"
                cells.append(cell)
            else:
                cells.append(value)
        sheet.append(cells)
    workbook.save(out)
