"""Bytes of a text part → text, whatever its charset parameter claims."""

CODECS = {
    "utf-8": "utf-8", "utf8": "utf-8", "utf-16": "utf-16", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be",
    "iso-8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252", "iso8859-1": "cp1252", "iso_8859-1": "cp1252",
    "windows-1252": "cp1252", "cp1252": "cp1252", "iso-8859-15": "iso8859-15", "iso8859-15": "iso8859-15",
    "latin9": "iso8859-15", "iso-8859-2": "iso8859-2", "iso-8859-3": "iso8859-3", "iso-8859-4": "iso8859-4",
    "iso-8859-5": "iso8859-5", "iso-8859-6": "iso8859-6", "iso-8859-7": "iso8859-7", "iso-8859-8": "iso8859-8",
    "iso-8859-9": "iso8859-9", "iso-8859-10": "iso8859-10", "iso-8859-13": "iso8859-13",
    "iso-8859-14": "iso8859-14", "iso-8859-16": "iso8859-16", "windows-1250": "cp1250", "windows-1251": "cp1251",
    "windows-1253": "cp1253", "windows-1254": "cp1254", "windows-1255": "cp1255", "windows-1256": "cp1256",
    "windows-1257": "cp1257", "windows-1258": "cp1258", "koi8-r": "koi8-r", "koi8-u": "koi8-u",
    "macintosh": "mac-roman", "cp437": "cp437", "ibm437": "cp437", "cp850": "cp850", "ibm850": "cp850",
    "cp865": "cp865", "gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "big5": "big5",
    "shift_jis": "cp932", "shift-jis": "cp932", "euc-jp": "euc-jp", "iso-2022-jp": "iso2022-jp",
    "euc-kr": "cp949", "ks_c_5601-1987": "cp949", "us-ascii": "ascii", "ascii": "ascii",
}  # fmt: skip
"""The charsets we read. Latin-1 is read as windows-1252, as every mail program does; utf-7 is not read, by intent."""


def decode(data: bytes, charset: str = "") -> tuple[str, str]:
    """The text, and "" or the defect "charset" where the declared charset was unknown or wrong.

    Declared, else UTF-8 if it is valid, else windows-1252. Undeclared 8-bit text is read by the same rule without a
    defect only if it is UTF-8.
    """
    if not charset and data.isascii():
        return data.decode("ascii"), ""
    codec = CODECS.get(charset.strip().strip("\"'").lower(), "" if charset else "ascii")
    if data.isascii() and codec in {"utf-8", "cp1252", "ascii", "iso8859-15"}:
        return data.decode("ascii"), ""
    if codec == "cp1252" and _is_utf8(data):
        # A form script that says latin-1 and writes UTF-8; in real latin-1 such byte pairs do not occur by chance.
        return data.decode("utf-8"), "charset"
    if codec:
        try:
            return data.decode(codec), ""
        except (UnicodeError, ValueError):
            pass
    if _is_utf8(data):
        return data.decode("utf-8"), "" if codec == "ascii" and not charset else "charset"
    text = data.decode("cp1252", "replace")
    return text, "" if codec == "cp1252" else "charset"


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
