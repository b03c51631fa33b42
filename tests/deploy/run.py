#!/usr/bin/env python3
"""The chart, the plain manifests and the examples: rendered by helm, held against Kubernetes' schemas and our rules.

  run.py --modules DIR --tools DIR           DIR/@aws-cdk/... carries helm; it is unpacked into --tools
  run.py --modules DIR --tools DIR --bless   writes deploy/kubernetes anew
  run.py ... --binary PATH                   asks the program, too, whether it knows what the chart tells it
  run.py ... --show SET                      prints what the chart makes of tests/deploy/values/SET.yaml

Needs kubernetes-validate, see requirements.txt. The exit status is 0, 1 (something is wrong) or 2 (could not run).
"""

import argparse
import re
import subprocess
import sys
import tomllib
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

try:
    import yaml
    import kubernetes_validate
except ImportError as missing:
    print(f"deploy: {missing}: see tests/deploy/requirements.txt", file=sys.stderr)
    sys.exit(2)

import broken
import custom
import render
from invariants import RULES, World
from render import ROOT, Refused, Trouble

SETS = tomllib.loads((HERE / "sets.toml").read_text())
ALLOWED = tomllib.loads((HERE / "allowed.toml").read_text())
REFUSED = SETS.pop("refused")
DEPLOY = ROOT / "deploy"

# The plain manifests: what the chart makes with these values. Whoever has no helm takes them.
PLAIN = {
    "server.yaml": ["csi.enabled=false", "injector.enabled=false"],
    "csi.yaml": ["server.enabled=false", "injector.enabled=false", "global.externalVaultAddr=https://strongroom.strongroom.svc:8200"],
    "webhook.yaml": ["server.enabled=false", "csi.enabled=false", "global.externalVaultAddr=https://strongroom.strongroom.svc:8200"],
}
HEADER = """\
# Made by `./run deploy --bless` out of deploy/helm/strongroom: change that. `kubectl apply -f` in this folder.
"""


def schema(objects, kubernetes=render.KUBERNETES):
    """What Kubernetes would not take."""
    version = kubernetes.rpartition(".")[0]
    for it in objects:
        if not isinstance(it, dict) or not {"apiVersion", "kind", "metadata"} <= it.keys():
            yield f"no object: {str(it)[:80]}"
            continue
        of_others = custom.problems(it)
        if of_others is not None:
            yield from of_others
            continue
        try:
            kubernetes_validate.validate(it, version, strict=True)
        except kubernetes_validate.ValidationError as wrong:
            yield f"{render.name(it)}: {'.'.join(str(part) for part in wrong.path)}: {wrong.message[:200]}"
        except kubernetes_validate.SchemaNotFoundError:
            yield f"{it['apiVersion']} {it['kind']}: nobody knows its schema"


def breaches(world):
    return [f"{rule}: {line}" for rule, (_, finds) in RULES.items() for line in finds(world)]


# ----------------------------------------------------------------------- checks

def check_sets(helm):
    """Every set of values renders, is well-formed, and keeps every rule; what is allowed and not needed is too much."""
    used, count = set(), 0
    for called, about in SETS.items():
        values, release = HERE / "values" / f"{called}.yaml", about.get("release", "strongroom")
        objects = render.objects(render.text(helm, "--values", values, release=release))
        world = World(objects, about["outside"], ALLOWED, release)
        count += len(objects)
        for line in [*render.lint(helm, values), *schema(objects), *breaches(world)]:
            yield f"{called}: {line}"
        for idle in sorted(world.outside - world.named):
            yield f"{called}: nothing names {idle}"
        used |= world.used
    for table, entries in ALLOWED.items():
        for entry in entries:
            if (table, entry) not in used:
                yield f"allowed.toml: nothing needs {table} {entry}"
    if sorted(SETS) != sorted(it.stem for it in (HERE / "values").glob("*.yaml")):
        yield "sets.toml and the folder values do not name the same sets"
    print(f"{len(SETS)} sets of values, {count} objects, {len(RULES)} rules")


def check_oldest(helm):
    """The oldest Kubernetes that the chart takes knows every field; one that is older is refused."""
    objects = render.objects(render.text(helm, "--values", HERE / "values/everything.yaml", kubernetes=render.OLDEST))
    yield from schema(objects, render.OLDEST)
    if not list(schema(render.objects(render.text(helm)), render.OLDEST)):
        yield "today's fields are not found in the oldest's schema, so that this check sees none"
    try:
        render.text(helm, kubernetes="1.29.9")
        yield "1.29 is taken"
    except Refused:
        pass


def check_nothing(helm):
    """With everything off nothing is left."""
    rendered = render.objects(render.text(helm, "--values", HERE / "values/nothing.yaml"))
    if rendered:
        yield f"nothing: {[render.name(it) for it in rendered]}"


def check_refused(helm):
    """Values that cannot be meant are refused, and it is said which."""
    for values, word in REFUSED.items():
        try:
            render.text(helm, *(part for value in values.split(",") for part in ("--set", value)))
            yield f"{values} is taken"
        except Refused as refused:
            if word not in str(refused):
                yield f"{values} is refused without a word of {word}: {refused}"
    print(f"{len(REFUSED)} values refused")


