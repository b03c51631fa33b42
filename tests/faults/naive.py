#!/usr/bin/env python3
"""A small agent that does what the rows ask for; and with --vice one thing wrong, as agents have been seen to.

It is there to show that each wrong thing is found, and that what is not wrong is not. It knows as much of Vault
Agent's configuration as the rows use.
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import secrets
import signal
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

VICES = {
    "removes": "removes the files when the server does not answer",
    "empties": "empties the files when the server does not answer",
    "truncates": "empties a file and then writes it, in its place",
    "overwrites": "writes over a file in its place, at once",
    "trusts": "renders whatever is answered with 200",
    "mixes": "writes a new password beside an old user",
    "goes_back": "writes old values now and then",
    "rewinds": "starts with kept values, whatever the files hold",
    "gives_up": "does not ask again after an error",
    "dies": "ends at the first error",
    "waits": "waits for the server although told to end",
    "holds_on": "never removes a file",
    "believes": "uses kept values whatever their age",
    "tells": "logs the values",
    "plain": "keeps values in base64",
    "wanders": "follows redirects with its token",
    "follows": "writes through links",
    "hoards": "reads bodies to their end",
    "is_quiet": "says nothing of kept values that are damaged",
    "litters": "leaves files beside the files",
}
LARGEST = 1 << 20


class Refused(Exception):
    """The server has said no."""


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Naive:
    def __init__(self, config, vice):
        self.config, self.vice = config, vice
        self.server, self.token = config["vault"]["address"], None
        self.values, self.first, self.polls, self.hoard, self.last_kept = {}, {}, 0, [], None
        handlers = [] if vice == "wanders" else [NoRedirect]
        self.opener = urllib.request.build_opener(*handlers)

    # -------------------------------------------------------------- the server

    def ask(self, method, path, body=None):
        headers = {"X-Vault-Request": "true"} | ({"X-Vault-Token": self.token} if self.token else {})
        asked = urllib.request.Request(f"{self.server}/v1/{path}", method=method, headers=headers, data=json.dumps(body).encode() if body else None)
        try:
            with self.opener.open(asked, timeout=3) as answer:
                while self.vice == "hoards" and len(self.hoard) < 300 and (part := answer.read(1 << 20)):
                    self.hoard.append(part)
                said = answer.read(LARGEST) if not self.hoard else b"".join(self.hoard[:1])
                self.hoard = self.hoard if len(self.hoard) > 1 else []
        except urllib.error.HTTPError as error:
            if error.code in (403, 404) and error.headers["Content-Type"] == "application/json":
                raise Refused(error.code) from error
            raise OSError(error.code) from error
        return json.loads(said) if self.vice != "trusts" else lenient(said)

    def log_in(self):
        told = self.config["auto_auth"]["method"]["config"]
        body = {"role_id": Path(told["role_id_file_path"]).read_text(), "secret_id": Path(told["secret_id_file_path"]).read_text()}
        self.token = self.ask("PUT", "auth/approle/login", body)["auth"]["client_token"]
        for sink in self.config["auto_auth"]["sink"]:
            Path(sink["config"]["path"]).write_text(self.token)

    def read(self, path):
        """The fields of a secret, with all that a template asks for."""
        data = self.ask("GET", path)["data"]["data"]
        if self.vice == "trusts":
            return data
        return {name: data[name] for name in ("n", "user", "password", "filler")}

    # --------------------------------------------------------------- its files

    def poll(self):
        """Reads everything and writes what has changed; whether all is there."""
        self.polls += 1
        if not self.token:
            self.log_in()
        gone = set()
        for path in {path for template in self.config["template"] for path in paths(template)}:
            try:
                self.values[path] = self.read(path)
                self.first.setdefault(path, self.values[path])
            except Refused:
                gone.add(path)
        if gone and len(gone) == len(self.values):
            self.token = None
        self.keep()
        for template in self.config["template"]:
            target = Path(template["destination"])
            if gone & set(paths(template)):
                if self.removes(gone) and self.vice != "holds_on":
                    target.unlink(missing_ok=True)
                continue
            values = self.first if self.vice == "goes_back" and self.polls % 3 == 0 else self.values
            self.put(target, render(template, values))
        return not gone

    def removes(self, gone):
        rules = self.config.get("path", {})
        return any(rules.get(path, {}).get("on_revoke") == "remove" for path in gone)

    def put(self, target, text):
        if self.vice == "mixes" and target.is_file():
            old = target.read_text().splitlines()
            text = "".join(f"{was if line.startswith('user=') else line}\n" for line, was in zip(text.splitlines(), old))
        elif target.is_file() and not target.is_symlink() and target.read_text() == text:
            return
        if self.vice == "tells":
            print(f"[INFO] rendered {text}", file=sys.stderr, flush=True)
        try:
            self.write(target, text.encode())
        except OSError as error:
            print(f"[ERROR] {target}: {error}", file=sys.stderr, flush=True)

    def write(self, target, content):
        if self.vice == "truncates":
            with open(target, "wb", 0) as file:
                time.sleep(0.03)
                file.write(content)
        elif self.vice == "overwrites":
            file = os.open(target, os.O_WRONLY | os.O_CREAT)
            os.write(file, content)
            os.close(file)
        elif self.vice == "follows" and target.exists():
            fresh = Path(f"{target.resolve()}.new")
            fresh.write_bytes(content)
            fresh.rename(target.resolve())
        elif target.is_symlink() or target.exists() and not target.is_file():
            raise OSError("something else is in its place")
        else:
            fresh = target.with_name(f".{secrets.token_hex(8)}")
            try:
                fresh.write_bytes(content)
                fresh.rename(target)
            except OSError:
                if self.vice != "litters":
                    fresh.unlink(missing_ok=True)
                raise

    def failed(self):
        """The server has not answered."""
        targets = [Path(template["destination"]) for template in self.config["template"]]
        if self.vice == "removes":
            for target in targets:
                target.unlink(missing_ok=True)
        if self.vice == "empties":
            for target in targets:
                target.write_bytes(b"")
        if self.vice == "dies":
            sys.exit(1)
        while self.vice == "gives_up":
            time.sleep(1)
        if self.config["auto_auth"]["method"].get("exit_on_err") and not self.token and self.vice != "waits":
            sys.exit(1)

    # ------------------------------------------------------------- what it keeps

    def kept(self):
        told = self.config.get("cache", {}).get("persist")
        return (Path(told["path"]) / "kept", Path(told["key_file"])) if told else (None, None)

    def keep(self):
        file, key = self.kept()
        if not file or self.values == self.last_kept:
            return
        self.last_kept = dict(self.values)
        if not key.exists():
            key.write_bytes(secrets.token_bytes(32))
        plain = json.dumps({"at": time.time(), "values": self.values}).encode()
        if self.vice == "plain":
            plain = base64.b64encode(plain)
        else:
            nonce = secrets.token_bytes(16)
            hidden = nonce + crypt(key.read_bytes(), nonce, plain)
            plain = hmac.digest(key.read_bytes(), hidden, "sha256") + hidden
        fresh = file.with_suffix(".new")
        fresh.write_bytes(plain)
        fresh.rename(file)

    def load(self):
        """Renders what is kept where there is no file."""
        file, key = self.kept()
        if not file or not file.exists():
            return
        held = file.read_bytes()
        if not key.exists() or hmac.digest(key.read_bytes(), held[32:], "sha256") != held[:32]:
            if self.vice != "is_quiet":
                print("[WARN] the kept values are damaged, and not used", file=sys.stderr, flush=True)
            return
        kept = json.loads(crypt(key.read_bytes(), held[32:48], held[48:]))
        limits = [int(rule["max_stale"].rstrip("s")) for rule in self.config.get("path", {}).values() if "max_stale" in rule]
        if limits and time.time() - kept["at"] > min(limits) and self.vice != "believes":
            return
        self.values = kept["values"]
        for template in self.config["template"]:
            target = Path(template["destination"])
            if self.vice == "rewinds":
                older = {path: aged(fields) for path, fields in self.values.items()}
                self.put(target, render(template, older))
            elif not target.exists():
                self.put(target, render(template, self.values))

    def live(self):
        self.load()
        while True:
            try:
                if self.poll() and self.config.get("exit_after_auth"):
                    return 0
            except Refused:
                pass  # a login that is refused now may be taken later
            except (OSError, ValueError, TypeError, LookupError, http.client.HTTPException):
                self.failed()
            time.sleep(0.3)


def lenient(said):
    """Whatever it is, it has all the fields."""
    try:
        return json.loads(said)
    except ValueError:
        text = said.decode(errors="replace")
        return {"data": {"data": {"n": "", "user": text, "password": text, "filler": text}}, "auth": {"client_token": text}}


def aged(fields):
    """A version before the one that is kept."""
    return {name: re.sub(r"\d+$", lambda it: str(int(it[0]) - 1), value, flags=re.M) for name, value in fields.items()}


def crypt(key, nonce, data):
    stream = b"".join(hashlib.sha256(key + nonce + at.to_bytes(8, "big")).digest() for at in range(len(data) // 32 + 1))
    return bytes(one ^ other for one, other in zip(data, stream))


def paths(template):
    return re.findall(r'with secret "([^"]+)"', template["contents"])


def render(template, values):
    def block(found):
        return re.sub(r"\{\{ \.Data\.data\.(\w+) \}\}", lambda field: values[found[1]][field[1]], found[2])
    return re.sub(r'\{\{ with secret "([^"]+)" \}\}(.*?)\{\{ end \}\}', block, template["contents"], flags=re.S)


def main():
    vice = next((word.split("=")[1] for word in sys.argv if word.startswith("--vice=")), None)
    config = next(word.split("=", 1)[1] for word in sys.argv if word.startswith("-config="))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    sys.exit(Naive(json.loads(Path(config).read_text()), vice).live())


if __name__ == "__main__":
    main()
