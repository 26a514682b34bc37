"""Two edits of one row: different fields meet, the same field follows its policy, and nothing is lost unseen."""

from sqlalchemy.orm import Session

from tests.sync.conftest import Field


def test_two_devices_that_change_different_fields_of_one_row_meet(field: Field) -> None:
    one, two = field.phone(), field.tablet()
    one.sync(), two.sync()
    one.edit("contacts", field.ben.id, name="Ben A. Okafor")
    two.edit("contacts", field.ben.id, locale="en-GB")
    one.push(), two.push()
    assert one.pushed["conflicts"] == two.pushed["conflicts"] == []
    stored = field.ada.get(f"/v1/contacts/{field.ben.id}").json
    assert (stored["name"], stored["locale"]) == ("Ben A. Okafor", "en-GB")
    one.sync(), two.sync()
    assert one.is_equal_to_the_server()
    assert two.is_equal_to_the_server()


def test_the_later_name_stands_and_the_earlier_one_is_kept(field: Field) -> None:
    phone = field.phone()
    phone.sync()
    assert field.ada.patch(f"/v1/contacts/{field.ben.id}", {"name": "Benjamin Okafor"}).status_code == 200
    phone.edit("contacts", field.ben.id, name="Ben A. Okafor")
    [conflict] = phone.push()["conflicts"]
    assert (conflict["mine"], conflict["theirs"], conflict["applied"]) == (
        {"name": "Ben A. Okafor"}, {"name": "Benjamin Okafor"}, "mine",
    )  # fmt: skip
    assert field.ada.get(f"/v1/contacts/{field.ben.id}").json["name"] == "Ben A. Okafor"
    settled = field.ada.post(f"/v1/sync/conflicts/{conflict['id']}/settlement", {"choice": "theirs"})
    assert (settled.status_code, settled.json["state"]) == (201, "settled")
    assert field.ada.get(f"/v1/contacts/{field.ben.id}").json["name"] == "Benjamin Okafor"
    again = field.ada.post(f"/v1/sync/conflicts/{conflict['id']}/settlement", {"choice": "mine"})
    assert (again.status_code, again.json["code"]) == (409, "sync-conflict.settled")


def test_the_servers_customer_number_stands(field: Field) -> None:
    phone = field.phone()
    phone.sync()
    assert field.ada.patch(f"/v1/contacts/{field.ben.id}", {"number": "C-1"}).status_code == 200
    phone.edit("contacts", field.ben.id, number="C-2")
    [conflict] = phone.push()["conflicts"]
    assert conflict["applied"] == "theirs"
    assert field.ada.get(f"/v1/contacts/{field.ben.id}").json["number"] == "C-1"
    field.sam.post(f"/v1/sync/conflicts/{conflict['id']}/settlement", {"choice": "mine"})
    assert field.ada.get(f"/v1/contacts/{field.ben.id}").json["number"] == "C-2"


def test_both_notes_stay(field: Field) -> None:
    phone = field.phone()
    phone.sync()
    assert field.ada.patch(f"/v1/contacts/{field.ben.id}", {"notes": "Rings twice."}).status_code == 200
    phone.edit("contacts", field.ben.id, notes="Likes it dark.")
    phone.push(lose_reply=True)
    phone.push()
    assert field.ada.get(f"/v1/contacts/{field.ben.id}").json["notes"] == "Rings twice.\nLikes it dark."


def test_two_texts_that_were_joined_may_both_stay(field: Field) -> None:
    phone = field.phone()
    phone.sync()
    assert (
        field.ada.patch(f"/v1/contacts/{field.ben.id}", {"notes": "Rings twice.", "number": "C-1"}).status_code == 200
    )
    phone.edit("contacts", field.ben.id, notes="Likes it dark.", number="C-2")
    joined, chosen = sorted(phone.push()["conflicts"], key=lambda conflict: conflict["applied"])
    assert (joined["applied"], chosen["applied"]) == ("both", "theirs")
    one_stands = field.sam.post(f"/v1/sync/conflicts/{chosen['id']}/settlement", {"choice": "both"})
    assert (one_stands.status_code, one_stands.json["code"]) == (409, "sync-conflict.not-joined")
    assert field.sam.post(f"/v1/sync/conflicts/{joined['id']}/settlement", {"choice": "both"}).status_code == 201
    assert field.ada.get(f"/v1/contacts/{field.ben.id}").json["notes"] == "Rings twice.\nLikes it dark."


def test_an_edit_of_a_row_that_moved_away_is_kept_for_rep_and_manager(field: Field) -> None:
    phone = field.phone()
    phone.sync()
    phone.edit("contacts", field.ben.id, name="Ben A. Okafor", notes="Likes it dark.")
    field.move(field.ben.account_id, field.east)
    pushed = phone.push()
    assert [error["code"] for error in pushed["errors"]] == ["sync.moved-away"]
    [conflict] = field.sam.get("/v1/sync/conflicts", state="open").json["items"]
    assert (conflict["kind"], conflict["theirs"]) == ("moved", {})
    assert conflict["mine"] == {"name": "Ben A. Okafor", "notes": "Likes it dark."}
    phone.push()
    assert len(field.ada.get("/v1/sync/conflicts").json["items"]) == 1, "the same edit again is the same conflict"
    assert field.lena.get("/v1/sync/conflicts").json["items"] == []
    assert field.lena.get(f"/v1/sync/conflicts/{conflict['id']}").status_code == 404
    path = f"/v1/sync/conflicts/{conflict['id']}/settlement"
    assert field.sam.post(path, {"choice": "mine"}).json["code"] == "sync-conflict.record-gone"
    assert field.ada.post(path, {"choice": "mine"}).status_code == 201
    assert field.ada.get(f"/v1/contacts/{field.ben.id}").json["name"] == "Ben A. Okafor"


def test_a_device_that_does_not_say_what_it_changed_is_asked_to_look_again(field: Field) -> None:
    phone = field.phone()
    phone.sync()
    raw = {**phone.tables["contacts"][str(field.ben.id)], "name": "Ben A. Okafor"}
    raw.pop("_changed")
    assert field.ada.patch(f"/v1/contacts/{field.ben.id}", {"name": "Benjamin Okafor"}).status_code == 200
    answer = field.sam.post("/v1/sync", {"changes": {"contacts": {"updated": [raw]}}}).json
    assert [error["code"] for error in answer["errors"]] == ["sync.stale"]


def test_a_row_edited_twice_without_a_pull_between_is_no_conflict_with_oneself(field: Field, session: Session) -> None:
    phone = field.phone()
    phone.sync()
    for name in ("Ben A.", "Ben A. Okafor"):
        phone.edit("contacts", field.ben.id, name=name)
        assert phone.push()["conflicts"] == []
    assert field.ada.get(f"/v1/contacts/{field.ben.id}").json["name"] == "Ben A. Okafor"
