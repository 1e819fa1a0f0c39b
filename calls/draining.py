"""What this process still holds, and whether it is going down.

A process told to stop takes no new dial and no new stream and lets its live calls finish (calls/management/commands/
serve.py). The counter is touched from the event loop's thread alone; the flag is read from the worker's threads too.
"""

draining = False
live_calls = 0


def start() -> None:
    global draining
    draining = True


def admit() -> bool:
    """Count a new stream in. False: the process is going down, refuse it. Each True needs one `release`."""
    global live_calls
    if draining:
        return False
    live_calls += 1
    return True


def release() -> None:
    global live_calls
    live_calls -= 1
