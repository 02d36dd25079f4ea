"""What a shell sees of the commands: exit codes, clear lines, results apart from logs."""

import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from esputnik.actions import names
from tests.integration.commands import (
    COMMAND,
    PATIENCE,
    ROOT,
    Ended,
    ended,
    environment,
    run,
    sandbox,
    started,
)

MISSING_KEY = "ESPUTNIK_SYNC_ESPUTNIK__API_KEY: is missing"
UNREACHABLE: dict[str, Any] = {"KAFKA__START_TIMEOUT": "0.5", "ESPUTNIK__API_KEY": "k"}

MEMORY: dict[str, Any] = {"LEDGER__URL": "memory:"}  # the embedded broker keeps no other


@pytest.fixture(scope="module")
def account() -> Iterator[dict[str, Any]]:
    """The settings by which a sandbox account is reached."""
    with sandbox() as settings:
        yield settings


@pytest.fixture
def nobody() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


def refused(done: Ended, code: int) -> list[str]:
    """The lines that say why a command refused to work, and nothing else."""
    assert done.code == code, done
    assert done.out == ""
    assert "Traceback" not in done.err
    assert all(len(line) < 400 for line in done.complaints)
    return done.complaints


# -- settings: 78 ---------------------------------------------------------------------------


def test_every_fault_of_the_settings_is_one_line() -> None:
    done = run(
        "run",
        "--set",
        "kafka.group=mine",
        ADMIN__PORT="eighty",
        ADMIN__HOST="0.0.0.0",  # noqa: S104 - its case
        TOPICS='{"shop": {"type": "order.paid"}}',
        ESPUTNIK__BASE_URL="http://esputnik.com/api",
    )

    lines = refused(done, 78)
    assert [line.split(": ")[0] for line in lines] == [
        "--set kafka.group",
        "ESPUTNIK_SYNC_TOPICS",
        "ESPUTNIK_SYNC_ADMIN__PORT",
        "ESPUTNIK_SYNC_ESPUTNIK__API_KEY",
        "ESPUTNIK_SYNC_ESPUTNIK__BASE_URL",
        "ESPUTNIK_SYNC_ADMIN__TOKEN",
    ]
    assert all("; " in line for line in lines)


@pytest.mark.parametrize(
    "command", ["run", "replay --yes", "call account-info --json -", "token create"]
)
def test_what_talks_to_the_account_asks_for_the_key(command: str) -> None:
    (line,) = refused(run(*command.split(), given="{}"), 78)

    assert line.startswith(MISSING_KEY)


def test_an_unknown_setting_is_told_with_the_nearest() -> None:
    (line,) = refused(run("config", "show", KAFKA__GROUP="a"), 78)

    assert line.startswith("ESPUTNIK_SYNC_KAFKA__GROUP: is not a setting; did you mean ")
    assert "ESPUTNIK_SYNC_KAFKA__GROUP_ID" in line


def test_a_file_of_settings_that_is_not_there_is_told(tmp_path: Path) -> None:
    (line,) = refused(run("--config", "none.yaml", "config", "show", cwd=tmp_path), 78)

    assert line.startswith("--config none.yaml: No such file or directory; write the path")


def test_the_file_of_the_folder_is_read_and_the_command_line_overrules_it(tmp_path: Path) -> None:
    (tmp_path / "esputnik-sync.yaml").write_text("kafka: {group_id: a}\nadmin: {port: 1}\n")

    done = run("--set", "admin.port=2", "config", "show", "--set", "log.level=debug", cwd=tmp_path)

    found = {line["setting"]: (line["value"], line["origin"]) for line in done.results}
    assert found["kafka.group_id"] == ("a", "esputnik-sync.yaml")
    assert found["admin.port"] == (2, "--set")
    assert found["log.level"] == ("debug", "--set")
    assert found["batch.max_wait"] == (0.25, "default")


def test_the_settings_are_shown_without_the_secrets() -> None:
    secrets: dict[str, Any] = {
        "ESPUTNIK__API_KEY": "canary-1",
        "ADMIN__TOKEN": "canary-2",
        "KAFKA__SASL_PASSWORD": "canary-3",
        "PRIVACY__HASH_KEY": "canary-4",
        "WEBHOOKS__SECRETS": '{"users": "canary-5"}',
    }

    done = run("config", "show", **secrets)

    assert done.code == 0
    assert "canary" not in done.out + done.err
    shown = {line["setting"]: line["value"] for line in done.results}
    assert shown["esputnik.api_key"] == "**********"
    assert shown["webhooks.secrets"] == {"users": "**********"}


