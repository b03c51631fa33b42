"""What lies in the images, without starting anything."""

import hashlib
import io
import json
import os
import subprocess
import tarfile
from pathlib import Path

from server import Trouble

BUILD = Path(__file__).resolve().parents[2] / "deploy/images/build.py"
NAMES = ("strongroom", "strongroom-shell")
EPOCH = "1764150000"

# Every path in the image without a shell: what is not here must not be there.
SLIM = ["etc", "etc/group", "etc/nsswitch.conf", "etc/passwd", "home", "home/vault", "run", "run/strongroom", "tmp", "usr", "usr/local",
        "usr/local/bin", "usr/local/bin/secret", "vault", "vault/audit", "vault/config", "vault/data", "vault/file", "vault/logs"]


class World:
    def __init__(self, home, program, busybox):
        self.home, self.program, self.busybox = home, Path(program).resolve(), busybox
        self.podman = None
        self.endings = []

    def end(self):
        for ending in reversed(self.endings):
            ending()

    def build(self, to, program=None, **environment):
        """Runs the builder; its exit status and what it says."""
        done = subprocess.run(["python3", BUILD, "--program", program or self.program, "--busybox", self.busybox, "--out", to],
                              capture_output=True, text=True, env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH, **environment})
        return done.returncode, done.stdout + done.stderr

    def image(self, name):
        return Image(self.home / "first" / f"{name}.tar")


class Image:
    """An image as it lies in its file."""

    def __init__(self, path):
        with tarfile.open(path) as tar:
            self.files = {it.name: tar.extractfile(it).read() for it in tar if it.isfile()}
        self.index = json.loads(self.files["index.json"])
        self.manifest = self.blob(self.index["manifests"][0])
        self.config = self.blob(self.manifest["config"])
        self.layers = [tarfile.open(fileobj=io.BytesIO(self.raw(it))) for it in self.manifest["layers"]]

    def raw(self, descriptor):
        content = self.files["blobs/" + descriptor["digest"].replace(":", "/")]
        if len(content) != descriptor["size"]:
            raise Trouble(f"{descriptor['digest']} has another size")
        return content

    def blob(self, descriptor):
        return json.loads(self.raw(descriptor))

    def entries(self):
        return [entry for layer in self.layers for entry in layer]


def same_bytes(world):
    """The same program makes the same bytes: another umask, folder, time zone, age and name of the file"""
    copy = world.home / "elsewhere" / "program"
    copy.parent.mkdir()
    copy.write_bytes(world.program.read_bytes())
    copy.chmod(0o700)
    os.utime(copy, (1, 1))
    before = os.umask(0o077)
    try:
        second = world.build(world.home / "second", copy, TZ="Asia/Kolkata", LC_ALL="C", PYTHONHASHSEED="7")
    finally:
        os.umask(before)
    third = world.build(world.home / "third", SOURCE_DATE_EPOCH="1764150001")
    for status, said in (world.build(world.home / "first"), second, third):
        if status:
            raise Trouble(said)
    digests = []
    for name in NAMES:
        digest = {which: hashlib.sha256((world.home / which / f"{name}.tar").read_bytes()).hexdigest() for which in ("first", "second", "third")}
        if digest["first"] != digest["second"]:
            raise Trouble(f"{name}: {digest}")
        if digest["first"] == digest["third"]:
            raise Trouble(f"{name}: another time makes no difference, so that this test sees none")
        digests.append(f"{name} {digest['first'][:12]} {(world.home / 'first' / f'{name}.tar').stat().st_size} bytes")
    return ", ".join(digests)


def refused(world):
    """What is no static program is refused"""
    for program in ("/bin/ls", __file__):
        status, said = world.build(world.home / "refused", program)
        if status != 1 or (world.home / "refused").exists():
            raise Trouble(f"{program}: {status} {said}")


def digests(world):
    """Every digest is that of its bytes, and docker's list names the same"""
    for name in NAMES:
        image = world.image(name)
        for path, content in image.files.items():
            if path.startswith("blobs/") and path.rsplit("/", 1)[1] != hashlib.sha256(content).hexdigest():
                raise Trouble(f"{name}: {path}")
        layers = [it["digest"] for it in image.manifest["layers"]]
        saved = json.loads(image.files["manifest.json"])[0]
        if image.config["rootfs"]["diff_ids"] != layers or [it.replace("blobs/", "").replace("/", ":") for it in saved["Layers"]] != layers:
            raise Trouble(f"{name}: layers differ")
        used = {"blobs/" + it["digest"].replace(":", "/") for it in [image.index["manifests"][0], image.manifest["config"], *image.manifest["layers"]]}
        if used != {it for it in image.files if it.startswith("blobs/")}:
            raise Trouble(f"{name}: blobs that nobody names")


def contents(world):
    """Nothing but the program is in the one; a shell and its names are in the other"""
    slim = sorted(it.name for it in world.image("strongroom").entries())
    if slim != sorted(SLIM):
        raise Trouble(f"{sorted(set(slim) ^ set(SLIM))}")
    shell = {it.name: it for it in world.image("strongroom-shell").entries()}
    for path in ("bin/sh", "bin/base64", "bin/touch", "bin/sed", "bin/pidof", "bin/sleep", "usr/local/bin/vault", "usr/local/bin/docker-entrypoint.sh"):
        if path not in shell:
            raise Trouble(f"there is no {path}")
    known = subprocess.run([world.busybox, "--list"], capture_output=True, text=True).stdout.split()
    for path, entry in shell.items():
        if entry.linkname == "busybox" and Path(path).name not in known:
            raise Trouble(f"this BusyBox has no {path}")
    if shell["usr/local/bin/vault"].linkname != "secret":
        raise Trouble("vault is another program")
    return f"{len(slim)} and {len(shell)} entries"


def modes(world):
    """Root owns it all but the folders that are written; nothing is set-uid, and only /tmp is everybody's"""
    written = {"home/vault", "vault/data", "vault/audit", "vault/logs", "vault/file", "vault/config", "run/strongroom"}
    for name in NAMES:
        image = world.image(name)
        for entry in image.entries():
            if entry.name in written:
                if (entry.uid, entry.gid) != (100, 1000):
                    raise Trouble(f"{entry.name} is not the user's")
            elif (entry.uid, entry.gid) != (0, 0):
                raise Trouble(f"{entry.name} belongs to {entry.uid}:{entry.gid}")
            if entry.mode & 0o6000 or (entry.mode & 0o002 and entry.name != "tmp" and not entry.issym()):
                raise Trouble(f"{entry.name} has the mode {entry.mode:o}")
        if image.config["config"]["User"] != "100:1000":
            raise Trouble("it starts as root")


CHECKS = [same_bytes, refused, digests, contents, modes]
