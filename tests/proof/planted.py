"""Secrets that are recognised in whatever spelling they turn up."""

import base64
import random
import secrets
import string

ALPHABET = string.ascii_lowercase + string.digits
_ORDER = random.Random(7)


class Planted:
    """What was planted, by name: `values`, which belong nowhere in the clear, and `names`, which an audit log
    shows unless it is told to hash them."""

    def __init__(self):
        self.values, self.names = {}, {}

    def value(self, kind):
        """A fresh secret of a kind; the same one every time it is asked for."""
        return self.values.setdefault(kind, fresh())

    def name(self, kind):
        return self.names.setdefault(kind, fresh())

    def know(self, kind, text):
        """A secret that the server made."""
        self.values[kind] = text
        return text


# How all that is planted begins, so that one search tells of a place that holds none of it.
MARK = "c4n4ry7zk2w9"


def fresh():
    """A word that occurs by accident nowhere, in lower case as names are."""
    return MARK + "".join(secrets.choice(ALPHABET) for _ in range(20))


def spellings(text):
    """The byte strings as which a secret may turn up: as it is, in hexadecimal, and within base64 text of all three
    alignments."""
    raw = text.encode() if isinstance(text, str) else bytes(text)
    found = {"as it is": raw, "in hex": raw.hex().encode(), "in upper-case hex": raw.hex().upper().encode()}
    for shift in range(3):
        padded = b"\0" * shift + raw
        # Only what does not depend on the neighbours: whole groups of three bytes.
        start, end = -(-shift // 3) * 3, len(padded) // 3 * 3
        found[f"in base64, {shift}"] = base64.b64encode(padded[start:end])
    return found


def find(haystack, secrets_by_kind):
    """Each kind of secret that `haystack` holds, with the spelling."""
    # What is planted begins, in each spelling, as its mark does in that spelling.
    marked = {spelling for spelling, needle in spellings(MARK).items() if needle in haystack}
    for kind, text in secrets_by_kind.items():
        for spelling, needle in spellings(text).items():
            if (spelling in marked or not text.startswith(MARK)) and needle in haystack:
                yield kind, spelling


def check_place(what, content, secrets_by_kind, trouble):
    """Fails if a place holds a secret. First proves on a copy that one of them would be seen there, in every spelling,
    among what is there."""
    kind, text = _ORDER.choice(sorted(secrets_by_kind.items()))
    for spelling, needle in spellings(text).items():
        at = _ORDER.randrange(len(content) + 1)
        if (kind, spelling) not in find(content[:at] + needle + content[at:], {kind: text}):
            raise trouble(f"the scan of {what} does not find what is planted {spelling}")
    found = sorted(set(find(content, secrets_by_kind)))
    if found:
        raise trouble(f"{what} holds " + ", ".join(f"{kind} {spelling}" for kind, spelling in found))
