#!/usr/bin/env python3
"""What Nomad asks of a server, replayed: its exact requests in their order, by a strict stand-in for Nomad.

There is no Nomad in this: `nomad.py` signs workload identities (Ed25519 and RS256) with keys that it rotates, publishes
them at an HTTPS server of its own, sends what Nomad sends and reads what Nomad reads. What `nomad setup vault` writes is
written as it stands.

  run.py --binary target/debug/secret            our server
  run.py --binary ... --oracle PATH/bao          the same of a real OpenBao first, to show that the stand-in is right
  run.py --only rotation,refused                 checks whose names start so, after those that set up

The exit status is 0, 1 (something is not as Nomad needs it) or 2 (could not run).
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "conformance"))

import diff
import signing
from clients import Clients
from cluster import Cluster
from diff import Trouble
from nomad import Client, Keyring, Plugin, is_lost, setup_vault
from subject import Subject

TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
WAIT = 60  # seconds for whatever is waited for
HALF_AN_HOUR = 1800
CHECKS = []


class Wrong(Exception):
    """Something is not as Nomad needs it."""


def check(function):
    CHECKS.append((function.__name__.replace("_", "-"), function))
    return function


def see(what, found, expected):
    if found != expected:
        raise Wrong(f"{what}: {found!r} instead of {expected!r}")


def see_that(what, holds):
    if not holds:
        raise Wrong(what)


def until(what, holds):
    end = time.monotonic() + WAIT
    while not holds():
        if time.monotonic() > end:
            raise Wrong(f"waited for {what} in vain")
        time.sleep(0.05)


class World:
    """One server, and the Nomad that uses it."""

    def __init__(self, server, program, folder):
        self.server, self.program, self.folder = server, program, Path(folder)
        self.client, self.root = Client(server.port), server.token
        self.ring = Keyring(folder)
        self.is_ours = server.name != "oracle"

    def must(self, method, path, body=None):
        answer = self.client.ask(method, path, body, self.root)
        see_that(f"{method} {path} answers {answer.status}: {answer.errors}", answer.status in (200, 204))
        return answer.json()

    def secret(self, path, **data):
        self.must("PUT", f"secret/data/{path}", {"data": data})

    def token(self, **identity):
        """The token of a task."""
        answer = self.client.login(self.ring.identity(**identity))
        see_that(f"a login is refused with {answer.status}: {answer.errors}", answer.status == 200)
        return answer.json()["auth"]["client_token"]

    def reads(self, token, path):
        """The status of a read as consul-template makes it: first where the mount is, then the secret."""
        mount = self.client.ask("GET", f"sys/internal/ui/mounts/secret/{path}", token=token)
        if mount.status == 200:
            see("the mount's path", mount.json()["data"]["path"], "secret/")
            see("the mount's version", mount.json()["data"]["options"]["version"], "2")
        return self.client.ask("GET", f"secret/data/{path}", token=token).status

    def run(self, *arguments):
        """Our own command at this server; exit status and standard output."""
        ran = subprocess.run([self.program, *arguments], capture_output=True, text=True, timeout=WAIT, stdin=subprocess.DEVNULL,
                             env={"STRONGROOM_ADDR": self.server.url, "STRONGROOM_TOKEN": self.root})
        return ran.returncode, ran.stdout, ran.stderr

    def stop(self):
        self.ring.stop()


# ---------------------------------------------------------------- the checks

@check
def fingerprint(at):
    """Every 15 seconds, without a token; a job is placed where the version is new enough."""
    first, second = at.client.fingerprint(), at.client.fingerprint()
    see("the attributes, asked again", second, first)
    see_that(f"an attribute is empty: {first}", all(first.values()))
    version = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?", first["vault.version"])
    see_that(f"{first['vault.version']} is no version", version)
    see_that("the version is less than 0.6.1, and than 1.11.0 of named clusters", tuple(map(int, version.groups()[:3])) >= (1, 11, 0))
    see_that("Nomad takes it for Vault Enterprise", not first["vault.version"].endswith("+ent"))


@check
def set_up_by_nomad(at):
    """`nomad setup vault -y`, and once more."""
    see("made", setup_vault(at.client, at.ring, at.root), ["method", "config", "policy", "role"])
    see("made again", setup_vault(at.client, at.ring, at.root), [])
    unreachable = at.client.ask("PUT", "auth/jwt-nomad/config", {"jwks_url": "https://127.0.0.1:1/", "jwks_ca_pem": at.ring.ca}, at.root)
    see_that(f"Nomad does not know this text: {unreachable.errors}", "error checking jwks URL" in unreachable.errors)
    see("the keys' place after a refusal", at.must("GET", "auth/jwt-nomad/config")["data"]["jwks_url"], at.ring.url)


@check
def login(at):
    """What Nomad reads of a login's answer; the role may be left to us, and the token may come from a file."""
    for role, end in (("nomad-workloads", ""), ("", ""), ("", "\n")):
        answer = at.client.login(at.ring.identity() + end, role)
        see("status", answer.status, 200)
        see("content type", answer.kind, "application/json")
        auth = answer.json()["auth"]
        see("lease_duration", auth["lease_duration"], HALF_AN_HOUR)
        see("renewable", auth["renewable"], True)
        see("policies", sorted(auth["policies"]), ["default", "nomad-workloads"])
        known = at.client.ask("GET", "auth/token/lookup-self", token=auth["client_token"]).json()["data"]
        see("entity", known["entity_id"], auth["entity_id"])
        see_that("the login has no entity", auth["entity_id"])


