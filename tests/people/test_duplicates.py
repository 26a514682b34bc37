"""People who are in here twice: found with reasons, in bounded work, and left alone when somebody says so."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mcrm.actors import SYSTEM, Role
from mcrm.addresses.models import Address
from mcrm.contacts import points
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.duplicates import finding
from mcrm.duplicates.likeness import LISTED_FROM, Traits, compare
from tests.callers import Caller, as_staff
from tests.cast import a_customer, a_territory


def live_at(session: Session, contact: Contact, line: str, postcode: str = "BS1 4QA") -> None:
    facts: dict[str, Any] = {"kind": "delivery", "city": "Bristol", "country": "GB"}
    session.add(Address(contact_id=contact.id, lines=[line], postcode=postcode, **facts))


def pairs(caller: Caller, path: str = "/v1/duplicates") -> list[tuple[str, str, list[str]]]:
    items = caller.get(path).json["items"]
    return [(item["one"]["name"], item["other"]["name"], item["reasons"]) for item in items]


def test_duplicates_are_found_with_reasons_in_words(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session, "Ben Okafor", phone="+447700900201")
    typo = a_customer(session, "Ben Okafro", phone="+17700900201")  # the same digits, read in another country
    mei, mei_again = a_customer(session, "Mei Lin"), a_customer(session, "LIN, Méi")
    tom, near = a_customer(session, "Tom Reilly"), a_customer(session, "Tom Reily")
    live_at(session, tom, "3 Narrow Quay")
    live_at(session, near, "3, narrow quay", "bs14qa")
    session.add_all(
        ContactPoint(contact_id=who.id, channel="email", address=mail)
        for who, mail in ((mei, "mei.lin@gmail.com"), (mei_again, "meilin+shop@googlemail.com"))
    )
    a_customer(session, "Rosa Bianchi", phone="+447700900209")
    session.commit()
    ada = as_staff(client, Role.ADMIN)

    assert pairs(ada) == [
        ("Ben Okafor", "Ben Okafro", ["same phone", "similar name (90 %)"]),
        ("Mei Lin", "LIN, Méi", ["same mail", "same name"]),
        ("Tom Reilly", "Tom Reily", ["same address", "similar name (94 %)"]),
    ]
    assert pairs(ada, f"/v1/contacts/{typo.id}/duplicates") == pairs(ada)[:1]
    assert pairs(ada, f"/v1/contacts/{ben.id}/duplicates") == pairs(ada)[:1]


def test_a_common_name_alone_in_another_place_is_worth_a_look_and_a_common_postcode_is_not() -> None:
    same, other = Traits("Ben Okafor"), Traits("Okafor Ben")
    assert compare(same, other).score >= LISTED_FROM
    place = frozenset({"=z:GBbs14qa"})
    neighbours = compare(Traits("Ben Okafor", postcodes=place), Traits("Mei Lin", postcodes=place))
    assert (neighbours.score < LISTED_FROM, neighbours.reasons) == (True, ("same postcode",))
    assert compare(Traits("Ben"), Traits("Mei")).reasons == ()


def test_a_pair_that_was_dismissed_stays_away_until_somebody_suspects_it_again(
    client: FlaskClient, session: Session
) -> None:
    father, son = a_customer(session, "Ben Okafor"), a_customer(session, "Ben Okafor")
    session.commit()
    ada = as_staff(client, Role.AGENT)
    path = f"/v1/contacts/{son.id}/duplicates/{father.id}/dismissal"
    assert len(pairs(ada)) == 1
    assert ada.put(path).status_code == ada.put(path).status_code == 204

    assert pairs(ada) == pairs(ada, f"/v1/contacts/{father.id}/duplicates") == []
    assert ada.delete(path).status_code == 204
    assert len(pairs(ada)) == 1
    assert ada.delete(path).json["code"] == "duplicate.not-dismissed"
    assert ada.put(f"/v1/contacts/{son.id}/duplicates/{son.id}/dismissal").json["code"] == "contact.same"


def test_merged_contacts_are_no_duplicates_and_count_as_one(client: FlaskClient, session: Session) -> None:
    first, second, third = (a_customer(session, "Ben Okafor") for _ in range(3))
    session.commit()
    ada = as_staff(client, Role.ADMIN)
    assert len(pairs(ada)) == 3
    ada.post(f"/v1/contacts/{first.id}/merge", {"other_id": str(second.id)})
    assert [(item["one"]["id"], item["other"]["id"]) for item in ada.get("/v1/duplicates").json["items"]] == [
        (str(first.id), str(third.id))
    ]
    ada.post(f"/v1/contacts/{first.id}/merge", {"other_id": str(third.id)})
    assert pairs(ada) == []


def test_a_rep_hears_of_no_duplicate_in_another_territory(client: FlaskClient, session: Session) -> None:
    west, east = a_territory(session), a_territory(session, "East")
    mine = a_customer(session, "Ben Okafor", territory_id=west.id)
    a_customer(session, "Ben Okafor", territory_id=east.id)
    session.commit()

    assert len(pairs(as_staff(client, Role.MANAGER))) == 1
    sam = as_staff(client, Role.REP, [west])
    assert pairs(sam) == pairs(sam, f"/v1/contacts/{mine.id}/duplicates") == []


def test_the_list_goes_on_page_by_page_and_misses_nothing(
    session: Session, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "WINDOW", 4)
    monkeypatch.setattr(finding, "MOST_STEPS", 2)
    for n in range(12):
        a_customer(session, f"Person Number{n}")
        a_customer(session, f"Person Number{n}")
        a_customer(session, f"Nobody{n} Else{n}")
    session.commit()
    ada = as_staff(client, Role.ADMIN)
    seen, cursor = [], dict[str, str]()
    for _ in range(40):
        page = ada.get("/v1/duplicates", limit=3, **cursor).json
        assert len(page["items"]) <= 3
        seen += [(item["one"]["id"], item["other"]["id"]) for item in page["items"] if item["score"] == 50]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert page["next_cursor"] is None
    assert len(seen) == len(set(seen)) == 12


def test_a_mark_that_very_many_share_is_passed_over(session: Session) -> None:
    crowd = [a_customer(session, "Reception Desk") for _ in range(finding.MOST_SHARING + 1)]
    assert finding.duplicates_of(session, SYSTEM, crowd[0]) == []


def test_an_address_that_was_taken_off_makes_no_duplicates(session: Session) -> None:
    ben = a_customer(session, "Ben Okafor", phone="+447700900201")
    other = a_customer(session, "Somebody Else", phone="+17700900201")
    assert len(finding.duplicates_of(session, SYSTEM, ben)) == 1
    [point] = points.reachable(session, other.id, "sms")
    points.remove(session, SYSTEM, point=point)

    assert finding.duplicates_of(session, SYSTEM, ben) == []
