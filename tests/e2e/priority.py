"""For tests that are timed by the clock."""

import contextlib
import os


def ahead_of_the_neighbours():
    """Lets everything else on the machine wait for this program and all that it starts, where that is allowed: what
    the neighbours need is not what is measured."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
