"""The runbook knows every alert, and what it tells somebody to look at or to type is there."""

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from consumer.deadletters.reasons import REASONS
from consumer.operations.metrics import METRICS, PREFIX, Metric
from tests.brokers.kafka import Kafka
from tests.fakes.time import run
from tests.integration.deployment import Consumer, Deployment, deployed
from tests.integration.events import an_event
from tests.service.world import World

ROOT = Path(__file__).resolve().parents[2]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text("utf-8")
RULES: Any = yaml.safe_load((ROOT / "deploy" / "alerts.yaml").read_text("utf-8"))
ALERTS: Mapping[str, dict[str, Any]] = {
    rule["alert"]: rule for group in RULES["groups"] for rule in group["rules"]
}
KNOWN: Mapping[str, Metric] = {PREFIX + one.name: one for one in METRICS}
SCRAPED = {"instance"}  # a label that Prometheus adds itself
WATCHED = re.compile(r"(esputnik_sync_\w+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"([^"]*)"')
GROUPED = re.compile(r"by \((\w+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
LOG_LINES = re.compile(r"[Ll]og lines? (`\w+`(?:(?:, | or )`\w+`)*)")
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
LINES = [line for block in BLOCK.findall(RUNBOOK) for line in block.splitlines()]


# -- alerts ---------------------------------------------------------------------------------


def test_every_alert_has_a_heading_of_its_own_and_every_such_heading_an_alert() -> None:
    told = [title for title in HEADING.findall(RUNBOOK) if title.startswith("EsputnikSync")]

    assert sorted(told) == sorted(ALERTS)


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_how_urgent_it_is_and_what_it_means(name: str) -> None:
    assert ALERTS[name]["labels"]["severity"] in {"page", "ticket"}
    assert ALERTS[name]["annotations"]["summary"].endswith(".")


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_watches_metrics_and_labels_that_exist(name: str) -> None:
    rule = ALERTS[name]["expr"]
    watched = WATCHED.findall(rule)

    assert watched
    assert {metric for metric, _ in watched} - KNOWN.keys() == set()
    for metric, matchers in watched:
        used = {label for label, *_ in MATCHER.findall(matchers)} | set(GROUPED.findall(rule))
        assert used - set(KNOWN[metric].labels) - SCRAPED == set()


def matchers(metric: str, label: str) -> Iterator[tuple[str, str]]:
    """How alerts choose among a metric's values of a label: the sign, and the words."""
    for rule in ALERTS.values():
        for watched, text in WATCHED.findall(rule["expr"]):
            if watched == PREFIX + metric:
                yield from (
                    (sign, words) for one, sign, words in MATCHER.findall(text) if one == label
                )


class Gauges:
    """Keeps what is held, by why."""

    paused: Mapping[str, int]

    def gauge(self, *, paused: Mapping[str, int], **_: object) -> None:
        self.paused = paused


def test_every_reason_for_a_pause_has_its_alert() -> None:
    async def main() -> Gauges:
        gauges = Gauges()
        World().vitals().measure(gauges)
        return gauges

    assert {words for _, words in matchers("paused", "reason")} == run(main()).paused.keys()


def test_the_reasons_of_letters_that_alerts_choose_exist() -> None:
    chosen = [words for _, words in matchers("dead_letters_total", "reason")]

    assert chosen
    for words in chosen:
        stage, _, codes = words.rstrip(")").rpartition("(")
        for one in codes.split("|"):
            assert [code for code in REASONS if re.fullmatch(stage + one, code)], one


# -- what somebody is told ------------------------------------------------------------------


def test_a_log_line_that_somebody_is_sent_to_is_written() -> None:
    named = {name for some in LOG_LINES.findall(RUNBOOK) for name in re.findall(r"\w{3,}", some)}
    source = "".join(file.read_text("utf-8") for file in (ROOT / "consumer").rglob("*.py"))

    assert len(named) >= 4
    assert [name for name in named if f'"{name}"' not in source] == []


def test_a_metric_that_somebody_is_sent_to_exists() -> None:
    assert {metric for metric, _ in WATCHED.findall(RUNBOOK)} - KNOWN.keys() == set()


def test_a_reason_why_a_partition_is_blocked_is_one_and_none_is_missing() -> None:
    source = (ROOT / "consumer" / "kafka" / "trouble.py").read_text("utf-8")
    table = RUNBOOK.split("## A partition is blocked")[1].split("\n\nTo accept")[0]

    told = re.findall(r"^\| `(\w+)", table, re.MULTILINE)
    assert sorted(told) == sorted(re.findall(r'^[A-Z_]+ = "(\w+)"', source, re.MULTILINE))


def anchor(title: str) -> str:
    return re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-")


def test_a_link_within_the_page_leads_to_a_heading() -> None:
    links = re.findall(r"\]\(#([^)]*)\)", RUNBOOK)

    assert links
    assert set(links) - {anchor(title) for title in HEADING.findall(RUNBOOK)} == set()


# -- what somebody is told to type ----------------------------------------------------------


@pytest.mark.kafka
@pytest.mark.timeout(180)
async def test_the_commands_do_what_they_are_there_for(kafka: Kafka, tmp_path: Path) -> None:
    ours = [shlex.split(line)[1:] for line in LINES if line.startswith("esputnik-sync ")]
    async with deployed(kafka.bootstrap, tmp_path, {"events": 1}) as deployment:
        await deployment.tell("events", an_event("order.changed", 1))
        consumer = await deployment.start()
        await deployment.drained()
        asked = [await found(consumer, line) for line in LINES if line.startswith("curl ")]
        codes = await run_all(deployment, [one for one in ours if one[0] != "run"])

    assert len(asked) >= 2
    assert all(asked)
    assert len(codes) > 8
    assert set(codes.values()) == {0}


async def found(consumer: Consumer, line: str) -> bool:
    """Whether a probe answers, with each of the words that are looked for."""
    (path,) = re.findall(r"http://127\.0\.0\.1:8080(/\w+)", line)
    answer = await consumer.get(path)
    words = re.findall(r"grep -E '([^']*)'", line)
    wanted = [one for some in words for one in some.split("|")]
    return answer.is_success and all(one in answer.text for one in wanted)


async def run_all(deployment: Deployment, commands: list[list[str]]) -> dict[str, int]:
    """Run each command once; return how it ended."""
    distinct = {" ".join(one): one for one in commands}
    return {text: (await deployment.command(*one)).code for text, one in distinct.items()}
