"""Every example in every lexicon, the patterns themselves, and what the loader says of mistakes."""

import re

import pytest
import re2

from maild.core.problems import RuleFile
from maild.reading import phrases
from maild.reading.patterns import BadPattern, compile_pattern, keys_of, needs_of
from maild.reading.phrases import Example, Lexicons
from maild.reading.statements import Side, statements
from maild.reading.supplier import counts
from maild.reading.words import spaced, words_of
from tests.lexicons import lexicons, phrase_files

NESTED = re.compile(r"[*+]\)[*+]|[*+]\)\{")


def found(example: Example) -> bool:
    """Whether the example's text is read as its table says."""
    one = Lexicons(by_language={example.language: lexicons().by_language[example.language]})
    of_requester = example.kind == "asks" or (example.kind, example.name) == ("harmless", "wish")
    said = statements(example.text, one, example.language, Side.REQUESTER if of_requester else Side.SUPPLIER)
    return any(
        (hit.phrase.kind, hit.phrase.name, hit.phrase.reason) == (example.kind, example.name, example.reason)
        and (example.matches or example.kind != "says" or counts(hit, statement))
        for statement in said
        for hit in statement.hits
    )


@pytest.mark.parametrize("language", sorted(lexicons().by_language))
def test_every_example_of_a_lexicon_is_read_as_it_says(language: str) -> None:
    examples = [e for e in phrases.examples(phrase_files()) if e.language == language]
    wrong = [f"{e.kind}.{e.name}.{e.reason}: {e.text}" for e in examples if found(e) != e.matches]
    assert examples
    assert wrong == []


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


@pytest.mark.parametrize("pattern", ["(a|b", "a)", "a | b", "…", "a.b", "[x(y])"])
def test_a_pattern_that_cannot_be_read_is_refused(pattern: str) -> None:
    with pytest.raises(BadPattern):
        compile_pattern(pattern)


def test_a_pattern_is_looked_up_by_its_most_telling_word() -> None:
    assert keys_of("ei … löydy") == ("loydy",)
    assert keys_of("[jo] lähetetty") == ("lahetet",)
    assert keys_of("*siko") == ()


def test_what_a_pattern_needs_are_its_words_outside_of_groups() -> None:
    assert needs_of("^ ei … [enää] löydy* (kirja|teos) _ *siko ? $") == (b" ei ", b" loydy", b"siko ", b" ? ")
    assert needs_of("(ei|kirja $)") == ()


@pytest.mark.parametrize("language", sorted(lexicons().by_language))
def test_no_hit_is_missed_by_looking_only_where_a_pattern_can_be(language: str) -> None:
    lexicon = lexicons().by_language[language]
    for example in phrases.examples(phrase_files()):
        if example.language == language:
            words = words_of(example.text)
            text = spaced(words).encode()
            found = {phrase.source for phrase in lexicon.phrases if phrase.regex.search(text)}
            found -= {phrase.source for phrase in lexicon.phrases if phrase.regex.search(b"")}  # they need no word
            assert {hit.phrase.source for hit in lexicon.hits(words, text)} >= found


def test_all_mistakes_of_a_lexicon_are_told_at_once() -> None:
    data: dict[str, object] = {
        "says": {"Sent": {"phrases": ["x"]}, "Unfilled": {"OnLoan": {"phrases": ["(y"]}}},
        "conditions": {"Nothing": {"phrases": ["z"]}},
        "marks": {"doubt": ["a"]},
        "colour": {},
    }
    _, problems = phrases.load({"phrases/xx.toml": RuleFile(name="phrases/xx.toml", data=data)})
    told = "\n".join(map(str, problems))
    for part in ("no event 'Sent'", "no reason 'OnLoan' of Unfilled", "'(' is not closed", "'Nothing'", "marks.doubt"):
        assert part in told
    assert "phrases/xx.toml: colour" in told
