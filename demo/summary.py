"""What a person reads in the end. Pure: from what was seen to lines and tables."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from consumer.deadletters.letter import DeadLetter
from consumer.deadletters.reasons import REASONS
from demo.figures import Figures
from demo.report import Check, Performance

SHOWN_FAULTS = 10  # of a check; there may be thousands
DID = {
    "add-contact": "contacts one by one",
    "bulk-contacts": "contacts by import",
    "import-status": "looks at an import",
    "delete-contact": "contacts deleted",
    "find-contact": "contacts looked up",
    "add-orders": "orders written",
    "add-unsubscribed": "addresses opted out",
    "remove-unsubscribed": "addresses opted in",
    "get-subscriptions": "categories read",
    "set-subscriptions": "categories written",
    "attach-contacts": "contacts into a segment",
    "detach-contacts": "contacts out of a segment",
    "token-activity": "devices switched",
    "add-domain": "sites registered",
    "add-webpush-domain": "web push sites",
    "create-inbox-message": "inbox messages made",
    "translate-inbox-message": "translations written",
    "generate-event": "events told",
    "send-message": "messages sent",
}


def summary(seen: Performance, checks: Sequence[Check]) -> Group:
    """Return all that is shown once the curtain has fallen."""
    return Group(
        *_headline(seen),
        _title("What reached eSputnik"),
        _indented(_actions(seen)),
        _title("What was buried, and what to do"),
        _indented(_reasons(seen.figures.letters)),
        _title("Checked"),
        *(line for check in checks for line in _verdict(check)),
    )


def steps(title: str, commands: Mapping[str, str]) -> Group:
    """Return commands to try, each with what it is good for; print it without wrapping."""
    lines = [_title(title)]
    for command, purpose in commands.items():
        lines += [Text(f"  {command}", "cyan"), Text(f"      {purpose}")]
    return Group(*lines)


def _indented(shown: RenderableType) -> Padding:
    return Padding(shown, (0, 0, 0, 2), expand=False)


def _title(text: str) -> Text:
    return Text(f"\n{text}", "bold")


def _headline(seen: Performance) -> Iterator[Text]:
    events, requests = seen.figures.finished, seen.figures.requests
    yield Text.assemble(
        ("\nesputnik-sync", "bold"),
        f" worked through {events:,} events in {seen.seconds:.1f} s: ",
        (f"{events / max(seen.seconds, 0.1):,.0f} a second", "bold"),
        ".",
    )
    yield Text.assemble(
        "It took ",
        (f"{requests:,} requests", "bold"),
        f" to eSputnik, one for every {events / max(requests, 1):.1f} events.",
    )


def _actions(seen: Performance) -> Table:
    """Return a row for each action, the one that carried most first."""
    figures, refused = seen.figures, _refusals(seen)
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("action")
    for name in ("carried", "requests", "refused"):
        table.add_column(name, justify="right")
    table.add_column("")
    for action in sorted(figures.calls, key=lambda action: (-_items(figures, action), action)):
        table.add_row(
            action,
            f"{_items(figures, action):,}",
            f"{figures.calls[action].total():,}",
            f"{refused[action]:,}" if refused[action] else "",
            DID.get(action, ""),
        )
    return table


def _refusals(seen: Performance) -> Counter[str | None]:
    """Return how many events eSputnik refused, by action: alone, or within a request it took."""
    letters = (one for one in seen.letters if isinstance(one, DeadLetter))
    return Counter(one.action for one in letters if one.reason.startswith("esp."))


def _items(figures: Figures, action: str) -> int:
    """Return how many things the requests of an action carried; one each where none is counted."""
    return figures.items[action] or figures.calls[action].total()


def _reasons(letters: Mapping[str, int]) -> Table:
    """Return the reasons, those with the same remedy together, and the remedy under them."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(justify="right")
    table.add_column()
    table.add_column()
    by_remedy: defaultdict[str, list[str]] = defaultdict(list)
    for reason in sorted(letters):
        by_remedy[REASONS[reason].remedy].append(reason)
    for remedy, reasons in by_remedy.items():
        for reason in reasons:
            table.add_row(f"{letters[reason]:,}", reason, REASONS[reason].meaning)
        table.add_row("", "", Text(f"-> {remedy}", "green"))
    return table


def _verdict(check: Check) -> Iterator[RenderableType]:
    mark = Text("ok", "bold green") if check.holds else Text("WRONG", "bold red")
    row = Table(box=None, pad_edge=False, show_header=False)
    row.add_column(min_width=5)
    row.add_column()
    row.add_row(mark, check.what)
    for fault in check.faults[:SHOWN_FAULTS]:
        row.add_row("", Text(fault, "red"))
    if (more := len(check.faults) - SHOWN_FAULTS) > 0:
        row.add_row("", Text(f"and {more:,} more", "red"))
    yield _indented(row)
