"""Apache Kafka in KRaft mode, one node: from its jars or, where there is an engine, its image."""

import os
import shutil
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from demo.embedded import free_port
from tests.brokers.jars import KAFKA_VERSION, can_run_java, jars
from tests.brokers.process import BrokerError, Process

START_SECONDS = 90.0
STARTED = "Kafka Server started"
IMAGE = f"apache/kafka:{KAFKA_VERSION}"
LOGGING = """\
rootLogger.level = INFO
rootLogger.appenderRef.console.ref = Console
appender.console.type = Console
appender.console.name = Console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss.SSS} %-5p %c{1}: %m%n
"""
FLAGS = (
    "-Xms128m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",  # a test broker lives for minutes: starting fast beats running fast
    "-Xshare:auto",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A further way to reach a broker; `protocol` in Kafka's words."""

    protocol: str
    port: int = field(default_factory=free_port)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What a broker is to be: further listeners, by name, and settings that stand above ours."""

    listeners: Mapping[str, Listener] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    controller: int = field(default_factory=free_port)


class Host(Protocol):
    """Where a broker runs."""

    def start(self) -> Process: ...
    def kill(self, process: Process) -> None: ...
    def freeze(self, process: Process) -> None: ...
    def remove(self) -> None: ...


class Kafka:
    """One broker. `restart` brings it back at the same address with what it had stored."""

    def __init__(self, host: Host, layout: Layout) -> None:
        self.bootstrap = f"127.0.0.1:{layout.port}"
        self.addresses = {n: f"localhost:{one.port}" for n, one in layout.listeners.items()}
        self._host = host
        self._process = self._start()

    @classmethod
    def launch(cls, folder: Path, layout: Layout | None = None) -> "Kafka":
        """Start a broker that keeps its files in this folder.

        Raises:
            BrokerError: There is neither Java with Maven nor an engine, or the start failed.
        """
        layout = layout or Layout()
        host: Host
        if can_run_java():
            host = JavaHost(folder, layout)
        elif can_run_image():
            host = EngineHost(folder, layout)
        else:
            raise BrokerError("Apache Kafka needs Java 17 and Maven, or a Docker engine")
        return cls(host, layout)

    def stop(self) -> None:
        """Stop it in order; it may be restarted."""
        self._process.stop()

    def kill(self) -> None:
        """End it at once, as a crash would; it may be restarted."""
        self._host.kill(self._process)

    def freeze(self) -> None:
        """Let it stand still, its connections open; only `kill` ends it then."""
        self._host.freeze(self._process)

    def restart(self) -> None:
        """Start it again, stopping it first if it runs."""
        if self._process.running:
            self.stop()
        self._process = self._start()

    def close(self) -> None:
        """End it for good and leave nothing behind."""
        if self._process.running:
            self.stop()
        self._host.remove()

    def _start(self) -> Process:
        process = self._host.start()
        process.wait(START_SECONDS)
        return process


class JavaHost:
    """A broker from the jars, as a process of its own."""

    def __init__(self, folder: Path, layout: Layout) -> None:
        self._folder = folder
        self._classpath = str(jars() / "*")
        settings = server_settings(layout, "127.0.0.1") | {
            "controller.quorum.bootstrap.servers": f"127.0.0.1:{layout.controller}",
            "log.dirs": str(folder / "data"),
        }
        lines = [f"{name}={value}\n" for name, value in settings.items()]
        self._settings = folder / "server.properties"
        self._settings.write_text("".join(lines))
        (folder / "log4j2.properties").write_text(LOGGING)
        self._format()

    def start(self) -> Process:
        command = self._java("kafka.Kafka", str(self._settings))
        return Process(command, self._folder / "kafka.log", STARTED)

    def kill(self, process: Process) -> None:
        process.kill()

    def freeze(self, process: Process) -> None:
        process.freeze()

    def remove(self) -> None:
        shutil.rmtree(self._folder / "data")

    def _format(self) -> None:
        cluster = ("--standalone", "--cluster-id", "esputnik-sync-tests")
        tool = ("kafka.tools.StorageTool", "format", "--config", str(self._settings), *cluster)
        _run(self._java(*tool), "format the storage of Apache Kafka")

    def _java(self, *arguments: str) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={self._folder / 'log4j2.properties'}"
        return ["java", *FLAGS, logging, "-cp", self._classpath, *arguments]


class EngineHost:
    """A broker from the official image, in a container of its own."""

    def __init__(self, folder: Path, layout: Layout) -> None:
        self._folder = folder
        self._name = f"esputnik-sync-kafka-{uuid.uuid4().hex[:8]}"
        settings = server_settings(layout, "0.0.0.0") | {  # noqa: S104 - in its container
            "controller.quorum.voters": f"1@localhost:{layout.controller}"
        }
        environment = [f"--env={variable(n)}={value}" for n, value in settings.items()]
        ports = (layout.port, *(one.port for one in layout.listeners.values()))
        published = [f"--publish=127.0.0.1:{port}:{port}" for port in ports]
        create = ["docker", "create", f"--name={self._name}", *published, *environment, IMAGE]
        _run(create, "make a container of Apache Kafka")

    def start(self) -> Process:
        command = ("docker", "start", "--attach", self._name)  # passes SIGTERM on
        return Process(command, self._folder / "kafka.log", STARTED)

    def kill(self, process: Process) -> None:
        _run(["docker", "kill", self._name], "kill the container of Apache Kafka")
        process.stop()

    def freeze(self, process: Process) -> None:
        del process
        _run(["docker", "pause", self._name], "pause the container of Apache Kafka")

    def remove(self) -> None:
        _run(["docker", "rm", "--force", "--volumes", self._name], "remove Apache Kafka")


def server_settings(layout: Layout, host: str) -> dict[str, str]:
    """Return the settings of a node that is broker and controller in one.

    No topic comes into being unasked, and groups form at once.
    """
    listeners = {
        "PLAINTEXT": Listener(protocol="PLAINTEXT", port=layout.port),
        "CONTROLLER": Listener(protocol="PLAINTEXT", port=layout.controller),
        **layout.listeners,
    }
    others = [f"{name}://localhost:{one.port}" for name, one in layout.listeners.items()]
    ours = {
        "node.id": "1",
        "process.roles": "broker,controller",
        "listeners": ",".join(f"{name}://{host}:{one.port}" for name, one in listeners.items()),
        "advertised.listeners": ",".join([f"PLAINTEXT://127.0.0.1:{layout.port}", *others]),
        "listener.security.protocol.map": ",".join(
            f"{name}:{one.protocol}" for name, one in listeners.items()
        ),
        "controller.listener.names": "CONTROLLER",
        "auto.create.topics.enable": "false",
        "broker.heartbeat.interval.ms": "1000",
        "broker.session.timeout.ms": "4000",  # so long a restart after a kill waits
        "group.initial.rebalance.delay.ms": "0",
        "offsets.topic.num.partitions": "4",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
    }
    wanted = ours | dict(layout.settings)
    return {name: value.replace("\n", "\\n") for name, value in wanted.items()}


def variable(setting: str) -> str:
    """Return the environment name by which the official image takes a setting."""
    plain = setting.replace("_", "__").replace("-", "___").replace(".", "_")
    return "KAFKA_" + plain.upper()


def can_run_image() -> bool:
    """Tell whether an engine answers that could run the image."""
    if shutil.which("docker") is None:
        return False
    asked = subprocess.run(
        ["docker", "info"],  # noqa: S607 - whichever the developer has
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return asked.returncode == 0


def prepare() -> None:
    """Fetch what a start needs and is not here yet, which may take minutes."""
    if can_run_java():
        jars()
    elif can_run_image():
        _run(["docker", "pull", "--quiet", IMAGE], "fetch the image of Apache Kafka")


def _run(command: list[str], what: str) -> None:
    told = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env=dict(os.environ),
    )
    if told.returncode != 0:
        raise BrokerError(f"Could not {what}:\n{told.stdout}")
