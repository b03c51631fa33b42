"""How the agent shows who it is."""

from place import is_there, text
from table import case
from text import APPROLE, HEAD, ONCE, SINK, TOKEN_FILE, VAULT, approle_login, auto_auth, template


def approle_with(*settings):
    lines = "".join(f"      {it}\n" for it in settings)
    return APPROLE.replace("    }\n", lines + "    }\n")


@case
def approle(at):
    """A login with role id and secret id; the file with the secret id is removed."""
    at.approle()
    at.secret("db", password="the first password")
    agent = at.agent(ONCE + HEAD + template("db", "db"))
    at.see("exit status", agent.status(), 0)
    at.see("rendered", text(at.out / "db"), "password=the first password")
    at.see("the file with the secret id", is_there(at.home / "secret-id"), False)
    at.see("the file with the role id", is_there(at.home / "role-id"), True)


@case
def approle_secret_id_stays(at):
    """The file with the secret id may stay."""
    at.approle()
    login = approle_with("remove_secret_id_file_after_reading = false")
    agent = at.agent(ONCE + VAULT + auto_auth(login, SINK))
    at.see("exit status", agent.status(), 0)
    at.see("policies", at.works(text(at.home / "sink")), [f"approle-{at.case}", "default"])
    at.see("the file with the secret id", is_there(at.home / "secret-id"), True)


@case
def approle_without_secret_id(at):
    """A role that asks for no secret id."""
    at.approle(bind_secret_id=False, token_bound_cidrs=["127.0.0.0/8"])
    login = APPROLE.replace('      secret_id_file_path = "@home@/secret-id"\n', "")
    agent = at.agent(ONCE + VAULT + auto_auth(login, SINK))
    at.see("exit status", agent.status(), 0)
    at.see("policies", at.works(text(at.home / "sink")), [f"approle-{at.case}", "default"])


@case
def approle_ids_with_newlines(at):
    """Editors end files with a newline; it belongs to no id."""
    at.approle()
    for name in ("role-id", "secret-id"):
        at.file(name, f"\n{text(at.home / name)} \n")
    agent = at.agent(ONCE + VAULT + auto_auth(APPROLE, SINK))
    at.see("exit status", agent.status(), 0)
    at.see("policies", at.works(text(at.home / "sink")), [f"approle-{at.case}", "default"])


def wrapped_secret_id(at, path):
    """Puts a wrapping token into the place of the secret id."""
    mount = f"approle-{at.case}"
    answer = at.must("PUT", path.replace("@mount@", mount), {}, headers={"X-Vault-Wrap-TTL": "300"})
    token = answer["wrap_info"]["token"]
    at.planted.append(token)
    at.file("secret-id", token)
    return approle_with('secret_id_response_wrapping_path = "auth/approle-@case@/role/app/secret-id"')


@case
def approle_wrapped_secret_id(at):
    """The secret id comes wrapped, and the place where it was wrapped is checked."""
    at.approle()
    login = wrapped_secret_id(at, "auth/@mount@/role/app/secret-id")
    agent = at.agent(ONCE + VAULT + auto_auth(login, SINK))
    at.see("exit status", agent.status(), 0)
    at.see("policies", at.works(text(at.home / "sink")), [f"approle-{at.case}", "default"])
    at.see("the file with the secret id", is_there(at.home / "secret-id"), False)


@case
def approle_wrapped_elsewhere(at):
    """A wrapping token that somebody else made is not taken, and not used up."""
    at.approle()
    login = wrapped_secret_id(at, "sys/wrapping/wrap").replace("    config", "    exit_on_err = true\n    config")
    agent = at.agent(VAULT + auto_auth(login, SINK))
    at.see("exit status", agent.status(), 1)
    at.see("a sink", is_there(at.home / "sink"), False)
    wrapping = text(at.home / "secret-id")
    at.see("the wrapping token still lives", at.ask("PUT", "sys/wrapping/lookup", {"token": wrapping}).status, 200)


@case
def approle_refused(at):
    """A wrong secret id ends an agent that is told to end."""
    at.approle()
    at.file("secret-id", "no-such-secret-id")
    login = approle_login('exit_on_err = true')
    agent = at.agent(VAULT + auto_auth(login, SINK))
    at.see("exit status", agent.status(), 1)
    at.see("a sink", is_there(at.home / "sink"), False)


@case
def approle_tries_again(at):
    """Without `exit_on_err` the agent tries again until the secret id is right."""
    at.approle()
    good = text(at.home / "secret-id")
    at.file("secret-id", "no-such-secret-id")
    login = approle_login('min_backoff = "1s"', 'max_backoff = "2s"')
    agent = at.agent(VAULT + auto_auth(login, SINK))
    at.need(lambda: not is_there(at.home / "secret-id"), "the wrong secret id to be read")
    at.file("secret-id", good)
    at.see("policies", lambda: at.works(text(at.home / "sink")), [f"approle-{at.case}", "default"])
    at.see("exit status", agent.stop(), 0)


