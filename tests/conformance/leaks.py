"""Whatever secret the scenarios sent or got is looked for in all that the subject has written.

A run of the scenarios is the widest use of the server there is, so it is watched: tokens, secret ids, unseal keys and
wrapping tokens of its answers, passwords, signed tokens and the values of secrets of its requests.
"""

import json

import diff

# Fields of answers and requests that hold a secret, wherever they stand.
SECRET_FIELDS = {"client_token", "secret_id", "password", "root_token", "keys", "keys_base64", "recovery_keys", "recovery_keys_base64", "encoded_token", "otp", "jwt", "token_reviewer_jwt"}
SHORTEST = 12  # characters; shorter values turn up by accident


def strings(tree):
    """Every string below a part of a JSON document."""
    if isinstance(tree, str):
        yield tree
    for part in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else []:
        yield from strings(part)


def marked(tree, fields):
    """Every string in the fields that are named, at whatever depth."""
    for name, part in tree.items() if isinstance(tree, dict) else []:
        yield from strings(part) if name in fields else marked(part, fields)
    for part in tree if isinstance(tree, list) else []:
        yield from marked(part, fields)


class Watched(diff.Side):
    """A side whose secrets are remembered."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.secrets, self.paths = {self.root}, ""

    def send(self, method, path, body, headers, client=None):
        answer = super().send(method, path, body, headers, client)
        self.paths += path + "\n"
        if path.startswith("/v1/identity/"):  # who somebody is: names and ids, and `keys` are ids
            return answer
        asked, told = parsed(body), parsed(answer.body)
        self.secrets.update(marked(asked, SECRET_FIELDS), marked(told, SECRET_FIELDS))
        wrapped = told.get("wrap_info") if isinstance(told, dict) else None
        self.secrets.update(strings((wrapped or {}).get("token", "")))
        # What is written below neither `sys` nor `auth` is a secret's data.
        if method in ("POST", "PUT", "PATCH") and not path.startswith(("/v1/sys/", "/v1/auth/")):
            self.secrets.update(strings(asked))
        return answer

    def to_look_for(self):
        """What is long enough to be no accident, and was not given away as part of a path."""
        return sorted(it for it in self.secrets if len(it) >= SHORTEST and it not in self.paths)


def parsed(body):
    try:
        return json.loads(body) if body else {}
    except ValueError:
        return {}


def places(home):
    """Every file that the server has written: its log, its audit log, its store."""
    return [path for path in sorted(home.rglob("*")) if path.is_file() and path.suffix not in (".hcl", ".pem", ".key")]


# What is to be in a file, if it is the right one and whole.
SIGNS = {"server.log": b"ready on", "audit.log": b'"hmac-sha256:', "strongroom.db": b"SQLite format 3"}


# Rules 34, 96, 101
def leaks(home, side, shown=()):
    """Where a secret is, as `file: how it begins`. `shown` is what the server is to print."""
    looked_for = [it for it in side.to_look_for() if it not in shown]
    if len(looked_for) < 20:
        yield f"only {len(looked_for)} secrets were watched, which proves nothing"
    contents = {path: path.read_bytes() for path in places(home)}
    for path, content in contents.items():
        if SIGNS.get(path.name, b"") not in content:
            yield f"{path.name} does not hold what it must hold: it is not the right file"
        for secret in looked_for:
            if secret.encode("utf-8", "surrogatepass") in content:
                yield f"{path.relative_to(home)} holds {secret[:6]}... ({len(secret)} characters)"
    # The same search finds what the server does print.
    for secret in shown:
        if not any(secret.encode() in content for content in contents.values()):
            yield "what the server prints is not found in its log"
