"""Mistakes in files that people write: each is named with its file and key, all at once."""

import json
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from maild.cli import app
from maild.configuration import example, find, load
from maild.settings import Settings
from tests.databases import url_in

GOOD = """\
data = "{folder}"
[site]
address = "ill@library.example"
[database]
url = "{url}"
"""

# What is planted in maild.toml (a table, its lines), and the key that the check must name.
SETTINGS = [
    ("site", 'adress = "x@library.example"', "site.adress"),
    ("site", 'zone = "Europe/Helsingfors"', "site.zone"),
    ("site", 'prefix = "kp-"', "site.prefix"),
    ("site", 'aliases = ["no address"]', "site.aliases.0"),
    ("site", 'language = "de"', "site.language"),
    ("site", r'symbol = "FI-H\nBcc: x@evil.example"', "site.symbol"),
    ("site", r'name = { fi = "Kirjasto\u202e" }', "site.name.fi"),
    ("site", r'contact = { fi = "Puh. 09\u0001 000" }', "site.contact.fi"),
    ("site", r'postal_address = "PL 1\u200b"', "site.postal_address"),
    ("site", r'pickup = { "Sali" = "ma-pe\n9-18" }', "site.pickup.Sali"),
    ("automation", 'mode = "on"', "automation.mode"),
    ("automation", "max_events = 0", "automation.max_events"),
    ("automation", 'letters = { due_soon = "never" }', "automation.letters.due_soon"),
    ("trust", 'form_senders = ["<script>"]', "trust.form_senders.0"),
    ("trust", "authserv = 1", "trust.authserv"),
    ("desk", 'staff = "me@library.example"', "desk.staff"),
    ("smtp", "max_bytes = 12", "smtp.listen"),
    ("smtp", 'listen = "127.0.0.1:25"\nmax_connections = 0', "smtp.max_connections"),
    ("smtp", 'listen = "127.0.0.1:25"\ntls_certificate = "c.pem"', "smtp"),
    ("lmtp", 'listen = "/run/maild"\nrequire_tls = true', "lmtp"),
    ("[imap]", 'port = "imaps"\nhost = "h"', "imap.0.port"),
    ("[imap]", 'host = "mail.example"\ntls = "none"', "imap.0"),
    ("[imap]", 'host = "mail.example"\nuser = "ill"', "imap.0"),
    ("[imap]", 'host = "mail.example"\nsince = "last week"', "imap.0.since"),
    ("post", 'host = "mail.example"\nport = 70000', "post.port"),
    ("post", 'host = "mail.example"\ntls = "none"', "post"),
    ("post", 'password_file = "/x"', "post"),
]

# What is planted in the site's rules (a file, its content), and the words that the check must say.
RULES = [
    ("notices.toml", '[notice.due_soon]\nletter = "due_son"', ["due_son"]),
    ("notices.toml", "[notice.due_soon]\ndayz = 3", ["dayz"]),
    ("workflows/borrowing-loan.toml", '[status.Shelved]\nsays = "x"', ["Shelved"]),
    ("workflows/borrowing-loan.toml", "[status.Loaned]\nfinal = 7", ["Loaned", "final"]),
    ("calendars/default.toml", 'holidays = "ZZ"', ["holidays", "ZZ"]),
    ("rotas/default.toml", '[supplier."FI-X"]\nrank = "first"', ["FI-X", "rank"]),
    ("letters.toml", '[letters.due_soon]\naudience = "everybody"', ["letters.due_soon.audience"]),
    ("phrases/fi.toml", "[says]\nLoaned = 3", ["Loaned"]),
    ("quotes.toml", "heading = 3", ["heading"]),
    ("broken.toml", "this is no TOML", ["no TOML"]),
]


def check(folder: Path, settings: str, rules: Sequence[tuple[str, str]] = ()) -> Result:
    """`maild check --offline` on a configuration with these planted."""
    text = GOOD.format(folder=folder, url=url_in(folder)) + "[own]\n" + f'rules = "{folder}/rules"\n' + settings
    (folder / "maild.toml").write_text(text)
    (folder / "rules").mkdir(exist_ok=True)
    for name, content in rules:
        path = folder / "rules" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        head = "" if name == "broken.toml" else "schema = 1\n"
        path.write_text(f"{head}{content}\n" if not path.exists() else f"{path.read_text()}{content}\n")
    return CliRunner().invoke(app, ["--config", str(folder / "maild.toml"), "check", "--offline"])


@pytest.mark.parametrize(("table", "lines", "key"), SETTINGS, ids=[key for _, _, key in SETTINGS])
def test_a_mistake_in_maild_toml_is_named_with_file_and_key(tmp_path: Path, table: str, lines: str, key: str) -> None:
    text = GOOD.format(folder=tmp_path, url=url_in(tmp_path))
    text = text.replace("[site]\n", f"[site]\n{lines}\n") if table == "site" else f"{text}[{table}]\n{lines}\n"
    (tmp_path / "maild.toml").write_text(text)
    said = CliRunner().invoke(app, ["--config", str(tmp_path / "maild.toml"), "check", "--offline"])
    assert said.exit_code == 78
    assert re.search(rf"maild\.toml: {re.escape(key)}: .+; .+", said.output), said.output


