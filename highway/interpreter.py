"""Settings of the interpreter under which nobody waits for it."""

import gc
import sys

AUDIO_SWITCH_S = 0.001
"""How long a thread of the web process may keep the interpreter from the one that moves the audio. To take it away
costs as well: at a fifth of this, a fifth of the CPU under a campaign."""


def settle_in() -> None:
    """Call when everything is loaded. The modules loaded so far stay: without `freeze` the collector walks all of them
    again and again, some ten ms each time, and a frame of a call, or the dial whose turn has come, waits."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def favour_the_audio() -> None:
    """Where calls are relayed: a thread that writes records gives the interpreter up after a ms, not five."""
    sys.setswitchinterval(AUDIO_SWITCH_S)
