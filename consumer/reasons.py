"""Why records end among the dead letters: each reason, what it means, what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """What a reason means and what to do, a sentence each."""

    meaning: str
    remedy: str


_PRODUCER = "Correct the producer, and let it send the event again."
_MESSAGE = "The message says what is wrong. Mend it, then replay."

REASONS: Mapping[str, Reason] = {
    "decode.empty": Reason("The value is empty.", _PRODUCER),
    "decode.not_utf8": Reason("The value is not UTF-8.", _PRODUCER),
    "decode.json_syntax": Reason(
        "The value is not JSON; nor are NaN and Infinity, a number such as 1e400, and half an emoji escaped.",
        _PRODUCER,
    ),
    "decode.json_type": Reason("The value is JSON, but not an object.", _PRODUCER),
    "decode.json_depth": Reason("The value is nested more than 32 levels deep.", _PRODUCER),
    "decode.too_many_nodes": Reason("The value holds more than 20,000 nodes.", _PRODUCER),
    "decode.too_large": Reason(
        "The value is larger than ESPUTNIK_SYNC_EVENTS__MAX_BYTES.",
        "Send less, or raise the setting and replay.",
    ),
    "decode.ce_attr": Reason("A CloudEvents attribute is missing or cannot be used.", _PRODUCER),
    "decode.ce_mode": Reason("CloudEvents headers and body contradict each other.", _PRODUCER),
    "decode.compression": Reason(
        "The value is compressed without saying so, or not the way it says.",
        "Declare content-encoding: gzip, or let Kafka compress.",
    ),
    "decode.content_type": Reason("The content type is not JSON.", "Send JSON, and say so."),
    "decode.header": Reason(
        "A header that is needed cannot be read, or there are too many headers.", _PRODUCER
    ),
    "decode.registry_unsupported": Reason(
        "The value is framed for a schema registry.", "Send plain JSON."
    ),
    "decode.tombstone": Reason(
        "A tombstone that should delete a contact has no user id as its key.", _PRODUCER
    ),
    "schema.missing": Reason("A required field is missing.", _PRODUCER),
    "schema.type": Reason("A field has the wrong JSON type; nothing is converted.", _PRODUCER),
    "schema.enum": Reason("A field holds none of the values it may hold.", _PRODUCER),
    "schema.range": Reason("A value is out of range, or has too many digits.", _PRODUCER),
    "schema.conflict": Reason(
        "Two parts of the event contradict each other; at the field id: another event with that id "
        "was sent before.",
        "Correct the producer, and let it send the event again; where its id was used, with an id "
        "of its own. Such a letter is not replayed.",
    ),
    "schema.type_unknown": Reason(
        "There is no such type of event.", "`esputnik-sync schemas` lists those there are."
    ),
    "schema.version_unknown": Reason("There is no such version.", "Send version 1."),
    "schema.unknown_field": Reason(
        "There is no such field, and the settings are strict.",
        "Leave it out, or set ESPUTNIK_SYNC_EVENTS__STRICT=false and replay.",
    ),
    "ident.missing_contact": Reason(
        "The event does not say who is meant, or by a user_id that is empty.", _PRODUCER
    ),
    "ident.email_invalid": Reason("The e-mail address cannot be one.", _PRODUCER),
    "ident.email_idn": Reason(
        "The domain of the e-mail address cannot be written in ASCII.", _PRODUCER
    ),
    "ident.phone_invalid": Reason("The phone number cannot be one.", _PRODUCER),
    "ident.phone_ambiguous": Reason(
        "The phone number does not say its country.",
        "Send it with + and the country, or set ESPUTNIK_SYNC_CONTACTS__PHONE_REGION and replay.",
    ),
    "ident.id_unsafe": Reason(
        "An id is too long, dots alone, or holds control characters; or a thing's id is empty.",
        _PRODUCER,
    ),
    "time.no_zone": Reason("A time does not say its offset from UTC.", _PRODUCER),
    "time.format": Reason("A time is not RFC 3339.", _PRODUCER),
    "time.past": Reason("A time is before the year 2000.", _PRODUCER),
    "time.future": Reason(
        "A time is more than a day ahead.",
        "Correct the producer's clock, and let it send the event again.",
    ),
    "text.too_long": Reason("A text is longer than eSputnik takes.", _PRODUCER),
    "text.control": Reason("A text holds signs that eSputnik does not take.", _PRODUCER),
    "consent.no_route": Reason(
        "A channel or category has no route; those that have one were told.",
        "Add it to ESPUTNIK_SYNC_CONSENT__ROUTES and replay: only the rest is sent.",
    ),
    "consent.no_time": Reason(
        "An opt-in does not say when the consent was given.",
        "Let the producer send it with occurred_at.",
    ),
    "consent.ambiguous": Reason(
        "A key stands twice in a consent event; an opt-out was carried out all the same.",
        _PRODUCER,
    ),
    "consent.unnormalised": Reason(
        "An opt-out does not say who is meant in a way that can be read.",
        "Find the person and opt them out by hand, today.",
    ),
    "consent.stale_opt_in": Reason("The opt-in is older than an opt-out.", "Nothing."),
    "consent.unknown_order": Reason(
        "It cannot be told whether the opt-in is newer than the last opt-out.",
        "Ask the person again.",
    ),
    "consent.erased": Reason("The event is older than the contact's deletion.", "Nothing."),
    "map.handler_error": Reason(
        "The mapping failed: a bug of ours.",
        "Report it with the letter's id; replay after the fix.",
    ),
    "map.unsafe_url": Reason("A link is not a public web address.", _PRODUCER),
    "esp.rejected_400": Reason("eSputnik calls the request bad (400).", _MESSAGE),
    "esp.rejected_422": Reason("eSputnik cannot process the request (422).", _MESSAGE),
    "esp.rejected_4xx": Reason("eSputnik refuses the request.", _MESSAGE),
    "esp.partial_item": Reason("eSputnik took the request, but not this item of it.", _MESSAGE),
    "esp.import_item": Reason(
        "Imports of this contact fail or never end, while those of others finish.", _MESSAGE
    ),
    "esp.not_found": Reason(
        "eSputnik does not know the contact, segment, token, message or site.",
        "Create it, or correct the id; then replay. Where more contacts match than eSputnik shows, "
        "let the producer send it again with the user_id.",
    ),
    "esp.conflict": Reason("The request conflicts with what eSputnik holds.", _MESSAGE),
    "esp.too_large": Reason("The event alone is larger than eSputnik takes.", "Send less."),
    "esp.server_error_poison": Reason(
        "eSputnik fails on this event alone, again and again.",
        "Report it to eSputnik's support; replay after the fix.",
    ),
    "sync.in_doubt": Reason(
        "A call whose repeat would count may have been made: its answer was lost.",
        "Look at eSputnik whether it was; if not, replay with --in-doubt.",
    ),
    "sync.bad_deadletter": Reason("A record of the dead-letter topic is no letter.", "Nothing."),
    "sync.attempts": Reason(
        "The letter was replayed ESPUTNIK_SYNC_REPLAY__MAX_ATTEMPTS times.",
        "Mend the cause, raise the setting, replay.",
    ),
}


def render_reasons() -> str:
    """Return the table of all reasons, as Markdown."""
    rows = [f"| `{code}` | {one.meaning} | {one.remedy} |" for code, one in REASONS.items()]
    return "\n".join(["| reason | meaning | what to do |", "| --- | --- | --- |", *rows, ""])
