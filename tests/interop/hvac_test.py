#!/usr/bin/env python3
"""The unmodified `hvac` client for Python against a running server."""

import os
import time

from hvac import exceptions

import hvac_identity  # its tests register themselves
from hvac_client import client, equal, mounted, raises, token_for
from tests import expect, main, test, unique


# -------------------------------------------------------------------- state

@test("core")
def health_and_state():
    sys = client(token="").sys
    equal(sys.read_health_status().status_code, 200)  # HEAD
    shown = sys.read_health_status(method="GET")
    equal((shown["initialized"], shown["sealed"], shown["standby"]), (True, False, False))
    equal((sys.is_initialized(), sys.is_sealed()), (True, False))
    equal(sys.read_leader_status()["ha_enabled"], False)
    expect(client().key_status["term"] >= 1, "no term")


@test("core")
def authenticated_or_not():
    equal(client().is_authenticated(), True)
    equal(client(token="nobody").is_authenticated(), False)
    equal(client(token="").is_authenticated(), False)


# ----------------------------------------------------------------- key/value

@test("core")
def kv2_life():
    kv, mount = client().secrets.kv.v2, mounted("2")
    at = {"path": "app/db", "mount_point": mount}
    equal(kv.create_or_update_secret(secret={"password": "one", "n": 1.5}, **at)["data"]["version"], 1)
    kv.create_or_update_secret(secret={"password": "two"}, cas=1, **at)
    raises(exceptions.InvalidRequest, kv.create_or_update_secret, secret={"x": 1}, cas=1, **at,
           text="check-and-set parameter did not match the current version")
    equal(kv.read_secret_version(raise_on_deleted_version=True, **at)["data"]["data"], {"password": "two"})
    equal(kv.read_secret_version(version=1, raise_on_deleted_version=True, **at)["data"]["data"], {"password": "one", "n": 1.5})
    kv.patch(secret={"user": "app"}, **at)
    equal(kv.read_secret_version(raise_on_deleted_version=True, **at)["data"]["data"], {"password": "two", "user": "app"})
    equal(kv.list_secrets(path="", mount_point=mount)["data"]["keys"], ["app/"])
    equal(kv.list_secrets(path="app", mount_point=mount)["data"]["keys"], ["db"])
    raises(exceptions.InvalidPath, kv.list_secrets, path="none", mount_point=mount)
    raises(exceptions.InvalidPath, kv.read_secret_version, path="none", mount_point=mount, raise_on_deleted_version=True)


@test("core")
def kv2_removal():
    kv, mount = client().secrets.kv.v2, mounted("2")
    at = {"path": "a", "mount_point": mount}
    for value in range(3):
        kv.create_or_update_secret(secret={"x": value}, **at)
    kv.delete_latest_version_of_secret(**at)
    raises(exceptions.InvalidPath, kv.read_secret_version, raise_on_deleted_version=True, **at)
    left = kv.read_secret_version(raise_on_deleted_version=False, **at)["data"]
    equal((left["data"], left["metadata"]["version"]), (None, 3))
    kv.undelete_secret_versions(versions=[3], **at)
    equal(kv.read_secret_version(raise_on_deleted_version=True, **at)["data"]["data"], {"x": 2})
    kv.delete_secret_versions(versions=[1], **at)
    kv.destroy_secret_versions(versions=[2], **at)
    versions = kv.read_secret_metadata(**at)["data"]["versions"]
    equal([versions[n]["destroyed"] for n in "123"], [False, True, False])
    expect(versions["1"]["deletion_time"] and not versions["3"]["deletion_time"], "times of deletion")
    kv.delete_metadata_and_all_versions(**at)
    raises(exceptions.InvalidPath, kv.read_secret_metadata, **at)


