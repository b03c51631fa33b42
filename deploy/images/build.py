#!/usr/bin/env python3
"""Two container images, without a registry and without root; the same program makes the same bytes.

  build.py --program target/.../secret --out DIR [--busybox /bin/busybox] [--version V] [--authorities FILE]

    DIR/strongroom.tar        the program, and nothing that could be run beside it
    DIR/strongroom-shell.tar  with a shell, and called `vault` too: for the stock charts and injectors

The program has to be static. `podman load -i`, `docker load -i`, `skopeo copy oci-archive:` and `ctr image import` take
these files. SOURCE_DATE_EPOCH (or the time of the last commit) is the time of everything in them. There are no
certificate authorities in them but those of --authorities, a file in PEM: a server's own is mounted.

The exit status is 0, 1 (the program cannot be an image's) or 2 (could not run).
"""

import argparse
import hashlib
import io
import json
import os
import struct
import subprocess
import sys
import tarfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
USER, GROUP = 100, 1000
PATH = "/usr/local/bin:/usr/bin:/bin"
ARCHITECTURES = {62: "amd64", 183: "arm64"}

# What stock charts and injectors call, and what one needs to look around.
APPLETS = ["base64", "cat", "chmod", "cp", "cut", "date", "df", "du", "echo", "env", "false", "grep", "head", "id", "kill", "ln",
           "ls", "mkdir", "mv", "nslookup", "od", "pidof", "ps", "pwd", "rm", "sed", "sh", "sleep", "sort", "stat", "tail", "test", "touch", "tr", "true", "wc", "wget"]

PASSWD = """\
root:x:0:0:root:/:/sbin/nologin
vault:x:100:1000:strongroom:/home/vault:/bin/sh
nobody:x:65534:65534:nobody:/:/sbin/nologin
"""
GROUPS = """\
root:x:0:
vault:x:1000:
nobody:x:65534:
"""


class Trouble(Exception):
    pass


def machine(program):
    """For which machine a program is; it has to be a static one for Linux."""
    head = Path(program).read_bytes()
    if head[:6] != b"\x7fELF\x02\x01":
        raise Trouble(f"{program} is no program for a 64-bit machine")
    architecture = ARCHITECTURES.get(struct.unpack_from("<H", head, 18)[0])
    offset, size, count = struct.unpack_from("<Q", head, 32)[0], *struct.unpack_from("<HH", head, 54)
    for index in range(count):
        # PT_INTERP: somebody else has to load it, and is not there.
        if struct.unpack_from("<I", head, offset + index * size)[0] == 3:
            raise Trouble(f"{program} is not static: build it with `./run static`")
    if not architecture:
        raise Trouble(f"{program} is for a machine that we make no images for")
    return architecture


class Layer:
    """Entries by their path: whatever order they are added in, the bytes are the same."""

    def __init__(self, time):
        self.time, self.entries = time, {}

    def add(self, path, kind, mode, owner=(0, 0), content=b"", link=""):
        entry = tarfile.TarInfo(path)
        entry.type, entry.mode, entry.mtime, entry.size, entry.linkname = kind, mode, self.time, len(content), link
        entry.uid, entry.gid = owner
        parent = str(Path(path).parent)
        if parent != "." and parent not in self.entries:
            self.folder(parent)
        self.entries[path] = (entry, content)

    def folder(self, path, mode=0o755, owner=(0, 0)):
        self.add(path, tarfile.DIRTYPE, mode, owner)

    def file(self, path, content, mode=0o644):
        self.add(path, tarfile.REGTYPE, mode, content=content if isinstance(content, bytes) else content.encode())

    def link(self, path, to):
        self.add(path, tarfile.SYMTYPE, 0o777, link=to)

    def bytes(self):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for _, (entry, content) in sorted(self.entries.items()):
                tar.addfile(entry, io.BytesIO(content))
        return out.getvalue()


