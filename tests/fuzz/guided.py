"""Fuzzing that is guided by coverage: `make fuzz`, or `python -m tests.fuzz.guided TARGET SECONDS`.

What breaks a target is written to build/fuzz/TARGET-crash-…, to be made a test of the usual kind.
"""

import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["consumer", "esputnik", "handlers", "schemas"]):
    from consumer.progress import UnknownProgressError, read_progress, write_progress
    from schemas.decode import decode
    from schemas.problem import Problem
    from tests.builders import a_record
    from tests.corpus import CORPUS, MAX_BYTES, Headers
    from tests.fuzz.hostile import LARGEST_SEED
    from tests.fuzz.test_answers import CALLS, LOOKUPS, outcomes_of
    from tests.fuzz.test_events import KINDS, checked, record_of
    from tests.fuzz.test_letters import good_letter, shown

FOUND = Path(__file__).resolve().parents[2] / "build" / "fuzz"
VALUES = sorted(
    {entry.value for entry in CORPUS if entry.value and len(entry.value) < LARGEST_SEED}
)
STATUSES = (200, 201, 202, 400, 401, 403, 404, 409, 413, 422, 429, 500, 503)
BODIES = (
    b'{"asyncSessionId":"s","failedContacts":["a@b.co"]}',
    b'{"failedOrders":[{"externalOrderId":"o-1","errorMessage":"bad"}]}',
    b'{"id":1,"status":"FINISHED","errors":[]}',
    b'{"results":[{"id":1,"status":"ERROR","message":"m"}]}',
    b'[{"id":1,"channels":[{"type":"email","value":"ann@example.com"}]}]',
    b'[{"email":"ann@example.com","activityStatus":"UNSUBSCRIBED","activityDateTime":"2026-11-24T09:00:00"}]',
    b"<html>502</html>",
)


def written(headers: Headers, value: bytes | None) -> bytes:
    """Return headers and a value as one input: lines of names and values, an empty line."""
    lines = [name.encode() + b":" + (content or b"") for name, content in headers]
    return b"\n".join([*lines, b"", value or b""])


def read_input(data: bytes) -> tuple[Headers, bytes]:
    """Return what `written` wrote; a header of no colon has no value."""
    headers: list[tuple[str, bytes | None]] = []
    while data:
        line, _, data = data.partition(b"\n")
        if not line:
            break
        name, has_value, content = line.partition(b":")
        headers.append((name.decode(errors="replace"), content if has_value else None))
    return tuple(headers), data


# -- targets: what they raise is a bug ---------------------------------------------------------


def try_decoding(data: bytes) -> None:
    """Bytes are an object, or a problem."""
    assert isinstance(decode(data, max_bytes=MAX_BYTES), dict | Problem)


def try_events(data: bytes) -> None:
    """A record of any topic is planned, skipped or refused."""
    kind, (headers, value) = data[:1], read_input(data[1:])
    checked(record_of(value, headers), KINDS[kind[0] % len(KINDS)] if kind else None)


def try_answers(data: bytes) -> None:
    """Each call has an outcome, whatever is answered."""
    if len(data) > 2:
        number, status, body = data[0], STATUSES[data[1] % len(STATUSES)], data[2:]
        outcomes_of(CALLS[number % len(CALLS)], LOOKUPS[number % len(LOOKUPS)], status, body)


def try_letters(data: bytes) -> None:
    """A record is a letter, or none."""
    headers, value = read_input(data)
    shown(a_record(value=value, headers=headers))


def try_progress(data: bytes) -> None:
    """What stands beside an offset is progress, or unknown."""
    with suppress(UnknownProgressError):
        progress = read_progress(1000, data.decode("latin-1"))
        assert all(offset >= 1000 for offset in progress.settled | progress.declared)


def _seeds_of_events() -> Iterable[bytes]:
    for number in range(len(KINDS)):
        yield bytes([number]) + written((), VALUES[number % len(VALUES)])
    for entry in CORPUS:
        if len(entry.value or b"") < LARGEST_SEED:
            kind = KINDS.index(entry.topic_type) if entry.topic_type in KINDS else 0
            yield bytes([kind]) + written(entry.headers, entry.value)


TARGETS: dict[str, tuple[Callable[[bytes], None], Callable[[], Iterable[bytes]]]] = {
    "decoding": (try_decoding, lambda: VALUES),
    "events": (try_events, _seeds_of_events),
    "answers": (
        try_answers,
        lambda: [bytes([n, 0]) + body for n in range(len(CALLS)) for body in BODIES],
    ),
    "letters": (
        try_letters,
        lambda: [written(good_letter(a_record(value=one)), one) for one in VALUES[:50]],
    ),
    "progress": (
        try_progress,
        lambda: [b"", write_progress(1000, [1001, 1007], [1010]).encode(), b"1.", b"2."],
    ),
}


def main() -> None:
    """Fuzz one target for some seconds."""
    name, seconds = sys.argv[1:]
    target, seeds = TARGETS[name]
    corpus = FOUND / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    limits = ["-timeout=10", "-rss_limit_mb=2048", "-max_len=8192", "-print_final_stats=1"]
    wanted = [f"-max_total_time={seconds}", f"-artifact_prefix={FOUND / name}-"]
    atheris.Setup([sys.argv[0], *wanted, *limits, str(corpus)], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
