"""What a process must know after opening a memory partition."""

from collections import defaultdict

from broker.storage.memory.state import State
from broker.storage.rows import Loaded, ParkedRow, ParkedSummary


def load(state: State) -> Loaded:
    rows: dict[str, list[ParkedRow]] = defaultdict(list)
    for row in state.parked.values():
        rows[row.place.trigger].append(row)
    return Loaded(
        log_id=state.log_id,
        owner_epoch=state.owner_epoch,
        first_offset=state.pruned_to + 1,
        last_offset=state.last_offset,
        stored_at=state.commits[-1].stored_at if state.commits else None,
        routed=state.routed,
        cursors=dict(state.cursors),
        revisions=tuple(state.revisions[key] for key in sorted(state.revisions)),
        states=dict(state.states),
        counts=dict(state.counts),
        parked={
            trigger: ParkedSummary(len(parked), min(row.due_at for row in parked))
            for trigger, parked in sorted(rows.items())
        },
        waiting=tuple(state.waiting[key] for key in sorted(state.waiting)),
        parked_keys=tuple(
            sorted(
                (row.place.trigger, row.order_key)
                for row in state.parked.values()
                if row.order_key is not None
            )
        ),
        unclean_ends=tuple(state.unclean_ends),
    )
