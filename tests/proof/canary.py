"""Planted secrets, every endpoint, and then everything that was written."""

import json
import sqlite3
from pathlib import Path

from planted import Planted, check_place
from server import CONFIG, Server, Trouble, require

ROOT = Path(__file__).resolve().parent.parent.parent
AUDITED = CONFIG + """\
audit "file" "clear" {
  options { file_path = "%(home)s/clear.log" }
}
audit "file" "hashed" {
  options {
    file_path = "%(home)s/hashed.log"
    hash_names = true
  }
}
unsafe_allow_api_audit_creation = true
"""
# What would end the run; it is asked for when all else has been.
LAST = {("/sys/seal", "post")}
# Fields that hold a path: some answers repeat it as a key, some errors say that there is nothing.
PATHS = {"path", "paths", "from", "to"}
TYPED = {"boolean": True, "integer": 1, "array": ["x"], "object": {"a": "b"}}


class Run:
    """One server with planted secrets, and all that it has answered."""

    def __init__(self, server):
        self.server, self.planted = server, Planted()
        self.refusals = []
        self.asked = set()

    def ask(self, method, path, body=None, token=None, headers=None):
        answer = self.server.ask(method, path, body, token, headers)
        if answer.status >= 400:
            self.refusals.append(answer.body)
        return answer

    def must(self, *args, **kwargs):
        return self.server.must(*args, **kwargs)


# --------------------------------------------------------------- every endpoint

def endpoints():
    """Each path and method of the API, with the fields of its body."""
    document = json.loads((ROOT / "docs" / "openapi.json").read_text())
    for path, item in document["paths"].items():
        for method in ("get", "post", "patch", "delete"):
            if method in item:
                content = item[method].get("requestBody", {}).get("content", {})
                schema = next(iter(content.values()), {}).get("schema", {})
                yield path, method, schema.get("properties", {})


# Each is mounted where it is called so.
METHODS = ("approle", "cert", "jwt", "kubernetes", "userpass")


def fill(path, run):
    """A path with planted names where the pattern has variables."""
    mounts = {f"{method}_mount_path": method for method in METHODS}
    mounts |= {"kv_v1_mount_path": "kv1", "kv_v2_mount_path": "secret", "kv_mount_path": "secret"}
    named = {"username": "user", "role_name": "role", "name": "policy", "path": "secret's name"}
    for variable in [part.split("}")[0] for part in path.split("{")[1:]]:
        word = mounts.get(variable) or run.planted.name(named.get(variable, f"a {variable}"))
        path = path.replace("{" + variable + "}", word)
    return "/v1" + path


def bodies(fields, run):
    """What is sent: every field a planted value, whatever its type; every field of its type; and no JSON."""
    plant = lambda field: run.planted.name if field in PATHS else run.planted.value
    planted = {name: plant(name)(f"field {name}") for name in fields}
    typed = {name: TYPED.get(schema.get("type"), planted[name]) for name, schema in fields.items()}
    yield {**planted, run.planted.name("a field that nobody knows"): run.planted.value("its value")}
    yield {**typed, "data": {run.planted.name("field of a secret"): run.planted.value("value of a sweep")}}
    yield ('{"token": "%s' % run.planted.value("malformed body")).encode()
    yield b"\xff\xfe" + run.planted.value("body that is no text").encode()


def sweep(run, root):
    """Asks every endpoint as everybody: root, somebody without rights, a wrong token, and nobody."""
    narrow = run.must("POST", "/v1/auth/token/create", {"policies": ["none"], "no_default_policy": True}, root).json()
    narrow = run.planted.know("narrow token", narrow["auth"]["client_token"])
    wrong = "hvs." + run.planted.value("wrong token")
    for path, method, fields in endpoints():
        run.asked.add((path, method))
        if (path, method) in LAST:
            continue
        target = fill(path, run)
        for body in bodies(fields, run) if method in ("post", "patch") else [None]:
            for token in (narrow, wrong, None, sweeper(run, root)):
                headers = {"Content-Type": "application/merge-patch+json"} if method == "patch" else {}
                run.ask(method.upper(), target, body, token, headers)
        if method == "get":
            run.ask("LIST", target, None, sweeper(run, root))
            run.ask("GET", target + "?list=true&x=" + run.planted.value("parameter"), None, sweeper(run, root))
    require(run.server.lives(), "the server did not live through the sweep")


