"""A broker of the chaos's own: it misses a dead member soon, and may be bounced."""

from collections.abc import Iterator

import pytest

from tests.brokers.kafka import Kafka, Layout
from tests.chaos.scale import IS_FULL

collect_ignore = [] if IS_FULL else ["test_cluster.py", "test_members.py"]


@pytest.fixture(scope="package")
def restless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    layout = Layout(settings={"group.min.session.timeout.ms": "1000"})
    broker = Kafka.launch(tmp_path_factory.mktemp("restless"), layout)
    yield broker
    broker.close()
