"""Reads the settings: `--set`, environment, file, defaults, in this order of precedence.

The only reader of the environment. Every fault is one line: name, what is wrong, what to write.
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import yaml
from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource
from pydantic_settings import SettingsError as EnvironmentFault

from consumer.errors import SettingsError
from consumer.settings import PREFIX, Loaded, Settings, conflicts, env_name, leaves

DEFAULT_FILE = Path("esputnik-sync.yaml")
ALIASES = {"KAFKA_BOOTSTRAP_SERVERS": "kafka.bootstrap_servers"}
INJECTED = (f"{PREFIX}PORT", f"{PREFIX}SERVICE_")  # by Kubernetes, for a service of our name
UNBUILT = (
    "dead_letter.parking_topic",
    "consent.skew",
    "consent.memory_topic",
    "ledger.url",
    "privacy.hash_key",
    "audit.topic",
    "admin.allow_replay",
    "webhooks.enabled",
    "webhooks.secrets",
)
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


@dataclass(slots=True)
class _Draft:
    """What was found so far: nested values, where each came from, and what is wrong."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    key_file: Path | None = None

    def put(self, path: str, value: object, origin: str) -> None:
        """Set one setting; a later source overrules an earlier one."""
        *above, name = path.split(".")
        node = self.values
        for part in above:
            node = node.setdefault(part, {})
        node[name] = value
        self.origins[path] = origin


class _Environment(EnvSettingsSource):
    """The library's reading of nested names and JSON, over the variables it is given."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        super().__init__(Settings)
        self.env_vars = {name.lower(): value for name, value in variables.items()}


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
    draft = _Draft()
    _read_file(draft, config, environ)
    _read_environment(draft, environ)
    _read_overrides(draft, overrides)
    if draft.faults:
        raise SettingsError(draft.faults)
    settings = _validated(draft)
    loaded = Loaded(
        settings=settings,
        origins=draft.origins,
        warnings=tuple(_warnings(settings, draft.origins)),
        key_file=draft.key_file,
    )
    faults = conflicts(settings)
    if needs_api_key:
        try:
            loaded.api_key()
        except SettingsError as missing:
            faults += missing.faults
    if faults:
        raise SettingsError(faults)
    return loaded


def _validated(draft: _Draft) -> Settings:
    try:
        return Settings(**draft.values)
    except ValidationError as error:
        faults = [_fault(draft, one["loc"], one["msg"], one["type"]) for one in error.errors()]
        raise SettingsError(list(dict.fromkeys(faults))) from None


def _fault(draft: _Draft, place: tuple[int | str, ...], message: str, kind: str) -> str:
    known = leaves()
    parts = [str(part) for part in place]
    path = next(
        (".".join(parts[:n]) for n in range(len(parts), 0, -1) if ".".join(parts[:n]) in known),
        ".".join(parts),
    )
    below = ".".join(parts[len(path.split(".")) :])
    if kind == "extra_forbidden" and path not in known:
        return _unknown(path, env_name(path))
    wrong = message.removeprefix("Value error, ").removeprefix("Input ").strip()
    inside = f" (at {below})" if below else ""
    name, origin = env_name(path), draft.origins.get(path, "default")
    source = "" if origin == name else f", as set by {origin}"
    hint = known[path].description if path in known else ""
    return f"{name}: {wrong}{inside}{source}; write {hint}"


def _unknown(path: str, name: str) -> str:
    nearest = difflib.get_close_matches(path, list(leaves()), n=1, cutoff=0.5)
    advice = f"did you mean {env_name(nearest[0])}?" if nearest else "see docs/settings.md"
    return f"{name}: is no setting; {advice}"


# -- file -----------------------------------------------------------------------------------


def _read_file(draft: _Draft, config: Path | None, environ: Mapping[str, str]) -> None:
    if config is None and not DEFAULT_FILE.is_file():
        return
    path = config or DEFAULT_FILE
    try:
        text = path.read_text("utf-8")
        found = yaml.safe_load(text)
    except OSError as trouble:
        draft.faults.append(f"--config: {path}: {trouble.strerror}; write the path of a YAML file")
        return
    except (yaml.YAMLError, UnicodeDecodeError) as trouble:
        mark = getattr(trouble, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark is not None else ""
        draft.faults.append(f"--config: {path}: is no YAML{where}; correct it")
        return
    if found is not None and not isinstance(found, dict):
        draft.faults.append(f"--config: {path}: is no mapping; write sections such as kafka:")
        return
    filled = _filled(draft, found or {}, environ, str(path))
    for name, value in _flat(filled if isinstance(filled, dict) else {}):
        _put_known(draft, name, value, str(path))


def _filled(draft: _Draft, node: Any, environ: Mapping[str, str], file: str) -> Any:  # noqa: ANN401 - any YAML
    """Fill in `${VAR}` and `${VAR:-default}`, in values only."""
    match node:
        case dict():
            return {str(name): _filled(draft, v, environ, file) for name, v in node.items()}
        case list():
            return [_filled(draft, value, environ, file) for value in node]
        case str():
            return _VARIABLE.sub(lambda found: _variable(draft, found, environ, file), node)
        case _:
            return node


def _variable(draft: _Draft, found: re.Match[str], environ: Mapping[str, str], file: str) -> str:
    name, default = found.groups()
    if name in environ:
        return environ[name]
    if default is None:
        draft.faults.append(f"{name}: is not set, and {file} names it; set it, or write a default")
    return default or ""


def _flat(node: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield settings by path. Maps that are settings themselves stay whole."""
    known = leaves()
    for name, value in node.items():
        path = f"{above}{name}"
        if path not in known and isinstance(value, dict):
            yield from _flat(value, f"{path}.")
        else:
            yield path, value


