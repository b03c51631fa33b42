"""faults.toml: what can happen, what the workload sees then, and the test that shows it."""

import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent.parent / "docs" / "outages.md"
KEYS = {"name", "group", "fault", "sees", "after", "within", "test"}


def load():
    return tomllib.loads((HERE / "faults.toml").read_text())["fault"]


def gaps(rows, registry):
    """Where the table and the tests do not match."""
    seen, groups, group = set(), set(), None
    for row in rows:
        name = row.get("name", "a row without a name")
        for key in sorted(KEYS):
            if not str(row.get(key, "")).strip():
                yield f"{name}: `{key}` is empty"
        for key in sorted(set(row) - KEYS):
            yield f"{name}: unknown key `{key}`"
        if not 0 < row.get("within", 0) <= 60:
            yield f"{name}: `within` is a number of seconds, up to 60"
        if row.get("test") not in registry:
            yield f"{name}: there is no test {row.get('test')}"
        if row.get("group") != group and row.get("group") in groups:
            yield f"{name}: its group stands in two places"
        group = row.get("group")
        groups.add(group)
        for kind in ("name", "test"):
            if (kind, row.get(kind)) in seen:
                yield f"{name}: its {kind} is there twice"
            seen.add((kind, row.get(kind)))
    for test in sorted(set(registry) - {row.get("test") for row in rows}):
        yield f"{test}: no row of the table names this test"


def prove():
    """What the check does not find, of what it is there to find."""
    whole = {"name": "a", "group": "g", "fault": "f", "sees": "s", "after": "a", "within": 1, "test": "a"}
    other = whole | {"name": "b", "test": "b"}
    planted = {
        "a test without a row": ([whole], {"a", "b"}),
        "a row without a test": ([whole, other], {"a"}),
        "a test in two rows": ([whole, other | {"test": "a"}], {"a"}),
        "a name in two rows": ([whole, other | {"name": "a"}], {"a", "b"}),
        "a group in two places": ([whole, other | {"group": "h"}, whole | {"name": "c", "test": "c"}], {"a", "b", "c"}),
        "an empty cell": ([whole | {"sees": " "}], {"a"}),
        "a missing cell": ([{key: cell for key, cell in whole.items() if key != "after"}], {"a"}),
        "an unknown key": ([whole | {"sess": "s"}], {"a"}),
        "no time": ([whole | {"within": 0}], {"a"}),
    }
    if found := list(gaps([whole, other], {"a", "b"})):
        yield f"the check of the table finds fault with a whole one: {found}"
    for what, (rows, registry) in planted.items():
        if not list(gaps(rows, registry)):
            yield f"the check of the table does not find {what}"


INTRODUCTION = """\
# What a workload sees in an outage

For whoever runs programs beside `secret agent` and wants to know what happens to their files when something fails.

The rule: **a file that was rendered stays, whole, until there is something newer.** It is never empty, never half
written, never of two versions at once, and does not go back to an older version. Only what says
`on_revoke = "remove"` is removed, and only when the server itself says that it may not be read any more or is gone.

Each row below is a test with real processes: our server, our agent with templates of KV v2 secrets on a tmpfs, and
a program that reads the files all the time and is told by the kernel of every write to them
(`tests/faults`). The test makes the fault last for some seconds while the secrets change, looks at the files, ends
the fault, and wants to see the newest versions in the time that is given.

Those times hold for outages of a few seconds and `static_secret_render_interval = "1s"`. The agent asks ever
more slowly while it is not answered: add as long as the outage lasted to them, but no more than a minute, and the
interval that is configured (5 minutes, if none is).
"""

HEAD = """
## {group}

| what happens | what the workload sees meanwhile | and then |
| --- | --- | --- |
"""


def page(rows):
    """The table for operators."""
    parts, group = [INTRODUCTION], None
    for row in rows:
        if row["group"] != group:
            group = row["group"]
            parts.append(HEAD.format(group=group))
        cells = [row[key].replace("{within}", str(row["within"])).replace("|", "\\|") for key in ("fault", "sees", "after")]
        parts.append(f"| {' | '.join(cells)} |\n")
    return "".join(parts)


def old_page(rows):
    """Whether the page says something else than the table."""
    if not PAGE.exists() or PAGE.read_text() != page(rows):
        yield "docs/outages.md is not what the table says: tests/faults/run.py --write-docs"
