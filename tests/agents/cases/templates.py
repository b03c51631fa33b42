"""Files that are rendered from secrets, and the programs that hear of it."""

import os
import signal

from place import ABSENT, is_there, lines, mode, text
from table import case
from text import APPROLE, HEAD, ONCE, QUICK, SINK, STRICT, TOKEN_FILE, VAULT, auto_auth, template, template_from, template_of, value_of

def once(at, *stanzas, seconds=20):
    """Logs in, renders once and ends; the agent."""
    at.approle()
    agent = at.agent(ONCE + HEAD + "".join(stanzas))
    at.see("exit status", agent.status(seconds), 0)
    return agent


@case
def template_source(at):
    """A template from a file, byte for byte."""
    at.secret("db", user="app", password="p&ss \"word\" é", port=5432)
    at.file("db.tpl", '{{- with secret "secret/data/@case@/db" -}}\n{{ range $k, $v := .Data.data }}{{ $k }}={{ $v }}\n{{ end }}'
                      '{{ .Data.data | toJSON }}{{ end }}\n\n')
    once(at, template_from("db.tpl", "db"))
    at.see("rendered", text(at.out / "db"),
           'password=p&ss "word" é\nport=5432\nuser=app\n{"password":"p\\u0026ss \\"word\\" é","port":5432,"user":"app"}\n\n')


@case
def template_source_missing(at):
    """No such template."""
    at.approle()
    agent = at.agent(HEAD + STRICT + template_from("nowhere.tpl", "db"))
    at.see("exit status", agent.status(), 1)
    at.see("rendered", text(at.out / "db"), ABSENT)


@case
def template_contents_heredoc(at):
    """A template in the configuration itself, over several lines."""
    at.secret("db", password="from a heredoc")
    once(at, 'template {\n  destination = "@out@/db"\n  contents = <<EOT\n{{- with secret "secret/data/@case@/db" }}\n'
             'password: "{{ .Data.data.password }}"\n{{- end }}\n# end\nEOT\n}\n')
    at.see("rendered", text(at.out / "db"), '\npassword: "from a heredoc"\n# end\n')


@case
def template_source_and_contents(at):
    """Two origins of one template."""
    at.approle()
    at.file("db.tpl", "from the file")
    agent = at.agent(HEAD + STRICT + 'template {\n  source = "@home@/db.tpl"\n  contents = "from here"\n  destination = "@out@/db"\n}\n')
    at.see("exit status", agent.status(), 1)
    at.see("rendered", text(at.out / "db"), ABSENT)


@case
def template_without_origin(at):
    """No origin at all."""
    at.approle()
    agent = at.agent(HEAD + STRICT + 'template {\n  destination = "@out@/db"\n}\n')
    at.see("exit status", agent.status(), 1)


@case
def template_perms(at):
    """Modes of files: asked for as number and as string, and the default."""
    at.secret("db", password="who may read this")
    once(at, template("db", "number", "perms = 0600"), template("db", "string", 'perms = "0440"'), template("db", "default"))
    at.see("as a number", mode(at.out / "number"), "0600")
    at.see("as a string", mode(at.out / "string"), "0440")
    at.see("default", mode(at.out / "default"), "0644")


@case
def template_perms_of_an_old_file(at):
    """A file that is there keeps its mode, unless another is asked for."""
    at.secret("db", password="a file that was there")
    for name in ("kept", "changed"):
        (at.out / name).write_text("old")
        (at.out / name).chmod(0o604)
    once(at, template("db", "kept"), template("db", "changed", 'perms = "0640"'))
    at.see("rendered", text(at.out / "kept"), "password=a file that was there")
    at.see("kept", mode(at.out / "kept"), "0604")
    at.see("changed", mode(at.out / "changed"), "0640")


