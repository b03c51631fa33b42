"""Programs of the machine that ask the agent instead of the server."""


import http.client
import json
import os
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor

from place import is_there, mode, request, text
from table import case
from text import APPROLE, HEAD, ONCE, SINK, TOKEN_FILE, VAULT, approle_login, auto_auth, template, template_of

TCP = 'listener "tcp" {\n  address = "127.0.0.1:@port@"\n  tls_disable = true\n%s}\n'
UNIX = 'listener "unix" {\n  address = "@out@/agent.sock"\n  tls_disable = true\n%s}\n'
CACHE = "cache {\n%s}\n"
OWN_TOKEN = "  use_auto_auth_token = true\n"


def started(at, config, proxy=False):
    """Starts an agent with a TCP listener, and waits until it answers."""
    at.approle()
    agent = (at.proxy if proxy else at.agent)(config)
    at.need(lambda: ask(at, "GET", "/v1/sys/health").status, "the listener")
    return agent


def ask(at, method, path, body=None, token=None, headers=None):
    return request("127.0.0.1", at.port(), method, path, body, token, headers)


def logged_in(at, path="/v1/auth/token/lookup-self"):
    """Waits until the agent has a token to ask with."""
    return at.need(lambda: (answer := ask(at, "GET", path)).status == 200 and answer, "the agent's own token")


def a_token(at):
    """Another token than the agent's, with other policies."""
    made = at.must("PUT", "auth/token/create", {"policies": ["default"], "ttl": "10m", "no_parent": True})
    at.planted.append(made["auth"]["client_token"])
    return made["auth"]["client_token"]


@case
def listener_own_token(at):
    """A request without a token is made with the agent's; one with a token with that."""
    agent = started(at, HEAD + CACHE % OWN_TOKEN + TCP % "" + template_of("x", "x"))
    at.secret("db", password="through the agent")
    answer = logged_in(at)
    at.see("policies", answer.json()["data"]["policies"], [f"approle-{at.case}", "default"])
    at.see("the token is not shown", (answer.json()["data"].get("id"), answer.json()["data"].get("accessor")), (None, None))
    read = ask(at, "GET", f"/v1/secret/data/{at.case}/db")
    at.see("a secret", (read.status, read.json()["data"]["data"]), (200, {"password": "through the agent"}))
    other = ask(at, "GET", "/v1/auth/token/lookup-self", token=a_token(at))
    at.see("policies of another", other.json()["data"]["policies"], ["default"])
    at.see("another may see its own", "id" in other.json()["data"], True)
    at.see("another may not read", ask(at, "GET", f"/v1/secret/data/{at.case}/db", token=a_token(at)).status, 403)
    at.see("exit status", agent.stop(), 0)


@case
def listener_forced_token(at):
    """`force`: the token of the request does not count."""
    agent = started(at, HEAD + CACHE % '  use_auto_auth_token = "force"\n' + TCP % "")
    logged_in(at)
    at.see("policies", ask(at, "GET", "/v1/auth/token/lookup-self", token=a_token(at)).json()["data"]["policies"],
           [f"approle-{at.case}", "default"])
    at.see("exit status", agent.stop(), 0)


@case
def listener_without_own_token(at):
    """Without `use_auto_auth_token` the agent adds nothing."""
    agent = started(at, VAULT + auto_auth(APPROLE, SINK) + CACHE % "" + TCP % "")
    at.need(lambda: is_there(at.home / "sink"), "the login")
    at.see("without a token", ask(at, "GET", "/v1/auth/token/lookup-self").status, 403)
    at.see("with one", ask(at, "GET", "/v1/auth/token/lookup-self", token=a_token(at)).status, 200)
    at.see("exit status", agent.stop(), 0)


