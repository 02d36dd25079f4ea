"""A broker that runs beside the tests: started, watched until it is ready, ended."""

import signal
import subprocess
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from threading import Event, Thread

TAIL_LINES = 40
STOP_SECONDS = 30.0


class BrokerError(Exception):
    """A broker cannot be had; the message is for a person."""


class Process:
    """A child process whose output goes to a log and is watched for the words of readiness."""

    def __init__(self, command: Sequence[str], log: Path, words: str) -> None:
        self.log = log
        self._ready = False
        self._told = Event()  # that it is ready, or that its output ended
        self._popen = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C reaches the test run alone; that ends its brokers
        )
        self._reader = Thread(target=self._copy, args=(words,), daemon=True)
        self._reader.start()

    @property
    def running(self) -> bool:
        return self._popen.poll() is None

    def wait(self, seconds: float) -> None:
        """Return once it is ready.

        Raises:
            BrokerError: It ended first, or was not ready in time; shows the tail of its log.
        """
        in_time = self._told.wait(seconds)
        if self._ready:
            return
        self.kill()
        how = "ended" if in_time else f"was not ready within {seconds:.0f} s"
        raise BrokerError(f"The broker {how}. The end of its log:\n{self.tail()}")

    def tail(self) -> str:
        with self.log.open(errors="replace") as lines:
            return "".join(deque(lines, TAIL_LINES)) or "(it wrote nothing)"

    def stop(self) -> None:
        """Ask it to stop; what does not is killed."""
        self._popen.terminate()
        try:
            self._popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
        self._end()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._popen.kill()
        self._end()

    def freeze(self) -> None:
        """Let it stand still until it is killed."""
        self._popen.send_signal(signal.SIGSTOP)

    def _end(self) -> None:
        self._popen.wait()
        self._reader.join()

    def _copy(self, words: str) -> None:
        output = self._popen.stdout
        assert output is not None
        with output, self.log.open("a") as log:
            for line in output:
                log.write(line)
                log.flush()
                if words in line:
                    self._ready = True
                    self._told.set()
        self._told.set()
