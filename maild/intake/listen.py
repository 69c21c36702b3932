"""The sockets of a door: from systemd where it opened them (a restart then refuses nobody), else our own."""

import os
import socket
from pathlib import Path

FIRST_SYSTEMD_FD = 3  # sd_listen_fds(3)


def open_sockets(name: str, listen: str) -> list[socket.socket]:
    """Listening sockets of the door `name`: systemd's of that FileDescriptorName, else `listen` (host:port, path)."""
    given = _from_systemd(name)
    if given:
        return given
    if "/" in listen:
        return [_unix(Path(listen))]
    host, _, port = listen.rpartition(":")
    found = socket.getaddrinfo(host.strip("[]") or None, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    sockets: list[socket.socket] = []
    try:
        sockets.extend(_tcp(family, address) for family, _, _, _, address in found)
    except OSError as err:
        for opened in sockets:
            opened.close()
        raise OSError(f"[{name}] listen = {listen!r}: {err.strerror or err}") from err
    return sockets


def _tcp(family: int, address: tuple[object, ...]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        sock.bind(address)
        sock.listen(128)
    except OSError:
        sock.close()
        raise
    return sock


def _unix(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)  # a socket left by a process that was killed
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.bind(str(path))
    path.chmod(0o660)
    sock.listen(128)
    return sock


def _from_systemd(name: str) -> list[socket.socket]:
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    names = os.environ.get("LISTEN_FDNAMES", "").split(":")
    return [socket.socket(fileno=os.dup(FIRST_SYSTEMD_FD + i)) for i, given in enumerate(names) if given == name]
