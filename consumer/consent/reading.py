"""What the records of the memory's topic tell, in the order in which they lie there. Pure."""

from consumer.consent.memory import Memory
from consumer.consent.records import FINGERPRINT, UnreadableError, decode, decode_fingerprint
from consumer.errors import SettingsError
from consumer.record import Record

SETTING = "ESPUTNIK_SYNC_CONSENT__MEMORY_TOPIC"
KEY_SETTING = "ESPUTNIK_SYNC_PRIVACY__HASH_KEY"
ANOTHER_KEY = (
    "was written with a different key, so no opt-out would be found; set this setting to the "
    "old key (if it was unset: the eSputnik API key used then)"
)
# Said where another API key is taken up or asked for, while the old one can still be found.
HASH_KEY_NEEDED = (
    f"with another key the next start ends with {SettingsError.exit_code} unless {KEY_SETTING} "
    "is set to the old one"
)


class Reader:
    """Takes records of the topic into a memory. Plain state, one owner.

    `is_marked`: a record told the fingerprint of the key, and it was this one. `lesser` are the
    names whose latest record tells less than is known of them.
    """

    def __init__(self, memory: Memory, topic: str, fingerprint: str) -> None:
        self.is_marked = False
        self.lesser: set[bytes] = set()
        self._memory = memory
        self._topic = topic
        self._fingerprint = fingerprint

    def hear(self, record: Record) -> None:
        """Take in what a record tells.

        Raises:
            SettingsError: It was written with another key, or is not understood.
        """
        if record.key is None or record.value is None:
            return  # nobody writes such; an operator took something away
        try:
            if record.key == FINGERPRINT:
                self._compare(decode_fingerprint(record.value))
            elif self._memory.merge(record.key, decode(record.value)):
                self.lesser.discard(record.key)
            else:
                self.lesser.add(record.key)
        except UnreadableError as trouble:
            raise self._fault(
                f"has a record that this version cannot read (partition {record.partition}, offset "
                f"{record.offset}: {trouble}); run the version that wrote it, or use another topic"
            ) from None

    def end(self) -> None:
        """Take note that all that was there has been heard.

        Raises:
            SettingsError: Nothing told whether this key was the one it was written with.
        """
        if not self.is_marked and not self._memory.is_empty:
            raise self._fault(
                "was not created by this service (no key fingerprint); use another topic"
            )

    def _compare(self, fingerprint: str) -> None:
        if fingerprint != self._fingerprint:
            raise SettingsError([f"{KEY_SETTING}: {self._topic} {ANOTHER_KEY}"])
        self.is_marked = True

    def _fault(self, what: str) -> SettingsError:
        return SettingsError([f"{SETTING}: {self._topic} {what}"])
