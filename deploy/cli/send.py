"""`headrace send`."""

import sys
import time
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import typer

from broker.errors import Invalid
from deploy.cli import send_options as option
from deploy.cli.client import full_name
from deploy.cli.options import Output, OutputOption
from deploy.cli.outgoing import JSON, Described, data_of_fields, extensions, read_data, read_events
from deploy.cli.output import write_data
from deploy.cli.publisher import Publisher
from deploy.cli.sending import Tally, send_all
from deploy.config.quantities import rate_per_second


def send(
    type: option.Type = None,
    source: option.Source = None,
    id: option.Id = None,
    subject: option.Subject = None,
    event_time: option.Time = None,
    dataschema: option.Dataschema = None,
    content_type: option.ContentType = None,
    ext: option.Extensions = None,
    data: option.Data = None,
    fields: option.Fields = None,
    file: option.File = None,
    batch: option.Batch = 1,
    rate: option.Rate = None,
    count: option.Count = 1,
    to: option.To = None,
    broker: option.Broker = None,
    output: OutputOption = None,
) -> None:
    """Publish events, and say what was accepted. Exits 1 if any was refused.

    Waits and tries again where the broker asks for patience (429, 503).

    \b
    Examples:
      headrace send --type com.example.order --field id=7 --field item.colour=red
      headrace send --type com.example.note --data @note.json --to http://host:8080/team/main
      headrace send --file events.ndjson --batch 100 --rate 500
    """
    attributes = {
        "type": type,
        "source": source,
        "id": id,
        "subject": subject,
        "time": event_time,
        "dataschema": dataschema,
        "datacontenttype": content_type,
        **extensions(ext or []),
    }
    described = _described(attributes, data, fields) if file is None else None
    if described is None and (count > 1 or any((data, fields, *attributes.values()))):
        raise typer.BadParameter("--file goes with no other description of events")
    if to is not None and broker is not None:
        raise typer.BadParameter("give --to or --broker, not both")
    events = described.events(count) if described else read_events(str(file))
    url = to or f"{option.INGRESS}/{full_name(broker or 'default')}"
    per_second = _parsed_rate(rate)
    started = time.monotonic()
    with closing(Publisher(url)) as publisher:
        tally = send_all(events, publisher, batch, per_second, count if described else None)
    _report(tally, url, time.monotonic() - started, output or Output.TABLE)


def _described(
    options: Mapping[str, str | None], data: str | None, fields: list[str] | None
) -> Described:
    attributes = {name: value for name, value in options.items() if value is not None}
    if "type" not in attributes:
        raise typer.BadParameter("give --type, or events by --file")
    if data is not None and fields:
        raise typer.BadParameter("give --data or --field, not both")
    if fields:
        return Described({"datacontenttype": JSON, **attributes}, data_of_fields(fields))
    if data is None:
        return Described(attributes)
    content, seeming_type = read_data(data)
    return Described({"datacontenttype": seeming_type, **attributes}, content)


def _parsed_rate(rate: str | None) -> float | None:
    if rate is None:
        return None
    try:
        return rate_per_second(float(rate) if rate.replace(".", "", 1).isdecimal() else rate)
    except Invalid as error:
        raise typer.BadParameter(f"--rate {rate} {error.what}; {error.remedy}") from error


def _report(tally: Tally, url: str, seconds: float, output: Output) -> None:
    if output is Output.TABLE:
        print(_sentence(tally, url, seconds))
    else:
        write_data(_summary(tally, url, seconds), output)
    for line in tally.refused:
        print(f"refused: {line}", file=sys.stderr)
    if tally.refused_count:
        print(f"headrace: refused events: {tally.refused_count}", file=sys.stderr)
        raise typer.Exit(1)


def _sentence(tally: Tally, url: str, seconds: float) -> str:
    duplicates = f", {tally.duplicates} of them duplicates" if tally.duplicates else ""
    if tally.accepted == 1 and tally.first is not None:
        event = tally.first
        duplicates = " (a duplicate)" if tally.duplicates else ""
        return f"accepted {event.type} {event.id} from {event.source} at {url}{duplicates}"
    rate = f", {tally.accepted / seconds:,.0f} a second" if seconds > 0.1 else ""
    return f"accepted {tally.accepted:,} events{duplicates} at {url} in {seconds:.2f} s{rate}"


def _summary(tally: Tally, url: str, seconds: float) -> dict[str, Any]:
    return {
        "to": url,
        "accepted": tally.accepted,
        "duplicates": tally.duplicates,
        "refused": tally.refused_count,
        "refusals": tally.refused,
        "seconds": round(seconds, 3),
        "first": dict(tally.first.attributes) if tally.first else None,
        "last": dict(tally.last.attributes) if tally.last else None,
    }
