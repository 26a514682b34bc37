"""Tags to find people by, notes about them, and whom they act for."""

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mcrm.actors import Role
from tests.callers import Caller, as_staff
from tests.cast import a_customer, a_territory


def names(caller: Caller, path: str = "/v1/contacts", **query: str) -> list[str]:
    return [item["name"] for item in caller.get(path, **query).json["items"]]


def test_a_tag_has_one_spelling_and_finds_whom_it_is_on(client: FlaskClient, session: Session) -> None:
    ben, mei = a_customer(session), a_customer(session, "Mei Lin")
    session.commit()
    ada = as_staff(client, Role.ADMIN)
    assert ada.put(f"/v1/contacts/{ben.id}/tags/Early%20%20Bird").json["tags"] == ["early bird"]
    assert ada.put(f"/v1/contacts/{ben.id}/tags/early%20bird").json["tags"] == ["early bird"]
    ada.put(f"/v1/contacts/{mei.id}/tags/café")
    ada.put(f"/v1/accounts/{mei.account_id}/tags/early%20bird")

    assert names(ada, tag="EARLY bird") == ["Ben Okafor"]
    assert names(ada, "/v1/accounts", tag="early bird") == ["Mei Lin"]
    assert names(ada, tag="nobody's") == names(ada, tag="%") == []
    assert [item["name"] for item in ada.get("/v1/tags").json["items"]] == ["café", "early bird"]
    assert [item["name"] for item in ada.get("/v1/tags", q="Ear").json["items"]] == ["early bird"]
    assert ada.delete(f"/v1/contacts/{ben.id}/tags/Early bird").status_code == 204
    assert ada.delete(f"/v1/contacts/{ben.id}/tags/early bird").json["code"] == "tag.unknown"
    assert names(ada, tag="early bird") == []


def test_what_is_no_tag_is_refused_and_fifty_are_enough(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session)
    session.commit()
    ada = as_staff(client, Role.ADMIN)
    for name in ("%3Cscript%3E", "x" * 61, "%20"):
        assert ada.put(f"/v1/contacts/{ben.id}/tags/{name}").status_code == 422, name
    for n in range(50):
        assert ada.put(f"/v1/contacts/{ben.id}/tags/tag-{n}").status_code == 200
    assert ada.put(f"/v1/contacts/{ben.id}/tags/one-more").json["code"] == "tag.too-many"


def test_notes_are_kept_with_their_author_and_read_page_by_page(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session)
    session.commit()
    sam = as_staff(client, Role.AGENT)
    for owner in (f"contacts/{ben.id}", f"accounts/{ben.account_id}"):
        path = f"/v1/{owner}/notes"
        for n in range(3):
            made = sam.post(path, {"text": f"{owner} {n}"})
            assert (made.status_code, made.json["author"][:5]) == (201, "user:")
        first = sam.get(path, limit=2).json
        second = sam.get(path, limit=2, cursor=first["next_cursor"]).json
        assert [item["text"] for item in first["items"] + second["items"]] == [f"{owner} {n}" for n in (2, 1, 0)]
        assert second["next_cursor"] is None
        assert first["items"][0]["author"] == made.json["author"]
    assert sam.post(path, {"text": ""}).status_code == 422
    assert sam.post(path, {"text": "😀" * 4000}).status_code == 201
    assert sam.get(path, cursor="made-up").status_code == 422


def test_a_person_acts_for_several_accounts_in_several_roles(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session)
    session.commit()
    ada = as_staff(client, Role.ADMIN)
    cafe, school = (ada.post("/v1/accounts", {"name": name}).json["id"] for name in ("The Ferry Café", "Quay School"))
    for account, roles in ((cafe, ["payer", "buyer"]), (school, ["decision-maker"])):
        put = ada.put(f"/v1/accounts/{account}/contacts/{ben.id}", {"roles": roles})
        assert (put.status_code, put.json["roles"]) == (200, sorted(roles))
    acting = ada.get(f"/v1/contacts/{ben.id}/accounts").json["items"]

    assert [(one["account_name"], one["roles"], one["is_home"]) for one in acting] == [
        ("Ben Okafor", [], True),
        ("Quay School", ["decision-maker"], False),
        ("The Ferry Café", ["buyer", "payer"], False),
    ]
    people = ada.get(f"/v1/accounts/{cafe}/contacts").json["items"]
    assert [(one["contact_name"], one["roles"]) for one in people] == [("Ben Okafor", ["buyer", "payer"])]
    assert names(ada, account_id=cafe) == ["Ben Okafor"]
    assert ada.delete(f"/v1/accounts/{cafe}/contacts/{ben.id}").status_code == 204
    assert ada.delete(f"/v1/accounts/{cafe}/contacts/{ben.id}").json["code"] == "contact-role.unknown"
    assert names(ada, account_id=cafe) == []
    assert ada.put(f"/v1/accounts/{cafe}/contacts/{ben.id}", {"roles": ["Big Boss"]}).status_code == 422


def test_none_of_it_is_reached_from_another_territory(client: FlaskClient, session: Session) -> None:
    west, east = a_territory(session), a_territory(session, "East")
    mine, foreign = a_customer(session, territory_id=west.id), a_customer(session, "Mei Lin", territory_id=east.id)
    session.commit()
    ada, sam = as_staff(client, Role.ADMIN), as_staff(client, Role.REP, [west])
    ada.put(f"/v1/accounts/{mine.account_id}/contacts/{foreign.id}", {"roles": ["payer"]})
    ada.put(f"/v1/accounts/{foreign.account_id}/contacts/{mine.id}", {"roles": ["buyer"]})
    ada.put(f"/v1/contacts/{foreign.id}/tags/eastern")
    statuses = [
        sam.get(f"/v1/contacts/{foreign.id}/tags").status_code,
        sam.put(f"/v1/contacts/{foreign.id}/tags/mine").status_code,
        sam.delete(f"/v1/contacts/{foreign.id}/tags/eastern").status_code,
        sam.put(f"/v1/accounts/{foreign.account_id}/tags/mine").status_code,
        sam.get(f"/v1/contacts/{foreign.id}/notes").status_code,
        sam.post(f"/v1/contacts/{foreign.id}/notes", {"text": "x"}).status_code,
        sam.post(f"/v1/accounts/{foreign.account_id}/notes", {"text": "x"}).status_code,
        sam.get(f"/v1/accounts/{foreign.account_id}/contacts").status_code,
        sam.get(f"/v1/contacts/{foreign.id}/accounts").status_code,
        sam.get(f"/v1/accounts/{mine.account_id}/contacts/{foreign.id}").status_code,
        sam.put(f"/v1/accounts/{mine.account_id}/contacts/{foreign.id}", {"roles": ["buyer"]}).status_code,
        sam.put(f"/v1/accounts/{foreign.account_id}/contacts/{mine.id}", {"roles": ["buyer"]}).status_code,
        sam.get(f"/v1/contacts/{foreign.id}/duplicates").status_code,
        sam.put(f"/v1/contacts/{mine.id}/duplicates/{foreign.id}/dismissal").status_code,
    ]

    assert statuses == [404] * len(statuses)
    people = sam.get(f"/v1/accounts/{mine.account_id}/contacts").json["items"]
    assert [one["contact_name"] for one in people] == ["Ben Okafor"]
    accounts = sam.get(f"/v1/contacts/{mine.id}/accounts").json["items"]
    assert [one["account_name"] for one in accounts] == ["Ben Okafor"]
    assert names(sam, account_id=str(foreign.account_id)) == names(sam, tag="eastern") == []
