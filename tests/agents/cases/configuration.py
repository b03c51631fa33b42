"""The ways in which a configuration is written, found and refused."""

import json
import signal

from cases.listeners import ask
from place import ABSENT, is_there, mode, request, text
from table import case
from text import APPROLE, HEAD, ONCE, QUICK, SINK, STRICT, VAULT, approle_login, auto_auth, block, template, template_of, value_of


def as_json(at, **more):
    """The usual configuration in JSON."""
    return {
        "exit_after_auth": True,
        "vault": {"address": "@address@"},
        "auto_auth": {
            "method": {"type": "approle", "mount_path": f"auth/approle-{at.case}", "config": {
                "role_id_file_path": "@home@/role-id", "secret_id_file_path": "@home@/secret-id"}},
            "sink": [{"type": "file", "config": {"path": "@home@/sink"}}],
        },
        "template": [{"contents": value_of("db"), "destination": "@out@/db"}],
    } | more


@case
def config_json(at):
    """JSON with objects."""
    at.approle()
    at.secret("db", password="by JSON")
    agent = at.agent(json.dumps(as_json(at)), name="agent.json")
    at.see("exit status", agent.status(), 0)
    at.see("rendered", text(at.out / "db"), "by JSON")
    at.see("policies", at.works(text(at.home / "sink")), [f"approle-{at.case}", "default"])


@case
def config_json_of_an_injector(at):
    """JSON as the injector of Kubernetes writes it: lists, labels as keys, modes as numbers and strings."""
    at.approle()
    at.secret("db", password="by an injector")
    config = as_json(at, auto_auth={
        "method": [{"type": "approle", "mount_path": f"auth/approle-{at.case}", "config": [{
            "role_id_file_path": "@home@/role-id", "secret_id_file_path": "@home@/secret-id",
            "remove_secret_id_file_after_reading": "false"}]}],
        "sink": [{"type": "file", "config": {"path": "@home@/.vault-token"}}],
    }, pid_file="@home@/.pid", template_config={"exit_on_retry_failure": True})
    config["template"][0] |= {"left_delimiter": "{{", "right_delimiter": "}}", "perms": "0640"}
    agent = at.agent(json.dumps(config), name="config.json")
    at.see("exit status", agent.status(), 0)
    at.see("rendered", text(at.out / "db"), "by an injector")
    at.see("mode", mode(at.out / "db"), "0640")
    at.see("policies", at.works(text(at.home / ".vault-token")), [f"approle-{at.case}", "default"])
    at.see("pid file", is_there(at.home / ".pid"), False)
    at.see("the file with the secret id", is_there(at.home / "secret-id"), True)


@case
def config_json_without_ending(at):
    """The form is told from the text, not from the name."""
    at.approle()
    at.secret("db", password="by a nameless file")
    agent = at.agent(json.dumps(as_json(at)), name="agent.conf")
    at.see("exit status", agent.status(), 0)
    at.see("rendered", text(at.out / "db"), "by a nameless file")


@case
def config_several(at):
    """Several files: lists are added up, and a later setting stands."""
    at.approle()
    at.secret("db", password="from several files")
    first = at.file("first.hcl", 'vault { address = "http://127.0.0.1:1" }\n' + auto_auth(APPROLE) + template("db", "one"))
    at.file("second.hcl", ONCE + VAULT + template("db", "two"))
    agent = at.start(at.world.agent, [f"-config={first}", "-config", "@home@/second.hcl"], None)
    at.see("exit status", agent.status(), 0)
    at.see("of the first", text(at.out / "one"), "password=from several files")
    at.see("of the second", text(at.out / "two"), "password=from several files")


@case
def config_folder(at):
    """A folder of files; only those in HCL and JSON count."""
    at.approle()
    at.secret("db", password="from a folder")
    at.file("config/a.hcl", ONCE + HEAD)
    at.file("config/b.json", json.dumps({"template": as_json(at)["template"]}))
    at.file("config/c.hcl~", "this is no configuration {")
    at.file("config/notes.txt", "nor is this {")
    agent = at.start(at.world.agent, ["-config=@home@/config"], None)
    at.see("exit status", agent.status(), 0)
    at.see("rendered", text(at.out / "db"), "from a folder")


