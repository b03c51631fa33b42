"""What a file means to the program that reads it, before and after a fix."""

import configparser
import json
import re
import shutil
import subprocess
import tempfile
import tomllib
import urllib.parse
from pathlib import Path
from xml.etree import ElementTree

from trouble import Trouble

try:
    import hcl2
    import yaml
except ImportError as missing:
    raise SystemExit(f"fixing: {missing}: ./run installs it") from missing


# What other tools mark with tags of their own is a text here: `!vault` of Ansible.
yaml.SafeLoader.add_multi_constructor("!", lambda loader, tag, node: (tag, str(node.value)))


def need_tools():
    if not shutil.which("ruby"):
        raise Trouble("ruby is not here: ./run installs it")


def check(strongroom, path, original, fixed, report):
    """Fails with what is different."""
    name = path.name
    if name.endswith((".tf", ".tfvars", ".hcl")):
        return check_hcl(strongroom, path, original, fixed, report)
    if name.endswith(".json") and '"builders"' in original:
        return check_packer_template(strongroom, original, fixed)
    if "<%" in fixed:
        return check_erb(strongroom, path, original, fixed, report)
    if name.endswith(".rb") and "Rails.application" in original:
        return check_ruby(strongroom, path, original, fixed, report)
    if name.endswith((".yml", ".yaml")) and is_compose(original):
        return check_compose(strongroom, original, fixed, report)
    if name.endswith((".yml", ".yaml")) and "\nkind:" in "\n" + original:
        return check_kubernetes(strongroom, path, original, fixed, report)
    return check_rendered(strongroom, name, original, fixed)


def same(found, expected, what):
    if found != expected:
        raise AssertionError(f"{what} is not what it was")


def value(strongroom, path, field):
    return json.loads(strongroom.ok("get", "-format=json", path))["data"][field]


# -------------------------------------------------------- templates of the agent

def delimiters(text):
    for left, right in (("{{", "}}"), ("[[", "]]"), ("<<", ">>"), ("((", "))")):
        if f'{left} with secret "' in text or f"{left} with secret `" in text:
            return left, right
    return None


def rendered(strongroom, text):
    marks = delimiters(text)
    return strongroom.render(text, *marks) if marks else text


def check_rendered(strongroom, name, original, fixed):
    result = rendered(strongroom, fixed)
    if reader := reader_of(name):
        same(reader(result), reader(original), "the document")
    else:
        # Comments lost their credentials, and say so.
        pairs = zip(without_comments(result), without_comments(original), strict=True)
        for now, before in pairs:
            same(now, before, f"the line {before.split('=')[0][:30]!r}")


def reader_of(name):
    """What reads files of that name; None where lines are all that is known."""
    readers = {
        ".ini": ini,
        ".json": json.loads,
        ".toml": tomllib.loads,
        ".xml": lambda text: ElementTree.canonicalize(text, with_comments=False),
        ".yaml": lambda text: list(yaml.safe_load_all(text)),
        ".yml": lambda text: list(yaml.safe_load_all(text)),
    }
    return readers.get(Path(name).suffix.lower())


def ini(text):
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True, delimiters=("=",))
    # Keys may stand before the first section.
    parser.read_string("[(top)]\n" + text)
    return {name: dict(section) for name, section in parser.items()}


def without_comments(text):
    return [it for it in text.splitlines() if not it.lstrip().startswith(("#", ";", "//", "!"))]


# ------------------------------------------------------------------ ERB, by Ruby

RUBY = r"""
require "erb"; require "yaml"; require "json"
module Rails
  class Root; def join(*it); File.join("/rails", *it); end; end
  class Env < String; def method_missing(name, *) = name.to_s == "#{self}?"; def respond_to_missing?(*) = true; end
  # An application whose own store of credentials is empty.
  class Nothing; def dig(*) = nil; def method_missing(*) = nil; def respond_to_missing?(*) = true; end
  class Application; def credentials = Nothing.new; def secrets = Nothing.new; end
  def self.root = Root.new
  def self.env = Env.new("production")
  def self.application = Application.new
end
"""

ERB = RUBY + r"""
text = ERB.new(STDIN.read).result
puts JSON.generate(YAML.load(text, aliases: true))
"""

