"""What is no request gets a 4xx, what is no configuration one line; the server goes on, and nothing is lost."""

import http.client
import json
import shutil
import socket
import ssl
import subprocess
import tempfile
from pathlib import Path

import corpus
from server import CONFIG, WAIT, Lacking, Server, Trouble, require

REFUSED = range(400, 500)
DIED = "the server died"


class Kept:
    """What was stored before, and has to be there after."""

    def __init__(self, server):
        self.server, self.token = server, server.open()
        server.must("POST", "/v1/sys/mounts/kv1", {"type": "kv"}, self.token)
        server.must("POST", "/v1/sys/auth/userpass", {"type": "userpass"}, self.token)
        server.must("POST", "/v1/sys/auth/approle", {"type": "approle"}, self.token)
        server.must("POST", "/v1/sys/auth/cert", {"type": "cert"}, self.token)
        self.secrets = {f"/v1/kv1/kept/{at}": {"value": f"kept {at}", "n": at} for at in range(20)}
        for path, secret in self.secrets.items():
            server.must("POST", path, secret, self.token)
        server.must("POST", "/v1/secret/data/kept", {"data": {"a": "b"}}, self.token)

    def check(self):
        require(self.server.lives(), DIED)
        for path, secret in self.secrets.items():
            require(self.server.must("GET", path, None, self.token).data() == secret, f"{path} is not what it was")
        versions = self.server.must("GET", "/v1/secret/data/kept", None, self.token).data()
        require(versions["data"] == {"a": "b"} and versions["metadata"]["version"] == 1, "secret/data/kept is not what it was")

    def check_after_restart(self):
        self.check()
        self.server.stop()
        self.server.start()
        self.server.unseal(self.server.share)
        self.check()
        panicked = [log.name for log in self.server.home.glob("server-*.log") if b"panicked" in log.read_bytes()]
        require(not panicked, f"a request panicked: see {panicked}")


def raw(port, sent, context=None):
    """Sends bytes and says no more; what came back until the server closed or had answered. Never waits for good."""
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT) as plain:
        connection = context.wrap_socket(plain, server_hostname="localhost") if context else plain
        answer = b""
        try:
            try:
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
            except TimeoutError:
                raise
            except OSError:
                pass  # who is refused may find the connection closed while still sending
            while piece := connection.recv(65536):
                answer += piece
        except TimeoutError:
            raise Trouble(f"no end to the answer to {sent[:200]!r}")
        except OSError:
            pass  # a reset is an end as well
        return answer


def statuses(answer):
    """Of every answer in a stream of HTTP/1.1."""
    return [int(line[9:12]) for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]


def expect_refusal(status, what):
    require(status in REFUSED, f"{what} is answered with {status}")


# Rules 46, 109
def malformed_paths(binary):
    with Server(binary) as server:
        kept, count = Kept(server), 0
        mutated = [it.decode("latin-1") for it in corpus.mutations(1, 200, [it.encode() for it in corpus.PATHS if len(it) < 200])]
        sendable = lambda it: all(0x21 <= ord(char) < 0x7f for char in it)
        for path in [*corpus.PATHS, *filter(sendable, mutated)]:
            for method in ("GET", "LIST", "POST", "DELETE"):
                try:
                    answer = server.ask(method, f"/v1/{path}", b"[]" if method == "POST" else None, kept.token)
                except http.client.InvalidURL:
                    continue
                count += 1
                # A folder that lists nothing is 404, and deleting what is not there is done.
                harmless = {204} if method == "DELETE" else set()
                if path in corpus.PATHS and method in ("GET", "POST"):
                    require(answer.status in {307, *REFUSED}, f"{method} {path[:100]} is answered with {answer.status}")
                require(answer.status in {200, 307, *REFUSED} | harmless, f"{method} {path[:100]} is answered with {answer.status}")
                require(answer.status != 307 or answer.headers.get("location", "").startswith("/"), f"{path} is sent elsewhere")
        kept.check_after_restart()
        return f"{count} requests"


