#!/usr/bin/env python3
"""Fixes the labelled files against a real server, and shows that each workload gets what it had.

  run.py --binary target/debug/secret      the whole labelled corpus, file by file
  run.py --only terraform                  files whose name holds a word
  run.py --keep DIR                        leaves the rewritten tree there

For each file: `secret fix -yes`, then
  - the scorer of the corpus agrees with what the file looks like now (tests/corpus/score.py --fixed),
  - `secret scan` finds nothing that could have been fixed, and a second fix changes no byte,
  - what the file means is what it meant: templates are rendered by `secret agent`, ERB by Ruby with the files that
    `secret inject` wrote, references of Compose, Kubernetes, Terraform and Packer are put in by a reader that is not
    ours; and then original and result are compared,
  - with another value planted in the store, that comparison fails,
  - `secret fix -undo` gives back the bytes.
Jobs of Nomad are interpreted by a test of the crate (client/tests/fixed_jobs.rs); here they are scored and undone.

The exit status is 0, 1 (something is not as it was) or 2 (could not run).
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True

import meaning
from trouble import Trouble

ROOT = Path(__file__).resolve().parent.parent.parent
CORPUS = ROOT / "tests" / "corpus"
NO_FILES_OF_THE_SET = {"labels.json", "score.py", "measure.py", "README.md", "golden", "scoring", "second"}


class Strongroom:
    """The program under test, with a server of its own that keeps nothing."""

    def __init__(self, binary, home):
        self.binary = str(Path(binary).resolve())
        self.home = Path(home)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        log = open(self.home / "server.log", "wb")
        command = [self.binary, "server", "-dev", "-dev-root-token-id=root", f"-dev-listen-address=127.0.0.1:{port}"]
        self.server = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self.token = self.home / "token"
        self.token.write_text("root")
        deadline = time.monotonic() + 30
        while self.run("status").returncode:
            if time.monotonic() > deadline:
                raise Trouble(f"the server does not start: {(self.home / 'server.log').read_text()}")
            time.sleep(0.05)

    def run(self, *args, cwd=None, env=None):
        surroundings = {"PATH": os.environ["PATH"], "STRONGROOM_ADDR": self.address, "VAULT_TOKEN": "root", **(env or {})}
        return subprocess.run([self.binary, *args], cwd=cwd, env=surroundings, stdin=subprocess.DEVNULL, capture_output=True)

    def ok(self, *args, **more):
        ran = self.run(*args, **more)
        if ran.returncode:
            raise AssertionError(f"secret {' '.join(args[:2])}: {ran.stderr.decode(errors='replace').strip()}")
        return ran.stdout.decode()

    def render(self, text, left="{{", right="}}"):
        """What the agent makes of a template, on a tmpfs."""
        with tempfile.TemporaryDirectory(dir="/dev/shm") as memory, tempfile.TemporaryDirectory() as work:
            source, out = Path(work, "template"), Path(memory, "rendered")
            source.write_bytes(text.encode())
            config = Path(work, "agent.hcl")
            config.write_text(
                "exit_after_auth = true\n"
                f'auto_auth {{ method "token_file" {{ config = {{ token_file_path = "{self.token}" }} }} }}\n'
                f'template {{ source = "{source}" destination = "{out}" left_delimiter = "{left}" right_delimiter = "{right}" }}\n'
            )
            self.ok("agent", f"-config={config}")
            return out.read_bytes().decode()

    def stop(self):
        self.server.terminate()
        self.server.wait(20)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "secret"))
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--keep", type=Path)
    args = parser.parse_args()
    try:
        meaning.need_tools()
        labels = [it for it in json.loads((args.corpus / "labels.json").read_text())["files"] if not args.only or any(word in it["file"] for word in args.only)]
        if not labels:
            raise Trouble("no file has that name")
        with tempfile.TemporaryDirectory() as home:
            return check(args, labels, home)
    except Trouble as trouble:
        print(f"fixing: {trouble}", file=sys.stderr)
        return 2


def check(args, labels, home):
    tree = Path(home, "tree")
    shutil.copytree(args.corpus, tree, ignore=lambda folder, names: [it for it in names if it in NO_FILES_OF_THE_SET and Path(folder) == args.corpus])
    strongroom = Strongroom(args.binary, home)
    wrong, notes = [], {"compared": 0, "planted": 0, "undone": 0}
    try:
        plans = {it["file"]: fix(strongroom, tree, it, wrong) for it in labels}
        wrong += scored(args, tree, labels)
        for label in labels:
            again(strongroom, tree, label, plans[label["file"]], wrong)
            notes["compared"] += compare(strongroom, args.corpus, tree, label, plans[label["file"]], wrong)
            notes["planted"] += planted(strongroom, args.corpus, tree, label, plans[label["file"]], wrong)
        if args.keep:
            shutil.copytree(tree, args.keep)
        for label in labels:
            notes["undone"] += undo(strongroom, args.corpus, tree, label, plans[label["file"]], wrong)
        # Several fixes may share one: it goes with the last of them.
        for label in labels:
            if any((tree / label["file"]).with_name(it).exists() for it in (plans[label["file"]] or {"beside": []})["beside"]):
                wrong.append(f"{label['file']}: undone, a file of the fix is left beside it")
    finally:
        strongroom.stop()
    for it in wrong:
        print(it)
    moved = sum(len(label["findings"]) for label in labels) - sum(len(it["left"]) for it in plans.values() if it)
    print(f"fixing: {len(labels)} files, {moved} credentials moved, {notes['compared']} meanings compared, {notes['planted']} planted differences seen, {notes['undone']} undone, {len(wrong)} wrong")
    return 1 if wrong else 0


def fix(strongroom, tree, label, wrong):
    """The report of one file's fix; None if there was nothing to do."""
    ran = strongroom.run("fix", "-yes", "-format=json", label["file"], cwd=tree)
    if ran.returncode not in (0, 1):
        wrong.append(f"{label['file']}: {ran.stderr.decode(errors='replace').strip()}")
        return None
    files = json.loads(ran.stdout)["files"]
    report = files[0] if files else {"changed": False, "left": [], "beside": [], "stored": []}
    if (ran.returncode == 1) != bool(report["left"]):
        wrong.append(f"{label['file']}: exit status {ran.returncode} with {len(report['left'])} left")
    unfixable = sum(not it["fixable"] for it in label["findings"])
    # What the scanner does not find is not told either: the scorer and measure.py say how much that is.
    if len(report["left"]) > unfixable:
        wrong.append(f"{label['file']}: {len(report['left'])} left, {unfixable} are not fixable")
    return report


