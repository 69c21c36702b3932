"""The third judge: what it hears in whole texts, when it is asked, and which doubts it can never lift."""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from maild.parsers.partner_reply import PartnerReply
from maild.parsers.patron_message import PatronMessage

from maild import shipped
from maild.core.reading import Reading
from maild.core.terms import EventName as E
from maild.reader import Opened, Reader, ToOpen
from maild.reading.gist import DENIES, LONGEST, SAYS, Found, Gist, Hearing, Who
from maild.reading.language_model import END, MOST_PIECES, START, UNKNOWN, LanguageModel, Pieces
from maild.reading.lifting import LEAST, LEAST_GRAVE, LEAST_WISH, STRANGE
from maild.reading.rules import shipped_gist
from maild.rulebook import policy_of, read_files
from maild.settings import Settings
from tests.free_text import PATRON, context, mail
from tests.lexicons import reading_rules

PIECES = Pieces.of(
    ["<s>", "<pad>", "</s>", "<unk>", "▁", "▁lai", "na", "l", "a", "i", "n"], [0.0, 0, 0, 0, -3, -2, -2, -4, -4, -4, -4]
)

TEXT = "Tuo nidos köröttelee jo postin kyydissä."


class Heard(Gist):
    """A judge that hears the same in every text."""

    def __init__(self, probable: dict[Found, float]) -> None:
        self.probable = probable
        self.asked: list[str] = []

    def read(self, who: Who, text: str) -> dict[Found, float]:
        self.asked.append(text)
        return self.probable


def answer(text: str, gist: Gist, sender: str = "ill@partner.example") -> Reading | None:
    """A supplier's text as it is read with that judge."""
    return PartnerReply().read(mail(text, sender), context("s"), replace(reading_rules(), gist=gist))


def sure(event: E, reason: str = "") -> Heard:
    return Heard({Found(event, reason): 0.99})


@pytest.mark.parametrize(
    ("who", "text", "event"),
    [
        (Who.SUPPLIER, "Hei, tuota opusta ei meidän hyllyistä valitettavasti löydy. T. Liisa", E.UNFILLED),
        (Who.SUPPLIER, "Your parcel left with the courier this noon, we'd like it home by 4 March.", E.LOANED),
        (Who.SUPPLIER, "Hej, boken är ute hos en låntagare just nu och väntas åter i mars.", E.RETRY_POSSIBLE),
        (Who.SUPPLIER, "Der Aufsatz liegt dieser Mail als Datei bei.", E.COPY_COMPLETED),
        (Who.LIBRARY, "Asiakkaamme lukeminen on vielä kesken, saisiko lainalle muutaman viikon lisää?", E.RENEW),
        (Who.PATRON, "Nej tack, så mycket vill jag inte betala för en bok.", E.CONDITIONS_REFUSED),
    ],
)
def test_it_hears_what_whole_texts_come_to(who: Who, text: str, event: E) -> None:
    heard = shipped_gist().read(who, text)
    shares: dict[E, float] = {}
    for found, share in heard.items():
        shares[found.event] = shares.get(found.event, 0.0) + share
    assert max(shares, key=shares.__getitem__) is event
    assert shares[event] > LEAST[STRANGE]


def test_what_is_left_of_one_is_that_a_human_must_look() -> None:
    heard = shipped_gist().read(Who.SUPPLIER, "Kysyin johtajalta, hän päättää ensi viikolla lainataanko sitä.")
    assert sum(heard.values()) < LEAST[STRANGE]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(Who)), st.text(max_size=LONGEST + 50))
def test_any_text_has_probabilities(who: Who, text: str) -> None:
    heard = shipped_gist().read(who, text)
    assert all(0 <= share <= 1 for share in heard.values())
    assert sum(heard.values()) <= 1.001


