"""The order of what happened to one object, as its notifications tell it. Pure."""


def is_before(one: str, other: str) -> bool:
    """Whether sequencer `one` is that of an earlier change than `other`, of the same key.

    Source: Amazon S3 user guide, event message structure: sequencers are hexadecimal; the shorter
    is filled up with zeros on its right, then they are compared as text.
    """
    width = max(len(one), len(other))
    return one.ljust(width, "0").upper() < other.ljust(width, "0").upper()
