"""Where the agent leaves its token."""

import json

from place import is_there, mode, text
from table import case
from text import APPROLE, ONCE, SINK, VAULT, approle_login, auto_auth, file_sink, template


def unwrapped(at, path):
    """The token that lies wrapped in a sink."""
    try:
        wrapped = json.loads(text(path))
    except ValueError:
        return text(path)
    at.planted.append(wrapped["token"])
    answer = at.ask("PUT", "sys/wrapping/unwrap", {}, wrapped["token"])
    return answer.json() if answer.status == 200 else answer.status


@case
def sink_mode_default(at):
    """Nobody asks for a mode."""
    at.approle()
    agent = at.agent(ONCE + VAULT + auto_auth(APPROLE, SINK))
    at.see("exit status", agent.status(), 0)
    at.see("mode", mode(at.home / "sink"), "0640")
    at.see("newline at the end", text(at.home / "sink").endswith("\n"), False)


@case
def sink_mode(at):
    """A mode in octal digits."""
    at.approle()
    sink = '  sink "file" {\n    config = {\n      path = "@home@/sink"\n      mode = 0600\n    }\n  }\n'
    agent = at.agent(ONCE + VAULT + auto_auth(APPROLE, sink))
    at.see("exit status", agent.status(), 0)
    at.see("mode", mode(at.home / "sink"), "0600")


@case
def sink_owner(at):
    """The file belongs to whom it is for."""
    at.approle()
    agent = at.agent(ONCE + VAULT + auto_auth(
        APPROLE, '  sink "file" {\n    config = {\n      path = "@home@/sink"\n      uid = 65534\n      gid = 65534\n    }\n  }\n'))
    at.see("exit status", agent.status(), 0)
    info = (at.home / "sink").stat() if is_there(at.home / "sink") else None
    at.see("owner and group", (info.st_uid, info.st_gid) if info else None, (65534, 65534))


@case
def sinks_two(at):
    """Both have the token."""
    at.approle()
    agent = at.agent(ONCE + VAULT + auto_auth(APPROLE, SINK, file_sink(path="@out@/second")))
    at.see("exit status", agent.status(), 0)
    at.see("policies", at.works(text(at.home / "sink")), [f"approle-{at.case}", "default"])
    at.see("the second is the first", text(at.out / "second") == text(at.home / "sink"), True)


@case
def sink_replaces(at):
    """What stood in the file is replaced, and nothing else is left in its folder."""
    at.approle()
    (at.home / "tokens").mkdir()
    at.file("tokens/sink", "an old token that is much longer than a new one will ever be, so that a rest of it would be seen")
    agent = at.agent(ONCE + VAULT + auto_auth(APPROLE, file_sink(path="@home@/tokens/sink")))
    at.see("exit status", agent.status(), 0)
    at.see("policies", at.works(text(at.home / "tokens/sink")), [f"approle-{at.case}", "default"])
    at.see("files", sorted(it.name for it in (at.home / "tokens").iterdir()), ["sink"])


@case
def sink_wrapped(at):
    """`wrap_ttl` of the sink: the file holds a wrapping token for each writing."""
    at.approle()
    agent = at.agent(ONCE + VAULT + auto_auth(APPROLE, file_sink('wrap_ttl = "5m"')))
    at.see("exit status", agent.status(), 0)
    wrapped = json.loads(text(at.home / "sink")) if is_there(at.home / "sink") else {}
    at.see("fields", sorted(wrapped), ["accessor", "creation_path", "creation_time", "token", "ttl", "wrapped_accessor"])
    at.see("where and how long", (wrapped.get("creation_path"), wrapped.get("ttl")), ("sys/wrapping/wrap", 300))
    inside = unwrapped(at, at.home / "sink")
    at.see("what is wrapped", sorted(inside["data"]), ["token"])
    at.see("policies", at.works(inside["data"]["token"]), [f"approle-{at.case}", "default"])
    at.see("unwrapped twice", unwrapped(at, at.home / "sink"), 400)


