"""Hostile bytes for Hypothesis: what is known to be bad, bent further; JSON of any shape."""

from typing import Any

from hypothesis import strategies as st

from tests.corpus import CORPUS, Headers

LARGEST_SEED = 4096  # bytes: larger ones have tests of their own
SEEDS = sorted({entry.value for entry in CORPUS if entry.value and len(entry.value) < LARGEST_SEED})
HEADERS = sorted({entry.headers for entry in CORPUS if len(entry.headers) < 10}, key=repr)
TOKENS = (
    b'"',
    b"{",
    b"[",
    b"\\u0000",
    b"\\ud800",
    b"\xff",
    b"\xef\xbb\xbf",
    b"null",
    b"1e999",
    b"-0",
    b"99999999999999999999",
    b'"__proto__":',
    b'"email":null,',
    b'"id":"..",',
)
NAMES = (
    "id",
    "type",
    "data",
    "source",
    "version",
    "occurred_at",
    "specversion",
    "email",
    "phone",
    "user_id",
    "channel",
    "items",
    "total",
    "attributes",
    "params",
    "translations",
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=40)
    | st.sampled_from(["", ".", "..", "a@b.co", "+380501234567", "2026-11-24T09:00:00Z", "all"])
)
ANY_JSON: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda part: (
        st.lists(part, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), part, max_size=6)
    ),
    max_leaves=25,
)


@st.composite
def bent(draw: st.DrawFn, seeds: tuple[bytes, ...] | list[bytes] = SEEDS) -> bytes:
    """A known text, cut, spliced with another one, and sown with tokens."""
    text = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(0, 4))):
        at, until = sorted(draw(st.tuples(*[st.integers(0, len(text))] * 2)))
        put = draw(st.sampled_from(TOKENS) | st.binary(max_size=6) | st.sampled_from(seeds))
        text = text[:at] + put + text[until:]
    return text


@st.composite
def header_lists(draw: st.DrawFn) -> Headers:
    """Headers that are used, with values that may not be theirs, among others."""
    known = st.sampled_from(
        [name for headers in HEADERS for name, _ in headers] + ["ce_id", "id", "idempotency-key"]
    )
    names = known | st.text(max_size=12)
    values = (
        st.none() | st.binary(max_size=30) | st.sampled_from([b"1.0", b"gzip", b"e1", b"/shop"])
    )
    drawn = draw(st.lists(st.tuples(names, values), max_size=8))
    return (*draw(st.sampled_from(HEADERS)), *drawn)
