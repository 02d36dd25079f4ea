"""Says when, on what and with which versions a run was made; names no machine and no path."""

import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version

import psutil

from bench.brokers import EMBEDDED, KAFKA
from tests.brokers.jars import KAFKA_VERSION

GIB = 1024**3
LIBRARIES = ("aiokafka", "pydantic", "orjson", "httpx", "aiohttp", "faststream")


def described(broker: str) -> str:
    """Return one paragraph on the run's circumstances."""
    brokers = {EMBEDDED: "embedded broker (Tansu)", KAFKA: f"Apache Kafka {KAFKA_VERSION}"}
    where = brokers.get(broker, "a broker of one's own")
    cores, memory = os.cpu_count(), psutil.virtual_memory().total / GIB
    libraries = ", ".join(f"{name} {_version(name)}" for name in LIBRARIES)
    return (
        f"{time.strftime('%Y-%m-%d', time.gmtime())}; {cores} cores shared by broker, sink and "
        f"worker, {memory:.0f} GiB; {where}; {platform.python_implementation()} "
        f"{platform.python_version()}, {libraries}."
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
