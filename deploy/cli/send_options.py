"""The options of `headrace send`."""

from typing import Annotated

import typer

INGRESS = "http://127.0.0.1:8080"

Type = Annotated[str | None, typer.Option(help="The event's type, such as com.example.a.")]
Source = Annotated[str | None, typer.Option(help="Default /headrace/send.")]
Id = Annotated[str | None, typer.Option(help="Default a new UUID.")]
Subject = Annotated[str | None, typer.Option(help="What it is about.")]
Time = Annotated[str | None, typer.Option("--time", help="RFC 3339; default now.")]
Dataschema = Annotated[str | None, typer.Option(help="A URI.")]
ContentType = Annotated[str | None, typer.Option(help="Default: what the data seems to be.")]
Extensions = Annotated[list[str] | None, typer.Option(metavar="K=V", help="An extension.")]
Data = Annotated[str | None, typer.Option(metavar="TEXT|@FILE|-", help="The data.")]
Fields = Annotated[
    list[str] | None,
    typer.Option("--field", metavar="A.B=1", help="One field of JSON data; may be repeated."),
]
File = Annotated[
    str | None, typer.Option(metavar="FILE|-", help="NDJSON: one CloudEvent in JSON a line.")
]
Batch = Annotated[int, typer.Option(min=1, max=10_000, metavar="N", help="Events per request.")]
Rate = Annotated[str | None, typer.Option(metavar="N", help="Events per second, or 300/m.")]
Count = Annotated[int, typer.Option(min=1, max=10**9, metavar="N", help="So many events alike.")]
To = Annotated[str | None, typer.Option(metavar="URL", help="The broker's URL.")]
Broker = Annotated[str | None, typer.Option(metavar="NS/NAME", help=f"A broker at {INGRESS}.")]
