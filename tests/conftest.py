"""The brokers of a test run: started when first needed, ended with the run.

`kafka` tests need Apache Kafka itself. Where there is none they are left out and the summary says
so; with ESPUTNIK_SYNC_TEST_KAFKA=required that is an error.
"""

import os
from collections.abc import Iterator

import pytest

from tests.brokers.jars import can_run_java
from tests.brokers.kafka import Kafka, can_run_image, prepare
from tests.brokers.tansu import Tansu

NEEDED = "Apache Kafka itself, which takes Java 17 and Maven, or a Docker engine"
LEFT_OUT = pytest.StashKey[list[str]]()


@pytest.hookimpl(trylast=True)  # after -m, -k and the like
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanting = [item for item in items if item.get_closest_marker("kafka")]
    if not wanting:
        return
    if can_run_java() or can_run_image():
        prepare()  # here, where no test's time limit runs
        return
    if os.environ.get("ESPUTNIK_SYNC_TEST_KAFKA") == "required":
        raise pytest.UsageError(f"{len(wanting)} tests need {NEEDED}; neither is here")
    items[:] = [item for item in items if item not in wanting]
    config.hook.pytest_deselected(items=wanting)
    config.stash[LEFT_OUT] = [item.nodeid for item in wanting]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    left_out = config.stash.get(LEFT_OUT, [])
    if left_out:
        terminalreporter.section("left out")
        terminalreporter.line(f"{len(left_out)} tests were left out, for they need {NEEDED}:")
        for name in left_out:
            terminalreporter.line(f"  {name}")


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """Apache Kafka, shared by the run: name topics and groups afresh."""
    broker = Kafka.launch(tmp_path_factory.mktemp("kafka"))
    yield broker
    broker.close()


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tansu]:
    """The embedded broker, shared by the run: name topics and groups afresh."""
    broker = Tansu(tmp_path_factory.mktemp("embedded"))
    yield broker
    broker.close()


@pytest.fixture(scope="session")
def bootstrap(request: pytest.FixtureRequest) -> str:
    """The address of Apache Kafka, or of the embedded broker where there is none."""
    name = "kafka" if can_run_java() or can_run_image() else "embedded"
    return str(request.getfixturevalue(name).bootstrap)
