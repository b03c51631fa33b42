"""Waiting for something to be so, and not for time to pass."""

import time

from server import Trouble

LONG = 60  # seconds: the machine may be busy


def until(happened, what, within=LONG):
    """Asks again and again; answers the first answer that is not false."""
    end = time.monotonic() + within
    while not (answer := happened()):
        if time.monotonic() > end:
            raise Trouble(f"waited for {what} in vain")
        time.sleep(0.05)
    return answer