@case
def template_owner(at):
    """A file belongs to whom it is for."""
    at.secret("db", password="for nobody")
    once(at, template("db", "db", 'user = "nobody"', 'group = "nogroup"'), template("db", "numbers", "uid = 65534", "gid = 65534"))
    for name in ("db", "numbers"):
        info = (at.out / name).stat() if is_there(at.out / name) else None
        at.see(f"owner and group of {name}", (info.st_uid, info.st_gid) if info else None, (65534, 65534))


@case
def template_folders(at):
    """Folders are made for a file, unless that is not wanted."""
    at.secret("db", password="deep down")
    once(at, template("db", "a/b/c/db"))
    at.see("rendered", text(at.out / "a/b/c/db"), "password=deep down")
    at.see("mode of a folder", mode(at.out / "a"), "0755")


@case
def template_no_folders(at):
    """`create_dest_dirs = false`: a missing folder is an error."""
    at.approle()
    at.secret("db", password="deep down")
    agent = at.agent(HEAD + STRICT + template("db", "a/db", "create_dest_dirs = false"))
    at.see("exit status", agent.status(), 1)
    at.see("a folder", is_there(at.out / "a"), False)


@case
def template_delimiters(at):
    """Other delimiters, for files that are templates of something else."""
    at.secret("db", password="between brackets")
    once(at, 'template {\n  left_delimiter = "[["\n  right_delimiter = "]]"\n  destination = "@out@/db"\n'
             '  contents = "{{ kept }} [[ with secret \\"secret/data/@case@/db\\" ]][[ .Data.data.password ]][[ end ]]"\n}\n')
    at.see("rendered", text(at.out / "db"), "{{ kept }} between brackets")


@case
def template_missing_key(at):
    """A key that is not there, by default."""
    at.secret("db", password="the other key")
    once(at, template("db", "db", field="nothere"))
    at.see("rendered", text(at.out / "db"), "nothere=<no value>")


@case
def template_missing_key_is_an_error(at):
    """`error_on_missing_key`: nothing is rendered, and the agent may end."""
    at.approle()
    at.secret("db", password="the other key")
    agent = at.agent(HEAD + STRICT + template("db", "db", "error_on_missing_key = true", field="nothere"))
    at.see("exit status", agent.status(), 1)
    at.see("rendered", text(at.out / "db"), ABSENT)
    at.see("the log shows the value", "the other key" in agent.log(), False)


@case
def template_missing_key_keeps_the_old_file(at):
    """What was rendered before stays when a key is gone."""
    at.approle()
    at.secret("db", password="the good password", port="5432")
    agent = at.agent(HEAD + QUICK + template("db", "db", "error_on_missing_key = true", 'command = "echo x >> @home@/runs"'))
    at.see("rendered first", lambda: text(at.out / "db"), "password=the good password")
    at.see("first run", lambda: lines(at.home / "runs"), 1)
    at.secret("db", port="5433")
    at.need(lambda: "map has no entry" in agent.log() or "no entry" in agent.log() or "missing" in agent.log(), "the error in the log")
    at.see("rendered after", text(at.out / "db"), "password=the good password")
    at.see("runs", lines(at.home / "runs"), 1)
    at.secret("db", password="the next password")
    at.see("rendered at last", lambda: text(at.out / "db"), "password=the next password")
    at.see("exit status", agent.stop(), 0)


@case
def template_wrong(at):
    """A template that cannot be parsed ends an agent that is told to end."""
    at.approle()
    at.secret("db", password="never to be seen")
    agent = at.agent(HEAD + STRICT + template_of("{{ if }}", "db"))
    at.see("exit status", agent.status(), 1)
    at.see("rendered", text(at.out / "db"), ABSENT)


@case
def template_secret_missing(at):
    """A secret that is not there, with `exit_on_retry_failure`."""
    at.approle()
    agent = at.agent(HEAD + STRICT + template("nowhere", "db"))
    at.see("exit status", agent.status(), 1)
    at.see("rendered", text(at.out / "db"), ABSENT)


