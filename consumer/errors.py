"""What stops a command, for an operator to mend.

SyncError                    70  a bug
├── WorkFailedError           1  the work asked for failed
│   └── UsageError            2  what was given cannot be read
├── KafkaUnreachableError    69  no broker answered in time
├── CredentialsError         77  refused by Kafka or eSputnik
└── SettingsError            78  bad settings, each fault on its own line
"""

from collections.abc import Sequence

NO_INPUT = "-: standard input is closed; name a file, or give it something to read"


class SyncError(Exception):
    """What, where, and what to do; never a secret and never a value of an event."""

    exit_code = 70


class WorkFailedError(SyncError):
    """The work asked for failed."""

    exit_code = 1


class UsageError(WorkFailedError):
    """What was given cannot be read, or is not what was asked for."""

    exit_code = 2


class KafkaUnreachableError(SyncError):
    """No broker answered within `kafka.start_timeout`."""

    exit_code = 69


class CredentialsError(SyncError):
    """Kafka or eSputnik refuses the credentials."""

    exit_code = 77


class SettingsError(SyncError):
    """The settings cannot work. Each fault: environment name, what is wrong, what to write."""

    exit_code = 78

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)
