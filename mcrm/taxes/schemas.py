"""Wire shapes of tax rates; rates in basis points of the net: 2000 are 20 %."""

from mcrm.api.fields import AwareDateTime, Int, Schema, Str, Uuid
from mcrm.api.paging import PageQuery

TAX_CODE = "[A-Za-z0-9][A-Za-z0-9._-]*"
WHOLE = 10_000


class TaxRateInSchema(Schema):
    """A rate to be set; one that stands for the same code and instant is replaced."""

    code = Str(required=True, max_length=40, pattern=TAX_CODE)
    name = Str(required=True, max_length=100)
    basis_points = Int(required=True, minimum=0, maximum=WHOLE)
    valid_from = AwareDateTime(required=True)


class TaxRateSchema(TaxRateInSchema):
    """The rate of a tax code since an instant."""

    id = Uuid(required=True)


class TaxRateQuery(PageQuery):
    """Filters of the list of tax rates."""

    code = Str(max_length=40, load_default=None)
