"""What a store keeps beside events: the values that append, checkpoint and load exchange.

All frozen; all times aware UTC; triggers are named `namespace/name`.
"""

from broker.storage.rows.append import Append, Record
from broker.storage.rows.checkpoint import Audit, Checkpoint, Reply
from broker.storage.rows.letters import DeadLetter, DeadState, Move
from broker.storage.rows.loaded import Loaded, ParkedSummary, Sizes
from broker.storage.rows.open_pairs import ParkedRow, Place, Retried, WaitingRow
from broker.storage.rows.standing import Counts, Cursor, Mark, Revision, TriggerState

__all__ = [
    "Append",
    "Audit",
    "Checkpoint",
    "Counts",
    "Cursor",
    "DeadLetter",
    "DeadState",
    "Loaded",
    "Mark",
    "Move",
    "ParkedRow",
    "ParkedSummary",
    "Place",
    "Record",
    "Reply",
    "Retried",
    "Revision",
    "Sizes",
    "TriggerState",
    "WaitingRow",
]
