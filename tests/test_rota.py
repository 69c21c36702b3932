from dataclasses import replace
from datetime import date, timedelta

import pytest

from maild.core.request import Attempt
from maild.core.rota import Choice, candidates, in_order, next_supplier
from maild.core.rota_rules import Rota, RotaEntry
from maild.core.terms import ServiceType, Status
from tests.house import ALDER, BIRCH, TODAY, context, request

NEW = request(Status.NEW, partner_id=None, attempts=(), suppliers=("FI-ALDER", "FI-BIRCH"))
NO_ROTA = Rota()


def rota_of(*entries: RotaEntry, **values: object) -> Rota:
    return Rota(entries=entries, **values)  # type: ignore[arg-type]  # a test's own values


def chosen(req=NEW, rota=NO_ROTA, **partners) -> str:  # type: ignore[no-untyped-def]  # a test's short hand
    partner = choice(req, rota, **partners).partner
    return partner.symbol if partner else ""


def choice(req=NEW, rota=NO_ROTA, **partners) -> Choice:  # type: ignore[no-untyped-def]  # as above
    known = tuple(replace(p, **partners.get(p.name, {})) for p in (ALDER, BIRCH))
    return next_supplier(req, context(req, partners=known), rota, TODAY)


def test_marked_holders_are_asked_in_their_order() -> None:
    assert chosen() == "FI-ALDER"
    assert chosen(replace(NEW, suppliers=("fi-birch", "FI-ALDER"))) == "FI-BIRCH"


def test_nobody_is_asked_who_is_not_marked_as_holding_it() -> None:
    assert chosen(replace(NEW, suppliers=())) == ""
    assert chosen(replace(NEW, suppliers=()), rota_of(RotaEntry(symbol="FI-BIRCH"))) == ""


def test_a_repository_library_is_asked_without_a_mark() -> None:
    rota = rota_of(RotaEntry(symbol="FI-BIRCH", assume_holds=True))
    assert chosen(replace(NEW, suppliers=()), rota) == "FI-BIRCH"
    assert chosen(NEW, rota) == "FI-ALDER"


def test_a_repository_is_not_asked_for_what_it_does_not_do() -> None:
    rota = rota_of(RotaEntry(symbol="FI-BIRCH", assume_holds=True, services=frozenset({ServiceType.COPY})))
    assert chosen(replace(NEW, suppliers=()), rota) == ""


def test_nobody_is_asked_twice() -> None:
    tried = replace(NEW, attempts=(Attempt(id=1, partner_id=ALDER.id, status="Unfilled"),))
    assert chosen(tried) == "FI-BIRCH"


@pytest.mark.parametrize("change", [{"active": False}, {"loans": False}, {"email": ""}, {"paused_until": TODAY}])
def test_who_cannot_supply_is_passed_over(change: dict[str, object]) -> None:
    assert chosen(Alder=change) == "FI-BIRCH"


DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("begins", "ends", "asked"),
    [
        (None, TODAY - DAY, "FI-ALDER"),
        (None, TODAY, "FI-BIRCH"),
        (TODAY, TODAY, "FI-BIRCH"),
        (TODAY, None, "FI-BIRCH"),
        (TODAY - DAY, TODAY + DAY, "FI-BIRCH"),
        (TODAY + DAY, TODAY + 9 * DAY, "FI-ALDER"),
        (TODAY + DAY, None, "FI-ALDER"),
        (TODAY - 9 * DAY, TODAY - DAY, "FI-ALDER"),
    ],
)
def test_a_pause_holds_from_its_first_day_through_its_last(begins: date | None, ends: date | None, asked: str) -> None:
    assert chosen(Alder={"paused_from": begins, "paused_until": ends}) == asked


def test_those_who_rest_are_named_so_that_staff_can_wait_for_them() -> None:
    away = tuple(replace(p, absent_until=date(2026, 12, 1)) for p in (ALDER, BIRCH))
    found = next_supplier(NEW, context(NEW, partners=away), NO_ROTA, TODAY)
    assert (found.partner, found.resting) == (None, ("FI-ALDER", "FI-BIRCH"))


def test_the_rota_orders_marked_holders_and_leaves_unknown_ones_last() -> None:
    rota = rota_of(RotaEntry(symbol="FI-B", rank=1), RotaEntry(symbol="FI-A", rank=2))
    assert in_order(("FI-X", "FI-A", "fi-b", "FI-A"), rota) == ("fi-b", "FI-A", "FI-X")
    assert candidates(replace(NEW, suppliers=("FI-A", "FI-A")), rota) == ("FI-A",)


def test_whom_staff_skip_is_not_asked_by_itself_even_if_the_rota_assumes_it() -> None:
    assert chosen(replace(NEW, skipped=("fi-alder",))) == "FI-BIRCH"
    rota = rota_of(RotaEntry(symbol="FI-ALDER", assume_holds=True))
    assert chosen(replace(NEW, suppliers=(), skipped=("FI-ALDER",)), rota) == ""


def test_whom_staff_skip_is_not_asked_under_another_name() -> None:
    called = {"aliases": ("JKK",)}
    assert chosen(replace(NEW, suppliers=("JKK",), skipped=("FI-ALDER",)), Alder=called) == ""
    assert choice(replace(NEW, suppliers=("JKK",)), Alder=called).passed == ("JKK (not on record)",)


def test_nobody_abroad_is_asked_for_a_patron_who_does_not_want_that() -> None:
    abroad = {"country": "nordic"}
    assert chosen(replace(NEW, abroad_ok=False), Alder=abroad) == "FI-BIRCH"
    assert chosen(replace(NEW, abroad_ok=True), Alder=abroad) == "FI-ALDER"
    assert chosen(NEW, Alder=abroad) == "FI-ALDER"


def test_a_rota_asks_only_in_its_countries() -> None:
    near = rota_of(countries=frozenset({"domestic", "nordic"}))
    assert chosen(NEW, near, Alder={"country": "other"}) == "FI-BIRCH"
    assert chosen(NEW, near, Alder={"country": "nordic"}) == "FI-ALDER"


def test_it_is_told_why_others_are_passed_over() -> None:
    tried = replace(
        NEW, suppliers=("FI-ALDER", "FI-BIRCH", "FI-NOBODY"), attempts=(Attempt(id=1, partner_id=ALDER.id),)
    )
    passed = choice(tried, Birch={"loans": False}).passed
    assert passed == (
        "FI-ALDER (asked before)",
        "FI-BIRCH (not active, without an address, or does not do Loan)",
        "FI-NOBODY (not on record)",
    )


def test_a_marked_holder_that_the_rota_assumes_too_keeps_the_place_of_its_mark() -> None:
    rota = rota_of(RotaEntry(symbol="fi-alder", assume_holds=True))
    assert candidates(NEW, rota) == ("FI-ALDER", "FI-BIRCH")
