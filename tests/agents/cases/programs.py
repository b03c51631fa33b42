"""A program that the agent runs with secrets in its environment, and ends when they change."""

import json
import signal

from place import ABSENT, is_there, lines, text
from table import case
from text import HEAD, ONCE, QUICK, STRICT, block, template_of, value_of

# Notes its start and its variables, and the signal that ends it.
CHILD = """\
#!/bin/sh
trap 'echo TERM >> @home@/signals; exit 0' TERM
trap 'echo USR1 >> @home@/signals; exit 0' USR1
trap 'echo INT >> @home@/signals; exit 0' INT
printf '%s' "$PASSWORD" > @home@/password
echo started >> @home@/starts
while :; do sleep 0.05; done
"""


def variable(name, secret="db", field="password", *more):
    return block(f'env_template "{name}"', f"contents = {json.dumps(value_of(secret, field))}", *more)


def supervised(at, *lines_of_exec):
    return block("exec", *(lines_of_exec or ['command = ["@home@/child"]']))


def child(at, text_of_child=CHILD):
    at.approle()
    at.file("child", text_of_child, 0o755)


@case
def child_environment(at):
    """The program sees the variables, those of the agent too, and no token of the agent."""
    child(at, "#!/bin/sh\nenv | grep -E '^(PASSWORD|PLANTED|PATH|VAULT_TOKEN|BAO_TOKEN)=' | sort | sed 's/^PATH=.*/PATH is there/' > @home@/env\n"
              "printf '%s' \"$MANY\" > @home@/many\n")
    at.secret("db", password="p&ss \"word\" = é", many="one\ntwo")
    agent = at.agent(HEAD + variable("PASSWORD") + variable("MANY", "db", "many") + supervised(at), env={"PLANTED": "from outside"})
    at.see("exit status", agent.status(), 0)
    at.see("environment", text(at.home / "env"), 'PASSWORD=p&ss "word" = é\nPATH is there\nPLANTED=from outside\n')
    at.see("a value of two lines", text(at.home / "many"), "one\ntwo")


@case
def child_variable_wins(at):
    """A variable of a template stands in place of one that the agent has."""
    child(at, "#!/bin/sh\nprintf '%s' \"$PASSWORD\" > @home@/password\n")
    at.secret("db", password="from the template")
    agent = at.agent(HEAD + variable("PASSWORD") + supervised(at), env={"PASSWORD": "from outside"})
    at.see("exit status", agent.status(), 0)
    at.see("variable", text(at.home / "password"), "from the template")


@case
def child_exit_status(at):
    """The agent ends as the program does."""
    child(at, "#!/bin/sh\nexit 7\n")
    at.secret("db", password="for a short life")
    agent = at.agent(HEAD + variable("PASSWORD") + supervised(at))
    at.see("exit status", agent.status(), 7)


@case
def child_arguments(at):
    """Arguments are passed on as they are, without a shell."""
    child(at, '#!/bin/sh\nprintf "%s|" "$@" > @home@/saw\n')
    at.secret("db", password="for arguments")
    agent = at.agent(HEAD + variable("PASSWORD") + supervised(at, 'command = ["@home@/child", "two words", "$HOME", "*"]'))
    at.see("exit status", agent.status(), 0)
    at.see("arguments", text(at.home / "saw"), "two words|$HOME|*|")


@case
def child_output(at):
    """What the program prints comes out of the agent."""
    child(at, "#!/bin/sh\necho to the output\necho to the errors >&2\n")
    at.secret("db", password="for a loud program")
    agent = at.agent(HEAD + variable("PASSWORD") + supervised(at))
    at.see("exit status", agent.status(), 0)
    at.see("output", "to the output\n" in agent.log(), True)
    at.see("errors", "to the errors\n" in agent.log(), True)


@case
def child_missing(at):
    """No such program."""
    at.approle()
    at.secret("db", password="for nobody")
    agent = at.agent(HEAD + variable("PASSWORD") + supervised(at, 'command = ["@home@/nowhere"]'))
    at.see("exit status", agent.status(), 1)


@case
def child_restarted(at):
    """A changed variable restarts the program, which is told by SIGTERM."""
    child(at)
    at.secret("db", password="before")
    agent = at.agent(HEAD + QUICK + variable("PASSWORD") + supervised(at))
    at.see("first start", lambda: lines(at.home / "starts"), 1)
    at.see("variable first", text(at.home / "password"), "before")
    at.secret("db", password="after")
    at.see("second start", lambda: lines(at.home / "starts"), 2)
    at.see("variable after", text(at.home / "password"), "after")
    at.see("signals", text(at.home / "signals"), "TERM\n")
    at.see("exit status", agent.stop(), 0)
    at.see("signals at the end", lambda: text(at.home / "signals"), "TERM\nTERM\n")


@case
def child_restarted_by_signal(at):
    """Another signal than SIGTERM, at a change and at the end."""
    child(at)
    at.secret("db", password="before")
    agent = at.agent(HEAD + QUICK + variable("PASSWORD") + supervised(
        at, 'command = ["@home@/child"]', 'restart_on_secret_changes = "always"', 'restart_stop_signal = "SIGUSR1"'))
    at.see("first start", lambda: lines(at.home / "starts"), 1)
    at.secret("db", password="after")
    at.see("second start", lambda: lines(at.home / "starts"), 2)
    at.see("signals", text(at.home / "signals"), "USR1\n")
    at.see("exit status", agent.stop(), 0)
    at.see("signals at the end", lambda: text(at.home / "signals"), "USR1\nUSR1\n")


