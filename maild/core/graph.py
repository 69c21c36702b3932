"""A workflow profile as a picture: Mermaid for pages that draw it themselves, SVG for everything else."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from maild.core.terms import Status
from maild.core.workflow import Workflow

BOX_WIDTH, BOX_HEIGHT = 190, 30
LEFT = 230  # of the boxes: the arcs lie before them
TEXT = LEFT + BOX_WIDTH + 24  # of what each status leads to
LINE, GAP, TOP = 15, 14, 50
WIDTH = 960
ARC = 26  # how far an arc reaches out for each row that it passes
MAX_ARC = 200
ROAD, BACK, STAFF = "#2a6", "#c63", "#889"  # onwards, back, only by staff
ORDER = {status: n for n, status in enumerate(Status)}
LEGEND = "green: onwards · red: back · grey, without an arrow: only by staff · dark: an end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """All edges from one status to another; `by_itself`: one of them needs no human."""

    start: Status
    end: Status
    events: tuple[str, ...]
    by_itself: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One status in the drawing: its place, and the lines beside it."""

    status: Status
    top: int
    arrows: tuple[Arrow, ...]

    @property
    def height(self) -> int:
        """Of the box or the lines, whichever is more."""
        return max(BOX_HEIGHT, len(self.arrows) * LINE)

    @property
    def middle(self) -> int:
        """Where arrows begin and end."""
        return self.top + BOX_HEIGHT // 2


def arrows(workflow: Workflow) -> list[Arrow]:
    """The moves of the profile, those between the same two statuses together; what moves nothing is left out."""
    found: dict[tuple[Status, Status], list[tuple[str, bool]]] = {}
    for edge in workflow.transitions:
        for status in workflow.states:
            if edge.to is not None and edge.to is not status and status in edge.sources:
                by_itself = edge.auto and edge.by != {"staff"}
                found.setdefault((status, edge.to), []).append((str(edge.event), by_itself))
    return [
        Arrow(start=a, end=b, events=tuple(dict.fromkeys(e for e, _ in said)), by_itself=any(auto for _, auto in said))
        for (a, b), said in found.items()
    ]


def mermaid(workflow: Workflow) -> str:
    """The profile as a Mermaid state diagram; a move that only staff make says so."""
    lines = ["stateDiagram-v2", f"    [*] --> {workflow.initial}"]
    lines += [f"    {a.start} --> {a.end}: {_label(a)}" for a in arrows(workflow)]
    lines += [f"    {status} --> [*]" for status, state in workflow.states.items() if state.final]
    return "\n".join(lines) + "\n"


def svg(workflow: Workflow) -> str:
    """The profile as a drawing: statuses from top to bottom, arcs between them, and beside each where it leads."""
    rows = list(_rows(workflow))
    by_status = {row.status: row for row in rows}
    high = rows[-1].top + rows[-1].height + GAP
    arcs = [_arc(by_status[a.start], by_status[a.end]) for row in rows for a in row.arrows if a.by_itself]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {high}" width="{WIDTH}" height="{high}"',
            ' font-family="sans-serif" font-size="12">',
            '<rect width="100%" height="100%" fill="#fff"/>',
            f'<text x="{LEFT}" y="28" font-size="16" font-weight="bold">{escape(workflow.name)}</text>',
            f'<text x="{TEXT}" y="28" fill="{STAFF}">{LEGEND}</text>',
            *arcs,
            *(part for row in rows for part in _drawn(row, workflow)),
            "</svg>",
            "",
        ]
    )


def _rows(workflow: Workflow) -> Iterator[Row]:
    """Statuses in the order of the road, which is that of ISO 18626's and ours in terms.py; ends last."""
    moves = arrows(workflow)
    top = TOP
    for status in sorted(workflow.states, key=lambda s: (workflow.states[s].final, ORDER[s])):
        row = Row(status=status, top=top, arrows=tuple(a for a in moves if a.start is status))
        top += row.height + GAP
        yield row


def _drawn(row: Row, workflow: Workflow) -> Iterator[str]:
    state = workflow.states[row.status]
    fill, ink = ("#334", "#fff") if state.final else ("#e8eef8", "#112")
    yield (
        f'<g><title>{escape(state.says)}</title><rect x="{LEFT}" y="{row.top}" width="{BOX_WIDTH}"'
        f' height="{BOX_HEIGHT}" rx="6" fill="{fill}" stroke="#556"/><text x="{LEFT + BOX_WIDTH // 2}"'
        f' y="{row.middle + 4}" text-anchor="middle" fill="{ink}">{row.status}</text></g>'
    )
    for n, arrow in enumerate(row.arrows):
        colour = "#112" if arrow.by_itself else STAFF
        told = f"{', '.join(arrow.events)} → {arrow.end}"
        yield f'<text x="{TEXT}" y="{row.top + 12 + n * LINE}" fill="{colour}">{escape(told)}</text>'


def _arc(start: Row, end: Row) -> str:
    """From the left side of one box to that of another, with a tip."""
    colour = ROAD if end.top > start.top else BACK
    begin, stop = start.middle - 4, end.middle + 4
    out = LEFT - min(MAX_ARC, 20 + ARC * abs(end.top - start.top) // (BOX_HEIGHT + GAP))
    return (
        f'<path d="M{LEFT} {begin}C{out} {begin} {out} {stop} {LEFT - 6} {stop}" fill="none" stroke="{colour}"'
        f' stroke-opacity="0.6"/><path d="M{LEFT} {stop}l-8 -4v8z" fill="{colour}"/>'
    )


def _label(arrow: Arrow) -> str:
    return ", ".join(arrow.events) + ("" if arrow.by_itself else " (staff)")
