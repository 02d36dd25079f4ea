"""What an account holds, on one page for a person."""

from collections.abc import Mapping
from typing import Any

CONTROL = """\
GET  /sandbox/state            all that the account holds; /sandbox/state/orders for a part
GET  /sandbox/requests         the last requests; ?action=add-orders&status=200&last=10
GET  /sandbox/switches         what no document says, and how this account does it
PUT  /sandbox/switches         change some: {"retry_after": 1}
GET  /sandbox/faults           what is to go wrong, by chance and by rule
PUT  /sandbox/faults           by chance: {"500": 0.1, "late": 0.05}
PUT  /sandbox/rules            by rule: [{"action": "add-orders", "status": 503, "times": 2}]
PUT  /sandbox/segments         the segments there are: [{"id": 1, "name": "VIP", "type": "Static"}]
PUT  /sandbox/key              take this API key alone: {"key": "..."}
POST /sandbox/activity         rows for the activity feed
POST /sandbox/reset            forget all but switches, key, segments, faults and rules
"""


def overview(state: Mapping[str, Any]) -> str:
    """Return the page: how many of each thing, what was asked, what else can be looked at."""
    held = [f"  {name:<18}{number:>8}" for name, number in state["summary"].items()]
    asked = [
        f"  {action:<28}{_counts(counts)}" for action, counts in sorted(state["requests"].items())
    ]
    parts = ("An eSputnik account on this machine: any login, under /api.", "Holds", *held)
    calls = ("", "Was asked, by call and status", *(asked or ["  nothing yet"]))
    return "\n".join((*parts, *calls, "", CONTROL))


def _counts(counts: Mapping[str, int]) -> str:
    return "  ".join(f"{status}: {number}" for status, number in sorted(counts.items()))
