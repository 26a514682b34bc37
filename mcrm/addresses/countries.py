"""Countries and their postcodes: ISO 3166-1 alpha-2, and the forms that the universal postal union publishes."""

import re

from mcrm.addresses.errors import CountryUnknown, PostcodeInvalid

CODES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY "
    "BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK "
    "FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR "
    "IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK "
    "ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM "
    "PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF "
    "TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
)
ISO_3166 = frozenset(CODES.split())
FOUR, FIVE, SIX = r"\d{4}", r"\d{5}", r"\d{6}"
POSTCODES = {
    "GB": r"(GIR 0AA|[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2})",
    "IE": r"[A-Z]\d[\dW] ?[A-Z\d]{4}",
    "US": r"\d{5}(-\d{4})?",
    "CA": r"[A-Z]\d[A-Z] ?\d[A-Z]\d",
    "NL": r"\d{4} ?[A-Z]{2}",
    "PT": r"\d{4}-\d{3}",
    "PL": r"\d{2}-\d{3}",
    "JP": r"\d{3}-\d{4}",
    "SE": r"\d{3} ?\d{2}",
    "BR": r"\d{5}-?\d{3}",
    **dict.fromkeys(("AT", "AU", "BE", "CH", "DK", "HU", "LU", "NO", "NZ", "ZA"), FOUR),
    **dict.fromkeys(("DE", "ES", "FI", "FR", "IT", "MX", "TR"), FIVE),
    **dict.fromkeys(("CN", "IN", "RO", "SG"), SIX),
}
"""Of countries where a wrong postcode sends a parcel astray; elsewhere any, or none, is taken."""


def check_country(country: str) -> None:
    """Raises CountryUnknown for what is no country's code."""
    if country not in ISO_3166:
        raise CountryUnknown(field="country")


def spelt(country: str, postcode: str | None) -> str | None:
    """The postcode in its usual spelling: capitals, and in Britain the space; raises PostcodeInvalid."""
    pattern = POSTCODES.get(country)
    if postcode is None:
        if pattern is not None:
            raise PostcodeInvalid("This country's addresses have a postcode.", field="postcode")
        return None
    postcode = " ".join(postcode.upper().split())
    if country == "GB":
        packed = postcode.replace(" ", "")
        postcode = f"{packed[:-3]} {packed[-3:]}"
    if pattern is not None and not re.fullmatch(pattern, postcode, re.ASCII):
        raise PostcodeInvalid(field="postcode")
    return postcode
