"""The only importer of aiokafka: records in, letters out, and what must be asked of the broker."""

from consumer.kafka.admin import KafkaAdmin
from consumer.kafka.connection import Connection
from consumer.kafka.following_topic import FollowedTopic
from consumer.kafka.reading import read_topic
from consumer.kafka.source import KafkaSource
from consumer.kafka.starts import GroupOptions
from consumer.kafka.writer import KafkaWriter, NotAcknowledgedError, TooLargeError

__all__ = [
    "Connection",
    "FollowedTopic",
    "GroupOptions",
    "KafkaAdmin",
    "KafkaSource",
    "KafkaWriter",
    "NotAcknowledgedError",
    "TooLargeError",
    "read_topic",
]
