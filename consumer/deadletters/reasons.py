"""Why records end among the dead letters: each reason, what it means, what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """What a reason means and what to do, a sentence each."""

    meaning: str
    remedy: str


_PRODUCER = "Fix the producer and send the event again."
_MESSAGE = "Fix what the message says, then replay."

REASONS: Mapping[str, Reason] = {
    "decode.empty": Reason("The value is empty.", _PRODUCER),
    "decode.not_utf8": Reason("The value is not UTF-8.", _PRODUCER),
    "decode.json_syntax": Reason(
        "The value is not valid JSON. NaN, Infinity, numbers such as 1e400 and lone surrogate escapes are not valid.",
        _PRODUCER,
    ),
    "decode.json_type": Reason("The value is JSON, but not an object.", _PRODUCER),
    "decode.json_depth": Reason("The value is nested more than 32 levels deep.", _PRODUCER),
    "decode.too_many_nodes": Reason("The value has more than 20,000 nodes.", _PRODUCER),
    "decode.too_large": Reason(
        "The value is larger than ESPUTNIK_SYNC_EVENTS__MAX_BYTES.",
        "Send a smaller event, or raise the setting and replay.",
    ),
    "decode.ce_attr": Reason("A CloudEvents attribute is missing or invalid.", _PRODUCER),
    "decode.ce_mode": Reason("CloudEvents headers and body disagree.", _PRODUCER),
    "decode.compression": Reason(
        "The value is compressed without a content-encoding, or not as that says.",
        "Set the header content-encoding: gzip, or let Kafka compress.",
    ),
    "decode.content_type": Reason(
        "The content type is not JSON.", "Send JSON with a JSON content type."
    ),
    "decode.header": Reason(
        "A required header is unreadable, or there are too many headers.", _PRODUCER
    ),
    "decode.registry_unsupported": Reason(
        "The value has a schema-registry prefix.", "Send plain JSON."
    ),
    "decode.tombstone": Reason(
        "A tombstone that should delete a contact has a key that is not a user id.", _PRODUCER
    ),
    "schema.missing": Reason("A required field is missing.", _PRODUCER),
    "schema.type": Reason("A field has the wrong JSON type; types are not converted.", _PRODUCER),
    "schema.enum": Reason("A field has a value that is not allowed.", _PRODUCER),
    "schema.range": Reason("A value is out of range, or has too many digits.", _PRODUCER),
    "schema.conflict": Reason(
        "Two fields of the event contradict each other. If the field is id: another event with the "
        "same id was sent before.",
        "Fix the producer and send the event again; if its id was used before, with a new id "
        "(such a letter cannot be replayed).",
    ),
    "schema.type_unknown": Reason(
        "The event type does not exist.", "`esputnik-sync schemas` lists the event types."
    ),
    "schema.version_unknown": Reason("The version is not supported.", "Send version 1."),
    "schema.unknown_field": Reason(
        "The field does not exist, and ESPUTNIK_SYNC_EVENTS__STRICT is true.",
        "Remove the field, or set ESPUTNIK_SYNC_EVENTS__STRICT=false and replay.",
    ),
    "ident.missing_contact": Reason(
        "The event has no identifier of a person, or an empty user_id.", _PRODUCER
    ),
    "ident.email_invalid": Reason("The e-mail address is not valid.", _PRODUCER),
    "ident.email_idn": Reason(
        "The domain of the e-mail address cannot be written in ASCII.", _PRODUCER
    ),
    "ident.phone_invalid": Reason("The phone number is not valid.", _PRODUCER),
    "ident.phone_ambiguous": Reason(
        "The phone number has no country code.",
        "Send it with + and country code, or set ESPUTNIK_SYNC_CONTACTS__PHONE_REGION and replay.",
    ),
    "ident.id_unsafe": Reason(
        "An id is empty, too long, `.` or `..`, or contains control characters.",
        _PRODUCER,
    ),
    "time.no_zone": Reason("A time has no offset from UTC.", _PRODUCER),
    "time.format": Reason("A time is not RFC 3339.", _PRODUCER),
    "time.past": Reason("A time is before the year 2000.", _PRODUCER),
    "time.future": Reason(
        "A time is more than a day in the future.",
        "Fix the producer's clock and send the event again.",
    ),
    "text.too_long": Reason("A text is longer than eSputnik accepts.", _PRODUCER),
    "text.control": Reason("A text contains characters that eSputnik does not accept.", _PRODUCER),
    "consent.no_route": Reason(
        "A channel or category has no route; the others were applied.",
        "Add the route to ESPUTNIK_SYNC_CONSENT__ROUTES and replay: only the rest is sent.",
    ),
    "consent.no_time": Reason(
        "An opt-in has no time at which the consent was given.",
        "Send it again with occurred_at.",
    ),
    "consent.ambiguous": Reason(
        "A consent event has a duplicate JSON key. An opt-out was applied all the same.",
        _PRODUCER,
    ),
    "consent.unnormalised": Reason(
        "An opt-out has no usable identifier of the person. Nothing was sent.",
        "Find the person and opt them out at eSputnik by hand, today.",
    ),
    "consent.stale_opt_in": Reason(
        "The opt-in is not newer than an opt-out by more than ESPUTNIK_SYNC_CONSENT__SKEW.",
        "Nothing.",
    ),
    "consent.unknown_order": Reason(
        "It is unknown whether the opt-in is newer than the last opt-out.",
        "Ask the person again.",
    ),
    "consent.erased": Reason(
        "The event is not newer than the deletion of the contact.", "Nothing."
    ),
    "map.handler_error": Reason(
        "The mapping code failed: a bug in this service.",
        "Report it with the letter's id; replay after the fix.",
    ),
    "map.unsafe_url": Reason("A link is not a public http or https URL.", _PRODUCER),
    "esp.rejected_400": Reason("eSputnik rejects the request as bad (400).", _MESSAGE),
    "esp.rejected_422": Reason("eSputnik cannot process the request (422).", _MESSAGE),
    "esp.rejected_4xx": Reason("eSputnik rejects the request (another 4xx).", _MESSAGE),
    "esp.partial_item": Reason("eSputnik accepted the request but rejected this item.", _MESSAGE),
    "esp.import_item": Reason(
        "Imports of this contact fail or never end, while imports of others finish.", _MESSAGE
    ),
    "esp.not_found": Reason(
        "eSputnik does not know the contact, segment, token, message or site.",
        "Create it or correct the id, then replay. If more contacts match than eSputnik shows, send "
        "the event again with the user_id.",
    ),
    "esp.conflict": Reason("The request conflicts with data at eSputnik.", _MESSAGE),
    "esp.too_large": Reason(
        "The event alone is larger than eSputnik accepts.", "Send a smaller event."
    ),
    "esp.server_error_poison": Reason(
        "eSputnik answers 5xx to this event again and again, and not to others.",
        "Report it to eSputnik's support; replay after the fix.",
    ),
    "sync.in_doubt": Reason(
        "A non-idempotent call may or may not have run: its answer was lost.",
        "Check at eSputnik whether it ran; if not, replay with --in-doubt.",
    ),
    "sync.bad_deadletter": Reason(
        "A record of the dead-letter topic is not a dead letter.", "Nothing."
    ),
    "sync.attempts": Reason(
        "The letter was replayed ESPUTNIK_SYNC_REPLAY__MAX_ATTEMPTS times.",
        "Fix the cause, raise the setting, then replay.",
    ),
}


def render_reasons() -> str:
    """Return the table of all reasons, as Markdown."""
    rows = [f"| `{code}` | {one.meaning} | {one.remedy} |" for code, one in REASONS.items()]
    return "\n".join(["| reason | meaning | what to do |", "| --- | --- | --- |", *rows, ""])
