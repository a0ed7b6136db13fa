"""What the checks of the house share: which files there are, and C text without its comments."""

import re
import sys
from pathlib import Path

SOURCE_SUFFIXES = {".c", ".h", ".def"}

TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL
)


def files(root, *folders, suffixes=SOURCE_SUFFIXES):
    """Every source file beneath the folders, in a stable order; a missing folder has none."""
    found = []
    for folder in folders:
        found += [p for p in (root / folder).rglob("*") if p.suffix in suffixes and p.is_file()]
    return sorted(found)


def bare(text):
    """C text with comments and the insides of literals blanked; lines stay where they were."""

    def blank(match):
        token = match.group()
        if token[0] in "\"'":
            return token[0] + " " * (len(token) - 2) + token[0]
        return re.sub(r"[^\n]", " ", token)

    return TOKEN.sub(blank, text)


def without_comments(text):
    """C text with comments blanked and literals kept: for #include lines."""

    def blank(match):
        token = match.group()
        return token if token[0] in "\"'" else re.sub(r"[^\n]", " ", token)

    return TOKEN.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def root_of(arguments):
    """The tree to check: the one given, else the one that this tool stands in."""
    return Path(arguments[0]).resolve() if arguments else Path(__file__).resolve().parent.parent


def report(problems):
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)
