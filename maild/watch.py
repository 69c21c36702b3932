"""What systemd is told: ready, stopping, and that real work goes on."""

import os
import socket


def notify(message: str) -> None:
    """Sends one sd_notify(3) message; nothing where no one listens."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        sock.connect("\0" + address[1:] if address[0] == "@" else address)
        sock.sendall(message.encode())
