"""Says when, on what and with which versions a run was made; names no machine and no path."""

import json
import os
import platform
import re
import time
from importlib.metadata import PackageNotFoundError, version

import psutil

from bench.brokers import EMBEDDED, KAFKA
from bench.peers.node import HERE
from demo.parts import ROOT
from tests.brokers.jars import KAFKA_VERSION

QUIX_PINS = ROOT / "requirements" / "bench-quix.txt"
GIB = 1024**3
LIBRARIES = ("aiokafka", "pydantic", "orjson", "httpx", "aiohttp", "faststream")


def load() -> float:
    """Return how many processes ran or wanted to, on average of the last minute."""
    return os.getloadavg()[0]


def described(broker: str | None, before: float) -> str:
    """Return one paragraph on the run's circumstances.

    `broker` as chosen, None without one; `before` is the load when the run began.
    """
    brokers = {
        None: "no broker",
        EMBEDDED: "embedded broker (Tansu)",
        KAFKA: f"Apache Kafka {KAFKA_VERSION}",
    }
    where = brokers.get(broker, "a broker of one's own")
    cores, memory = os.cpu_count(), psutil.virtual_memory().total / GIB
    versions = {name: _version(name) for name in LIBRARIES} | _pinned_peers()
    libraries = ", ".join(f"{name} {number}" for name, number in versions.items())
    return (
        f"{time.strftime('%Y-%m-%d', time.gmtime())}; {cores} cores shared by broker, sink and "
        f"worker, {memory:.0f} GiB; {where}; {platform.python_implementation()} "
        f"{platform.python_version()}, {libraries}; "
        f"load of the machine before it began {before:.1f}."
    )


def _pinned_peers() -> dict[str, str]:
    """Return the versions of the peers that have environments of their own."""
    quix = re.search(r"^quixstreams==(\S+)", QUIX_PINS.read_text("utf-8"), re.MULTILINE)
    node: dict[str, str] = json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"]
    return {"quixstreams": quix[1] if quix else "absent"} | node


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
