"""What the agent may read, and what there is to read."""

import time

import content
from finding import Trouble, require
from rows import row
from world import POLICY

REMOVE = {"secret/data/db": {"on_revoke": "remove"}}
REMOVED = {"both.conf": {"missing"}}


def revoke(world):
    """The agent's token, as the sink has it."""
    world.server.must("PUT", "auth/token/revoke", {"token": world.sink.read_text().strip()})


def removed(world):
    """The file of the secret that is gone goes; the others stay."""
    took = 0
    began = time.monotonic()
    while world.workload.states()["both.conf"] != "missing":
        took = time.monotonic() - began
        require(took < world.within, "kept", f"after {took:.0f} s both.conf is still there")
        time.sleep(0.02)
    world.lasts(1, but=["both.conf"])
    require(world.workload.states()["both.conf"] == "missing", "kept", "both.conf is there again")
    return f"removed after {took:.1f} s"


@row
def token_revoked(world):
    world.begin()
    revoke(world)
    return world.recovers()


@row
def token_lives_briefly(world):
    """Nothing that the agent can renew: it has to log in again and again."""
    world.begin(role={"token_ttl": "2s", "token_max_ttl": "3s"})
    began = time.monotonic()
    while time.monotonic() < began + 6:
        world.recovers()
    return world.recovers()


@row
def secret_id_gone(world):
    world.begin()
    world.server.must("PUT", "auth/approle/role/app/secret-id/destroy", {"secret_id": world.secret_id})
    revoke(world)
    world.put_all()
    world.lasts()
    world.make_secret_id()
    return world.catches_up()


@row
def role_gone(world):
    world.begin()
    world.server.must("DELETE", "auth/approle/role/app")
    revoke(world)
    world.put_all()
    world.lasts()
    world.make_role({})
    return world.catches_up()


@row
def login_method_gone(world):
    world.begin()
    world.server.must("DELETE", "sys/auth/approle")
    world.put_all()
    world.lasts()
    world.server.must("PUT", "sys/auth/approle", {"type": "approle"})
    world.make_role({})
    return world.catches_up()


@row
def policy_gone(world):
    world.begin()
    world.allow('path "secret/data/other" { capabilities = ["read"] }')
    world.put_all()
    world.lasts()
    world.allow(POLICY)
    return world.catches_up()


@row
def policy_gone_and_the_file(world):
    world.begin(paths=REMOVE)
    world.allow(POLICY + '\npath "secret/data/db" { capabilities = ["deny"] }')
    said = removed(world)
    world.allow(POLICY)
    return f"{said}, {world.recovers(but=REMOVED)}"


@row
def secret_deleted(world):
    world.begin()
    for name in world.versions:
        world.server.must("DELETE", f"secret/data/{name}")
    world.lasts()
    for name in world.versions:
        world.server.must("PUT", f"secret/undelete/{name}", {"versions": [1]})
    world.lasts(1)
    return world.recovers()


@row
def secret_deleted_and_the_file(world):
    world.begin(paths=REMOVE)
    world.server.must("DELETE", "secret/data/db")
    said = removed(world)
    world.server.must("PUT", "secret/undelete/db", {"versions": [1]})
    return f"{said}, {world.catches_up(but=REMOVED)}"


@row
def secret_destroyed(world):
    world.begin()
    for name in world.versions:
        world.server.must("DELETE", f"secret/metadata/{name}")
    world.lasts()
    return world.recovers()


@row
def one_secret_of_two_deleted(world):
    """A file with a secret that is gone is not made of the other one alone; files without it go on."""
    world.begin()
    world.server.must("DELETE", "secret/data/db")
    world.put("app")
    world.put("big")
    world.fresh(files=["app.conf", "big.conf"])
    world.lasts(1)
    return world.recovers()


@row
def field_gone(world):
    """Of a template that says that a field must be there; another one shows what Vault's shows, `<no value>`."""
    world.begin(each={file: {"error_on_missing_key": True} for file in world.files})
    held = content.data(world.canary, "app", 1)
    del held["password"]
    world.server.must("PUT", "secret/data/app", {"data": held})
    world.put("big")
    world.fresh(files=["big.conf"])
    world.lasts()
    return world.recovers()


@row
def mount_gone(world):
    world.begin()
    world.server.must("DELETE", "sys/mounts/secret")
    world.lasts()
    world.server.must("PUT", "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
    return world.recovers()


@row
def outage_does_not_remove(world):
    """`on_revoke` is about what the server says, not about its silence."""
    world.begin(paths={"secret/data/*": {"on_revoke": "remove"}})
    world.server.seal()
    world.lasts()
    world.server.kill()
    world.lasts()
    world.server.again()
    return world.recovers()


@row
def lease_over(world):
    """A secret that is held by a lease, which ends while the server says nothing."""
    world.begin(paths={"secret/data/db": {"hold": "4s"}})
    world.server.kill()
    world.lasts(6)
    world.server.again()
    return world.recovers()


@row
def lease_over_and_the_file(world):
    world.begin(paths={"secret/data/db": {"hold": "4s", "on_revoke": "remove"}})
    world.server.kill()
    said = removed(world)
    world.server.again()
    return f"{said}, {world.recovers(but=REMOVED)}"


@row
def lease_revoked(world):
    """By an operator, who has not taken away the right to read it again."""
    world.begin(paths={"secret/data/db": {"hold": "1h"}})
    if not world.server.must("LIST", "sys/leases/lookup/secret/data/db")["data"]["keys"]:
        raise Trouble("the agent holds no lease")
    world.server.must("PUT", "sys/leases/revoke-prefix/secret/data/db", {"sync": True})
    return world.recovers()
