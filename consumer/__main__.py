"""The command `esputnik-sync`, also `python -m consumer`."""

import signal
import sys
from types import FrameType

AGAIN = 3.0  # s


def main() -> None:
    """Run the command that was typed and exit with its code."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupted)
    # Loading all of it takes a moment, in which a signal may come already.
    from consumer.cli.commands import execute  # noqa: PLC0415

    sys.exit(execute())


def _interrupted(number: int, _: FrameType | None) -> None:
    """End as a shell would: what has to end gently listens for itself.

    Where this is raised in the middle of a finalizer it is lost, and what ends may hang on a broker
    that says nothing: then it is raised once more.
    """
    signal.signal(signal.SIGALRM, lambda *_: sys.exit(128 + number))
    signal.setitimer(signal.ITIMER_REAL, AGAIN, AGAIN)
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
