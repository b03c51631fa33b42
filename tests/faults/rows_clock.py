"""A wall clock jumps: by a leap of the machine under it, or because somebody sets it."""

import time

from clock import Clock
from finding import Trouble
from rows import row


def servers(world, offset, seconds):
    clock = Clock(world.home / "clock")
    world.server.environment = clock.environment
    world.begin(keeps=True)
    jump(clock, world.server.process, offset, seconds)
    for _ in range(3):
        said = world.recovers()
    clock.jump("+0")
    return f"{said}, and {world.recovers()}"


def jump(clock, process, offset, seconds):
    clock.holds(process)
    clock.jump(offset)
    if abs(clock.now() - time.time() - seconds) > 60:
        raise Trouble("the clock does not jump")


def agents(world, offset, seconds):
    clock = Clock(world.home / "clock")
    world.begin(environment=clock.environment, keeps=True)
    jump(clock, world.agent.process, offset, seconds)
    for _ in range(3):
        said = world.recovers()
    clock.jump("+0")
    return f"{said}, and {world.recovers()}"


@row
def servers_clock_jumps_forward(world):
    return servers(world, "+2d", 2 * 86400)


@row
def servers_clock_jumps_back(world):
    return servers(world, "-2d", -2 * 86400)


@row
def agents_clock_jumps_forward(world):
    return agents(world, "+2d", 2 * 86400)


@row
def agents_clock_jumps_back(world):
    return agents(world, "-2d", -2 * 86400)
