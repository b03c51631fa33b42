"""A stand-in for an issuer of tokens: it signs claims, publishes its keys and can be told to misbehave.

It serves OpenID Connect discovery and a JWKS on https at a loopback port:

    /.well-known/openid-configuration      the description, with the issuer's name
    /keys                                  the public keys
"""

import http.server
import json
import re
import ssl
import threading
import time
from pathlib import Path

import signing

KINDS = ["RSA", "P-256"]  # what is published from the start; other keys once something was signed with them


class Silent(http.server.ThreadingHTTPServer):
    """A server that does not print what went wrong with a connection; who asked will say so."""

    daemon_threads = True

    def handle_error(self, *_):
        pass


class TlsServer:
    """An HTTPS server on a free loopback port, in a thread of its own, with the certificate of `folder`."""

    def __init__(self, handler, folder):
        self.server = Silent(("127.0.0.1", 0), handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(Path(folder) / "server.pem", Path(folder) / "server.key")
        # The handshake is done by the thread of the connection: a caller that stays silent blocks only itself.
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}"
        self.ca = (Path(folder) / "ca.pem").read_text()
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Answering(http.server.BaseHTTPRequestHandler):
    """What both stand-ins need to answer in JSON, silently."""

    protocol_version = "HTTP/1.1"
    timeout = 30

    def answer(self, status, tree):
        body = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Issuer:
    """Keys, what is published of them, and the server that does so."""

    def __init__(self, folder):
        self.folder, self.lock = Path(folder), threading.Lock()
        self.pool = {}  # (kind, number) -> key; making one takes time, so scenarios share them
        self.begin()
        issuer = self

        class Handler(Answering):
            def do_GET(self):
                self.answer(*issuer.respond(self.path))

        self.tls = TlsServer(Handler, folder)
        self.url = self.tls.url

    def begin(self):
        """As it was at first: a scenario does not see what others did."""
        self.generation, self.mood, self.labels = 0, "well", True
        self.published = [(kind, 0) for kind in KINDS]

    def variables(self):
        return {"issuer": self.url, "issuer_ca": self.tls.ca, "issuer_key": self.key("RSA").pem, "issuer_ec_key": self.key("P-256").pem}

    def stop(self):
        self.tls.stop()

    # ------------------------------------------------------------- commands

    def obey(self, command):
        """`rotate`: new keys, the old ones are no longer published; `add`: new keys beside the old ones;
        `withdraw`: publish none; `unlabelled`: publish keys without saying for which algorithm they are;
        `fail`, `junk`, `lie` (another issuer's name), `well`: how it answers."""
        if command in ("rotate", "add"):
            self.generation += 1
            fresh = [(kind, self.generation) for kind in KINDS]
            self.published = fresh if command == "rotate" else self.published + fresh
        elif command == "withdraw":
            self.published = []
        elif command == "unlabelled":
            self.labels = False
        elif command in ("fail", "junk", "lie", "well"):
            self.mood = command
        else:
            raise ValueError(f"the issuer knows no command {command!r}")

    def key(self, kind, number=None):
        """The key of a kind that signs now. Those of `stranger` are never published."""
        wanted = (kind, self.generation if number is None else number)
        with self.lock:
            if wanted not in self.pool:
                self.pool[wanted] = signing.Key(kind, self.folder, wanted[1])
            return self.pool[wanted]

    def sign(self, claims, algorithm="RS256", header=None, without=(), payload=None, stranger=False):
        """A token with the claims, or with the text of `payload` as its body. Issuer and times are added if they are not there;
        a text like `now-30` becomes that time."""
        kind = signing.ALGORITHMS[algorithm][0] if algorithm in signing.ALGORITHMS else "RSA"
        key = self.key(kind, "stranger" if stranger else None)
        if kind not in KINDS and not stranger and (kind, self.generation) not in self.published:
            self.published.append((kind, self.generation))
        if payload is None:
            now = int(time.time())
            payload = {"iss": self.url, "iat": now, "nbf": now, "exp": now + 600} | {name: moment(value, now) for name, value in claims.items()}
            payload = {name: value for name, value in payload.items() if name not in without}
        return signing.token(payload, algorithm, key, header)

    # ------------------------------------------------------------ answering

    def respond(self, path):
        if self.mood == "fail":
            return 500, {"error": "told to fail"}
        if self.mood == "junk":
            return 200, b"<html>not JSON</html>"
        if path == "/.well-known/openid-configuration":
            name = self.url + "/other" if self.mood == "lie" else self.url
            return 200, {
                "issuer": name, "jwks_uri": f"{self.url}/keys", "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token", "response_types_supported": ["code"], "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": list(signing.ALGORITHMS)}
        if path == "/keys":
            keys = [self.key(*which).jwk() for which in self.published]
            return 200, {"keys": [{name: value for name, value in key.items() if name != "alg" or self.labels} for key in keys]}
        return 404, {"error": "not found"}


def moment(value, now):
    """The time that a text like `now`, `now+60` or `now-60` means; everything else stays."""
    found = re.fullmatch(r"now(?:([+-])(\d+))?", value) if isinstance(value, str) else None
    if not found:
        return value
    distance = int(found[2] or 0)
    return now - distance if found[1] == "-" else now + distance
