"""A certificate authority in a folder, for one test run; openssl does the work."""

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
CONFIG = """\
[ca]
default_ca = ours
[ours]
database = index.txt
new_certs_dir = .
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
"""
GOOD = ("-startdate", "20200101000000Z", "-enddate", "20491231000000Z")
EXPIRED = ("-startdate", "20200101000000Z", "-enddate", "20200102000000Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A certificate and its key, as PEM files."""

    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """What a server needs to show it."""
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.certificate, self.key)
        return tls


class Authority:
    """Vouches for whom a test likes. The folder must be its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "ca.cnf").write_text(CONFIG)
        (folder / "index.txt").write_text("")
        self.certificate = folder / "ca.pem"
        self._run("req", "-x509", *CURVE, "-subj", "/CN=ca", *_files("ca"))

    def issue(self, name: str, host: str, dates: tuple[str, ...] = GOOD) -> Issued:
        """Return a certificate for a host, such as `DNS:localhost`, that we vouch for."""
        subject = ("-subj", f"/CN={name}", "-addext", f"subjectAltName={host}")
        self._run("req", *CURVE, *subject, "-keyout", f"{name}.key", "-out", f"{name}.csr")
        signed = ("-cert", "ca.pem", "-keyfile", "ca.key", "-in", f"{name}.csr")
        settings = ("-batch", "-notext", "-config", "ca.cnf")
        self._run("ca", *settings, *signed, *dates, "-out", f"{name}.pem")
        return self._issued(name)

    def stranger(self) -> Issued:
        """Return a certificate that nobody vouches for."""
        subject = ("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
        self._run("req", "-x509", *CURVE, *subject, *_files("stranger"))
        return self._issued("stranger")

    def _issued(self, name: str) -> Issued:
        return Issued(certificate=self._folder / f"{name}.pem", key=self._folder / f"{name}.key")

    def _run(self, *arguments: str) -> None:
        openssl = shutil.which("openssl")
        assert openssl is not None, "openssl makes the certificates of these tests"
        subprocess.run(
            [openssl, *arguments], cwd=self._folder, check=True, capture_output=True, timeout=15
        )


def _files(name: str) -> tuple[str, ...]:
    return "-keyout", f"{name}.key", "-out", f"{name}.pem"
