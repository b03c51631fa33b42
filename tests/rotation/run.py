#!/usr/bin/env python3
"""The password of a real PostgreSQL role is rotated: with examples/rotate-postgres.sh, as docs/rotation.md says.

An agent renders the password from a read with a lease; whoever logs in takes it from its file, and must come in before
and after. The database's log is searched for every password there was, with all that it can log switched on.

  run.py --binary target/debug/secret

The exit status is 0, 1 (something is not as docs/rotation.md says) or 2 (could not run). With CI=true a missing tool
fails as well.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# What others have already: a server, a PostgreSQL.
sys.path[:0] = [str(HERE.parent / "proof"), str(HERE.parent / "containers")]

from postgres import ADMIN, Postgres, programs
from server import Lacking, Server, Trouble
from wait import until

HOOK = ROOT / "examples" / "rotate-postgres.sh"
# With all that has to be quoted somewhere.
ROLE, FIRST = 'shop "a"\\b', "ros'e\"b$ud\\ ;:'x' -- %s"
NAME = '"' + ROLE.replace('"', '""') + '"'
AGENT = """\
auto_auth { method "token_file" { config = { token_file_path = "HOME/token" } } }
template_config { static_secret_render_interval = "1s" }
path "secret/db" { hold = "1h" }
template {
  contents    = "{{ with secret \\"secret/db\\" }}{{ .Data.data.password }}{{ end }}"
  destination = "DIR/password"
}
"""


class Wrong(Exception):
    """Something is not as the page says."""


def see(what, found, expected):
    if found != expected:
        raise Wrong(f"{what}: {found!r} instead of {expected!r}")


class Story:
    def __init__(self, server, root, database, dir):
        self.server, self.database, self.dir = server, database, Path(dir)
        self.env = {"PATH": os.defpath, "STRONGROOM_ADDR": f"http://127.0.0.1:{server.port}", "VAULT_TOKEN": root}
        self.passwords = [FIRST]
        # Where the database's administrator can run it, and its options.
        self.hook = database.home / "rotate-postgres.sh"
        shutil.copy(HOOK, self.hook)
        user = database.user
        self.as_admin = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        self.options = ["-h", database.home, "-p", database.port, "-U", ADMIN, "-d", "postgres"]

    def secret(self, *arguments):
        command = [self.server.binary, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, env=self.env, stdin=subprocess.DEVNULL)

    def ok(self, *arguments):
        done = self.secret(*arguments)
        if done.returncode != 0:
            raise Trouble(f"{arguments[0]}: {done.stderr}")
        return done.stdout

    def rotate(self, *arguments, hook, expected):
        """A rotation with a hook; what it says, which is no password."""
        done = self.secret("rotate", *arguments, "--", *hook)
        see(f"the exit status of rotate {arguments}, which says {done.stderr}", done.returncode, expected)
        self.passwords.append(self.ok("get", "-field=value", "db.rotation" if expected else "db#password"))
        for password in self.passwords:
            see("a password in what rotate prints", password in done.stdout + done.stderr, False)
        return done.stderr

    def rendered(self):
        return (self.dir / "password").read_text()

    def lets_in(self, password):
        return self.database.lets_in(ROLE, password)

    def begin(self):
        """The role, the secret and the agent; and the database logs all that it can."""
        self.database.sql(f"CREATE ROLE {NAME} LOGIN PASSWORD '{FIRST.replace(chr(39), chr(39) * 2)}'")
        settings = {"log_statement": "all", "log_duration": "on", "log_min_duration_statement": 0, "log_min_error_statement": "debug5"}
        for name, value in settings.items():
            self.database.sql(f"ALTER SYSTEM SET {name} = '{value}'")
        self.database.sql("SELECT pg_reload_conf()")
        until(lambda: self.database.sql("SHOW log_statement") == "all", "the database to log statements")
        fields = self.server.home / "fields.json"
        fields.write_text(json.dumps({"user": ROLE, "password": FIRST}))
        self.ok("put", "db", f"@{fields}")
        (self.server.home / "token").write_text(self.ok("token", "create", "-policy=root", "-field=token"))
        config = self.server.home / "agent.hcl"
        config.write_text(AGENT.replace("HOME", str(self.server.home)).replace("DIR", str(self.dir)))
        command = [self.server.binary, "agent", f"-config={config}"]
        return subprocess.Popen(command, env=self.env, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def follows(self):
        """One that goes well."""
        until(lambda: (self.dir / "password").exists(), "the agent")
        see("a login with the first password", self.lets_in(self.rendered()), True)
        hook = [*self.as_admin, self.hook, *self.options]
        told = self.rotate("-symbols='", "-wait=60s", "db#password", hook=hook, expected=0)
        see("nobody is behind", "nobody holds a lease of the old value" in told, True)
        until(lambda: self.rendered() == self.passwords[-1], "the agent to render the new password")
        see("a login with the new password", self.lets_in(self.rendered()), True)
        see("a login with the first password", self.lets_in(FIRST), False)

    def goes_on(self):
        """One that fails before the password is set, while it is, and after it: it is gone on with each time."""
        hook = [*self.as_admin, self.hook, *self.options]
        nobody = [self.hook, "-w", *self.options[:4], "-U", "nobody", "-d", "postgres"]
        self.rotate("-symbols=\\", "db#password", hook=nobody, expected=4)
        self.database.sql(f"ALTER ROLE {NAME} RENAME TO gone")
        self.rotate("-resume", "db", hook=hook, expected=4)
        self.database.sql(f"ALTER ROLE gone RENAME TO {NAME}")
        see("a login with what the secret has", self.lets_in(self.ok("get", "db#password")), True)
        late = [*self.as_admin, "bash", "-c", '"$@"; exit 1', "late", self.hook, *self.options]
        self.rotate("-resume", "db", hook=late, expected=4)
        see("a login with what the secret has", self.lets_in(self.ok("get", "db#password")), False)
        see("a login with what is kept", self.lets_in(self.passwords[-1]), True)
        kept = self.passwords[-1]
        self.rotate("-resume", "-wait=60s", "db", hook=hook, expected=0)
        see("the password that was kept is stored", self.passwords[-1] == kept, True)
        until(lambda: self.rendered() == kept, "the agent to render it")
        see("a login after all", self.lets_in(self.rendered()), True)

    def comes_from_a_file(self):
        """What `secret fix` took out of a file has no user beside it: the role is named."""
        first, file = "Qv7x" + "-mournful-38", self.server.home / "shop" / "web.env"
        file.parent.mkdir()
        self.database.sql(f"CREATE ROLE web LOGIN PASSWORD '{first}'")
        file.write_text(f"DB_PASSWORD={first}\n")
        self.ok("fix", "-yes", file)
        hook = [*self.as_admin, self.hook]
        failed = self.secret("rotate", "env/shop/web#DB_PASSWORD", "--", *hook, *self.options)
        see(f"a rotation without a role, which says {failed.stderr}", failed.returncode, 4)
        see("what it asks for", "which role?" in failed.stderr, True)
        see("a login with what stood in the file", self.database.lets_in("web", first), True)
        self.ok("rotate", "-abandon", "env/shop/web")
        self.ok("rotate", "env/shop/web#DB_PASSWORD", "--", *hook, "--role=web", *self.options)
        new = self.ok("get", "env/shop/web#DB_PASSWORD")
        # The first one is in the log, for we have said it there.
        self.passwords.append(new)
        see("a login with what the secret has", self.database.lets_in("web", new), True)
        see("a login with what stood in the file", self.database.lets_in("web", first), False)

    def leaves_no_trace(self):
        log = (self.database.home / "log").read_text(errors="replace")
        see("the database logs statements", "SET LOCAL log_statement" in log, True)
        see("the database logs errors", "does not exist" in log, True)
        for password in self.passwords:
            for form in [password, password.replace("'", "''")]:
                see("a password in the database's log", form in log, False)


def run(binary):
    for tool in ["jq", "psql", "setpriv"]:
        if not shutil.which(tool):
            raise Lacking(f"{tool} is not here")
    if not programs():
        raise Lacking("PostgreSQL is not here")
    if os.geteuid() != 0:
        raise Lacking("only root may act as the database's user")
    with Server(binary) as server, tempfile.TemporaryDirectory(dir="/dev/shm") as dir, tempfile.TemporaryDirectory() as home:
        os.chmod(home, 0o755)
        root = server.open()
        database, agent = Postgres(Path(home) / "postgres"), None
        try:
            database.start()
            story = Story(server, root, database, dir)
            agent = story.begin()
            story.follows()
            story.goes_on()
            story.comes_from_a_file()
            story.leaves_no_trace()
        finally:
            if agent:
                agent.kill()
                agent.wait()
            database.stop()


def main():
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(target / "debug" / "secret"))
    arguments = parser.parse_args()
    try:
        run(str(Path(arguments.binary).resolve()))
    except Wrong as wrong:
        print(f"FAILED  {wrong}")
        return 1
    except Lacking as lacking:
        print(f"left out: {lacking}")
        return 2 if os.environ.get("CI") == "true" else 0
    except Trouble as trouble:
        print(f"TROUBLE  {trouble}")
        return 2
    print("ok  a database's password is rotated, with an agent that follows it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