def test_settings_without_effect_are_named_in_one_warning_and_kubernetes_is_ignored() -> None:
    done = run(
        "config",
        "show",
        DEAD_LETTER__PARKING_TOPIC="aside",
        WEBHOOKS__ENABLED="true",
        PORT="tcp://10.0.0.1:8080",
        SERVICE_HOST="10.0.0.1",
    )

    (line,) = [orjson.loads(one) for one in done.err.splitlines()]
    assert (done.code, line["event"], line["level"]) == (0, "settings_warning", "warning")
    assert line["reason"].endswith(
        "ESPUTNIK_SYNC_DEAD_LETTER__PARKING_TOPIC, ESPUTNIK_SYNC_WEBHOOKS__ENABLED"
    )


@pytest.mark.broker
def test_an_admin_port_in_use_is_told(bootstrap: str, account: dict[str, Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("run", _KAFKA_BOOTSTRAP_SERVERS=bootstrap, ADMIN__PORT=port, **MEMORY, **account)

    (line,) = refused(done, 78)
    assert line.startswith(f"ESPUTNIK_SYNC_ADMIN__PORT: cannot listen on 127.0.0.1:{port}")
    assert "; use another port" in line


@pytest.mark.kafka
def test_a_topic_that_is_named_and_does_not_exist_is_told(
    bootstrap: str, account: dict[str, Any]
) -> None:
    topics = '{"no-such-topic": {}, "nor-this": {}}'
    done = run("run", KAFKA__BOOTSTRAP_SERVERS=bootstrap, TOPICS=topics, ADMIN__PORT=0, **account)

    lines = refused(done, 78)
    assert [line.split("; ")[0] for line in lines] == [
        "ESPUTNIK_SYNC_TOPICS: the topic no-such-topic does not exist",
        "ESPUTNIK_SYNC_TOPICS: the topic nor-this does not exist",
    ]


def test_a_port_of_the_sandbox_in_use_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        (line,) = refused(run("sandbox", "--port", port), 78)

    assert line.startswith(f"--port {port}: ")
    assert "0 for a free one" in line


@pytest.mark.parametrize("command", ["run", "call account-info --json -", "token create"])
def test_authorities_that_cannot_be_read_are_one_line(command: str) -> None:
    done = run(*command.split(), given="{}", ESPUTNIK__API_KEY="k", _SSL_CERT_FILE="/none")

    (line,) = refused(done, 78)
    assert line.startswith("SSL_CERT_FILE: cannot be used (No such file or directory); ")


# -- Kafka unreachable: 69 ------------------------------------------------------------------


@pytest.mark.parametrize("command", ["run", "dlq list", "dlq show a", "replay", "replay --yes"])
def test_without_a_broker_a_command_gives_up_in_time(command: str, nobody: str) -> None:
    done = run(*command.split(), KAFKA__BOOTSTRAP_SERVERS=nobody, **UNREACHABLE)

    (line,) = refused(done, 69)
    assert line.startswith(f"no Kafka broker answered at {nobody} within 0.5 s")
    assert "; check ESPUTNIK_SYNC_KAFKA__BOOTSTRAP_SERVERS" in line


# -- credentials: 77 ------------------------------------------------------------------------


@pytest.mark.broker
def test_a_key_that_is_refused_ends_the_run(bootstrap: str, account: dict[str, Any]) -> None:
    wrong = account | {"ESPUTNIK__API_KEY": "canary-key"}
    done = run("run", KAFKA__BOOTSTRAP_SERVERS=bootstrap, ADMIN__PORT=0, **MEMORY, **wrong)

    (line,) = refused(done, 77)
    assert "401" in line
    assert "ESPUTNIK_SYNC_ESPUTNIK__API_KEY" in line
    assert "canary-key" not in done.err


@pytest.mark.parametrize(
    ("command", "code"), [("call account-info --json -", 1), ("token create", 77)]
)
def test_a_key_that_is_refused_ends_a_call(
    command: str, code: int, account: dict[str, Any]
) -> None:
    wrong = account | {"ESPUTNIK__API_KEY": "canary-key"}
    done = run(*command.split(), given="{}", **wrong)

    assert done.code == code
    (line,) = done.complaints
    assert "ESPUTNIK_SYNC_ESPUTNIK__API_KEY" in line
    assert "canary-key" not in done.err + done.out


# -- signals: 130, 143 ----------------------------------------------------------------------


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("command", ["run", "check", "dlq list"])
def test_a_signal_before_it_is_ready_ends_a_command_as_a_shell_would(
    command: str, number: signal.Signals, code: int
) -> None:
    """A broker that accepts and says nothing: once it was called, the command is at work."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        mute.settimeout(30)
        servers = f"127.0.0.1:{mute.getsockname()[1]}"
        with started(
            command.split(), KAFKA__BOOTSTRAP_SERVERS=servers, ESPUTNIK__API_KEY="k"
        ) as process:
            called, _ = mute.accept()
            process.send_signal(number)
            done = ended(process)
            called.close()

    assert (done.code, done.complaints) == (code, [])
    assert "Traceback" not in done.err


LOST = """
import signal, time
import consumer.cli.commands
from consumer.__main__ import main

class Freed:
    def __del__(self):
        signal.raise_signal(signal.SIGTERM)

def execute():
    Freed()  # what is raised in a finalizer is lost
    time.sleep(60)

consumer.cli.commands.execute = execute
main()
"""


def test_a_signal_that_was_lost_in_a_finalizer_ends_a_command_all_the_same() -> None:
    done = subprocess.run([sys.executable, "-c", LOST], cwd=ROOT, check=False, timeout=PATIENCE)

    assert done.returncode == 143


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_sandbox_ends_well_when_it_is_told_to(number: signal.Signals) -> None:
    with started(["sandbox", "--port", "0"]) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("listening on http://127.0.0.1:")
        process.send_signal(number)
        done = ended(process)

    assert (done.code, done.err) == (0, "")


@pytest.mark.broker
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_told_to_stop_ends_well_and_logs_lines_of_json(
    bootstrap: str, account: dict[str, Any], number: signal.Signals
) -> None:
    with started(
        ["run"],
        KAFKA__BOOTSTRAP_SERVERS=bootstrap,
        KAFKA__GROUP_ID=f"stopped-by-{number}",
        ADMIN__PORT=0,
        LOG__LEVEL="debug",
        **MEMORY,
        **account,
    ) as process:
        assert process.stderr is not None
        lines = [process.stderr.readline()]
        while '"event":"started"' not in lines[-1]:
            lines.append(process.stderr.readline())
        process.send_signal(number)
        done = ended(process)

    assert (done.code, done.out, done.complaints) == (0, "", [])
    told = [orjson.loads(line) for line in [*lines, *done.err.splitlines()]]
    assert all({"event", "level", "timestamp"} <= set(line) for line in told)
    assert told[-1]["event"] == "stopped"


@pytest.mark.broker
@pytest.mark.parametrize("command", ["dlq list", "replay"])
def test_a_dead_letter_topic_that_does_not_exist_is_told(command: str, bootstrap: str) -> None:
    done = run(*command.split(), KAFKA__BOOTSTRAP_SERVERS=bootstrap, DEAD_LETTER__TOPIC="nonexist")

    assert (done.code, done.out) == (0, "")
    assert done.complaints[0] == (
        "the topic nonexist does not exist yet, or this user may not see it; "
        "ESPUTNIK_SYNC_DEAD_LETTER__TOPIC sets another topic"
    )


# -- usage: 2 -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("frob", "No such command 'frob'"),
        ("run --nope", "No such option: --nope"),
        ("run --accept-gap orders", "write TOPIC:PARTITION"),
        ("explain", "Missing argument 'FILE|-'"),
        ("schemas user.signedup", "did you mean user.signed_up?"),
        ("schemas zzz", "use one of user.signed_up, "),
        ("call find-contacts --json -", "did you mean find-contact?"),
        ("call zzz --json -", "use one of add-contact, "),
        ("call add-domain", "Missing option '--json'"),
        ("dlq list --since yesterday", "write one such as 2026-"),
        ("dlq list --limit 0", "--limit"),
        ("dlq list --reason schema --reason esp.conflit", "did you mean esp.conflict?"),
        ("dlq show --reason esq", "did you mean esp?"),
        ("replay --reason zzz", "the stages are decode, schema, "),
        ("replay --yes --id ''", "'--id': is empty"),
        ("dlq show ''", "'ID': is empty"),
        ("dlq list --id=", "'--id': is empty"),
        ("dlq list --topic=", "'--topic': is empty"),
        ("dlq list --type=", "'--type': is empty"),
        ("dlq list --event-id=", "'--event-id': is empty"),
        ("dlq list --reason=", "'--reason': '' is neither"),
        ("dlq list --until=", "'--until': '' is not a time"),
        ("dlq list --partition=", "'--partition': "),
        ("replay --rate fast", "--rate"),
        ("sandbox --fault often", "write KIND=PROBABILITY"),
        (
            "sandbox --fault boom=0.5",
            "use one of 500, 429, reset, late, slow, import_error, import",
        ),
    ],
)
def test_what_is_typed_wrong_is_told_with_what_to_type(command: str, words: str) -> None:
    done = run(*shlex.split(command))

    assert (done.code, done.out) == (2, "")
    assert words in " ".join(done.err.split())
    assert "Traceback" not in done.err


@pytest.mark.parametrize("given", ["{", "[]", '{"body": {}, "bodi": {}}'])
def test_a_call_that_is_written_wrong_is_told_and_not_made(given: str) -> None:
    done = run("call", "add-domain", "--json", "-", given=given, ESPUTNIK__API_KEY="k")

    assert len(refused(done, 2)) == 1


# -- results --------------------------------------------------------------------------------


def test_a_call_that_is_done_prints_the_answer(account: dict[str, Any]) -> None:
    given = '{"body": {"domain": "https://shop.example.com"}}'
    done = run("call", "add-domain", "--json", "-", given=given, **account)

    assert (done.code, done.err) == (0, "")
    assert "siteId" in done.results[0]


def test_a_call_that_is_refused_prints_the_answer_and_why(account: dict[str, Any]) -> None:
    given = '{"path": {"id": 404404}}'
    done = run("call", "delete-contact", "--json", "-", given=given, **account)

    assert done.code == 1
    assert len(done.complaints) == 1
    assert "404" in done.complaints[0]
    assert done.out != ""


def test_an_account_that_does_not_answer_is_told(nobody: str) -> None:
    url = f"http://{nobody}/api"
    done = run("token", "create", ESPUTNIK__BASE_URL=url, ESPUTNIK__API_KEY="k")

    (line,) = refused(done, 1)
    assert line.startswith(f"{url} does not answer")
    assert "ESPUTNIK_SYNC_ESPUTNIK__BASE_URL" in line


def test_a_token_is_all_that_is_printed(account: dict[str, Any]) -> None:
    done = run("token", "create", **account)

    assert (done.code, done.err) == (0, "")
    assert len(done.out.split()) == 1


def test_events_that_cannot_be_read_are_no_failure_of_explain() -> None:
    done = run("explain", "-", given='{"type": "user.left", "data": {}}\nno json\n')

    assert (done.code, done.err) == (0, "")
    assert [line["reason"] for line in done.results] == [
        "schema.type_unknown",
        "decode.json_syntax",
    ]


def test_a_file_that_is_not_there_is_wrong_usage_of_explain(tmp_path: Path) -> None:
    (line,) = refused(run("explain", "none.ndjson", cwd=tmp_path), 2)

    assert line == "none.ndjson: No such file or directory"


def test_schemas_are_lines_of_json_when_piped() -> None:
    every, one = run("schemas").results, run("schemas", "order.changed").results

    assert len(every) == 15
    assert one[0] in every


def test_the_schema_of_the_settings_is_one_document() -> None:
    (schema,) = run("config", "schema").results

    assert {"kafka", "esputnik", "topics"} <= set(schema["properties"])


@pytest.mark.parametrize("command", ["explain -", "schemas", "config schema", "config show"])
def test_what_prints_json_may_be_asked_for_json(command: str) -> None:
    given = '{"type": "user.left", "data": {}}\n'
    plain, asked = (run(*command.split(), *more, given=given) for more in ((), ("--json",)))

    assert (asked.code, asked.err) == (0, "")
    assert asked.out == plain.out != ""


def test_the_help_of_call_names_what_each_action_takes() -> None:
    told = run("call", "--help").out

    assert "send-message             POST /v1/message/{id}/smartsend; body: recipients\n" in told
    assert all(f"\n    {name} " in told for name in names())


def test_the_version_is_told_alike_by_both_names_of_the_command() -> None:
    script = Path(COMMAND[0]).parent / "esputnik-sync"
    by_script = subprocess.run(
        [script, "--version"], env=environment({}), capture_output=True, text=True, check=True
    )

    assert by_script.stdout == run("--version").out
    assert by_script.stdout.startswith("esputnik-sync ")


@pytest.mark.parametrize("command", ["schemas", "config show", "explain -"])
def test_a_reader_that_goes_away_ends_a_command_quietly(command: str) -> None:
    with started(command.split()) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.close()
        process.stdin.write('{"type": "user.left", "data": {}}\n' * 1000)
        process.stdin.close()
        assert process.stderr is not None
        err = process.stderr.read()

        assert (process.wait(), err) == (1, "")


@pytest.mark.parametrize(
    "command",
    ["schemas", "schemas segment.joined", "check", "explain demo/sample.ndjson", "--help"],
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_where_nobody_reads_the_results_a_command_ends_quietly_with_1(
    command: str, unbuffered: str
) -> None:
    end, given = os.pipe()
    os.close(end)
    done = subprocess.run(
        [*COMMAND, *command.split()],
        cwd=ROOT,
        env=environment({"_PYTHONUNBUFFERED": unbuffered}),
        stdout=given,
        stderr=subprocess.PIPE,
        check=False,
        timeout=PATIENCE,
    )
    os.close(given)

    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize("command", ["schemas", "config show", "explain demo/sample.ndjson"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_where_results_cannot_be_written_a_command_says_so_and_ends_with_1(
    command: str, unbuffered: str
) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, *command.split()],
            cwd=ROOT,
            env=environment({"_PYTHONUNBUFFERED": unbuffered, "ESPUTNIK__API_KEY": "k"}),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=PATIENCE,
        )

    said = b"cannot write the output: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, said)


def without(redirections: str, *arguments: str) -> tuple[int, str, str]:
    """How a command ends that a shell starts with some of its streams closed."""
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {redirections}', "sh", *COMMAND, *arguments],
        cwd=ROOT,
        env=environment({"ESPUTNIK__API_KEY": "k"}),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("command", ["schemas", "explain demo/sample.ndjson", "--version"])
def test_results_that_nobody_can_be_told_are_a_failure(command: str) -> None:
    said = "cannot write the output: Bad file descriptor\n"

    assert without(">&-", *command.split()) == (1, "", said)


def test_what_is_wrong_stays_so_where_no_stream_is_open() -> None:
    code, _, err = without(">&-", "frob")

    assert code == 2
    assert "No such command 'frob'" in err
    assert without(">&- 2>&- <&-", "frob") == (2, "", "")


def test_results_are_written_where_errors_cannot_be() -> None:
    assert without("2>&-", "--version") == without("", "--version")


@pytest.mark.parametrize(
    ("redirection", "words"),
    [("<&-", "standard input is closed"), ("0>/dev/null", "Bad file descriptor")],
)
@pytest.mark.parametrize("command", ["explain -", "call add-domain --json -"])
def test_input_that_cannot_be_read_is_wrong_usage(
    command: str, redirection: str, words: str
) -> None:
    code, out, err = without(redirection, *command.split())

    assert (code, out) == (2, "")
    assert err.startswith(f"-: {words}")
    assert len(err.splitlines()) == 1


# -- a terminal -----------------------------------------------------------------------------


def on_a_terminal(*arguments: str, **settings: object) -> str:
    """What a command shows on a terminal of 80 columns."""
    ours, theirs = os.openpty()
    told = {"_TERM": "xterm-256color", "_COLUMNS": "80", **settings}
    with subprocess.Popen(
        [*COMMAND, *arguments], env=environment(told), stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    assert process.returncode == 0
    return shown.decode()


def _read(end: int) -> bytes:
    try:
        return os.read(end, 65536)
    except OSError:  # Linux says so where the other end was closed
        return b""


def test_a_terminal_shows_a_table_in_colours() -> None:
    shown = on_a_terminal("config", "show", WEBHOOKS__ENABLED="true")

    assert "\x1b[" in shown
    assert "kafka.group_id" in shown
    assert not shown.lstrip().startswith("{")
    assert max(len(line) for line in shown.splitlines() if "\x1b" not in line) <= 80


def test_no_color_is_honoured_in_results_and_logs() -> None:
    shown = on_a_terminal("config", "show", WEBHOOKS__ENABLED="true", _NO_COLOR="1")

    assert "\x1b" not in shown
    assert "settings_warning" in shown


def test_lines_of_json_may_be_had_on_a_terminal() -> None:
    first = on_a_terminal("config", "show", "--json").splitlines()[0]

    assert orjson.loads(first)["setting"] == "kafka.bootstrap_servers"


@pytest.mark.parametrize("command", ["schemas user.signed_up", "config schema"])
def test_a_schema_is_one_line_on_a_terminal_where_it_is_asked_for(command: str) -> None:
    many, one = (on_a_terminal(*command.split(), *more) for more in ((), ("--json",)))

    assert (len(one.splitlines()), orjson.loads(one)) == (1, orjson.loads(many))
    assert len(many.splitlines()) > 1
