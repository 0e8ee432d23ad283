"""The 150 iris measurements as events, and what a run of the demo must come to. Pure."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from broker.codec import make_event
from broker.event import Event

SPECIES = ("setosa", "versicolor", "virginica")
MEASURED = "com.example.flower.measured"
CLASSIFIED = "com.example.flower.classified"
REFUSED_SPECIES = "virginica"  # the subscriber answers 422 to it
FAILING_IDS = frozenset({"iris-007", "iris-042", "iris-077"})  # and 500 to these
FEATURES = ("sepal_length", "sepal_width", "petal_length", "petal_width")


@dataclass(frozen=True, slots=True)
class Iris:
    """One flower: its four measurements in cm, and the species that botanists gave it."""

    id: str
    centimetres: tuple[float, ...]
    species: str


def read_irises(path: Path) -> list[Iris]:
    """All flowers of the CSV file: four columns and `species`, with a header."""
    with path.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    return [
        Iris(
            f"iris-{number:03}",
            tuple(float(row[feature]) for feature in FEATURES),
            row["species"],
        )
        for number, row in enumerate(rows, start=1)
    ]


def measured(iris: Iris) -> Event:
    """The event that a field station would send; the species is for the subscriber only."""
    attributes = {
        "specversion": "1.0",
        "id": iris.id,
        "source": "/demo/field-station",
        "type": MEASURED,
        "subject": iris.species,
        "datacontenttype": "application/json",
    }
    return make_event(attributes, orjson.dumps(dict(zip(FEATURES, iris.centimetres, strict=True))))


@dataclass(frozen=True, slots=True)
class Tally:
    """What a run came to; `correct` are predictions equal to the known species."""

    published: int
    accepted: int
    predictions: int
    correct: int
    delivered: int
    refused: int
    exhausted: int

    @property
    def accuracy(self) -> float:
        return self.correct / self.predictions if self.predictions else 0.0


def faults(tally: Tally, irises: Sequence[Iris]) -> list[str]:
    """What is not as it must be; empty when the run went well."""
    refused = sum(iris.species == REFUSED_SPECIES for iris in irises)
    expected = {
        "accepted": (tally.accepted, len(irises)),
        "predictions in the file": (tally.predictions, len(irises)),
        "delivered to the subscriber": (
            tally.delivered,
            len(irises) - refused - len(FAILING_IDS),
        ),
        "dead letters: refused": (tally.refused, refused),
        "dead letters: attempts used up": (tally.exhausted, len(FAILING_IDS)),
    }
    found = [
        f"{what}: {is_} instead of {must}" for what, (is_, must) in expected.items() if is_ != must
    ]
    if tally.accuracy < 0.9:
        found.append(f"accuracy: {tally.accuracy:.1%} instead of at least 90 %")
    return found
