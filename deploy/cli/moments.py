"""Times as people type them: a moment, or a duration back from now."""

from datetime import datetime, timedelta

from broker.errors import Invalid


def ago(text: str, now: datetime, option: str) -> str:
    """`text` with a duration such as PT1H made the time that long before `now`, in RFC 3339.

    Anything else is given back as it is. Raises Invalid for what begins like a duration
    and is none.
    """
    from deploy.config.quantities import duration_seconds

    if not text.startswith("P"):
        return text
    try:
        moment = now - timedelta(seconds=duration_seconds(text))
    except Invalid as error:
        raise Invalid(f"{option}: {text!r} {error.what}", remedy=error.remedy) from error
    return moment.isoformat().replace("+00:00", "Z")


def since_time(text: str, now: datetime, option: str) -> str:
    """An RFC 3339 time of a time, or of a duration back from `now`."""
    from deploy.config.quantities import moment

    try:
        since = moment(ago(text, now, option))
    except Invalid as error:
        if error.what.startswith(option):
            raise
        raise Invalid(f"{option}: {text!r} {error.what}", remedy=error.remedy) from error
    return since.isoformat().replace("+00:00", "Z")