@test("core")
def kv2_settings():
    kv, mount = client().secrets.kv.v2, mounted("2")
    kv.configure(max_versions=3, cas_required=True, mount_point=mount)
    shown = kv.read_configuration(mount_point=mount)["data"]
    equal((shown["max_versions"], shown["cas_required"]), (3, True))
    raises(exceptions.InvalidRequest, kv.create_or_update_secret, path="a", secret={}, mount_point=mount,
           text="check-and-set parameter required for this call")
    kv.update_metadata(path="a", max_versions=1, delete_version_after="1s", custom_metadata={"owner": "web"}, mount_point=mount)
    kv.create_or_update_secret(path="a", secret={"x": 1}, cas=0, mount_point=mount)
    equal(kv.read_secret_metadata(path="a", mount_point=mount)["data"]["custom_metadata"], {"owner": "web"})
    time.sleep(2)
    raises(exceptions.InvalidPath, kv.read_secret_version, path="a", mount_point=mount, raise_on_deleted_version=True)


@test("core")
def kv1_life():
    kv, mount = client().secrets.kv.v1, mounted("1")
    kv.create_or_update_secret(path="app/a", secret={"x": "1"}, mount_point=mount)
    equal(kv.read_secret(path="app/a", mount_point=mount)["data"], {"x": "1"})
    equal(kv.list_secrets(path="app", mount_point=mount)["data"]["keys"], ["a"])
    kv.delete_secret(path="app/a", mount_point=mount)
    raises(exceptions.InvalidPath, kv.read_secret, path="app/a", mount_point=mount)
    raises(exceptions.InvalidRequest, kv.create_or_update_secret, path="app/a", secret={}, mount_point=mount)


@test("core")
def cubbyhole():
    mine = client(client().auth.token.create(policies=["default"])["auth"]["client_token"])
    mine.write_data("cubbyhole/a", data={"x": "1"})
    equal(mine.read("cubbyhole/a")["data"], {"x": "1"})
    equal(client().read("cubbyhole/a"), None)
    equal(mine.list("cubbyhole")["data"]["keys"], ["a"])
    mine.delete("cubbyhole/a")
    equal(mine.read("cubbyhole/a"), None)


@test("core")
def large_and_odd_values():
    kv, mount = client().secrets.kv.v2, mounted("2")
    secret = {"text": "ä€😀\n\t\"", "long": "x" * 200_000, "none": None, "deep": {"a": [1, {"b": False}]}, "": "no name"}
    kv.create_or_update_secret(path="odd/ä b", secret=secret, mount_point=mount)
    equal(kv.read_secret_version(path="odd/ä b", mount_point=mount, raise_on_deleted_version=True)["data"]["data"], secret)


# --------------------------------------------------------- mounts, policies

@test("core")
def mounts():
    sys, name, other = client().sys, unique("m"), unique("m")
    sys.enable_secrets_engine("kv", path=name, description="of a test", options={"version": "2"})
    expect(f"{name}/" in sys.list_mounted_secrets_engines()["data"], "mount missing in the list")
    raises(exceptions.InvalidRequest, sys.enable_secrets_engine, "kv", path=name, text="path is already in use")
    sys.tune_mount_configuration(path=name, default_lease_ttl="1h", description="tuned")
    equal(sys.read_mount_configuration(path=name)["data"]["default_lease_ttl"], 3600)
    sys.move_backend(from_path=name, to_path=other)
    until = time.monotonic() + 10
    while f"{other}/" not in sys.list_mounted_secrets_engines()["data"]:
        expect(time.monotonic() < until, "the mount did not move")
        time.sleep(0.1)
    sys.disable_secrets_engine(path=other)
    expect(f"{other}/" not in sys.list_mounted_secrets_engines()["data"], "mount still in the list")


