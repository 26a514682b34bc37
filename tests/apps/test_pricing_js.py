"""The phone's price is the server's: apps/rep/pricing.js against the published vectors."""

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from mcrm.pricing import limits, rules
from tests.apps.node import NODE, REPOSITORY, run

if TYPE_CHECKING:
    from playwright.sync_api import Page

MODULE = REPOSITORY / "apps" / "rep" / "pricing.js"
VECTORS = REPOSITORY / "docs" / "reference" / "pricing-vectors.json"
IN_BROWSER = """async ([source, vectors]) => {
    const { price } = await import("data:text/javascript;base64," + btoa(source));
    const answer = ({ rules, lines, at }) => {
        try { return price(vectors.rules[rules], lines, at); }
        catch (error) { return { error: error.code, field: error.field }; }
    };
    return vectors.cases.map(answer);
}"""


def vectors() -> Any:
    return json.loads(VECTORS.read_text())


def check(answers: list[Any]) -> None:
    cases = vectors()["cases"]
    assert len(answers) == len(cases) > 80
    wrong = [case["name"] for case, answer in zip(cases, answers, strict=True) if answer != case["expected"]]
    assert wrong == []


if NODE:

    def test_the_phone_prices_the_published_cases_as_the_server_does() -> None:
        check(run("vectors.mjs", MODULE, VECTORS))

else:

    @pytest.mark.browser
    def test_the_phone_prices_the_published_cases_in_a_browser(page: "Page") -> None:
        check(page.evaluate(IN_BROWSER, [MODULE.read_text(), vectors()]))


def test_the_phone_knows_the_constants_of_the_rules() -> None:
    source = MODULE.read_text().replace("_", "")
    assert f"VERSION = {rules.VERSION};" in source
    assert f"WHOLE = {rules.WHOLE};" in source
    assert f"LARGESTTOTAL = {rules.LARGEST_TOTAL};" in source
    defaults = re.search(r"DISCOUNTDEFAULTS = Object.freeze\(\{(.*?)\}\)", source)
    assert defaults is not None
    known = {name: int(most) for name, most in re.findall(r"(\w+): (\d+)", defaults[1])}
    assert known == {role.value: most for role, most in limits.DEFAULTS.items()}
