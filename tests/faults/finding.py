"""What a row can find, and what keeps it from looking."""

# Each kind is shown to be found by an agent that has the fault: harness.py.
KINDS = {
    "missing": "a file was not there",
    "empty": "a file was empty",
    "half": "a file held half of its content, or something else",
    "mixed": "a file held two versions of one secret at once",
    "older": "a file went back to an older version",
    "stale": "a file was not fresh in time",
    "ended": "the agent ended by itself",
    "status": "the agent ended with another status than it should, or not at all",
    "kept": "a file is there that was to be removed, or was not to be made",
    "leaked": "a value, or the agent's token, lies where it must not",
    "touched": "something was written to that is not the agent's",
    "memory": "the agent takes more and more memory",
    "silent": "the agent has not said what it should have said",
    "littered": "something is left beside the files",
}


class Finding(Exception):
    """The agent does not do what the table says."""

    def __init__(self, kind, text):
        super().__init__(f"{kind}: {text}")
        self.kind = kind
        assert kind in KINDS, kind


class Trouble(Exception):
    """The row could not be made, or proves nothing."""


class Lacking(Exception):
    """What the row needs is not here."""


def require(holds, kind, text):
    if not holds:
        raise Finding(kind, text)
