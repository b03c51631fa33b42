"""The story of one pod, in the order of its days. Each check answers a note, or raises Trouble."""

import os
import signal
import stat
import time
from datetime import datetime

import compose
import injected
import search
from places import filesystem
from planted import find
from podman import WAIT
from server import Trouble, require
from wait import until


class Skipped(Exception):
    """What another agent than ours does not promise."""


def wait_for_pod(world, pod, process):
    """Until `kube play` has come to an end, and well."""
    until(lambda: process.poll() is not None, f"the pod {pod} to be started", WAIT)
    told = process.stdout.read()
    require(process.returncode == 0, f"podman kube play: {told}")


def change_password(world, *pods):
    """At both ends, with as much time between that the application notices. How many connections failed meanwhile."""
    new, since = world.new_password(), {pod: len(world.applications[pod].tries()) for pod in pods}
    world.postgres.sql(f"ALTER ROLE shop PASSWORD '{new}';")
    for pod in pods:
        world.applications[pod].until_failed(since[pod])
    world.store.put(new)
    failed = [world.applications[pod].until_connected(since[pod]) for pod in pods]
    for pod in pods:
        world.applications[pod].goes_on(5)
        require(new in world.applications[pod].file.read_text(), "the file holds the new password")
    return max(failed)


# -------------------------------------------------------------------- the checks

def a_database_and_a_secret_that_opens_it(world):
    world.postgres.start()
    world.store.start()
    world.know("root token", world.store.root)
    world.know("unseal key", world.store.server.share)
    password = world.new_password()
    world.postgres.sql(f"CREATE ROLE shop LOGIN PASSWORD '{password}';")
    world.store.put(password)
    require(world.postgres.lets_in("shop", password), "PostgreSQL takes the password")
    require(not world.postgres.lets_in("shop", password + "x"), "PostgreSQL takes no other password")
    return world.postgres.sql("SHOW server_version;")


def images_of_a_program_and_its_libraries(world):
    world.make_images()
    return f"{', '.join(world.podman.images())} on {world.podman.driver}"


def the_application_starts_when_its_secret_is_there(world):
    began = time.monotonic()
    wait_for_pod(world, "shop", world.play(world.prepare("shop")))
    shop = world.applications["shop"]
    shop.goes_on()
    require(shop.tries()[0] == "ok shop", f"its first connection: {shop.tries()[0]}")
    first = world.podman.state("shop-first")
    require(first["Status"] == "exited" and first["ExitCode"] == 0, f"the init container: {first['Status']}, {first['ExitCode']}")
    ended = datetime.fromisoformat(first["FinishedAt"]).timestamp()
    require(shop.file.stat().st_mtime <= ended, "it was not the init container that brought the file")
    return f"{time.monotonic() - began:.1f} s until ten connections had succeeded"


# Rules 112, 114
def the_file_is_on_a_tmpfs_and_for_its_user_alone(world):
    file = world.applications["shop"].file
    require(filesystem(file) == "tmpfs", f"{file} lies on {filesystem(file)}")
    held = set(find(file.read_bytes(), world.secrets))
    require(held == {("password 1", "as it is")}, f"the search finds in the file: {held}")
    status = file.lstat()
    require(stat.S_IMODE(status.st_mode) == 0o600 and status.st_uid == 1000 and status.st_nlink == 1, f"{stat.filemode(status.st_mode)}, {status.st_uid}")
    return stat.filemode(status.st_mode)


# Rule 118
def the_agent_alone_sees_its_token_and_its_way_in(world):
    sink = world.memory / "shop" / "agent" / "token-sidecar"
    require(any(secret.startswith("token") for secret, _ in find(sink.read_bytes(), world.secrets)), "the search finds the token in the sink")
    seen = world.podman.say("exec", "shop-app", "/bin/busybox", "find", "/", "-xdev", "-name", "token-*", "-o", "-name", "secret-id", "-o", "-name", "pgpass")
    require(seen == "", f"in the application's own file system lies {seen}")
    require(world.podman.ask("exec", "shop-app", "/bin/busybox", "ls", "/agent").returncode != 0, "the application sees /agent")
    require("pgpass" in world.podman.say("exec", "shop-app", "/bin/busybox", "ls", "/secrets"), "but /secrets it sees")
    mode = stat.S_IMODE(sink.stat().st_mode)
    require(not world.is_ours or mode == 0o600, f"the sink's mode is {mode:o}")
    return f"sink {mode:04o}"


def a_new_password_arrives_without_a_restart(world):
    shop = world.applications["shop"]
    before = shop.identity()
    failed = [change_password(world, "shop") for _ in range(2)]
    require(shop.identity() == before, "the application was started again")
    require(not world.postgres.lets_in("shop", world.secrets["password 1"]), "PostgreSQL still takes the first password")
    return f"failed connections while it was changed, twice: {', '.join(map(str, failed))}; at most {shop.most}"


def without_the_sidecar_it_does_not_arrive(world):
    """What shows that it is the agent that brings it."""
    shop = world.applications["shop"]
    world.podman.say("stop", "--time", "30", "shop-sidecar")
    code = world.podman.state("shop-sidecar")["ExitCode"]
    require(code == 0, f"SIGTERM ends the agent with {code}")
    shop.goes_on()
    since, new = len(shop.tries()), world.new_password()
    world.postgres.sql(f"ALTER ROLE shop PASSWORD '{new}';")
    world.store.put(new)
    shop.until_failed(since)
    require(all(it.startswith("failed") for it in shop.next(10)), "the application connects with a password that nobody brought")
    world.podman.say("start", "shop-sidecar")
    shop.until_connected(len(shop.tries()) - 1)
    shop.goes_on()
    return "ten connections failed without it, none when it was there again"


