from dataclasses import replace

import pytest

from maild.core import rules as core_rules
from maild.core.effects import Audience, SendLetter
from maild.core.problems import Problem, RuleFile
from maild.core.rules import Rules, SitePolicy
from maild.rulebook import merge, read_files
from tests.house import ALDER, NUMBER, shipped_rules

RULES = shipped_rules()


def loaded(**changes: dict[str, object]) -> tuple[Rules | None, list[Problem]]:
    """The shipped rules with a site's tables laid over files of theirs ("notices", "workflows/borrowing-loan")."""
    files, _ = read_files()
    for name, data in changes.items():
        file = f"{name}.toml"
        old = files[file].data if file in files else {}
        files[file] = RuleFile(name=file, data=merge(old, data))
    letters = files["letters.toml"].data["letters"]
    assert isinstance(letters, dict)
    return core_rules.load(files, SitePolicy(), letters.keys())


def letter(name: str, audience: Audience = Audience.PATRON) -> SendLetter:
    return SendLetter(number=NUMBER, letter=name, audience=audience, to="x@y.example")


@pytest.mark.parametrize(
    ("site", "own", "partner", "expected"),
    [
        ("shadow", "", "", "shadow"),
        ("auto", "", "", "auto"),
        ("auto", "", "shadow", "shadow"),
        ("auto", "off", "auto", "off"),
        ("shadow", "auto", "", "auto"),
    ],
)
def test_a_letters_own_mode_comes_before_its_partners_and_that_before_the_sites(
    site: str, own: str, partner: str, expected: str
) -> None:
    policy = SitePolicy(mode=site, letter_modes={"unfilled": own} if own else {})
    rules = replace(RULES, site=policy)
    assert rules.mode_of(letter("unfilled"), replace(ALDER, mode=partner)) == expected


def test_letters_that_are_off_go_only_where_the_site_turns_them_on() -> None:
    automatic = replace(RULES, site=SitePolicy(mode="auto"))
    assert automatic.mode_of(letter("renewal_pending"), None) == "off"
    wanted = replace(RULES, site=SitePolicy(mode="auto", letter_modes={"renewal_pending": "auto"}))
    assert wanted.mode_of(letter("renewal_pending"), None) == "auto"


def test_in_shadow_nothing_is_sent_but_letters_to_staff() -> None:
    assert RULES.outbox_state(letter("unfilled"), None) == "shadow"
    assert RULES.outbox_state(letter("attention", Audience.STAFF), None) == "waiting"


def test_mistakes_of_every_rule_file_are_told_at_once() -> None:
    rules, problems = loaded(
        **{
            "notices": {"notice": {"overdue_1": {"letter": "overdue_9"}, "both": {"anchor": "asked", "days": 1}}},
            "rotas/default": {"supplier": {"FI-X": {"rnk": 1}}},
            "calendars/default": {"holidays": "Suomi"},
            "workflows/borrowing-loan": {"status": {"Loaned": {"notices": ["not_arived"]}}},
            "workflows/lending-copy": {"transition": {"expect": {"event": "Expect"}}},
        }
    )
    assert rules is None
    assert {p.file for p in problems} >= {
        "notices.toml",
        "rotas/default.toml",
        "calendars/default.toml",
        "workflows/borrowing-loan.toml",
        "workflows/lending-copy.toml",
    }
    assert all(p.place and p.what and p.way_out for p in problems)


def test_a_site_changes_one_number_without_copying_the_file() -> None:
    rules, problems = loaded(notices={"notice": {"due_soon": {"days": -7}, "due_today": {"off": False}}})
    assert not problems
    assert rules is not None
    assert rules.notices["due_soon"].days == -7
    assert not rules.notices["due_today"].off


def test_a_site_takes_a_road_out_of_a_profile() -> None:
    rules, problems = loaded(**{"workflows/borrowing-loan": {"transition": {"to-office": {"disabled": True}}}})
    assert rules is None
    assert "InOfficeDelivery cannot be reached" in str(problems[0])


def test_a_site_gives_a_partner_a_profile_of_its_own() -> None:
    own = {"extends": "borrowing-loan", "transition": {"renew": {"auto": False}}}
    rules, problems = loaded(**{"workflows/alder-loan": own})
    assert not problems
    assert rules is not None
    assert not next(t for t in rules.workflows["alder-loan"].transitions if t.name == "renew").auto


def test_the_rota_names_whom_a_context_must_know() -> None:
    rules, _ = loaded(**{"rotas/default": {"supplier": {"FI-B": {"rank": 2}, "FI-A": {"rank": 1}}}})
    assert rules is not None
    assert rules.rota_symbols() == ("FI-A", "FI-B")