@case
def template_secret_forbidden(at):
    """A secret that the token may not read, with `exit_on_retry_failure`."""
    at.approle()
    agent = at.agent(HEAD + STRICT + template_of('{{ with secret "sys/policies/acl/default" }}{{ .Data.policy }}{{ end }}', "db"))
    at.see("exit status", agent.status(), 1)
    at.see("rendered", text(at.out / "db"), ABSENT)


@case
def template_command(at):
    """A program that is run once its file is there, through a shell."""
    at.secret("db", password="for the program")
    once(at, template("db", "db", 'command = "cat @out@/db > @home@/saw && basename $HOME | cut -c-16 >> @home@/saw"'))
    at.see("what it saw", text(at.home / "saw"), "password=for the programtemplate-command\n")


@case
def template_command_list(at):
    """A program with its arguments, without a shell."""
    at.secret("db", password="for the program")
    at.file("note", '#!/bin/sh\nprintf "%s|" "$@" > @home@/saw\n', 0o755)
    once(at, template("db", "db", 'exec { command = ["@home@/note", "two words", "$HOME"] }'))
    at.see("what it saw", text(at.home / "saw"), "two words|$HOME|")


@case
def template_command_settings(at):
    """What else an `exec` block may say."""
    at.secret("db", password="for the program")
    once(at, template("db", "db", 'exec {\n    command = ["touch", "@home@/ran"]\n    enabled = true\n  }'))
    at.see("it ran", is_there(at.home / "ran"), True)


@case
def template_command_pauses(at):
    """How long it may take to end, and to begin."""
    at.approle()
    at.secret("db", password="for the program")
    program = 'exec {\n    command = ["touch", "@home@/ran"]\n    kill_timeout = "2s"\n    splay = "1ms"\n  }'
    agent = at.agent(ONCE + HEAD + template("db", "db", program))
    at.see("exit status", agent.status(), 0)
    at.see("it ran", is_there(at.home / "ran"), True)


@case
def template_command_environment(at):
    """Variables for the program alone, which `bao agent` does not read."""
    at.approle()
    at.secret("db", password="for the program")
    program = 'exec {\n    command = "echo $COLOUR > @home@/saw"\n    env { custom = ["COLOUR=blue"] }\n  }'
    agent = at.agent(ONCE + HEAD + template("db", "db", program))
    at.see("exit status", agent.status(), 1)
    at.see("what it saw", text(at.home / "saw"), ABSENT)


@case
def template_command_signal(at):
    """The signal for a program that takes too long, which `bao agent` does not read."""
    at.approle()
    at.secret("db", password="for the program")
    agent = at.agent(ONCE + HEAD + template("db", "db", 'exec {\n    command = ["true"]\n    kill_signal = "SIGINT"\n  }'))
    at.see("exit status", agent.status(), 1)


@case
def template_command_fails(at):
    """A program that fails, with `exit_on_retry_failure`."""
    at.approle()
    at.secret("db", password="for a bad program")
    agent = at.agent(HEAD + STRICT + template("db", "db", 'command = "exit 3"'))
    at.see("exit status", agent.status(), 1)
    at.see("rendered", text(at.out / "db"), "password=for a bad program")


@case
def template_command_timeout(at):
    """A program that takes too long is ended."""
    at.approle()
    at.secret("db", password="for a slow program")
    agent = at.agent(HEAD + STRICT + template("db", "db", 'exec {\n    command = ["sleep", "60"]\n    timeout = "1s"\n  }'))
    at.see("exit status", agent.status(), 1)


@case
def template_command_timeout_old(at):
    """The older spelling of the same."""
    at.approle()
    at.secret("db", password="for a slow program")
    agent = at.agent(HEAD + STRICT + template("db", "db", 'command = "sleep 60"', 'command_timeout = "1s"'))
    at.see("exit status", agent.status(), 1)