@case
def approle_without_files(at):
    """Nothing to log in with."""
    login = approle_login('exit_on_err = true')
    agent = at.agent(VAULT + auto_auth(login, SINK))
    at.see("exit status", agent.status(), 1)


@case
def token_file(at):
    """A token that somebody else left in a file."""
    token = at.token()
    at.secret("db", password="the token's password")
    agent = at.agent(ONCE + VAULT + auto_auth(TOKEN_FILE, SINK) + template("db", "db"))
    at.see("exit status", agent.status(), 0)
    at.see("rendered", text(at.out / "db"), "password=the token's password")
    at.see("the sink has the same token", text(at.home / "sink") == token, True)
    at.see("the file stays", is_there(at.home / "token"), True)


@case
def token_file_wrong(at):
    """A token that the server does not know."""
    at.file("token", "s.nosuchtokenanywhere")
    method = TOKEN_FILE.replace("{ config", "{\n    exit_on_err = true\n    config", 1).replace("} }", "}\n  }")
    agent = at.agent(VAULT + auto_auth(method, SINK))
    at.see("exit status", agent.status(), 1)
    at.see("a sink", is_there(at.home / "sink"), False)


@case
def userpass(at):
    """A name and a password in a file, for people's own machines."""
    mount = f"userpass-{at.case}"
    at.must("POST", f"sys/auth/{mount}", {"type": "userpass"})
    at.must("PUT", f"auth/{mount}/users/ann", {"password": "ann's long password", "token_policies": ["default"]})
    at.planted.append("ann's long password")
    at.file("password", "ann's long password\n")
    method = (f'  method "userpass" {{\n    mount_path = "auth/{mount}"\n'
              '    config = {\n      username = "ann"\n      password_file_path = "@home@/password"\n    }\n  }\n')
    agent = at.agent(ONCE + VAULT + auto_auth(method, SINK))
    at.see("exit status", agent.status(), 0)
    at.see("policies", at.works(text(at.home / "sink")), ["default"])


@case
def methods_of_other_products(at):
    """A method that the agent does not have ends it, and says which."""
    method = '  method "aws" { config = { role = "app" } }\n'
    agent = at.agent(VAULT + auto_auth(method, SINK))
    at.see("exit status", agent.status(), 1)
    at.see("the log names it", "aws" in agent.log(), True)


@case
def mount_path_of_the_method(at):
    """`mount_path` with a slash at its end, and a `type` in place of a label."""
    at.approle()
    login = APPROLE.replace('"approle" {', '{\n    type = "approle"').replace("@case@\"", "@case@/\"")
    agent = at.agent(ONCE + VAULT + auto_auth(login, SINK))
    at.see("exit status", agent.status(), 0)
    at.see("policies", at.works(text(at.home / "sink")), [f"approle-{at.case}", "default"])


@case
def token_renewed(at):
    """The agent renews its token, and logs in again when that has come to its end."""
    at.approle(token_ttl="4s", token_max_ttl="8s", secret_id_num_uses=0)
    agent = at.agent(VAULT + auto_auth(APPROLE, SINK))
    first = at.need(lambda: is_there(at.home / "sink") and text(at.home / "sink"), "the first token")
    at.need(lambda: text(at.home / "sink") != first, "a second token")
    at.see("policies of the second", at.works(text(at.home / "sink")), [f"approle-{at.case}", "default"])
    at.see("exit status", agent.stop(), 0)
    at.see("the token outlives the agent", at.works(text(at.home / "sink")), [f"approle-{at.case}", "default"])


@case
def token_revoked(at):
    """A token that somebody revokes: the agent learns it when it renews, and logs in again."""
    at.approle(token_ttl="4s", token_max_ttl="10m")
    agent = at.agent(VAULT + auto_auth(APPROLE, SINK))
    first = at.need(lambda: is_there(at.home / "sink") and text(at.home / "sink"), "the first token")
    at.must("PUT", "auth/token/revoke", {"token": first})
    at.need(lambda: text(at.home / "sink") != first, "a second token")
    at.see("policies of the second", at.works(text(at.home / "sink")), [f"approle-{at.case}", "default"])
    at.see("exit status", agent.stop(), 0)


@case
def namespace_of_the_method(at):
    """An empty namespace of the method is the root namespace."""
    at.approle()
    login = approle_login('namespace = ""')
    agent = at.agent(ONCE + VAULT + auto_auth(login, SINK))
    at.see("exit status", agent.status(), 0)
    at.see("policies", at.works(text(at.home / "sink")), [f"approle-{at.case}", "default"])
