"""Which rota a request goes round by: rules/assignment.toml, from the file to the supplier that is asked."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from time import perf_counter

import pytest

from maild.core import rules as core_rules
from maild.core.assignment import AssignmentRule, load, rota_name
from maild.core.problems import RuleFile
from maild.core.reading import Citation, Money
from maild.core.request import Request
from maild.core.rules import SitePolicy
from maild.core.terms import ServiceType, Status
from maild.rulebook import read_files
from tests.house import PATRON, request

NEW = request(Status.NEW, partner_id=None, attempts=())
ROTAS = ("default", "quick")


def rules_of(**tables: Mapping[str, object]) -> tuple[tuple[AssignmentRule, ...], list[str]]:
    files = {"assignment.toml": RuleFile(name="assignment.toml", data={"rule": tables})}
    rules, problems = load(files, ROTAS)
    return rules, [str(p) for p in problems]


def rota(given: Request, group: str = "", **conditions: object) -> str:
    rules, problems = rules_of(one={"rota": "quick"} | conditions)
    assert problems == []
    return rota_name(given, replace(PATRON, group=group), rules)


def cited(**values: str) -> Request:
    return replace(NEW, citation=Citation(**values))


@pytest.mark.parametrize(
    ("field", "value", "pattern", "fits"),
    [
        ("issn", "0028-0836", "00280836", True),
        ("issn", "0028-0836", "1476-*", False),
        ("isbn", "9789510123456", "978-951-*", True),
        ("isbn", "9510123453", "978951*", True),  # an old one
        ("isbn", "9185123456", "978951*", False),
        ("publisher", "Elsevier  B.V.", "*elsevier*", True),
        ("publisher", "Otava", "*elsevier*", False),
        ("title", "KALEVALA", "Kalevala", True),
        ("doi", "10.1016/j.x", "10.1016/*", True),
    ],
)
def test_a_pattern_of_the_citation(field: str, value: str, pattern: str, fits: bool) -> None:
    assert rota(cited(**{field: value}), citation={field: [pattern]}) == ("quick" if fits else "default")


def test_a_citation_without_the_field_fits_no_pattern() -> None:
    assert rota(cited(title="Talvi"), citation={"publisher": ["*"]}) == "default"


def test_service_group_and_the_wish_for_abroad() -> None:
    copy = replace(NEW, service_type=ServiceType.COPY)
    assert [rota(one, services=["Copy"]) for one in (NEW, copy)] == ["default", "quick"]
    assert [rota(NEW, group, groups=["Staff", "phd"]) for group in ("staff", "student", "")] == [
        "quick",
        "default",
        "default",
    ]
    wishes = [replace(NEW, abroad_ok=wish) for wish in (True, False, None)]
    assert [rota(one, abroad=False) for one in wishes] == ["default", "quick", "default"]


def test_the_price_that_the_patron_will_pay() -> None:
    def paying(amount: str, currency: str = "EUR") -> Request:
        return replace(NEW, max_cost=Money(amount=Decimal(amount), currency=currency))

    twenty = {"amount": 20, "currency": "EUR"}
    asked = (paying("20"), paying("19.99"), paying("50", "USD"), NEW)
    assert [rota(one, max_cost_from=twenty) for one in asked] == ["quick", "default", "default", "default"]
    assert [rota(one, max_cost_below=twenty) for one in asked] == ["default", "quick", "default", "default"]


def test_all_that_a_rule_names_must_hold_and_the_lowest_order_wins() -> None:
    rules, problems = rules_of(
        last={"rota": "default", "order": 200},
        first={"rota": "quick", "order": 1, "groups": ["staff"], "services": ["Loan"]},
    )
    assert problems == []
    assert rota_name(NEW, replace(PATRON, group="staff"), rules) == "quick"
    assert rota_name(NEW, replace(PATRON, group="student"), rules) == "default"
    assert rota_name(NEW, None, rules) == "default"


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"rota": "qiuck"}, "assignment.toml: rule.one.rota: no rota 'qiuck'; write rotas/qiuck.toml"),
        ({"rota": "quick", "citation": {"isnn": ["x"]}}, "rule.one.citation.isnn: no such field of a citation"),
        ({"rota": "quick", "citation": {"issn": []}}, "rule.one.citation.issn: 0 patterns; give 1 to"),
        ({"rota": "quick", "citation": {"issn": ["*a*a*a*a*"]}}, "rule.one.citation.issn: the pattern '*a*a*a*a*'"),
        ({"rota": "quick", "citation": {"issn": ["[0-9]*"]}}, "rule.one.citation.issn: the pattern '[0-9]*' is none"),
        ({"rota": "quick", "service": ["Copy"]}, "rule.one.service: no such key"),
    ],
)
def test_a_mistake_is_told_with_place_and_way_out(table: dict[str, object], told: str) -> None:
    _, problems = rules_of(one=table)
    assert any(told in problem for problem in problems), problems


def test_a_rota_that_no_rule_leads_to_is_a_mistake() -> None:
    _, problems = rules_of()
    assert problems == [
        "rotas/quick.toml: file: no rule leads to this rota; name it in assignment.toml, or take the file away"
    ]


def test_a_hostile_title_against_hostile_patterns_takes_no_time() -> None:
    rules, _ = rules_of(one={"rota": "quick", "citation": {"title": ["*a*a*a*b"] * 100}})
    began = perf_counter()
    assert rota_name(cited(title="a" * 100_000), None, rules) == "default"
    assert perf_counter() - began < 1


def test_the_shipped_rules_with_a_sites_own_rota_send_a_request_round_by_it() -> None:
    files, _ = read_files()
    own = {
        "rotas/quick.toml": {"supplier": {"FI-BIRCH": {"assume_holds": True}}, "countries": ["domestic"]},
        "assignment.toml": {"rule": {"staff": {"rota": "quick", "groups": ["staff"]}}},
    }
    files |= {name: RuleFile(name=name, data=data) for name, data in own.items()}
    letters = files["letters.toml"].data["letters"]
    assert isinstance(letters, dict)
    rules, problems = core_rules.load(files, SitePolicy(), letters.keys())
    assert rules is not None, problems
    assert rules.rota(NEW, replace(PATRON, group="staff")).name == "quick"
    assert rules.rota(NEW, PATRON).name == "default"
    assert rules.rota_symbols() == ("FI-BIRCH",)