@case
def listener_api_proxy(at):
    """`api_proxy` is the newer place of the same setting, and needs no cache."""
    agent = started(at, HEAD + "api_proxy {\n" + OWN_TOKEN + "}\n" + TCP % "")
    at.see("policies", logged_in(at).json()["data"]["policies"], [f"approle-{at.case}", "default"])
    at.see("exit status", agent.stop(), 0)


@case
def listener_api_proxy_and_cache(at):
    """The setting in both places."""
    at.approle()
    agent = at.agent(HEAD + CACHE % OWN_TOKEN + "api_proxy {\n" + OWN_TOKEN + "}\n" + TCP % "")
    at.see("exit status", agent.status(), 1)


@case
def proxy_own_token(at):
    """`bao proxy` with its own configuration."""
    agent = started(at, HEAD + "api_proxy {\n" + OWN_TOKEN + "}\ncache {}\n" + TCP % "", proxy=True)
    at.secret("db", password="through the proxy")
    at.see("policies", logged_in(at).json()["data"]["policies"], [f"approle-{at.case}", "default"])
    read = ask(at, "GET", f"/v1/secret/data/{at.case}/db")
    at.see("a secret", (read.status, read.json()["data"]["data"]), (200, {"password": "through the proxy"}))
    written = ask(at, "PUT", f"/v1/secret/data/{at.case}/new", {"data": {"a": "b"}})
    at.see("a written secret", (written.status, written.json()["data"]["version"]), (200, 1))
    at.see("a deleted secret", ask(at, "DELETE", f"/v1/secret/data/{at.case}/new").status, 204)
    listed = ask(at, "LIST", f"/v1/secret/metadata/{at.case}/")
    at.see("a list", (listed.status, listed.json().get("data")), (200, {"keys": ["db", "new"]}))
    listed = ask(at, "GET", f"/v1/secret/metadata/{at.case}/?list=true")
    at.see("a list by GET", (listed.status, listed.json().get("data")), (200, {"keys": ["db", "new"]}))
    at.see("not there", ask(at, "GET", f"/v1/secret/data/{at.case}/nowhere").status, 404)
    at.see("not allowed", ask(at, "GET", "/v1/sys/mounts").status, 403)
    at.see("no such mount", ask(at, "GET", "/v1/nowhere/x").status, 403)
    at.see("exit status", agent.stop(), 0)


@case
def proxy_quit(at):
    """The proxy has an API of its own, below another path."""
    agent = started(at, HEAD + "api_proxy {\n" + OWN_TOKEN + "}\n" + TCP % "  proxy_api { enable_quit = true }\n", proxy=True)
    at.see("metrics", ask(at, "GET", "/proxy/v1/metrics").status, 200)
    at.see("answer", ask(at, "POST", "/proxy/v1/quit").status, 200)
    at.see("runs on", agent.runs, False)
    at.see("exit status", agent.stop(), 0)


@case
def listener_for_the_command_line(at):
    """`bao` asks the agent, and needs no token of its own."""
    agent = started(at, HEAD + CACHE % OWN_TOKEN + TCP % "")
    logged_in(at)
    at.secret("db", password="by the command line")

    def bao(*arguments):
        done = subprocess.run([at.world.client, *arguments], capture_output=True, text=True, timeout=20,
                              env={"HOME": str(at.home), "PATH": os.environ["PATH"], "BAO_ADDR": f"http://127.0.0.1:{at.port()}"})
        return done.returncode, done.stdout

    at.see("read", bao("kv", "get", "-field=password", "-mount=secret", f"{at.case}/db"), (0, "by the command line"))
    at.see("written", bao("kv", "put", "-mount=secret", f"{at.case}/new", "a=b")[0], 0)
    at.see("patched", bao("kv", "patch", "-mount=secret", f"{at.case}/new", "c=d")[0], 0)
    at.see("list", bao("kv", "list", "-format=json", "-mount=secret", at.case), (0, '[\n  "db",\n  "new"\n]\n'))
    at.see("patched fields", bao("kv", "get", "-field=c", "-mount=secret", f"{at.case}/new"), (0, "d"))
    at.see("exit status", agent.stop(), 0)


