from dataclasses import replace

import pytest

from maild.core.delivery import Way, not_to_office, way
from maild.core.effects import Audience, SendLetter
from maild.core.letter_gathering import facts_of
from maild.core.letters import SiteFacts
from maild.core.pickup_rules import FILE, PickupRules, Shelf, load
from maild.core.problems import RuleFile
from maild.core.terms import Flag, Status
from tests.house import ALDER, NUMBER, PATRON, context, on_loan

RULES = PickupRules(
    shelves={"Main": Shelf(countries=frozenset({"domestic"}), not_with=frozenset({"SignatureRequired"}))},
    office_groups=frozenset({"staff"}),
)
LOAN = on_loan(Status.RECEIVED, pickup="Main", delivery="office")
STAFF = replace(PATRON, group="staff")


def test_only_what_a_shelf_allows_stands_on_it() -> None:
    assert way(LOAN, ALDER, RULES) is Way.SELF_SERVICE
    assert way(replace(LOAN, pickup="Annex"), ALDER, RULES) is Way.DESK
    assert way(LOAN, replace(ALDER, country="nordic"), RULES) is Way.DESK
    assert way(replace(LOAN, conditions=("SignatureRequired",)), ALDER, RULES) is Way.DESK
    assert way(replace(LOAN, flags=frozenset({Flag.LIBRARY_USE_ONLY})), ALDER, RULES) is Way.DESK
    assert way(LOAN, None, RULES) is Way.DESK
    assert way(LOAN, ALDER, PickupRules()) is Way.DESK


def test_who_and_what_goes_to_an_office() -> None:
    assert not_to_office(LOAN, STAFF, RULES, 0) == ""
    assert not_to_office(LOAN, replace(STAFF, loans=4), RULES, 5) == ""
    assert "blocked" in not_to_office(LOAN, replace(STAFF, blocked=True), RULES, 0)
    assert "5 loans" in not_to_office(LOAN, replace(STAFF, loans=5), RULES, 5)
    assert not_to_office(LOAN, replace(STAFF, group="Staff"), RULES, 0) == ""
    assert "group" in not_to_office(LOAN, PATRON, RULES, 0)
    assert not_to_office(LOAN, PATRON, PickupRules(), 0) == ""
    assert "library only" in not_to_office(replace(LOAN, flags=frozenset({Flag.LIBRARY_USE_ONLY})), STAFF, RULES, 0)


@pytest.mark.parametrize(("language", "hours"), [("fi", "ma-pe 8-20"), ("en", "Mon-Fri 8-20"), ("sv", "ma-pe 8-20")])
def test_a_letter_tells_the_opening_hours_in_its_language_or_in_ours(language: str, hours: str) -> None:
    site = SiteFacts(
        name={}, address="ill@library.example", pickup={"Main": {"fi": "ma-pe 8-20", "en": "Mon-Fri 8-20"}}
    )
    letter = SendLetter(
        number=NUMBER,
        letter="ready_for_pickup",
        audience=Audience.PATRON,
        to=PATRON.email,
        languages=(language,),
        facts={"pickup_way": "desk"},
    )
    facts = facts_of(letter, context(LOAN), site)
    assert (facts.pickup, facts.pickup_hours, facts.pickup_way) == ("Main", hours, "desk")
    to_partner = facts_of(replace(letter, audience=Audience.PARTNER), context(LOAN), site)
    assert (to_partner.pickup, to_partner.pickup_hours, to_partner.pickup_way) == (None, None, None)


def loaded(**data: object) -> tuple[PickupRules, list[str]]:
    rules, problems = load({FILE: RuleFile(name=FILE, data=data)}, ("Main", "Annex"))
    return rules, [f"{p.place}: {p.what}" for p in problems]


def test_a_place_takes_from_the_house_what_it_does_not_say_itself() -> None:
    rules, problems = loaded(
        self_service={"countries": ["domestic"], "not_with": ["NoReproduction"]},
        place={"Main": {"self_service": True}, "Annex": {"self_service": True, "countries": ["other"], "not_with": []}},
    )
    assert problems == []
    assert rules.shelves == {
        "Main": Shelf(countries=frozenset({"domestic"}), not_with=frozenset({"NoReproduction"})),
        "Annex": Shelf(countries=frozenset({"other"})),
    }


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"place": {"Mian": {"self_service": True}}}, "place.Mian: no such place"),
        ({"self_service": {"not_with": ["NoCopying"]}}, "not_with: no loan condition 'NoCopying'"),
        ({"place": {"Main": {"self_service": True, "not_with": ["Wet"]}}}, "not_with: no loan condition 'Wet'"),
        ({"self_service": {"countries": ["Sweden"]}}, "self_service.countries"),
        ({"place": {"Main": {}}}, "place.Main.self_service"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_place(data: dict[str, object], told: str) -> None:
    _, problems = loaded(**data)
    assert any(told in problem for problem in problems), problems
