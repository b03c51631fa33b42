"""What scanners write, as reports about labelled files."""

import json
import sys

from . import Trouble


def plain(written):
    for report in written:
        yield report["file"], report


def detect_secrets(written):
    for file, found in written["results"].items():
        for one in found:
            yield file, {"line": one["line_number"], "kind": one["type"]}


def secretlint(written):
    for result in written:
        for message in result["messages"]:
            yield result["filePath"], {"line": message["loc"]["start"]["line"], "kind": message["ruleId"]}


FORMATS = {"plain": plain, "detect-secrets": detect_secrets, "secretlint": secretlint}


def reports_from(format, path, corpus):
    """The reports about labelled files, and how many are about others."""
    try:
        with sys.stdin if path == "-" else open(path, encoding="utf-8") as file:
            written = list(FORMATS[format](json.load(file)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Trouble(f"{path} is not what {format} writes: {error}") from None
    named = [(labelled(str(file), corpus.files), report) for file, report in written]
    known = [{**report, "file": file} for file, report in named if file]
    return known, len(named) - len(known)


def labelled(name, files):
    """The labelled file that a scanner means by a path of its own."""
    name = name.replace("\\", "/")
    ends = [file for file in files if f"/{name}".endswith(f"/{file}")]
    return max(ends, key=len, default=None)
