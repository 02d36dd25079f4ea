"""A key that changes in its file, and what is said of the next start."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from consumer.build import client
from consumer.credentials import refresh_key
from consumer.operations.telemetry import CLEANING
from consumer.settings.model import Loaded
from consumer.settings.sources import load


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_text("old")
    return path


def put(key: Path, text: str) -> None:
    key.write_text(text)


def loaded(key: Path, **settings: str) -> Loaded:
    environ = {"ESPUTNIK_SYNC_ESPUTNIK__API_KEY_FILE": str(key)} | settings
    return load(config=None, overrides=[], environ=environ, needs_api_key=True)


@contextmanager
def warnings() -> Iterator[list[dict[str, Any]]]:
    with capture_logs(processors=list(CLEANING)) as lines:
        yield lines  # type: ignore[misc]  # what it yields are dicts


async def test_another_key_in_the_file_is_taken_and_what_the_next_start_needs_is_said(
    key: Path,
) -> None:
    told = loaded(key)
    async with client(told) as api:
        with warnings() as lines:
            put(key, "new")
            changed = [refresh_key(api, told) for _ in range(3)]

    (line,) = lines
    assert changed == [True, False, False]
    assert line["event"] == "hash_key_needed"
    assert "ends with 78 unless ESPUTNIK_SYNC_PRIVACY__HASH_KEY" in line["why"]


async def test_where_hashes_have_a_key_of_their_own_nothing_is_said(key: Path) -> None:
    told = loaded(key, ESPUTNIK_SYNC_PRIVACY__HASH_KEY="old")
    async with client(told) as api:
        with warnings() as lines:
            put(key, "new")
            changed = refresh_key(api, told)

    assert changed
    assert lines == []


async def test_the_way_back_to_the_old_key_needs_nothing(key: Path) -> None:
    told = loaded(key)
    async with client(told) as api:
        put(key, "new")
        refresh_key(api, told)
        with warnings() as lines:
            put(key, "old")
            changed = refresh_key(api, told)

    assert changed
    assert lines == []
