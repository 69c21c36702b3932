"""Staff may name any supplier on record, marked or not: seen through the store, which gives a command its Context."""

from pathlib import Path

from maild.core.effects import Command
from maild.core.reading import Event
from maild.core.request import Partner
from maild.core.terms import EventName, Status
from maild.store import requests
from tests.desk_parts import database_of, desk_of, settings_in
from tests.desks import add_partner, do, new_request

ELM = Partner(symbol="FI-ELM", name="Elm", email="ill@elm.example", domains=("elm.example",))


def test_a_supplier_that_nobody_marked_is_asked_when_staff_name_it(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with database_of(settings) as database:
        with database.write() as session:
            add_partner(session, ELM)
            do(session, new_request(number="KP-2026-000009", suppliers=()))
        command = Command(
            number="KP-2026-000009",
            event=Event(event=EventName.NEXT_SUPPLIER),
            actor="anna",
            values={"partner": "FI-ELM"},
            id="c1",
        )
        desk_of(settings, database).command(command)
        with database.read() as session:
            request = requests.by_number(session, "KP-2026-000009")
    assert request is not None
    assert (request.status, request.partner_address) == (Status.REQUESTED, "ill@elm.example")
