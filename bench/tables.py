"""Figures as Markdown. Pure."""

from collections.abc import Sequence

from bench.figures import Spread, ratio
from bench.lap import Standing

_SMALL = 10.0  # below it a figure needs a decimal
_TINY = 1.0


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table whose columns line up; the first is words, the others figures."""
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [_line(heads, widths), _line(rule, widths), *(_line(row, widths) for row in rows)]
    return "\n".join(lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
    return f"| {' | '.join(padded)} |"


def figure(value: float) -> str:
    """Return a figure with about three digits that mean something."""
    if value == float("inf"):
        return "∞"
    if abs(value) < _TINY:
        return f"{value:.2f}"
    return f"{value:,.1f}" if abs(value) < _SMALL else f"{value:,.0f}"


def spread_text(spread: Spread) -> str:
    """Return a median with its least and most."""
    return f"{figure(spread.median)} ({figure(spread.least)}..{figure(spread.most)})"


def times(value: float) -> str:
    """Return a ratio."""
    return f"{value:.2f}" if value < _SMALL else f"{value:,.0f}"


def standings_table(standings: Sequence[Standing], ours: str) -> str:
    """Return who did what, with the service's rate divided by each one's."""
    base = next(standing for standing in standings if standing.name == ours)
    heads = (
        "who",
        "events/s (least..most)",
        "ours ÷ it",
        "CPU-ms per 1k",
        "RSS MB",
        "requests per 1k",
        "lost",
        "doubled",
    )
    return table(heads, [_standing_row(standing, base) for standing in standings])


def _standing_row(standing: Standing, base: Standing) -> tuple[str, ...]:
    is_base = standing.name == base.name
    return (
        standing.title,
        spread_text(standing.rate),
        "1" if is_base else times(ratio(base.rate.median, standing.rate.median)),
        figure(standing.cpu_ms),
        figure(standing.rss_mb),
        figure(standing.requests_per_1k) if standing.requests_per_1k else "-",
        lost_text(standing.lost),
        str(standing.doubled),
    )


def lost_text(lost: int | None) -> str:
    """Return how many were lost; a contestant that was cut off lost nothing that is known."""
    return "cut off" if lost is None else str(lost)