@case
def template_changed(at):
    """A changed secret is rendered again and its program run again; what has not changed is left alone."""
    at.approle()
    at.secret("changing", password="before")
    at.secret("still", password="always the same")
    agent = at.agent(HEAD + QUICK + template("changing", "changing", 'command = "echo x >> @home@/changing-runs"')
                     + template("still", "still", 'command = "echo x >> @home@/still-runs"'))
    at.see("rendered first", lambda: text(at.out / "changing"), "password=before")
    at.see("program ran first", lambda: lines(at.home / "changing-runs"), 1)
    at.see("the other ran", lambda: lines(at.home / "still-runs"), 1)
    inode = os.stat(at.out / "still").st_ino
    for number, word in ((2, "after"), (3, "once more")):
        at.secret("changing", password=word)
        at.see(f"rendered: {word}", lambda word=word: text(at.out / "changing"), f"password={word}")
        at.see(f"program ran: {word}", lambda number=number: lines(at.home / "changing-runs"), number)
    at.see("the other ran once", lines(at.home / "still-runs"), 1)
    at.see("the other's file is the same", os.stat(at.out / "still").st_ino == inode, True)
    at.see("exit status", agent.stop(), 0)
    at.see("the file stays", text(at.out / "changing"), "password=once more")


@case
def template_not_rendered_again_at_a_start(at):
    """An agent that finds the right file does not write it, and does not run the program."""
    at.approle()
    at.secret("db", password="already there")
    (at.out / "db").write_text("password=already there")
    (at.out / "db").chmod(0o644)
    at.secret("other", password="not yet there")
    agent = at.agent(ONCE + HEAD + template("db", "db", 'command = "echo x >> @home@/runs"') + template("other", "other"))
    at.see("exit status", agent.status(), 0)
    at.see("rendered", text(at.out / "other"), "password=not yet there")
    at.see("runs", lines(at.home / "runs"), 0)


@case
def template_deleted_secret(at):
    """A secret that is deleted while the agent runs leaves its file as it is, and does not stop others."""
    at.approle()
    at.secret("db", password="gone soon")
    at.secret("mark", password="one")
    relay = at.relay()
    head = 'vault { address = "http://@relay@" }\n' + auto_auth(APPROLE)
    agent = at.agent(head + QUICK + template("db", "db") + template("mark", "mark"))
    at.see("rendered first", lambda: text(at.out / "db"), "password=gone soon")
    at.see("the other first", lambda: text(at.out / "mark"), "password=one")
    at.must("DELETE", f"secret/data/{at.case}/db")
    at.asked_again(relay, "db", 2)
    at.secret("mark", password="two")
    at.see("the other goes on", lambda: text(at.out / "mark"), "password=two")
    at.see("rendered after", text(at.out / "db"), "password=gone soon")
    at.see("exit status", agent.stop(), 0)


def through_an_outage(at, begin, end):
    """Renders, goes through an outage of the server, and renders what has changed in it."""
    at.approle()
    at.secret("db", password="before the outage")
    relay = at.relay()
    head = 'vault { address = "http://@relay@" }\n' + auto_auth(APPROLE)
    agent = at.agent(head + QUICK + template("db", "db", 'command = "echo x >> @home@/runs"'))
    at.see("rendered first", lambda: text(at.out / "db"), "password=before the outage")
    at.see("first run", lambda: lines(at.home / "runs"), 1)
    begin(relay)
    at.asked_again(relay, "db", 2)
    at.see("rendered in the outage", text(at.out / "db"), "password=before the outage")
    at.secret("db", password="after the outage")
    end(relay)
    at.see("rendered after it", lambda: text(at.out / "db"), "password=after the outage")
    at.see("second run", lambda: lines(at.home / "runs"), 2)
    at.see("exit status", agent.stop(), 0)


@case
def template_server_away(at):
    """A server that is away for a while leaves files as they are; then the agent goes on."""
    through_an_outage(at, lambda relay: setattr(relay, "away", True), lambda relay: setattr(relay, "away", False))


@case
def template_server_sealed(at):
    """The same of a server that is sealed."""
    through_an_outage(at, lambda relay: setattr(relay, "sealed", True), lambda relay: setattr(relay, "sealed", False))