def sweeper(run, root):
    """A token with all rights that may be revoked on the way."""
    token = run.planted.values.get("sweeping token")
    if token is None or run.server.ask("GET", "/v1/auth/token/lookup-self", None, token).status != 200:
        made = run.must("POST", "/v1/auth/token/create", {"policies": ["root"], "no_parent": True}, root).json()
        token = run.planted.know("sweeping token", made["auth"]["client_token"])
    return token


# ------------------------------------------------------------------ plain work

def work(run, root):
    """What people do, with secrets in all places that take one."""
    plant, name, value = run.must, run.planted.name, run.planted.value
    plant("POST", "/v1/sys/mounts/kv1", {"type": "kv"}, root)
    for method in METHODS:
        plant("POST", f"/v1/sys/auth/{method}", {"type": method}, root)
    policy = 'path "secret/data/%s" { capabilities = ["read", "update"] }' % name("secret's name")
    plant("PUT", f"/v1/sys/policies/acl/{name('policy')}", {"policy": policy}, root)
    secret = {"data": {name("field of a secret"): value("secret"), "nested": [{"deep": value("nested secret")}]}}
    place = "/v1/secret/data/" + name("secret's name")
    for _ in range(3):
        plant("POST", place, secret, root)
    plant("GET", place, None, root)
    plant("POST", f"/v1/secret/metadata/{name('annotated')}", {"custom_metadata": {"note": value("custom metadata")}}, root)
    plant("POST", f"/v1/kv1/{name('old secret')}", {"password": value("old secret")}, root)
    plant("POST", f"/v1/cubbyhole/{name('own secret')}", {"password": value("own secret")}, root)
    users(run, root)
    roles(run, root)
    wrapped(run, root)
    large = {"data": {"large": value("large secret") * 3000}}
    plant("POST", f"/v1/secret/data/{name('large')}", large, root)


def users(run, root):
    user, password = run.planted.name("user"), run.planted.value("password")
    run.must("POST", f"/v1/auth/userpass/users/{user}", {"password": password, "token_policies": run.planted.name("policy")}, root)
    made = run.must("POST", f"/v1/auth/userpass/login/{user}", {"password": password}).json()
    run.planted.know("user's token", made["auth"]["client_token"])
    wrong = run.ask("POST", f"/v1/auth/userpass/login/{user}", {"password": run.planted.value("wrong password")})
    require(wrong.status == 400, "a wrong password is refused")
    run.ask("POST", f"/v1/auth/userpass/login/{run.planted.name('no user')}", {"password": password})


def roles(run, root):
    role = run.planted.name("role")
    run.must("POST", f"/v1/auth/approle/role/{role}", {"token_policies": run.planted.name("policy"), "secret_id_num_uses": 2}, root)
    role_id = run.must("GET", f"/v1/auth/approle/role/{role}/role-id", None, root).data()["role_id"]
    made = run.must("POST", f"/v1/auth/approle/role/{role}/secret-id", {}, root).data()
    secret_id = run.planted.know("secret id", made["secret_id"])
    login = run.must("POST", "/v1/auth/approle/login", {"role_id": role_id, "secret_id": secret_id}).json()
    run.planted.know("role's token", login["auth"]["client_token"])
    run.ask("POST", "/v1/auth/approle/login", {"role_id": role_id, "secret_id": run.planted.value("wrong secret id")})
    custom = {"secret_id": run.planted.value("custom secret id")}
    run.must("POST", f"/v1/auth/approle/role/{role}/custom-secret-id", custom, root)


def wrapped(run, root):
    answer = {"inside": run.planted.value("wrapped answer")}
    wish = {"X-Vault-Wrap-TTL": "10m"}
    made = run.must("POST", "/v1/sys/wrapping/wrap", answer, root, wish).json()
    token = run.planted.know("wrapping token", made["wrap_info"]["token"])
    run.must("POST", "/v1/sys/wrapping/lookup", {"token": token})
    run.must("POST", "/v1/sys/wrapping/unwrap", {}, token)
    run.ask("POST", "/v1/sys/wrapping/unwrap", {"token": token}, root)
    kept = run.must("POST", "/v1/sys/wrapping/wrap", answer, root, wish).json()
    run.planted.know("kept wrapping token", kept["wrap_info"]["token"])


# -------------------------------------------------------------------- the scans