@case
def listener_wrapping(at):
    """Headers are passed on in both directions."""
    agent = started(at, HEAD + CACHE % OWN_TOKEN + TCP % "")
    logged_in(at)
    at.secret("db", password="wrapped on the way")
    wrapped = ask(at, "GET", f"/v1/secret/data/{at.case}/db", headers={"X-Vault-Wrap-TTL": "60"}).json()
    at.see("wrapped", (wrapped.get("data"), wrapped["wrap_info"]["ttl"]), (None, 60))
    inside = ask(at, "PUT", "/v1/sys/wrapping/unwrap", {"token": wrapped["wrap_info"]["token"]})
    at.see("unwrapped", inside.json()["data"]["data"], {"password": "wrapped on the way"})
    health = ask(at, "GET", "/v1/sys/health?standbyok=true")
    at.see("content type", health.headers.get("content-type"), "application/json")
    at.see("exit status", agent.stop(), 0)


@case
def listener_request_header(at):
    """`require_request_header` keeps browsers out that were led astray."""
    agent = started(at, HEAD + CACHE % OWN_TOKEN + TCP % "  require_request_header = true\n")
    logged_in(at)
    path = "/v1/auth/token/lookup-self"
    at.see("without the header", ask(at, "GET", path, headers={"X-Vault-Request": None}).status, 412)
    at.see("with another value", ask(at, "GET", path, headers={"X-Vault-Request": "1"}).status, 412)
    at.see("with it", ask(at, "GET", path).status, 200)
    at.see("the agent's own paths", ask(at, "GET", "/agent/v1/metrics", headers={"X-Vault-Request": None}).status, 412)
    at.see("the agent's own paths with it", ask(at, "GET", "/agent/v1/metrics").status, 200)
    at.see("exit status", agent.stop(), 0)


@case
def listener_unix(at):
    """A socket. A mode alone is not enough for `bao agent`, which wants owner and group beside it."""
    at.approle()
    at.secret("db", password="through a socket")
    agent = at.agent(HEAD + CACHE % OWN_TOKEN + UNIX % '  socket_mode = "0660"\n')
    path = at.out / "agent.sock"
    read = at.need(lambda: (answer := request(path, None, "GET", f"/v1/secret/data/{at.case}/db")).status == 200 and answer, "the socket")
    at.see("a secret", read.json()["data"]["data"], {"password": "through a socket"})
    at.see("mode", mode(path), "0755")
    at.see("exit status", agent.stop(), 0)
    at.see("the socket afterwards", is_there(path), False)


@case
def listener_unix_default_mode(at):
    """The mode of a socket for which none is asked."""
    at.approle()
    agent = at.agent(HEAD + CACHE % OWN_TOKEN + UNIX % "")
    path = at.out / "agent.sock"
    at.need(lambda: request(path, None, "GET", "/v1/sys/health").status, "the socket")
    at.see("mode", mode(path), "0755")
    at.see("exit status", agent.stop(), 0)


@case
def listener_unix_owner(at):
    """A socket for another user."""
    at.approle()
    agent = at.agent(HEAD + CACHE % OWN_TOKEN + UNIX % '  socket_mode = "600"\n  socket_user = "nobody"\n  socket_group = "65534"\n')
    path = at.out / "agent.sock"
    at.need(lambda: request(path, None, "GET", "/v1/sys/health").status, "the socket")
    at.see("owner, group and mode", (path.stat().st_uid, path.stat().st_gid, mode(path)), (65534, 65534, "0600"))
    at.see("exit status", agent.stop(), 0)