@case
def config_strings(at):
    """Booleans and numbers as strings, keys in quotes, and `=` before a block."""
    at.approle()
    at.secret("db", password="by strings")
    agent = at.agent('"exit_after_auth" = true\n"vault" = { "address" = "@address@" "tls_skip_verify" = "false" }\n'
                     '"auto_auth" = {\n  "method" "approle" {\n    "mount_path" = "auth/approle-@case@"\n    "exit_on_err" = true\n'
                     '    "min_backoff" = 1\n    "max_backoff" = "5"\n'
                     '    "config" = {\n      "role_id_file_path" = "@home@/role-id"\n      "secret_id_file_path" = "@home@/secret-id"\n'
                     '      "remove_secret_id_file_after_reading" = "0"\n    }\n  }\n}\n'
                     '"template_config" { "static_secret_render_interval" = "60" }\n' + template("db", "db"))
    at.see("exit status", agent.status(), 0)
    at.see("rendered", text(at.out / "db"), "password=by strings")
    at.see("the file with the secret id", is_there(at.home / "secret-id"), True)


@case
def config_true_as_string(at):
    """`"true"` where `bao agent` takes nothing but `true`."""
    at.approle()
    agent = at.agent('exit_after_auth = "true"\n' + VAULT + auto_auth(APPROLE, SINK))
    at.see("exit status", agent.status(), 1)
    at.see("policies", at.works(text(at.home / "sink")), 403)


@case
def config_unknown_key(at):
    """A key that nobody knows, at the top and in blocks that are read loosely."""
    at.approle()
    agent = at.agent('no_such_setting = "planted value"\n' + ONCE + VAULT.replace("{", "{ no_such_key = 1", 1) + auto_auth(APPROLE, SINK))
    at.see("exit status", agent.status(), 0)
    at.see("a sink", is_there(at.home / "sink"), True)


@case
def config_unknown_key_of_a_template(at):
    """A key that nobody knows, where spelling counts."""
    at.approle()
    agent = at.agent(ONCE + HEAD + template_of("x", "x", 'destnation = "@out@/x"'))
    at.see("exit status", agent.status(), 1)
    at.see("rendered", text(at.out / "x"), ABSENT)


@case
def config_no_server(at):
    """Keys of the product's bigger brother that change nothing here."""
    at.approle()
    at.secret("db", password="with other keys")
    agent = at.agent(ONCE + HEAD + 'disable_idle_connections = ["caching", "templating"]\ndisable_keep_alives = ["auto-auth"]\n'
                     'log_level = "warn"\nlog_format = "json"\ntelemetry { disable_hostname = true }\n'
                     'log_rotate_bytes = 1000000\nlog_rotate_duration = "24h"\nlog_rotate_max_files = 3\n' + template("db", "db"))
    at.see("exit status", agent.status(), 0)
    at.see("rendered", text(at.out / "db"), "password=with other keys")


@case
def config_keys_of_vault(at):
    """Keys of Vault's agent that OpenBao's has given up or never had change nothing."""
    at.approle()
    at.secret("db", password="with keys of Vault")
    agent = at.agent(
        'log_requests_level = "info"\n' + VAULT
        + auto_auth("  enable_reauth_on_new_credentials = true\n", APPROLE)
        + "template_config {\n  lease_renewal_threshold = 0.8\n  max_connections_per_host = 10\n}\n"
        + 'cache {\n  cache_static_secrets = false\n  enforce_consistency = "never"\n  when_inconsistent = "forward"\n}\n'
        + 'api_proxy {\n  use_auto_auth_token = true\n  enforce_consistency = "never"\n  when_inconsistent = "forward"\n'
          '  prepend_configured_namespace = false\n}\n'
        + block('listener "tcp"', 'address = "127.0.0.1:@port@"', "tls_disable = true", "telemetry { unauthenticated_metrics_access = true }")
        + block('listener "unix"', 'address = "@out@/agent.sock"', "tls_disable = true", "agent_api { enable_quit = true }", 'role = "default"',
                "require_request_header = true", "telemetry { unauthenticated_metrics_access = true }")
        + template("db", "db"))
    at.see("rendered", lambda: text(at.out / "db"), "password=with keys of Vault")
    at.see("answer of the socket", lambda: request(at.out / "agent.sock", None, "POST", "/agent/v1/quit").status, 200)
    at.see("exit status", agent.status(), 0)


