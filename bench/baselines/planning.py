"""The service's own planner and client, and how it fetches, as the yardsticks use them."""

from bench.peers.task import Task
from bench.workload import WORKS
from consumer.kafka.membership import FETCH_TOTAL_BYTES, FETCH_WAIT_MS
from consumer.kafka.reading import FETCH_BYTES
from consumer.plan import Planner, Topic
from esputnik.client import Client

FETCHING = {
    "max_partition_fetch_bytes": FETCH_BYTES,
    "fetch_max_bytes": FETCH_TOTAL_BYTES,
    "fetch_max_wait_ms": FETCH_WAIT_MS,
}
"""How the service tells aiokafka to fetch."""
POLL_RECORDS = 1000  # taken at once, as the service does


def planner(task: Task) -> Planner:
    """Return a planner of default settings for the task's topic."""
    event_type = WORKS[task.work].event_type
    return Planner(topics={task.topic: Topic(type=event_type, is_type_fixed=True)})


def client(task: Task, max_in_flight: int) -> Client:
    """Return a client of the sink."""
    return Client(
        base_url=task.api,
        login="api",
        api_key="sandbox",
        timeout=30.0,
        max_in_flight=max_in_flight,
    )
