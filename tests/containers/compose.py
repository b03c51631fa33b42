"""The Compose example as it stands, without an orchestrator: podman-compose, a volume of the type tmpfs, an agent."""

import hashlib
import os
import shutil
import subprocess

import images
from application import Application
from places import filesystem
from podman import WAIT
from server import require
from wait import until
from world import HERE, USER

EXAMPLE = HERE.parent.parent / "examples" / "compose"


class Compose:
    """A project of its own: a copy of the example beside which credentials and the program lie."""

    def __init__(self, world):
        self.world, self.podman = world, world.podman
        self.home = world.home / "shopfront"
        self.home.mkdir()
        for file in (EXAMPLE / "compose.yaml", EXAMPLE / "agent.hcl", HERE / "compose.override.yaml"):
            shutil.copy(file, self.home)
        images.slim(world.agent, self.home).rename(self.home / "secret")
        credentials = world.tmpfs(self.home / "credentials")
        world.owned(credentials / "role-id", world.store.role_id)
        world.owned(credentials / "secret-id", world.know("secret id of shopfront", world.store.secret_id()))
        world.owned(credentials / "ca.pem", "")
        (self.home / "out").mkdir()
        os.chown(self.home / "out", USER, USER)
        # podman-compose calls one program by one name.
        program = self.home / "podman"
        program.write_text("#!/bin/sh\nexec " + " ".join(self.podman.command) + ' "$@"\n')
        program.chmod(0o755)
        self.environment = self.podman.environment | {"STRONGROOM_ADDR": f"http://127.0.0.1:{world.store.server.port}", "PGPORT": str(world.postgres.port)}
        place = self.podman.home / self.podman.driver / "root" / "volumes" / "shopfront_secrets" / "_data"
        self.shop = Application(self.podman, "shopfront_shop_1", self.home / "out" / "tries", place / "pgpass", interval=5)

    def make_image(self):
        """What the example needs of Debian: a shell, and the libraries that the program is linked with."""
        busybox, folder = shutil.which("busybox"), self.world.home / "images"
        programs = [("/bin/busybox", busybox), ("/bin/sh", busybox)]
        tar = images.tar(folder / "debian.tar", programs, guests=[self.world.agent])
        self.podman.say("import", tar, "localhost/debian:1")
        tar.unlink()

    def run(self, *arguments):
        """Answers what podman-compose prints. Its exit status says little: see `up`."""
        command = ["podman-compose", "--podman-path", str(self.home / "podman"), "-f", "compose.yaml", "-f", "compose.override.yaml", *arguments]
        done = subprocess.run(command, cwd=self.home, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=WAIT)
        require(done.returncode == 0, f"podman-compose {' '.join(arguments)}: {done.stdout}")
        return done.stdout

    def up(self, *services):
        told = self.run("up", "--detach", "--no-deps", *services)
        for service in services:
            require(f"shopfront_{service}_1" in self.podman.names(), f"podman-compose made no {service}: {told}")


# -------------------------------------------------------------------- the checks

# Rule 112
def the_compose_example_starts_with_its_secrets_on_a_tmpfs(world):
    compose = world.compose = Compose(world)
    compose.make_image()
    # podman-compose does not wait for a service to be healthy, and podman asks for it by a timer of systemd only.
    compose.up("secrets")
    until(lambda: world.podman.ask("healthcheck", "run", "shopfront_secrets_1").returncode == 0, "the service to be healthy")
    compose.up("database", "shop")
    world.applications["shopfront"] = compose.shop
    compose.shop.goes_on()
    require(compose.shop.tries()[0] == "ok shop", f"its first connection: {compose.shop.tries()[0]}")
    require(filesystem(compose.shop.file) == "tmpfs", f"the volume is {filesystem(compose.shop.file)}")
    wanted = hashlib.sha256(world.password.encode()).hexdigest().encode()
    until(lambda: wanted in world.podman.log("shopfront_database_1"), "PostgreSQL's user to read POSTGRES_PASSWORD_FILE")
    return "three services, and the password readable for the database's user"


def the_compose_example_outlives_its_agent(world):
    shop = world.compose.shop
    before, held = shop.identity(), shop.file.read_bytes()
    world.compose.run("restart", "--timeout", "30", "secrets")
    shop.goes_on()
    require(shop.file.read_bytes() == held and shop.identity() == before, "something changed")
    return "the agent was started again, its files stayed"


def the_compose_example_leaves_nothing(world):
    place = world.compose.shop.file
    world.compose.run("down", "--timeout", "0")
    del world.applications["shopfront"]
    require(not place.exists(), f"{place} is still there")
    require(filesystem(place.parent) != "tmpfs", "the volume is still mounted")
    return "the volume is empty when nobody uses it"


def an_init_service_would_have_left_nothing(world):
    """Why the example's agent is one that stays."""
    podman, volume = world.podman, "--volume=shopfront_secrets:/run/secrets"
    run = lambda command: podman.say("run", "--rm", "--network=host", volume, "--entrypoint", '["/bin/sh", "-c"]', "localhost/debian:1", command)
    require("held" in run("echo held >/run/secrets/held; /bin/busybox ls /run/secrets"), "the volume can be written to")
    require(run("/bin/busybox ls /run/secrets") == "", "the volume holds what an ended container wrote")
    return "what a container writes to the volume is gone when it ends"


RUNNING = [the_compose_example_starts_with_its_secrets_on_a_tmpfs, the_compose_example_outlives_its_agent]
ENDING = [the_compose_example_leaves_nothing, an_init_service_would_have_left_nothing]
