"""The machine-readable parts of delivery reports and receipts (RFC 3464, RFC 8098) and the letter they return."""

from email.message import Message

from maild.core.mail import DeliveryStatus
from maild.reading import fields, guard
from maild.reading.leaves import header, leaf_bytes, parts_of

MAX_DELIVERIES = 100
MAX_DIAGNOSTIC_CHARS = 500
_RETURNED = ("message-id", "subject", "from", "to", "reply-to", "date", "in-reply-to", "references")


def deliveries(part: Message) -> tuple[DeliveryStatus, ...]:
    """One for each recipient's group of message/delivery-status; the first group is the message's (RFC 3464 2.1)."""
    return tuple(status for g in parts_of(part)[: MAX_DELIVERIES + 1] if (status := _delivery(g)))


def _delivery(group: Message) -> DeliveryStatus | None:
    named = header(group, "final-recipient") or header(group, "original-recipient")
    action = fields.clean(header(group, "action")).split()
    if not named or not action:
        return None
    found = fields.addresses([_after_type(named)])
    return DeliveryStatus(
        recipient=found[0] if found else fields.clean(_after_type(named).decode("utf-8", "replace"))[:254],
        action=action[0].lower().strip(";.,"),
        status=fields.clean(header(group, "status")).split(" ")[0][:20],
        diagnostic=fields.decoded(header(group, "diagnostic-code").encode("utf-8", "replace"))[:MAX_DIAGNOSTIC_CHARS],
    )


def _after_type(value: str) -> bytes:
    """The address of "rfc822; a@b"."""
    return value.rpartition(";")[2].strip().encode("utf-8", "replace")


def returned_headers(part: Message, kind: str) -> tuple[tuple[str, str], ...]:
    """The fields that name our letter, from message/rfc822, text/rfc822-headers or a receipt's Original-Message-ID."""
    if kind == "text/rfc822-headers":
        block, _body = guard.split(leaf_bytes(part)[: guard.MAX_HEADER_BYTES].lstrip(b"\r\n"))
        return tuple((name, fields.decoded(value)) for name, value in guard.fields(block) if name in _RETURNED)
    inner = parts_of(part)
    if not inner:
        return ()
    if kind == "message/disposition-notification":
        original = header(inner[0], "original-message-id")
        return (("message-id", fields.clean(original)),) if original else ()
    return tuple(
        (name, fields.decoded(header(inner[0], name).encode("utf-8", "replace")))
        for name in _RETURNED
        if inner[0].get(name) is not None
    )