def program_layer(program, authorities, time):
    layer = Layer(time)
    layer.file("usr/local/bin/secret", Path(program).read_bytes(), 0o755)
    layer.file("etc/passwd", PASSWD)
    layer.file("etc/group", GROUPS)
    # A static program's resolver has no other ways, and asks for no libraries then.
    layer.file("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
    layer.folder("tmp", 0o1777)
    for path in ("home/vault", "vault/data", "vault/audit", "vault/logs", "vault/file", "vault/config", "run/strongroom"):
        layer.folder(path, 0o700 if path == "vault/data" else 0o755, (USER, GROUP))
    if authorities:
        layer.file("etc/ssl/certs/ca-certificates.crt", Path(authorities).read_bytes())
    return layer


def shell_layer(busybox, time):
    layer = Layer(time)
    layer.file("bin/busybox", Path(busybox).read_bytes(), 0o755)
    for applet in APPLETS:
        layer.link(f"bin/{applet}", "busybox")
    for name in ("vault", "bao"):
        layer.link(f"usr/local/bin/{name}", "secret")
    layer.file("usr/local/bin/docker-entrypoint.sh", (HERE / "docker-entrypoint.sh").read_bytes(), 0o755)
    return layer


def image(to, name, layers, entrypoint, command, architecture, version, time):
    """One file that is an OCI layout and what `docker save` writes at once."""
    blobs = {}
    def blob(content):
        content = content if isinstance(content, bytes) else json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
        digest = hashlib.sha256(content).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = content
        return f"sha256:{digest}", len(content)
    packed = [blob(layer.bytes()) for layer in layers]
    created = iso(time)
    config = blob({
        "architecture": architecture, "os": "linux", "created": created,
        "config": {"User": f"{USER}:{GROUP}", "Env": [f"PATH={PATH}", "HOME=/home/vault"], "Entrypoint": entrypoint, "Cmd": command, "WorkingDir": "/",
                   "ExposedPorts": {"8200/tcp": {}},
                   "Labels": {"org.opencontainers.image.title": name, "org.opencontainers.image.version": version, "org.opencontainers.image.licenses": "MIT OR Apache-2.0"}},
        "rootfs": {"type": "layers", "diff_ids": [digest for digest, _ in packed]},
        "history": [{"created": created, "created_by": "deploy/images/build.py"} for _ in packed],
    })
    def descriptor(kind, found, **more):
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": found[0], "size": found[1], **more}
    manifest = blob({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                     "config": descriptor("config.v1+json", config), "layers": [descriptor("layer.v1.tar", it) for it in packed]})
    reference = f"docker.io/strongroom/{name}:{version}"
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [descriptor(
        "manifest.v1+json", manifest, platform={"os": "linux", "architecture": architecture},
        annotations={"io.containerd.image.name": reference, "org.opencontainers.image.ref.name": reference})]}
    place = lambda found: "blobs/" + found[0].replace(":", "/")
    saved = [{"Config": place(config), "RepoTags": [reference.removeprefix("docker.io/")], "Layers": [place(it) for it in packed]}]
    whole = Layer(time)
    for path, content in {**blobs, "oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": json.dumps(index, sort_keys=True).encode(),
                          "manifest.json": json.dumps(saved, sort_keys=True).encode()}.items():
        whole.file(path, content)
    content = whole.bytes()
    to.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def iso(seconds):
    from datetime import datetime, timezone
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment():
    """The time of everything: nobody's clock."""
    told = os.environ.get("SOURCE_DATE_EPOCH")
    if told is None:
        done = subprocess.run(["git", "-C", HERE, "log", "-1", "--format=%ct"], capture_output=True, text=True)
        told = done.stdout.strip() if done.returncode == 0 else ""
    if not told.isdigit():
        raise Trouble("SOURCE_DATE_EPOCH is no number, or not set outside of a git checkout")
    return int(told)


def chart_version():
    lines = (HERE.parent / "helm/strongroom/Chart.yaml").read_text().splitlines()
    return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("appVersion:"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--busybox", default="/bin/busybox", help="a static one: Debian's busybox-static")
    parser.add_argument("--version", default=chart_version())
    parser.add_argument("--authorities")
    options = parser.parse_args()
    try:
        architecture, time, out = machine(options.program), moment(), Path(options.out)
        if machine(options.busybox) != architecture:
            raise Trouble("the program and the shell are for different machines")
        out.mkdir(parents=True, exist_ok=True)
        program = program_layer(options.program, options.authorities, time)
        shell = shell_layer(options.busybox, time)
        made = {
            "strongroom": ([program], ["/usr/local/bin/secret"], ["server", "-config=/vault/config"]),
            "strongroom-shell": ([program, shell], ["docker-entrypoint.sh"], ["server", "-config=/vault/config"]),
        }
        for name, (layers, entrypoint, command) in made.items():
            path = out / f"{name}.tar"
            digest = image(path, name, layers, entrypoint, command, architecture, options.version, time)
            print(f"{digest}  {path}  {path.stat().st_size} bytes")
    except Trouble as trouble:
        print(f"build: {trouble}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"build: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
