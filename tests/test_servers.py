"""The servers that other tests stand on do start and answer."""

import smtplib
from collections.abc import Callable

import pytest
from imapclient import IMAPClient

from maild.demo.imap_server import ImapServer, free_port
from tests.servers import Postfix


@pytest.mark.needs_dovecot
def test_dovecot_lets_the_desk_in(dovecot: ImapServer) -> None:
    with IMAPClient("127.0.0.1", port=dovecot.port, ssl=False) as client:
        client.login(dovecot.user, dovecot.password)
        assert client.select_folder("INBOX")[b"EXISTS"] == 0


def test_pymap_lets_the_desk_in(pymap: ImapServer) -> None:
    with IMAPClient("127.0.0.1", port=pymap.port, ssl=False) as client:
        client.login(pymap.user, pymap.password)
        assert client.select_folder("INBOX")[b"EXISTS"] == 0


@pytest.mark.needs_postfix
def test_postfix_takes_mail_for_the_library(postfix: Callable[..., Postfix]) -> None:
    server = postfix(lmtp=free_port(), relay=free_port())
    with smtplib.SMTP("127.0.0.1", server.port) as client:
        assert client.sendmail("a@partner.example", ["ill@library.example"], b"Subject: x\r\n\r\ny\r\n") == {}
