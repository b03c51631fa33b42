"""The rows of docs/scanning-figures.md that are ours: they must say what is measured."""

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth")
HEADING = "## The {} set"
ROW = "| `secret scan`, {} |"
IGNORED = ("weak", "commented")


def row(how, everything, nomad, strong):
    """A line of the table: all files, the Nomad family, and all files without weak and commented findings."""
    figures = [f"{figure:.3f}" for score in (everything, nomad, strong) for figure in (score.precision, score.recall, score.f1)]
    return f"{ROW.format(how)} {' | '.join(figures)} |"


def outdated(document, rows):
    """Rows that the document has not; `rows` has one for each set and way of counting."""
    held = set(placed(document))
    return [f"the {name} set, {how}: the document does not say: {line}" for (name, how), line in rows.items() if (name, line) not in held]


def placed(document):
    """Each line of a document with the set whose heading it stands under."""
    name = None
    for line in document.splitlines():
        if line.startswith("## "):
            name = next((word for word in ORDINALS if line == HEADING.format(word)), None)
        yield name, line


def blessed(document, rows):
    """The document with our rows as they are measured."""
    current = {(name, ROW.format(how)): line for (name, how), line in rows.items()}
    lines = [next((new for (of, start), new in current.items() if of == name and line.startswith(start)), line) for name, line in placed(document)]
    return "\n".join(lines) + "\n"