@case
def listener_unix_left_over(at):
    """A socket that a killed agent left behind is replaced."""
    at.token()
    config = VAULT + auto_auth(TOKEN_FILE) + CACHE % OWN_TOKEN + UNIX % ""
    path = at.out / "agent.sock"
    first = at.agent(config)
    at.need(lambda: request(path, None, "GET", "/v1/sys/health").status, "the first socket")
    first.process.kill()
    first.status()
    at.see("left over", is_there(path), True)
    second = at.agent(config)
    at.see("answers again", lambda: request(path, None, "GET", "/v1/sys/health").status, 200)
    at.see("exit status", second.stop(), 0)


@case
def agent_quit(at):
    """`enable_quit`: a POST ends the agent."""
    agent = started(at, HEAD + CACHE % OWN_TOKEN + TCP % "  agent_api { enable_quit = true }\n")
    at.see("by GET", ask(at, "GET", "/agent/v1/quit").status, 405)
    at.see("answer", ask(at, "POST", "/agent/v1/quit").status, 200)
    at.see("exit status", agent.status(), 0)


@case
def agent_quit_off(at):
    """Without `enable_quit` there is no such path."""
    agent = started(at, HEAD + CACHE % OWN_TOKEN + TCP % "")
    at.see("answer", ask(at, "POST", "/agent/v1/quit").status, 404)
    at.see("the agent runs", agent.runs(), True)
    at.see("exit status", agent.stop(), 0)


@case
def agent_metrics(at):
    """The agent's own figures, in Vault's shape."""
    agent = started(at, HEAD + CACHE % OWN_TOKEN + TCP % "")
    logged_in(at)
    answer = ask(at, "GET", "/agent/v1/metrics")
    at.see("status", answer.status, 200)
    at.see("content type", answer.headers.get("content-type"), "application/json")
    at.see("fields", sorted(answer.json()), ["Counters", "Gauges", "Points", "Samples", "Timestamp"])
    names = {it["Name"] for it in answer.json()["Counters"]}
    at.see("the login is counted", any(name.endswith("auth.success") for name in names), True)
    at.see("by POST", ask(at, "POST", "/agent/v1/metrics").status, 405)
    at.see("exit status", agent.stop(), 0)


@case
def agent_metrics_only(at):
    """A listener with the role `metrics_only` passes nothing on."""
    at.approle()
    agent = at.agent(HEAD + CACHE % OWN_TOKEN + TCP % '  role = "metrics_only"\n')
    at.see("metrics", lambda: ask(at, "GET", "/agent/v1/metrics").status, 200)
    at.see("anything else", ask(at, "GET", "/v1/sys/health").status, 404)
    at.see("quit", ask(at, "POST", "/agent/v1/quit").status, 404)
    at.see("exit status", agent.stop(), 0)


@case
def cache_of_a_lease(at):
    """A login through the agent is answered twice from one lease, until the cache is cleared."""
    agent = started(at, HEAD + CACHE % OWN_TOKEN + TCP % "")
    logged_in(at)
    def create():
        return ask(at, "PUT", "/v1/auth/token/create", {"policies": ["default"], "ttl": "10m", "display_name": "cached"})
    first, second = create(), create()
    token = first.json()["auth"]["client_token"]
    at.planted.append(token)
    at.see("status", (first.status, second.status), (200, 200))
    at.see("the same token", second.json()["auth"]["client_token"] == token, True)
    at.see("cache", (first.headers.get("x-cache"), second.headers.get("x-cache")), ("MISS", "HIT"))
    cleared = ask(at, "POST", "/agent/v1/cache-clear", {"type": "all"})
    at.see("cleared", cleared.status, 200)
    at.see("a new token", lambda: create().json()["auth"]["client_token"] != token, True)
    at.see("the old one lives", at.works(token), ["default"])
    at.see("exit status", agent.stop(), 0)


