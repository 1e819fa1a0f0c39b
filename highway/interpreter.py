"""Settings of the interpreter under which nobody waits for it."""

import gc
import sys

SWITCH_S = 0.001
"""How long a thread may keep the interpreter from one that moves the audio, or whose dial's turn has come. To take it
away costs as well: at a fifth of this, a fifth of the CPU under a campaign."""


def settle_in() -> None:
    """Call when everything is loaded, in a web process or a worker.

    The modules loaded so far stay: without `freeze` the collector walks all of them again and again, some ten ms each
    time, and a frame of a call waits. A thread that writes records gives the interpreter up after a ms, not five.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    sys.setswitchinterval(SWITCH_S)