# Rules 97, 103, 105
def malformed_bodies(binary):
    with Server(binary) as server:
        kept, count = Kept(server), 0
        wanted = ["/v1/kv1/raw", "/v1/secret/data/raw", "/v1/auth/token/create", "/v1/auth/userpass/login/u", "/v1/sys/policies/acl/raw", "/v1/sys/tools/hash", "/v1/sys/unseal", "/v1/sys/wrapping/wrap"]
        for body in corpus.BODIES:
            for path in wanted:
                for headers in ({}, {"Content-Type": "application/json"}, {"Content-Type": "application/x-www-form-urlencoded"}):
                    if headers and path != wanted[0]:
                        continue
                    answer = server.ask("POST", path, body, kept.token, headers)
                    count += 1
                    form = "form" in headers.get("Content-Type", "")
                    if not form:
                        expect_refusal(answer.status, f"a body of {body[:60]!r} at {path}")
                    require(answer.status < 500, f"a form of {body[:60]!r} at {path} is answered with {answer.status}")
                    require(len(answer.body) < 2000, f"the error for {body[:60]!r} is as long as the body")
        for body in corpus.mutations(2, 300, [b'{"data":{"a":"b","c":[1,2.5e3,null]},"options":{"cas":0}}', b'{"policies":["a"],"ttl":"1h","meta":{"a":"b"}}']):
            for path in ("/v1/secret/data/mutated", "/v1/auth/token/create"):
                answer = server.ask("POST", path, body, kept.token)
                count += 1
                require(answer.status in {200, 204, *REFUSED}, f"a body of {body!r} at {path} is answered with {answer.status}")
        kept.check_after_restart()
        return f"{count} requests"


# Rules 30, 69, 97
def fields_of_a_wrong_type(binary):
    with Server(binary) as server:
        kept, count = Kept(server), 0
        for (method, path), fields in corpus.FIELDS.items():
            for field in fields:
                for value in corpus.WRONG:
                    answer = server.ask(method, path, {field: value}, kept.token)
                    count += 1
                    require(answer.status in {200, 204, *REFUSED}, f"{method} {path} with {field} = {value!r:.60} is answered with {answer.status}: {answer.body[:200]!r}")
        kept.check_after_restart()
        return f"{count} requests"


# Rules 35, 92, 104
def malformed_headers(binary):
    with Server(binary) as server:
        kept, count = Kept(server), 0
        for headers in corpus.HEADERS:
            for method, body in (("GET", None), ("POST", b"{}")):
                encoded = {name: value.encode("latin-1", "replace") for name, value in headers.items()}
                token = None if "X-Vault-Token" in headers else kept.token
                answer = server.ask(method, "/v1/kv1/kept/0", body, token, encoded)
                count += 1
                # A blank header says nothing; what cannot be unpacked matters only with a body; plain reads know no lease.
                says_nothing = not next(iter(headers.values())).strip() or (method == "GET" and "Content-Encoding" in headers)
                if not says_nothing:
                    expect_refusal(answer.status, f"{method} with {headers}")
                require(answer.status < 500, f"{method} with {headers} is answered with {answer.status}")
        kept.check_after_restart()
        return f"{count} requests"


# Rules 104, 106, 111
def malformed_http1(binary):
    config = CONFIG.replace("tls_disable = true", 'tls_disable = true\n  http_read_timeout = "2s"\n  http_read_header_timeout = "2s"')
    with Server(binary, config) as server:
        kept, count = Kept(server), 0
        for sent in corpus.HTTP1:
            found = statuses(raw(server.port, sent))
            count += 1
            # What is no HTTP at all may be answered by closing.
            require(all(it in REFUSED for it in found), f"{sent[:120]!r} is answered with {found}")
        originals = [corpus.POST + b"content-length: 7\r\nx-vault-token: x\r\n\r\n{\"a\":1}", corpus.POST + b"transfer-encoding: chunked\r\n\r\n7\r\n{\"a\":1}\r\n0\r\n\r\n", corpus.GET + b"host: x\r\nx-vault-token: x\r\n\r\n" * 2]
        for sent in corpus.mutations(3, 400, originals):
            found = statuses(raw(server.port, sent))
            count += 1
            require(all(it in {307, *REFUSED} for it in found), f"{sent!r} is answered with {found}")
        kept.check_after_restart()
        return f"{count} streams"


