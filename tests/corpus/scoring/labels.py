"""labels.json, and the files that it speaks of.

Positions count from 1, in code points; the end is the first position behind the span. A byte-order mark and the
CR of a CRLF have no position.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from . import Trouble

MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Text:
    """A file as it is counted in: without its byte-order mark."""
    text: str
    marked: bool

    @staticmethod
    def read(path):
        raw = path.read_bytes()
        try:
            return Text(raw.removeprefix(MARK).decode(), raw.startswith(MARK))
        except UnicodeDecodeError as error:
            raise Trouble(f"{path} is not UTF-8 at byte {error.start}") from None

    @property
    def lines(self):
        return self.text.replace("\r\n", "\n").split("\n")


def covers(label, line):
    return label["line"] <= line <= label["end_line"]


def columns(label, line):
    """Where a label stands in one of its lines: from a column to before another, or to the end of the line."""
    first = label["column"] if line == label["line"] else 1
    behind = label["end_column"] if line == label["end_line"] else float("inf")
    return first, behind


def spanned(lines, label):
    """The source text of a label."""
    part = lines[label["line"] - 1:label["end_line"]]
    part[-1] = part[-1][:label["end_column"] - 1]
    part[0] = part[0][label["column"] - 1:]
    return "\n".join(part)


@dataclass(frozen=True)
class Corpus:
    root: Path
    files: dict

    @staticmethod
    def load(labels, root, only):
        """The labels whose file has `only` in its name, each file being the one that was labelled."""
        try:
            listed = json.loads(labels.read_text(encoding="utf-8"))["files"]
        except (OSError, ValueError, KeyError) as error:
            raise Trouble(f"{labels} are no labels: {error}") from None
        root = root or labels.resolve().parent
        files = {entry["file"]: entry for entry in listed if only in entry["file"]}
        for name, entry in files.items():
            try:
                raw = (root / name).read_bytes()
            except OSError as error:
                raise Trouble(f"{name}: {error.strerror}") from None
            if entry.get("sha256", hash_of(raw)) != hash_of(raw):
                raise Trouble(f"{name} is not the file that was labelled (were its line ends converted?)")
        return Corpus(root, files)

    def text(self, name):
        return Text.read(self.root / name)


def hash_of(raw):
    return hashlib.sha256(raw).hexdigest()
