#!/usr/bin/env python3
"""What `secret scan` is used for beside a terminal: logs for code hosts, and hooks of git.

  run.py [--secret PATH]

Every log in SARIF is held against the format's schema, and the hooks of docs/scanning.md refuse what they are to
refuse. The schema beside this file is that of OASIS, version 2.1.0, without its descriptions. Needs the packages of
requirements.txt. Exit status: 0, 1 with a line for each failure, 2 if it could not run.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SCHEMA = HERE / "sarif-2.1.0.schema.json"
# Made up, and built here so that no scanner takes this file for a leak.
LEAK = "DB_PASSWORD=" + "Kx9vQ2mL7" + "pTz-R4wN\n"


class Trouble(Exception):
    """It could not run."""


def run(command, folder, expected, **more):
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, **more)
    if ran.returncode not in expected:
        raise AssertionError(f"{' '.join(map(str, command))}: exit status {ran.returncode}: {ran.stderr.strip() or ran.stdout.strip()}")
    return ran


class Folder:
    """An empty repository, and a PATH with `secret` on it."""

    def __init__(self, base, secret):
        self.path = Path(tempfile.mkdtemp(dir=base))
        tools = Path(tempfile.mkdtemp(dir=base))
        (tools / "secret").symlink_to(secret)
        self.env = os.environ | {
            "PATH": f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(tools), "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@example.com", "GIT_COMMITTER_NAME": "Ann", "GIT_COMMITTER_EMAIL": "ann@example.com",
        }
        self.run("git", "init", "--quiet")

    def run(self, *command, expected=(0,)):
        return run(command, self.path, expected, env=self.env)

    def write(self, name, text):
        (self.path / name).write_text(text)
        self.run("git", "add", "--all")

    def commit(self, expected=(0,)):
        return self.run("git", "commit", "--message", "x", expected=expected)


def logs_are_of_the_format(folder):
    import jsonschema
    validator = jsonschema.Draft7Validator(json.loads(SCHEMA.read_text()))
    folder.write("a b.env", LEAK)
    folder.commit()
    cases = {
        "the corpus": ("secret", "scan", "-sarif", ROOT / "tests" / "corpus"),
        "nothing found": ("secret", "scan", "-sarif", "-kind=webhook-url", "."),
        "a file that is not there": ("secret", "scan", "-sarif", "gone", "."),
        "commits": ("secret", "scan", "-sarif", "-git"),
    }
    for name, command in cases.items():
        log = json.loads(folder.run(*command, expected=(0, 1, 2)).stdout)
        if problems := list(validator.iter_errors(log)):
            raise AssertionError(f"{name}: {problems[0].json_path}: {problems[0].message}")
    results = log["runs"][0]["results"]
    if len(results) != 1 or results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] != "a%20b.env":
        raise AssertionError(f"a commit's finding is told as {results}")
    results[0]["planted"] = True
    if validator.is_valid(log):
        raise AssertionError("the schema does not refuse what is planted")


def the_plain_hook_refuses_a_leak(folder):
    hook = folder.path / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexec secret scan -staged\n")
    hook.chmod(0o755)
    refuses_a_leak(folder)


def the_framework_s_hook_refuses_a_leak(folder):
    if not shutil.which("pre-commit", path=folder.env["PATH"]):
        raise Trouble("pre-commit is not installed: pip install -r tests/scan/requirements.txt")
    # A repository with nothing but the hooks, as the framework fetches ours.
    hooks = Path(tempfile.mkdtemp(dir=folder.path.parent))
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", hooks)
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "x"]):
        run(["git", *command], hooks, (0,), env=folder.env)
    revision = run(["git", "rev-parse", "HEAD"], hooks, (0,), env=folder.env).stdout.strip()
    folder.write(".pre-commit-config.yaml", f"repos:\n  - repo: {hooks}\n    rev: {revision}\n    hooks:\n      - id: strongroom-scan\n")
    folder.run("pre-commit", "install")
    refuses_a_leak(folder)


def refuses_a_leak(folder):
    folder.write("clean.txt", "nothing\n")
    folder.commit()
    folder.write("web.env", LEAK)
    refused = folder.commit(expected=(1,))
    if "web.env:1:13" not in refused.stdout + refused.stderr:
        raise AssertionError(f"the place is not told: {refused.stdout}{refused.stderr}")
    if LEAK[12:18] in refused.stdout + refused.stderr:
        raise AssertionError("the value is told")
    folder.write("web.env", "# strongroom:allow(password) made up\n" + LEAK)
    folder.commit()


def a_pipeline_s_lines_do_as_they_say(folder):
    """The shell of the recipes for GitHub and GitLab: findings are uploaded, and what could not be read stops the job."""
    line = next(it.strip() for it in (ROOT / "docs" / "scanning.md").read_text().splitlines() if "secret scan -sarif ." in it)
    line = line.removeprefix("- run: ").removeprefix("- ")
    folder.write("web.env", LEAK)
    folder.run("sh", "-ec", line)
    if not json.loads((folder.path / "scan.sarif").read_text())["runs"][0]["results"]:
        raise AssertionError("the finding is not in the log")
    folder.run("sh", "-ec", line.replace("-sarif .", "-sarif gone"), expected=(1, 2))


CHECKS = [logs_are_of_the_format, the_plain_hook_refuses_a_leak, the_framework_s_hook_refuses_a_leak, a_pipeline_s_lines_do_as_they_say]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--secret", type=Path, default=ROOT / "target" / "debug" / "secret")
    secret = parser.parse_args().secret.resolve()
    if not secret.exists():
        raise Trouble(f"there is no {secret}")
    failed = 0
    with tempfile.TemporaryDirectory() as base:
        for check in CHECKS:
            try:
                check(Folder(base, secret))
                print(f"ok      {check.__name__}")
            except AssertionError as why:
                failed += 1
                print(f"failed  {check.__name__}: {why}")
    print(f"{len(CHECKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Trouble, ImportError) as trouble:
        print(trouble, file=sys.stderr)
        sys.exit(2)
