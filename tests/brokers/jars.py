"""Apache Kafka's jars, by their Maven coordinates, cached outside the repository."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.brokers.process import BrokerError

KAFKA_VERSION = "4.4.0"
JAVA_VERSION = 17  # the least that Kafka 4's broker runs on
DOWNLOAD_SECONDS = 300
TRIES = 3

# The binding makes the broker say why it does not start; its version is that of Kafka's own log4j.
POM = f"""<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>esputnik-sync</groupId>
  <artifactId>kafka-for-tests</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>{KAFKA_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>2.25.5</version>
    </dependency>
  </dependencies>
</project>
"""
PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"


def can_run_java() -> bool:
    """Tell whether Java, new enough, and Maven are here."""
    if shutil.which("java") is None or shutil.which("mvn") is None:
        return False
    told = subprocess.run(
        ["java", "-version"],  # noqa: S607 - whichever the developer has
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r'version "(\d+)', told.stderr)
    return found is not None and int(found[1]) >= JAVA_VERSION


def jars() -> Path:
    """Return the folder of the jars; the first time they are downloaded.

    Raises:
        BrokerError: Maven failed; shows what it said.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "esputnik-sync"
    folder = cache / f"kafka-{KAFKA_VERSION}"
    pom = folder / "pom.xml"
    if not pom.exists() or pom.read_text() != POM:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            _download(Path(scratch))
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(scratch, folder)
    return folder


def _download(folder: Path) -> None:
    (folder / "pom.xml").write_text(POM)
    said = ""
    for _ in range(TRIES):  # a repository may be away for a moment
        try:
            told = _maven(folder)
        except subprocess.TimeoutExpired:
            said = f"no end within {DOWNLOAD_SECONDS} s"
            continue
        if told.returncode == 0:
            return
        said = told.stdout
    raise BrokerError(f"Maven could not fetch Apache Kafka {KAFKA_VERSION}:\n{said}")


def _maven(folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["mvn", "-q", "-B", PLUGIN, f"-DoutputDirectory={folder}"],  # noqa: S607 - as above
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=DOWNLOAD_SECONDS,
    )
