"""What a change of a source means: sentences for operators. Pure.

The rule behind them: a source that changes ends and begins again from its position, which is
kept under its name whatever else changes; what it has had stored stays as it is.
"""

from collections.abc import Iterator, Sequence

# By the first part of a path below `spec`; a kind's own meaning comes before that of all.
OF_ALL = {
    "sink": "what comes from now on goes to the new sink; its position goes along",
    "ceOverrides": "extensions change for events from now on",
}
OF_KIND = {
    "PingSource": {
        "schedule": "fires by the new schedule from its next slot on; none of it is caught up",
        "timezone": "fires by the new time zone from its next slot on; none of it is caught up",
        "catchUp": "counts for slots that it misses from now on",
    },
    "KafkaSource": {
        "topics": "topics that are new begin where initialOffset says, the others go on",
        "initialOffset": "counts only for topics that it has not read from yet",
        "consumerGroup": "changes only where others look: the position is kept here, not there",
        "bootstrapServers": (
            "goes on by its offsets; topics of another cluster are read from their first record"
        ),
    },
    "ApiServerSource": {
        "resources": "tells of what is new to it as added, and goes on with the others",
        "mode": "counts for events from now on: nothing is told a second time",
    },
    "S3Source": {
        "bucket": "begins with the new bucket's listing; what it knows of the old one is kept",
    },
    "FolderSource": {
        "path": "compares the new folder with what it told of the old one",
    },
    "WebhookSource": {
        "template": "requests from now on become events by the new template",
        "verify": "requests from now on are verified by the new way",
    },
}


def of_source(kind: str, change: str, paths: Sequence[str]) -> Iterator[str]:
    """Sentences, the most important first; `paths` are those of `spec` that change."""
    if change == "added":
        yield "begins: where its position says if one of its name ran before, else by its settings"
    elif change == "removed":
        yield "ends at once; its position is kept, and counts if it is added again"
    elif "kind" in paths:
        yield "ends, and one of another kind begins, by its own settings"
    else:
        yield "ends, and begins again from its position"
        meanings = OF_ALL | OF_KIND.get(kind, {})
        heads = dict.fromkeys(path.partition(".")[0] for path in paths)
        yield from (meanings[head] for head in heads if head in meanings)
