"""Settings of the interpreter under which nobody waits for it."""

import gc
import sys


def settle_in() -> None:
    """Call when everything is loaded: in the web process, so that a frame of a call waits least, and in a worker, so
    that a call rings at its turn.

    The modules loaded so far stay: without `freeze` the collector walks all of them again and again, some ten ms each
    time. A thread that writes records gives the interpreter up after a fifth of a millisecond, not five.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    sys.setswitchinterval(0.0002)