def test_a_text_that_is_too_long_is_not_read() -> None:
    assert shipped_gist().read(Who.SUPPLIER, "a " * LONGEST) == {}
    model = LanguageModel.load(shipped("rules") / "judge" / "gist.npz")
    assert model.read("ﷺ" * 200) == {}, "one letter that Unicode spells out in eighteen"


def test_a_word_is_cut_in_the_most_probable_way() -> None:
    assert PIECES.cut("laina") == [START, 5, 6, END]
    assert PIECES.cut("laine") == [START, 5, 10, UNKNOWN, END]


def test_a_text_of_too_many_pieces_is_not_cut_to_its_end() -> None:
    assert PIECES.cut("laina " * MOST_PIECES) == []


def test_its_file_was_made_of_the_mails_that_lie_beside_its_trainer() -> None:
    spec = importlib.util.spec_from_file_location("gist_rows", Path(__file__).parent.parent / "bench/gist/rows.py")
    assert spec is not None
    assert spec.loader is not None
    rows = importlib.util.module_from_spec(spec)
    sys.modules["gist_rows"] = rows  # where dataclasses look for it
    spec.loader.exec_module(rows)
    model = LanguageModel.load(shipped("rules") / "judge" / "gist.npz")
    assert model.trained_on == rows.digest(), "train it anew: bench/gist/train.py"


def test_a_plain_mail_is_read_without_it() -> None:
    judge = sure(E.UNFILLED)
    read = answer("Kirja on lähetetty tänään, eräpäivä 15.1.2027.", judge)
    assert read is not None
    assert [event.event for event in read.events] == [E.LOANED]
    assert judge.asked == []
    assert read.heard == ()


@pytest.mark.parametrize(
    "beside",
    [
        "Palautuksen kuori löytyy kannesta taiteltuna.",
        "Mutta kuljettaja eksyi sumussa matkalla.",
    ],
)
def test_it_lifts_what_was_not_understood_beside_its_own_outcome(beside: str) -> None:
    text = f"Kirja on lähetetty tänään, eräpäivä 15.1.2027. {beside}"
    with_it, without, other = (answer(text, judge) for judge in (sure(E.LOANED), Heard({}), sure(E.UNFILLED)))
    assert with_it is not None
    assert without is not None
    assert other is not None
    assert with_it.doubts == ()
    assert with_it.heard == ("Loaned 0.99",)
    assert without.doubts
    assert other.doubts == without.doubts


@pytest.mark.parametrize(
    ("beside", "reason"),
    [
        ("Ehkä se tulee perille huomenna.", "hedged"),
        ("Ketä tämä laina koskee?", "question"),
        ("Väärä kirja siinä oli mukana viimeksi meiltä.", "contradictory"),
        ("Eräpäivä on 31.2.2027.", "date"),
    ],
)
def test_what_it_may_not_lift_stands_however_sure_it_is(beside: str, reason: str) -> None:
    read = answer(f"Kirja on lähetetty tänään. {beside}", sure(E.LOANED))
    assert read is not None
    assert reason in {doubt.reason for doubt in read.doubts}


@pytest.mark.parametrize(("below", "stands"), [(0.001, True), (-0.001, False)])
def test_a_clause_that_limits_needs_more_of_it_than_one_that_was_not_understood(below: float, *, stands: bool) -> None:
    text = "Kirja on lähetetty tänään, eräpäivä 15.1.2027. Mutta kuljettaja eksyi sumussa matkalla."
    read = answer(text, Heard({Found(E.LOANED, ""): LEAST["contrast"] - below}))
    assert read is not None
    assert ("contradictory" in {doubt.reason for doubt in read.doubts}) is stands


def test_beside_a_doubt_that_stands_it_is_not_asked() -> None:
    judge = sure(E.LOANED)
    read = answer("Kirja on lähetetty tänään, eräpäivä 15.1.2027. Lainakortti ehkä katosi kyydistä.", judge)
    assert read is not None
    assert "hedged" in {doubt.reason for doubt in read.doubts}
    assert judge.asked == []