@check
def one_entity_for_a_job(at):
    """All tasks of a job are one entity; another job is another."""
    def entity(**identity):
        return at.client.login(at.ring.identity(**identity)).json()["auth"]["entity_id"]
    see("the entity of another task", entity(task="worker"), entity(task="web"))
    see_that("another job has the same entity", entity(job="other") != entity())


@check
def renew(at):
    """At half of the lease, with an increment of 0."""
    token = at.token()
    for _ in range(3):
        auth = at.client.renew(token).json()["auth"]
        see("lease_duration", auth["lease_duration"], HALF_AN_HOUR)
        see("the token", auth["client_token"], token)


@check
def lost_tokens(at):
    """A revoked token, an expired one and an invented one are refused in words that Nomad takes for final."""
    token = at.token()
    see("renewal", at.client.renew(token).status, 200)
    see("revoked", at.client.ask("PUT", "auth/token/revoke-self", {}, token).status, 204)
    see("a read with it", at.reads(token, "default/shop"), 403)
    at.must("PUT", "auth/jwt-nomad/role/short", {"role_type": "jwt", "bound_audiences": ["vault.io"], "user_claim": "sub",
                                                 "token_ttl": "1s", "token_max_ttl": "2s", "token_policies": ["nomad-workloads"]})
    short = at.client.login(at.ring.identity(), "short").json()["auth"]["client_token"]
    until("the token's end", lambda: at.client.ask("GET", "auth/token/lookup-self", token=short).status == 403)
    for what, token in (("revoked", token), ("expired", short), ("invented", "hvs.invented")):
        answer = at.client.renew(token)
        see_that(f"a token that is {what}: Nomad would try again after {answer.status} {answer.errors}", is_lost(answer))


@check
def templates(at):
    """What consul-template asks for a task, of the job's own secrets."""
    at.secret("default/shop", password="first")
    at.secret("default/shop", password="second")
    at.secret("default/shop/db", user="ann")
    token = at.token()
    see("own", at.reads(token, "default/shop"), 200)
    see("below", at.reads(token, "default/shop/db"), 200)
    for query, password in (("", "second"), ("?version=1", "first")):
        answer = at.client.ask("GET", f"secret/data/default/shop{query}", token=token).json()
        see("the value", answer["data"]["data"], {"password": password})
        see_that("no deletion_time", "deletion_time" in answer["data"]["metadata"])
    see("nothing there", at.client.ask("GET", "secret/data/default/shop/none", token=token).status, 404)
    listed = at.client.ask("GET", "secret/metadata/default/shop?list=true", token=token)
    see("listed", listed.json()["data"]["keys"], ["db"])


