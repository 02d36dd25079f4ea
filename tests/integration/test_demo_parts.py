"""The processes of the demonstration: started, watched, stopped; their failures are sentences."""

import io
import sys
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from demo.embedded import broker_command
from demo.parts import DemoError, Part, start
from demo.show import Show
from demo.watch import Watch

WAITS = "import time; print('ready', flush=True); time.sleep(600)"  # until it is stopped
HARD_OF_HEARING = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {WAITS}"


async def a_part(folder: Path, script: str) -> Part:
    return await start("consumer", (sys.executable, "-c", script), folder / "part.log")


async def ready(part: Part) -> None:
    await part.first(lambda line: line if line == "ready" else None)


async def test_a_part_that_ends_instead_of_starting_shows_its_last_words(tmp_path: Path) -> None:
    part = await a_part(tmp_path, "print('no room left'); raise SystemExit(3)")

    with pytest.raises(DemoError, match=r"(?s)consumer ended with exit code 3.*no room left"):
        await ready(part)


async def test_a_part_that_says_nothing_in_time_is_given_up(tmp_path: Path) -> None:
    part = await a_part(tmp_path, "import time; time.sleep(600)")

    with pytest.raises(DemoError, match=r"(?s)did not start within 0 s.*\(it wrote nothing\)"):
        await part.first(lambda _: None, seconds=0.2)

    assert await part.stop() != 0


async def test_a_command_that_cannot_be_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match=r"broker cannot be started: .*none: No such file"):
        await start("broker", (str(tmp_path / "none"),), tmp_path / "part.log")


async def test_a_part_sees_no_settings_but_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESPUTNIK_SYNC_ESPUTNIK__API_KEY", "of somebody's account")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "of somebody's cluster")
    script = (
        "import os; print(*sorted(n for n in os.environ if n.startswith(('KAFKA', 'ESPUTNIK'))))"
    )
    command = (sys.executable, "-c", script)

    part = await start("part", command, tmp_path / "part.log", {"ESPUTNIK_SYNC_LOG__LEVEL": "info"})
    await part.ended()

    assert part.tail() == "ESPUTNIK_SYNC_LOG__LEVEL"


async def test_a_part_that_will_not_stop_is_killed(tmp_path: Path) -> None:
    part = await a_part(tmp_path, HARD_OF_HEARING)
    await ready(part)

    assert await part.stop(seconds=0.2) == -9


async def test_a_part_that_ended_is_stopped_already(tmp_path: Path) -> None:
    part = await a_part(tmp_path, "raise SystemExit(4)")
    await part.ended()

    assert await part.stop() == 4


def a_watch(part: Part, answer: httpx.Response | Exception) -> Watch:
    """A watch over a part whose metrics are always the same."""

    def metrics(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Watch(
        part=part,
        admin="http://127.0.0.1",
        http=httpx.AsyncClient(transport=httpx.MockTransport(metrics)),
        show=Show(Console(file=io.StringIO()), 100),
        standstill=0.3,
    )


async def test_a_consumer_that_stands_still_is_told_with_its_figures(tmp_path: Path) -> None:
    part = await a_part(tmp_path, WAITS)
    await ready(part)
    page = 'esputnik_sync_records_total{topic="a"} 7.0\n'

    with pytest.raises(DemoError, match=r"(?s)stands still: 0 of 7 events.*ready"):
        await a_watch(part, httpx.Response(200, text=page)).until(lambda one: one.finished > 0)

    await part.stop()


async def test_a_consumer_that_does_not_answer_stands_still_as_well(tmp_path: Path) -> None:
    part = await a_part(tmp_path, WAITS)

    with pytest.raises(DemoError, match="stands still: 0 of 0 events"):
        await a_watch(part, httpx.ConnectError("refused")).until(lambda one: one.records > 0)

    await part.stop()


async def test_a_consumer_that_ended_is_not_waited_for(tmp_path: Path) -> None:
    part = await a_part(tmp_path, "raise SystemExit(70)")
    await part.ended()

    with pytest.raises(DemoError, match="consumer ended with exit code 70"):
        await a_watch(part, httpx.Response(200, text="")).until(lambda one: one.records > 0)


def test_a_home_that_cannot_be_written_is_said_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.write_text("a file")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("CALF_TANSU_BIN", raising=False)

    with pytest.raises(DemoError, match=r"cannot be unpacked into .*home.*CALF_TANSU_BIN"):
        broker_command(9092)
