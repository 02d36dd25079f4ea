"""The demonstration as a newcomer runs it: what it says, what it leaves behind, how it fails."""

import asyncio
import io
import os
import signal
import subprocess
import sys
import uuid
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from consumer.clock import SystemClock
from demo.__main__ import COMMAND, STORY_AGE, Options, Screen, run
from demo.events import Story, events
from demo.model import Order
from demo.parts import ROOT
from demo.sample import APPLIED

pytestmark = [pytest.mark.broker, pytest.mark.timeout(120)]

COUNT = 300
MARK = "DEMONSTRATION"
DEMO = (sys.executable, "-m", "demo")


@dataclass(slots=True, kw_only=True)
class Demo:
    """A demonstration under way, in a process whose descendants bear its mark."""

    process: Process
    mark: str
    said: str = ""

    async def until(self, words: str) -> None:
        """Read what it says on standard output until these words."""
        assert self.process.stdout is not None
        while words not in self.said:
            line = await self.process.stdout.readline()
            assert line, f"it ended without {words!r}: {self.said}"
            self.said += line.decode()

    async def ended(self) -> tuple[int, str, str]:
        """Its exit code, what it said, and its progress and complaints."""
        out, err = await self.process.communicate()
        return self.process.returncode or 0, self.said + out.decode(), err.decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Performed:
    """A demonstration that ended, and what it left behind."""

    code: int
    out: str
    err: str
    left_running: list[str]
    left_files: list[str]


def running(mark: str) -> list[str]:
    """The names of the processes that bear a mark."""
    return [one.name() for one in psutil.process_iter() if _bears(one, mark)]


def _bears(process: psutil.Process, mark: str) -> bool:
    try:
        return bool(process.environ().get(MARK) == mark)
    except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
        return False


