"""Accounts: one above the other without circles, found, filtered, deleted when nothing hangs on them."""

import threading
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.accounts import hierarchy, service
from mcrm.accounts.errors import AccountInCircle
from mcrm.accounts.models import Account
from mcrm.actors import SYSTEM, Role
from mcrm.db import Database, reading
from mcrm.transaction import perform, transaction
from tests.callers import Caller, as_staff
from tests.cast import a_customer, a_territory


def make(caller: Caller, name: str, parent: str | None = None, **facts: object) -> str:
    answer = caller.post("/v1/accounts", {"name": name, "parent_id": parent, **facts})
    assert answer.status_code == 201, answer.text
    return str(answer.json["id"])


def test_a_tree_shows_what_stands_above_and_below(client: FlaskClient) -> None:
    ada = as_staff(client, Role.ADMIN)
    top = make(ada, "Ferry Group")
    west = make(ada, "Ferry West", top)
    cafe = make(ada, "The Ferry Café", west)
    make(ada, "Ferry East", top)
    tree = ada.get(f"/v1/accounts/{west}/tree").json

    assert [node["name"] for node in tree["above"]] == ["Ferry Group"]
    assert [(node["name"], node["depth"]) for node in tree["nodes"]] == [("Ferry West", 0), ("The Ferry Café", 1)]
    assert tree["is_whole"]
    assert [node["name"] for node in ada.get(f"/v1/accounts/{top}/tree").json["nodes"]][1:3] == [
        "Ferry East",
        "Ferry West",
    ]
    assert [item["id"] for item in ada.get("/v1/accounts", parent_id=west).json["items"]] == [cafe]


def test_no_account_stands_below_itself(client: FlaskClient) -> None:
    ada = as_staff(client, Role.ADMIN)
    top = make(ada, "Ferry Group")
    middle = make(ada, "Ferry West", top)
    bottom = make(ada, "The Ferry Café", middle)
    for moved, below in ((top, top), (top, middle), (top, bottom), (middle, bottom)):
        refused = ada.patch(f"/v1/accounts/{moved}", {"parent_id": below})
        assert (refused.status_code, refused.json["code"]) == (422, "account.circle")
    assert ada.patch(f"/v1/accounts/{bottom}", {"parent_id": top}).status_code == 200


def test_accounts_stand_at_most_twenty_levels_deep(client: FlaskClient) -> None:
    ada = as_staff(client, Role.ADMIN)
    chain = [make(ada, "Level 0")]
    for level in range(1, hierarchy.DEEPEST + 1):
        chain.append(make(ada, f"Level {level}", chain[-1]))
    too_deep = ada.post("/v1/accounts", {"name": "Level 21", "parent_id": chain[-1]})
    pair = make(ada, "Upper")
    make(ada, "Lower", pair)
    moved = ada.patch(f"/v1/accounts/{pair}", {"parent_id": chain[-2]})

    assert [answer.json["code"] for answer in (too_deep, moved)] == ["account.too-deep"] * 2
    assert len(ada.get(f"/v1/accounts/{chain[0]}/tree").json["nodes"]) == hierarchy.DEEPEST + 1


def test_a_tree_is_bounded_and_says_so(session: Session) -> None:
    top = Account(name="Franchise")
    session.add(top)
    session.flush()
    session.add_all(Account(name=f"Branch {n}", parent_id=top.id) for n in range(hierarchy.MOST_NODES + 5))
    session.commit()
    tree = hierarchy.tree(session, service.accounts_of(SYSTEM), top)

    assert (len(tree.nodes), tree.is_whole) == (hierarchy.MOST_NODES, False)