# What a configuration in Ruby sets, and what it hands to methods: whatever it calls takes notes of it.
SETTINGS = RUBY + r"""
$noted = []
class Noted < BasicObject
  def initialize(path) = @path = path
  def to_s = @path
  def inspect = @path
  def method_missing(name, *given, &block)
    path = "#{@path}.#{name}"
    $noted << [path, given.map(&:inspect)] unless given.empty?
    block.arity == 1 ? block.call(::Noted.new("#{path}{}")) : ::Noted.new(path).instance_eval(&block) if block
    ::Noted.new(path)
  end
  def respond_to_missing?(*) = true
end
class Rails::Application; def configure(&block) = Noted.new("").instance_eval(&block); end
class Integer; def method_missing(name, *) = self; def respond_to_missing?(name, *) = false; end
module Kernel; def require(*) = true; end
class Object; def self.const_missing(name) = Noted.new(name.to_s); end
Object.class_eval(STDIN.read)
puts JSON.generate($noted)
"""


def check_erb(strongroom, path, original, fixed, report):
    check_rails(strongroom, ERB, original, fixed, report)


def check_ruby(strongroom, path, original, fixed, report):
    check_rails(strongroom, SETTINGS, original, fixed, report)


def check_rails(strongroom, program, original, fixed, report):
    with tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
        maps = {f"{it['path']}={it['path'].removeprefix('rails/')}" for it in report["stored"]}
        strongroom.ok("inject", "--to", memory, f"--token-file={strongroom.token}", *maps)
        # What the file takes from the environment is the same before and after.
        given = {name: f"given-{name.lower()}" for name in re.findall(r"""ENV(?:\.fetch\(|\[)["'](\w+)["']""", original)}
        same(by_ruby(program, fixed, {**given, "SECRETS_DIR": memory}), by_ruby(program, original, given), "what Rails reads")


def by_ruby(program, text, env):
    surroundings = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "RUBYOPT": "-rset", **env}
    ran = subprocess.run(["ruby", "-e", program], input=text.encode(), capture_output=True, env=surroundings)
    if ran.returncode:
        raise AssertionError(f"Ruby: {ran.stderr.decode().strip().splitlines()[0]}")
    return json.loads(ran.stdout)


# ---------------------------------------------------------------------- Compose

def by_name(strongroom, report, command):
    """The values by the names that a command of the notes gives them."""
    words = [word for note in report["notes"] for match in re.finditer(command, note) for word in match[1].split()]
    places = [re.fullmatch(r"secret/([^#]+)#([^=]+)=(\w+)", word) for word in words if word != "--map"]
    return {it[3]: value(strongroom, it[1], it[2]) for it in places}


def is_compose(text):
    return "\nservices:" in "\n" + text


def check_compose(strongroom, original, fixed, report):
    # Whoever starts it does what the fix says.
    values = by_name(strongroom, report, r"secret run --env (.*) -- docker compose (?:-f \S+ )*up")
    files = by_name(strongroom, report, r"secret inject --to \S+ ([^`]*)")
    for name in values:
        if re.search(r"(?<!\$)\$\{?%s\b(?!:\?\w)" % name, fixed):
            raise AssertionError(f"without {name} Compose would start with an empty value")
    before, after = yaml.safe_load(original), yaml.safe_load(fixed)
    now, then = interpolated(after, values), interpolated(before, {})
    for name, secret in (now.get("secrets") or {}).items():
        if name not in (then.get("secrets") or {}) and Path(secret["file"]).name not in files:
            raise AssertionError(f"the secret {name} has no file")
    for name, service in now["services"].items():
        environment = as_map(service.get("environment"))
        for variable in [it for it in environment if it.endswith("_FILE")]:
            file = Path(environment[variable] or "")
            if str(file.parent) == "/run/secrets" and file.name in files and file.name in (service.get("secrets") or []):
                environment[variable.removesuffix("_FILE")] = files[file.name]
                del environment[variable]
        before_ = as_map(then["services"][name].get("environment"))
        same(uncommented(environment), uncommented(before_), f"the environment of {name}")
        rest = {key: it for key, it in service.items() if key not in ("environment", "secrets")}
        same(rest, {key: it for key, it in then["services"][name].items() if key not in ("environment", "secrets")}, f"the service {name}")
    same(now.get("configs"), then.get("configs"), "the configs")


def uncommented(environment):
    """A variable may be a file of its own: its comments lose their credentials too."""
    return {key: "\n".join(without_comments(it)) if it and "\n" in it else it for key, it in environment.items()}


def as_map(environment):
    if isinstance(environment, list):
        return dict((it.split("=", 1) + [None])[:2] for it in environment)
    return {key: it if it is None else str(it) for key, it in (environment or {}).items()}


