"""Quix Streams with a batching sink, which it flushes at its checkpoints.

`CHECKPOINT` events make one, which was measured to serve it better than its own 5 s.
"""

from typing import Any

import httpx
from quixstreams import Application
from quixstreams.sinks import BatchingSink, SinkBatch

from bench.peers.errand import ERRANDS, JSON, Errand
from bench.peers.task import CUT, SESSION_MS, task

CHECKPOINT = 8000  # events: a full request from each of the eight partitions


class ApiSink(BatchingSink):  # type: ignore[misc]
    """Sends what a partition gathered, in requests as large as the API takes."""

    def __init__(self, errand: Errand, api: str) -> None:
        super().__init__()
        self._errand = errand
        self._url = api + errand.many
        self._http = httpx.Client(timeout=CUT, headers=JSON)

    def write(self, batch: SinkBatch) -> None:
        """Send one partition's batch."""
        for chunk in batch.iter_chunks(self._errand.size):
            body = self._errand.together([item.value for item in chunk])
            self._http.post(self._url, content=body).raise_for_status()


def main() -> None:
    """Carry events until ended."""
    mine = task()
    errand = ERRANDS[mine.work]
    app = Application(
        broker_address=mine.bootstrap,
        consumer_group=mine.group,
        auto_offset_reset="earliest",
        commit_every=CHECKPOINT,
        consumer_extra_config={"session.timeout.ms": SESSION_MS},
        auto_create_topics=False,
        loglevel="WARNING",
    )

    def read(value: bytes) -> dict[str, Any]:
        return errand.read(value)

    topic = app.topic(mine.topic, value_deserializer="bytes")
    app.dataframe(topic).apply(read).sink(ApiSink(errand, mine.api))
    app.run()


if __name__ == "__main__":
    main()