@case
def child_not_restarted(at):
    """`restart_on_secret_changes = "never"`: the program goes on with what it has."""
    child(at)
    at.secret("db", password="before")
    relay = at.relay()
    agent = at.agent(HEAD.replace("@address@", "http://@relay@") + QUICK + variable("PASSWORD") + supervised(
        at, 'command = ["@home@/child"]', 'restart_on_secret_changes = "never"'))
    at.see("first start", lambda: lines(at.home / "starts"), 1)
    at.secret("db", password="after")
    at.asked_again(relay, "db")
    at.see("starts", lines(at.home / "starts"), 1)
    at.see("variable", text(at.home / "password"), "before")
    at.see("signals", text(at.home / "signals"), ABSENT)
    at.see("exit status", agent.stop(), 0)


@case
def child_not_restarted_for_nothing(at):
    """A secret that is written again with the same values restarts nothing."""
    child(at)
    at.secret("db", password="the same")
    relay = at.relay()
    agent = at.agent(HEAD.replace("@address@", "http://@relay@") + QUICK + variable("PASSWORD") + supervised(at))
    at.see("first start", lambda: lines(at.home / "starts"), 1)
    at.secret("db", password="the same", other="a new field")
    at.asked_again(relay, "db")
    at.see("starts", lines(at.home / "starts"), 1)
    at.see("exit status", agent.stop(), 0)


@case
def child_waits_for_all(at):
    """The program is not started before every variable is there."""
    child(at)
    at.secret("db", password="there at once")
    agent = at.agent(HEAD.replace("num_retries = -1", "num_retries = 60") + QUICK + variable("PASSWORD")
                     + variable("LATE", "late") + supervised(at))
    at.need(lambda: "late" in agent.log(), "the agent to miss the second secret")
    at.see("starts too early", lines(at.home / "starts"), 0)
    at.secret("late", password="there later")
    at.see("starts", lambda: lines(at.home / "starts"), 1)
    at.see("exit status", agent.stop(), 0)


@case
def child_interrupted(at):
    """SIGINT ends agent and program as SIGTERM does."""
    child(at)
    at.secret("db", password="for an interrupt")
    agent = at.agent(HEAD + variable("PASSWORD") + supervised(at))
    at.see("first start", lambda: lines(at.home / "starts"), 1)
    agent.signal(signal.SIGINT)
    at.see("exit status", agent.status(), 0)
    at.see("signals", lambda: text(at.home / "signals"), "TERM\n")


@case
def child_variable_source(at):
    """A variable from a file, with other delimiters."""
    child(at, "#!/bin/sh\nprintf '%s' \"$PASSWORD\" > @home@/password\n")
    at.secret("db", password="from a file")
    at.file("password.tpl", '[[ with secret "secret/data/@case@/db" ]][[ .Data.data.password ]][[ end ]]')
    agent = at.agent(HEAD + supervised(at) + block('env_template "PASSWORD"', 'source = "@home@/password.tpl"', 'left_delimiter = "[["',
                                                   'right_delimiter = "]]"', "error_on_missing_key = true"))
    at.see("exit status", agent.status(), 0)
    at.see("variable", text(at.home / "password"), "from a file")


@case
def child_missing_key(at):
    """A variable with `error_on_missing_key` and no such key: no program, and an end where that is asked for."""
    child(at)
    at.secret("db", password="the other key")
    agent = at.agent(HEAD + STRICT + variable("PASSWORD", "db", "nothere", "error_on_missing_key = true")
                     + supervised(at))
    at.see("exit status", agent.status(), 1)
    at.see("starts", lines(at.home / "starts"), 0)


@case
def child_function_denied(at):
    """A variable with a function that it may not use."""
    child(at)
    agent = at.agent(HEAD + STRICT + supervised(at) + block(
        'env_template "TIME"', 'contents = "{{ timestamp }}"', 'function_denylist = ["timestamp"]', "error_fatal = true"))
    at.see("exit status", agent.status(), 1)
    at.see("starts", lines(at.home / "starts"), 0)


@case
def child_without_variables(at):
    """`exec` without `env_template`."""
    child(at)
    agent = at.agent(HEAD + supervised(at))
    at.see("exit status", agent.status(), 1)


@case
def variables_without_child(at):
    """`env_template` without `exec`."""
    at.approle()
    agent = at.agent(HEAD + variable("PASSWORD"))
    at.see("exit status", agent.status(), 1)
    at.see("the secret id is not spent", is_there(at.home / "secret-id"), True)


@case
def variables_beside_templates(at):
    """Variables and files in one agent."""
    child(at)
    at.secret("db", password="for both")
    agent = at.agent(HEAD + variable("PASSWORD") + supervised(at)
                     + template_of("x", "x"))
    at.see("exit status", agent.status(), 1)


@case
def variable_twice(at):
    """Two templates for one variable."""
    child(at)
    agent = at.agent(HEAD + variable("PASSWORD") + variable("PASSWORD", "other") + supervised(at))
    at.see("exit status", agent.status(), 1)


@case
def variable_with_a_file(at):
    """A variable has no destination."""
    child(at)
    agent = at.agent(HEAD + variable("PASSWORD", "db", "password", 'destination = "@out@/x"') + supervised(at))
    at.see("exit status", agent.status(), 1)


@case
def child_once(at):
    """`exit_after_auth` does not end the program."""
    child(at)
    at.secret("db", password="for a while")
    agent = at.agent(ONCE + HEAD + variable("PASSWORD") + supervised(at))
    at.see("exit status", agent.status(), 0)
    at.see("starts", lines(at.home / "starts"), 0)
