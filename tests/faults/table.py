"""The table of `make faults`: what is claimed, what must fail beside it, the figure, and whether it held."""

from dataclasses import dataclass

NOT_HELD = "NOT HELD |"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One claim as it was measured. `control` is what was broken on purpose and what that did."""

    claim: str
    control: str
    figure: str
    held: bool

    def line(self) -> str:
        """One line of the table."""
        return f"| {self.claim} | {self.control} | {self.figure} | {'held |' if self.held else NOT_HELD}"


HEAD = "| claim | control | figure | |\n| --- | --- | --- | --- |"
