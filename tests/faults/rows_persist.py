"""Values that the agent keeps for a start without a server: right, old, damaged, stolen."""

import shutil
import time

from agent import WAIT
from finding import Trouble, require
from rows import row
from world import fill, mount

CLEARED = "both.conf"
# What is damaged is told, in the agent's own words.
TOLD = r"\[?(warn|error).*(kept|keep|persist|cache|node key)"


@row
def agent_killed_right_after_a_change(world):
    """What is kept may be older than the files: it is not written over them."""
    world.begin(keeps=True)
    keeps(world)
    world.put_all()
    world.fresh()
    world.agent.kill()
    world.server.kill()
    world.agent.start()
    world.lasts(2)
    world.workload.calm()
    world.server.again()
    return world.recovers()


@row
def agent_and_server_down_with_kept_values(world):
    """The machine was started anew: there are no files."""
    world.begin(keeps=True)
    world.put_all()
    world.fresh()
    keeps(world)
    world.agent.kill()
    world.server.kill()
    world.clear()
    world.agent.start()
    again = world.fresh()
    world.workload.calm()
    world.server.again()
    return f"rendered again after {again:.1f} s, {world.recovers()}"


@row
def kept_values_are_encrypted(world):
    world.begin(keeps=True)
    world.put_all()
    world.fresh()
    keeps(world)
    world.agent.kill()
    files = kept(world)
    world.hidden()
    return f"{len(files)} files, {sum(path.stat().st_size for path in files)} bytes"


@row
def nothing_can_be_kept(world):
    """The disk for it is full: the files do not wait for that. With space again, the newest values are kept."""
    mount(world.persist, "64k")
    world.begin(keeps=True)
    keeps(world)
    filler = fill(world.persist)
    for _ in range(2):
        world.recovers()
    filler.unlink()
    said = world.recovers()
    world.agent.kill()
    world.server.kill()
    world.clear()
    world.agent.start()
    again = world.fresh()
    return f"{said}, rendered again after {again:.1f} s"


@row
def kept_values_are_too_old(world):
    world.begin(keeps=True, paths={"secret/data/*": {"max_stale": "2s"}})
    keeps(world)
    world.agent.kill()
    world.server.kill()
    began = time.monotonic()
    while time.monotonic() < began + 2.5:
        world.lasts(0.5)
    without(world)
    world.lasts(2, but=[CLEARED])
    stays_away(world)
    world.server.again()
    return world.recovers()


def kept(world):
    """The files in which values are kept."""
    files = [path for path in world.persist.rglob("*") if path.is_file()]
    if not sum(path.stat().st_size for path in files):
        raise Trouble("the agent has kept nothing")
    return files


def keeps(world):
    """Waits until something is kept, and what is kept has been the same for a while: all that is in the files."""
    until, same_since, last = time.monotonic() + WAIT, time.monotonic(), None
    while not last or time.monotonic() < same_since + 2:
        if time.monotonic() > until:
            raise Trouble("the agent has kept nothing, or keeps something else all the time")
        now = {path: path.stat().st_mtime_ns for path in world.persist.rglob("*") if path.is_file()}
        if now != last:
            last, same_since = now, time.monotonic()
        time.sleep(0.05)


def without(world):
    """Starts the agent with one of the files gone, which it would make again if it used what was kept."""
    world.clear(CLEARED)
    world.agent.start()


def stays_away(world):
    state = world.workload.states()[CLEARED]
    require(state == "missing", state if state == "half" else "kept", f"{CLEARED} was made of kept values that are no good")
    world.workload.calm()


def damaged(world, damages):
    """The agent starts with each damage in turn while the server is down: it says so, and does not use what it has."""
    world.begin(keeps=True)
    keeps(world)
    world.agent.kill()
    world.server.kill()
    world.clear(CLEARED)
    good = world.home / "good"
    shutil.copytree(world.persist, good)
    # Otherwise nothing would be shown by its not being made.
    world.agent.start()
    world.workload.shows(world.wanted([CLEARED]), WAIT)
    world.agent.kill()
    for damage in damages:
        shutil.rmtree(world.persist)
        shutil.copytree(good, world.persist)
        damage(world)
        without(world)
        world.agent.says(TOLD, "though what was kept is damaged", world.within)
        world.lasts(0.7, but=[CLEARED])
        stays_away(world)
        world.agent.kill()
    world.agent.start()
    world.server.again()
    return f"{len(damages)} damages, {world.recovers()}"


def change(where):
    """One byte of each file, at a part of its length."""
    def damage(world):
        for path in kept(world):
            held = bytearray(path.read_bytes())
            held[min(int(len(held) * where), len(held) - 1)] ^= 1
            path.write_bytes(held)
    return damage


def cut(part):
    def damage(world):
        for path in kept(world):
            held = path.read_bytes()
            path.write_bytes(held[:int(len(held) * part)])
    return damage


@row
def kept_values_are_damaged(world):
    return damaged(world, [change(0), change(0.5), change(1)])


@row
def kept_values_are_cut_off(world):
    return damaged(world, [cut(0.5), cut(0.99)])


def another_key(world):
    key = world.home / "node.key"
    if not key.exists():
        raise Trouble("the agent has made no key")
    key.unlink()


@row
def kept_values_are_of_another_key(world):
    return damaged(world, [another_key])
