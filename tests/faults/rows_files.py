"""Where the files lie: no space, no right to write, something else in their place; and what is run after a change."""

import os
import subprocess
import time
from pathlib import Path

from agent import WAIT
from finding import Trouble, require
from rows import row
from world import fill, mount

TAKEN, OTHERS = "app.conf", ["both.conf", "big.conf"]


@row
# Rule 115
def memory_full(world):
    mount(world.memory, "1m")
    world.begin()
    filler = fill(world.memory)
    world.put_all()
    world.lasts()
    filler.unlink()
    said = world.catches_up()
    world.beside()
    return said


@row
def memory_read_only(world):
    world.begin()
    subprocess.run(["mount", "-o", "remount,bind,ro", world.memory], check=True)
    world.put_all()
    world.lasts()
    subprocess.run(["mount", "-o", "remount,bind,rw", world.memory], check=True)
    return world.catches_up()


def replaced(world, put):
    """Something else is put in the place of a file: it is left alone, and other files go on."""
    world.begin()
    path = world.memory / TAKEN
    path.unlink()
    put(path)
    before = os.lstat(path)
    world.put_all()
    world.fresh(files=OTHERS)
    world.lasts(1, but=[TAKEN])
    world.put_all()
    world.fresh(files=OTHERS)
    now = os.lstat(path)
    require((now.st_ino, now.st_mode) == (before.st_ino, before.st_mode), "touched", "the agent has replaced what was put there")
    path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    return world.catches_up(but={TAKEN: {"missing", "foreign", "half"}})


@row
# Rules 113, 114
def file_replaced_by_a_link(world):
    victim = world.home / "victim"
    victim.write_text("of somebody else")
    said = replaced(world, lambda path: path.symlink_to(victim))
    require(victim.read_text() == "of somebody else", "touched", "the agent has written through a link")
    return said


@row
# Rule 114
def file_replaced_by_a_fifo(world):
    return replaced(world, os.mkfifo)


@row
# Rule 114
def file_replaced_by_a_directory(world):
    return replaced(world, os.mkdir)


@row
def command_fails(world):
    world.begin(each={TAKEN: {"exec": {"command": ["sh", "-c", "exit 3"]}}})
    world.put_all()
    world.fresh()
    return world.recovers()


@row
def command_hangs(world):
    """No file waits for it: neither another one nor the next version of its own."""
    world.begin(each={TAKEN: {"exec": {"command": ["sleep", "1234"], "timeout": "30s"}}})
    world.put_all()
    world.fresh()
    return world.recovers()


@row
def command_that_hangs_is_ended(world):
    world.begin(each={TAKEN: {"exec": {"command": ["sh", "-c", "sleep 1234 & wait"], "timeout": "1s"}}})
    world.put_all()
    world.fresh()
    until = time.monotonic() + WAIT
    while not sleepers():
        if time.monotonic() > until:
            raise Trouble("the command was not run")
        time.sleep(0.02)
    oldest = min(sleepers())
    until = time.monotonic() + world.within
    while oldest in sleepers():
        require(time.monotonic() < until, "littered", "the command, or what it has started, still runs")
        time.sleep(0.05)
    return world.recovers()


def sleepers():
    """Processes of the namespace that were started by the command."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == b"sleep\0001234\0":
                found.add(int(path.parent.name))
        except OSError:
            continue  # it has ended meanwhile
    return found
