"""What an account holds, on one page for a person."""

from collections.abc import Mapping
from typing import Any

CONTROL = """\
GET  /sandbox/state            all data of the account; /sandbox/state/orders for a part of it
GET  /sandbox/requests         the last requests; ?action=add-orders&status=200&last=10
GET  /sandbox/switches         behaviour that eSputnik does not document, as set here
PUT  /sandbox/switches         change some: {"retry_after": 1}
GET  /sandbox/faults           the injected faults, by probability and by rule
PUT  /sandbox/faults           by probability: {"500": 0.1, "late": 0.05}
PUT  /sandbox/rules            by rule: [{"action": "add-orders", "status": 503, "times": 2}]
PUT  /sandbox/segments         set the segments: [{"id": 1, "name": "VIP", "type": "Static"}]
PUT  /sandbox/key              accept only this API key: {"key": "..."}
POST /sandbox/activity         add rows to the activity feed
POST /sandbox/reset            delete all data; keep switches, key, segments, faults and rules
"""


def overview(state: Mapping[str, Any]) -> str:
    """Return the page: how many of each thing, what was asked, what else can be looked at."""
    held = [f"  {name:<18}{number:>8}" for name, number in state["summary"].items()]
    asked = [
        f"  {action:<28}{_counts(counts)}" for action, counts in sorted(state["requests"].items())
    ]
    parts = ("A fake eSputnik account: any login, the API is under /api.", "Holds", *held)
    calls = ("", "Requests, by call and status", *(asked or ["  none yet"]))
    return "\n".join((*parts, *calls, "", CONTROL))


def _counts(counts: Mapping[str, int]) -> str:
    return "  ".join(f"{status}: {number}" for status, number in sorted(counts.items()))
