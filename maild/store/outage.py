"""Whose fault an error of the database is: that of the mail in hand, or of a database that is full, locked or away."""

from sqlalchemy.exc import DBAPIError, OperationalError

# SQLSTATE (PostgreSQL, appendix A): connection; disk full, out of memory, too many connections; shut down; disk failed.
SERVER = ("08", "53", "57P", "58")
DISK_FULL = "53100"
SQLITE = frozenset({5, 6, 8, 10, 13, 14})  # BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN (sqlite.org/rescode.html)
PRIMARY = 0xFF  # of an extended result code


def is_outage(error: BaseException) -> bool:
    """Whether any other mail would have met the same: it is worth coming again, and no mail is to blame."""
    if not isinstance(error, DBAPIError):
        return False
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & PRIMARY in SQLITE
    state = getattr(error.orig, "sqlstate", None)
    # Without a state the server was not there to give one.
    return error.connection_invalidated or (
        isinstance(error, OperationalError) and (state is None or state.startswith(SERVER))
    )


def is_full(error: BaseException) -> bool:
    """Whether there is no room on the disk."""
    told = str(error).lower()
    return getattr(getattr(error, "orig", None), "sqlstate", None) == DISK_FULL or "full" in told or "no space" in told