@case
def config_of_the_program(at):
    """Keys that Vault's agent has for its program, and OpenBao's refuses."""
    at.approle()
    at.secret("db", password="for a quiet program")
    agent = at.agent(HEAD + block('env_template "PASSWORD"', f"contents = {json.dumps(value_of('db'))}")
                     + block("exec", 'command = ["true"]', 'child_process_stdout = "@home@/output"', 'child_process_stderr = "@home@/errors"'))
    at.see("exit status", agent.status(), 1)


@case
def log_file(at):
    """A log in a file."""
    at.approle()
    agent = at.agent('log_file = "@home@/agent-log"\n' + ONCE + VAULT + auto_auth(APPROLE, SINK))
    at.see("exit status", agent.status(), 0)
    at.see("a log", any(it.name.startswith("agent-log") for it in at.home.iterdir()), True)


@case
def config_broken(at):
    """A file that is no HCL: an end at once, and a place in the message."""
    agent = at.agent('vault { address = "http://planted-word:8200" }\nauto_auth {\n  method "approle" {\n')
    at.see("exit status", agent.status(), 1)
    at.see("a word is said", len(agent.log().strip()) > 0, True)
    at.see("the file's data are shown", "planted-word" in agent.log(), False)


@case
def config_broken_json(at):
    """The same in JSON, with a value where the mistake is."""
    agent = at.agent('{"vault": {"address": "http://127.0.0.1:1"}, "auto_auth": {"method": {"planted-word"}}}', name="agent.json")
    at.see("exit status", agent.status(), 1)
    at.see("the file's data are shown", "planted-word" in agent.log(), False)


@case
def config_missing(at):
    """No such file."""
    agent = at.start(at.world.agent, ["-config=@home@/nowhere.hcl"], None)
    at.see("exit status", agent.status(), 1)
    at.see("the file is named", "nowhere.hcl" in agent.log(), True)


@case
def config_none(at):
    """No configuration at all."""
    agent = at.start(at.world.agent, [], None)
    at.see("exit status", agent.status(), 1)


@case
def config_empty(at):
    """A file in which nothing stands."""
    agent = at.agent("")
    at.see("exit status", agent.status(), 1)


@case
def config_without_use(at):
    """A login for nothing."""
    at.approle()
    agent = at.agent(HEAD)
    at.see("exit status", agent.status(), 1)
    at.see("the secret id is not spent", is_there(at.home / "secret-id"), True)


@case
def config_two_methods(at):
    """One agent is one identity."""
    at.approle()
    agent = at.agent(VAULT + auto_auth(APPROLE, APPROLE, SINK))
    at.see("exit status", agent.status(), 1)


@case
def config_backoff_turned_round(at):
    """The least wait is longer than the longest."""
    at.approle()
    login = approle_login('min_backoff = "10s"', 'max_backoff = "5s"')
    agent = at.agent(VAULT + auto_auth(login, SINK))
    at.see("exit status", agent.status(), 1)


@case
def config_bad_duration(at):
    """A duration that is none."""
    at.approle()
    agent = at.agent(HEAD + QUICK.replace("1s", "planted-word") + template("db", "db"))
    at.see("exit status", agent.status(), 1)
    at.see("rendered", text(at.out / "db"), ABSENT)


@case
def config_bad_perms(at):
    """A mode that is none."""
    at.approle()
    agent = at.agent(HEAD + template("db", "db", 'perms = "rw-r--r--"'))
    at.see("exit status", agent.status(), 1)


