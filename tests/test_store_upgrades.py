"""A database of an earlier version is brought forward, and what stood in it means the same."""

from datetime import UTC, date, datetime

from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, Table, create_engine, insert

from maild.core.request import Partner
from maild.core.rota import is_resting
from maild.store import records
from maild.store.database import Database
from maild.store.migrations import HERE
from maild.store.rows import partner_columns

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
BEFORE_THE_WHOLE_RECORD = "0016"
LAST_DAY = date(2026, 12, 24)
ELM = Partner(
    id=1,
    symbol="FI-ELM",
    name="Jalavan kirjasto",
    names={"sv": "Almby bibliotek"},
    email="ill@elm.example",
    order_channel="web",
    paused_until=LAST_DAY,
)


def database_at(revision: str, url: str) -> None:
    """A database of that revision with one partner in it, as far as its table has columns for it."""
    engine = create_engine(url)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(HERE))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        table = Table("partner", MetaData(), autoload_with=connection)
        values = partner_columns(ELM, NOW)
        assert {"paused_from", "aliases"} <= values.keys() - table.columns.keys()
        connection.execute(insert(table), {name: values[name] for name in values.keys() & table.columns.keys()})
    engine.dispose()


def test_a_partner_of_before_is_the_same_and_paused_through_the_same_day(sqlite_url: str) -> None:
    database_at(BEFORE_THE_WHOLE_RECORD, sqlite_url)
    database = Database(sqlite_url)
    assert database.schema_state() == "old"
    database.upgrade()
    assert database.schema_state() == "current"
    with database.read() as session:
        (partner,) = records.partners(session)
    database.close()
    assert partner == ELM
    assert is_resting(partner, NOW.date())
    assert is_resting(partner, LAST_DAY)
    assert not is_resting(partner, date(2026, 12, 25))
