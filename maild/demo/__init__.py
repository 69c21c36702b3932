"""The demo: a month of a desk, played with real sockets and a wound clock."""