@case
def pid_file(at):
    """The file with the agent's number, while it runs."""
    at.approle()
    agent = at.agent('pid_file = "@home@/pid"\n' + VAULT + auto_auth(APPROLE, SINK))
    at.see("content", lambda: text(at.home / "pid") == str(agent.pid), True)
    at.see("mode", mode(at.home / "pid"), "0600")
    at.need(lambda: is_there(at.home / "sink"), "the login")
    at.see("exit status", agent.stop(), 0)
    at.see("afterwards", text(at.home / "pid"), ABSENT)


@case
def pid_file_left_over(at):
    """A file that another agent left behind."""
    at.approle()
    at.file("pid", "99999999 and more")
    agent = at.agent('pid_file = "@home@/pid"\n' + VAULT + auto_auth(APPROLE, SINK))
    at.see("content", lambda: text(at.home / "pid") == str(agent.pid), True)
    at.need(lambda: is_there(at.home / "sink"), "the login")
    at.see("exit status", agent.stop(), 0)


@case
def pid_file_nowhere(at):
    """A file that cannot be written."""
    at.approle()
    agent = at.agent('pid_file = "@home@/nowhere/pid"\n' + VAULT + auto_auth(APPROLE, SINK))
    at.see("exit status", agent.status(), 1)


@case
def ended_by_sigterm(at):
    """An init system's way: the status is 0, and what was rendered stays."""
    at.approle()
    at.secret("db", password="until the end")
    agent = at.agent(VAULT + auto_auth(APPROLE, SINK) + template("db", "db"))
    at.see("rendered", lambda: text(at.out / "db"), "password=until the end")
    at.need(lambda: is_there(at.home / "sink"), "the sink")
    agent.signal(signal.SIGTERM)
    at.see("exit status", agent.status(), 0)
    at.see("the file", text(at.out / "db"), "password=until the end")
    at.see("the token", at.works(text(at.home / "sink")), [f"approle-{at.case}", "default"])


@case
def revoke_on_exit(at):
    """A key of our own; to `bao agent` it is a key that nobody knows."""
    at.approle()
    agent = at.agent("revoke_on_exit = true\n" + VAULT + auto_auth(APPROLE, SINK))
    at.need(lambda: is_there(at.home / "sink"), "the sink")
    at.see("exit status", agent.stop(), 0)
    at.see("the token afterwards", at.works(text(at.home / "sink")), [f"approle-{at.case}", "default"])


@case
def ended_by_sigint(at):
    """A person's way."""
    at.approle()
    agent = at.agent(VAULT + auto_auth(APPROLE, SINK))
    at.need(lambda: is_there(at.home / "sink"), "the sink")
    agent.signal(signal.SIGINT)
    at.see("exit status", agent.status(), 0)


@case
def ended_while_it_tries(at):
    """An agent that waits for its server ends at once."""
    at.approle()
    agent = at.agent('pid_file = "@home@/pid"\nvault { address = "http://127.0.0.1:@port-away@" }\n' + auto_auth(APPROLE, SINK))
    at.need(lambda: is_there(at.home / "pid"), "the agent")
    at.see("exit status", agent.stop(), 0)


@case
def sighup_survived(at):
    """SIGHUP does not end it, nor does one with a broken file."""
    at.approle()
    agent = at.agent(VAULT + auto_auth(APPROLE, SINK) + 'listener "tcp" {\n  address = "127.0.0.1:@port@"\n  tls_disable = true\n'
                     '  agent_api { enable_quit = true }\n}\n')
    at.see("answers", lambda: ask(at, "GET", "/v1/sys/health").status, 200)
    agent.signal(signal.SIGHUP)
    at.see("answers after one", lambda: ask(at, "GET", "/v1/sys/health").status, 200)
    at.file("agent.hcl", "broken {")
    agent.signal(signal.SIGHUP)
    at.see("answers after another", lambda: ask(at, "GET", "/v1/sys/health").status, 200)
    at.see("answer to an end", ask(at, "POST", "/agent/v1/quit").status, 200)
    at.see("exit status", agent.status(), 0)


