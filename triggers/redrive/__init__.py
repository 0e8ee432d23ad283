"""What operators do with dead letters: back to their triggers, to the bin, and out of it.

`partition.desk` is the `LetterDesk` of a partition, `partition.redrives` its plans and jobs.
"""

from triggers.redrive.acts import WHY, Acted, Refused
from triggers.redrive.aim import Aim
from triggers.redrive.desk import SLICE_LETTERS, LetterDesk
from triggers.redrive.job import Options, RedriveJob, State
from triggers.redrive.plan import Plan, Verb
from triggers.redrive.plan_means import PlanMeans
from triggers.redrive.reach import OtherBroker, OtherSink, Reach
from triggers.redrive.reading import PlanRequest
from triggers.redrive.returning import Returning
from triggers.redrive.verbs import Redrives

__all__ = [
    "SLICE_LETTERS",
    "WHY",
    "Acted",
    "Aim",
    "LetterDesk",
    "Options",
    "OtherBroker",
    "OtherSink",
    "Plan",
    "PlanMeans",
    "PlanRequest",
    "Reach",
    "RedriveJob",
    "Redrives",
    "Refused",
    "Returning",
    "State",
    "Verb",
]