def check_rules(helm):
    """Each rule sees what breaks it, and the schemas what is misshapen."""
    about = SETS["everything"]
    objects = render.objects(render.text(helm, "--values", HERE / "values/everything.yaml"))
    seen = set()
    for index, (rule, breach) in enumerate(broken.BREACHES):
        spoilt = render.copy(objects)
        breach(spoilt)
        seen.add(rule)
        if not list(RULES[rule][1](World(spoilt, about["outside"], ALLOWED))):
            yield f"breach {index} of `{rule}` is not found"
    for index, misshape in enumerate(broken.MISSHAPEN):
        spoilt = render.copy(objects)
        misshape(spoilt)
        if not list(schema(spoilt)):
            yield f"misshapen {index} is not found"
    for rule in sorted(RULES.keys() - seen):
        yield f"nothing breaks `{rule}`"
    print(f"{len(broken.BREACHES)} breaches, {len(broken.MISSHAPEN)} misshapen manifests")


def check_values_are_known(helm):
    """The schema of values knows each that values.yaml has, and each is used by a template."""
    templates = "".join(path.read_text() for path in (render.CHART / "templates").rglob("*") if path.is_file())
    known = yaml.safe_load((render.CHART / "values.schema.json").read_text())
    def walk(values, schema, path):
        for key, value in values.items():
            inner = schema.get("properties", {}).get(key)
            if inner is None:
                yield f"values.schema.json does not know {path}{key}"
            elif isinstance(value, dict) and "properties" in inner:
                yield from walk(value, inner, f"{path}{key}.")
            elif not re.search(rf"\.{key}\b", templates):
                yield f"no template uses {path}{key}"
        for key in schema.get("properties", {}):
            if key not in values and key not in ("pullPolicy",):
                yield f"values.yaml does not have {path}{key}"
    yield from walk(yaml.safe_load((render.CHART / "values.yaml").read_text()), known, "")


def plain(helm):
    for file, values in PLAIN.items():
        # A field that the oldest does not know would be an error there.
        yield file, HEADER + render.text(helm, *(part for value in values for part in ("--set", value)), kubernetes=render.OLDEST)


def check_plain(helm):
    """The plain manifests are what the chart makes today."""
    for file, wanted in plain(helm):
        path = DEPLOY / "kubernetes" / file
        if not path.exists() or path.read_text() != wanted:
            yield f"deploy/kubernetes/{file} is not what the chart makes: ./run deploy --bless"


def check_examples(_helm):
    """What is shown is well-formed, and holds no credential."""
    count = 0
    for path in [*sorted((DEPLOY / "examples").glob("*.yaml")), DEPLOY / "kubernetes/00-namespace.yaml"]:
        objects = render.objects(path.read_text())
        count += len(objects)
        for line in [*schema(objects), *RULES["credentials"][1](World(objects)), *RULES["images"][1](World(objects)), *RULES["mounts"][1](World(objects))]:
            yield f"{path.name}: {line}"
    print(f"{count} objects of examples")


def check_application(helm):
    """The values in Argo CD's application are values of the chart."""
    for it in render.objects((DEPLOY / "examples/argocd-application.yaml").read_text()):
        values = it["spec"]["source"]["helm"]["valuesObject"]
        try:
            render.text(helm, *(part for key, value in flat(values) for part in ("--set", f"{key}={value}")))
        except Refused as refused:
            yield f"argocd-application.yaml: {refused}"


def check_arguments(helm, binary):
    """The program knows every argument that the chart gives it."""
    def knows(*arguments):
        return subprocess.run([binary, *arguments, "--help"], capture_output=True).returncode == 0
    count = 0
    for owner, words in sorted(called(helm)):
        count += len(words)
        if not knows(*words):
            yield f"{owner}: the program does not know {' '.join(words)}"
        if knows(*words, "--no-such-argument"):
            yield f"{owner}: the program takes anything"
    print(f"{count} arguments")


def called(helm):
    """What containers of ours are started with, each once."""
    objects = render.objects(render.text(helm, "--values", HERE / "values/everything.yaml"))
    return {(render.name(owner), tuple(container["args"])) for _, owner, template in render.pods(objects)
            for _, container in render.containers(template) if container["command"] == ["/usr/local/bin/secret"]}


def flat(values, path=""):
    for key, value in values.items():
        if isinstance(value, dict):
            yield from flat(value, f"{path}{key}.")
        else:
            yield path + key, str(value).lower() if isinstance(value, bool) else value


CHECKS = [check_sets, check_oldest, check_nothing, check_refused, check_rules, check_values_are_known, check_plain, check_examples, check_application]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--modules", required=True)
    parser.add_argument("--tools", required=True)
    parser.add_argument("--binary")
    parser.add_argument("--bless", action="store_true")
    parser.add_argument("--show", metavar="SET")
    options = parser.parse_args()
    try:
        helm = render.programs(options.modules, options.tools)["helm"]
        if options.show:
            print(render.text(helm, "--values", HERE / "values" / f"{options.show}.yaml"), end="")
            return 0
        if options.bless:
            for file, wanted in plain(helm):
                (DEPLOY / "kubernetes" / file).write_text(wanted)
        problems = [line for check in CHECKS for line in check(helm)]
        if options.binary:
            problems += check_arguments(helm, options.binary)
    except Trouble as trouble:
        print(f"deploy: {trouble}", file=sys.stderr)
        return 2
    except Refused as refused:
        problems = [str(refused)]
    for problem in problems:
        print(problem)
    print(f"{len(CHECKS)} checks, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
