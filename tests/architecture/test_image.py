"""The image and the examples of running it keep their promises, as far as reading can tell."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from consumer.settings.model import Settings
from tests.brokers.jars import KAFKA_VERSION

ROOT = Path(__file__).resolve().parents[2]
LINES = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ").splitlines()
PREFIX = "ESPUTNIK_SYNC_"
STOP_DEADLINE = 25


def instructions(name: str) -> list[str]:
    return [line.removeprefix(f"{name} ") for line in LINES if line.startswith(f"{name} ")]


def compose() -> Any:
    return yaml.safe_load((ROOT / "deploy/compose.yaml").read_text("utf-8"))["services"]


def manifests() -> dict[str, Any]:
    documents = yaml.safe_load_all((ROOT / "deploy/kubernetes.yaml").read_text("utf-8"))
    return {document["kind"]: document for document in documents}


def pod() -> Any:
    return manifests()["Deployment"]["spec"]["template"]["spec"]


def is_setting(name: str) -> bool:
    """Tell whether this environment name is that of a setting."""
    model: Any = Settings
    for part in name.removeprefix(PREFIX).removesuffix("_FILE").lower().split("__"):
        if part not in model.model_fields:
            return False
        model = model.model_fields[part].annotation
    return True


def test_the_image_runs_as_a_numbered_user_that_is_not_root() -> None:
    (user,) = instructions("USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)
    last_stage = LINES[max(i for i, line in enumerate(LINES) if line.startswith("FROM")) :]
    assert f"USER {user}" in last_stage


def test_the_image_tells_its_health_without_a_shell() -> None:
    (check,) = instructions("HEALTHCHECK")
    assert 'CMD ["python", "-c"' in check
    assert "/livez" in check


def test_the_service_is_the_images_first_process() -> None:
    assert instructions("ENTRYPOINT") == ['["esputnik-sync"]']  # no shell between it and SIGTERM


def test_everything_from_an_index_is_what_the_lock_names_and_held_to_its_hash() -> None:
    installs = [c for run in instructions("RUN") for c in run.split("&&") if "pip install" in c]
    assert installs
    assert [c for c in installs if "--no-deps" not in c] == []
    assert [c for c in installs if "--require-hashes" not in c and "--no-index" not in c] == []


def test_what_is_copied_exists_and_is_not_kept_out() -> None:
    kept = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text("utf-8"), re.MULTILINE)
    copies = [shlex.split(line) for line in instructions("COPY") if "--from" not in line]
    sources = [source for *some, _ in copies for source in some]
    assert [s for s in sources if not (ROOT / s).exists() or s.split("/")[0] not in kept] == []
    assert {"consumer", "esputnik", "handlers", "schemas"} <= set(sources)


def test_compose_runs_the_kafka_that_the_tests_run() -> None:
    assert compose()["kafka"]["image"] == f"apache/kafka:{KAFKA_VERSION}"


def test_compose_makes_every_topic_that_the_service_reads() -> None:
    script = compose()["topics"]["command"][-1]
    named = re.search(r"for topic in (.*)", script)
    assert named is not None
    assert set(named[1].split()) == set(
        Settings.model_fields["topics"].get_default(call_default_factory=True)
    )


@pytest.mark.parametrize("name", ["sandbox", "service"])
def test_compose_gives_the_containers_no_more_than_they_need(name: str) -> None:
    service = compose()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]


def test_the_examples_name_settings_that_exist() -> None:
    (container,) = pod()["containers"]
    names = [*compose()["service"]["environment"], *(env["name"] for env in container["env"])]
    assert [name for name in names if not is_setting(name)] == []


def test_the_examples_wait_longer_for_a_stop_than_it_takes() -> None:
    seconds = int(compose()["service"]["stop_grace_period"].removesuffix("s"))
    assert min(seconds, pod()["terminationGracePeriodSeconds"]) > STOP_DEADLINE


def test_the_pod_is_confined() -> None:
    (container,) = pod()["containers"]
    assert pod()["securityContext"]["runAsNonRoot"] is True
    assert pod()["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["resources"]["limits"]["memory"]
    (user,) = instructions("USER")
    assert str(pod()["securityContext"]["runAsUser"]) == user.split(":")[0]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_the_pods_probes_ask_the_addresses_that_are_served() -> None:
    (container,) = pod()["containers"]
    paths = {
        kind: container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("liveness", "readiness")
    }
    assert paths == {"liveness": "/livez", "readiness": "/readyz"}
