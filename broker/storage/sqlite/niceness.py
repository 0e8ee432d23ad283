"""How much of a core a thread takes beside the others of its process."""

import os
import sys
import threading


def make_nicer(niceness: int) -> None:
    """Where it must share a core, the calling thread gets less of it from now on.

    Linux keeps a niceness for each thread (setpriority(2), NOTES); elsewhere it is the whole
    process's, so there nothing is changed.
    """
    if sys.platform != "linux":
        return
    thread = threading.get_native_id()
    # Nobody but root may take back what a parent has given: so never less than it is.
    os.setpriority(os.PRIO_PROCESS, thread, max(niceness, os.getpriority(os.PRIO_PROCESS, thread)))