@case
def cache_of_a_login(at):
    """A login by somebody else through the agent is answered twice with one token."""
    agent = started(at, HEAD + CACHE % "" + TCP % "" + template("db", "db"))
    mount = f"approle-{at.case}"
    ids = {"role_id": text(at.home / "role-id"), "secret_id": at.must("PUT", f"auth/{mount}/role/app/secret-id", {})["data"]["secret_id"]}
    first, second = (ask(at, "PUT", f"/v1/auth/{mount}/login", ids) for _ in range(2))
    at.planted.append(first.json()["auth"]["client_token"])
    at.see("status", (first.status, second.status), (200, 200))
    at.see("the same token", first.json()["auth"]["client_token"] == second.json()["auth"]["client_token"], True)
    at.see("cache", (first.headers.get("x-cache"), second.headers.get("x-cache")), ("MISS", "HIT"))
    at.see("another login", ask(at, "PUT", f"/v1/auth/{mount}/login", ids | {"secret_id": "wrong"}).status, 400)
    at.see("exit status", agent.stop(), 0)


@case
def cache_of_requests_at_once(at):
    """Several that ask for the same at the same time get one lease."""
    agent = started(at, HEAD + CACHE % OWN_TOKEN + TCP % "")
    logged_in(at)
    wish = {"policies": ["default"], "ttl": "10m", "display_name": "at once"}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ask(at, "PUT", "/v1/auth/token/create", wish), range(8)))
    tokens = {it.json()["auth"]["client_token"] for it in answers}
    at.planted += tokens
    at.see("status", sorted({it.status for it in answers}), [200])
    at.see("tokens", len(tokens), 1)
    at.see("exit status", agent.stop(), 0)


@case
def listener_large_bodies(at):
    """Bodies of some hundred kilobytes, in both directions."""
    agent = started(at, HEAD + CACHE % OWN_TOKEN + TCP % "")
    logged_in(at)
    large = "grün " * 60_000
    written = ask(at, "PUT", f"/v1/secret/data/{at.case}/large", {"data": {"large": large}})
    at.see("written", written.status, 200)
    at.see("read", ask(at, "GET", f"/v1/secret/data/{at.case}/large").json()["data"]["data"]["large"] == large, True)
    at.see("exit status", agent.stop(), 0)


@case
def listener_errors(at):
    """Refusals of the server come through as they are."""
    agent = started(at, HEAD + CACHE % OWN_TOKEN + TCP % "")
    logged_in(at)
    for what, method, path, body in (("forbidden", "GET", "sys/mounts", None), ("not there", "GET", f"secret/data/{at.case}/nowhere", None),
                                     ("wrong", "PUT", f"secret/data/{at.case}/x", {"data": 1})):
        through, direct = ask(at, method, f"/v1/{path}", body), at.ask(method, path, body, agents_own(at))
        at.see(f"{what}: status", through.status == direct.status, True)
        at.see(f"{what}: errors", through.json().get("errors") == direct.json().get("errors"), True)
    at.see("exit status", agent.stop(), 0)


def agents_own(at):
    """A token with the policies of the agent's own."""
    made = at.must("PUT", "auth/token/create", {"policies": [f"approle-{at.case}"], "ttl": "10m"})
    at.planted.append(made["auth"]["client_token"])
    return made["auth"]["client_token"]


@case
def cache_clear_by_token(at):
    """One token's answers are forgotten, or those of a path."""
    agent = started(at, HEAD + CACHE % OWN_TOKEN + TCP % "")
    logged_in(at)
    def create():
        made = ask(at, "PUT", "/v1/auth/token/create", {"policies": ["default"], "ttl": "10m", "display_name": "cached"})
        at.planted.append(made.json()["auth"]["client_token"])
        return made
    first = create()
    clear = ask(at, "POST", "/agent/v1/cache-clear", {"type": "token", "value": first.json()["auth"]["client_token"]})
    at.see("by token", clear.status, 200)
    at.need(lambda: create().headers.get("x-cache") == "MISS", "the answer to be forgotten")
    at.see("kept again", create().headers.get("x-cache"), "HIT")
    clear = ask(at, "POST", "/agent/v1/cache-clear", {"type": "request_path", "value": "/v1/auth/token/create"})
    at.see("by path", clear.status, 200)
    at.need(lambda: create().headers.get("x-cache") == "MISS", "the answers of the path to be forgotten")
    at.see("of nobody", ask(at, "POST", "/agent/v1/cache-clear", {"type": "nonsense", "value": "x"}).status, 400)
    at.see("by GET, which clears nothing", (ask(at, "GET", "/agent/v1/cache-clear").status, create().headers.get("x-cache")), (200, "HIT"))
    at.see("exit status", agent.stop(), 0)


