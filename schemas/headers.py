"""Reads the headers of a record that say something of its event; all others mean nothing to us."""

from collections.abc import Mapping
from typing import NamedTuple

from schemas.problem import Problem, Reason

Headers = tuple[tuple[str, bytes | None], ...]

MAX_HEADERS = 64
MAX_HEADER_BYTES = 32 * 1024
ID_HEADERS = ("id", "idempotency-key")
ATTRIBUTES = ("specversion", "id", "type", "source", "time")
_CE = "ce_"
_TIME = "ce_time"
_USED = frozenset({*ID_HEADERS, "content-type", "content-encoding"}) | {
    _CE + name for name in ATTRIBUTES
}


class Told(NamedTuple):
    """What headers say: attributes of a CloudEvent by their names, and others in lower case.

    `is_cloud_event`: some header begins with `ce_`, be it one that means nothing to us.
    `id_fault`: what is wrong with a header that names a bare event; other events do not use it.
    """

    attributes: Mapping[str, str]
    others: Mapping[str, str]
    is_cloud_event: bool
    id_fault: Problem | None = None

    @property
    def media_type(self) -> str:
        """Return the content type without its parameters, in lower case."""
        named = self.others.get("content-type")
        return named.partition(";")[0].strip().lower() if named else ""

    @property
    def event_id(self) -> str | None:
        """Return the id of a bare event."""
        return next((self.others[name] for name in ID_HEADERS if self.others.get(name)), None)


NOTHING = Told({}, {}, is_cloud_event=False)


def read_headers(headers: Headers) -> Told | Problem:
    """Return what the headers say, or a problem of the reason `decode.header`."""
    if len(headers) > MAX_HEADERS:
        return Problem(reason=Reason.HEADER, detail=f"there are more than {MAX_HEADERS} headers")
    if sum(len(name) + len(value or b"") for name, value in headers) > MAX_HEADER_BYTES:
        return Problem(reason=Reason.HEADER, detail=f"headers take over {MAX_HEADER_BYTES} bytes")
    named = [(name.lower(), value) for name, value in headers]
    used: dict[str, str] = {}
    id_fault: Problem | None = None
    for name, value in named:
        if name in _USED and not _note(used, name, value):
            fault = Problem(
                reason=Reason.HEADER,
                field=f"headers.{name}",
                detail="is null, is not UTF-8, or occurs twice with different values",
            )
            if name not in ID_HEADERS:
                return fault
            id_fault = id_fault or fault
    return Told(
        attributes={name[len(_CE) :]: text for name, text in used.items() if name.startswith(_CE)},
        others=used,
        is_cloud_event=any(name.startswith(_CE) for name, _ in named),
        id_fault=id_fault,
    )


def _note(used: dict[str, str], name: str, value: bytes | None) -> bool:
    """Note a header; tell whether it can be."""
    text = _text(name, value)
    is_other = used.get(name, text) != text
    if text is None or (is_other and name != _TIME):
        return False
    used[name] = "" if is_other else text  # two times are none
    return True


def _text(name: str, value: bytes | None) -> str | None:
    if name == _TIME:  # a fault of time is judged where it is known whose time it is
        return (value or b"").decode(errors="replace")
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None
