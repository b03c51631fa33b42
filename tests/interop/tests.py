"""What the drivers written in Python share: named, tagged tests and how they are reported.

A driver gets its server from the environment, as its client would:

    VAULT_ADDR, VAULT_TOKEN   an unsealed server and its root token
    INTEROP_EMPTY_ADDR        a server that was never initialised (tag `operator`)
    INTEROP_TAGS              the parts of the API that are to be tried, with commas between
    INTEROP_ISSUER, INTEROP_ISSUER_CA, INTEROP_JWT          a stand-in for an issuer, its authority (a file), a token
    INTEROP_CLUSTER, INTEROP_CLUSTER_CA, INTEROP_REVIEWER,  the same for a Kubernetes cluster, a token that may review
    INTEROP_POD_JWT                                         others, and that of the service account prod/app
    INTEROP_TLS_ADDR, INTEROP_TLS_CA                        the server over TLS, and its authority (tag `tls`)
    INTEROP_CLIENT_CA, INTEROP_CLIENT_CERT, INTEROP_CLIENT_KEY  an authority of clients, and one of them; files
"""

import os
import secrets
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor

TAGS = ["core", "logins", "identity", "tls", "wrapping", "leases", "operator"]
REGISTRY = []


class Test:
    def __init__(self, function, tag):
        self.function, self.name, self.tag = function, function.__name__, tag


def test(tag):
    """Marks a function as a test of one part of the API."""
    assert tag in TAGS, tag

    def mark(function):
        REGISTRY.append(Test(function, tag))
        return function
    return mark


def unique(stem="t"):
    """A name that no other test and no earlier run uses."""
    return f"{stem}-{secrets.token_hex(3)}"


def address():
    return os.environ["VAULT_ADDR"]


def root():
    return os.environ["VAULT_TOKEN"]


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def wanted_tags():
    return set(filter(None, os.environ.get("INTEROP_TAGS", ",".join(TAGS)).split(",")))


def missing(test):
    """Why a test cannot run here, or nothing."""
    if test.tag not in wanted_tags():
        return f"tag {test.tag} not asked for"
    if test.tag == "operator" and not os.environ.get("INTEROP_EMPTY_ADDR"):
        return "no uninitialised server"
    if test.tag == "tls" and not os.environ.get("INTEROP_TLS_ADDR"):
        return "no server with TLS"
    return None


def main(client, at_once=1):
    """Runs all tests of a driver, one line each; the exit status is 0 or 1."""
    only, counts = sys.argv[1:], {"ok": 0, "FAILED": 0, "not run": 0}
    chosen = [test for test in REGISTRY if not only or test.name in only]
    with ThreadPoolExecutor(at_once) as pool:
        for test, (word, text) in zip(chosen, pool.map(attempt, chosen)):
            counts[word] += 1
            print(f"{word:8}{client} {test.tag} {test.name}{text}", flush=True)
    print(f"{client}: {counts['ok']} passed, {counts['FAILED']} failed, {counts['not run']} not run")
    sys.exit(1 if counts["FAILED"] or not counts["ok"] else 0)


def attempt(test):
    reason = missing(test)
    if reason:
        return "not run", f" ({reason})"
    try:
        test.function()
        return "ok", ""
    except Exception:  # whatever a client raises is a failure of that one test
        return "FAILED", "\n" + traceback.format_exc()
