"""Why records end among the dead letters: each reason, what it means, what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """What a reason means and what to do, a sentence each."""

    meaning: str
    remedy: str


_PRODUCER = "Correct the producer; what was lost it sends again."
_REPLAY = "Once that is mended, replay."

REASONS: Mapping[str, Reason] = {
    "decode.empty": Reason("The value is empty.", _PRODUCER),
    "decode.not_utf8": Reason("The value is not UTF-8.", _PRODUCER),
    "decode.json_syntax": Reason("The value is no JSON; NaN and Infinity are none.", _PRODUCER),
    "decode.json_type": Reason("The value is JSON but no object.", _PRODUCER),
    "decode.json_depth": Reason("The value is nested deeper than 32.", _PRODUCER),
    "decode.too_many_nodes": Reason("The value holds more than 20,000 nodes.", _PRODUCER),
    "decode.too_large": Reason(
        "The value is larger than ESPUTNIK_SYNC_EVENTS__MAX_BYTES.",
        "Send less, or raise the setting and replay.",
    ),
    "decode.ce_attr": Reason("A CloudEvents attribute is missing or unusable.", _PRODUCER),
    "decode.ce_mode": Reason("CloudEvents headers and body disagree.", _PRODUCER),
    "decode.compression": Reason(
        "The value is packed and does not say so, or not as it says.",
        "Declare content-encoding: gzip, or let Kafka compress.",
    ),
    "decode.content_type": Reason("The content type is not JSON.", _PRODUCER),
    "decode.header": Reason(
        "A header that is used is unreadable, or there are too many.", _PRODUCER
    ),
    "decode.registry_unsupported": Reason(
        "The value is framed for a schema registry.", "Send plain JSON."
    ),
    "decode.tombstone": Reason(
        "A tombstone that should delete a contact has no user id as its key.", _PRODUCER
    ),
    "schema.missing": Reason("A required field is missing.", _PRODUCER),
    "schema.type": Reason("A field has the wrong JSON type; nothing is converted.", _PRODUCER),
    "schema.enum": Reason("A field holds none of its known values.", _PRODUCER),
    "schema.range": Reason("A value is out of range, or has too many digits.", _PRODUCER),
    "schema.conflict": Reason("Two things that are said contradict each other.", _PRODUCER),
    "schema.type_unknown": Reason(
        "The event type is not known.", "`esputnik-sync schemas` lists those that are."
    ),
    "schema.version_unknown": Reason("The version is not known.", "Send version 1."),
    "schema.unknown_field": Reason(
        "Strict settings refuse an unknown field.",
        "Leave it out, or set ESPUTNIK_SYNC_EVENTS__STRICT=false and replay.",
    ),
    "ident.missing_contact": Reason("The event names nobody.", _PRODUCER),
    "ident.email_invalid": Reason("The e-mail is none, and nothing else says who.", _PRODUCER),
    "ident.email_idn": Reason("The e-mail's domain cannot be written in ASCII.", _PRODUCER),
    "ident.phone_invalid": Reason("The phone is none, and nothing else says who.", _PRODUCER),
    "ident.phone_ambiguous": Reason(
        "The phone names no country.",
        "Send it with + and the country, or set ESPUTNIK_SYNC_CONTACTS__PHONE_REGION and replay.",
    ),
    "ident.id_unsafe": Reason("An id holds control characters, or is dots alone.", _PRODUCER),
    "time.no_zone": Reason("A time names no zone.", _PRODUCER),
    "time.format": Reason("A time is no RFC 3339.", _PRODUCER),
    "time.past": Reason("A time is before 2000.", _PRODUCER),
    "time.future": Reason("A time is over a day ahead.", "Correct the producer's clock."),
    "text.too_long": Reason("A text is longer than eSputnik takes.", _PRODUCER),
    "text.control": Reason("A text holds control characters.", _PRODUCER),
    "consent.no_route": Reason(
        "A channel or category has no route. What has one was told.",
        "Add it to ESPUTNIK_SYNC_CONSENT__ROUTES and replay: only the rest is sent.",
    ),
    "consent.no_time": Reason(
        "An opt-in does not say when the consent was given.", "Send occurred_at."
    ),
    "consent.ambiguous": Reason(
        "A key stands twice in a consent event. An opt-out was applied all the same.", _PRODUCER
    ),
    "consent.unnormalised": Reason(
        "Nobody can be told from an opt-out's identifiers.",
        "Find the person and opt them out by hand, today.",
    ),
    "consent.stale_opt_in": Reason("The opt-in is older than a known opt-out.", "Nothing."),
    "consent.unknown_order": Reason(
        "It cannot be told whether the opt-in is newer than the last opt-out.",
        "Ask the person again.",
    ),
    "consent.erased": Reason("The event is older than the contact's deletion.", "Nothing."),
    "map.handler_error": Reason(
        "The mapping failed: a bug of ours.",
        "Report it with the letter's id; replay after the fix.",
    ),
    "map.unsafe_url": Reason("A link is no public web address.", _PRODUCER),
    "esp.rejected_400": Reason("eSputnik calls the request bad.", f"See the message. {_REPLAY}"),
    "esp.rejected_422": Reason(
        "eSputnik cannot process the request.", f"See the message. {_REPLAY}"
    ),
    "esp.rejected_4xx": Reason("eSputnik refuses the request.", f"See the message. {_REPLAY}"),
    "esp.partial_item": Reason(
        "eSputnik took the request and refused this item of it.", f"See the message. {_REPLAY}"
    ),
    "esp.import_item": Reason(
        "The import failed because of this contact.", f"See the message. {_REPLAY}"
    ),
    "esp.not_found": Reason(
        "eSputnik does not know the contact, segment, token or message.",
        f"Create it, or correct the id. {_REPLAY}",
    ),
    "esp.conflict": Reason("eSputnik says it conflicts with what it holds.", _REPLAY),
    "esp.too_large": Reason("Alone it is larger than eSputnik takes.", "Send less."),
    "esp.server_error_poison": Reason(
        "eSputnik fails on this event alone, again and again.",
        f"Report it to eSputnik's support. {_REPLAY}",
    ),
    "sync.in_doubt": Reason(
        "A call that counts may have run: its answer was lost.",
        "Look at eSputnik whether it did; if not, replay with --in-doubt.",
    ),
    "sync.bad_deadletter": Reason("A record of the dead-letter topic is no letter.", "Nothing."),
    "sync.attempts": Reason(
        "The letter was replayed ESPUTNIK_SYNC_REPLAY__MAX_ATTEMPTS times.",
        "Mend the cause, raise the setting, replay.",
    ),
}


def render_reasons() -> str:
    """Return docs/dead-letters.md."""
    rows = [
        f"| `{code}` | {reason.meaning} | {reason.remedy} |" for code, reason in REASONS.items()
    ]
    return "\n".join([_HEAD, "| reason | meaning | what to do |", "| --- | --- | --- |", *rows, ""])


_HEAD = """\
# Dead letters