@test("core")
def policies():
    sys, name = client().sys, unique("policy")
    rules = 'path "secret/data/x" { capabilities = ["read"] }'
    sys.create_or_update_policy(name, rules)
    equal(sys.read_policy(name)["data"]["rules"], rules)
    expect({"root", "default", name} <= set(sys.list_policies()["data"]["policies"]), "policies missing in the list")
    sys.create_or_update_acl_policy(name, {"path": {"a/*": {"capabilities": ["list"]}}})
    expect("a/*" in sys.read_acl_policy(name)["data"]["policy"], "the policy was not replaced")
    raises(exceptions.InvalidRequest, sys.create_or_update_policy, name, 'path "a" {')
    sys.delete_policy(name)
    raises(exceptions.InvalidPath, sys.read_policy, name)


@test("core")
def policies_decide():
    mount = mounted("2")
    client().secrets.kv.v2.create_or_update_secret(path="mine", secret={"x": 1}, mount_point=mount)
    made = token_for(f'path "{mount}/data/mine" {{ capabilities = ["read"] }}')
    kv = client(made["client_token"]).secrets.kv.v2
    equal(kv.read_secret_version(path="mine", mount_point=mount, raise_on_deleted_version=True)["data"]["data"], {"x": 1})
    for path in ("yours", "mine/below"):
        raises(exceptions.Forbidden, kv.read_secret_version, path=path, mount_point=mount, raise_on_deleted_version=True,
               text="permission denied")
    raises(exceptions.Forbidden, kv.create_or_update_secret, path="mine", secret={}, mount_point=mount)
    shown = client(made["client_token"]).sys.get_capabilities([f"{mount}/data/mine"])
    equal(shown["capabilities"], ["read"])


@test("core")
def audit_devices():
    sys, name = client().sys, unique("audit")
    sys.enable_audit_device("file", path=name, options={"file_path": "/dev/null"})
    expect(f"{name}/" in sys.list_enabled_audit_devices()["data"], "device missing in the list")
    hashed = sys.calculate_hash(path=name, input_to_hash="secret")["data"]["hash"]
    expect(hashed.startswith("hmac-sha256:"), hashed)
    sys.disable_audit_device(path=name)


# -------------------------------------------------------------------- tokens

@test("core")
def tokens():
    token = client().auth.token
    made = token.create(policies=["default"], ttl="1h", meta={"team": "db"}, display_name="web", num_uses=10)["auth"]
    shown = token.lookup(made["client_token"])["data"]
    equal((shown["meta"], shown["display_name"], shown["num_uses"], shown["orphan"]), ({"team": "db"}, "token-web", 10, False))
    equal(token.lookup_accessor(made["accessor"])["data"]["id"], "")
    own = client(made["client_token"]).auth.token
    equal(own.lookup_self()["data"]["num_uses"], 9)
    expect(own.renew_self(increment="2h")["auth"]["lease_duration"] > 3600, "renewed for longer")
    token.renew(made["client_token"])
    expect(made["accessor"] in token.list_accessors()["data"]["keys"], "accessor missing in the list")
    token.revoke_accessor(made["accessor"])
    raises(exceptions.Forbidden, own.lookup_self)
    raises(exceptions.Forbidden, token.lookup, made["client_token"], text="bad token")


@test("core")
def token_trees_and_roles():
    token = client().auth.token
    parent = token.create(policies=["root"])["auth"]["client_token"]
    child = client(parent).auth.token.create(policies=["default"])["auth"]["client_token"]
    orphan = client(parent).auth.token.create_orphan(policies=["default"])["auth"]["client_token"]
    token.revoke(parent)
    raises(exceptions.Forbidden, client(child).auth.token.lookup_self)
    equal(client(orphan).auth.token.lookup_self()["data"]["orphan"], True)
    role = unique("role")
    token.create_or_update_role(role, allowed_policies=["default"], renewable=False)
    equal(token.read_role(role)["data"]["allowed_policies"], ["default"])
    expect(role in token.list_roles()["data"]["keys"], "role missing in the list")
    raises(exceptions.InvalidRequest, token.create, policies=["root"], role_name=role)
    token.delete_role(role)
    raises(exceptions.InvalidPath, token.read_role, role)