def test_it_names_no_outcome_that_no_phrase_has() -> None:
    judge = sure(E.LOANED)
    read = answer("Tuo nidos köröttelee jo postin kyydissä.", judge)
    assert read is not None
    assert read.events == ()
    assert read.doubts
    assert judge.asked == []


@pytest.mark.parametrize("beside", ["Lähtisiköhän se tänään?", "Se on ehkä jo toisella lukijalla."])
def test_a_hedge_or_a_question_is_never_its_matter(beside: str) -> None:
    read = answer(f"Kirja on lähetetty tänään. {beside}", sure(E.LOANED))
    assert read is not None
    assert {doubt.reason for doubt in read.doubts} & {"hedged", "question"}


@pytest.mark.parametrize(("below", "stands"), [(0.001, True), (-0.001, False)])
def test_a_denial_falls_only_where_it_is_almost_sure_of_the_outcome(below: float, *, stands: bool) -> None:
    text = "Kirja on lähetetty tänään. Täällä ei sada lunta tänä talvena."
    read = answer(text, Heard({Found(E.LOANED, ""): LEAST["negation"] - below}))
    assert read is not None
    assert ("negated" in {doubt.reason for doubt in read.doubts}) is stands


@pytest.mark.parametrize(
    "denied",
    [
        "Kirja ei ole lähetetty.",
        "Eipäs, ei.",
        "Lähetyslistaa ei tällä kertaa tullut mukaan mistään.",
        "Lähetys tänään, kukaan meistä ei osaa unkaria ja kirja on postissa.",
    ],
)
def test_a_denial_in_a_word_of_the_loan_or_beside_the_outcome_stands(denied: str) -> None:
    read = answer(f"Kirja on lähetetty tänään. {denied}", sure(E.LOANED))
    assert read is not None
    assert "negated" in {doubt.reason for doubt in read.doubts}


@pytest.mark.parametrize(
    ("text", "stands"),
    [
        ("Kirjaa ei löydy hyllystä. Lähetyslistaa ei siksi ole kukaan tehnyt.", False),
        ("Kirjaa ei löydy hyllystä. Tyvärr, ei.", True),  # a denial and little else
        ("Kirjaa ei löydy hyllystä. Kirjaa ei kuitenkaan ole kadonnut.", True),  # words that phrases know
    ],
)
def test_beside_a_refusal_a_denial_may_be_about_the_loan(text: str, *, stands: bool) -> None:
    read = answer(text, Heard({Found(E.UNFILLED, "NotOnShelf"): 1.0}))
    assert read is not None
    assert ("negated" in {doubt.reason for doubt in read.doubts}) is stands


@pytest.mark.parametrize(("below", "stands"), [(0.001, True), (-0.001, False)])
def test_what_is_added_to_a_wish_needs_as_much(below: float, *, stands: bool) -> None:
    judge = Heard({Found(E.RENEW, ""): LEAST_WISH - below})
    text = "Saisinko lisää laina-aikaa? Liitteiden kopiointi kestää vielä."
    read = PatronMessage().read(mail(text, PATRON), context("p"), replace(reading_rules(), gist=judge))
    assert read is not None
    assert ([doubt.reason for doubt in read.doubts] == ["unclear"]) is stands


@pytest.mark.parametrize(("share", "stands"), [(DENIES - 0.01, False), (DENIES, True)])
@pytest.mark.parametrize("instead", [0.0, 0.5])
def test_where_it_hears_anything_else_staff_decide(share: float, instead: float, *, stands: bool) -> None:
    heard = {Found(E.UNFILLED, "NotHeld"): share, Found(E.RETRY_POSSIBLE, "OnLoan"): instead}
    read = answer("Meillä ei ole tätä kirjaa.", Heard(heard))
    assert read is not None
    assert [event.event for event in read.events] == [E.UNFILLED]
    assert [doubt.reason for doubt in read.doubts] == ([] if stands else ["contradictory"])