@check
def another_job(at):
    """The names in the token decide what is read; a name that is no plain segment opens nothing."""
    for path in ("default/other", "default/shopping", "batch/shop", "shared"):
        at.secret(path, value="theirs")
        see(path, at.reads(at.token(), path), 403)
    see("a write", at.client.ask("PUT", "secret/data/default/shop", {"data": {"a": "b"}}, at.token()).status, 403)
    see("the same job elsewhere", at.reads(at.token(namespace="batch"), "batch/shop"), 200)
    see("the same job elsewhere", at.reads(at.token(namespace="batch"), "default/shop"), 403)
    at.secret("default/a/b", value="of a")
    for job in ("+", "*", "..", ".", "a/b", "shop/../other", "{{identity.entity.id}}", "%2e%2e"):
        answer = at.client.login(at.ring.identity(job=job))
        if answer.status == 200:
            token = answer.json()["auth"]["client_token"]
            for path in ("default/shop", "default/other", "default/a/b", "batch/shop"):
                see_that(f"{path} is read by the job {job}", at.reads(token, path) in (400, 403))


@check
def refused_identities(at):
    """Whatever is wrong with an identity: no token, and nothing of it in the answer."""
    stranger = signing.Key("Ed25519", tempfile.mkdtemp(dir=at.folder))
    good = at.ring.identity()
    head, body, signature = good.split(".")
    other = at.ring.identity(job="other").split(".")[1]
    wrong = {
        "another audience": at.ring.identity(aud="consul.io"),
        "several audiences, none ours": at.ring.identity(aud=["consul.io", "nomad"]),
        "no audience": at.ring.identity(aud=None),
        "it has ended": at.ring.identity(age=7200),
        "it has not begun": at.ring.identity(nbf=int(time.time()) + 3600),
        "no time at all": at.ring.identity(exp=None, iat=None, nbf=None),
        "no job": at.ring.identity(nomad_job_id=None),
        "a job that is no text": at.ring.identity(nomad_job_id={"a": 1}),
        "another's key": at.ring.identity(key=stranger, algorithm="EdDSA"),
        "another's key under a known name": at.ring.identity(key=stranger, algorithm="EdDSA", header={"kid": at.ring.keys[-1][1].kid}),
        "not signed": at.ring.identity(algorithm="none"),
        "the public key for a secret": at.ring.identity(algorithm="HS256"),
        "another's claims": f"{head}.{other}.{signature}",
        "half of a signature": good[:-40],
        "no token": "not-a-token",
        "nothing": "",
    }
    for what, jwt in wrong.items():
        answer = at.client.login(jwt)
        see_that(f"{what}: the answer is {answer.status}", answer.status in (400, 403))
        see_that(f"{what}: it answers a token", not answer.json().get("auth"))
        see_that(f"{what}: a part of the token is in the answer", not jwt or jwt[-30:] not in answer.errors)
    see("a role that is not there", at.client.login(good, "none").status in (400, 403), True)
    see("a good one still", at.client.login(good).status, 200)


@check
def rotation(at):
    """Keys are rotated while tasks log in, and not one login fails."""
    failed, done, stop = [], [0] * 4, threading.Event()

    def tasks(number):
        client = Client(at.server.port)
        while not stop.is_set():
            answer = client.login(at.ring.identity(task=f"task-{number}"))
            done[number] += 1
            if answer.status != 200:
                failed.append(f"{answer.status} {answer.errors}")

    threads = [threading.Thread(target=tasks, args=(number,)) for number in range(len(done))]
    for thread in threads:
        thread.start()
    try:
        for turn in range(3):
            before = list(done)
            until("logins with the key", lambda: all(now >= then + 2 for now, then in zip(done, before)))
            at.ring.rotate(("RS256", "EdDSA")[turn % 2])
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    see(f"failed of {sum(done)} logins", failed, [])


@check
def withdrawn_keys(at):
    """A key that is no longer published signs nothing more, once the keys were fetched anew; a new one does at once."""
    old = at.ring.identity(task="old")
    at.ring.rotate("RS256", withdraw=True)
    see("the new key", at.client.login(at.ring.identity()).status, 200)
    if at.is_ours:
        until("the end of the old key", lambda: at.client.login(old).status != 200)