@test("core")
def token_expiry():
    made = client().auth.token.create(policies=["default"], ttl="1s")["auth"]
    time.sleep(2)
    raises(exceptions.Forbidden, client(made["client_token"]).auth.token.lookup_self, text="permission denied")


# -------------------------------------------------------------------- logins

@test("logins")
def login_userpass():
    mount = unique("userpass")
    client().sys.enable_auth_method("userpass", path=mount)
    users = client().auth.userpass
    users.create_or_update_user("ann", password="correct-horse", policies="default", mount_point=mount)
    visitor = client(token="")
    made = visitor.auth.userpass.login("ann", "correct-horse", mount_point=mount)["auth"]
    equal((made["metadata"], visitor.token), ({"username": "ann"}, made["client_token"]))
    equal(visitor.is_authenticated(), True)
    raises(exceptions.InvalidRequest, visitor.auth.userpass.login, "ann", "wrong", mount_point=mount,
           text="invalid username or password")
    equal(users.list_user(mount_point=mount)["data"]["keys"], ["ann"])
    users.update_password_on_user("ann", "battery-staple", mount_point=mount)
    client(token="").auth.userpass.login("ann", "battery-staple", mount_point=mount)
    users.delete_user("ann", mount_point=mount)
    raises(exceptions.InvalidRequest, client(token="").auth.userpass.login, "ann", "battery-staple", mount_point=mount)


@test("logins")
def login_approle():
    mount = unique("approle")
    client().sys.enable_auth_method("approle", path=mount)
    roles = client().auth.approle
    roles.create_or_update_approle("web", token_policies=["default"], token_ttl="10m", secret_id_num_uses=2, mount_point=mount)
    role_id = roles.read_role_id("web", mount_point=mount)["data"]["role_id"]
    secret = roles.generate_secret_id("web", metadata={"host": "a"}, mount_point=mount)["data"]
    made = client(token="").auth.approle.login(role_id, secret["secret_id"], mount_point=mount)["auth"]
    equal((made["lease_duration"], made["metadata"]["host"]), (600, "a"))
    shown = roles.read_secret_id_accessor("web", secret["secret_id_accessor"], mount_point=mount)["data"]
    equal((shown["secret_id_num_uses"], shown["metadata"]), (1, {"host": "a"}))
    roles.destroy_secret_id_accessor("web", secret["secret_id_accessor"], mount_point=mount)
    raises(exceptions.InvalidRequest, client(token="").auth.approle.login, role_id, secret["secret_id"], mount_point=mount,
           text="invalid role or secret ID")
    roles.create_custom_secret_id("web", unique("secret"), mount_point=mount)
    equal(len(roles.list_secret_id_accessors("web", mount_point=mount)["data"]["keys"]), 1)
    roles.delete_role("web", mount_point=mount)
    raises(exceptions.InvalidPath, roles.read_role, "web", mount_point=mount)


# ---------------------------------------------------------- leases, wrapping

@test("leases")
def leases():
    mount = unique("userpass")
    client().sys.enable_auth_method("userpass", path=mount)
    client().auth.userpass.create_or_update_user("ann", password="correct-horse", mount_point=mount)
    made = client(token="").auth.userpass.login("ann", "correct-horse", mount_point=mount)["auth"]["client_token"]
    sys, prefix = client().sys, f"auth/{mount}/login/ann"
    lease = f"{prefix}/{sys.list_leases(prefix)['data']['keys'][0]}"
    equal(sys.read_lease(lease)["data"]["id"], lease)
    raises(exceptions.InvalidRequest, sys.read_lease, f"{prefix}/none", text="invalid lease")
    raises(exceptions.InvalidRequest, sys.renew_lease, f"{prefix}/none", text="lease not found")
    sys.revoke_lease(lease)
    until = time.monotonic() + 10
    while client(made).is_authenticated():
        expect(time.monotonic() < until, "the token still lives")
        time.sleep(0.1)
    made = client(token="").auth.userpass.login("ann", "correct-horse", mount_point=mount)["auth"]["client_token"]
    sys.revoke_prefix(prefix)
    until = time.monotonic() + 10
    while client(made).is_authenticated():
        expect(time.monotonic() < until, "the token still lives")
        time.sleep(0.1)


