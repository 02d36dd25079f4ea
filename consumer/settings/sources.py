"""Reads the settings: `--set`, environment, file, defaults, in this order of precedence.

The only reader of the environment. All faults are told at once, a line each.
"""

import os
import ssl
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path

from pydantic import ValidationError

from consumer.errors import SettingsError
from consumer.settings.conflicts import SECRETS, cautions, conflicts
from consumer.settings.faults import fault, named, path_of
from consumer.settings.layer import Layer, read_document
from consumer.settings.model import LEAVES, PREFIX, UNBUILT, Kafka, Loaded, Settings, env_name
from consumer.settings.yaml import read_yaml

DEFAULT_FILE = Path("esputnik-sync.yaml")
ALIASES = {"KAFKA_BOOTSTRAP_SERVERS": "kafka.bootstrap_servers"}
INJECTED = (f"{PREFIX}PORT", f"{PREFIX}SERVICE_")  # by Kubernetes, for a service of our name
FILE = "_FILE"  # after a name: the path of a file that holds the value
API_KEY = "esputnik.api_key"
AUTHORITIES = "SSL_CERT_FILE"  # OpenSSL's name for the authorities to trust; the HTTP client's too


def environment() -> Mapping[str, str]:
    """Return the environment of this process."""
    return os.environ


def load(
    *,
    config: Path | None,
    overrides: Sequence[str],
    environ: Mapping[str, str],
    needs_api_key: bool,
) -> Loaded:
    """Return the settings in force.

    Args:
        config: A YAML file; by default `esputnik-sync.yaml`, if there is one here.
        overrides: `path=value` of `--set`.
        environ: The environment.
        needs_api_key: Whether eSputnik is to be called.

    Raises:
        SettingsError: With every fault that was found.
    """
    lower = read_environment(environ).over(read_file(config, environ))
    layer = read_overrides(overrides).over(lower)
    settings = _validated(layer)
    for path, words in (
        *conflicts(settings, needs_api_key=needs_api_key),
        *_bad_files(settings.kafka),
    ):
        layer.refuse(path, f"{named(path, layer.origins)}: {words}")
    if needs_api_key:
        layer.faults += _bad_authorities(environ.get(AUTHORITIES))
    if layer.faults:
        raise SettingsError(layer.faults)
    key_file = env_name(API_KEY) + FILE
    return Loaded(
        settings=settings,
        origins=layer.origins,
        warnings=(*_unbuilt(layer), *cautions(settings, layer.origins)),
        key_file=Path(environ[key_file]) if layer.origins.get(API_KEY) == key_file else None,
    )


def _validated(layer: Layer) -> Settings:
    """Return the settings; what is wrong in the layer becomes faults, and defaults serve."""
    while True:
        try:
            return Settings(**layer.nested())
        except ValidationError as error:
            lines: dict[str, list[str]] = {}
            for one in error.errors(include_input=False):
                lines.setdefault(path_of(one), []).append(fault(one, layer.origins))
            for path, told in lines.items():
                layer.refuse(path, *told)


def _bad_files(kafka: Kafka) -> Iterator[tuple[str, str]]:
    """Yield which PEM files cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if kafka.ssl_cafile is not None:
            context.load_verify_locations(kafka.ssl_cafile)
    except OSError as trouble:
        yield "kafka.ssl_cafile", f"cannot be used ({_why(trouble)}); write the path of a PEM file"
    try:
        if kafka.ssl_certfile is not None:
            # The empty password keeps it from asking for one on the terminal.
            context.load_cert_chain(kafka.ssl_certfile, kafka.ssl_keyfile, password="")
    except OSError as trouble:
        why = f"cannot be used with its key ({_why(trouble)})"
        remedy = "use a certificate and a key that belong together; the key without a password"
        yield "kafka.ssl_certfile", f"{why}; {remedy}"


def _bad_authorities(file: str | None) -> Iterator[str]:
    """Yield why eSputnik's certificate cannot be judged by this file; an empty name is none."""
    try:
        if file:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except OSError as trouble:
        remedy = "write the path of a PEM file, or leave it out"
        yield f"{AUTHORITIES}: cannot be used ({_why(trouble)}); {remedy}"


def _why(trouble: OSError) -> str:
    if isinstance(trouble, ssl.SSLError):
        return trouble.reason or "no PEM"
    return trouble.strerror or "unreadable"


def _unbuilt(layer: Layer) -> Iterator[str]:
    """Name in one line the settings whose part is not built yet."""
    early = [env_name(path) for path in UNBUILT if path in layer.origins]
    if early:
        yield f"these settings have no effect in this version: {', '.join(early)}"


# -- the sources ----------------------------------------------------------------------------


def read_file(config: Path | None, environ: Mapping[str, str]) -> Layer:
    """Return what a YAML file says; nothing where none is named and none is here."""
    if config is None and not DEFAULT_FILE.is_file():
        return Layer()
    file = config or DEFAULT_FILE
    try:
        document = read_yaml(file.read_text("utf-8"))
    except OSError as trouble:
        return _unreadable(file, f"{trouble.strerror}; write the path of a YAML file")
    except UnicodeDecodeError:
        return _unreadable(file, "is not valid YAML; correct it")
    except ValueError as trouble:
        return _unreadable(file, str(trouble))
    if not isinstance(document, dict | None):
        return _unreadable(file, "contains no settings; write groups such as kafka:")
    return read_document(document or {}, str(file), environ)


def _unreadable(file: Path, why: str) -> Layer:
    return Layer(faults=[f"--config {file}: {why}"])


def read_environment(environ: Mapping[str, str]) -> Layer:
    """Return what the environment says: names, their files, and the alias."""
    layer, paths = Layer(), {env_name(path): path for path in LEAVES}
    for alias, path in ALIASES.items():
        if environ.get(alias) and env_name(path) not in environ:
            layer.put(path, environ[alias], alias, alias)
    for name, value in environ.items():
        if not name.startswith(PREFIX) or name.startswith(INJECTED):
            continue
        bare = name.removesuffix(FILE)
        if name in paths or bare not in paths:
            layer.put(paths.get(name) or _path(name), value, name, name)
        elif bare in environ:
            layer.refuse(paths[bare], f"{name}: {bare} is set too; remove one of them")
        else:
            _read_value(layer, paths[bare], name, value)
    return layer


def _path(name: str) -> str:
    return name.removeprefix(PREFIX).lower().replace("__", ".")


def _read_value(layer: Layer, path: str, name: str, file: str) -> None:
    """Set a setting to what a file holds."""
    if not file:
        layer.refuse(path, f"{name}: is empty; write the path of a readable file")
        return
    try:
        layer.put(path, Path(file).read_text("utf-8").strip(), name, name)
    except (OSError, ValueError) as trouble:
        why = getattr(trouble, "strerror", None) or "is not UTF-8"
        shown = f"{_shown(file)}: " if path not in SECRETS or os.sep in file else ""
        layer.refuse(path, f"{name}: {shown}{why}; write the path of a readable file")


def _shown(file: str) -> str:
    return file if file.isprintable() else repr(file)


def _is_of_a_path(sign: str) -> bool:
    return sign.isalnum() or sign in "._"


def read_overrides(overrides: Sequence[str]) -> Layer:
    """Return what `--set` says."""
    layer = Layer()
    for given in overrides:
        path, is_pair, text = given.partition("=")
        if is_pair:
            layer.put(path, text, "--set", f"--set {path}")
        else:
            name = "".join(takewhile(_is_of_a_path, given))  # what follows may be a secret
            layer.faults.append(f"--set {name}: has no value; write --set path=value")
    return layer
