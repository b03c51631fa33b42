"""What the secrets hold and what their files hold then.

The whole text of a file follows from the versions of its secrets. So whoever reads it can tell a whole file from
half of one, and one version from two.
"""

import re

# Lines that make a secret longer than a page of memory, where one write could be seen half done.
FILLING = {"big": 160}


def data(canary, name, version):
    """The fields of a secret's version, all of them different in each."""
    filler = "\n".join(f"line {at} of {name} {version}" for at in range(FILLING.get(name, 1)))
    return {"n": str(version), "user": f"{name}-user-{version}", "password": f"{canary}-{name}-{version}", "filler": filler}


def block(canary, name, version):
    held = data(canary, name, version)
    return f"# {name} {version}\nuser={held['user']}\npassword={held['password']}\n{held['filler']}\n# end {name} {version}\n"


def template(names):
    """What renders a file of these secrets."""
    return "".join(
        f'{{{{ with secret "secret/data/{name}" }}}}# {name} {{{{ .Data.data.n }}}}\n'
        "user={{ .Data.data.user }}\npassword={{ .Data.data.password }}\n{{ .Data.data.filler }}\n"
        f"# end {name} {{{{ .Data.data.n }}}}\n{{{{ end }}}}"
        for name in names
    )


def read(canary, names, text):
    """The versions that a text holds, by secret; or the word for what it is instead."""
    if not text:
        return "empty"
    versions = {}
    for name in names:
        begun = re.match(rf"# {name} (\d+)\n", text[:80])
        ended = text.find(f"\n# end {name} ")
        end = text.find("\n", ended + 1)
        if not begun or ended < 0 or end < 0:
            return "half"
        own, text = text[:end + 1], text[end + 1:]
        if own != block(canary, name, int(begun[1])):
            return "mixed" if is_mixed(canary, name, own) else "half"
        versions[name] = int(begun[1])
    return "half" if text else versions


def is_mixed(canary, name, own):
    """Whether each line is a version's, though not all of them of the same."""
    lines = own.splitlines()
    versions = {int(found) for line in lines for found in re.findall(r"(\d+)$", line)}
    known = [block(canary, name, version).splitlines() for version in versions]
    return all(len(lines) == len(whole) for whole in known) and all(
        any(line == whole[at] for whole in known) for at, line in enumerate(lines))
