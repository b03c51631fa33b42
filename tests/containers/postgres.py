"""A real PostgreSQL, in a folder of its own, on a port of its own. It keeps passwords as SCRAM verifiers."""

import os
import pwd
import signal
import socket
import subprocess
from pathlib import Path

from server import Trouble
from wait import until

ADMIN = "postgres"  # the system's user, who is the database's first user as well


def programs():
    """Where Debian keeps what is not on everybody's PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda it: int(it.parts[-3]))
    return found[-1].parent if found else None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Postgres:
    def __init__(self, home):
        self.home, self.bin, self.port = Path(home), programs(), free_port()
        self.user = pwd.getpwnam(ADMIN)
        self.process = None

    def start(self):
        self.home.mkdir(mode=0o700)
        os.chown(self.home, self.user.pw_uid, self.user.pw_gid)
        data = self.home / "data"
        made = self.run([self.bin / "initdb", "-D", data, "-U", ADMIN, "--auth-local=peer", "--auth-host=scram-sha-256", "--no-sync"])
        if made.returncode != 0:
            raise Trouble(f"initdb: {made.stderr}")
        options = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": self.home, "fsync": "off", "log_connections": "on"}
        command = [self.bin / "postgres", "-D", data, *(word for name, value in options.items() for word in ("-c", f"{name}={value}"))]
        with open(self.home / "log", "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self.as_admin())
        until(lambda: self.run([self.bin / "pg_isready", "-q", "-h", self.home, "-p", str(self.port)]).returncode == 0, "PostgreSQL to be ready")

    def as_admin(self):
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": [], "cwd": self.home,
                "env": {"PATH": os.defpath, "HOME": str(self.home), "PGCONNECT_TIMEOUT": "10"}}

    def run(self, command, **more):
        return subprocess.run([str(word) for word in command], capture_output=True, text=True, **self.as_admin(), **more)

    def sql(self, text):
        """As the administrator, over the socket. The text goes in by standard input: arguments are for everybody to see."""
        done = self.run([self.bin / "psql", "-h", self.home, "-p", self.port, "-AtqX", "-v", "ON_ERROR_STOP=1"], input=text)
        if done.returncode != 0:
            raise Trouble(f"psql: {done.stderr}")
        return done.stdout.strip()

    def lets_in(self, user, password):
        """Whether this user gets in over TCP with this password."""
        environment = self.as_admin()["env"] | {"PGPASSWORD": password}
        command = [self.bin / "psql", "-wAtX", "-h", "127.0.0.1", "-p", str(self.port), "-U", user, "-d", "postgres", "-c", "SELECT 1"]
        return subprocess.run(command, capture_output=True, env=environment).returncode == 0

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # its fast shutdown
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


