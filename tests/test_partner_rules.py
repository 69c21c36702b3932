"""rules/partners.toml: prices and terms by country class."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from maild.core import partner_rules
from maild.core.partner_rules import PartnerRules
from maild.core.prices import read_prices
from maild.core.problems import RuleFile
from maild.core.request import Partner
from maild.core.terms import Payment, Role, ServiceType
from maild.core.workflow import LoanTerms
from tests.house import shipped_rules

SHIPPED = shipped_rules().partners
DAY = date(2026, 11, 23)
USUAL = LoanTerms()


def loaded(**tables: Any) -> PartnerRules:
    rules, problems = partner_rules.load({partner_rules.FILE: RuleFile(name=partner_rules.FILE, data=tables)})
    assert not problems
    return rules


@pytest.mark.parametrize(
    ("code", "country"), [("FI", "domestic"), ("ax", "domestic"), ("se", "nordic"), ("DE", "other"), ("com", "")]
)
def test_a_countrys_code_tells_its_class(code: str, country: str) -> None:
    assert SHIPPED.country_of(code) == country


def test_nothing_is_charged_before_a_desk_writes_its_prices() -> None:
    assert all(not rules.our_prices for rules in SHIPPED.countries.values())


def test_a_librarys_own_price_comes_before_its_countrys_and_an_agreement_before_both() -> None:
    rules = loaded(country={"nordic": {"our_prices": "Loan 2026-01-01 15 EUR / Loan 2026-01-01 1 IFLA"}})
    partner = Partner(country="nordic", our_prices=read_prices("Loan 2026-01-01 9 EUR"))

    def price(of: Partner) -> str:
        found = rules.price(of, Role.LENDING, ServiceType.LOAN, DAY)
        return f"{found.money.amount} {found.money.currency}" if found else ""

    assert price(partner) == "9 EUR"
    assert price(replace(partner, our_prices=())) == "15 EUR"
    assert price(replace(partner, our_prices=(), payment=Payment.VOUCHERS)) == "1 IFLA"
    assert price(replace(partner, payment=Payment.RECIPROCITY)) == "0 EUR"
    assert price(Partner(country="domestic")) == ""
    assert rules.price(partner, Role.BORROWING, ServiceType.LOAN, DAY) is None


def test_the_countrys_terms_hold_where_the_profile_is_as_usual() -> None:
    rules = loaded(country={"other": {"borrowing": {"max_renewals": 1, "days": 35}}})
    far = Partner(country="other")
    assert rules.terms(far, Role.BORROWING, USUAL, USUAL) == replace(USUAL, max_renewals=1, days=35)
    own = replace(USUAL, max_renewals=0)
    assert rules.terms(far, Role.BORROWING, own, USUAL) == replace(own, days=35)
    assert rules.terms(far, Role.LENDING, USUAL, USUAL) == USUAL
    assert rules.terms(None, Role.BORROWING, USUAL, USUAL) == USUAL
    assert rules.terms(Partner(country="domestic"), Role.BORROWING, USUAL, USUAL) == USUAL


@pytest.mark.parametrize(
    ("tables", "place"),
    [
        ({"country": {"nordic": {"our_prices": "Loan 15 EUR"}}}, "country.nordic.our_prices"),
        ({"country": {"nordic": {"borrowing": {"max_renewals": -1}}}}, "country.nordic.borrowing.max_renewals"),
        ({"country": {"baltic": {}}}, "country.baltic"),
        ({"currency": "euro"}, "currency"),
    ],
)
def test_a_mistake_is_told_with_its_place(tables: dict[str, Any], place: str) -> None:
    _, problems = partner_rules.load({partner_rules.FILE: RuleFile(name=partner_rules.FILE, data=tables)})
    assert [problem.place for problem in problems] == [place]
