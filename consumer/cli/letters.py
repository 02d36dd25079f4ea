"""The commands that look at dead letters, and the options that say which are meant."""

import asyncio
import inspect
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any

import typer

from consumer.build import connection, planner
from consumer.cli.main import Config, Json, Set, loaded_for, typed, write_line
from consumer.cli.tables import LETTERS, document, letter_rows, table
from consumer.cli.words import instant, not_types, selector
from consumer.cli.words import letter_id as known_id
from consumer.cli.words import reason as known_reason
from consumer.clock import SystemClock
from consumer.deadletters.reading import Filters, Found, Reading, newest, page, read_letters, row
from consumer.errors import WorkFailedError
from consumer.kafka import KafkaAdmin, read_topic
from consumer.record import Record
from consumer.settings.model import Loaded, env_name

dlq = typer.Typer(name="dlq", help="List and show dead letters.", no_args_is_help=True)
Limit = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="At most N letters.", show_default=False),
]


# -- which letters --------------------------------------------------------------------------


def _filters(  # noqa: PLR0913, PLR0917 - the options of three commands
    reason: Annotated[
        list[str] | None,
        typer.Option(
            parser=typed(known_reason),
            metavar="REASON",
            help="A reason such as esp.not_found, or a stage such as esp. Repeatable.",
        ),
    ] = None,
    event_type: Annotated[
        list[str] | None,
        typer.Option(
            "--type", parser=typed(selector), metavar="TYPE", help="An event type. Repeatable."
        ),
    ] = None,
    topic: Annotated[
        list[str] | None,
        typer.Option(parser=typed(selector), metavar="TOPIC", help="A source topic. Repeatable."),
    ] = None,
    partition: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="A partition of the source topic.")
    ] = None,
    offset: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="An offset in that partition.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            parser=typed(instant), metavar="TIME", help="Dead-lettered at that time or later."
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(parser=typed(instant), metavar="TIME", help="Dead-lettered before that time."),
    ] = None,
    event_id: Annotated[
        list[str] | None,
        typer.Option(parser=typed(selector), metavar="ID", help="An event id. Repeatable."),
    ] = None,
    letter_id: Annotated[
        list[str] | None,
        typer.Option(
            "--id",
            parser=typed(known_id),
            metavar="ID",
            help="A letter id, or its first characters. Repeatable.",
        ),
    ] = None,
) -> Filters:
    return Filters(
        reasons=frozenset(reason or ()),
        types=frozenset(event_type or ()),
        topics=frozenset(topic or ()),
        partition=partition,
        offset=offset,
        since=since,
        until=until,
        event_ids=frozenset(event_id or ()),
        ids=tuple(letter_id or ()),
    )


def filtered(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command that takes `filters` the options that make them."""
    own = inspect.signature(command).parameters
    options = inspect.signature(_filters).parameters

    def run(**given: Any) -> None:  # noqa: ANN401 - whatever was typed
        filters = _filters(**{name: given.pop(name) for name in options})
        command(filters=filters, **given)

    kept = [one for name, one in own.items() if name != "filters"]
    every = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*kept, *options.values())]
    run.__signature__ = inspect.Signature(every)  # type: ignore[attr-defined]  # functions may
    run.__annotations__ = {one.name: one.annotation for one in every}
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    return run


@dataclass(slots=True)
class _Spans:
    """The offsets read, first and last, by partition."""

    seen: dict[int, tuple[int, int]] = field(default_factory=dict)

    async def watch(self, records: AsyncIterator[Record]) -> AsyncIterator[Record]:
        """Pass records on."""
        async for record in records:
            first, _ = self.seen.get(record.partition, (record.offset, 0))
            self.seen[record.partition] = (first, record.offset)
            yield record

    def __str__(self) -> str:
        parts = [f"{number}:{a}-{b}" for number, (a, b) in sorted(self.seen.items())]
        return " ".join(parts) or "nothing"


async def matching(loaded: Loaded, filters: Filters) -> list[Found]:
    """Return the newest letters that are meant, and say what was read."""
    spans, reading, topic = _Spans(), Reading(), loaded.settings.dead_letter.topic
    absent = (
        f"the topic {topic} does not exist yet, or this user may not see it; "
        f"{env_name('dead_letter.topic')} sets another topic"
    )
    records = spans.watch(topic_records(loaded, topic, absent=absent))
    letters = newest([one async for one in read_letters(records, reading)])
    kept = [one for one in letters if filters.keep(one.letter)]
    typer.echo(
        f"read {topic} {spans}: {reading.letters} letters, {reading.strangers} other records; "
        f"{len(kept)} match",
        err=True,
    )
    if not kept:
        for line in not_types(filters.types):
            typer.echo(line, err=True)
    return kept


async def topic_records(loaded: Loaded, topic: str, *, absent: str = "") -> AsyncIterator[Record]:
    """Read a topic; one that does not exist holds nothing, which `absent` then says."""
    way = connection(loaded.settings)
    async with KafkaAdmin(way) as admin:
        exists = topic in await admin.topics()
    if exists:
        async for record in read_topic(way, topic):
            yield record
    elif absent:
        typer.echo(absent, err=True)


# -- looking --------------------------------------------------------------------------------


@dlq.command("list")
@filtered
def list_(  # noqa: PLR0913 - options
    *,
    context: typer.Context,
    filters: Filters,
    limit: Limit = None,
    as_json: Json = False,
    config: Config = None,
    sets: Set = None,
) -> None:
    """List dead letters, one per line, without any data of the event.

    Sorted by source topic, partition and offset.
    """
    loaded = loaded_for(context, config, sets, needs_api_key=False)
    rows = [row(one) for one in asyncio.run(matching(loaded, filters))][:limit]
    print_rows(rows, letter_rows, LETTERS, as_json=as_json)


@dlq.command()
@filtered
def show(  # noqa: PLR0913 - options
    *,
    context: typer.Context,
    ids: Annotated[
        list[str] | None,
        typer.Argument(
            parser=typed(known_id), metavar="ID", help="A letter id, or its first characters."
        ),
    ] = None,
    filters: Filters,
    limit: Limit = None,
    as_json: Json = False,
    config: Config = None,
    sets: Set = None,
) -> None:
    """Show dead letters in full.

    The event is masked. Also shown: the remedy, the outcome of each call, and the exact HTTP
    requests that a replay would send now.
    """
    loaded = loaded_for(context, config, sets, needs_api_key=False)
    wanted = replace(filters, ids=(*filters.ids, *(ids or ())))
    found = asyncio.run(matching(loaded, wanted))[:limit]
    if not found:
        raise WorkFailedError("no such letter; `esputnik-sync dlq list` lists all letters")
    plan, now = planner(loaded.settings), SystemClock().wall()
    for one in found:
        told = page(one, plan, now)
        if as_json or not sys.stdout.isatty():
            write_line(told)
        else:
            document(told)


def print_rows(
    rows: Sequence[dict[str, Any]],
    for_people: Callable[[Sequence[dict[str, Any]]], Sequence[Mapping[str, Any]]],
    columns: Sequence[str],
    *,
    as_json: bool,
) -> None:
    """Print lines of JSON; on a terminal a table of these columns of what is for people."""
    if as_json or not sys.stdout.isatty():
        for told in rows:
            write_line(told)
    else:
        table(for_people(rows), columns)
