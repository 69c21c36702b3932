"""What the store needs to find what a mail could be about."""

import time

import pytest

from maild.core.mail import DeliveryStatus, Mail
from maild.reading.clues import ReplyAddress, clues_of, numbers_in, reply_addresses

OURS = ("ill@library.example",)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("[KP-2026-000123] ja kp-2026-000124", ("KP-2026-000123", "KP-2026-000124")),
        ("KP - 2026 - 000123", ("KP-2026-000123",)),
        ("KP–2026–000123, KP‑2026‑000123", ("KP-2026-000123",)),
        ("kp 2026 000793", ("KP-2026-000793",)),
        ("tilaus_KP-2026-000123.pdf", ("KP-2026-000123",)),
        ("XKP-2026-000123", ()),
        ("KP-2026-0001234", ()),
        ("KP-26-000123", ()),
        ("OLD-2019-000001", ("OLD-2019-000001",)),
    ],
)
def test_request_numbers_however_they_are_typed(text: str, numbers: tuple[str, ...]) -> None:
    assert numbers_in(text, ("KP", "OLD")) == numbers


def test_reply_addresses_are_ours_only_and_signed_or_not() -> None:
    mail = Mail(
        recipients=(
            "ill+kp-2026-000123.s.abcdefgh23456777@library.example",
            "ill+kp-2026-000124@library.example",
            "ill+kp-2026-000125@other.example",
            "ill+xx-2026-000126@library.example",
            "ill+kp-2026-000127.x.abc@library.example",
            "ill@library.example",
        )
    )
    assert reply_addresses(mail, OURS, ("KP",)) == (
        ReplyAddress(number="KP-2026-000123", party="s", token="abcdefgh23456777", address=mail.recipients[0]),
        ReplyAddress(number="KP-2026-000124", address=mail.recipients[1]),
    )


def test_clues_hold_every_way_to_a_request() -> None:
    mail = Mail(
        from_address="a@partner.example",
        reply_to="b@partner.example",
        recipients=("ill+kp-2026-000001@library.example",),
        in_reply_to=("<kp-2026-000002.1@library.example>",),
        subject="VS: [KP-2026-000003]",
        text="Viite LK 318/2026, viivakoodi 1LUM000771520.\n> KP-2026-000004, ill@library.example",
        new_text="Viite LK 318/2026, viivakoodi 1LUM000771520.",
        rows=(("Kortti", "2100452211"), ("Sähköposti", "aino@student.example")),
    )
    clues = clues_of(mail, ("KP",), OURS)
    assert clues.addresses == ("a@partner.example", "b@partner.example", "aino@student.example")
    assert clues.domains == ("partner.example", "student.example")
    assert clues.message_ids == ("<kp-2026-000002.1@library.example>",)
    assert set(clues.numbers) == {f"KP-2026-00000{n}" for n in (1, 2, 3, 4)}
    assert "1LUM000771520" in clues.item_ids
    assert "318/2026" in clues.references
    assert "2100452211" in clues.patron_ids


def test_bounce_gives_the_recipient_and_our_letter() -> None:
    mail = Mail(
        return_path="",
        report_type="delivery-status",
        deliveries=(DeliveryStatus(recipient="gone@partner.example"),),
        returned_headers=(("message-id", "<kp-2026-000001.1@library.example>"), ("to", "Gone <gone@partner.example>")),
        text="Message-ID: <2.ill@mx.library.example>",
    )
    clues = clues_of(mail, ("KP",), OURS)
    assert clues.addresses[0] == "gone@partner.example"
    assert clues.message_ids == ("<kp-2026-000001.1@library.example>", "<2.ill@mx.library.example>")
    assert clues.numbers == ("KP-2026-000001",)


@pytest.mark.parametrize("text", ["a@", "a.", "1", "KP - ", "<", "a/1", "KP-2026-", "1 ", "x@y."])
def test_clues_of_long_texts_take_a_moment_only(text: str) -> None:
    mail = Mail(text=text * 60_000, new_text=text * 60_000)
    start = time.thread_time()
    clues_of(mail, ("KP",), OURS)
    assert time.thread_time() - start < 2
