"""Texts and positions at their bounds."""

from tests.visits.conftest import Field


def test_the_longest_note_of_a_visit_fits_whatever_it_is_made_of(field: Field) -> None:
    visit = field.sam.post("/v1/visits", {"account_id": str(field.ferry), "note": "\x01" * 2400})
    assert visit.status_code == 201
    end = {"note": "\x01" * 2400, "next_step": {"title": "\x01" * 500}}
    assert field.sam.post(f"/v1/visits/{visit.json['id']}/check-out", end).status_code == 201


def test_an_account_lies_somewhere_or_nowhere(field: Field) -> None:
    path = f"/v1/accounts/{field.ferry}"
    half = field.noor.patch(path, {"lat": None})
    assert (half.status_code, half.json["code"]) == (422, "account.position-half")
    assert field.noor.patch(path, {"lat": None, "lon": None}).json["lat"] is None
    assert field.noor.patch(path, {"lat": 90.5, "lon": 0}).status_code == 422
