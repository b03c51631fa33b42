"""A login with a certificate."""

import subprocess

from place import WAIT, is_there, text
from table import case
from text import ONCE, SINK, auto_auth


def method(*config, settings=()):
    lines = [*settings, 'mount_path = "auth/cert-@case@"', "config = {", *(f"  {it}" for it in config), "}"]
    return '  method "cert" {\n' + "".join(f"    {it}\n" for it in lines) + "  }\n"


def vault(*more):
    return 'vault {\n  address = "https://127.0.0.1:@port-server@"\n  retry { num_retries = -1 }\n' + "".join(f"  {it}\n" for it in more) + "}\n"


CA = 'ca_cert = "@tls@/ca.pem"'
CLIENT = ('client_cert = "@tls@/client.pem"', 'client_key = "@tls@/client.key"')


def trusts(at, server, **entry):
    """The server lets certificates of the authority in, as far as `entry` says."""
    server.ask("POST", f"sys/auth/cert-{at.case}", {"type": "cert"})
    wish = {"certificate": text(at.tls / "ca.pem"), "token_policies": [f"cert-{at.case}"], "token_ttl": "10m"} | entry
    status, answer = server.ask("PUT", f"auth/cert-{at.case}/certs/web", wish)
    at.see("the entry is written", status, 204)
    return answer


def policies(at, server):
    """Of the token in the sink."""
    token = text(at.home / "sink")
    at.planted.append(token)
    status, answer = server.ask("GET", "auth/token/lookup-self", token=token)
    return answer["data"]["policies"] if status == 200 else status


@case
def cert(at):
    """The method's own certificate, and the entry by its name."""
    server = at.own_server()
    trusts(at, server)
    login = method(CA, *CLIENT, 'name = "web"')
    agent = at.agent(ONCE + vault() + auto_auth(login, SINK))
    at.see("exit status", agent.status(), 0)
    at.see("policies", policies(at, server), [f"cert-{at.case}", "default"])


@case
def cert_of_the_connection(at):
    """The certificate that `vault` names, and the first entry that trusts it."""
    server = at.own_server()
    trusts(at, server, allowed_common_names="a-client")
    agent = at.agent(ONCE + vault(CA, *CLIENT) + auto_auth(method(), SINK))
    at.see("exit status", agent.status(), 0)
    at.see("policies", policies(at, server), [f"cert-{at.case}", "default"])


@case
def cert_refused(at):
    """A certificate that no entry wants ends an agent that is told to end."""
    server = at.own_server()
    trusts(at, server, allowed_common_names="another")
    login = method(CA, *CLIENT, settings=["exit_on_err = true"])
    agent = at.agent(vault() + auto_auth(login, SINK))
    at.see("exit status", agent.status(), 1)
    at.see("a sink", is_there(at.home / "sink"), False)


@case
def cert_reload(at):
    """A certificate that is replaced is shown with the next login."""
    server = at.own_server()
    trusts(at, server, allowed_common_names="a-second")

    def install(name):
        for end in ("key", "pem"):
            at.file(f"own.{end}", text(at.tls / f"{name}.{end}"))

    install("client")
    config = (CA, 'client_cert = "@home@/own.pem"', 'client_key = "@home@/own.key"', "reload = true")
    login = method(*config, settings=['min_backoff = "1s"', 'max_backoff = "2s"'])
    agent = at.agent(ONCE + vault() + auto_auth(login, SINK))
    at.need(lambda: "failed to match all constraints" in agent.log() or "no chain matching all constraints" in agent.log(), "the first refusal")
    install("second")
    at.see("exit status", agent.status(), 0)
    at.see("policies", policies(at, server), [f"cert-{at.case}", "default"])


@case
def cert_renewed(at):
    """The token is renewed over a connection with the same certificate."""
    server = at.own_server()
    trusts(at, server, token_ttl="6s")
    at.agent(vault() + auto_auth(method(CA, *CLIENT), SINK))

    def was_renewed():
        status, answer = server.ask("GET", "auth/token/lookup-self", token=text(at.home / "sink"))
        return status == 200 and bool(answer["data"].get("last_renewal"))

    at.see("renewed", was_renewed, True)


@case
def cert_by_command(at):
    """Both command lines log in with a certificate."""
    server = at.own_server()
    trusts(at, server)
    files = {"-ca-cert": "ca.pem", "-client-cert": "client.pem", "-client-key": "client.key"}
    flags = [f"{flag}={at.tls / name}" for flag, name in files.items()]
    for name, program in at.world.commands.items():
        command = [program, "login", "-method=cert", f"-path=cert-{at.case}", *flags, "-token-only", "name=web"]
        environment = {"HOME": str(at.home), "VAULT_ADDR": f"https://127.0.0.1:{server.port}"}
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=WAIT)
        status, answer = server.ask("GET", "auth/token/lookup-self", token=done.stdout.strip() or "none")
        at.see(f"policies of {name}", answer["data"]["policies"] if status == 200 else done.stderr, [f"cert-{at.case}", "default"])
