"""A plain scanner to compare with: what four regular expressions find, a line at a time."""

import re

NAMED = re.compile(
    r"""["']?(?P<name>[\w.-]*(?:passw(?:or)?d|passwd|pwd|secret|token|api_?key|private_key|access_key)[\w.-]*)["']?"""
    r"""\s*[=:]\s*["']?(?P<value>[^\s"',}]{4,})""", re.I)
REFERENCE = ("$", "{{", "var.", "/")
URL = re.compile(r"""[a-z][a-z0-9+.-]*://[^/\s"'@:]*:[^/\s"'@]+@""", re.I)
KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
VENDOR = re.compile(r"\b(?:AKIA[0-9A-Z]{16}|ghp_\w{36}|sk_live_\w{24}|hvs\.\w{20,}|glpat-[\w-]{20}|npm_\w{36})\b")


def baseline(corpus):
    """At most one report a line, in the form that score.py takes."""
    found = []
    for name in corpus.files:
        for number, line in enumerate(corpus.text(name).lines, 1):
            if what := judge(line):
                found.append({"file": name, "line": number, **what})
    return found


def judge(line):
    named = NAMED.search(line)
    if named and not named["value"].startswith(REFERENCE):
        return {"key": named["name"], "kind": "password"}
    for pattern, kind in ((URL, "connection-url"), (KEY, "private-key"), (VENDOR, "token")):
        if pattern.search(line):
            return {"kind": kind}
    return None
