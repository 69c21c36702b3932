"""Every example in every lexicon, the patterns themselves, and what the loader says of mistakes."""

import re
from pathlib import Path

import pytest
import re2
from hypothesis import example as also
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from maild.cli import app
from maild.core.problems import RuleFile
from maild.reading.examples import examples, failing_examples
from maild.reading.patterns import (
    BadPattern,
    beginnings_of,
    compile_pattern,
    expression_of,
    groups_of,
    keys_of,
    searched,
)
from maild.reading.phrase_files import load
from maild.reading.words import spaced, words_of
from tests.lexicons import lexicons, phrase_files

NESTED = re.compile(r"[*+]\)[*+]|[*+]\)\{")


@pytest.mark.parametrize("language", sorted(lexicons().by_language))
def test_every_example_of_a_lexicon_is_read_as_it_says(language: str) -> None:
    file = f"phrases/{language}.toml"
    one = {file: phrase_files()[file]}
    assert list(examples(one))
    assert list(map(str, failing_examples(one, lexicons()))) == []


def test_an_example_that_is_read_otherwise_is_told_with_its_place() -> None:
    table = {"phrases": ["nahkurin orsilla"], "yes": ["Kirja on hukassa."], "no": ["Kirja on nahkurin orsilla."]}
    files = {"phrases/fi.toml": RuleFile(name="phrases/fi.toml", data={"says": {"Unfilled": {"NotHeld": table}}})}
    told = [(p.place, p.what) for p in failing_examples(files, load(files)[0])]
    place = "says.Unfilled.NotHeld"
    assert told == [(place, "'Kirja on hukassa.' is not found"), (place, "'Kirja on nahkurin orsilla.' is found")]


@pytest.mark.parametrize("language", sorted(lexicons().by_language))
def test_no_pattern_nests_one_repetition_in_another(language: str) -> None:
    lexicon = lexicons().by_language[language]
    assert [p.source for p in lexicon.phrases if NESTED.search(p.regex.pattern.decode())] == []
    assert all(isinstance(p.regex, type(re2.compile(b"x"))) for p in lexicon.phrases)


@pytest.mark.parametrize("language", sorted(lexicons().by_language))
def test_every_pattern_of_words_is_found_by_its_keys(language: str) -> None:
    lexicon = lexicons().by_language[language]
    for phrase in lexicon.phrases:
        plain = phrase.source
        if set(plain) & set("…([*_^$?"):
            continue
        words = words_of(plain)
        assert phrase in [hit.phrase for hit in lexicon.hits(words, spaced(words).encode())], plain


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("laina*", "kaukolaina lainattu", True),
        ("laina*", "kaukolaina", False),
        ("ei … löydy", "ei valitettavasti löydy", True),
        ("ei … löydy", "löydy ei", False),
        ("ei löydy", "ei vielä löydy", False),
        ("(lähti|lähtee huomenna) $", "kirja lähtee huomenna", True),
        ("(lähti|lähtee huomenna) $", "kirja lähtee huomenna vasta", False),
        ("^ kyllä [kiitos] $", "kyllä", True),
        ("^ kyllä [kiitos] $", "kyllä mutta", False),
        ("*siko", "voisiko", True),
        ("teos _ osaa", "teos kolme osaa", True),
        ("HYLLY", "hylly", True),
        ("hyllyssä", "hyllyssa", True),
    ],
)
def test_a_pattern_asks_for_whole_words_in_order(pattern: str, text: str, matches: bool) -> None:
    assert (compile_pattern(pattern).search(spaced(words_of(text)).encode()) is not None) is matches


@pytest.mark.parametrize("pattern", ["(a|b", "a)", "a | b", "…", "a.b", "[x(y])", f"({'|'.join(['sana*'] * 1000)})"])
def test_a_pattern_that_cannot_be_read_is_refused(pattern: str) -> None:
    with pytest.raises(BadPattern):
        compile_pattern(pattern)


@given(st.text(alphabet="aö漢1*…^$()[]|_?'€&. \n", max_size=40))
@also("(a|)")
@also("[|a]")
@also(f"{'(' * 2000}a{')' * 2000}")
@also(" ".join(["_"] * 900 + ["a"]))
def test_what_is_accepted_is_compiled_when_a_mail_needs_it(pattern: str) -> None:
    """Phrases are compiled at their first use, so what re2 cannot take must be refused at the start."""
    try:
        expression = expression_of(pattern)
    except BadPattern:
        return
    re2.compile(expression)