@check
def invented_keys(at):
    """Tokens that name keys of which nobody knows do not make us ask Nomad each time."""
    tokens = [at.ring.identity(header={"kid": f"invented-{number}"}) for number in range(24)]
    before = at.ring.fetched
    with ThreadPoolExecutor(len(tokens)) as strangers:
        refused = list(strangers.map(Client(at.server.port).login, tokens * 2))
        # Somebody with a good token is not kept waiting by them.
        see("a known key", at.client.login(at.ring.identity()).status, 200)
    see("tokens that were given out", [it.status for it in refused if it.status not in (400, 403)], [])
    if at.is_ours:
        see_that(f"{at.ring.fetched - before} fetches for 24 names of keys", 1 <= at.ring.fetched - before <= 6)


@check
def set_up_by_us(at):
    """`secret setup nomad`: a plan that changes nothing, the work, and nothing to do the second time."""
    (at.folder / "nomad-ca.pem").write_text(at.ring.ca)
    ours = ["setup", "nomad", "-path=nomad-eu", "-policy=nomad-eu", "-role=nomad-eu", f"-jwks-url={at.ring.url}", f"-jwks-ca={at.folder}/nomad-ca.pem"]
    paths = ["auth/nomad-eu", "auth/nomad-eu/config", "sys/policies/acl/nomad-eu", "auth/nomad-eu/role/nomad-eu"]

    def states(*more):
        status, out, err = at.run(*ours, "-format=json", *more)
        see_that(f"{more}: {err}", status in (0, 1))
        return status, [(it["path"], it["state"]) for it in json.loads(out)["steps"]]

    see("planned", states("-plan"), (0, [(path, "absent") for path in paths]))
    see("checked", states("-check")[0], 1)
    see("nothing was made by a plan", at.client.ask("GET", "sys/auth/nomad-eu", token=at.root).status != 200, True)
    see("made", states(), (0, [(path, "absent") for path in paths]))
    see("made again", states(), (0, [(path, "same") for path in paths]))
    see("checked", states("-check"), (0, [(path, "same") for path in paths]))
    at.must("PUT", "auth/nomad-eu/role/nomad-eu", {"role_type": "jwt", "user_claim": "sub", "token_period": "5m", "bound_audiences": ["other"]})
    see("what somebody changed", states("-check"), (1, [(path, "same") for path in paths[:3]] + [(paths[3], "other")]))
    see("put right", states()[0], 0)
    at.must("PUT", "auth/nomad-eu/config", {"jwks_url": at.ring.url, "jwks_ca_pem": at.ring.ca, "bound_issuer": "", "default_role": "other"})
    short = [*ours[:5]]
    see_that("put right without the address", at.run(*short, "-format=json")[0] == 0)
    see("the keys' place", at.must("GET", "auth/nomad-eu/config")["data"]["jwks_url"], at.ring.url)
    see("checked", states("-check")[0], 0)
    answer = at.client.login(at.ring.identity(), "", "nomad-eu")
    see("a login", answer.status, 200)
    token = answer.json()["auth"]["client_token"]
    see("the job's own", at.reads(token, "default/shop"), 200)
    see("below it", at.reads(token, "default/shop/db"), 200)
    see("another job's", at.reads(token, "default/other"), 403)
    see("names of other jobs", at.client.ask("GET", "secret/metadata/default?list=true", token=token).status, 403)
    see("names of its own", at.client.ask("GET", "secret/metadata/default/shop?list=true", token=token).json()["data"]["keys"], ["db"])


@check
def nomad_asks_for_certificates(at):
    """The server shows Nomad a certificate where Nomad asks for one; Vault has nothing like it."""
    if not at.is_ours:
        return "it has no such fields"
    clients = Clients(at.folder)
    clients.authority("nodes")
    clients.certificate({"certificate": "strongroom", "by": "nodes"})
    asking = at.ring.asking(at.folder / "nodes.pem")
    try:
        ours = ["setup", "nomad", "-format=json", "-path=nomad-tls", "-policy=nomad-tls", "-role=nomad-tls",
                f"-jwks-url={asking.url}/.well-known/jwks.json", f"-jwks-ca={at.folder}/nomad-ca.pem"]
        shown = [f"-jwks-client-cert={at.folder}/strongroom.pem", f"-jwks-client-key={at.folder}/strongroom.key"]
        status, _, err = at.run(*ours)
        see_that(f"without a certificate: {status} {err}", status == 2 and "error checking jwks URL" in err)
        status, _, err = at.run(*ours, *shown)
        see(f"with one ({err})", status, 0)
        status, _, err = at.run(*ours, *shown, "-check")
        see(f"and again ({err})", status, 0)
        see("a login", at.client.login(at.ring.identity(), "", "nomad-tls").status, 200)
    finally:
        asking.stop()


