"""How often a long-lived process looks for garbage."""

import gc


def settle() -> None:
    """What was made while starting stays for good, and is not looked at again; the rest is looked at more seldom.

    Python's own thresholds suit small programs: here they cost a web process several per cent of its time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