@case
def cache_of_a_plain_secret(at):
    """What has no lease is not kept: a change is seen at once."""
    agent = started(at, HEAD + CACHE % OWN_TOKEN + TCP % "")
    logged_in(at)
    for word in ("before the change", "after the change"):
        at.secret("db", password=word)
        read = ask(at, "GET", f"/v1/secret/data/{at.case}/db")
        at.see(f"read: {word}", (read.json()["data"]["data"]["password"], read.headers.get("x-cache")), (word, "MISS"))
    at.see("exit status", agent.stop(), 0)


@case
def cache_forgets_what_is_revoked(at):
    """A token that was revoked through the agent is not answered again."""
    agent = started(at, HEAD + CACHE % OWN_TOKEN + TCP % "")
    logged_in(at)
    def create():
        return ask(at, "PUT", "/v1/auth/token/create", {"policies": ["default"], "ttl": "10m"})
    token = create().json()["auth"]["client_token"]
    at.planted.append(token)
    at.see("kept", create().json()["auth"]["client_token"] == token, True)
    at.see("revoked", ask(at, "PUT", "/v1/auth/token/revoke-self", {}, token).status, 204)
    at.see("another", lambda: create().json()["auth"]["client_token"] != token, True)
    at.see("exit status", agent.stop(), 0)


@case
def cache_without_listener(at):
    """A cache that nobody can ask."""
    at.approle()
    agent = at.agent(VAULT + auto_auth(APPROLE, SINK) + CACHE % "")
    at.see("exit status", agent.status(), 1)


@case
def cache_behind_templates(at):
    """A cache that only the templates use."""
    at.approle()
    at.secret("db", password="through the cache")
    agent = at.agent(ONCE + HEAD + CACHE % "" + template("db", "db"))
    at.see("exit status", agent.status(), 0)
    at.see("rendered", text(at.out / "db"), "password=through the cache")


@case
def own_token_without_login(at):
    """`use_auto_auth_token` without `auto_auth`."""
    agent = at.agent(VAULT + CACHE % OWN_TOKEN + TCP % "")
    at.see("exit status", agent.status(), 1)


@case
def own_token_with_wrapped_login(at):
    """`use_auto_auth_token` with a login that the agent itself cannot use."""
    at.approle()
    login = approle_login('wrap_ttl = "5m"')
    agent = at.agent(VAULT + auto_auth(login, SINK) + CACHE % OWN_TOKEN + TCP % "")
    at.see("exit status", agent.status(), 1)


@case
def listener_alone(at):
    """A listener needs no login: requests bring their tokens."""
    agent = at.agent(VAULT + CACHE % "" + TCP % "")
    at.see("with a token", lambda: ask(at, "GET", "/v1/auth/token/lookup-self", token=a_token(at)).status, 200)
    at.see("without", ask(at, "GET", "/v1/auth/token/lookup-self").status, 403)
    at.see("exit status", agent.stop(), 0)


@case
def listener_taken(at):
    """The port is somebody else's."""
    first = started(at, HEAD + CACHE % OWN_TOKEN + TCP % "")
    logged_in(at)
    second = at.agent(VAULT + CACHE % "" + TCP % "", name="second.hcl")
    at.see("exit status of the second", second.status(), 1)
    at.see("the first goes on", ask(at, "GET", "/v1/sys/health").status, 200)
    at.see("exit status", first.stop(), 0)