def when_the_server_is_killed_nothing_is_lost(world):
    shop = world.applications["shop"]
    before, held = shop.identity(), shop.file.read_bytes()
    # The pod of the check after next is given its way in while there is somebody to give it.
    world.late = world.prepare("late")
    said = len(world.podman.log("shop-sidecar"))
    world.store.kill()
    # Three seconds at least, in which the agent asks for its secret several times.
    shop.goes_on(15)
    until(lambda: len(world.podman.log("shop-sidecar")) > said, "the agent to say that the server is away")
    require(shop.file.read_bytes() == held, "the file is what it was")
    require(shop.identity() == before, "the application was started again")
    return "fifteen connections without a server"


def an_agent_that_starts_while_the_server_is_away_changes_nothing(world):
    shop = world.applications["shop"]
    held, pid, said = shop.file.read_bytes(), world.podman.state("shop-sidecar")["Pid"], len(world.podman.log("shop-sidecar"))
    os.kill(pid, signal.SIGKILL)
    running = lambda: world.podman.state("shop-sidecar")["Pid"] not in (0, pid)
    until(running, "podman to start the agent again")
    until(lambda: len(world.podman.log("shop-sidecar")) > said, "the new agent to say something")
    shop.goes_on(15)
    require(running(), "the agent did not stay")
    require(shop.file.read_bytes() == held, "the file is what it was")
    return "killed with SIGKILL, started again by podman"


def a_new_pod_waits_for_the_server(world):
    process = world.play(world.late)
    podman, late = world.podman, world.applications["late"]
    until(lambda: "late-first" in podman.names() and podman.state("late-first")["Status"] == "running" and podman.log("late-first"), "the init container to ask for its secret")
    world.applications["shop"].goes_on(10)
    require(process.poll() is None, "`kube play` does not wait")
    require(podman.state("late-first")["Status"] == "running", "the init container waits")
    require(podman.state("late-app")["Status"] == "created", "the application does not run")
    require(not late.tries() and not late.file.exists(), "nothing is there yet")
    world.store.come_back()
    wait_for_pod(world, "late", process)
    late.goes_on()
    require(late.tries()[0] == "ok shop", f"its first connection: {late.tries()[0]}")
    return "its first connection succeeded"


def all_follow_when_it_is_back(world):
    before = [it.identity() for it in world.applications.values()]
    failed = change_password(world, *world.applications)
    require([it.identity() for it in world.applications.values()] == before, "an application was started again")
    return f"{failed} failed connections"


# Rules 101, 112
def no_secret_is_anywhere_else(world):
    kinds = {what.split()[0] for what in world.secrets}
    require(kinds == {"password", "secret", "token", "root", "unseal"}, f"not every kind of secret is known: {kinds}")
    world.word = search.leave_everywhere(world)
    found, note = search.look(world, world.word)
    require(not found, "; ".join(found[:20]))
    return note


# Rule 112
def a_destination_on_a_disk_is_refused(world):
    podman, config = world.podman, world.home / "config" / "shop"
    world.agent_config(config, "disk", once=True, destination="/pgpass")
    run = ("run", "--detach", "--name", "disk", "--network=host", "--volume", f"{world.memory}/shop/agent:/agent", "--volume", f"{config}:/config:ro",
           "localhost/agent:1", "agent", "-config=/config/disk.hcl")
    ended = lambda: podman.state("disk")["Status"] == "exited"
    current = {"password": world.password}
    if world.is_ours:
        podman.say(*run)
        until(ended, "the agent to refuse the destination")
        told = next((line for line in podman.log("disk").decode().splitlines() if "tmpfs" in line), "nothing of it")
        require(podman.state("disk")["ExitCode"] != 0, f"the agent is content, and says {told}")
        require("/pgpass" not in podman.say("diff", "disk") and not search.stored(world, current), "the file was written")
        podman.say("rm", "--force", "--time", "0", "disk")
    podman.say(*run, *(["--allow-disk"] if world.is_ours else []))
    until(ended, "the agent to end")
    require("/pgpass" in podman.say("diff", "disk"), f"what is allowed is not written: {podman.log('disk')}")
    require(any(it.endswith("/pgpass") for it in search.stored(world, current)), "the search does not find what an agent wrote to a disk")
    if not world.is_ours:
        raise Skipped("this agent writes to a disk; the search finds it there")
    return f"\"{told}\"; with --allow-disk it is written, and the search finds it"


CHECKS = [
    a_database_and_a_secret_that_opens_it,
    images_of_a_program_and_its_libraries,
    the_application_starts_when_its_secret_is_there,
    the_file_is_on_a_tmpfs_and_for_its_user_alone,
    the_agent_alone_sees_its_token_and_its_way_in,
    a_new_password_arrives_without_a_restart,
    *injected.CHECKS,
    without_the_sidecar_it_does_not_arrive,
    when_the_server_is_killed_nothing_is_lost,
    an_agent_that_starts_while_the_server_is_away_changes_nothing,
    a_new_pod_waits_for_the_server,
    *compose.RUNNING,
    all_follow_when_it_is_back,
    no_secret_is_anywhere_else,
    a_destination_on_a_disk_is_refused,
    *compose.ENDING,
]
