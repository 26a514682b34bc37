"""Tags, addresses, companies, tax codes and price lists come in and go out with their rows, and are taken back."""

from datetime import UTC, datetime
from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mcrm.accounts.models import Account, AccountKind
from mcrm.actors import SYSTEM, Role
from mcrm.addresses.models import Address
from mcrm.audit.models import AuditEntry
from mcrm.bulk.acting import COMMAND_LINE
from mcrm.bulk.models import Import
from mcrm.bulk.running import Runner
from mcrm.contacts.models import Contact
from mcrm.db import Database
from mcrm.integrations import service as integrations
from mcrm.integrations.models import IntegrationKey
from mcrm.products.models import PriceList, Product
from mcrm.tags import service as tags
from mcrm.tags.models import Tag
from mcrm.taxes.models import TaxRate
from mcrm.transaction import transaction
from tests.bulk.files import brought, exported, run, taken_back, uploaded, verdicts
from tests.bulk.test_undoing import stays
from tests.callers import Caller, as_integration, as_staff
from tests.cast import a_customer, a_product, a_territory

PEOPLE = """\
number,name,phone,tags,street,postcode,city,country,billing_lines,billing_city,billing_country
K1,Rosa Bianchi,07700 900205,Wholesale; early bird,3 Narrow Quay; Floor 2,bs14qa,Bristol,GB,1 Strand Street,Douglas,IM
K2,Tom Reilly,07700 900203,wholesale,,,,GB,,,
"""
COMPANIES = """\
number,name,account,tags
K1,Rosa Bianchi,The Ferry Café,wholesale
K2,Tom Reilly,The Ferry Café,
K3,Mei Lin,The Pier,early bird
"""


def people(session: Session) -> dict[str, tuple[list[str], dict[str, tuple[list[str], str | None, str]]]]:
    """Tags, and default addresses by kind, by customer number."""
    session.expire_all()
    found = {}
    for one in session.scalars(select(Contact)):
        places = session.scalars(select(Address).where(Address.contact_id == one.id, Address.is_default))
        own = {place.kind: (place.lines, place.postcode, place.country) for place in places}
        found[one.number or one.name] = (tags.tags_of(session, Contact, [one.id]), own)
    return found


def test_tags_and_addresses_come_in_with_new_and_with_known_people(
    database: Database, session: Session, tmp_path: Path
) -> None:
    a_customer(session, "Tom Reilly", phone="+447700900203")
    session.commit()
    job = brought(tmp_path, PEOPLE, "contacts")
    assert job.counts == {"created": 1, "updated": 1}, verdicts(session, job)
    assert people(session) == {
        "K1": (
            ["early bird", "wholesale"],
            {"delivery": (["3 Narrow Quay", "Floor 2"], "BS1 4QA", "GB"), "billing": (["1 Strand Street"], None, "IM")},
        ),
        "K2": (["wholesale"], {}),
    }
    assert brought(tmp_path, PEOPLE, "contacts").counts == {"unchanged": 2}
    moved = brought(tmp_path, PEOPLE.replace("3 Narrow Quay", "4 Narrow Quay"), "contacts")
    assert moved.counts == {"updated": 1, "unchanged": 1}
    assert people(session)["K1"][1]["delivery"][0] == ["4 Narrow Quay", "Floor 2"]
    taken_back(moved.id)
    assert people(session)["K1"][1]["delivery"][0] == ["3 Narrow Quay", "Floor 2"]


def test_an_address_that_is_none_rejects_its_row_and_names_the_column(
    database: Database, session: Session, tmp_path: Path
) -> None:
    words = "name,street,postcode,city,country\nA,1 Quay,,Bristol,GB\nB,1 Quay,BS1 4QA,,GB\nC,1 Quay,BS1 4QA,Bristol,\n"
    job = brought(tmp_path, words, "contacts")
    assert verdicts(session, job) == [
        (2, "rejected", "address.postcode", "delivery_postcode"),
        (3, "rejected", "import.missing", "delivery_city"),
        (4, "rejected", "import.missing", "delivery_country"),
    ]


def test_what_an_import_hung_on_people_goes_back_with_it(database: Database, session: Session, tmp_path: Path) -> None:
    tom = a_customer(session, "Tom Reilly", phone="+447700900203")
    tags.put_on(session, SYSTEM, tom, "regular")
    session.commit()
    before = people(session)
    job = brought(tmp_path, PEOPLE, "contacts")
    assert taken_back(job.id).counts["undone"] == 2
    assert people(session) == before
    assert list(session.scalars(select(Tag.name))) == ["regular"]
    assert session.scalar(select(func.count()).select_from(Address)) == 0


def test_companies_and_tags_that_an_import_made_go_unless_something_hangs_on_them(
    database: Database, session: Session, tmp_path: Path
) -> None:
    job = brought(tmp_path, COMPANIES, "contacts")
    assert job.counts == {"created": 3}
    ben = a_customer(session, phone="+447700900201")
    tags.put_on(session, SYSTEM, ben, "early bird")
    pier = session.scalars(select(Account).where(Account.name == "The Pier")).one()
    session.add(Contact(name="Aisha Khan", account_id=pier.id))
    session.commit()

    undone = taken_back(job.id)

    assert (undone.counts["undone"], undone.counts.get("kept", 0)) == (3, 0)
    assert stays(session, job) == ["undone", "undone", "company-and-tag-kept"]
    session.expire_all()
    companies = select(Account.name).where(Account.kind == AccountKind.COMPANY.value)
    assert list(session.scalars(companies)) == ["The Pier"]
    assert list(session.scalars(select(Tag.name))) == ["early bird"]


