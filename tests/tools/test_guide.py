"""tests/system/guide.tsv walks the guide that administrators follow: what we claim of each paragraph, and what proves it.

A paragraph begins with a line that has a Chinese character; lines without one, commands and what they print, belong to it.
"""

import re
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
TABLE = TOP / "tests/system/guide.tsv"
GUIDE = TOP.parent / "shared/design/certificate-regeneration.zh-TW.txt"
HEADER = ["paragraph", "claim", "proof"]
NOBODYS = "not a program's matter"
LATER = {
    "a test", "backup", "CAPF", "hooks", "ledger", "manufacturing certificates", "mixed mode",
    "outside systems", "planner", "PostgreSQL", "registrar", "web page",
}
IDEOGRAPH = re.compile("[\u4e00-\u9fff]")


def problem_of_test(proof):
    """A test of pytest or cmocka, path::name, or a conversation that is replayed, which is a file."""
    path, colons, name = proof.partition("::")
    file = TOP / path
    if not file.is_file():
        return f"there is no {path}"
    if re.fullmatch(r"tests/replay/[\w-]+\.replay", path) and not colons:
        return None
    if re.fullmatch(r"tests/(system|tools)/test_\w+\.py", path):
        wanted = rf"^def {re.escape(name)}\("
    elif re.fullmatch(r"tests/unit/\w+/test_\w+\.c", path):
        wanted = rf"^static void {re.escape(name)}\(void \*\*"
    else:
        return f"{path} holds no tests"
    found = re.fullmatch(r"\w+", name) and re.search(wanted, file.read_text(), re.M)
    return None if found else f"{name or 'no name'} is not in {path}"


def problem_of_proof(cell):
    """Tests, and behind them at most one capability that is still to come; or nobody's."""
    if cell == NOBODYS:
        return None
    *before, last = cell.split("; ")
    if last.startswith("later: "):
        capability = last.removeprefix("later: ").split(", ")[0]
        if capability not in LATER:
            return f"{capability!r} is no capability that is still to come"
    else:
        before.append(last)
    for proof in before:
        if not proof.startswith("tests/"):
            return f"{proof!r} is no kind of proof"
        if problem := problem_of_test(proof):
            return problem
    return None


def problems(text):
    lines = [line.split("\t") for line in text.removesuffix("\n").split("\n")]
    if lines[0] != HEADER:
        yield f"the first line is not {HEADER}"
    for number, row in enumerate(lines[1:], 1):
        if len(row) != len(HEADER):
            yield f"row {number} has {len(row)} columns"
        elif not all(cell.strip() for cell in row):
            yield f"row {number} has an empty cell"
        elif row[0] != str(number):
            yield f"row {number} is numbered {row[0]}"
        elif problem := problem_of_proof(row[2]):
            yield f"row {number}: {problem}"
        elif IDEOGRAPH.search(row[1]):
            yield f"row {number} is not in our own words"


def test_every_paragraph_has_a_claim_and_what_stands_behind_it():
    assert list(problems(TABLE.read_text(encoding="utf-8"))) == []


def test_every_paragraph_is_there():
    if not GUIDE.exists():
        pytest.skip(f"the guide is not here: {GUIDE.name}")
    paragraphs = [line for line in GUIDE.read_text(encoding="utf-8").splitlines() if IDEOGRAPH.search(line)]
    assert len(TABLE.read_text(encoding="utf-8").splitlines()) - 1 == len(paragraphs)


GOOD = "tests/system/test_trust.py::test_review_of_one_store"


@pytest.mark.parametrize("row, said", [
    ("1\t\t" + NOBODYS, "empty"), ("1\tclaim\t ", "empty"), ("1\tclaim", "2 columns"), ("1\tclaim\t\t" + NOBODYS, "4 columns"),
    ("", "1 columns"), ("2\tclaim\t" + NOBODYS, "numbered 2"), ("one\tclaim\t" + NOBODYS, "numbered one"),
    (f"1\tclaim\t{GOOD}_", "is not in"), ("1\tclaim\ttests/system/test_trust.py", "no name"),
    ("1\tclaim\ttests/system/test_nothing.py::test_a", "there is no"), ("1\tclaim\ttests/replay/nothing.replay", "there is no"),
    ("1\tclaim\ttests/unit/cluster/test_unit.c::units", "is not in"), ("1\tclaim\ttests/pytest.ini::a", "holds no tests"),
    ("1\tclaim\tobvious", "no kind"), ("1\tclaim\tlater: ", "no capability"), ("1\tclaim\tlater: some day", "no capability"),
    (f"1\tclaim\tlater: CAPF; {GOOD}", "no kind"), (f"1\tclaim\t{GOOD}; {NOBODYS}", "no kind"), (f"1\tclaim\t{GOOD}; ", "no kind"),
    ("1\t\u8b49\u66f8\t" + NOBODYS, "own words"),
])
def test_what_is_wrong_is_found(row, said):
    header = "\t".join(HEADER)
    assert list(problems(f"{header}\n1\tclaim\t{GOOD}; later: CAPF, no LSC\n")) == []
    found = list(problems(f"{header}\n{row}\n"))
    assert len(found) == 1 and said in found[0]


def test_the_header_is_wanted():
    assert list(problems(f"1\tclaim\t{NOBODYS}\n"))