@case
def listener_without_certificate(at):
    """TLS without a certificate is an error, and never plain text."""
    at.token()
    agent = at.agent(VAULT + auto_auth(TOKEN_FILE, SINK) + CACHE % OWN_TOKEN + (TCP % "").replace("  tls_disable = true\n", ""))
    at.need(lambda: is_there(at.home / "sink") or not agent.runs(), "the agent to be up")
    at.see("a plain request", ask(at, "GET", "/v1/auth/token/lookup-self").status == 200, False)
    at.see("exit status", agent.stop(), 0)


@case
def listener_tls(at):
    """A listener with a certificate."""
    at.approle()
    stanza = (TCP % "").replace("tls_disable = true", 'tls_cert_file = "@tls@/address.pem"\n  tls_key_file = "@tls@/address.key"')
    agent = at.agent(HEAD + CACHE % OWN_TOKEN + stanza)
    context = ssl.create_default_context(cafile=str(at.tls / "ca.pem"))

    def policies():
        connection = http.client.HTTPSConnection("127.0.0.1", at.port(), context=context, timeout=20)
        try:
            connection.request("GET", "/v1/auth/token/lookup-self", headers={"X-Vault-Request": "true"})
            return json.loads(connection.getresponse().read()).get("data", {}).get("policies")
        except OSError:
            return None
        finally:
            connection.close()

    at.see("policies", policies, [f"approle-{at.case}", "default"])
    at.see("a plain request", ask(at, "GET", "/v1/auth/token/lookup-self").status == 200, False)
    at.see("exit status", agent.stop(), 0)


@case
def listener_lookup_of_the_own_token(at):
    """Renewing and looking the agent's token up tells neither it nor its accessor."""
    agent = started(at, HEAD + CACHE % OWN_TOKEN + TCP % "")
    logged_in(at)
    renewed = ask(at, "PUT", "/v1/auth/token/renew-self", {}).json()["auth"]
    at.see("policies", renewed["policies"], [f"approle-{at.case}", "default"])
    at.see("token and accessor", (renewed.get("client_token"), renewed.get("accessor")), ("", ""))
    at.see("exit status", agent.stop(), 0)


@case
def listeners_two(at):
    """Several listeners, each with its own settings."""
    second = (TCP % "  require_request_header = true\n").replace("@port@", "@port2@")
    agent = started(at, HEAD + CACHE % OWN_TOKEN + TCP % "" + second + UNIX % "")
    logged_in(at)
    at.see("the first", ask(at, "GET", "/v1/sys/health", headers={"X-Vault-Request": None}).status, 200)
    at.see("the second", request("127.0.0.1", at.port("port2"), "GET", "/v1/sys/health", headers={"X-Vault-Request": None}).status, 412)
    at.see("the third", lambda: request(at.out / "agent.sock", None, "GET", "/v1/sys/health").status, 200)
    at.see("exit status", agent.stop(), 0)


@case
def cache_persisted_by_kubernetes(at):
    """`persist "kubernetes"`: answers outlive the agent, bound to a service account's token."""
    at.approle()
    at.file("service-account", "a.service.account")
    at.secret("db", password="kept on disk")
    (at.home / "cache").mkdir()
    cache = CACHE % ('  persist = {\n    type = "kubernetes"\n    path = "@home@/cache"\n    keep_after_import = true\n    exit_on_err = true\n'
                     '    service_account_token_file = "@home@/service-account"\n  }\n')
    agent = at.agent(ONCE + HEAD + template("db", "db") + cache)
    at.see("exit status", agent.status(), 0)
    at.see("rendered", text(at.out / "db"), "password=kept on disk")
    kept = b"".join(it.read_bytes() for it in (at.home / "cache").iterdir())
    at.see("something is kept", len(kept) > 0, True)
    at.see("the secret can be read there", b"kept on disk" in kept, False)