def test_a_pattern_is_looked_up_by_its_most_telling_word() -> None:
    assert keys_of("ei … löydy") == ("loydy",)
    assert keys_of("[jo] lähetetty") == ("lahetet",)
    assert keys_of("*siko") == ()


def test_one_word_of_each_group_must_stand_in_a_clause() -> None:
    groups = groups_of("^ ei … [enää] (löydy*|ole ollut) _ *siko (teos|_) (kirja|[se] teoksesta) $")
    assert set(groups) == {
        frozenset({"ei "}),
        frozenset({"loydy", "ollut "}),
        frozenset({"loydy", "ole "}),  # of two words of a choice both must be there
        frozenset({"*siko"}),
        frozenset({"kirja ", "teoksesta"}),
    }
    assert groups_of("(ei|kirja [$|nyt])") == ({"ei ", "kirja "},)


@pytest.mark.parametrize("language", sorted(lexicons().by_language))
def test_no_hit_is_missed_by_looking_only_where_a_pattern_can_be(language: str) -> None:
    lexicon = lexicons().by_language[language]
    need_words = [phrase for phrase in lexicon.phrases if not phrase.regex.search(b"")]
    for example in examples(phrase_files()):
        if example.language == language:
            words = words_of(example.text)
            text = spaced(words).encode()
            found = {phrase.source for phrase in need_words if phrase.regex.search(text)}
            assert {hit.phrase.source for hit in lexicon.hits(words, text)} >= found


def test_all_mistakes_of_a_lexicon_are_told_at_once() -> None:
    data: dict[str, object] = {
        "says": {"Sent": {"phrases": ["x"]}, "Unfilled": {"OnLoan": {"phrases": ["(y"]}}},
        "conditions": {"Nothing": {"phrases": ["z"]}},
        "marks": {"doubt": ["a"]},
        "colour": {},
    }
    _, problems = load({"phrases/xx.toml": RuleFile(name="phrases/xx.toml", data=data)})
    told = "\n".join(map(str, problems))
    for part in ("no event 'Sent'", "no reason 'OnLoan' of Unfilled", "'(' is not closed", "'Nothing'", "marks.doubt"):
        assert part in told
    assert "phrases/xx.toml: colour" in told


def test_rules_check_tries_the_examples_of_the_site(tmp_path: Path) -> None:
    mine = tmp_path / "rules" / "phrases" / "fi.toml"
    mine.parent.mkdir(parents=True)
    mine.write_text('schema = 1\n[says.Unfilled.NotHeld]\nphrases = ["nahkurin orsilla"]\nyes = ["Orsilla on."]\n')
    (tmp_path / "maild.toml").write_text(f'data = "{tmp_path}"\n[own]\nrules = "{tmp_path}/rules"\n')
    wrong = CliRunner().invoke(app, ["--config", str(tmp_path / "maild.toml"), "rules", "check"])
    assert wrong.exit_code == 1
    assert str(mine) in wrong.output
    assert "says.Unfilled.NotHeld" in wrong.output
    assert "'Orsilla on.' is not found" in wrong.output
    mine.write_text(mine.read_text("utf-8").replace("Orsilla on.", "Kirja on nahkurin orsilla."))
    good = CliRunner().invoke(app, ["--config", str(tmp_path / "maild.toml"), "rules", "check"])
    assert (good.exit_code, good.output) == (0, "all is well\n")


def test_of_patterns_that_re2_has_no_room_for_together_none_is_overlooked(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = {str(n): re2.compile(f"[^ ]{{0,400}}q{n}".encode()) for n in range(400)}
    assert searched(wide)(b"x") == frozenset(wide)
    monkeypatch.setattr("re2.Set.Match", lambda *_: [])  # what it gives where the room ends within a text
    assert searched({"hedge": re2.compile(b" ehka ")})(b" kirja ") == {"hedge"}


def test_a_word_without_end_is_not_remembered() -> None:
    lexicon = lexicons().by_language["fi"]
    before = beginnings_of.cache_info().currsize
    endless = ["q" * 100_000]
    lexicon.hits(endless, spaced(endless).encode())
    assert beginnings_of.cache_info().currsize == before
