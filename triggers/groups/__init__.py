"""Groups of failures alike as operators tend them: states, notes, and what is told of them.

`partition.groups` is the `GroupDesk` of a partition.
"""

from triggers.groups.announcer import Announcer, Announcing
from triggers.groups.book import GroupBook
from triggers.groups.desk import GroupDesk, Tended
from triggers.groups.state import GroupRecord, GroupState, Remark, reopened
from triggers.groups.watch import Watch

__all__ = [
    "Announcer",
    "Announcing",
    "GroupBook",
    "GroupDesk",
    "GroupRecord",
    "GroupState",
    "Remark",
    "Tended",
    "Watch",
    "reopened",
]
