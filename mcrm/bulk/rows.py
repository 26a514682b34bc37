"""Rows on their way in: the fields of each resource, cells made into values by a mapping, and the verdict on a row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from mcrm.accounts.schemas import AccountInSchema
from mcrm.addresses.models import AddressKind
from mcrm.addresses.schemas import AddressInSchema
from mcrm.api.fields import AwareDateTime, Str
from mcrm.api.formats import Currency, Email
from mcrm.bulk.cells import Parse, Reading, amount, checked, members, several, unfit, whole, yes_or_no
from mcrm.bulk.errors import MappingInvalid
from mcrm.bulk.models import Outcome
from mcrm.contacts import points
from mcrm.contacts.schemas import ContactInSchema
from mcrm.errors import DomainError
from mcrm.orders.rows import LONGEST_TEXT
from mcrm.products.schemas import PriceListInSchema, ProductInSchema
from mcrm.tags import service as tags

MOST_PIECES = 1_000_000


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a column can hold; `aliases` are other headings that are taken for it."""

    name: str
    parse: Parse
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Values:
    """A row that could be read: values by field; a cell that was empty is not there."""

    at: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a row ended. `undo` is what taking it back needs; only rows that changed something have it."""

    outcome: Outcome
    code: str = ""
    field: str = ""
    detail: str = ""
    subject_id: UUID | None = None
    undo: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """What can be imported: its fields, those that find an existing row, and those that every row must fill."""

    name: str
    fields: tuple[Field, ...]
    match_keys: tuple[str, ...]
    required: tuple[str, ...]

    def field(self, name: str) -> Field:
        """The field of that name; KeyError without one."""
        return {one.name: one for one in self.fields}[name]


def exists(subject_id: UUID) -> Verdict:
    """The verdict on a row that only wants to create."""
    return Verdict(Outcome.SKIPPED, "import.exists", "", "It is there already.", subject_id)


def rejected(error: DomainError) -> Verdict:
    """The verdict on a row that a rule of the business refuses."""
    return Verdict(Outcome.REJECTED, error.code, error.field or "", error.detail[:200])


def _address(channel: str) -> Parse:
    def parse(text: str, reading: Reading) -> str:
        return points.normalise(channel, text, region=reading.region)

    return parse


def _mail(text: str, reading: Reading) -> str:
    return points.normalise("email", str(_email(text, reading)))


def _tag(text: str, reading: Reading) -> str:
    return tags.normalised(text)


PLACE_PARTS = ("name", "lines", "postcode", "city", "region", "country")
"""The parts of an address that have a column each, `delivery_city` and so on."""
PLACE_WORDS = {
    "lines": ("address", "street", "deliveryaddress", "shippingaddress"),
    "postcode": ("postcode", "zip", "zipcode"),
    "city": ("city", "town"),
    "region": ("county", "state"),
}
"""Other headings of the delivery address; what bills are sent to is named in full."""
_place, _line = AddressInSchema().fields, checked(Str(max_length=100))


def _place_fields(kind: AddressKind) -> tuple[Field, ...]:
    words = PLACE_WORDS if kind is AddressKind.DELIVERY else {"lines": ("billingaddress", "invoiceaddress")}
    parsers = {part: checked(_place[part]) for part in PLACE_PARTS} | {"lines": several(_line)}
    return tuple(Field(f"{kind}_{part}", parsers[part], words.get(part, ())) for part in PLACE_PARTS)


_email = checked(Email())
_contact, _account, _product = ContactInSchema().fields, AccountInSchema().fields, ProductInSchema().fields
_list = PriceListInSchema().fields
_code, _name = checked(_account["country"]), checked(Str(min_length=3, max_length=LONGEST_TEXT))


def _country(text: str, reading: Reading) -> Any:
    """A code of two letters, or the name that a file of past orders gave: what an export writes comes in again."""
    return (_code if len(text) <= 2 else _name)(text, reading)


CONTACTS = Resource(
    "contacts",
    (
        Field("number", checked(_contact["number"]), ("customernumber", "customerid", "customerno", "kundennummer")),
        Field("name", checked(_contact["name"]), ("fullname", "contact", "contactname", "customer", "customername")),
        Field("phone", several(_address("sms")), ("mobile", "tel", "telephone", "phonenumber", "mobilephone", "cell")),
        Field("email", several(_mail), ("mail", "emailaddress", "mailaddress")),
        Field("telegram", several(_address("telegram")), ("telegramid", "chatid")),
        Field("account", checked(_account["name"]), ("company", "accountname", "companyname", "firm", "organisation")),
        Field("account_number", checked(_account["number"]), ("companynumber",)),
        Field("account_class", checked(_account["account_class"]), ("class",)),
        Field("country", _country, ("countrycode",)),
        Field("territory", checked(Str(max_length=200)), ("region", "area")),
        Field("locale", checked(_contact["locale"]), ("language", "lang")),
        Field("timezone", checked(_contact["timezone"]), ("tz",)),
        Field("notes", checked(_contact["notes"]), ("note", "comment", "comments", "remarks")),
        Field("tags", several(_tag), ("tag", "labels", "keywords")),
        *_place_fields(AddressKind.DELIVERY),
        *_place_fields(AddressKind.BILLING),
        Field("custom", members),
    ),
    match_keys=("number", "phone", "email"),
    required=("name",),
)
PRODUCTS = Resource(
    "products",
    (
        Field("code", checked(_product["code"]), ("sku", "stockcode", "productcode", "articlenumber", "itemno")),
        Field("name", checked(_product["name"]), ("product", "productname", "title")),
        Field("description", checked(_product["description"]), ("desc", "text")),
        Field("category", checked(_product["category"]), ("group",)),
        Field("unit", checked(_product["unit"]), ("uom",)),
        Field("picture_url", checked(_product["picture_url"]), ("picture", "image", "imageurl")),
        Field("is_active", yes_or_no, ("active", "onsale")),
        Field("tax_code", checked(_product["tax_code"]), ("tax", "vatcode", "vat")),
        Field("custom", members),
    ),
    match_keys=("code",),
    required=("code",),
)
PRICES = Resource(
    "prices",
    (
        Field("price_list", checked(Str(max_length=100)), ("list", "pricelist")),
        Field("currency", checked(Currency())),
        Field("product", checked(_product["code"]), ("code", "sku", "stockcode", "productcode")),
        Field("min_quantity", whole(1, MOST_PIECES), ("from", "quantity", "minquantity", "fromquantity")),
        Field("price", amount, ("unitprice", "amount")),
        Field("valid_from", checked(AwareDateTime()), ("begins",)),
        Field("valid_until", checked(AwareDateTime()), ("ends",)),
        Field("rank", whole(0, 10_000)),
        Field("includes_tax", yes_or_no, ("taxincluded", "gross")),
        Field("account_class", checked(_list["account_class"]), ("class",)),
        Field("account", checked(_account["name"]), ("company", "accountname")),
        Field("account_number", checked(_account["number"]), ("companynumber",)),
    ),
    match_keys=("product",),
    required=("price_list", "product", "price"),
)
STOCK = Resource(
    "stock",
    (
        Field("product", checked(_product["code"]), ("code", "sku", "stockcode", "productcode")),
        Field("location", checked(Str(max_length=60)), ("warehouse", "place")),
        Field("on_hand", whole(0, MOST_PIECES), ("quantity", "stock", "onhand", "pieces", "count")),
    ),
    match_keys=("product",),
    required=("product", "on_hand"),
)
RESOURCES = {one.name: one for one in (CONTACTS, PRODUCTS, PRICES, STOCK)}


def suggested(resource: Resource, header: Sequence[str]) -> dict[str, str]:
    """Column to field, as far as the headings tell; no field twice."""
    words = {alias: one.name for one in resource.fields for alias in (_word(one.name), *one.aliases)}
    found: dict[str, str] = {}
    for column in sorted(header, key=lambda name: _word(name) not in {_word(one.name) for one in resource.fields}):
        name = words.get(_word(column))
        if name is not None and name not in found.values():
            found[column] = name
    return {column: found[column] for column in header if column in found}


def _word(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())


def checked_mapping(resource: Resource, header: Sequence[str], mapping: Mapping[str, str]) -> None:
    """Raise MappingInvalid unless the columns are the file's, the fields the resource's, none twice, none missing."""
    for column, name in mapping.items():
        if column not in header:
            raise MappingInvalid(f"The file has no column {column[:60]}.", field="mapping")
        if name not in {one.name for one in resource.fields}:
            raise MappingInvalid(f"{resource.name} have no field {name[:60]}.", field="mapping")
    names = list(mapping.values())
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise MappingInvalid(f"Two columns are mapped to {twice}.", field="mapping")
    if missing := [name for name in resource.required if name not in names]:
        raise MappingInvalid(f"No column is mapped to {', '.join(missing)}.", field="mapping")


class Mapper:
    """Turns the cells of one file into values by its mapping."""

    def __init__(self, resource: Resource, header: Sequence[str], mapping: Mapping[str, str], reading: Reading) -> None:
        """The mapping has passed `checked_mapping`."""
        self._columns = [(header.index(column), resource.field(name)) for column, name in mapping.items()]
        self._reading = reading

    def read(self, at: int, cells: Sequence[str] | None) -> Values | Verdict:
        """The values of a row, or why it cannot be read. Empty cells say nothing."""
        if cells is None:
            return Verdict(Outcome.REJECTED, "import.bad-row", "", "The row has more or fewer cells than the header.")
        values: dict[str, Any] = {}
        for position, one in self._columns:
            if not (text := cells[position]):
                continue
            try:
                values[one.name] = one.parse(text, self._reading)
            except DomainError as error:
                return Verdict(Outcome.REJECTED, error.code, one.name, error.detail[:200])
        return Values(at, values)


def require_filled(values: Mapping[str, Any], *names: str) -> None:
    """Raise RowUnfit for a row without something that it must have."""
    for name in names:
        if name not in values:
            error = unfit("Must not be empty.", "missing")
            error.field = name
            raise error
