"""How often a long-lived process looks for garbage, and lets its threads take turns."""

import gc
import sys


def settle() -> None:
    """What was made while starting stays for good, and is not looked at again; the rest is looked at more seldom.

    Python's own thresholds suit small programs: here they cost a web process several per cent of its time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    # A thread that has its answer from the database waits so long for one that computes: dozens of times an act.
    sys.setswitchinterval(0.001)
