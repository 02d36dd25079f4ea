"""Texts that are read beside events: lines to explain, progress beside offsets, consent records."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from consumer.cli.explain_lines import LineError, read_line
from consumer.consent.records import UnreadableError, decode, decode_fingerprint
from consumer.progress import UnknownProgressError, read_progress
from tests.corpus import NOW, as_json
from tests.fuzz.hostile import ANY_JSON, bent

RECORD = b'{"topic":"users","key":"k","headers":{"a":"b"},"timestamp":1,"value":{"a":1}}'
LINES = (
    bent([RECORD, b'{"topic":"t","value_base64":"e30="}', b'{"type":"a","data":{}}'])
    | st.dictionaries(
        st.sampled_from(["topic", "key", "headers", "timestamp", "value", "value_base64"]), ANY_JSON
    ).map(as_json)
    | st.binary(max_size=80)
)
REMEMBERED = bent(
    [b'{"v":1,"words":[["out","email",1,"t",0,1]]}', b'{"v":1,"link":["00",1]}', b"{}"]
)


@given(LINES)
def test_a_line_to_explain_is_a_record_or_a_fault_of_the_line(line: bytes) -> None:
    with suppress(LineError):
        assert read_line(line, 0, NOW).offset == 0


@given(st.text(max_size=60) | st.from_regex(r"\A1[A-Za-z0-9+/=]{0,40}\.[A-Za-z0-9+/=]{0,40}\Z"))
def test_what_stands_beside_an_offset_is_progress_or_unknown(text: str) -> None:
    with suppress(UnknownProgressError):
        progress = read_progress(1000, text)
        assert all(offset >= 1000 for offset in progress.settled | progress.declared)


@given(REMEMBERED | ANY_JSON.map(as_json) | st.binary(max_size=60))
def test_a_record_of_consent_is_known_or_unreadable(value: bytes) -> None:
    with suppress(UnreadableError):
        assert decode(value) is not None
    with suppress(UnreadableError):
        assert isinstance(decode_fingerprint(value), str)