@case
def template_written_again_unchanged(at):
    """A secret that is written again with the same values: no file is written, no program is run."""
    at.approle()
    at.secret("db", password="the same")
    relay = at.relay()
    agent = at.agent(HEAD.replace("@address@", "http://@relay@") + QUICK + template("db", "db", 'command = "echo x >> @home@/runs"'))
    at.see("first run", lambda: lines(at.home / "runs"), 1)
    inode = os.stat(at.out / "db").st_ino
    at.secret("db", password="the same", other="a new field")
    at.asked_again(relay, "db", 3)
    at.see("runs", lines(at.home / "runs"), 1)
    at.see("the file is the same", os.stat(at.out / "db").st_ino == inode, True)
    at.see("exit status", agent.stop(), 0)


@case
def template_removed_on_revoke(at):
    """`on_revoke` of our own `path` block; to `bao agent` it is a block that nobody knows."""
    at.approle()
    at.secret("db", password="gone for good")
    relay = at.relay()
    head = 'vault { address = "http://@relay@" }\n' + auto_auth(APPROLE)
    agent = at.agent(head + QUICK + template("db", "db") + 'path "secret/data/@case@/*" { on_revoke = "remove" }\n')
    at.see("rendered first", lambda: text(at.out / "db"), "password=gone for good")
    at.must("DELETE", f"secret/data/{at.case}/db")
    at.asked_again(relay, "db", 2)
    at.see("rendered after", lambda: text(at.out / "db"), "password=gone for good")
    at.see("exit status", agent.stop(), 0)


@case
def template_backup(at):
    """The file before is kept beside the new one."""
    at.approle()
    at.secret("db", password="before")
    agent = at.agent(HEAD + QUICK + template("db", "db", "backup = true"))
    at.see("rendered first", lambda: text(at.out / "db"), "password=before")
    at.secret("db", password="after")
    at.see("rendered", lambda: text(at.out / "db"), "password=after")
    at.see("the one before", lambda: text(at.out / "db.bak"), "password=before")
    at.see("exit status", agent.stop(), 0)


@case
def template_wait(at):
    """Changes are gathered for a while before a file is written."""
    at.approle()
    at.secret("db", password="waited for")
    agent = at.agent(ONCE + HEAD + template("db", "db", 'wait {\n    min = "200ms"\n    max = "2s"\n  }'))
    at.see("exit status", agent.status(), 0)
    at.see("rendered", text(at.out / "db"), "password=waited for")


@case
def template_two_secrets(at):
    """One file of several secrets is written when all of them are there."""
    at.approle()
    at.secret("a", password="the first one")
    at.secret("b", password="the second one")
    contents = (value_of("a") + ' and {{ with secret "secret/@case@/b" }}{{ .Data.data.password }}{{ end }}: '
                '{{ range secrets "secret/@case@/" }}{{ . }},{{ end }}')
    agent = at.agent(ONCE + HEAD + template_of(contents, "both", 'command = "echo x >> @home@/runs"'))
    at.see("exit status", agent.status(), 0)
    at.see("rendered", text(at.out / "both"), "the first one and the second one: a,b,")
    at.see("runs", lines(at.home / "runs"), 1)


@case
def template_environment_closed(at):
    """What the environment of the agent holds is no matter of templates, unless it is said."""
    at.approle()
    agent = at.agent(ONCE + HEAD + STRICT + template_of('x{{ env "PLANTED" }}', "db"), env={"PLANTED": "from outside"})
    at.see("exit status", agent.status(), 0)
    at.see("rendered", text(at.out / "db"), "xfrom outside")


@case
def template_environment(at):
    """A variable of the environment of the agent."""
    at.approle()
    allowed = STRICT.replace("}", "\n@allow env@\n}")
    agent = at.agent(HEAD + allowed + template_of('x{{ env "PLANTED" }}', "db"), env={"PLANTED": "from outside"})
    at.see("rendered", lambda: text(at.out / "db"), "xfrom outside")
    at.see("exit status", agent.stop(), 0)