@check
def login_by_command(at):
    """`secret login` presents a token from a file."""
    (at.folder / "identity").write_text(at.ring.identity() + "\n")
    status, token, err = at.run("login", "-token-only", "-method=jwt", "-path=jwt-nomad", "role=nomad-workloads", f"jwt=@{at.folder}/identity")
    see(f"exit status ({err})", status, 0)
    see("the job's own", at.reads(token, "default/shop"), 200)


@check
def kubernetes_set_up_by_us(at):
    """`secret setup kubernetes` in the same manner; the token that reviews others is written once and never answered."""
    cluster = Cluster(at.folder)
    try:
        (at.folder / "cluster-ca.pem").write_text(cluster.tls.ca)
        (at.folder / "reviewer").write_text(cluster.reviewer + "\n")
        for account in ("shop/web", "shop/worker"):
            cluster.obey(f"create {account}")
        flags = [f"-host={cluster.url}", f"-ca={at.folder}/cluster-ca.pem", f"-reviewer-token={at.folder}/reviewer"]
        made = [f"{part}/shop.{name}" for name in ("web", "worker") for part in ("sys/policies/acl", "auth/kubernetes/role")]

        def states(*arguments):
            status, out, err = at.run("setup", "kubernetes", "-format=json", "shop/web", *arguments)
            see_that(f"{arguments}: {err}", status in (0, 1))
            return status, [(it["path"], it["state"]) for it in json.loads(out)["steps"]]

        both = ["auth/kubernetes", "auth/kubernetes/config"]
        see("planned", states(*flags, "-plan", "shop/worker"), (0, [(path, "absent") for path in both + made]))
        see("made", states(*flags)[0], 0)
        see("made again", states(*flags), (0, [(path, "same") for path in both + made[:2]]))
        see("without what is there", states("-check"), (0, [(path, "same") for path in both + made[:2]]))
        see("another account", states("-check", "shop/worker"), (1, [(path, "same") for path in both + made[:2]] + [(path, "absent") for path in made[2:]]))
        at.secret("shop/web", value="own")

        def login(account, audience="vault"):
            jwt = cluster.obey(f"token {account} {audience}")
            return at.client.ask("PUT", "auth/kubernetes/login", {"role": "shop.web", "jwt": jwt})

        answer = login("shop/web")
        see(f"a login ({answer.errors})", answer.status, 200)
        token = answer.json()["auth"]["client_token"]
        see("its own", at.reads(token, "shop/web"), 200)
        see("another's", at.reads(token, "default/shop"), 403)
        see_that("another account logs in", login("shop/worker").status != 200)
        see_that("a token for another audience logs in", login("shop/web", "other").status != 200)
        see("what the cluster was asked and should not have been", cluster.take_complaints(), [])
    finally:
        cluster.stop()