def interpolated(it, values):
    """As Compose fills in: `$$` is a dollar; what it has no value for stays to be seen."""
    if isinstance(it, dict):
        return {key: interpolated(inner, values) for key, inner in it.items()}
    if isinstance(it, list):
        return [interpolated(inner, values) for inner in it]
    if not isinstance(it, str):
        return it
    fill = lambda match: "$" if match[0] == "$$" else values.get(match[1], match[0])
    return re.sub(r"\$\$|\$\{(\w+)(?::\?[^}]+)?\}", fill, it)


# ------------------------------------------------------------------- Kubernetes

def check_kubernetes(strongroom, path, original, fixed, report):
    secrets = {}
    for name in report["beside"]:
        for document in yaml.safe_load_all(path.with_name(name).read_text()):
            objects = {it["objectName"]: it for it in yaml.safe_load(document["spec"]["parameters"]["objects"])}
            for made in document["spec"]["secretObjects"]:
                for entry in made["data"]:
                    source = objects[entry["objectName"]]
                    place = source["secretPath"].replace("secret/data/", "", 1)
                    secrets[made["secretName"], entry["key"]] = value(strongroom, place, source["secretKey"])
    before = list(yaml.safe_load_all(original))
    after = list(yaml.safe_load_all(with_comments(strongroom, rendered(strongroom, fixed))))
    same([without_references(it, secrets) for it in after], [without_references(it, {}) for it in before], "the objects")


def with_comments(strongroom, text):
    """With the values that were in comments: those of a script within are text like all of it."""
    return re.sub(r"<moved to secret/([^#>]+)#(\w+)>", lambda it: value(strongroom, it[1], it[2]), text)


def without_references(it, secrets):
    """With the values in the place of references, and without what a class needs to be mounted."""
    if isinstance(it, list):
        return [without_references(inner, secrets) for inner in it]
    if not isinstance(it, dict):
        return it
    it = {key: without_references(inner, secrets) for key, inner in it.items()}
    if {"name", "image"} <= it.keys():
        return container(it, secrets)
    if "volumes" in it:
        it["volumes"] = [inner for inner in it["volumes"] if inner.get("name") != "strongroom"]
        if not it["volumes"]:
            del it["volumes"]
    return it


def container(it, secrets):
    ours, kept = {}, []
    for variable in it.get("env", []):
        wanted = (variable.get("valueFrom") or {}).get("secretKeyRef") or {}
        found = secrets.get((wanted.get("name"), wanted.get("key")))
        if found is None:
            kept.append(variable)
        else:
            ours[variable["name"]] = found
            kept.append({"name": variable["name"], "value": found})
    fill = lambda text: re.sub(r"\$\((\w+)\)", lambda match: ours.get(match[1], match[0]), text)
    for key in ("args", "command"):
        if key in it:
            before = it[key]
            it[key] = [fill(word) for word in before]
            # Variables that only arguments use are new.
            used = {name for word in before for name in re.findall(r"\$\((\w+)\)", word)}
            kept = [variable for variable in kept if variable["name"] not in used or "value" not in variable]
    # So are those that are parts of other variables.
    parts = {name for each in kept if isinstance(each.get("value"), str) for name in re.findall(r"\$\((\w+)\)", each["value"]) if name in ours}
    kept = [variable for variable in kept if variable["name"] not in parts]
    for variable in kept:
        if "value" in variable and isinstance(variable["value"], str):
            variable["value"] = fill(variable["value"])
    it.pop("env", None)
    if kept:
        it["env"] = kept
    mounts = [mount for mount in it.get("volumeMounts", []) if mount.get("name") != "strongroom"]
    it.pop("volumeMounts", None)
    if mounts:
        it["volumeMounts"] = mounts
    return it


# ---------------------------------------------------------- Terraform and Packer