A record that can never succeed goes to the dead-letter topic: key, value and headers byte for byte, then ours at the tail.
`esputnik-sync dlq list` and `dlq show` read them; `esputnik-sync replay` sends them again.

Generated from `consumer/reasons.py` by `make docs`.

## Headers

Kafka's own set, so that any tool reads them: `__dlq.errors.topic`, `__dlq.errors.partition`, `__dlq.errors.offset`, `__dlq.errors.group`, `__dlq.errors.message` (one line, never a value).

| ours | meaning |
| --- | --- |
| `esync-dlq-v` | 1, the version of this form |
| `esync-dlq-n` | how many tail headers were added, both sets |
| `esync-dlq-id` | 64 hex digits, the same for a repeated burial |
| `esync-dlq-timestamp` | the record's, in ms |
| `esync-dlq-source` | the cluster's alias, from which keys are derived |
| `esync-dlq-reason` | see below |
| `esync-dlq-event-id`, `esync-dlq-event-type` | as far as they could be read |
| `esync-dlq-action`, `esync-dlq-key` | the call that failed and its idempotency key |
| `esync-dlq-calls` | what became of each call: D delivered, R refused, X in doubt, N not tried |
| `esync-dlq-attempts` | replays so far, 0 first |
| `esync-dlq-first-at`, `esync-dlq-at` | when it was buried first, and last |
| `esync-dlq-app` | the version that buried it |
| `esync-dlq-flags` | `stub`, `edited`, `in-doubt` |

## Reasons
"""
