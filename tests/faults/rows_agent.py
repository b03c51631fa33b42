"""The agent itself is ended, started, doubled, or short of something."""

import os
import resource
import signal
import subprocess
import time

from agent import WAIT
from finding import Finding, Trouble, require
from rows import row
from world import fill, mount


@row
def agent_killed(world):
    """The files are there without it; with it they are fresh again."""
    world.begin()
    world.agent.kill()
    world.put_all()
    world.lasts(1)
    world.agent.start()
    return world.catches_up()


@row
def agent_hangs(world):
    world.begin()
    world.agent.process.send_signal(signal.SIGSTOP)
    world.put_all()
    world.lasts()
    world.agent.process.send_signal(signal.SIGCONT)
    return world.catches_up()


@row
def agent_starts_while_the_server_is_down(world):
    """With nothing kept: the files from before stay until there is something newer."""
    world.begin()
    world.agent.kill()
    world.server.kill()
    world.agent.start()
    world.lasts(3)
    world.server.again()
    return world.recovers()


STEPS = 120


def ends_while_rendering(world, how, statuses):
    """Ever later after its start, until it has rendered before it is ended."""
    world.begin(agent=False)
    world.agent.start()
    longer = world.fresh(WAIT) / 20
    world.agent.kill()
    renders = step = 0
    while renders < 3:
        world.put_all()
        world.agent.start()
        pause = time.monotonic() + step * longer
        while time.monotonic() < pause:
            time.sleep(0.001)
        world.agent.process.send_signal(how)
        status = world.agent.ends(WAIT)
        # Before it has taken over the signal, and so before it does anything, the kernel ends it.
        allowed = statuses if world.agent.log else (*statuses, -how)
        require(status in allowed, "status", f"the agent ended with {status} in step {step}: {world.agent.log[-300:]}")
        world.workload.calm()
        renders += world.workload.states() == world.wanted()
        step += 1
        if step > STEPS:
            raise Trouble(f"{renders} of {step} times it had rendered when it was ended")
    if step < 5:
        raise Trouble(f"it was ended {step} times: too few to have been ended in between")
    if how == signal.SIGTERM:
        world.beside()
    world.agent.start()
    return f"{world.recovers()}, ended {step} times"


@row
# Rule 115
def agent_ends_while_rendering(world):
    return ends_while_rendering(world, signal.SIGTERM, (0,))


@row
# Rule 115
def agent_killed_while_rendering(world):
    return ends_while_rendering(world, signal.SIGKILL, (-signal.SIGKILL,))


@row
def two_agents_for_the_same_files(world):
    world.begin()
    second = world.make_agent(name="second", sink=world.home / "sink" / "second")
    second.start()
    # Each knows of a change at its own time, and one may write what the other has known for a while.
    for _ in range(4):
        world.put_all()
        took = world.fresh()
    world.workload.calm(but={file: {"older"} for file in world.files})
    return f"fresh after {took:.1f} s"


@row
def no_more_files_to_open(world):
    world.begin()
    process = world.agent.process.pid
    before = resource.prlimit(process, resource.RLIMIT_NOFILE)
    held = len(os.listdir(f"/proc/{process}/fd"))
    resource.prlimit(process, resource.RLIMIT_NOFILE, (held, before[1]))
    world.put_all()
    world.lasts()
    resource.prlimit(process, resource.RLIMIT_NOFILE, before)
    return world.catches_up()


@row
def init_container_waits_for_the_server(world):
    world.begin(agent=False, exit_after_auth=True)
    world.server.kill()
    world.agent.start()
    world.lasts()
    require(world.workload.states() == {file: "missing" for file in world.files}, "kept", "there are files, though there was no server")
    world.server.again()
    status = world.agent.ends(world.within)
    require(status == 0, "status", f"the agent ended with {status}: {world.agent.log[-300:]}")
    return world.catches_up()


@row
def init_container_gives_up_if_told_to(world):
    world.begin(agent=False, exit_after_auth=True, template_config={"exit_on_retry_failure": True},
                vault={"retry": {"num_retries": 1}})
    world.server.must("DELETE", "secret/metadata/db")
    world.agent.start()
    status = world.agent.ends(world.within)
    require(status != 0, "status", "the agent ended with 0, though a secret was not there")
    require(world.workload.states()["both.conf"] == "missing", "kept", "a file was made without its secret")
    world.workload.calm()
    return f"ended with {status}"


@row
def init_container_gives_up_on_the_server(world):
    """`exit_on_err` is for whoever would rather start another time than wait."""
    world.begin(agent=False, exit_after_auth=True, method={"exit_on_err": True})
    world.server.kill()
    world.agent.start()
    status = world.agent.ends(world.within)
    require(status != 0, "status", "the agent ended with 0, though there was no server")
    return f"ended with {status}"


@row
def templates_read_anew_in_an_outage(world):
    """SIGHUP, while nothing can be read from the server."""
    world.begin()
    world.server.kill()
    world.agent.process.send_signal(signal.SIGHUP)
    world.lasts()
    world.server.again()
    return world.recovers()


@row
def log_is_not_read(world):
    """Standard error is a pipe that is full."""
    _unread, pipe = os.pipe()
    os.set_blocking(pipe, False)
    try:
        while True:
            os.write(pipe, bytes(1 << 12))
    except BlockingIOError:
        os.set_blocking(pipe, True)
    world.begin(agent=False, log_level="debug")
    world.agent.speaks_to = pipe
    world.agent.start()
    world.fresh()
    world.server.kill()
    world.lasts()
    world.server.again()
    return world.recovers()


@row
def log_cannot_be_written(world):
    """It goes to a disk that is full."""
    world.begin(agent=False, log_level="debug")
    mount(world.home / "log", "64k")
    with open(world.home / "log" / "agent.log", "wb") as log:
        world.agent.speaks_to = log
        world.agent.start()
    world.fresh()
    fill(world.home / "log")
    world.server.kill()
    world.lasts()
    world.server.again()
    return world.recovers()


@row
def sink_cannot_be_written(world):
    """Files do not wait for the sink; and it has the new token once it can be written."""
    sinks = world.sink.parent
    mount(sinks, "64k")
    world.begin()
    old = world.sink.read_text()
    subprocess.run(["mount", "-o", "remount,bind,ro", sinks], check=True)
    world.server.must("PUT", "auth/token/revoke", {"token": old.strip()})
    said = world.recovers()
    subprocess.run(["mount", "-o", "remount,bind,rw", sinks], check=True)
    until = time.monotonic() + world.within
    while world.sink.read_text() == old:
        require(time.monotonic() < until, "stale", "the sink still has the old token")
        time.sleep(0.02)
    return said


@row
def outage_can_be_seen_in_metrics(world):
    world.begin(listens=True)
    before = age(world)
    world.server.kill()
    world.lasts(4)
    during = age(world)
    require(during > before + 2, "silent", f"the age of the secrets was {before} s, and after 4 s without a server {during} s")
    world.server.again()
    said = world.recovers()
    until = time.monotonic() + world.within
    while age(world) > during - 1:
        if time.monotonic() > until:
            raise Finding("silent", f"the age of the secrets does not fall after the outage: {age(world)} s")
        time.sleep(0.05)
    return f"{said}; age {before:.1f} s, {during:.1f} s, {age(world):.1f} s"


def age(world):
    """Of the secret that was confirmed the longest time ago."""
    figure = world.agent.metric("strongroom_agent_staleness_seconds")
    require(figure is not None, "silent", "no metric tells how old the secrets are")
    return figure