def test_a_row_that_comes_to_nothing_leaves_no_company(database: Database, session: Session, tmp_path: Path) -> None:
    words = 'name,account,custom\nRosa,The Ferry Café,"{""unheard"": ""of""}"\n'
    assert brought(tmp_path, words, "contacts").counts == {"rejected": 1}
    assert session.scalar(select(func.count()).select_from(Account)) == 0


def test_price_lists_come_in_with_their_dates_and_payer_and_go_out_again(
    database: Database, session: Session, tmp_path: Path
) -> None:
    a_product(session)
    session.add(Account(name="The Ferry Café", number="A-7"))
    session.add(TaxRate(code="zero", name="Zero", basis_points=0, valid_from=datetime(2020, 1, 1, tzinfo=UTC)))
    session.commit()
    assert brought(tmp_path, "code,tax_code\nESP-250,zero\n", "products").counts == {"updated": 1}
    words = (
        "price_list,currency,product,min_quantity,price,valid_from,valid_until,rank,includes_tax,account_number\n"
        "Ferry,GBP,ESP-250,1,7.50,2026-01-01T00:00:00Z,2027-01-01T00:00:00Z,10,no,A-7\n"
        "Ferry,GBP,ESP-250,12,7.00,2026-01-01T00:00:00Z,2027-01-01T00:00:00Z,10,no,A-7\n"
    )
    assert brought(tmp_path, words, "prices").counts == {"created": 2}
    session.expire_all()
    made = session.scalars(select(PriceList).where(PriceList.name == "Ferry")).one()
    assert (made.rank, made.includes_tax, made.account_id is not None) == (10, False, True)
    assert session.scalars(select(Product.tax_code)).one() == "zero"
    out = exported("prices")
    assert "Ferry,GBP,ESP-250,12,7.00,2026-01-01T00:00:00Z,2027-01-01T00:00:00Z,10,false,,The Ferry Café,A-7" in out
    assert brought(tmp_path, out, "prices").counts == {"unchanged": 3}

    longer = brought(tmp_path, words.replace("2027-01-01", "2028-01-01"), "prices")
    assert longer.counts == {"updated": 1, "unchanged": 1}
    session.expire_all()
    assert made.valid_until is not None and made.valid_until.year == 2028
    taken_back(longer.id)
    session.expire_all()
    assert made.valid_until is not None and made.valid_until.year == 2027
    other = brought(tmp_path, words.replace(",no,", ",yes,"), "prices")
    assert [verdict[2:] for verdict in verdicts(session, other)] == [("import.other-list", "includes_tax")] * 2


def test_whoever_takes_data_out_stands_in_the_audit(client: FlaskClient, session: Session) -> None:
    noor = as_staff(client, Role.MANAGER, name="Noor Haddad")
    assert noor.get("/v1/exports/contacts.csv").status_code == 200
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "export.made")).one()
    assert (entry.fields, entry.actor.partition(":")[0]) == (["contacts"], "user")


def bring(caller: Caller, resource: str) -> tuple[int, str]:
    rows = {"contacts": "name\nRosa Bianchi\n", "products": "code,name\nMUG,Mug\n"}[resource]
    path = f"/v1/imports?resource={resource}"
    made = caller.client.post(path, data=rows, content_type="text/csv", headers=caller.headers)
    return made.status_code, str(made.json.get("id", made.json.get("code")))


def test_another_program_imports_and_exports_what_its_key_permits(client: FlaskClient, session: Session) -> None:
    west = a_territory(session)
    a_customer(session, "Ben Okafor", territory_id=west.id)
    a_customer(session, "Aisha Khan")
    session.commit()
    shop = as_integration(client, ["bulk:write", "bulk:read", "contacts:write", "contacts:read"], [west])
    assert bring(shop, "products") == (403, "bulk.not-allowed")
    assert shop.get("/v1/exports/stock.csv").json["code"] == "bulk.not-allowed"
    assert bring(as_integration(client, ["contacts:write"]), "contacts") == (403, "auth.scope-missing")
    status, import_id = bring(shop, "contacts")
    assert status == 201
    assert shop.post(f"/v1/imports/{import_id}/run", {"dry_run": False}).status_code == 202
    runner = Runner()
    while runner.turn():
        pass
    runner.close()

    assert shop.get(f"/v1/imports/{import_id}").json["counts"] == {"created": 1}
    names = [line.split(",")[1] for line in shop.get("/v1/exports/contacts.csv").text.splitlines()[1:]]
    assert names == ["Ben Okafor", "Rosa Bianchi"]
    assert as_integration(client, ["bulk:read"]).get("/v1/imports").json["items"] == []


def test_a_key_that_was_revoked_brings_no_more_rows(database: Database, session: Session, tmp_path: Path) -> None:
    with transaction() as work:
        key, token = integrations.create(work, COMMAND_LINE, name="Till", scopes=["bulk:write", "contacts:write"])
        key_id = key.id
    actor = integrations.authenticate(token)
    import_id = uploaded(tmp_path, "name\nRosa\n", "contacts", actor=actor)
    with transaction() as work:
        work.get_one(IntegrationKey, key_id).revoked_at = datetime(2026, 1, 1, tzinfo=UTC)
    job = run(import_id, actor=actor)
    assert (job.state, session.scalar(select(func.count()).select_from(Contact))) == ("failed", 0)
    assert session.scalars(select(Import.actor)).one() == f"integration:{key_id}"
