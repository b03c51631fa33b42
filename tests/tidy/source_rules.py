#!/usr/bin/env python3
"""Security rules that are kept by how the source is written, checked by reading it.

Each check first proves itself on a planted example. Exit status: 0, or 1 with a line for each finding.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


class Finding(Exception):
    """A check that does not find what was planted for it."""


def tracked(*patterns):
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, check=True, capture_output=True, text=True)
    return [ROOT / name for name in listed.stdout.split()]


def product_sources():
    """The code that ships: without tests, examples, benchmarks, and what stands behind `#[cfg(test)]`."""
    for path in tracked("*.rs"):
        name = str(path.relative_to(ROOT))
        if re.match(r"(tests|fuzz|bench|examples)/|.*/(tests|examples|proofs|benches)/|.*/tests\.rs$", name):
            continue
        text = path.read_text()
        yield name, re.split(r"^#\[cfg\(test\)\]\s*\nmod \w+ \{", text, flags=re.M)[0]


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def prove(check, planted, innocent):
    """A check finds all that is planted and nothing in what is innocent."""
    for text in planted:
        if not list(check(text)):
            raise Finding(f"the check does not find what is planted: {text!r}")
    for text in innocent:
        if found := list(check(text)):
            raise Finding(f"the check finds fault with {text!r}: {found}")


def everywhere(check):
    for name, text in product_sources():
        for at, what in check(text):
            yield f"{name}:{line_of(text, at)}: {what}"


# ----------------------------------------------------------------- secret types

# What is a secret itself, and what prints or copies as freely as what it holds.
SECRETS = r"(?:Key|MacKey|SecretBytes|SecretString|Locked|PresentedToken|Share)"
RAW = r"\b(?:Key|MacKey|Share)\b|\b(?:Locked|Zeroizing)<"
TYPE = re.compile(r"((?:^\s*#\[[^\n]*\]\s*\n)*)^\s*(?:pub(?:\([a-z]+\))? )?(?:struct|enum) (\w+)[^;{(]*([;{(])", re.M)
# Why a holder may: an application passes its token on, and each copy is wiped on its own.
EXCUSED = {"SecretString": {"Clone"}}
# Crates that know no keys (a template's values are copied and compared as its author says, and wipe themselves; what is
# found in files stands there in plain text), and an answer that holds a public one.
KEYLESS = ("fix/", "hcl/", "scan/", "template/", "core/src/system/audit.rs")
CLOSING = {"{": "}", "(": ")", ";": ";"}


def body_of(text, match):
    """The fields of a type: up to the bracket that closes what was opened."""
    opened, depth = match[3], 0
    if opened == ";":
        return ""
    for at in range(match.end() - 1, len(text)):
        depth += (text[at] == opened) - (text[at] == CLOSING[opened])
        if depth == 0:
            return text[match.end():at]
    return text[match.end():]


def freely_shown(text):
    for match in TYPE.finditer(text):
        derived = set(re.findall(r"\w+", " ".join(re.findall(r"derive\(([^)]*)\)", match[1]))))
        shown = derived & {"Debug", "Display", "Clone", "Copy", "Serialize", "PartialEq"}
        fields = re.sub(r"//[^\n]*", "", body_of(text, match))
        is_secret = re.fullmatch(SECRETS, match[2]) or re.search(RAW, fields)
        if is_secret and shown - EXCUSED.get(match[2], set()):
            yield match.start(2), f"{match[2]} holds a key and derives {', '.join(sorted(shown))}"


# Rule 24
def no_holder_of_a_key_prints_or_copies_itself():
    prove(freely_shown,
          ["#[derive(Debug)]\nstruct Keyring {\n    key: Key,\n}\n", "#[derive(Clone)]\npub struct Key([u8; 32]);\n", "#[derive(Serialize)]\n#[serde(x)]\nenum A {\n    B(Zeroizing<String>),\n}\n"],
          ["#[derive(Debug)]\nstruct A {\n    key: RowKey,\n}\n", "struct Keyring {\n    key: Key,\n}\n", "#[derive(Debug)]\nstruct A {\n    text: SecretBytes,\n}\n"])
    return (found for found in everywhere(freely_shown) if not found.startswith(KEYLESS))


# ------------------------------------------------------------------ comparisons

EXPOSED = re.compile(r"\.expose(?:_str|_mut)?\(\)(?!\s*\.(?:len|is_empty|is_some|is_none)\(\))")
ENDS = (";", "{", "}", ",", "&&", "||")
COMPARED = re.compile(r"[^=!<>]\s(==|!=)\s")


def compared(text):
    """`==` or `!=` in one expression with what a secret exposes."""
    for match in EXPOSED.finditer(text):
        start = max(text.rfind(end, 0, match.start()) for end in ENDS) + 1
        end = min(at if (at := text.find(end, match.end())) >= 0 else len(text) for end in ENDS)
        if COMPARED.search(text[start:end]):
            yield match.start(), "a secret is compared with == instead of in constant time"


IMPLEMENTED = re.compile(rf"impl(?:<[^>]*>)? PartialEq(?:<[^>]*>)? for {SECRETS}\b")


def comparable(text):
    for match in IMPLEMENTED.finditer(text):
        yield match.start(), "a secret type can be compared with =="


# Rule 29
def no_credential_is_compared_with_an_operator():
    prove(compared,
          ["if token.expose() == stored { x }", "let same = a != b.expose_str();", "return first.expose()\n    == second.expose();"],
          ["if token.expose().len() == 3 { x }", "equal(token.expose(), stored)", "let a = b.expose(); if c == d { }"])
    prove(comparable, ["impl PartialEq for Key {", "impl PartialEq<[u8]> for SecretBytes {"], ["impl PartialEq for RowKey {"])
    yield from (found for found in everywhere(compared) if not found.startswith(KEYLESS))
    yield from (found for found in everywhere(comparable) if not found.startswith(KEYLESS))


# ------------------------------------------------------------------- unsafe code

# Rule 32
def one_crate_may_hold_unsafe_code_and_overflow_is_an_error():
    root = tomllib.loads((ROOT / "Cargo.toml").read_text())
    if root["workspace"]["lints"]["rust"]["unsafe_code"] != "forbid":
        yield "Cargo.toml: unsafe code is not forbidden"
    for member in root["workspace"]["members"]:
        manifest = tomllib.loads((ROOT / member / "Cargo.toml").read_text())
        if member != "process" and not manifest.get("lints", {}).get("workspace"):
            yield f"{member}/Cargo.toml does not take the workspace's lints, which forbid unsafe code"
    for profile in ("release", "fast"):
        table = root["profile"][profile]
        parent = root["profile"].get(table.get("inherits"), {})
        if not table.get("overflow-checks", parent.get("overflow-checks")) or table.get("panic", parent.get("panic")) != "unwind":
            yield f"Cargo.toml: profile {profile} wraps around, or aborts"


# ----------------------------------------------------------------- credentials

# The endpoints that act on the token that was presented: it opens a cubbyhole and what is wrapped, and is itself
# looked up, renewed and revoked.
PRESENTED = {"core/src/secrets/cubbyhole.rs"}


def sees_tokens(text):
    for match in re.finditer(r"\bcx\.presented\b|\brequest\.token\b|\.headers\b", text):
        yield match.start(), "an engine or auth method looks at what the caller presented"


# Rule 36
def engines_and_auth_methods_do_not_see_credentials():
    prove(sees_tokens, ["let token = cx.presented;", "cx.request.token.as_ref()"], ["cx.caller.token()"])
    for name, text in product_sources():
        if name.startswith(("core/src/secrets/", "core/src/auth/")) and not name.startswith("core/src/auth/token/") and name not in PRESENTED:
            yield from (f"{name}:{line_of(text, at)}: {what}" for at, what in sees_tokens(text))
    dispatch = (ROOT / "core/src/dispatch.rs").read_text()
    if "request.token.take()" not in dispatch:
        yield "core/src/dispatch.rs: the token is not taken out of the request"


# ----------------------------------------------------------------- dependencies

FLOORS = {"jsonwebtoken": "10.3.0", "aes-gcm": "0.10.3", "ring": "0.17.12", "rustls": "0.23.18", "rustls-webpki": "0.103.13", "h2": "0.4.16", "tokio-postgres": "0.7.18",
          "tracing-subscriber": "0.3.20", "bcrypt": "0.19.2", "libsqlite3-sys": "0.25.1", "time": "0.3.47", "bytes": "1.11.1"}
BANNED = {"sharks", "shamir", "sodiumoxide", "users", "serde_yml", "yaml-rust", "rustls-pemfile", "rsa"}


def version(text):
    return tuple(int(part) for part in re.findall(r"\d+", text.split("-")[0].split("+")[0])[:3])


def locked():
    return [(it["name"], it["version"]) for it in tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]]


def below_the_floor(packages):
    return [f"Cargo.lock: {name} {found} has an advisory; {FLOORS[name]} or later" for name, found in packages if name in FLOORS and version(found) < version(FLOORS[name])]


# Rules 132, 133: also where there is no network to ask for advisories.
def no_dependency_is_below_the_version_that_mended_it():
    if not below_the_floor([("ring", "0.17.11")]) or below_the_floor([("ring", "0.17.14")]):
        raise Finding("the check of versions does not find a version below its floor")
    yield from below_the_floor(locked())
    denied = {it.get("name"): it.get("version") for it in tomllib.loads((ROOT / "deny.toml").read_text())["bans"]["deny"] if "version" in it}
    for name, floor in FLOORS.items():
        if name not in denied or version(denied[name]) < version(floor):
            yield f"deny.toml: no ban of {name} below {floor}"
    if "cargo deny --locked check bans licenses sources" not in (ROOT / "run").read_text():
        yield "run: changes are not held against deny.toml"


# Rule 134
def no_banned_crate_is_used():
    denied = {it["crate"] for it in tomllib.loads((ROOT / "deny.toml").read_text())["bans"]["deny"] if "crate" in it}
    yield from (f"deny.toml: {name} is not banned" for name in sorted(BANNED - denied))
    yield from (f"Cargo.lock: {name} is banned" for name, _ in locked() if name in BANNED)


# ---------------------------------------------------------------------- fuzzing

# Every parser of bytes from outside, and the target that feeds it.
PARSERS = {"path": "RequestPath", "policy": "policies", "hcl": "HCL", "hcl_json": "JSON of HCL", "body": "request bodies", "envelope": "envelopes", "record": "records", "share": "shares",
           "http": "HTTP/1.1 as a connection gets it", "framing": "where a request ends", "redact": "the audit log's redaction", "token": "tokens", "config": "configurations", "acl": "both evaluators on one policy set", "template": "templates",
           "certificate": "certificates and revocation lists",
           "jwt": "signed tokens and key sets", "fix": "files that are rewritten", "scan": "every syntax that is scanned for credentials"}


# Rule 136
def every_parser_has_a_fuzz_target_with_seeds():
    manifest = tomllib.loads((ROOT / "fuzz" / "Cargo.toml").read_text())
    targets = {it["name"] for it in manifest["bin"]}
    yield from (f"fuzz/Cargo.toml: no target {name} for {what}" for name, what in PARSERS.items() if name not in targets)
    yield from (f"tests/tidy/source_rules.py: the target {name} is not in the list of parsers" for name in sorted(targets - PARSERS.keys()))
    for name in sorted(targets):
        seeds = [path for path in tracked(f"fuzz/corpus/{name}") if "generated" not in path.parts]
        if not (ROOT / "fuzz" / "fuzz_targets" / f"{name}.rs").exists() or not seeds:
            yield f"fuzz: the target {name} has no source or no seeds"
    if 'step "fuzz' not in (ROOT / "run").read_text():
        yield "run: the targets are not run"


CHECKS = [no_holder_of_a_key_prints_or_copies_itself, no_credential_is_compared_with_an_operator, one_crate_may_hold_unsafe_code_and_overflow_is_an_error, engines_and_auth_methods_do_not_see_credentials,
          no_dependency_is_below_the_version_that_mended_it, no_banned_crate_is_used, every_parser_has_a_fuzz_target_with_seeds]


def main():
    problems = []
    for check in CHECKS:
        try:
            problems += [f"{check.__name__}: {what}" for what in check()]
        except Finding as finding:
            problems.append(f"{check.__name__}: {finding}")
    for problem in problems:
        print(problem)
    print(f"{len(CHECKS)} rules of the source, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
