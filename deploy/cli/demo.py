"""`headrace demo`: the whole journey on embedded defaults, in a data folder of its own."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from broker.errors import Invalid
from broker.registry import load

if TYPE_CHECKING:  # most runs have no bucket
    from deploy.demo.home import Bucket
    from sinks.file_batch.spec import S3Keys

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
BUCKET, REGION = "headrace-demo", "us-east-1"
NEEDED, EXTRAS = {"--s3": "deploy.demo.bucket:prepare"}, "s3,files"
SESSION_TOKEN = "AWS_SESSION_TOKEN"  # noqa: S105 - a variable's name


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="end after checking the counts: exit 0 or 1")
    ] = False,
    folder: Annotated[Path, typer.Option(help="each run makes a fresh folder in this one")] = Path(
        "headrace-demo"
    ),
    listen: Annotated[str, typer.Option(help="HOST:PORT of the ingress")] = "127.0.0.1:8080",
    admin: Annotated[str, typer.Option(help="HOST:PORT of the admin listener")] = "127.0.0.1:8081",
    s3: Annotated[
        str | None,
        typer.Option(metavar="URL", help="an S3 server: the files go through a bucket of it"),
    ] = None,
    bucket: Annotated[
        str | None,
        typer.Option(help=f"its bucket, made where there is none; else {BUCKET}"),
    ] = None,
    region: Annotated[str | None, typer.Option(help=f"its region; else {REGION}")] = None,
) -> None:
    """Classify 150 irises with a model, by file and one by one, and see what failed and why.

    Puts two CSV files into a watched folder, one with spoiled rows: predictions, errors and a
    manifest appear beside them. Then publishes the measurements as CloudEvents over HTTP: one
    trigger carries them to an ONNX model in process, a second one carries the predictions to a
    file, a third one meets a subscriber that refuses some, so that there are dead letters.

    With --s3 the files are in a bucket, below a prefix of this run. The keys are taken from the
    environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.

    \b
    Examples:
      headrace demo
      headrace demo --once --listen 127.0.0.1:0 --admin 127.0.0.1:0
      headrace demo --s3 http://127.0.0.1:9000 --bucket flowers
    """
    from deploy.addresses import parse_address
    from deploy.demo.journey import Journey
    from deploy.environment import read_environment
    from deploy.serve import run_loop

    ingress, asked = parse_address(listen, "--listen"), parse_address(admin, "--admin")
    at = bucket_at(s3, bucket, region, read_environment().variables)
    journey = Journey(folder, ingress, asked, at)
    raise typer.Exit(run_loop(journey.run(once)))


def bucket_at(
    endpoint: str | None, name: str | None, region: str | None, environment: Mapping[str, str]
) -> "Bucket | None":
    """The bucket that the options name, with keys; None without `endpoint`. Raises Invalid."""
    from deploy.config.sources.s3 import bucket_name, endpoint_url, region_name
    from deploy.demo.home import Bucket
    from sinks.file_batch.spec import S3Access

    if endpoint is None:
        for option, value in (("--bucket", name), ("--region", region)):
            if value is not None:
                what, remedy = "there is no S3 server that it is of", "name one with --s3"
                raise Invalid(what, code="no-server", where=option, remedy=remedy)
        return None
    access = S3Access(
        judged("--s3", endpoint, endpoint_url),
        judged("--region", region or REGION, region_name),
        keys_in(environment),
    )
    bucket = Bucket(judged("--bucket", name or BUCKET, bucket_name), access)
    load(NEEDED, "--s3", EXTRAS)
    return bucket


def judged(option: str, value: str, judge: Callable[[str], str]) -> str:
    """`value` as a configuration would take it; what is wrong with it is said of the option."""
    from deploy.config.mistakes import InvalidValue

    try:
        return judge(value)
    except InvalidValue as error:
        what = f"{value!r} {error.what}"
        raise Invalid(what, code=error.code, where=option, remedy=error.remedy) from error


def keys_in(environment: Mapping[str, str]) -> "S3Keys":
    from sinks.file_batch.spec import S3Keys

    key, secret = (environment.get(one, "") for one in KEYS)
    if not key or not secret:
        remedy = f"set {' and '.join(KEYS)} in the environment"
        raise Invalid("no keys for the S3 server", code="no-keys", where="--s3", remedy=remedy)
    if environment.get(SESSION_TOKEN):
        what, remedy = "temporary keys are not taken", "unset it, with keys that need none"
        raise Invalid(what, code="temporary-keys", where=SESSION_TOKEN, remedy=remedy)
    return S3Keys(key, secret)
