"""What a path lies on."""

import os


def filesystem(place):
    """The type of the file system that a path lies on."""
    place, best, kind = os.path.realpath(place), "", ""
    for line in open("/proc/self/mounts"):
        _, at, found = line.split()[:3]
        if len(at) >= len(best) and (place == at or place.startswith(at.rstrip("/") + "/")):
            best, kind = at, found
    return kind