@case
def template_function_denied(at):
    """Functions that a template may not use."""
    at.approle()
    agent = at.agent(HEAD + STRICT + template_of("{{ timestamp }}", "db", 'function_denylist = ["timestamp"]'))
    at.see("exit status", agent.status(), 1)
    at.see("rendered", text(at.out / "db"), ABSENT)


@case
def template_function_denied_old(at):
    """The older name of the same."""
    at.approle()
    agent = at.agent(HEAD + STRICT + template_of("{{ timestamp }}", "db", 'function_blacklist = ["timestamp"]'))
    at.see("exit status", agent.status(), 1)
    at.see("rendered", text(at.out / "db"), ABSENT)


FILES = STRICT.replace("}", "\n@allow file@\n}")


@case
def template_sandbox(at):
    """`sandbox_path` keeps `file` within a folder."""
    at.token()
    login = auto_auth(TOKEN_FILE)
    at.file("box/inside", "from inside")
    at.file("outside", "from outside")
    good = template_of('{{ file "@home@/box/inside" }}', "good", 'sandbox_path = "@home@/box"')
    agent = at.agent(VAULT + login + FILES + good)
    at.see("rendered", lambda: text(at.out / "good"), "from inside")
    at.see("exit status", agent.stop(), 0)
    agent = at.agent(VAULT + login + FILES + good.replace("box/inside", "outside").replace("/good", "/bad"))
    at.see("exit status of the bad one", agent.status(), 1)
    at.see("rendered by the bad one", text(at.out / "bad"), ABSENT)


@case
def template_error_not_fatal(at):
    """`error_fatal = false`: a template with an error does not stand in the way of others."""
    at.approle()
    at.secret("db", password="the good one")
    agent = at.agent(HEAD + QUICK + template("db", "bad", "error_on_missing_key = true", "error_fatal = false", field="nothere")
                     + template("db", "good"))
    at.see("rendered", lambda: text(at.out / "good"), "password=the good one")
    at.see("rendered with an error", text(at.out / "bad"), ABSENT)
    at.see("exit status", agent.stop(), 0)


@case
def template_version(at):
    """An older version of a secret."""
    at.secret("db", password="the old password")
    at.secret("db", password="the new password")
    once(at, template("db?version=1", "old"), template("db", "new"))
    at.see("the old one", text(at.out / "old"), "password=the old password")
    at.see("the new one", text(at.out / "new"), "password=the new password")


@case
def template_write(at):
    """A template that writes, as for a certificate."""
    at.approle()
    contents = '{{ with secret "auth/token/create" "ttl=7m" "policies=default" }}{{ .Auth.Policies }} {{ .Auth.LeaseDuration }}{{ end }}'
    agent = at.agent(ONCE + HEAD + template_of(contents, "made"))
    at.see("exit status", agent.status(), 0)
    at.see("rendered", text(at.out / "made"), "[default] 420")


@case
def template_of_a_lease(at):
    """What has a lease is renewed, and asked for anew when it comes to its end; the program hears of it."""
    at.approle()
    contents = '{{ with secret "auth/token/create" "ttl=3s" "explicit_max_ttl=6s" "policies=default" }}{{ .Auth.ClientToken }}{{ end }}'
    agent = at.agent(HEAD + template_of(contents, "made", 'command = "echo x >> @home@/runs"'))
    first = at.need(lambda: text(at.out / "made") != ABSENT and text(at.out / "made"), "the first token")
    at.see("the first", at.works(first), ["default"])
    at.see("first run", lambda: lines(at.home / "runs"), 1)
    second = at.need(lambda: text(at.out / "made") != first and text(at.out / "made"), "the second token")
    at.see("the second", at.works(second), ["default"])
    at.see("second run", lambda: lines(at.home / "runs"), 2)
    at.see("exit status", agent.stop(), 0)