def check_hcl(strongroom, path, original, fixed, report):
    variables = {}
    # A provider of Terraform's is no value.
    for name in (it for it in report["beside"] if not it.endswith(".tf")):
        variables |= json.loads(strongroom.render(path.with_name(name).read_text()))
    values = {(it["path"], it["field"]): value(strongroom, it["path"], it["field"]) for it in report["stored"]}
    before, after = hcl2.loads(ended(original)), hcl2.loads(ended(fixed))
    sources = {}
    for kind in ("data", "ephemeral"):
        for block in after.get(kind, []):
            for name, body in unquoted(block).get("vault_kv_secret_v2", {}).items():
                sources[f"{kind}.vault_kv_secret_v2.{name}"] = unquoted(body)["name"]
    locals_ = {}
    for block in after.get("local", []):
        for name, body in unquoted(block).items():
            locals_[f"local.{name}"] = called(body["expression"], values)
    # A variable that was there before is compared by its own value.
    known = {name for block in before.get("variable", []) for name in unquoted(block)}
    new = {name: it for name, it in variables.items() if name not in known}
    put = lambda text: resolved(text, sources, locals_, values, new)
    found, expected = meaning_of(after, put), meaning_of(before, lambda text: text)
    if path.name.endswith((".tfvars", ".pkrvars.hcl")):
        found |= {key: it for key, it in flat(variables).items()}
    else:
        places = {name: at for at, block in enumerate(after.get("variable", [])) for name in unquoted(block)}
        for name, it in variables.items():
            place = f"variable.{places[name]}.{name}.default"
            found |= {f"{place}.{key}" if key else place: inner for key, inner in flat(it).items()}
    lost = sorted(key for key in expected if not is_same(found.get(key), expected[key]))
    if lost:
        raise AssertionError(f"not what it was: {', '.join(lost[:4])}")


def is_same(found, expected):
    # The reader drops the line end before the end of a heredoc, which Terraform keeps.
    is_lines = isinstance(expected, str) and "\n" in expected
    return found == expected or (is_lines and found == expected + "\n")


def ended(text):
    return text if text.endswith("\n") else text + "\n"


def unquoted(it):
    if isinstance(it, dict):
        return {str(key).strip('"'): unquoted(inner) for key, inner in it.items() if not str(key).startswith("__")}
    if isinstance(it, list):
        return [unquoted(inner) for inner in it]
    return it[1:-1] if isinstance(it, str) and len(it) > 1 and it[0] == it[-1] == '"' else it


def called(expression, values):
    match = re.search(r'vault\(\s*\\?"/secret/data/([^"\\]+)\\?"\s*,\s*\\?"([^"\\]+)\\?"\s*\)', str(expression))
    return values[match[1], match[2]] if match else None


def resolved(text, sources, locals_, values, variables):
    """The text with the values in the place of references."""
    if (found := called(text, values)) is not None:
        return found

    def of_source(match):
        # Others' sources stay as they are.
        return values.get((sources.get(match[1]), match[2]), match[0])

    def of_url(match):
        found = values.get((sources.get(match[1]), match[2]))
        return match[0] if found is None else urllib.parse.quote_plus(found, safe="~")

    reference = r'((?:data|ephemeral)\.vault_kv_secret_v2\.\w+)\.data\[\\?"([^"\\]+)\\?"\]'
    text = re.sub(r"\$\{urlencode\(" + reference + r"\)\}", of_url, text)
    text = re.sub(r"\$\{\s*" + reference + r"\s*\}", of_source, text)
    text = re.sub(reference, of_source, text)
    for name, it in locals_.items():
        text = text.replace("${%s}" % name, it)
        text = text.replace("${urlencode(%s)}" % name, urllib.parse.quote_plus(it, safe="~"))
    for name, it in variables.items():
        text = re.sub(r"^(\$\{)?var\.%s\}?$" % re.escape(name), lambda _: str(it), text)
    return text


def meaning_of(document, put):
    """Every literal by its path, those of blocks that a fix adds left out."""
    result = {}
    for key, it in flat(unquoted(document)).items():
        if isinstance(it, str):
            result[key] = put(it)
        else:
            result[key] = it
    return result


def flat(it, path=""):
    if isinstance(it, dict):
        inner = it.items()
    elif isinstance(it, list):
        inner = ((str(at), value) for at, value in enumerate(it))
    else:
        return {path: it}
    result = {}
    for key, value_ in inner:
        result |= flat(value_, f"{path}.{key}" if path else str(key))
    return result


def check_packer_template(strongroom, original, fixed):
    """Variables are worked out as Packer does it: `vault` in them, `user` everywhere else."""
    after, before = json.loads(fixed), json.loads(original)
    called = lambda match: value(strongroom, match[1].removeprefix("/secret/data/"), match[2])
    variables = {name: re.sub(r"\{\{vault `([^`]+)` `([^`]+)`\}\}", called, it) for name, it in (after.get("variables") or {}).items()}
    ours = {name: it for name, it in variables.items() if name not in (before.get("variables") or {})}
    user = lambda text: re.sub(r"\{\{user `([^`]+)`\}\}", lambda match: ours.get(match[1], match[0]), text)
    found = {key: user(it) if isinstance(it, str) else it for key, it in flat({**after, "variables": None}).items()}
    same(found, flat({**before, "variables": None}), "the template")
    same({name: it for name, it in variables.items() if name not in ours}, before.get("variables") or {}, "what the variables hold")
