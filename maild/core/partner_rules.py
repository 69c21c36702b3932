"""rules/partners.toml: what holds for libraries of a country where neither they nor their records say it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from maild.core import prices
from maild.core.problems import Problem, RuleFiles
from maild.core.request import Partner, Price
from maild.core.rulefiles import Table, read
from maild.core.terms import Payment, Role, ServiceType
from maild.core.workflow import LoanTerms

FILE = "partners.toml"
Country = Literal["domestic", "nordic", "other"]


def _is_price_list(text: str) -> str:
    prices.read_prices(text)
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryRules:
    """One country class. `codes` are of its countries (ISO 3166); `terms` are fields of LoanTerms by role."""

    codes: frozenset[str] = frozenset()
    our_prices: tuple[Price, ...] = ()
    terms: Mapping[Role, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerRules:
    """`currency` is that of what is free; nobody is known by the domain of a `mailbox_provider` alone."""

    currency: str = "EUR"
    countries: Mapping[str, CountryRules] = field(default_factory=dict)
    mailbox_providers: frozenset[str] = frozenset()

    def country_of(self, code: str) -> str:
        """The class of a country's code; "" where the code is none."""
        if len(code) != 2 or not code.isalpha():
            return ""
        return next((name for name, rules in self.countries.items() if code.upper() in rules.codes), "other")

    def our_prices(self, partner: Partner) -> tuple[Price, ...]:
        """What this library pays us: by its own record, else by its country."""
        return partner.our_prices or self.countries.get(partner.country, CountryRules()).our_prices

    def terms(self, partner: Partner | None, role: Role, own: LoanTerms, usual: LoanTerms) -> LoanTerms:
        """The terms of a loan: of the profile, and of the country where the profile is as the `usual` one."""
        if partner is None or partner.country not in self.countries:
            return own
        of_country = self.countries[partner.country].terms.get(role, {})
        unsaid = {name: value for name, value in of_country.items() if getattr(own, name) == getattr(usual, name)}
        return replace(own, **unsaid)  # type: ignore[arg-type]  # _Terms has only fields of LoanTerms that count

    def free(self, service_type: ServiceType, day: date) -> Price:
        """The price of what is lent for nothing by agreement."""
        return Price(service_type=service_type, since=day, money=prices.read_money(f"0 {self.currency}"))

    def price(self, partner: Partner, role: Role, service_type: ServiceType, day: date) -> Price | None:
        """What a loan or copy costs in that role of ours by record or country, free by agreement too, or None."""
        if partner.payment is Payment.RECIPROCITY:
            return self.free(service_type, day)
        listed = partner.prices if role is Role.BORROWING else self.our_prices(partner)
        return prices.in_force(listed, service_type, day, partner.payment)


class _Terms(Table):
    days: int | None = Field(None, ge=1, le=400)
    renewal_window_days: int | None = Field(None, ge=0, le=400)
    max_renewals: int | None = Field(None, ge=0, le=100)
    max_total_days: int | None = Field(None, ge=0, le=4000)


class _Country(Table):
    codes: tuple[Annotated[str, Field(pattern="^[A-Z]{2}$")], ...] = ()
    our_prices: Annotated[str, AfterValidator(_is_price_list)] = ""
    borrowing: _Terms = _Terms()
    lending: _Terms = _Terms()


class _Unknown(Table):
    mailbox_providers: tuple[str, ...] = ()


class _PartnersFile(Table):
    currency: str = Field("EUR", pattern="^[A-Z]{3}$")
    country: dict[Country, _Country] = Field(default={})
    unknown: _Unknown = _Unknown()


def load(files: RuleFiles) -> tuple[PartnerRules, list[Problem]]:
    """The rules, and every mistake; without the file the profiles' own terms hold, and nothing is charged by itself."""
    if FILE not in files:
        return PartnerRules(), []
    found, problems = read(_PartnersFile, FILE, files[FILE].data)
    if found is None:
        return PartnerRules(), problems
    return PartnerRules(
        currency=found.currency,
        countries={name: _country(table) for name, table in found.country.items()},
        mailbox_providers=frozenset(name.lower() for name in found.unknown.mailbox_providers),
    ), []


def _country(table: _Country) -> CountryRules:
    terms = {Role.BORROWING: table.borrowing, Role.LENDING: table.lending}
    return CountryRules(
        codes=frozenset(table.codes),
        our_prices=prices.read_prices(table.our_prices),
        terms={role: one.model_dump(exclude_none=True) for role, one in terms.items()},
    )