def at_the_environment(at, *flags, env=None, address='vault { address = "http://127.0.0.1:1" }\n'):
    """Logs in with a server that is given beside the file, or in its place."""
    at.approle()
    agent = at.agent(ONCE + address + auto_auth(APPROLE, SINK), *flags, env={key: at.fill(value) for key, value in (env or {}).items()})
    at.see("exit status", agent.status(), 0)
    at.see("policies", at.works(text(at.home / "sink")), [f"approle-{at.case}", "default"])


@case
def address_of_the_environment(at):
    """`VAULT_ADDR` where the file says nothing."""
    at_the_environment(at, env={"VAULT_ADDR": "@address@"}, address="")


@case
def address_of_the_environment_wins(at):
    """The environment stands before the file."""
    at_the_environment(at, env={"VAULT_ADDR": "@address@"})


@case
def address_of_openbao(at):
    """`BAO_ADDR` stands before `VAULT_ADDR`."""
    at_the_environment(at, env={"BAO_ADDR": "@address@", "VAULT_ADDR": "http://127.0.0.1:1"})


@case
def address_of_a_flag(at):
    """A flag stands before all."""
    at_the_environment(at, "-address=@address@", env={"VAULT_ADDR": "http://127.0.0.1:1"})


@case
def exit_after_auth_as_flag(at):
    """`-exit-after-auth` in place of the setting."""
    at.approle()
    agent = at.agent(VAULT + auto_auth(APPROLE, SINK), "-exit-after-auth")
    at.see("exit status", agent.status(), 0)
    at.see("policies", at.works(text(at.home / "sink")), [f"approle-{at.case}", "default"])


@case
def config_of_the_environment(at):
    """The path of the file in the environment."""
    at.approle()
    at.file("agent.hcl", ONCE + VAULT + auto_auth(APPROLE, SINK))
    path = str(at.home / "agent.hcl")
    agent = at.start(at.world.agent, [], {"VAULT_AGENT_CONFIG_PATH": path, "BAO_AGENT_CONFIG_PATH": path})
    at.see("exit status", agent.status(), 0)
    at.see("a sink", is_there(at.home / "sink"), True)


@case
def log_flags(at):
    """`-log-level`, `-log-format`, and a log in a file."""
    at.approle()
    agent = at.agent(VAULT + auto_auth(APPROLE, SINK), "-log-level=debug", "-log-format=json", "-exit-after-auth")
    at.see("exit status", agent.status(), 0)
    made = [json.loads(line) for line in agent.log().splitlines() if line.startswith("{")]
    at.see("lines in JSON", len(made) > 0, True)


@case
def token_of_the_environment(at):
    """A token in the environment is not the agent's."""
    at.approle()
    agent = at.agent(ONCE + VAULT + auto_auth(APPROLE, SINK), env={"VAULT_TOKEN": at.server.token})
    at.see("exit status", agent.status(), 0)
    at.see("policies", at.works(text(at.home / "sink")), [f"approle-{at.case}", "default"])


@case
def retries(at):
    """`retry` in `vault`: -1 means not at all, so that an absent secret ends the agent soon."""
    at.approle()
    agent = at.agent(VAULT + auto_auth(APPROLE) + STRICT + template("nowhere", "db"))
    at.see("exit status", agent.status(), 1)


@case
def namespace_of_the_server(at):
    """`namespace` in `vault` is a key of another product, and is passed over."""
    at.approle()
    vault = VAULT.replace("retry", 'namespace = "team/" retry')
    agent = at.agent(ONCE + vault + auto_auth(approle_login("exit_on_err = true"), SINK))
    at.see("exit status", agent.status(), 0)
    at.see("policies", at.works(text(at.home / "sink")), [f"approle-{at.case}", "default"])


@case
def namespace_that_is_not_there(at):
    """A login in a namespace that is not there fails."""
    at.approle()
    login = approle_login('namespace = "team/"', 'exit_on_err = true')
    agent = at.agent(VAULT + auto_auth(login, SINK))
    at.see("exit status", agent.status(), 1)
    at.see("a sink", is_there(at.home / "sink"), False)


