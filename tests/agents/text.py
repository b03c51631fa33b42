"""Parts of configurations that most cases share."""

import json

VAULT = 'vault { address = "@address@" retry { num_retries = -1 } }\n'

APPROLE = """\
  method "approle" {
    mount_path = "auth/approle-@case@"
    config = {
      role_id_file_path = "@home@/role-id"
      secret_id_file_path = "@home@/secret-id"
    }
  }
"""

SINK = '  sink "file" { config = { path = "@home@/sink" } }\n'

TOKEN_FILE = '  method "token_file" { config = { token_file_path = "@home@/token" } }\n'

ONCE = "exit_after_auth = true\n"


def auto_auth(*parts):
    """An `auto_auth` block of a method and sinks."""
    return "auto_auth {\n" + "".join(parts) + "}\n"


def approle_login(*settings):
    """The login by AppRole with settings of the method."""
    return APPROLE.replace("    config", "".join(f"    {it}\n" for it in settings) + "    config")


def file_sink(*settings, path="@home@/sink"):
    """A sink with settings, or at another path."""
    return '  sink "file" {\n' + "".join(f"    {it}\n" for it in settings) + f'    config = {{ path = "{path}" }}\n  }}\n'


# The server, a login by AppRole, and nothing that is done with it yet.
HEAD = VAULT + auto_auth(APPROLE)

# The first error of a template ends the agent, so that its exit status tells.
STRICT = "template_config { exit_on_retry_failure = true }\n"

# What makes an agent look at secrets again quickly enough for a test.
QUICK = 'template_config { static_secret_render_interval = "1s" }\n'


def template(secret, destination, *more, field="password"):
    """A template that prints a field of a secret of the case."""
    return template_of(f"{field}=" + value_of(secret, field), destination, *more)


def value_of(secret, field="password"):
    """What prints the field of a secret of the case."""
    return f'{{{{ with secret "secret/data/@case@/{secret}" }}}}{{{{ .Data.data.{field} }}}}{{{{ end }}}}'


def template_of(contents, destination, *more):
    """A template that stands in the configuration itself."""
    return block("template", f"contents = {json.dumps(contents)}", f'destination = "@out@/{destination}"', *more)


def template_from(source, destination, *more):
    """A template in a file of the case."""
    return block("template", f'source = "@home@/{source}"', f'destination = "@out@/{destination}"', *more)


def block(name, *settings):
    return f"{name} {{\n" + "".join(f"  {it}\n" for it in settings) + "}\n"
