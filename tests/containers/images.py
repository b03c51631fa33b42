"""Images without a registry: a program, the libraries that it names, and nothing else."""

import re
import shutil
import subprocess
import tarfile
from pathlib import Path

from server import Trouble


def libraries(program):
    """The files that a program is linked with, as the dynamic loader finds them here; none if it is static."""
    done = subprocess.run(["ldd", program], capture_output=True, text=True)
    if done.returncode != 0:
        return []
    if "not found" in done.stdout:
        raise Trouble(f"{program} lacks a library: {done.stdout}")
    return re.findall(r"(?:=> |^\s+)(/\S+) \(", done.stdout, re.M)


def slim(program, folder):
    """A copy without what only a debugger reads, where there is `strip`: it is searched several times."""
    copy = folder / Path(program).name
    shutil.copyfile(program, copy)
    copy.chmod(0o755)
    if shutil.which("strip"):
        subprocess.run(["strip", copy], check=True)
    return copy


def tar(to, programs, files=(), guests=()):
    """Writes a root file system: `programs` and `files` are pairs of a path in the image and one here. `guests` are
    programs that will be mounted into it: their libraries alone are there."""
    paths = {library: library for guest in guests for library in libraries(guest)}
    for inside, outside in programs:
        paths |= {library: library for library in libraries(outside)} | {inside: outside}
    everything = [*sorted(paths.items()), *files]
    with tarfile.open(to, "w", format=tarfile.PAX_FORMAT) as image:
        # Without them, who unpacks it decides who may look into the folders.
        for folder in sorted({parent for inside, _ in everything for parent in Path(inside.lstrip("/")).parents}):
            entry = tarfile.TarInfo(str(folder))
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            image.addfile(entry)
        for inside, outside in everything:
            entry = image.gettarinfo(Path(outside).resolve(), str(inside).lstrip("/"))
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            with open(outside, "rb") as content:
                image.addfile(entry, content)
    return to
