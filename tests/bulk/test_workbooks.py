"""Workbooks as hostile or careless programs write them: what they cost is bounded, and no cell is taken for another."""

import io
import warnings
from pathlib import Path
from zipfile import ZipFile

import pytest
from openpyxl import Workbook
from sqlalchemy.orm import Session

from mcrm.bulk.errors import FileUnreadable
from mcrm.bulk.sheets import LONGEST_SAMPLE, XLSX, look, rows_of
from mcrm.bulk.workbooks import LAST_ROW
from tests.bulk.files import brought, verdicts

HEAD = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
SHEET = "xl/worksheets/sheet1.xml"


def cell(place: str, words: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{words}</t></is></c>'


def a_workbook(rows: str) -> bytes:
    """A workbook whose sheet holds a heading `name` and this XML of rows."""
    plain, out = io.BytesIO(), io.BytesIO()
    Workbook().save(plain)
    words = f'{HEAD}<row r="1">{cell("A1", "name")}</row>{rows}</sheetData></worksheet>'
    with ZipFile(plain) as source, ZipFile(out, "w") as target:
        for name in source.namelist():
            target.writestr(name, words if name == SHEET else source.read(name))
    return out.getvalue()


def stored(folder: Path, content: bytes) -> Path:
    path = folder / "rows.xlsx"
    path.write_bytes(content)
    return path


def test_a_row_a_billion_rows_down_is_refused_instead_of_counted_to(tmp_path: Path) -> None:
    path = stored(tmp_path, a_workbook(f'<row r="1000000000">{cell("A1000000000", "Ben Okafor")}</row>'))
    with pytest.raises(FileUnreadable, match=str(LAST_ROW)):
        look(path, XLSX)


def test_a_cell_far_to_the_right_makes_no_row_wide(tmp_path: Path) -> None:
    path = stored(tmp_path, a_workbook(f'<row r="2">{cell("A2", "Ben Okafor")}{cell("XFD2", "far off")}</row>'))
    with rows_of(look(path, XLSX), header=None) as rows:
        assert max(len(cells or ()) for _, cells in rows) < 300


def test_a_workbook_that_is_none_leaves_no_file_open(tmp_path: Path) -> None:
    with warnings.catch_warnings(), pytest.raises(FileUnreadable):
        warnings.simplefilter("error", ResourceWarning)
        look(stored(tmp_path, a_workbook("<row>" * 3)), XLSX)


def test_what_is_shown_of_a_giant_cell_is_short(tmp_path: Path) -> None:
    found = look(stored(tmp_path, a_workbook(f'<row r="2">{cell("A2", "B" * 1_000_000)}</row>')), XLSX)
    assert found.sample == (("B" * LONGEST_SAMPLE,),)


def test_cells_left_out_at_the_end_of_a_row_are_empty(session: Session, tmp_path: Path) -> None:
    book, out = Workbook(), io.BytesIO()
    for row in (["number", "name", "notes"], ["K1", "Tom Reilly"], ["K2", "Mei Lin", "tea", "beside"]):
        book.active.append(row)
    book.active.cell(4, 1, "K3")
    book.active.cell(4, 16_000, "far to the right")
    book.save(out)
    job = brought(tmp_path, out.getvalue(), "contacts", suffix=XLSX)
    assert [row[:3] for row in verdicts(session, job)] == [
        (2, "created", ""),
        (3, "rejected", "import.bad-row"),
        (4, "rejected", "import.bad-row"),
    ]