@check
def secret_plugin(at):
    """The `secret` block: fingerprint, fetch, and what a job's author may try."""
    folder = Path(tempfile.mkdtemp(dir=at.folder))
    plugin = Plugin(folder, "strongroom", at.program)
    status, out, err, ending = plugin.call("fingerprint")
    see("fingerprint", (status, err, ending), (0, b"", "itself"))
    see("its type", json.loads(out)["type"], "secrets")
    see_that("its version", re.fullmatch(r"\d+\.\d+\.\d+", json.loads(out)["version"]))
    see_that("without settings something is fetched", "secrets/strongroom.hcl: cannot be read" in plugin.fetch("default/shop"))
    at.must("PUT", "sys/policies/acl/node", {"policy": 'path "secret/data/*" { capabilities = ["read"] }'})
    at.must("POST", "sys/auth/approle", {"type": "approle"})
    at.must("PUT", "auth/approle/role/node", {"token_policies": ["node"], "token_ttl": "5m"})
    files = {"role-id": at.must("GET", "auth/approle/role/node/role-id")["data"]["role_id"],
             "secret-id": at.must("PUT", "auth/approle/role/node/secret-id", {})["data"]["secret_id"]}
    files["secrets/strongroom.hcl"] = (f'address = "{at.server.url}"\nauth "approle" {{\n  role_id_file = "{folder}/role-id"\n'
                                       f'  secret_id_file = "{folder}/secret-id"\n}}\n')
    for name, text in files.items():
        (folder / name).touch(0o600)
        (folder / name).write_text(text)
    at.secret("default/shop/mixed", text="a", number=5432, truth=True, tree={"a": [1]})
    mixed = plugin.fetch("default/shop/mixed")
    see("a tree is JSON", json.loads(mixed.pop("tree")), {"a": [1]})
    see("fetched", mixed, {"text": "a", "number": "5432", "truth": "true"})
    see("as Vault writes it", plugin.fetch("secret/data/default/shop?version=1"), {"password": "first"})
    see("one field", plugin.fetch("default/shop/db#user"), {"user": "ann"})
    see("a run of a periodic job", plugin.fetch("default/shop/db", job="shop/periodic-1732600000"), {"user": "ann"})
    elsewhere = {"VAULT_ADDR": "http://127.0.0.1:1", "STRONGROOM_ADDR": "http://127.0.0.1:1", "NOMAD_JOB_ID": "other", "HOME": str(folder)}
    see("variables of the job", plugin.fetch("default/shop/db", **elsewhere), {"user": "ann"})
    for path, names in (("default/other", {}), ("default/shop", {"namespace": "batch"}), ("default/shop", {"job": "other"}),
                        ("default/shop/../other", {}), ("-config=/etc/passwd", {}), ("default/shop", {"job": "*"}), ("shared", {})):
        see_that(f"{path} {names} is fetched", isinstance(plugin.fetch(path, **names), str))
    before = tokens(at)
    plugin.fetch("default/shop/db")
    see("tokens that are left of a fetch", tokens(at) - before, set())


def tokens(at):
    """The accessors of all tokens."""
    return set(at.must("GET", "auth/token/accessors?list=true")["data"]["keys"])


# ------------------------------------------------------------------- running

def carry_out(server, program, only):
    """All checks at one server; how many failed."""
    folder, failed = tempfile.mkdtemp(prefix="nomad-"), 0
    world = None
    try:
        world = World(server, program, folder)
        for name, function in CHECKS:
            if only and not name.startswith(only) and name not in ("set-up-by-nomad", "templates"):
                continue
            began = time.monotonic()
            try:
                left_out = function(world)
                took = f"{time.monotonic() - began:.1f} s"
                print(f"--      {server.name}: {name}: {left_out}" if left_out else f"ok      {server.name}: {name} ({took})", flush=True)
            except (Wrong, AssertionError) as wrong:
                failed += 1
                print(f"FAILED  {server.name}: {name}\n        {wrong}", flush=True)
            except Exception:  # whatever it is, the other checks are still to be made
                failed += 1
                print(f"FAILED  {server.name}: {name}\n{traceback.format_exc()}", flush=True)
    finally:
        if world:
            world.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return failed


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(TARGET / "debug" / "secret"), metavar="PATH", help="the program under test (%(default)s)")
    parser.add_argument("--oracle", metavar="PATH", help="OpenBao's program, asked the same first")
    parser.add_argument("--only", default="", metavar="A,B", help="checks whose names start so")
    return parser.parse_args()


def main():
    options = arguments()
    program = str(Path(options.binary).resolve())
    if not os.access(program, os.X_OK):
        raise Trouble(f"there is no program {program}")
    if not shutil.which("openssl"):
        raise Trouble("the command openssl is missing")
    only = tuple(it for it in options.only.split(",") if it)
    failed = 0
    for is_oracle in (True, False):
        if is_oracle and not options.oracle:
            continue
        server = diff.Started("oracle", diff.bao_command(options.oracle), WAIT) if is_oracle else Subject("dev", program, WAIT)
        try:
            failed += carry_out(server, program, only)
        finally:
            server.stop()
    print(f"nomad: {failed} checks failed")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as trouble:
        print(f"nomad: {trouble}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(2)
