"""Settings of any shape are settings, or faults told one a line; never a traceback."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from consumer.errors import SettingsError
from consumer.settings.model import LEAVES, env_name
from consumer.settings.sources import load
from tests.corpus import as_json
from tests.fuzz.hostile import ANY_JSON, SCALARS

LINES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), max_size=30)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
WRITTEN = (
    TEXTS
    | st.sampled_from(["", "null", "{", "[]", "{}", "-1", "0", "1e999", "true", "${X}", "${X:-y}"])
    | ANY_JSON.map(json.dumps)
)
PATHS = st.sampled_from(sorted(LEAVES))
NAMES = PATHS.map(env_name) | PATHS.map(lambda path: f"{env_name(path)}_FILE")
SECTIONS = sorted({path.split(".")[0] for path in LEAVES})
DOCUMENTS = st.dictionaries(
    st.sampled_from(SECTIONS),
    SCALARS | st.dictionaries(st.sampled_from([p.split(".")[-1] for p in LEAVES]), ANY_JSON),
    max_size=4,
)


def faults(**given: Any) -> tuple[str, ...]:
    """What is wrong with settings; nothing where they are good."""
    sources: dict[str, Any] = {"config": None, "overrides": (), "environ": {}} | given
    try:
        load(**sources, needs_api_key=False)
    except SettingsError as bad:
        return bad.faults or ("no fault was told",)
    return ()


def are_told(found: tuple[str, ...]) -> bool:
    """Whether each fault is one line: the setting, and what is wrong."""
    return all(": " in fault and "\n" not in fault for fault in found)


@given(
    st.dictionaries(NAMES | LINES.map(lambda name: f"ESPUTNIK_SYNC_{name}"), WRITTEN, max_size=4)
)
def test_any_environment_is_settings_or_faults(environ: dict[str, str]) -> None:
    found = faults(environ=environ)

    assert are_told(found), found


@given(st.lists(st.builds("{}={}".format, PATHS | LINES, WRITTEN) | LINES, max_size=3))
def test_any_override_is_a_setting_or_a_fault(overrides: list[str]) -> None:
    found = faults(overrides=overrides)

    assert are_told(found), found


@given(st.binary(max_size=200) | DOCUMENTS.map(as_json))  # JSON is YAML
def test_any_file_is_settings_or_faults(text: bytes) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "settings.yaml"
        file.write_bytes(text)
        found = faults(config=file)

    assert are_told(found), found
