"""A number with its noun, as people read it."""


def counted(number: int, one: str, many: str = "") -> str:
    """ "1 letter", "2 letters"; `many` where it is not `one` with an s."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"