# Rules 57, 97
def malformed_policies(binary):
    with Server(binary) as server:
        kept, count = Kept(server), 0
        for policy in corpus.POLICIES:
            answer = server.ask("PUT", "/v1/sys/policies/acl/malformed", {"policy": policy}, kept.token)
            count += 1
            expect_refusal(answer.status, f"the policy {policy[:80]!r}")
            require(len(answer.body) < 2000, f"the error for {policy[:80]!r} is as long as the policy")
        require(server.ask("GET", "/v1/sys/policies/acl/malformed", None, kept.token).status == 404, "none of them was kept")
        original = b'path "secret/data/+/b*" {\n  capabilities = ["read", "list"]\n  allowed_parameters = { "a" = ["b", 1] }\n}\n'
        for policy in corpus.mutations(4, 300, [original]):
            answer = server.ask("PUT", "/v1/sys/policies/acl/mutated", json.dumps({"policy": policy.decode("latin-1")}).encode(), kept.token)
            count += 1
            require(answer.status in {200, 204, *REFUSED}, f"the policy {policy!r} is answered with {answer.status}")
        kept.check_after_restart()
        return f"{count} policies"


# Rules 18, 19
def malformed_shares(binary):
    with Server(binary) as server:
        kept, count = Kept(server), 0
        server.must("PUT", "/v1/sys/seal", {}, kept.token)
        for share in corpus.shares(server.share):
            for body in ({"key": share}, {"key": [share]}, share):
                answer = server.ask("PUT", "/v1/sys/unseal", body)
                count += 1
                # All the ways to write the right one open it, which is no defect.
                if answer.status == 200 and not answer.json()["sealed"]:
                    server.must("PUT", "/v1/sys/seal", {}, kept.token)
                else:
                    expect_refusal(answer.status, f"the share {share[:50]!r}")
        server.wait_for(lambda: server.ask("PUT", "/v1/sys/unseal", {"key": server.share}).status == 200, "the right share to be let in")
        kept.check_after_restart()
        return f"{count} shares"


