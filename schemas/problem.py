"""Why an event is no event: a value, never raised."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Every reason that reading and mapping an event may give, as `stage.code`."""

    EMPTY = "decode.empty"
    NOT_UTF8 = "decode.not_utf8"
    JSON_SYNTAX = "decode.json_syntax"
    JSON_TYPE = "decode.json_type"
    JSON_DEPTH = "decode.json_depth"
    TOO_MANY_NODES = "decode.too_many_nodes"
    TOO_LARGE = "decode.too_large"
    CE_ATTR = "decode.ce_attr"
    CE_MODE = "decode.ce_mode"
    COMPRESSION = "decode.compression"
    CONTENT_TYPE = "decode.content_type"
    HEADER = "decode.header"
    REGISTRY_UNSUPPORTED = "decode.registry_unsupported"
    TOMBSTONE = "decode.tombstone"

    MISSING = "schema.missing"
    TYPE = "schema.type"
    ENUM = "schema.enum"
    RANGE = "schema.range"
    CONFLICT = "schema.conflict"
    TYPE_UNKNOWN = "schema.type_unknown"
    VERSION_UNKNOWN = "schema.version_unknown"
    UNKNOWN_FIELD = "schema.unknown_field"

    MISSING_CONTACT = "ident.missing_contact"
    EMAIL_INVALID = "ident.email_invalid"
    EMAIL_IDN = "ident.email_idn"
    PHONE_INVALID = "ident.phone_invalid"
    PHONE_AMBIGUOUS = "ident.phone_ambiguous"
    ID_UNSAFE = "ident.id_unsafe"

    NO_ZONE = "time.no_zone"
    FORMAT = "time.format"
    PAST = "time.past"
    FUTURE = "time.future"

    TOO_LONG = "text.too_long"
    CONTROL = "text.control"

    NO_ROUTE = "consent.no_route"
    NO_TIME = "consent.no_time"
    AMBIGUOUS = "consent.ambiguous"
    UNNORMALISED = "consent.unnormalised"
    STALE_OPT_IN = "consent.stale_opt_in"
    UNKNOWN_ORDER = "consent.unknown_order"
    ERASED = "consent.erased"

    HANDLER_ERROR = "map.handler_error"
    UNSAFE_URL = "map.unsafe_url"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong. `reason` is one of `Reason`, `field` a path such as `data.email`.

    `detail` says what is wrong and what to send instead, never a value of the event.
    """

    reason: str
    field: str = ""
    detail: str = ""
