"""``sluice history``: what became of each release of a Release, and one of them entry by entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.cli.options import Context, Format, Kubeconfig, Name, Namespace, Output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from controller.cli.cluster import Session
    from controller.core.record import Entry, Record

Number = Annotated[
    int, typer.Argument(help="A release by its number, entry by entry; without: all that are kept.", min=0)
]

_OUTCOMES = {"Adopted": "green", "Promoted": "green", "RolledBack": "bold red", "InProgress": "cyan"}


def history(
    name: Name,
    number: Number = 0,
    namespace: Namespace = "",
    output: Output = Format.TABLE,
    context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Show what became of the last 20 releases: when, how long, how they ended and why; or one of them in full."""
    from controller.cli.cluster import Target, bare, on_cluster
    from controller.cli.console import dump, say, show

    async def work(session: Session) -> list[tuple[Record, dict[str, Any]]]:
        return await _records(session, bare(name), number)

    found = on_cluster(Target(kubeconfig, context, namespace), work)
    for _, obj in found:
        obj["metadata"].pop("managedFields", None)
    if output is not Format.TABLE:
        objects = [obj for _, obj in found]
        dump(objects[0] if number else {"apiVersion": "v1", "kind": "List", "items": objects}, output)
    elif number:
        show(one(found[0][0]))
    elif found:
        show(overview([record for record, _ in found]))
    else:
        say("there is no record yet: the first one begins with the next release")


async def _records(session: Session, name: str, number: int) -> list[tuple[Record, dict[str, Any]]]:
    """All that are kept, the oldest first, or the one asked for. Raises NotFound."""
    from controller.cluster import Kind
    from controller.crd.record import RELEASE_LABEL, release_label
    from controller.crd.record import history as read
    from controller.errors import NotFound

    kind = Kind("sluice.dev", "ReleaseRecord", "v1alpha1")
    labels = f"{RELEASE_LABEL}={release_label(name)}"
    listed = await session.cluster.list(kind, session.namespace, labels=labels)
    found = [(record, dict(obj)) for record, obj in read(name, listed)]
    if not found:
        await session.release(name)  # says it if there is no such Release
    if not number:
        return found
    asked = [(record, obj) for record, obj in found if record.number == number]
    if not asked:
        numbers = ", ".join(str(record.number) for record, _ in found) or "none yet"
        raise NotFound(f"there is no record of release {number} of {name}; there are: {numbers}", status=404)
    return asked


def overview(records: Sequence[Record]) -> RenderableType:
    """A line for each release."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for heading in ("NUMBER", "OUTCOME", "CANDIDATE", "IMAGES", "STARTED", "TOOK"):
        table.add_column(heading, no_wrap=True)
    table.add_column("SUMMARY", overflow="fold")
    for record in records:
        images = ", ".join(image.rpartition("/")[2] for image in record.candidate.images)
        outcome = Text(record.outcome, style=_OUTCOMES.get(record.outcome, "yellow"))
        row = (str(record.number), outcome, record.candidate.revision, images, _date(record.started), _took(record))
        table.add_row(*row, record.summary)
    return table


def one(record: Record) -> RenderableType:
    """A record in full."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    facts = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    facts.add_row("candidate", str(record.candidate))
    facts.add_row("stable", str(record.stable or "none: the Deployment was adopted"))
    facts.add_row("started", _date(record.started))
    if record.ended is not None:
        facts.add_row("ended", f"{_date(record.ended)}, after {_took(record)}")
    if record.requests:
        facts.add_row("judged", f"{record.requests:,} requests, {record.candidate_requests:,} of the candidate")
    entries = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for heading in ("TIME", "KIND", "NAME", "BY"):
        entries.add_column(heading, no_wrap=True)
    entries.add_column("WHAT", overflow="fold")
    for entry in record.entries:
        entries.add_row(_date(entry.at), entry.kind, entry.name, entry.by, _what(entry))
    outcome = Text(f"release {record.number}: {record.outcome}", style=_OUTCOMES.get(record.outcome, "yellow"))
    parts: list[RenderableType] = [outcome]
    if record.summary:
        parts.append(Text(record.summary))
    parts += [facts, Text(), entries]
    if record.left_out:
        parts.append(Text(f"{record.left_out} entries in the middle were left out for want of room", style="dim"))
    return Group(*parts)


def _what(entry: Entry) -> str:
    text = entry.text
    if entry.value is not None:
        text += f" [{entry.value:.6g}" + (f" of {entry.sample:,} requests]" if entry.sample else "]")
    return f"{text} (written down later)" if entry.late else text


def _took(record: Record) -> str:
    from controller.core.record import span

    return "" if record.ended is None else span(record.ended - record.started)


def _date(moment: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S")
