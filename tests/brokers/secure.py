"""Apache Kafka as an operator secures it: TLS, passwords by SCRAM, certificates, an authoriser.

In the clear, on loopback, everybody may do everything: that is how tests arrange things.
"""

from dataclasses import dataclass
from pathlib import Path

from tests.brokers.authority import Authority, Issued
from tests.brokers.kafka import Kafka, Layout, Listener

BY_PASSWORD = "PASSWORDS"  # the listener where users log in by SCRAM
BY_CERTIFICATE = "CERTIFICATES"  # the listener where a client's certificate says who it is
TRUSTED = "trusted"  # a user who may do everything
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
AUTHORISER = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecureKafka:
    """A secured broker. It calls itself `localhost`, and its certificate is for that name alone."""

    kafka: Kafka
    authority: Authority

    @classmethod
    def launch(cls, folder: Path) -> "SecureKafka":
        """Start one that keeps its files in this folder."""
        (folder / "authority").mkdir()
        authority = Authority(folder / "authority")
        layout = _layout(authority, authority.issue("localhost", "DNS:localhost"))
        return cls(kafka=Kafka.launch(folder, layout), authority=authority)

    @property
    def plain(self) -> str:
        """The address where everything may be done."""
        return self.kafka.bootstrap

    @property
    def by_password(self) -> str:
        return self.kafka.addresses[BY_PASSWORD]

    @property
    def by_certificate(self) -> str:
        return self.kafka.addresses[BY_CERTIFICATE]


def _layout(authority: Authority, own: Issued) -> Layout:
    trusted = authority.certificate.read_text()
    return Layout(
        listeners={
            BY_PASSWORD: Listener(protocol="SASL_SSL"),
            BY_CERTIFICATE: Listener(protocol="SSL"),
        },
        settings={
            "authorizer.class.name": AUTHORISER,
            "super.users": f"User:ANONYMOUS;User:{TRUSTED}",
            "sasl.enabled.mechanisms": "SCRAM-SHA-256,SCRAM-SHA-512",
            **{
                f"listener.name.{BY_PASSWORD.lower()}.scram-sha-{size}.sasl.jaas.config": SCRAM
                for size in (256, 512)
            },
            f"listener.name.{BY_CERTIFICATE.lower()}.ssl.client.auth": "required",
            f"listener.name.{BY_CERTIFICATE.lower()}.ssl.principal.mapping.rules": (
                "RULE:^CN=(.*)$/$1/"
            ),
            "ssl.keystore.type": "PEM",
            "ssl.keystore.certificate.chain": own.certificate.read_text(),
            "ssl.keystore.key": own.key.read_text(),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.certificates": trusted,
        },
    )
