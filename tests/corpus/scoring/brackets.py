"""Whether brackets, strings, comments and heredocs of an HCL file close. No parser: it only counts."""

import re

CLOSERS = {"}": "{", "]": "[", ")": "("}
HEREDOC = re.compile(r"<<-?([A-Za-z_]\w*)\r?\n")


def unclosed(text):
    """What does not close, or None."""
    opened, at = [], 0
    line = lambda: text.count("\n", 0, at) + 1
    while at < len(text):
        sign = text[at]
        if sign == "#" or text.startswith("//", at):
            at = end_of(text.find("\n", at), text)
        elif text.startswith("/*", at):
            end = text.find("*/", at + 2)
            if end < 0:
                return f"the comment of line {line()} does not end"
            at = end + 2
        elif heredoc := HEREDOC.match(text, at):
            end = re.compile(rf"^[ \t]*{heredoc[1]}[ \t]*\r?$", re.M).search(text, heredoc.end())
            if not end:
                return f"heredoc {heredoc[1]} of line {line()} does not end"
            at = end.end()
        elif sign == '"':
            end = string_end(text, at)
            if end is None:
                return f"the string of line {line()} does not end"
            at = end
        else:
            if sign in CLOSERS.values():
                opened.append((sign, line()))
            elif sign in CLOSERS and (not opened or opened.pop()[0] != CLOSERS[sign]):
                return f"unexpected {sign} in line {line()}"
            at += 1
    return f"{opened[-1][0]} of line {opened[-1][1]} does not close" if opened else None


def end_of(found, text):
    return len(text) if found < 0 else found


def string_end(text, at):
    """The place behind a quoted string, interpolations with strings of their own included."""
    depth, at = 0, at + 1
    while at < len(text):
        if text[at] == "\\":
            at += 2
        elif text.startswith(("$${", "%%{"), at):
            at += 3
        elif text.startswith(("${", "%{"), at):
            depth, at = depth + 1, at + 2
        elif text[at] == '"' and not depth:
            return at + 1
        elif text[at] == '"':
            at = inner_end(text, at)
        elif text[at] == "\n" and not depth:
            return None
        else:
            depth -= text[at] == "}" and depth > 0
            at += 1
    return None


def inner_end(text, at):
    at += 1
    while at < len(text) and text[at] != '"':
        at += 2 if text[at] == "\\" else 1
    return at + 1
