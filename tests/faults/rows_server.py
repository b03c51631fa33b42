"""The server is away, hangs, is sealed, or cannot do its work."""

from finding import Trouble
from rows import row
from world import fill, mount


@row
def server_stopped(world):
    world.begin()
    world.server.stop()
    world.lasts()
    world.server.again()
    return world.recovers()


@row
def server_killed(world):
    world.begin()
    world.server.kill()
    world.lasts()
    world.server.again()
    return world.recovers()


@row
def server_hangs(world):
    world.begin()
    world.server.freeze()
    world.lasts(4)
    world.server.thaw()
    return world.recovers()


@row
def server_sealed(world):
    world.begin()
    world.server.seal()
    world.lasts()
    world.server.unseal()
    return world.recovers()


@row
def server_restarts_and_stays_sealed(world):
    world.begin()
    world.server.stop()
    world.server.start()
    world.lasts()
    world.server.unseal()
    return world.recovers()


@row
def server_restarts_again_and_again(world):
    world.begin()
    for _ in range(5):
        world.server.kill()
        world.lasts(0.4)
        world.server.again()
    return world.recovers()


@row
def audit_disk_full(world):
    audit = world.home / "audit"
    mount(audit, "256k")
    world.server.audit = audit
    world.begin()
    filler = fill(audit)
    world.lasts()
    status, _ = world.server.ask("GET", "secret/data/app")
    if status < 400:
        raise Trouble(f"the server still answers {status} with a full disk")
    filler.unlink()
    return world.recovers()
