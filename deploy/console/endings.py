"""What became of a job that has ended: its time, what is left, and what to do next. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.console.words import age_seconds, moment_of, number

View = Mapping[str, Any]
Tone = str  # of the note: done, bad, or neither


@dataclass(frozen=True, slots=True)
class Ending:
    """`sentences` say what happened, what is left and what to do; `per_second` is on average."""

    tone: Tone
    sentences: Sequence[str]
    took_seconds: float
    per_second: float


def redrive_ending(one: View) -> Ending | None:
    """None while it goes on: one that was stopped ends with the last that was under way."""
    if one["ended_at"] is None:
        return None
    tally = one["tally"]
    left = [
        _counted(
            one["left"], "was not begun, and is as before", "were not begun, and are as before"
        ),
        _counted(tally["failed_again"], "failed again, and is dead", "failed again, and are dead"),
        _counted(tally["refused"], "was not sent", "were not sent"),
    ]
    tone, what, advice = _of_redrive(one, any(left))
    moved = tally["delivered"] + tally["failed_again"]
    return _ending(one["began_at"], one["ended_at"], moved, tone, [what, *left, advice])


def _of_redrive(one: View, is_rest: bool) -> tuple[Tone, str, str]:
    if one["state"] == "aborted":
        advice = "Look at what failed again and mend that; then make a new plan of what is left."
        return "bad", f"It stopped by itself: {one['why'] or 'too much failed again'}.", advice
    if one["state"] == "cancelled":
        why = f": {one['why']}" if one["why"] else ""
        return "", f"It was cancelled{why}.", "A new plan takes up what is left."
    if not is_rest:
        done = "published again" if one["to_broker"] else "delivered"
        return "done", f"All of the plan was {done}.", "Nothing is left to do."
    advice = "What failed again is in its groups: mend it, edit it one by one, or discard it."
    return "", "All of the plan was sent.", advice


def replay_ending(one: View) -> Ending | None:
    """None while it goes on."""
    if one["ended_at"] is None:
        return None
    left = [
        _counted(one["total"] - one["passed"], "event was not reached", "events were not reached"),
        _counted(one["dead"], "became a dead letter", "became dead letters"),
    ]
    tone, what, advice = _of_replay(one, any(left))
    sentences = [what, *left, advice]
    return _ending(one["created_at"], one["ended_at"], one["passed"], tone, sentences)


def _of_replay(one: View, is_rest: bool) -> tuple[Tone, str, str]:
    why = f": {one['why']}" if one["why"] else ""
    if one["state"] == "failed":
        return "bad", f"It failed{why}.", "Mend that, then begin a replay of the rest."
    if one["state"] == "cancelled":
        return "", f"It was cancelled{why}.", "A replay of the rest takes it up."
    if not is_rest:
        return "done", "All of it was delivered.", "Nothing is left to do."
    return "", "All of it has passed.", "Redrive its dead letters once their cause is mended."


def file_ending(one: View) -> Ending | None:
    """None while it is on its way."""
    if one["ended_at"] is None:
        return None
    left = _counted(one["failed"], "record failed", "records failed")
    tone, what, advice = _of_file(one["state"], bool(left))
    began_at = one["started_at"] or one["created_at"]  # one that waited for a place came earlier
    return _ending(began_at, one["ended_at"], one["rows"], tone, [what, left, advice])


def _of_file(state: str, is_rest: bool) -> tuple[Tone, str, str]:
    if state == "failed":
        return "bad", "It failed.", "Mend what it says, then resume: it goes on behind its chunks."
    if state == "cancelled":
        advice = "Its event is a dead letter: redriven, the file begins anew."
        return "", "It was cancelled, and its parts were removed.", advice
    if state == "superseded":
        advice = "What is there now is a job of its own."
        return "", "The file, or how it is read, is another by now.", advice
    if not is_rest:
        return "done", "All of it was read, and its outputs are whole.", "Nothing is left to do."
    advice = "Their errors are beside the outputs: retry them once their cause is mended."
    return "", "All of it was read, and its outputs are whole.", advice


def _ending(
    began_at: str, ended_at: str, moved: int, tone: Tone, sentences: Sequence[str]
) -> Ending:
    took_seconds = age_seconds(began_at, moment_of(ended_at)) or 0.0
    said = [sentence for sentence in sentences if sentence]
    return Ending(tone, said, took_seconds, moved / max(took_seconds, 0.001))


def _counted(count: int, of_one: str, of_many: str) -> str:
    """Empty for none."""
    return f"{number(count)} {of_one if count == 1 else of_many}." if count else ""
