"""A page for Prometheus on loopback: one request, one answer, whatever is asked."""

import asyncio
from collections.abc import Callable

SECONDS = 10.0  # for a client to ask


async def serve_metrics(listen: str, page: Callable[[], str]) -> asyncio.Server:
    """A server of the page at host:port, until it is closed."""
    host, _, port = listen.rpartition(":")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), SECONDS)
            body = (await asyncio.to_thread(page)).encode()
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close\r\n"
                + f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return  # it asked nothing, or is gone
        finally:
            writer.close()

    return await asyncio.start_server(answer, host.strip("[]"), int(port), limit=16_384)