def test_all_mistakes_of_maild_toml_are_told_at_once(tmp_path: Path) -> None:
    tables: dict[str, list[tuple[str, str]]] = {}
    for table, lines, key in SETTINGS:
        if "\n" not in lines and key not in {"post", "smtp.listen"}:
            tables.setdefault(table, []).append((lines, key))
    text = "\n".join(f"[{table}]\n" + "\n".join(lines for lines, _ in rows) for table, rows in tables.items())
    (tmp_path / "maild.toml").write_text(text)
    said = CliRunner().invoke(app, ["--config", str(tmp_path / "maild.toml"), "check", "--offline"])
    missing = [key for rows in tables.values() for _, key in rows if f": {key}:" not in said.output]
    assert missing == []


@pytest.mark.parametrize("last", [True, False], ids=["the last of each file", "the first of each file"])
def test_all_mistakes_of_the_rules_are_told_at_once_with_file_and_place(tmp_path: Path, last: bool) -> None:
    rows = {row[0]: row for row in (RULES if last else reversed(RULES))}
    said = check(tmp_path, "", [(name, content) for name, content, _ in rows.values()])
    assert said.exit_code == 78
    wanted = [word for name, _, words in rows.values() for word in (f"{tmp_path}/rules/{name}", *words)]
    assert [word for word in wanted if word not in said.output] == [], said.output


def test_a_secret_that_everybody_can_read_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("x\n")
    secret.chmod(0o644)
    said = check(tmp_path, f'[post]\nhost = "h.example"\nuser = "u"\npassword_file = "{secret}"\n')
    assert said.exit_code == 78
    assert "post.password_file" in said.output
    assert "chmod 600" in said.output


def test_a_site_s_wrong_letter_is_named(tmp_path: Path) -> None:
    (tmp_path / "templates" / "fi").mkdir(parents=True)
    (tmp_path / "templates" / "fi" / "due_soon.txt.j2").write_text("Hei {{ patron_nmae }}\n")
    (tmp_path / "templates" / "fi" / "due_son.txt.j2").write_text("Hei\n")
    said = check(tmp_path, f'templates = "{tmp_path}/templates"\n')
    assert said.exit_code == 78
    assert "patron_nmae" in said.output
    assert "due_son.txt.j2" in said.output


def test_a_good_configuration_passes_once_its_database_is_there(tmp_path: Path) -> None:
    first = check(tmp_path, "").exit_code
    assert first == ("sqlite" in url_in(tmp_path))  # there is no file yet; a database on PostgreSQL comes upgraded
    config = str(tmp_path / "maild.toml")
    assert CliRunner().invoke(app, ["--config", config, "db", "upgrade"]).exit_code == 0
    assert CliRunner().invoke(app, ["--config", config, "check", "--offline"]).exit_code == 0


def test_a_server_that_is_away_is_told_with_exit_code_1(tmp_path: Path) -> None:
    check(tmp_path, '[post]\nhost = "127.0.0.1"\nport = 9\ntls = "none"\n')
    config = str(tmp_path / "maild.toml")
    CliRunner().invoke(app, ["--config", config, "db", "upgrade"])
    said = CliRunner().invoke(app, ["--config", config, "check", "--json"])
    assert said.exit_code == 1
    assert "post (127.0.0.1)" in json.loads(said.output)["problems"][0]["place"]


def test_verbs_without_a_configuration_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAILD_CONFIG", raising=False)
    for words in (["run"], ["once"], ["status"], ["request", "list"], ["queue", "list"], ["check"]):
        said = CliRunner().invoke(app, words)
        assert said.exit_code == 78, words
        assert "config example" in said.output, words


def test_a_maild_toml_that_others_may_write_is_not_taken_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAILD_CONFIG", raising=False)
    path = tmp_path / "maild.toml"
    path.write_text("")
    path.chmod(0o600)
    assert find(None) == Path("maild.toml")
    path.chmod(0o666)
    assert find(None) is None


def test_the_example_is_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "maild.toml"
    path.write_text(example())
    assert load(path) == Settings()


def test_every_setting_has_its_text() -> None:
    tables = tomllib.loads(re.sub(r"^#(?=\w+ = |\[)", "", example(), flags=re.MULTILINE))
    assert set(tables) == set(Settings.model_fields)
    assert "\n# \n" not in example()


def test_the_example_in_the_documents_is_the_present_one() -> None:
    documented = Path(__file__).parent.parent / "docs" / "maild.example.toml"
    assert documented.read_text("utf-8") == example(), "write it anew: maild config example > docs/maild.example.toml"