@asynccontextmanager
async def demo(*arguments: str, folder: Path) -> AsyncIterator[Demo]:
    """Start a demonstration that keeps its files in this folder; kill whatever it leaves."""
    mark = uuid.uuid4().hex
    process = await asyncio.create_subprocess_exec(
        *DEMO,
        *arguments,
        cwd=ROOT,
        env=os.environ | {MARK: mark, "TMPDIR": str(folder)},
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        yield Demo(process=process, mark=mark)
    finally:
        for one in psutil.process_iter():
            if _bears(one, mark):
                one.kill()
        await process.wait()


def shell(command: str) -> subprocess.CompletedProcess[str]:
    """Run a command as it was printed, where it was meant to be typed."""
    here = command.replace(COMMAND, f"{sys.executable} -m consumer")
    return subprocess.run(
        ["/bin/sh", "-c", here], cwd=ROOT, capture_output=True, text=True, check=False
    )


def commands(said: str, title: str) -> list[str]:
    """The commands under a title."""
    lines = said[said.index(title) :].splitlines()[1:]
    return [line.strip() for line in lines if line.startswith("  ") and line[2] != " "]


# -- as it should go ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def performed(tmp_path_factory: pytest.TempPathFactory) -> Performed:
    """A demonstration that ran to its end."""
    folder, mark = tmp_path_factory.mktemp("demo"), uuid.uuid4().hex
    ended = subprocess.run(
        [*DEMO, "--count", str(COUNT)],
        cwd=ROOT,
        env=os.environ | {MARK: mark, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return Performed(
        code=ended.returncode,
        out=ended.stdout,
        err=ended.stderr,
        left_running=running(mark),
        left_files=[path.name for path in folder.iterdir()],
    )


def test_it_ends_well_and_leaves_nothing(performed: Performed) -> None:
    assert performed.code == 0, performed.out + performed.err
    assert performed.left_running == []
    assert performed.left_files == []


def test_everything_that_must_hold_is_told_to_hold(performed: Performed) -> None:
    assert f"worked through {COUNT} events" in performed.out
    assert performed.out.count("  ok     ") == 5
    assert "WRONG" not in performed.out


def test_every_action_and_every_planted_reason_is_named(performed: Performed) -> None:
    planted = {sample.verdict for sample in events(COUNT, 1).samples if sample.is_buried}
    actions = {"bulk-contacts", "add-contact", "add-orders", "add-unsubscribed", "token-activity"}
    actions |= {"attach-contacts", "add-domain", "add-webpush-domain", "create-inbox-message"}

    assert {name for name in planted | actions if name not in performed.out} == set()


def test_without_a_terminal_it_is_plain_text_with_progress_beside_it(performed: Performed) -> None:
    assert "\x1b" not in performed.out + performed.err
    assert f"  {COUNT} of {COUNT} events" in performed.err


def test_the_commands_to_try_next_work_as_printed(performed: Performed) -> None:
    *for_now, again = commands(performed.out, "Try next")
    answers = [shell(command) for command in for_now]

    assert again == "make demo KEEP=1"
    assert [answer.returncode for answer in answers] == [0, 0]
    assert all(answer.stdout.startswith("{") for answer in answers)


async def test_kept_up_it_lends_its_broker_and_its_sandbox(tmp_path: Path) -> None:
    async with demo("--count", str(COUNT), "--keep", folder=tmp_path) as performance:
        await performance.until("Ctrl-C ends")
        settings, look, replay = commands(performance.said, "Try in another terminal")
        listed = shell(f"{settings} && {look}")
        sent = shell(f"{settings} && {replay} --yes")
        performance.process.send_signal(signal.SIGINT)
        code, _, _ = await performance.ended()

        assert running(performance.mark) == []
    assert (listed.returncode, sent.returncode, code) == (0, 0, 0)
    assert "esp.not_found" in listed.stdout
    assert sent.stdout.count('"delivered"') == listed.stdout.count('"esp.partial_item"') > 0


# -- as it should not -----------------------------------------------------------------------


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def a_spoiled_story() -> Story:
    """One that tells of an order that never was, and takes a good event for a bad one."""
    story = events(200, 3, datetime.fromtimestamp(SystemClock().wall(), UTC) - STORY_AGE)
    story.expected.orders["ORD-NEVER"] = Order("DELIVERED", "1.00", "UAH", 0)
    good = next(sample for sample in story.samples if sample.verdict == APPLIED)
    samples = [replace(s, verdict="schema.enum") if s is good else s for s in story.samples]
    return replace(story, samples=samples)


async def test_a_wrong_expectation_is_found_and_ends_it_badly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    out, err = io.StringIO(), io.StringIO()
    screen = Screen(out=Console(file=out, width=100), err=Console(file=err, width=100))

    code = await run(a_spoiled_story(), Options(count=200, seed=3, keep=False), screen)

    logs = files_in(tmp_path)
    assert code == 1
    assert {log.name for log in logs} == {"broker.log", "sandbox.log", "consumer-1.log"}
    assert out.getvalue().count("WRONG") == 2
    assert "order ORD-NEVER is missing" in out.getvalue()
    assert "1 of topic users, planted and not buried as schema.enum" in out.getvalue()
    assert str(logs[0].parent) in err.getvalue().replace("\n", "")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_interrupted_it_leaves_nothing_running(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    async with demo("--count", "4000", folder=tmp_path) as performance:
        assert performance.process.stderr is not None
        while b"sign up" not in await performance.process.stderr.readline():
            assert performance.process.returncode is None
        performance.process.send_signal(number)
        ended, _, err = await performance.ended()

        assert running(performance.mark) == []
    assert ended == code
    assert err.endswith("Stopped. Nothing is left running.\n")
    assert files_in(tmp_path) == []


async def test_a_story_too_short_is_a_matter_of_usage(tmp_path: Path) -> None:
    async with demo("--count", "199", folder=tmp_path) as performance:
        code, _, err = await performance.ended()

    assert code == 2
    assert "--count: a story takes at least 200 events" in err


async def test_without_a_broker_for_the_platform_one_sentence_says_so(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *DEMO,
        cwd=ROOT,
        env=os.environ | {"CALF_TANSU_BIN": str(tmp_path / "none"), "TMPDIR": str(tmp_path)},
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await process.communicate()

    assert process.returncode == 1
    assert out == b""
    assert b"has no build for this platform" in err
    assert b"Traceback" not in err
