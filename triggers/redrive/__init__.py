"""What operators do with dead letters: back to their triggers, to the bin, and out of it.

`partition.desk` is the `LetterDesk` of a partition.
"""

from triggers.redrive.acts import WHY, Acted, Refused
from triggers.redrive.desk import SLICE_LETTERS, LetterDesk
from triggers.redrive.returning import Returning

__all__ = ["SLICE_LETTERS", "WHY", "Acted", "LetterDesk", "Refused", "Returning"]