def check_everything(run):
    """Every place that the server wrote to."""
    home, values, names = run.server.home, run.planted.values, run.planted.names
    both = values | names
    for log in sorted(home.glob("server-*.log")):
        text = log.read_bytes()
        require(b"request" in text and b"DEBUG" in text, f"{log.name} has no lines of the lowest levels")
        check_place(f"the log {log.name}", text, both, Trouble)
    clear, hashed = (home / "clear.log").read_bytes(), (home / "hashed.log").read_bytes()
    require(all(name.encode() in clear for name in (names["secret's name"], names["user"], names["policy"])),
            "the audit log shows the names that it is to show: it is the right file")
    requests = b'"type":"request"'
    require(clear.count(requests) == hashed.count(requests) > 1000, "both audit logs are whole")
    check_place("the audit log", clear, values, Trouble)
    # Who asked stands in every audit log: it is what the log is for.
    asked_about = {kind: name for kind, name in both.items() if kind not in ("user", "role", "policy")}
    check_place("the audit log with hashed names", hashed, asked_about, Trouble)
    refusals = b"\n".join(run.refusals)
    require(len(run.refusals) > 500, f"{len(run.refusals)} refusals are too few to prove anything")
    check_place("an error's text", refusals, values, Trouble)
    for file in sorted((home / "data").iterdir()):
        check_place(f"the store's {file.name}", file.read_bytes(), both, Trouble)


def check_that_a_store_is_scanned(run):
    """In a copy of the store a row that is not encrypted is found."""
    copy = run.server.home / "copy.db"
    copy.write_bytes((run.server.home / "data" / "strongroom.db").read_bytes())
    store = sqlite3.connect(copy)
    store.execute("CREATE TABLE planted (value TEXT)")
    store.execute("INSERT INTO planted VALUES (?)", [run.planted.values["secret"]])
    store.commit()
    store.close()
    try:
        check_place("a copy of the store", copy.read_bytes(), run.planted.values, Trouble)
    except Trouble as found:
        require("holds secret as it is" in str(found), f"the planted row is not what was found: {found}")
        return
    raise Trouble("a row that is not encrypted was not found in a copy of the store")


# Rules 5, 33, 34, 36, 96, 97, 101, 109
def nothing_planted_is_in_a_log_an_audit_line_an_error_or_the_store(binary):
    with Server(binary, AUDITED) as server:
        run = Run(server)
        made = server.init(shares=3, threshold=2)
        for at, share in enumerate(made["keys_base64"] + made["keys"]):
            run.planted.know(f"share {at}", share)
        root = run.planted.know("root token", made["root_token"])
        run.ask("PUT", "/v1/sys/unseal", {"key": run.planted.value("wrong share")})
        for share in made["keys_base64"][:2]:
            run.ask("PUT", "/v1/sys/unseal", {"key": share})
        work(run, root)
        sweep(run, root)
        require(run.asked == {(path, method) for path, method, _ in endpoints()}, "an endpoint was left out")
        run.must("PUT", "/v1/sys/seal", {}, root)
        run.ask("GET", "/v1/secret/data/" + run.planted.name("secret's name"), None, root)
        check_everything(run)
        server.stop()
        check_everything(run)
        check_that_a_store_is_scanned(run)
        return f"{len(run.asked)} endpoints, {len(run.refusals)} refusals, {len(run.planted.values)} secrets and {len(run.planted.names)} names"


# Rules 22, 101
def a_passphrase_is_written_nowhere(binary):
    config = AUDITED + 'seal "passphrase" {}\n'
    with Server(binary, config) as server:
        run = Run(server)
        passphrase = run.planted.value("passphrase")
        made = server.init(passphrase=passphrase)
        run.planted.know("root token", made["root_token"])
        wrong = run.ask("PUT", "/v1/sys/unseal", {"key": run.planted.value("wrong passphrase")})
        require(wrong.status == 400, f"a wrong passphrase answers {wrong.status}")
        server.wait_for(lambda: run.ask("PUT", "/v1/sys/unseal", {"key": passphrase}).status == 200, "the passphrase to open the store")
        run.must("GET", "/v1/sys/mounts", None, made["root_token"])
        server.stop()
        for place in [*server.home.glob("*.log"), *(server.home / "data").iterdir()]:
            check_place(place.name, place.read_bytes(), run.planted.values, Trouble)
        check_place("an error's text", b"\n".join(run.refusals), run.planted.values, Trouble)
    return "init, a wrong one and the right one"


TESTS = [nothing_planted_is_in_a_log_an_audit_line_an_error_or_the_store, a_passphrase_is_written_nowhere]
