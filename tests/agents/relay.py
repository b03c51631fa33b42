"""Between an agent and its server: counts what is asked, may be away or sealed, and may speak TLS."""

import http.client
import http.server
import ssl
import subprocess
import threading

WAIT = 20


class Relay:
    """Passes requests on to a server. `asked` holds method and path of each."""

    def __init__(self, target, tls=None):
        self.asked, self.away, self.sealed, self.subjects = [], False, False, set()
        relay = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self):
                relay.asked.append((self.command, self.path))
                if tls:
                    relay.subjects.add(subject(self.connection.getpeercert()))
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if relay.away:
                    self.close_connection = True
                    return
                if relay.sealed:
                    self.answer(503, [("Content-Type", "application/json")], b'{"errors":["Vault is sealed"]}')
                    return
                server = http.client.HTTPConnection("127.0.0.1", target, timeout=WAIT)
                try:
                    server.request(self.command, self.path, body, {k: v for k, v in self.headers.items() if k.lower() != "host"})
                    answer = server.getresponse()
                    content = answer.read()
                finally:
                    server.close()
                self.answer(answer.status, answer.getheaders(), content)

            def answer(self, status, headers, content):
                self.send_response_only(status)
                for name, value in headers:
                    if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PUT = do_POST = do_DELETE = do_LIST = pass_on

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # an agent that hangs up is no news

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls / "server.pem", tls / "server.key")
            context.load_verify_locations(tls / "ca.pem")
            context.verify_mode = ssl.CERT_OPTIONAL
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def times(self, path):
        """How often a path was asked for, to the end of the query."""
        return sum(found.split("?")[0] == path for _, found in self.asked)

    def end(self):
        self.server.shutdown()
        self.server.server_close()


def subject(certificate):
    """The common name of a client's certificate."""
    parts = dict(pair for group in (certificate or {}).get("subject", ()) for pair in group)
    return parts.get("commonName", "")


def certificates(folder):
    """An authority, the certificate of a server called `agents.test` at 127.0.0.1, and those of two clients."""
    folder.mkdir()

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    def key(name):
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{name}.key")

    key("ca")
    openssl("req", "-x509", "-key", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=authority",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    for name, usage, names in (("server", "serverAuth", "DNS:agents.test"), ("address", "serverAuth", "IP:127.0.0.1"),
                               ("client", "clientAuth", "DNS:a-client"), ("second", "clientAuth", "DNS:a-second")):
        key(name)
        openssl("req", "-x509", "-CA", "ca.pem", "-CAkey", "ca.key", "-key", f"{name}.key", "-out", f"{name}.pem", "-days", "2",
                "-subj", f"/CN=a-{name}", "-addext", "basicConstraints=critical,CA:FALSE", "-addext", f"subjectAltName={names}",
                "-addext", f"extendedKeyUsage={usage}", "-addext", "keyUsage=critical,digitalSignature")
    return folder