def scored(args, tree, labels):
    wrong = []
    for only in args.only or [""]:
        command = [sys.executable, CORPUS / "score.py", "--labels", args.corpus / "labels.json", "--root", args.corpus, "--fixed", tree, "--verbose"]
        ran = subprocess.run(command + (["--only", only] if only else []), capture_output=True, text=True)
        print(ran.stdout.strip())
        if ran.returncode:
            wrong.append("the scorer does not agree")
    return wrong


def again(strongroom, tree, label, report, wrong):
    if report is None:
        return
    # What the fix wrote beside the file is read by the next one as well.
    files = [tree / label["file"], *((tree / label["file"]).with_name(name) for name in report["beside"])]
    before = [it.read_bytes() for it in files]
    found = json.loads(strongroom.run("scan", "--json", label["file"], cwd=tree).stdout)
    if len(found) > len(report["left"]):
        wrong.append(f"{label['file']}: {len(found)} are found after the fix, {len(report['left'])} were left")
    strongroom.run("fix", "-yes", *files, cwd=tree)
    for file, was in zip(files, before):
        if file.read_bytes() != was:
            wrong.append(f"{label['file']}: a second fix changes {file.name}")


def compare(strongroom, corpus, tree, label, report, wrong):
    """How many meanings were compared: 1 or 0."""
    if report is None or not report["changed"] or label["family"] == "nomad":
        return 0
    original, fixed = ((base / label["file"]).read_bytes().decode("utf-8-sig") for base in (corpus, tree))
    try:
        meaning.check(strongroom, tree / label["file"], original, fixed, report)
    except Exception as different:  # whatever a reader says of the result
        wrong.append(f"{label['file']}: {type(different).__name__}: {' '.join(str(different).split())[:300]}")
    return 1


def planted(strongroom, corpus, tree, label, report, wrong):
    """With another value in the store the comparison must see it: how many did, 1 or 0."""
    used = [it for it in (report or {"stored": []})["stored"] if not it["path"].endswith("/comments")]
    if not used or not report["changed"] or label["family"] == "nomad":
        return 0
    path, field = used[0]["path"], used[0]["field"]
    strongroom.ok("kv", "patch", "-mount=secret", path, f"{field}=planted")
    unseen = []
    compare(strongroom, corpus, tree, label, report, unseen)
    if not unseen:
        wrong.append(f"{label['file']}: another value in the store is not noticed")
    return 1


def undo(strongroom, corpus, tree, label, report, wrong):
    if report is None or not report["changed"]:
        return 0
    strongroom.run("fix", "-undo", "-yes", label["file"], cwd=tree)
    if (tree / label["file"]).read_bytes() != (corpus / label["file"]).read_bytes():
        wrong.append(f"{label['file']}: undone, it is another file than before")
    return 1


if __name__ == "__main__":
    sys.exit(main())
