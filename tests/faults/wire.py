"""What stands between agent and server: a proxy of the test, and what can go wrong with it.

A fault is a function of a connection. It is called for each one that the agent opens while the fault lasts; the
connections from before are cut.
"""

import http.client
import json
import socket
import struct
import threading
import time

from server import PORT as SERVER

PORT = 8300


class Wire:
    """Hands bytes on, until a fault is put into it."""

    def __init__(self):
        self.fault, self.met, self.open = None, 0, set()
        self.lock = threading.Lock()
        self.begin_listening()

    def begin_listening(self):
        self.listener = socket.create_server(("127.0.0.1", PORT), backlog=64)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(near,), daemon=True).start()

    def serve(self, near):
        with self.lock:
            self.open.add(near)
            fault = self.fault
        try:
            if fault is None:
                forward(near)
            else:
                fault(self, near)
        except OSError:
            pass  # one side is gone, or the connection was cut
        finally:
            with self.lock:
                self.open.discard(near)
            near.close()

    def put(self, fault):
        """From now on `fault` happens, or nothing (None)."""
        with self.lock:
            self.fault, self.met = fault, 0
            for near in self.open:
                cut(near)

    def refuse(self):
        """Nobody listens any more."""
        # Closing alone does not wake who accepts.
        cut(self.listener)
        self.listener.close()
        self.put(None)

    def count(self):
        """The agent has met the fault."""
        with self.lock:
            self.met += 1


def cut(connection):
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it was not connected


# ------------------------------------------------------------- bytes handed on

def forward(near, answer=None):
    """Both ways, until one side ends. `answer` sends what comes from the server."""
    with socket.create_connection(("127.0.0.1", SERVER)) as far:
        threading.Thread(target=pump, args=(near, far, far.sendall), daemon=True).start()
        pump(far, near, answer or near.sendall)


def pump(source, other, send):
    try:
        while data := source.recv(1 << 16):
            send(data)
    except OSError:
        pass
    finally:
        cut(other)


def slow(seconds):
    """Each answer takes so long."""
    def fault(wire, near):
        def later(data):
            wire.count()
            time.sleep(seconds)
            near.sendall(data)
        forward(near, later)
    return fault


def drip(seconds):
    """Answers come a byte at a time."""
    def fault(wire, near):
        near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def byte_by_byte(data):
            wire.count()
            for at in range(len(data)):
                near.sendall(data[at:at + 1])
                time.sleep(seconds)
        forward(near, byte_by_byte)
    return fault


# -------------------------------------------------------- answers of the proxy

def request(near):
    """Head and body of the next request, or nothing at the connection's end."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = near.recv(1 << 16)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += near.recv(1 << 16)
    return head, body


def head(status, length, headers):
    lines = [f"HTTP/1.1 {status} Made up", f"Content-Length: {length}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def answers(status, body=b"", **headers):
    """Everything is answered so."""
    headers = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}

    def fault(wire, near):
        while request(near):
            wire.count()
            near.sendall(head(status, len(body), headers) + body)
    return fault


def errors(status, **headers):
    return answers(status, json.dumps({"errors": ["made up by the test"]}).encode(), **headers)


def asked_on(near):
    """What the server says to the next request: status and body; nothing at the connection's end."""
    got = request(near)
    if got is None:
        return None
    lines = got[0].decode().split("\r\n")
    method, path, _ = lines[0].split(" ", 2)
    headers = dict(line.split(": ", 1) for line in lines[1:])
    connection = http.client.HTTPConnection("127.0.0.1", SERVER)
    own = ("host", "content-length")
    connection.request(method, path, got[1] or None, {name: value for name, value in headers.items() if name.lower() not in own})
    answer = connection.getresponse()
    return answer.status, answer.read()


def truncates(wire, near):
    """The first half of each answer, as if it were whole."""
    while answer := asked_on(near):
        wire.count()
        status, body = answer
        half = body[:len(body) // 2]
        near.sendall(head(status, len(half), {"Content-Type": "application/json"}) + half)


def ends_early(wire, near):
    """The first half of each answer, and then the connection's end."""
    if answer := asked_on(near):
        wire.count()
        status, body = answer
        near.sendall(head(status, len(body), {"Content-Type": "application/json"}) + body[:len(body) // 2])


def resets(wire, near):
    """The first half of each answer, and then a reset."""
    ends_early(wire, near)
    near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def endless(wire, near):
    """A body that never ends."""
    if request(near):
        wire.count()
        near.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(b'{"data":{"data":"'))
        more = chunk(b"a" * (1 << 16))
        while True:
            near.sendall(more)


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def silent(wire, near):
    """Requests are taken, and never answered."""
    while request(near):
        wire.count()


# ----------------------------------------------------------------- another host

TRAP = 8500


class Trap:
    """Somebody else, who writes down what is sent to him."""

    def __init__(self):
        self.parts = []
        self.listener = socket.create_server(("127.0.0.2", TRAP))
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            near, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(near,), daemon=True).start()

    def serve(self, near):
        try:
            while got := request(near):
                self.parts.append(b"\r\n\r\n".join(got))
                near.sendall(head(200, 2, {"Content-Type": "application/json"}) + b"{}")
        except OSError:
            pass  # whoever came is gone
        finally:
            near.close()

    def heard(self):
        return b"".join(self.parts)
