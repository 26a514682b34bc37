"""Pages that make calls sign in with the same words: whoever has read one skips them in the others."""

from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).parents[2] / "docs" / "how-to").glob("*.md"))
CALLING = [page for page in PAGES if "$BASE" in page.read_text(encoding="utf-8")]


def section(page: Path) -> str:
    """What stands below the heading, up to what follows the sign-in."""
    _, _, below = page.read_text(encoding="utf-8").partition("\n## Sign in\n")
    said, _, _ = below.partition("takes your own e-mail and password.\n")
    return said


def test_pages_that_make_calls_are_known() -> None:
    names = {page.stem for page in CALLING}
    assert {"administer", "import-and-export", "know-your-people", "take-an-order-to-its-end"} <= names


@pytest.mark.parametrize("page", CALLING, ids=lambda page: page.stem)
def test_a_page_signs_in_as_all_of_them_do(page: Path) -> None:
    said = section(page)
    assert said == section(CALLING[0])
    assert "TOKEN=$(sign_in ada@)" in said
    rest = page.read_text(encoding="utf-8").replace(said, "")
    for other in ("access_token", "$API", "$base", "$AUTH"):
        assert other not in rest, f"{other}: the sign-in of another page"