def test_where_it_hears_another_wish_staff_decide() -> None:
    rules = replace(reading_rules(), gist=sure(E.CANCEL))
    read = PatronMessage().read(mail("Saisinko lisää laina-aikaa?", PATRON), context("p"), rules)
    assert read is not None
    assert [doubt.reason for doubt in read.doubts] == ["contradictory"]


def test_what_it_did_not_read_or_cannot_hear_is_not_denied() -> None:
    assert not Hearing(sure(E.UNFILLED), Who.SUPPLIER, TEXT).denies({E.NOTIFICATION})
    assert not Hearing(Heard({}), Who.SUPPLIER, TEXT).denies({E.UNFILLED})
    assert not Hearing(sure(E.UNFILLED), Who.SUPPLIER, TEXT).denies({E.DUE_DATE_CHANGED})
    assert not Hearing(sure(E.UNFILLED), Who.SUPPLIER, TEXT).denies({E.CANCEL_REFUSED, E.LOANED})
    assert not Hearing(None, Who.SUPPLIER, TEXT).denies({E.UNFILLED})


def test_it_is_asked_once_a_text() -> None:
    judge = sure(E.LOANED)
    hearing = Hearing(judge, Who.SUPPLIER, "x")
    assert hearing.told() == ()
    assert hearing.second([E.LOANED]).share > LEAST_GRAVE
    assert hearing.second([E.UNFILLED]).share == 0
    assert hearing.second([E.LOANED, E.CANCEL_REFUSED]).share == 0
    assert judge.asked == ["x"]


def test_each_side_is_heard_to_say_only_what_it_can() -> None:
    for who, text in ((Who.PATRON, "Kirja on lähetetty tänään."), (Who.SUPPLIER, "Saisinko lisää aikaa?")):
        assert {found.event for found in shipped_gist().read(who, text)} <= SAYS[who]


def test_what_staff_decide_in_any_case_is_not_asked() -> None:
    judge = sure(E.RENEW)
    read = PatronMessage().read(
        mail("Palautin kirjan jo viime viikolla.", PATRON), context("p"), replace(reading_rules(), gist=judge)
    )
    assert read is not None
    assert [doubt.reason for doubt in read.doubts] == ["special-event"]
    assert judge.asked == []


def test_a_mail_of_many_numbers_does_not_ask_it_for_each() -> None:
    judge = sure(E.LOANED)
    read = answer("\n".join(f"KP-2026-{n:06d}: tästä muuta, kunhan se löytyi" for n in range(200)), judge)
    assert read is not None
    assert judge.asked == []


def test_the_reader_process_has_room_for_it_and_a_large_mail() -> None:
    files, policy = read_files()[0], policy_of(Settings())
    reader = Reader(files, policy, ("ill@library.example",))
    large = b"From: a@partner.example\nContent-Type: text/plain\n\n" + b"Kirja on hyllyssa.\n" * 1_300_000
    try:
        opened = reader.open([ToOpen(raw=large)])
        assert isinstance(opened[0], Opened)
    finally:
        reader.close()


def test_a_language_that_nobody_taught_is_never_read_by_it() -> None:
    judge = sure(E.UNFILLED)
    read = answer("Sajnos ezt a könyvet nem tudjuk kölcsönözni, mert nincs meg nálunk.", judge)
    assert read is not None
    assert [doubt.reason for doubt in read.doubts] == ["language"]
    assert judge.asked == []


def test_it_knows_every_outcome_that_a_text_alone_can_tell() -> None:
    labels = {label.partition("/")[0] for label in LanguageModel.load(shipped("rules") / "judge" / "gist.npz").labels}
    assert {E.UNFILLED, E.LOANED, E.RENEW_ACCEPTED, E.RECALLED, E.OVERDUE, E.RENEW, E.CANCEL, E.RECEIVED} <= labels