# Rule 97
def malformed_configurations(binary):
    count = 0
    with tempfile.TemporaryDirectory(prefix="proof-") as home:
        file = Path(home) / "server.hcl"
        originals = [(CONFIG % {"home": home}).encode()]
        texts = [it.encode() for it in corpus.CONFIGS] + [b"\xff\xfe", b"\x80 = 1"] + [it for it in corpus.mutations(5, 40, originals)]
        for at, text in enumerate(texts):
            file.write_bytes(text)
            process = subprocess.Popen([binary, "server", f"-config={file}"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=home, env={"HOME": home, "PATH": "/usr/bin"})
            try:
                told = line_of(process, text, allowed_to_run=at >= len(corpus.CONFIGS) + 2)
            finally:
                process.kill()
                process.wait()
            require(b"panicked" not in told, f"{text[:80]!r} makes it panic: {told!r}")
            count += 1
    return f"{count} files"


def line_of(process, text, allowed_to_run):
    """The one line that a server says of a configuration which it does not take. A mutation may be one that it does."""
    first = process.stderr.readline()
    if allowed_to_run and process.poll() is None and b"secret server: /" not in first:
        return first
    try:
        process.wait(WAIT)
    except subprocess.TimeoutExpired:
        raise Trouble(f"the configuration {text[:80]!r} is taken")
    rest = process.stderr.read()
    lines = [line for line in (first + rest).splitlines() if b"has no effect" not in line]
    require(process.returncode == 1, f"{text[:80]!r} ends with {process.returncode}: {first + rest!r}")
    require(len(lines) == 1 and lines[0].startswith(b"secret server: "), f"{text[:80]!r} is answered with more than a line: {first + rest!r}")
    return first + rest


# ----------------------------------------------------------------------- HTTP/2

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS, HEADERS, DATA, PRIORITY, RST, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = 4, 1, 0, 2, 3, 5, 6, 7, 8, 9
END_STREAM, END_HEADERS = 1, 4


def frame(kind, flags, stream, payload, length=None):
    return (len(payload) if length is None else length).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def literal(name, value):
    """A field without compression, in HPACK."""
    number = lambda it: bytes([it]) if it < 127 else b"\x7f" + varint(it - 127)
    return b"\0" + number(len(name)) + name + number(len(value)) + value


def varint(rest):
    out = b""
    while rest >= 128:
        out += bytes([rest % 128 + 128])
        rest //= 128
    return out + bytes([rest])


REQUEST = b"".join(literal(*it) for it in ((b":method", b"GET"), (b":scheme", b"https"), (b":path", b"/v1/sys/mounts"), (b":authority", b"localhost")))


def http2_streams():
    """What is no HTTP/2, behind a preface and settings; and what is too much of it."""
    yield PREFACE[:-1] + b"x"
    start = PREFACE + frame(SETTINGS, 0, 0, b"")
    head = lambda fields, flags=END_STREAM | END_HEADERS: frame(HEADERS, flags, 1, fields)
    for bad in (
        frame(SETTINGS, 0, 0, b"x"), frame(SETTINGS, 0, 1, b""), frame(SETTINGS, 1, 0, b"123456"), frame(SETTINGS, 0, 0, (4).to_bytes(2, "big") + b"\xff\xff\xff\xff"), frame(SETTINGS, 0, 0, (5).to_bytes(2, "big") + bytes(4)),
        frame(PING, 0, 0, b"short"), frame(PING, 0, 1, bytes(8)), frame(WINDOW, 0, 0, bytes(4)), frame(WINDOW, 0, 1, bytes(4)), frame(WINDOW, 0, 0, b"\x7f\xff\xff\xff") * 3, frame(WINDOW, 0, 0, b"x"),
        frame(DATA, 0, 0, b"x"), frame(DATA, 0, 1, b"x"), frame(DATA, 8, 1, b"\xff"), frame(RST, 0, 0, bytes(4)), frame(RST, 0, 9, bytes(4)), frame(RST, 0, 1, b"x"), frame(PUSH, 4, 1, bytes(4) + REQUEST),
        frame(GOAWAY, 0, 1, bytes(8)), frame(GOAWAY, 0, 0, b"x"), frame(PRIORITY, 0, 0, bytes(5)), frame(PRIORITY, 0, 1, b"x"), frame(CONTINUATION, 4, 1, REQUEST), frame(HEADERS, 5, 0, REQUEST), frame(HEADERS, 5, 2, REQUEST),
        frame(HEADERS, 1, 1, REQUEST) + frame(DATA, 0, 1, b"x"), frame(HEADERS, 1, 1, REQUEST) + frame(CONTINUATION, 4, 3, b""), frame(HEADERS, 13, 1, b"\xff" + REQUEST), frame(99, 255, 7, b"unknown"), frame(DATA, 0, 1, b"", 0xffffff),
        head(b""), head(b"\xff\xff\xff\xff\xff"), head(b"\x80"), head(b"\x3f\xe1\xff\xff\xff\x7f"), head(b"\0\x85xxxxx"), head(REQUEST[:-3]), head(REQUEST + literal(b"X-Upper", b"a")), head(REQUEST + literal(b":path", b"/other")),
        head(REQUEST + literal(b":status", b"200")), head(literal(b"a", b"b") + REQUEST), head(REQUEST + literal(b"connection", b"close")), head(REQUEST + literal(b"transfer-encoding", b"chunked")), head(REQUEST + literal(b"te", b"gzip")),
        head(REQUEST + literal(b"x", b"a\r\nb: c")), head(REQUEST + literal(b"x", b"a\0b")), head(REQUEST + literal(b"x y", b"a")), head(REQUEST + literal(b"", b"a")), head(REQUEST.replace(b"/v1/sys/mounts", b"v1\0sys/mounts")),
        head(REQUEST.replace(b"GET", b"G T")), head(REQUEST + literal(b"content-length", b"5")), head(REQUEST + literal(b"content-length", b"1") + literal(b"content-length", b"2")), head(REQUEST + literal(b"x", b"a" * 15_000) + literal(b"y", b"a" * 200)),
        frame(HEADERS, 4, 1, REQUEST.replace(b"GET", b"PUT") + literal(b"content-length", b"3")) + frame(DATA, 1, 1, b"too long"), frame(HEADERS, 4, 1, REQUEST) + frame(HEADERS, 4, 1, REQUEST),
    ):
        yield start + bad
    yield start + frame(HEADERS, 0, 1, REQUEST) + frame(CONTINUATION, 0, 1, literal(b"x", b"a" * 100)) * 2000
    yield start + frame(HEADERS, 0, 1, REQUEST) + frame(CONTINUATION, 0, 1, b"") * 20_000
    yield start + b"".join(frame(HEADERS, 5, 2 * at + 1, REQUEST) + frame(RST, 0, 2 * at + 1, bytes(4)) for at in range(3000))
    yield start + b"".join(frame(HEADERS, 4, 2 * at + 1, REQUEST) for at in range(3000))
    yield start + frame(PING, 0, 0, bytes(8)) * 20_000
    yield start + frame(SETTINGS, 0, 0, b"") * 20_000
    yield from corpus.mutations(6, 200, [start + head(REQUEST), start + frame(HEADERS, 4, 1, REQUEST.replace(b"GET", b"PUT")) + frame(DATA, 1, 1, b'{"a":1}')])


def with_tls(home):
    """A configuration with a certificate made for this run."""
    if not shutil.which("openssl"):
        raise Lacking("openssl makes the certificate")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", f"{home}/key.pem", "-out", f"{home}/cert.pem"]
    subprocess.run(command, check=True, capture_output=True)
    secure = 'listener "tcp" {\n  address = "127.0.0.1:0"\n  tls_cert_file = "%(home)s/cert.pem"\n  tls_key_file = "%(home)s/key.pem"\n  http_read_header_timeout = "3s"\n  http_idle_timeout = "3s"\n}\n'
    return CONFIG + secure


# Rules 104, 111
def malformed_http2(binary):
    with tempfile.TemporaryDirectory(prefix="proof-") as home:
        with Server(binary, with_tls(home), home=home) as server:
            kept, count = Kept(server), 0
            port = int(server.log.read_text().split("ready on https://127.0.0.1:")[1].split("\n")[0])
            context = ssl.create_default_context(cafile=f"{home}/cert.pem")
            context.set_alpn_protocols(["h2"])
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            good = PREFACE + frame(SETTINGS, 0, 0, b"") + frame(HEADERS, 5, 1, REQUEST)
            require(b"\x88" not in raw(port, good, context)[:5], "an answer is there to be had")
            for sent in http2_streams():
                raw(port, sent, context)
                count += 1
                require(server.process.poll() is None, f"{DIED} of {sent[24:150]!r}")
            kept.check_after_restart()
            return f"{count} streams"


TESTS = [malformed_paths, malformed_bodies, fields_of_a_wrong_type, malformed_headers, malformed_http1, malformed_http2, malformed_policies, malformed_shares, malformed_configurations]
