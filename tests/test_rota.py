from dataclasses import replace
from datetime import date

import pytest

from maild.core.request import Attempt
from maild.core.rota import candidates, in_order, next_supplier
from maild.core.rota_rules import RotaEntry
from maild.core.terms import ServiceType, Status
from tests.house import ALDER, BIRCH, TODAY, context, request

NEW = request(Status.NEW, partner_id=None, attempts=(), suppliers=("FI-ALDER", "FI-BIRCH"))


def chosen(req=NEW, rota=(), **partners) -> str:  # type: ignore[no-untyped-def]  # a test's short hand
    known = tuple(replace(p, **partners.get(p.name, {})) for p in (ALDER, BIRCH))
    partner = next_supplier(req, context(req, partners=known), rota, TODAY).partner
    return partner.symbol if partner else ""


def test_marked_holders_are_asked_in_their_order() -> None:
    assert chosen() == "FI-ALDER"
    assert chosen(replace(NEW, suppliers=("fi-birch", "FI-ALDER"))) == "FI-BIRCH"


def test_nobody_is_asked_who_is_not_marked_as_holding_it() -> None:
    assert chosen(replace(NEW, suppliers=())) == ""
    assert chosen(replace(NEW, suppliers=()), (RotaEntry(symbol="FI-BIRCH"),)) == ""


def test_a_repository_library_is_asked_without_a_mark() -> None:
    rota = (RotaEntry(symbol="FI-BIRCH", assume_holds=True),)
    assert chosen(replace(NEW, suppliers=()), rota) == "FI-BIRCH"
    assert chosen(NEW, rota) == "FI-ALDER"


def test_a_repository_is_not_asked_for_what_it_does_not_do() -> None:
    rota = (RotaEntry(symbol="FI-BIRCH", assume_holds=True, services=frozenset({ServiceType.COPY})),)
    assert chosen(replace(NEW, suppliers=()), rota) == ""


def test_nobody_is_asked_twice() -> None:
    tried = replace(NEW, attempts=(Attempt(id=1, partner_id=ALDER.id, status="Unfilled"),))
    assert chosen(tried) == "FI-BIRCH"


@pytest.mark.parametrize("change", [{"active": False}, {"loans": False}, {"email": ""}, {"paused_until": TODAY}])
def test_who_cannot_supply_is_passed_over(change: dict[str, object]) -> None:
    assert chosen(Alder=change) == "FI-BIRCH"


def test_a_pause_that_is_over_hinders_nobody() -> None:
    assert chosen(Alder={"paused_until": date(2026, 11, 22)}) == "FI-ALDER"


def test_those_who_rest_are_named_so_that_staff_can_wait_for_them() -> None:
    away = tuple(replace(p, absent_until=date(2026, 12, 1)) for p in (ALDER, BIRCH))
    choice = next_supplier(NEW, context(NEW, partners=away), (), TODAY)
    assert (choice.partner, choice.resting) == (None, ("FI-ALDER", "FI-BIRCH"))


def test_the_rota_orders_marked_holders_and_leaves_unknown_ones_last() -> None:
    rota = (RotaEntry(symbol="FI-B", rank=1), RotaEntry(symbol="FI-A", rank=2))
    assert in_order(("FI-X", "FI-A", "fi-b", "FI-A"), rota) == ("fi-b", "FI-A", "FI-X")
    assert candidates(replace(NEW, suppliers=("FI-A", "FI-A")), rota) == ("FI-A",)
