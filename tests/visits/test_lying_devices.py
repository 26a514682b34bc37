"""What a device says of its clock and its place may be anything: it breaks nothing, and a day stays a day."""

from typing import Any

import pytest

from tests.visits.conftest import Field

EXTREMES = ["1900-01-01T00:00:00Z", "2199-12-31T23:59:59Z", "2026-11-26T12:00:00Z"]


@pytest.mark.parametrize("at", EXTREMES)
@pytest.mark.parametrize("device_now", EXTREMES)
def test_clocks_that_lie_as_much_as_they_can_are_taken(field: Field, at: str, device_now: str) -> None:
    made = field.sam.post("/v1/visits", {"account_id": str(field.ferry), "at": at, "device_now": device_now})
    assert made.status_code == 201
    assert field.sam.get("/v1/visits/day").status_code == 200
    assert field.noor.get("/v1/teams/day").status_code == 200
    assert field.noor.get("/v1/visits/coverage").status_code == 200


def test_a_visit_lasts_a_day_at_most(field: Field) -> None:
    begun: dict[str, Any] = {"account_id": str(field.ferry), "at": "2026-11-26T09:00:00Z"}
    whole = field.sam.post("/v1/visits", begun | {"checked_out_at": "2199-01-01T00:00:00Z"})
    assert (whole.status_code, whole.json["code"]) == (422, "visit.ends-before-it-begins")
    visit = field.sam.post("/v1/visits", begun).json["id"]
    late = field.sam.post(f"/v1/visits/{visit}/check-out", {"at": "2026-11-27T09:00:01Z"})
    assert (late.status_code, late.json["code"]) == (422, "visit.ends-before-it-begins")
    assert field.sam.post(f"/v1/visits/{visit}/check-out", {"at": "2026-11-27T09:00:00Z"}).status_code == 201


@pytest.mark.parametrize(
    "seen",
    [
        {"lat": "51.4", "lon": "-2.5"},
        {"lat": 90.0001, "lon": 0},
        {"lat": 0, "lon": -180.1},
        {"lat": 51.4},
        {"lat": True, "lon": False},
        {"lat": 51.4, "lon": -2.5, "accuracy_m": -1},
        {"lat": 51.4, "lon": -2.5, "is_mock": "no"},
    ],
)
def test_places_that_are_none_are_refused(field: Field, seen: dict[str, Any]) -> None:
    assert field.sam.post("/v1/visits", {"account_id": str(field.ferry), **seen}).status_code == 422
    for number in ("NaN", "Infinity", "1e999"):
        body = f'{{"account_id": "{field.ferry}", "lat": {number}, "lon": 0}}'
        headers = {**field.sam.headers, "Content-Type": "application/json"}
        assert field.sam.client.post("/v1/visits", data=body, headers=headers).status_code in {400, 422}
