"""Replay: stored events delivered again to one trigger's sink, as a job with an end.

A job has a lane of its own, fed from the log, which writes its progress with each checkpoint
and touches nothing of the trigger: no cursor, no counts. What it parks lies in rows of the
lane's name, `NAMESPACE/NAME#replay/JOB`; what it gives up becomes a dead letter of the trigger,
step `replay/JOB`.
"""
