"""Where settings come from, which source has the last word, and how faults are told."""

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from consumer.errors import SettingsError
from consumer.settings.conflicts import SECRETS
from consumer.settings.model import PREFIX, Loaded, env_name
from consumer.settings.sources import environment, load

# An authority made for these tests alone.
CERTIFICATE = """-----BEGIN CERTIFICATE-----
MIIBbDCCAROgAwIBAgIUfW0G7Fb64x8HaZXbJJUbc/qeyPYwCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBeDAeFw0yNjExMjUwMjIyNDJaFw0zNjExMjIwMjIyNDJaMAwx
CjAIBgNVBAMMAXgwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARzfU2HG5lgICdv
cRNPrSt4UaCk93EvE5Yr3BoiHG565gdkCtdVNXp0n3Qi5M4CUjtdTDlq2+8Pf2sj
T+FsSVzYo1MwUTAdBgNVHQ4EFgQUA6omnMLpMlQppSPnNjXWwaEVf2IwHwYDVR0j
BBgwFoAUA6omnMLpMlQppSPnNjXWwaEVf2IwDwYDVR0TAQH/BAUwAwEB/zAKBggq
hkjOPQQDAgNHADBEAiA8Vn2NsjE8P+Y/xSb/giovLkzlK58fNd+3ENN5wqxYcwIg
Kspo2b7jdvlbV7iRLNurMzXwXoZogtuayuTBgwe5Rrc=
-----END CERTIFICATE-----
"""


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand where there is no file of settings."""
    monkeypatch.chdir(tmp_path)


def loading(
    *overrides: str, config: Path | None = None, needs_api_key: bool = False, **environ: str
) -> Loaded:
    """Load; environment names are given without their prefix, `_` first where they have none."""
    names = {
        name.removeprefix("_") if name.startswith("_") else f"ESPUTNIK_SYNC_{name}": value
        for name, value in environ.items()
    }
    return load(config=config, overrides=overrides, environ=names, needs_api_key=needs_api_key)


def faults(*overrides: str, **given: Any) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        loading(*overrides, **given)
    return list(caught.value.faults)


def fault(*overrides: str, **given: Any) -> str:
    (line,) = faults(*overrides, **given)
    return line


def a_file(tmp_path: Path, text: str, name: str = "my.yaml") -> Path:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return path


# -- precedence -----------------------------------------------------------------------------


def test_set_overrules_the_environment_which_overrules_the_file(tmp_path: Path) -> None:
    file = a_file(tmp_path, "batch: {max_contacts: 1, max_orders: 1, max_bytes: 65536}")

    found = loading(
        "batch.max_contacts=3", config=file, BATCH__MAX_CONTACTS="2", BATCH__MAX_ORDERS="2"
    )

    batch = found.settings.batch
    assert (batch.max_contacts, batch.max_orders, batch.max_bytes) == (3, 2, 65536)
    assert batch.max_segment_contacts == 500
    assert found.origins == {
        "batch.max_contacts": "--set",
        "batch.max_orders": "ESPUTNIK_SYNC_BATCH__MAX_ORDERS",
        "batch.max_bytes": str(file),
    }


def test_the_file_of_the_folder_is_read_without_being_named(tmp_path: Path) -> None:
    a_file(tmp_path, "kafka:\n  group_id: mine\nlog:\n", "esputnik-sync.yaml")

    found = loading()

    assert found.settings.kafka.group_id == "mine"
    assert found.origins == {"kafka.group_id": "esputnik-sync.yaml"}


def test_a_file_that_is_named_stands_for_the_one_of_the_folder(tmp_path: Path) -> None:
    a_file(tmp_path, "kafka: {group_id: mine}", "esputnik-sync.yaml")

    assert loading(config=a_file(tmp_path, "")).settings.kafka.group_id == "esputnik-sync"


def test_the_later_of_two_overrides_counts() -> None:
    assert loading("admin.port=1", "admin.port=2").settings.admin.port == 2


def test_the_environment_is_that_of_the_process() -> None:
    assert environment() is os.environ


# -- the environment ------------------------------------------------------------------------


def test_maps_are_read_as_json() -> None:
    found = loading(
        'consent.routes={"sms": {"segment": 7}}',
        TOPICS='{"shop": {"type": "order.changed"}}',
        CONTACTS__CUSTOM_FIELDS='{"colour": 5}',
    )

    assert found.settings.topics["shop"].type == "order.changed"
    assert found.settings.contacts.custom_fields == {"colour": 5}
    assert found.settings.consent.routes["sms"].segment == 7


def test_a_text_that_looks_like_json_stays_a_text() -> None:
    assert loading(KAFKA__GROUP_ID='{"a"}').settings.kafka.group_id == '{"a"}'


def test_every_value_may_stand_in_a_file(tmp_path: Path) -> None:
    port, topics = a_file(tmp_path, "81\n", "port"), a_file(tmp_path, '{"a": {}}', "topics")

    found = loading(ADMIN__PORT_FILE=str(port), TOPICS_FILE=str(topics))

    assert found.settings.admin.port == 81
    assert list(found.settings.topics) == ["a"]
    assert found.origins["admin.port"] == "ESPUTNIK_SYNC_ADMIN__PORT_FILE"


def test_a_key_in_a_file_is_read_again_later(tmp_path: Path) -> None:
    file = a_file(tmp_path, "first\n", "key")
    found = loading(ESPUTNIK__API_KEY_FILE=str(file), needs_api_key=True)

    file.write_text("second")

    assert (found.api_key(), found.reread_api_key()) == ("first", "second")


def test_a_key_that_overrules_its_file_is_not_read_from_it_later(tmp_path: Path) -> None:
    file = a_file(tmp_path, "from the file", "key")

    found = loading("esputnik.api_key=mine", ESPUTNIK__API_KEY_FILE=str(file))

    assert found.reread_api_key() == "mine"


def test_the_common_name_of_the_brokers_serves_where_ours_is_absent(tmp_path: Path) -> None:
    file = a_file(tmp_path, "kafka: {bootstrap_servers: c:1}")

    common = loading(config=file, _KAFKA_BOOTSTRAP_SERVERS="a:1")
    ours = loading(_KAFKA_BOOTSTRAP_SERVERS="a:1", KAFKA__BOOTSTRAP_SERVERS="b:1")

    assert common.settings.kafka.bootstrap_servers == "a:1"
    assert common.origins == {"kafka.bootstrap_servers": "KAFKA_BOOTSTRAP_SERVERS"}
    assert ours.settings.kafka.bootstrap_servers == "b:1"


def test_what_kubernetes_injects_is_no_setting() -> None:
    found = loading(
        PORT="tcp://10.0.0.1:8080",
        PORT_8080_TCP_ADDR="10.0.0.1",
        SERVICE_HOST="10.0.0.1",
        SERVICE_PORT="8080",
        _PATH="/bin",
    )

    assert found.origins == {}


def test_an_empty_text_is_none_where_there_may_be_none() -> None:
    found = loading("log.format=", EVENTS__MAX_AGE="", AUDIT__TOPIC="")

    assert found.settings.events.max_age is None
    assert found.settings.log.format is None
    assert found.settings.audit.topic == ""


# -- the file -------------------------------------------------------------------------------


def test_variables_are_filled_into_the_values_of_a_file(tmp_path: Path) -> None:
    file = a_file(
        tmp_path,
        """
        kafka: {group_id: "${TEAM}-sync", cluster_alias: "${ALIAS:-main}"}
        admin: {port: "${ADMIN:-81}", token: "${EMPTY:-none}"}
        consent: {routes: {sms: {segment: "${SEGMENT}"}}}
        """,
    )

    found = loading(config=file, _TEAM="shop", _SEGMENT="7", _EMPTY="").settings

    assert (found.kafka.group_id, found.kafka.cluster_alias) == ("shop-sync", "main")
    assert found.admin.port == 81
    assert found.admin.token == SecretStr("none")
    assert found.consent.routes["sms"].segment == 7


def test_a_variable_that_is_not_set_is_all_that_is_told_of_its_settings(tmp_path: Path) -> None:
    groups = "{group_id: '${TEAM}', cluster_alias: 'of-${TEAM}', group_instance_id: '${A}'}"
    file = a_file(tmp_path, f"kafka: {groups}\nesputnik: {{api_key: '${{TEAM}}'}}")

    (line,) = faults(config=file, needs_api_key=True, _A="")

    assert line == f"TEAM: is not set, but {file} uses it; set it, or write ${{TEAM:-default}}"


@pytest.mark.parametrize("value", ["['${TEAM}', '${SHOP}']", "'${TEAM}${SHOP}'"])
def test_variables_that_are_not_set_are_told_of_lists_and_texts_as_well(
    tmp_path: Path, value: str
) -> None:
    told = faults(config=a_file(tmp_path, f"topics: {value}"))

    assert [line.split(": ")[0] for line in told] == ["TEAM", "SHOP"]


def test_a_key_that_is_no_setting_is_told_whatever_its_value(tmp_path: Path) -> None:
    (line,) = faults(config=a_file(tmp_path, "kafka: {group: '${TEAM}'}"))

    assert "is not a setting; did you mean " in line


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kafka: [", "is not valid YAML in line 1; correct it"),
        ("- kafka", "contains no settings; write groups such as kafka:"),
        ("kafka", "contains no settings; write groups such as kafka:"),
        ("a: &x [*x]", "contains an alias of itself; write the value out"),
        ("a: " + "[" * 2000, "is nested too deeply; correct it"),
        ("kafka: {}\nlog: {}\nkafka: {}", "contains kafka twice, again in line 3; keep one"),
        ("log:\n  level: info\n  level: error", "contains level twice, again in line 3; keep one"),
    ],
)
def test_a_file_that_holds_no_settings_is_told(tmp_path: Path, text: str, words: str) -> None:
    file = a_file(tmp_path, text)

    assert fault(config=file) == f"--config {file}: {words}"


def test_a_part_of_a_file_may_stand_in_another_and_be_changed_there(tmp_path: Path) -> None:
    text = "topics: {a: &a {type: user.updated}, b: {<<: *a, type: order.changed}, c: *a}"

    topics = loading(config=a_file(tmp_path, text)).settings.topics

    assert {name: one.type for name, one in topics.items()} == {
        "a": "user.updated",
        "b": "order.changed",
        "c": "user.updated",
    }


def test_a_file_that_is_no_text_or_not_there_is_told(tmp_path: Path) -> None:
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")

    assert fault(config=binary) == f"--config {binary}: is not valid YAML; correct it"
    assert "No such file or directory; write the path" in fault(config=tmp_path / "none")


def test_a_group_that_is_no_group_is_told(tmp_path: Path) -> None:
    file = a_file(tmp_path, "kafka: localhost:9092")

    line = fault(config=file)

    assert line.startswith(f"kafka (in {file}): is a group of settings; set them one by one")


# -- faults ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("KAFKA__GROUP", "KAFKA__GROUP_ID"),
        ("BATCH__MAX_CONTACT", "BATCH__MAX_CONTACTS"),
        ("API_KEY", "ESPUTNIK__API_KEY"),
        ("EVENTS__STRICT_FILES", "EVENTS__STRICT"),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest(name: str, near: str) -> None:
    line = fault(**{name: "1"})

    assert line.startswith(
        f"ESPUTNIK_SYNC_{name}: is not a setting; did you mean ESPUTNIK_SYNC_{near} "
    )


def test_an_unknown_key_is_told_as_it_was_written(tmp_path: Path) -> None:
    file = a_file(tmp_path, "kafka: {group: 1}")

    advice = "is not a setting; did you mean ESPUTNIK_SYNC_KAFKA__GROUP_ID (kafka.group_id)?"
    assert fault("kafka.group=1") == f"--set kafka.group: {advice}"
    assert fault(config=file) == f"kafka.group (in {file}): {advice}"


def test_something_below_a_map_is_told_how_to_write_the_map() -> None:
    line = fault(TOPICS__USERS__TYPE="user.updated")

    assert line == (
        "ESPUTNIK_SYNC_TOPICS__USERS__TYPE: is not a setting; "
        "write the whole of ESPUTNIK_SYNC_TOPICS (topics) as one JSON value"
    )


@pytest.mark.parametrize("given", ["admin.port", ""])
def test_an_override_without_a_value_is_told(given: str) -> None:
    assert fault(given) == f"--set {given}: has no value; write --set path=value"


def test_a_value_that_is_no_json_is_told_where_a_map_is_meant() -> None:
    assert fault(TOPICS="users") == (
        'ESPUTNIK_SYNC_TOPICS: is not valid JSON; write an object such as {"NAME": …}'
    )


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("admin.port", "eighty", "is not a whole number; write digits only"),
        ("admin.port", "65536", "is too large; write 65535 or less"),
        ("batch.max_bytes", "1", "is too small; write 65536 or more"),
        ("stop.deadline", "0", "is too small; write a number above 0"),
        ("stop.deadline", "30s", "is not a number; write digits, with a decimal point if needed"),
        (
            "stop.deadline",
            "nan",
            "is not a finite number; write digits, with a decimal point if needed",
        ),
        ("events.strict", "perhaps", "is not a boolean; write true or false"),
        ("kafka.group_id", "", "is empty; write a value, or remove the setting"),
        ("topics", "{}", "is empty; write at least one entry, or remove the setting"),
        ("topics", "[]", 'is not a map; write a JSON object, {"NAME": …}'),
        ("orders.coalesce", "all", "is not a valid value; use one of 'status' or 'latest'"),
        ("contacts.phone_region", "UK", "is not a country code; write two letters (ISO 3166)"),
    ],
)
def test_a_wrong_value_is_told_with_what_to_write_and_what_the_setting_means(
    path: str, value: str, words: str
) -> None:
    name = f"ESPUTNIK_SYNC_{path.upper().replace('.', '__')}"

    line = fault(**{name.removeprefix("ESPUTNIK_SYNC_"): value})

    assert line.startswith(f"{name}: {words}")
    assert line.endswith(")")


@pytest.mark.parametrize(
    ("topics", "words"),
    [
        ('{"a": 1}', "a is not a map; write a JSON object, or {}"),
        ('{"a": {"type": "b"}}', "a.type is not an event type; use one that"),
        ('{"a": {"kind": "b"}}', "a.kind is not known; write type or tombstone"),
    ],
)
def test_what_is_wrong_inside_a_map_is_told_by_its_place(topics: str, words: str) -> None:
    assert fault(TOPICS=topics).startswith(f"ESPUTNIK_SYNC_TOPICS: {words}")


def test_a_number_where_a_text_belongs_is_told(tmp_path: Path) -> None:
    line = fault(config=a_file(tmp_path, "kafka: {group_id: 7}"))

    assert "KAFKA__GROUP_ID (in " in line
    assert "is not a string; write it in quotes" in line


def test_a_wrong_value_says_by_what_means_it_was_set(tmp_path: Path) -> None:
    port = a_file(tmp_path, "x", "port")
    name = "ESPUTNIK_SYNC_ADMIN__PORT"

    assert fault("admin.port=x").startswith(f"{name} (in --set): is not a whole number")
    assert fault(ADMIN__PORT_FILE=str(port)).startswith(f"{name} (in {name}_FILE): is not a whole")


def test_a_value_is_never_told() -> None:
    lines = faults(
        "kafka.security_protocol=canary-1",
        "contacts.phone_region=canary-2",
        ADMIN__PORT="canary-3",
        TOPICS='{"users": {"type": "canary-4"}}',
        WEBHOOKS__SECRETS='{"users": ["canary-5"]}',
        ESPUTNIK__BASE_URL="https://me:canary-6@example.com",
    )

    assert len(lines) == 6
    assert "canary" not in "".join(lines)


def test_a_value_stands_in_its_name_or_in_its_file_not_in_both(tmp_path: Path) -> None:
    file = a_file(tmp_path, "a", "key")

    assert fault(ESPUTNIK__API_KEY="b", ESPUTNIK__API_KEY_FILE=str(file)) == (
        "ESPUTNIK_SYNC_ESPUTNIK__API_KEY_FILE: ESPUTNIK_SYNC_ESPUTNIK__API_KEY is set too; "
        "remove one of them"
    )


def test_a_file_of_a_value_that_cannot_be_read_is_told_once(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff")
    name = "ESPUTNIK_SYNC_ESPUTNIK__API_KEY_FILE"

    lost = fault(ESPUTNIK__API_KEY_FILE="/none", needs_api_key=True)
    garbled = fault(ESPUTNIK__API_KEY_FILE=str(binary), needs_api_key=True)
    unnamed = fault(ESPUTNIK__API_KEY_FILE="", needs_api_key=True)

    assert lost == f"{name}: /none: No such file or directory; write the path of a readable file"
    assert garbled.startswith(f"{name}: {binary}: is not UTF-8; ")
    assert unnamed == f"{name}: is empty; write the path of a readable file"


@pytest.mark.parametrize("environ", [{}, {"ESPUTNIK__API_KEY": ""}])
def test_a_missing_key_is_told_where_it_is_needed(environ: dict[str, Any]) -> None:
    line = fault(needs_api_key=True, **environ)

    assert line.startswith("ESPUTNIK_SYNC_ESPUTNIK__API_KEY: is missing; set it to the API key")
    assert loading(**environ).settings.esputnik.login == "api"


def test_all_faults_are_told_at_once_each_on_its_own_line(tmp_path: Path) -> None:
    lines = faults(
        "kafka.group=1",
        config=a_file(tmp_path, "logs: {}\nlog: {level: loud}"),
        needs_api_key=True,
        ADMIN__PORT="x",
        ADMIN__HOST="0.0.0.0",  # noqa: S104 - its case
        CONSENT__ROUTES='{"sms": {}, "push": {"segment": 0}}',
    )

    assert [line.split(": ", maxsplit=1)[0] for line in lines] == [
        f"logs (in {tmp_path / 'my.yaml'})",
        "--set kafka.group",
        "ESPUTNIK_SYNC_CONSENT__ROUTES",
        "ESPUTNIK_SYNC_CONSENT__ROUTES",
        "ESPUTNIK_SYNC_ADMIN__PORT",
        f"ESPUTNIK_SYNC_LOG__LEVEL (in {tmp_path / 'my.yaml'})",
        "ESPUTNIK_SYNC_ESPUTNIK__API_KEY",
        "ESPUTNIK_SYNC_ADMIN__TOKEN",
    ]


def test_a_name_that_breaks_the_line_is_spelled_out() -> None:
    line = fault('consent.routes={"a\\nb": null}')

    assert line.splitlines() == [line]
    assert r"(in --set): 'a\nb' is not a map" in line


def test_an_overruled_value_may_be_wrong() -> None:
    assert loading("admin.port=1", ADMIN__PORT="x").settings.admin.port == 1


@pytest.mark.parametrize("name", ["a b", "ü", "..", "x" * 250, ""])
@pytest.mark.parametrize(
    "path",
    [
        "dead_letter.topic",
        "dead_letter.parking_topic",
        "replay.memory_topic",
        "consent.memory_topic",
    ],
)
def test_what_kafka_takes_for_no_topic_is_told(path: str, name: str) -> None:
    assert "is not a topic name; use 1 to 249 ASCII letters" in fault(f"{path}={name}")


def test_a_topic_of_the_table_is_named_as_kafka_has_it() -> None:
    line = fault('topics={"a b": {}}')

    assert line.startswith("ESPUTNIK_SYNC_TOPICS (in --set): a b is not a topic name; use ")


@pytest.mark.parametrize("login", ["a:b", "a\nb"])
def test_a_login_that_http_cannot_carry_is_told(login: str) -> None:
    assert "is not an HTTP user name" in fault(ESPUTNIK__LOGIN=login)
    assert loading(ESPUTNIK__LOGIN="sync").settings.esputnik.login == "sync"


# -- settings that do not go together -------------------------------------------------------


@pytest.mark.parametrize(
    "brokers", ["", "a:1,", "PLAINTEXT://a:1", "a:x", "a:0", "a:70000", "a b:1", "a:1;b:1"]
)
def test_what_is_no_list_of_brokers_is_told(brokers: str) -> None:
    assert fault(KAFKA__BOOTSTRAP_SERVERS=brokers).startswith(
        "ESPUTNIK_SYNC_KAFKA__BOOTSTRAP_SERVERS: is "
    )


@pytest.mark.parametrize("brokers", ["a:1", "a:1, b:2", "[::1]:9092", "localhost"])
def test_brokers_are_hosts_with_their_ports(brokers: str) -> None:
    found = loading(KAFKA__BOOTSTRAP_SERVERS=brokers)

    assert found.settings.kafka.bootstrap_servers == brokers


@pytest.mark.parametrize(
    ("name", "topic", "other"),
    [
        ("DEAD_LETTER__TOPIC", "orders", "TOPICS"),
        ("CONSENT__MEMORY_TOPIC", "users", "TOPICS"),
        ("REPLAY__MEMORY_TOPIC", "esputnik-sync.dead-letter", "DEAD_LETTER__TOPIC"),
    ],
)
def test_what_is_written_to_is_neither_read_from_nor_written_to_otherwise(
    name: str, topic: str, other: str
) -> None:
    line = fault(**{name: topic})

    assert line == (
        f"ESPUTNIK_SYNC_{name}: is the same topic as in ESPUTNIK_SYNC_{other}; use another one"
    )


def test_sasl_needs_all_it_takes_to_log_in() -> None:
    lines = faults(KAFKA__SECURITY_PROTOCOL="SASL_SSL", KAFKA__SASL_PASSWORD="")

    assert lines == [
        f"ESPUTNIK_SYNC_KAFKA__{name}: is missing; set it: SASL_SSL needs it"
        for name in ("SASL_MECHANISM", "SASL_USERNAME", "SASL_PASSWORD")
    ]


def test_a_key_needs_its_certificate() -> None:
    assert fault(KAFKA__SSL_KEYFILE="/key.pem") == (
        "ESPUTNIK_SYNC_KAFKA__SSL_CERTFILE: is missing; set it to the path of the certificate "
        "for this key"
    )


@pytest.mark.parametrize("text", [None, "", "no PEM"])
def test_a_file_that_is_no_pem_is_told_with_its_setting(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "none.pem" if text is None else a_file(tmp_path, text)

    authority, certificate = faults(f"kafka.ssl_cafile={file}", KAFKA__SSL_CERTFILE=str(file))

    assert authority.startswith("ESPUTNIK_SYNC_KAFKA__SSL_CAFILE (in --set): cannot be used (")
    assert certificate.startswith("ESPUTNIK_SYNC_KAFKA__SSL_CERTFILE: cannot be used with its key")
    assert "(No such file or directory)" in authority or text is not None


@pytest.mark.parametrize("text", [None, "", "no PEM"])
def test_authorities_that_cannot_be_read_are_told_where_esputnik_is_called(
    tmp_path: Path, text: str | None
) -> None:
    file = tmp_path / "none.pem" if text is None else a_file(tmp_path, text)
    given: dict[str, Any] = {"_SSL_CERT_FILE": str(file), "ESPUTNIK__API_KEY": "k"}

    line = fault(needs_api_key=True, **given)

    assert line.startswith("SSL_CERT_FILE: cannot be used (")
    assert line.endswith("; write the path of a PEM file, or leave it out")
    loading(**given)


def test_authorities_may_be_named_or_not(tmp_path: Path) -> None:
    for file in (str(a_file(tmp_path, CERTIFICATE)), ""):
        loading(needs_api_key=True, _SSL_CERT_FILE=file, ESPUTNIK__API_KEY="k")


def test_an_authority_may_be_named_by_its_file(tmp_path: Path) -> None:
    file = a_file(tmp_path, CERTIFICATE)

    assert loading(f"kafka.ssl_cafile={file}").settings.kafka.ssl_cafile == file


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("esputnik.com/api", "is not a URL; write one such as https://esputnik.com/api"),
        ("ftp://esputnik.com", "is not a URL"),
        ("https://", "is not a URL"),
        ("https://a:70000/api", "is not a URL"),
        ("https://[::1/api", "is not a URL"),
        ("https://a/api?key=1", "is not a URL"),
        ("https://a/api#key", "is not a URL"),
        (
            "https://api:secret@a/api",
            "contains a login; put the key into ESPUTNIK_SYNC_ESPUTNIK__API",
        ),
        ("http://esputnik.com/api", "would send the key over plain http; use https://, or set"),
        ("http://127.0.0.1.example.com", "would send the key over plain http"),
    ],
)
def test_an_address_of_the_api_that_cannot_be_used_is_told(url: str, words: str) -> None:
    line = fault(ESPUTNIK__BASE_URL=url)

    assert line.startswith(f"ESPUTNIK_SYNC_ESPUTNIK__BASE_URL: {words}")


@pytest.mark.parametrize(
    "url",
    [
        "https://esputnik.com/api",
        "http://localhost:8200/api",
        "http://127.0.0.9/api",
        "http://[::1]/api",
    ],
)
def test_plain_http_goes_to_this_machine(url: str) -> None:
    assert loading(ESPUTNIK__BASE_URL=url).settings.esputnik.base_url == url


def test_plain_http_goes_elsewhere_if_that_is_allowed() -> None:
    loading("esputnik.base_url=http://proxy:80/api", "esputnik.allow_http=true")


@pytest.mark.parametrize("token", [{}, {"ADMIN__TOKEN": ""}])
def test_an_open_host_needs_a_token(token: dict[str, str]) -> None:
    line = fault(ADMIN__HOST="0.0.0.0", **token)  # noqa: S104 - its case

    assert line.startswith("ESPUTNIK_SYNC_ADMIN__TOKEN: is missing; set a bearer token, since ")
    loading(ADMIN__HOST="0.0.0.0", ADMIN__TOKEN="t")  # noqa: S104 - its case


# -- warnings -------------------------------------------------------------------------------


def test_settings_of_parts_that_are_not_built_are_named_in_one_warning() -> None:
    (warning,) = loading("audit.topic=a", WEBHOOKS__ENABLED="true", ADMIN__PORT="1").warnings

    assert warning == (
        "these settings have no effect in this version: ESPUTNIK_SYNC_AUDIT__TOPIC, "
        "ESPUTNIK_SYNC_WEBHOOKS__ENABLED"
    )


def test_a_setting_of_a_part_that_is_not_built_is_checked_all_the_same() -> None:
    assert fault(CONSENT__SKEW="-1").startswith("ESPUTNIK_SYNC_CONSENT__SKEW: is too small")


def test_a_route_that_no_channel_goes_by_is_worth_a_warning() -> None:
    loaded = loading(CONSENT__ROUTES='{"email": {"segment": 1}, "all": {"segment": 2}}')
    useful = loading(CONSENT__ROUTES='{"sms": {"segment": 1}, "news": {"subscription": "news"}}')

    of_email, of_all = loaded.warnings
    assert of_email == (
        "ESPUTNIK_SYNC_CONSENT__ROUTES: email routes a category of that name alone; the channel "
        "email always goes by the list of unsubscribed addresses"
    )
    assert "the channel all always goes by" in of_all
    assert set(loaded.settings.consent.routes) == {"email", "all"}
    assert useful.warnings == ()


def test_a_password_that_goes_unencrypted_is_worth_a_warning() -> None:
    sasl: dict[str, Any] = {"KAFKA__SASL_USERNAME": "me", "KAFKA__SASL_PASSWORD": "p"}

    plain = loading(
        KAFKA__SECURITY_PROTOCOL="SASL_PLAINTEXT", KAFKA__SASL_MECHANISM="PLAIN", **sasl
    )
    scram = loading(
        KAFKA__SECURITY_PROTOCOL="SASL_PLAINTEXT", KAFKA__SASL_MECHANISM="SCRAM-SHA-512", **sasl
    )
    tls = loading(KAFKA__SECURITY_PROTOCOL="SASL_SSL", KAFKA__SASL_MECHANISM="PLAIN", **sasl)

    (warning,) = plain.warnings
    assert warning.startswith("ESPUTNIK_SYNC_KAFKA__SECURITY_PROTOCOL: ")
    assert (scram.warnings, tls.warnings) == ((), ())


@pytest.mark.parametrize(
    "path",
    ["esputnik.api_key", "kafka.sasl_password", "privacy.hash_key", "admin.token"],
)
def test_a_secret_on_the_command_line_is_worth_a_warning(path: str) -> None:
    name = env_name(path)
    by_environment: dict[str, Any] = {name.removeprefix(PREFIX): "canary"}

    warning, *_ = loading(f"{path}=canary").warnings

    assert warning.startswith(f"--set {path}: ")
    assert warning.endswith(f"{name}_FILE")
    assert "canary" not in warning
    assert not [one for one in loading(**by_environment).warnings if one.startswith("--set")]


@pytest.mark.parametrize(
    ("given", "protocol"),
    [
        ({"KAFKA__SASL_USERNAME": "me"}, "PLAINTEXT"),
        ({"KAFKA__SASL_MECHANISM": "PLAIN"}, "SSL"),
        ({"KAFKA__SSL_CAFILE": ""}, "PLAINTEXT"),
    ],
)
def test_a_login_or_a_certificate_that_the_protocol_leaves_out_is_worth_a_warning(
    given: dict[str, Any], protocol: str
) -> None:
    (warning,) = loading(KAFKA__SECURITY_PROTOCOL=protocol, **given).warnings

    assert warning.startswith(f"{PREFIX}{next(iter(given))}: no effect with {protocol}; use ")


def test_a_slip_shows_no_secret() -> None:
    colon = fault("esputnik.api_key:canary")
    key_as_file = fault(ESPUTNIK__API_KEY_FILE="canary")
    file = fault(ESPUTNIK__API_KEY_FILE="/run/secrets/absent")

    assert "canary" not in colon + key_as_file
    assert colon.startswith("--set esputnik.api_key: has no value")
    assert "No such file" in key_as_file
    assert "/run/secrets/absent: No such file" in file


def test_maps_of_secrets_are_secrets_as_well() -> None:
    assert "webhooks.secrets" in SECRETS


def test_without_anything_set_there_is_no_warning() -> None:
    assert loading().warnings == ()
