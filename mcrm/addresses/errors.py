"""What can be wrong with addresses."""

from mcrm.errors import Conflict, Invalid, NotFound


class AddressUnknown(NotFound):
    """There is no such address."""

    code = "address.unknown"


class CountryUnknown(Invalid):
    """This is not an ISO 3166 country code."""

    code = "address.country"


class PostcodeInvalid(Invalid):
    """This is not a postcode of the country."""

    code = "address.postcode"


class TooManyAddresses(Conflict):
    """There are fifty addresses already."""

    code = "address.too-many"