@test("wrapping")
def wrapping():
    wrapped = client().auth.token.create(policies=["default"], wrap_ttl="60s")["wrap_info"]
    made = client(wrapped["token"]).sys.unwrap()["auth"]
    equal(client(made["client_token"]).is_authenticated(), True)
    raises(exceptions.InvalidRequest, client().sys.unwrap, wrapped["token"], text="wrapping token is not valid or does not exist")
    packed = client().sys.wrap(payload={"x": "1"}, ttl=1)["wrap_info"]
    time.sleep(2)
    raises(exceptions.InvalidRequest, client().sys.unwrap, packed["token"], text="wrapping token is not valid or does not exist")


# ----------------------------------------------------------------- operators

@test("operator")
def operator_life():
    empty = client(token="", addr=os.environ["INTEROP_EMPTY_ADDR"])
    equal(empty.sys.is_initialized(), False)
    equal(empty.sys.read_health_status(method="HEAD").status_code, 501)
    made = empty.sys.initialize(secret_shares=3, secret_threshold=2)
    raises(exceptions.InvalidRequest, empty.sys.initialize, secret_shares=1, secret_threshold=1, text="already initialized")
    equal((empty.sys.is_sealed(), empty.sys.read_health_status(method="HEAD").status_code), (True, 503))
    empty.token = made["root_token"]
    raises(exceptions.VaultDown, empty.sys.list_mounted_secrets_engines, text="sealed")
    equal(empty.sys.submit_unseal_key(made["keys"][0])["progress"], 1)
    equal(empty.sys.submit_unseal_key(reset=True)["progress"], 0)
    equal(empty.sys.submit_unseal_keys(made["keys"][:2])["sealed"], False)
    expect(empty.sys.list_mounted_secrets_engines()["data"], "no mounts")
    term = empty.key_status["term"]
    empty.sys.rotate_encryption_key()
    equal(empty.key_status["term"], term + 1)
    snapshots(empty, made["keys"][:2])
    keys = rekey(empty, made["keys"])
    generate_root(empty, keys)
    empty.sys.seal()
    equal(empty.sys.is_sealed(), True)
    equal(empty.sys.submit_unseal_keys(keys)["sealed"], False)


def snapshots(empty, keys):
    if os.environ.get("INTEROP_ORACLE"):
        return  # it would need Raft
    saved = empty.sys.take_raft_snapshot().content
    for restore in (empty.sys.restore_raft_snapshot, empty.sys.force_restore_raft_snapshot):
        restore(saved)
        equal(empty.sys.is_sealed(), True)
        equal(empty.sys.submit_unseal_keys(keys)["sealed"], False)
    raises(exceptions.InvalidRequest, empty.sys.restore_raft_snapshot, saved[:1000], text="cut short")


def rekey(empty, keys):
    started = empty.sys.start_rekey(secret_shares=1, secret_threshold=1)
    equal(empty.sys.read_rekey_progress()["started"], True)
    empty.sys.cancel_rekey()
    equal(empty.sys.read_rekey_progress()["started"], False)
    started = empty.sys.start_rekey(secret_shares=1, secret_threshold=1)
    done = empty.sys.rekey_multi(keys[:2], nonce=started["nonce"])
    equal((done["complete"], len(done["keys"])), (True, 1))
    return done["keys"]


def generate_root(empty, keys):
    started = empty.sys.start_root_token_generation()
    equal(empty.sys.read_root_generation_progress()["started"], True)
    empty.sys.cancel_root_generation()
    started = empty.sys.start_root_token_generation()
    done = empty.sys.generate_root(keys[0], started["nonce"])
    equal((done["complete"], bool(done["encoded_token"])), (True, True))


if __name__ == "__main__":
    main("hvac")
