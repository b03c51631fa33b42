"""Where a secret may have been left: every place is read by one function, and every kind of place is shown to be
searched by a secret that was left there on purpose."""

import gzip
import os
from pathlib import Path

from planted import find, fresh, spellings
from server import require

CARELESS = 'echo "$PASSWORD" >/kept; echo "$PASSWORD"; while :; do /bin/busybox sleep 1; done'


def files(folder):
    """All files below, on the same file system: what is mounted there is another place."""
    device = os.stat(folder).st_dev
    for at, folders, names in os.walk(folder):
        folders[:] = [it for it in folders if os.lstat(Path(at, it)).st_dev == device]
        for name in names:
            file = Path(at, name)
            if file.is_file() and not file.is_symlink() and file.stat().st_dev == device:
                yield file


def read(file):
    """A file that may be gone by now; also what is within it when it is compressed."""
    try:
        content = Path(file).read_bytes()
    except OSError:
        return b""
    if content[:2] == b"\x1f\x8b":
        content += gzip.decompress(content)
    return content


def on_disk(world):
    """Every file that anything here wrote, by the part of the world that it belongs to."""
    for part in sorted(it for it in world.home.iterdir() if it.is_dir() and it != world.memory):
        for file in files(part):
            yield f"files of {part.name}", str(file), read(file)


def of_processes():
    """What /proc tells of every process on the machine."""
    for process in Path("/proc").glob("[0-9]*"):
        for kind in ("environ", "cmdline"):
            yield kind, str(process / kind), read(process / kind)


def of_containers(world):
    podman = world.podman
    for name in podman.names():
        yield "inspect of containers", name, podman.say("container", "inspect", name).encode()
        yield "logs", name, podman.log(name)
    for name in podman.pods():
        yield "inspect of pods", name, podman.say("pod", "inspect", name).encode()


def of_images(world):
    podman = world.podman
    for at, image in enumerate(podman.images()):
        yield "inspect of images", image, podman.say("image", "inspect", image).encode()
        tar = world.home / "images" / f"saved-{at}.tar"
        podman.say("save", "--output", tar, image)
        yield "images", image, read(tar)
        tar.unlink()


def everywhere(world):
    """A kind of place, its name and what is in it."""
    yield from of_images(world)
    yield from of_containers(world)
    yield from of_processes()
    yield from on_disk(world)


def leave_everywhere(world):
    """A careless application and its careless operator: one secret in every kind of place."""
    podman, word = world.podman, fresh()
    podman.say("pod", "create", "--name", "careless", "--network=host", "--label", f"password={word}")
    podman.say("run", "--detach", "--pod", "careless", "--name", "careless-app", "--env", f"PASSWORD={word}",
               "--entrypoint", '["/bin/busybox", "sh", "-c"]', "localhost/shop:1", CARELESS, word)
    podman.say("commit", "--change", f"ENV PASSWORD={word}", "careless-app", "localhost/careless:1")
    # PostgreSQL writes its tables to its files in the clear; the rest of the world is given a file, in every spelling.
    world.postgres.sql(f"CREATE TABLE careless AS SELECT '{word}' AS password; CHECKPOINT;")
    for part in world.home.iterdir():
        if part.is_dir() and part != world.memory:
            (part / "careless").write_bytes(b" ".join(spellings(word).values()))
    return word


def stored(world, secrets_by_kind):
    """The files of podman's storage that hold a secret."""
    folder = world.podman.home
    return [str(file.relative_to(folder)) for file in files(folder) if any(find(read(file), secrets_by_kind))]


def look(world, word):
    """Reads every place once. Answers what was found of the world's secrets, and how much was read; fails when a kind
    of place did not show the word that had been left there."""
    seen, shown, found, size, looked = set(), {}, [], 0, []
    for kind, name, content in everywhere(world):
        seen.add(kind)
        size += len(content)
        looked.append(name)
        for _, spelling in find(content, {"word": word}):
            shown.setdefault(kind, set()).add(spelling)
        found += [f"{name} ({kind}) holds {secret} {spelling}" for secret, spelling in find(content, world.secrets)]
    blind = sorted(kind for kind in seen if "as it is" not in shown.get(kind, set()))
    require(not blind, f"what was left there on purpose is not found in: {', '.join(blind)}")
    for kind in sorted(seen):
        if kind.startswith("files of"):
            require(shown[kind] == set(spellings(word)), f"{kind}: only found {sorted(shown[kind])}")
    for name in world.podman.names():
        pid = world.podman.state(name)["Pid"]
        require(not pid or f"/proc/{pid}/environ" in looked, f"the process of {name} was not looked at")
    return found, f"{len(looked)} places of {len(seen)} kinds, {size >> 20} MiB, {len(world.secrets)} secrets"
