"""The brokers of a test run: started when first needed, ended with the run.

`kafka` tests need Apache Kafka itself. Where there is none they are left out, and the summary says
which. With SYNC_TEST_KAFKA=required it is an error to lack what it runs on; what cannot be
had then are its jars alone, where Maven reaches no repository. SYNC_TEST_LEFT_OUT names a
file to say the same in.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.brokers.jars import can_run_java
from tests.brokers.kafka import Kafka, can_run_image, prepare
from tests.brokers.process import BrokerError
from tests.brokers.secure import SecureKafka
from tests.brokers.tansu import Tansu

# How long an example may take is not Hypothesis' to judge: the machine may be busy.
settings.register_profile("busy", deadline=None)
settings.load_profile("busy")

NEEDED = "Apache Kafka itself, which takes Java 17 and Maven, or a Docker engine"
LEFT_OUT = pytest.StashKey[list[str]]()
LACKING = pytest.StashKey[str]()


@pytest.hookimpl(trylast=True)  # after -m, -k and the like
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanting = [item for item in items if item.get_closest_marker("kafka")]
    lacking = _lacking(len(wanting)) if wanting else None
    config.stash[LACKING] = lacking or ""
    if lacking is None:
        return
    items[:] = [item for item in items if item not in wanting]
    config.hook.pytest_deselected(items=wanting)
    config.stash[LEFT_OUT] = [item.nodeid for item in wanting]


def _lacking(count: int) -> str | None:
    """Return what keeps Apache Kafka from running; fetch what it needs, where it can run."""
    if not (can_run_java() or can_run_image()):
        if os.environ.get("SYNC_TEST_KAFKA") == "required":
            raise pytest.UsageError(f"{count} tests need {NEEDED}; neither is here")
        return f"they need {NEEDED}"
    try:
        prepare()  # here, where no test's time limit runs
    except BrokerError as trouble:
        return f"Apache Kafka could not be fetched. {trouble}"
    return None


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    left_out = config.stash.get(LEFT_OUT, [])
    if not left_out:
        return
    lines = [f"{len(left_out)} tests were left out: {config.stash[LACKING]}"]
    lines += [f"  {name}" for name in left_out]
    terminalreporter.section("left out")
    for line in lines:
        terminalreporter.line(line)
    if told := os.environ.get("SYNC_TEST_LEFT_OUT"):
        Path(told).write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """Apache Kafka, shared by the run: name topics and groups afresh."""
    broker = Kafka.launch(tmp_path_factory.mktemp("kafka"))
    yield broker
    broker.close()


@pytest.fixture(scope="session")
def secure_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureKafka]:
    """Apache Kafka with TLS, logins and rights, shared by the run: name users afresh as well."""
    broker = SecureKafka.launch(tmp_path_factory.mktemp("secure"))
    yield broker
    broker.kafka.close()


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tansu]:
    """The embedded broker, shared by the run: name topics and groups afresh."""
    broker = Tansu(tmp_path_factory.mktemp("embedded"))
    yield broker
    broker.close()


@pytest.fixture(scope="session")
def bootstrap(request: pytest.FixtureRequest) -> str:
    """The address of Apache Kafka, or of the embedded broker where there is none."""
    name = "embedded" if _lacking(1) else "kafka"
    return str(request.getfixturevalue(name).bootstrap)