def over_tls(at, *lines_of_vault, status=0, renders=True):
    """An agent whose server speaks TLS, and what stands between them."""
    at.approle()
    at.secret("db", password="over TLS")
    relay = at.relay(tls=True)
    vault = block("vault", 'address = "https://@relay@"', "retry { num_retries = -1 }", *lines_of_vault)
    agent = at.agent(ONCE + vault + auto_auth(approle_login("exit_on_err = true")) + STRICT + template("db", "db"))
    at.see("exit status", agent.status(), status)
    at.see("rendered", text(at.out / "db"), "password=over TLS" if renders else ABSENT)
    return relay


@case
def tls_server(at):
    """The server's certificate comes from an authority, for a name."""
    relay = over_tls(at, 'ca_cert = "@tls@/ca.pem"', 'tls_server_name = "agents.test"')
    at.see("clients' certificates", sorted(relay.subjects), [""])


@case
def tls_server_of_a_folder(at):
    """A folder of authorities."""
    (at.home / "authorities").mkdir()
    at.file("authorities/one.pem", text(at.tls / "ca.pem"))
    over_tls(at, 'ca_path = "@home@/authorities"', 'tls_server_name = "agents.test"')


@case
def tls_server_unknown(at):
    """An authority that nobody knows: no secret id leaves the machine."""
    relay = over_tls(at, 'tls_server_name = "agents.test"', status=1, renders=False)
    at.see("requests", relay.asked, [])


@case
def tls_server_of_another_name(at):
    """The right authority, and a certificate for somebody else."""
    relay = over_tls(at, 'ca_cert = "@tls@/ca.pem"', status=1, renders=False)
    at.see("requests", relay.asked, [])


@case
def tls_unverified(at):
    """`tls_skip_verify`, for laptops; also as a string."""
    over_tls(at, 'tls_skip_verify = "true"')


@case
def tls_server_of_the_environment(at):
    """The authority and the name in the environment."""
    at.approle()
    at.relay(tls=True)
    agent = at.agent(ONCE + block("vault", 'address = "https://@relay@"', "retry { num_retries = -1 }") + auto_auth(APPROLE, SINK),
                     env={"VAULT_CACERT": str(at.tls / "ca.pem"), "VAULT_TLS_SERVER_NAME": "agents.test"})
    at.see("exit status", agent.status(), 0)
    at.see("policies", at.works(text(at.home / "sink")), [f"approle-{at.case}", "default"])


@case
def tls_server_of_flags(at):
    """The authority and the name as flags, before those of the file."""
    at.approle()
    at.relay(tls=True)
    vault = block("vault", 'address = "https://@relay@"', 'ca_cert = "@tls@/client.pem"', 'tls_server_name = "another"')
    agent = at.agent(ONCE + vault + auto_auth(APPROLE, SINK), "-ca-cert=@tls@/ca.pem", "-tls-server-name=agents.test")
    at.see("exit status", agent.status(), 0)
    at.see("policies", at.works(text(at.home / "sink")), [f"approle-{at.case}", "default"])


@case
def tls_client(at):
    """A certificate of the agent's own."""
    relay = over_tls(at, 'ca_cert = "@tls@/ca.pem"', 'tls_server_name = "agents.test"',
                     'client_cert = "@tls@/client.pem"', 'client_key = "@tls@/client.key"')
    at.see("clients' certificates", sorted(relay.subjects), ["a-client"])


@case
def certificate_of_the_server(at):
    """`ca_cert` that is not there ends the agent before it logs in."""
    at.approle()
    agent = at.agent('vault {\n  address = "https://127.0.0.1:1"\n  ca_cert = "@home@/nowhere.pem"\n}\n' + auto_auth(APPROLE, SINK))
    at.see("exit status", agent.status(), 1)
    at.see("the secret id is not spent", is_there(at.home / "secret-id"), True)