def test_two_moves_at_once_never_close_a_circle(committed: Database) -> None:
    with transaction() as session:
        accounts = [Account(name=f"Company {n}") for n in range(3)]
        session.add_all(accounts)
        session.flush()
        ids = [account.id for account in accounts]
    refused: list[Exception] = []
    barrier = threading.Barrier(len(ids))

    def move(id_: UUID, parent_id: UUID) -> None:
        barrier.wait()
        try:
            perform(
                lambda using: service.change(using, SYSTEM, using.get_one(Account, id_), {"parent_id": parent_id}),
                tries=10,
            )
        except AccountInCircle as error:
            refused.append(error)

    for _ in range(5):
        refused.clear()
        threads = [threading.Thread(target=move, args=(ids[n], ids[(n + 1) % 3])) for n in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(refused) == 1
        with reading() as session:
            parents = {account.id: account.parent_id for account in session.scalars(select(Account))}
        assert hierarchy_ends(parents)
        with transaction() as session:
            for account in session.scalars(select(Account)):
                account.parent_id = None


def hierarchy_ends(parents: dict[UUID, UUID | None]) -> bool:
    """Whether going up from every account comes to an end."""
    for start in parents:
        above, steps = parents[start], 0
        while above is not None and steps <= len(parents):
            above, steps = parents[above], steps + 1
        if above is not None:
            return False
    return True


def test_accounts_are_found_by_words_and_number_and_filtered(client: FlaskClient, session: Session) -> None:
    west = a_territory(session)
    session.commit()
    ada = as_staff(client, Role.ADMIN)
    make(ada, "The Ferry Café", number="A-17", account_class="gold", territory_id=str(west.id))
    make(ada, "Fjord Bakery", account_class="silver")

    def named(**query: str) -> list[str]:
        return [item["name"] for item in ada.get("/v1/accounts", **query).json["items"]]

    ferry = ["The Ferry Café"]
    assert named(q="cafe") == named(q="CAFÉ ferr") == named(q="a17") == named(q="A-1") == ferry
    assert named(account_class="gold") == named(territory_id=str(west.id)) == ferry
    assert named(q="erry") == named(q="%") == named(q="ferry bakery") == []
    assert len(named(kind="company")) == 2
    assert named(kind="person") == []


def test_only_an_account_on_which_nothing_hangs_is_deleted(client: FlaskClient, session: Session) -> None:
    ada = as_staff(client, Role.ADMIN)
    ben = a_customer(session)
    session.commit()
    path = f"/v1/accounts/{ben.account_id}"
    kept = ada.delete(path, ada.get(path).headers["ETag"])
    empty = f"/v1/accounts/{make(ada, 'Typing error')}"
    ada.put(f"{empty}/tags/wholesale")
    where = {"kind": "billing", "lines": ["1 Quay"], "postcode": "BS1 4QA", "city": "Bristol", "country": "GB"}
    ada.post(f"{empty}/addresses", where)

    assert (kept.status_code, kept.json["code"]) == (409, "account.in-use")
    assert client.delete(empty, headers=ada.headers).status_code == 428
    assert ada.delete(empty, '"99"').status_code == 412
    assert ada.delete(empty, ada.get(empty).headers["ETag"]).status_code == 204
    assert ada.get(empty).status_code == 404
    assert ada.get("/v1/accounts", q="typing").json["items"] == []


def test_a_rep_sees_of_a_tree_only_the_own_territories(client: FlaskClient, session: Session) -> None:
    west, east = a_territory(session), a_territory(session, "East")
    session.commit()
    ada, sam = as_staff(client, Role.ADMIN), as_staff(client, Role.REP, [west])
    top = make(ada, "Ferry Group", territory_id=str(east.id))
    mine = make(ada, "Ferry West", top, territory_id=str(west.id))
    foreign = make(ada, "Ferry East", mine, territory_id=str(east.id))
    make(ada, "Behind it", foreign, territory_id=str(west.id))
    tree = sam.get(f"/v1/accounts/{mine}/tree").json

    assert tree["above"] == []
    assert [node["name"] for node in tree["nodes"]] == ["Ferry West"]
    assert sam.get(f"/v1/accounts/{top}/tree").status_code == 404
    assert sam.patch(f"/v1/accounts/{mine}", {"parent_id": foreign}).json["code"] == "account.unknown"
