"""The reader process: foreign bytes are opened and read in a child with little memory and time, and no secrets.

The parent asks for one mail at a time over a socket: frames of length and content, the answers JSON checked by
pydantic, never pickle. A child that dies, hangs or runs out of memory fails the mail in its hands only; another child
goes on with the next one.
"""

from maild.reader.parent import Reader, spawned
from maild.reader.seam import Failed, Opened, Part, ReaderFailed, ReaderSeam, ToOpen

__all__ = ["Failed", "Opened", "Part", "Reader", "ReaderFailed", "ReaderSeam", "ToOpen", "spawned"]