@case
def template_of_a_new_token(at):
    """A token that has come to its end does not end the rendering."""
    at.approle(token_ttl="3s", token_max_ttl="5s")
    at.secret("db", password="before")
    agent = at.agent(VAULT + auto_auth(APPROLE, SINK) + QUICK + template("db", "db"))
    at.see("rendered first", lambda: text(at.out / "db"), "password=before")
    first = text(at.home / "sink")
    at.need(lambda: text(at.home / "sink") != first, "a second token")
    at.secret("db", password="after the second login")
    at.see("rendered", lambda: text(at.out / "db"), "password=after the second login")
    at.see("exit status", agent.stop(), 0)


@case
def template_source_changed(at):
    """A template whose source changes: `bao agent` looks at it at its start alone, ours also at SIGHUP."""
    at.approle()
    at.secret("db", password="still the same")
    at.file("db.tpl", 'old {{ with secret "secret/data/@case@/db" }}{{ .Data.data.password }}{{ end }}')
    relay = at.relay()
    agent = at.agent(HEAD.replace("@address@", "http://@relay@") + QUICK + template_from("db.tpl", "db"))
    at.see("rendered first", lambda: text(at.out / "db"), "old still the same")
    at.file("db.tpl", 'new {{ with secret "secret/data/@case@/db" }}{{ .Data.data.password }}{{ end }}')
    at.asked_again(relay, "db", 2)
    at.see("before SIGHUP", text(at.out / "db"), "old still the same")
    agent.signal(signal.SIGHUP)
    at.asked_again(relay, "db", 2)
    at.see("after SIGHUP", text(at.out / "db"), "old still the same")
    at.see("exit status", agent.stop(), 0)


@case
def template_on_a_disk(at):
    """A destination that is not in memory."""
    at.approle()
    at.secret("db", password="on a disk")
    agent = at.agent(ONCE + HEAD + template("db", "db").replace("@out@", "@home@"))
    at.see("exit status", agent.status(), 0)
    at.see("rendered", text(at.home / "db"), "password=on a disk")


@case
def template_on_a_disk_allowed(at):
    """The same with the flag that our agent wants for it."""
    at.approle()
    at.secret("db", password="on a disk")
    flags = ["--allow-disk"] if at.world.name == "ours" else []
    agent = at.agent(ONCE + HEAD + template("db", "db", "perms = 0600").replace("@out@", "@home@"), *flags)
    at.see("exit status", agent.status(), 0)
    at.see("rendered", text(at.home / "db"), "password=on a disk")
    at.see("mode", mode(at.home / "db"), "0600")


@case
def template_over_a_link(at):
    """A symbolic link in the place of the file is replaced, not followed."""
    at.approle()
    at.secret("db", password="over a link")
    at.file("elsewhere", "somebody else's")
    (at.out / "db").symlink_to(at.home / "elsewhere")
    agent = at.agent(ONCE + HEAD + template("db", "db"))
    at.see("exit status", agent.status(), 0)
    at.see("where the link led", text(at.home / "elsewhere"), "somebody else's")
    at.see("a link", (at.out / "db").is_symlink(), False)


@case
def template_after_sighup(at):
    """SIGHUP does not end the agent, and it goes on rendering."""
    at.approle()
    at.secret("db", password="before")
    agent = at.agent(HEAD + QUICK + template("db", "db"))
    at.see("rendered first", lambda: text(at.out / "db"), "password=before")
    agent.signal(signal.SIGHUP)
    at.secret("db", password="after")
    at.see("rendered", lambda: text(at.out / "db"), "password=after")
    at.see("exit status", agent.stop(), 0)


@case
def template_nobody_there(at):
    """Nobody at the server's address: with `exit_on_retry_failure` and a token from a file, nothing is rendered."""
    at.token()
    method = TOKEN_FILE.replace("{ config", "{\n    exit_on_err = true\n    config", 1).replace("} }", "}\n  }")
    agent = at.agent(VAULT.replace("@address@", "http://127.0.0.1:@port-away@") + auto_auth(method) + template("db", "db"))
    at.see("exit status", agent.status(), 1)
    at.see("rendered", text(at.out / "db"), ABSENT)