@case
def login_wrapped(at):
    """`wrap_ttl` of the method: the agent never sees the token."""
    at.approle()
    login = approle_login('wrap_ttl = "5m"')
    agent = at.agent(VAULT + auto_auth(login, SINK))
    at.need(lambda: is_there(at.home / "sink"), "the sink")
    wrapped = json.loads(text(at.home / "sink"))
    at.see("fields", sorted(wrapped), ["accessor", "creation_path", "creation_time", "token", "ttl", "wrapped_accessor"])
    at.see("where and how long", (wrapped.get("creation_path"), wrapped.get("ttl")), (f"auth/approle-{at.case}/login", 300))
    inside = unwrapped(at, at.home / "sink")
    at.see("policies", at.works(inside["auth"]["client_token"]), [f"approle-{at.case}", "default"])
    at.see("exit status", agent.stop(), 0)


@case
def wrapped_twice(at):
    """Wrapping by method and by sink cannot both be."""
    at.approle()
    login = approle_login('wrap_ttl = "5m"')
    agent = at.agent(VAULT + auto_auth(login, file_sink('wrap_ttl = "5m"')))
    at.see("exit status", agent.status(), 1)
    at.see("the secret id is not spent", is_there(at.home / "secret-id"), True)


@case
def login_wrapped_for_two(at):
    """A wrapping token for two readers would be spent by the first."""
    at.approle()
    login = approle_login('wrap_ttl = "5m"')
    agent = at.agent(VAULT + auto_auth(login, SINK, file_sink(path="@home@/second")))
    at.see("exit status", agent.status(), 1)


@case
def sink_encrypted(at):
    """A sink that is encrypted for its reader."""
    at.approle()
    at.file("dh.json", '{"curve25519_public_key": "3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08="}')
    sink = file_sink('dh_type = "curve25519"', 'dh_path = "@home@/dh.json"')
    agent = at.agent(ONCE + VAULT + auto_auth(APPROLE, sink))
    at.see("exit status", agent.status(), 0)
    at.see("fields", sorted(json.loads(text(at.home / "sink"))) if is_there(at.home / "sink") else [],
           ["curve25519_public_key", "encrypted_payload", "nonce"])


@case
def sink_folder_missing(at):
    """No folder is made for a token."""
    at.approle()
    agent = at.agent(ONCE + VAULT + auto_auth(APPROLE, file_sink(path="@home@/nowhere/sink")))
    at.see("exit status", agent.status(), 1)
    at.see("a folder", is_there(at.home / "nowhere"), False)
    at.see("the secret id is not spent", is_there(at.home / "secret-id"), True)


@case
def sink_beside_templates(at):
    """With `exit_after_auth` both are there when the agent ends."""
    at.approle()
    at.secret("db", password="beside the token")
    agent = at.agent(ONCE + VAULT + auto_auth(APPROLE, SINK) + template("db", "db"))
    at.see("exit status", agent.status(), 0)
    at.see("rendered", text(at.out / "db"), "password=beside the token")
    at.see("policies", at.works(text(at.home / "sink")), [f"approle-{at.case}", "default"])


@case
def sink_owner_of_vault(at):
    """`owner` and `group` are what Vault's agent calls it; OpenBao's passes over them."""
    at.approle()
    agent = at.agent(ONCE + VAULT + auto_auth(
        APPROLE, '  sink "file" {\n    config = {\n      path = "@home@/sink"\n      owner = 65534\n      group = 65534\n    }\n  }\n'))
    at.see("exit status", agent.status(), 0)
    info = (at.home / "sink").stat() if is_there(at.home / "sink") else None
    at.see("owner and group", (info.st_uid, info.st_gid) if info else None, (0, 0))


@case
def sink_with_type(at):
    """A sink whose kind stands in `type`, in a block `sinks`."""
    at.approle()
    below = '  sinks {\n    sink {\n      type = "file"\n      config = { path = "@home@/inner" }\n    }\n  }\n'
    beside = '  sink {\n    type = "file"\n    config = { path = "@home@/sink" }\n  }\n'
    agent = at.agent(ONCE + VAULT + auto_auth(APPROLE, below, beside))
    at.see("exit status", agent.status(), 0)
    at.see("policies", at.works(text(at.home / "sink")), [f"approle-{at.case}", "default"])


@case
def sink_kind_unknown(at):
    """There is but one kind of sink."""
    at.approle()
    agent = at.agent(VAULT + auto_auth(APPROLE, SINK.replace('"file"', '"pipe"')))
    at.see("exit status", agent.status(), 1)
    at.see("the secret id is not spent", is_there(at.home / "secret-id"), True)