def _put_known(draft: _Draft, path: str, value: object, origin: str) -> None:
    if path in leaves():
        draft.put(path, value, origin)
    else:
        draft.faults.append(f"{_unknown(path, path)} (in {origin})")


# -- environment ----------------------------------------------------------------------------


def _read_environment(draft: _Draft, environ: Mapping[str, str]) -> None:
    variables, origins = _variables(draft, environ)
    if draft.faults:
        return
    try:
        found = _Environment(variables)()
    except EnvironmentFault as fault:
        cause = re.search(r'field "([^"]+)"', str(fault))
        name = env_name(cause.group(1)) if cause else PREFIX
        bad = [path for path in origins if path.startswith(cause.group(1) if cause else "")]
        name = env_name(bad[0]) if len(bad) == 1 else name
        draft.faults.append(f"{name}: is no JSON; write it as JSON")
        return
    for path, value in _flat(found):
        if path in origins:
            draft.put(path, value, origins[path])


def _variables(draft: _Draft, environ: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the variables that are settings, and the origin of each path."""
    paths = {env_name(path): path for path in leaves()}
    variables: dict[str, str] = {}
    origins: dict[str, str] = {}
    for alias, path in ALIASES.items():
        if environ.get(alias) and env_name(path) not in environ:
            variables[env_name(path)], origins[path] = environ[alias], alias
    for name, value in environ.items():
        if not name.startswith(PREFIX) or name.startswith(INJECTED):
            continue
        if name in paths:
            variables[name], origins[paths[name]] = value, name
        elif name.endswith("_FILE") and (bare := name.removesuffix("_FILE")) in paths:
            if bare in environ:
                draft.faults.append(f"{name}: {bare} is set as well; keep one of them")
                continue
            _read_secret(draft, name, Path(value), paths[bare], variables, origins)
        else:
            path = name.removeprefix(PREFIX).lower().replace("__", ".")
            draft.faults.append(_unknown(path, name))
    return variables, origins


def _read_secret(  # noqa: PLR0913, PLR0917 - where from and where to
    draft: _Draft,
    name: str,
    file: Path,
    path: str,
    variables: dict[str, str],
    origins: dict[str, str],
) -> None:
    try:
        variables[env_name(path)] = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as trouble:
        why = getattr(trouble, "strerror", None) or "is no UTF-8 text"
        draft.faults.append(f"{name}: {file}: {why}; write the path of a readable file")
        return
    origins[path] = name
    if path == "esputnik.api_key":
        draft.key_file = file


# -- --set ----------------------------------------------------------------------------------


def _read_overrides(draft: _Draft, overrides: Sequence[str]) -> None:
    for given in overrides:
        path, is_pair, text = given.partition("=")
        if not is_pair:
            draft.faults.append(f"--set {path}: has no value; write --set path=value")
            continue
        try:
            value = orjson.loads(text) if text[:1] in {"{", "["} else text
        except orjson.JSONDecodeError:
            draft.faults.append(f"--set {path}: is no JSON; write it as JSON")
            continue
        _put_known(draft, path, value, "--set")


def _warnings(settings: Settings, origins: Mapping[str, str]) -> Iterator[str]:
    """Name in one line the settings whose part is not built yet."""
    defaults = Settings()
    early = [
        env_name(path)
        for path in UNBUILT
        if path in origins and _at(settings, path) != _at(defaults, path)
    ]
    if early:
        yield f"set, but of no effect in this version: {', '.join(early)}"


def _at(settings: Settings, path: str) -> object:
    node: object = settings
    for name in path.split("."):
        node = getattr(node, name)
    return node
