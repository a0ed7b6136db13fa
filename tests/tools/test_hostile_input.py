"""docs/hostile-input.md names the proof of each of its lines: every one exists, and every line has one."""

import re
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
PAGE = TOP / "docs/hostile-input.md"
PROOF = re.compile(r"`((?:\w+/\w+|replay|fuzz):[\w-]+)`")
ROWS = [line for line in PAGE.read_text().splitlines() if line.startswith("| ") and "`" in line]


def problem(proof):
    """What is wrong with a proof; None where it stands."""
    place, name = proof.split(":")
    if place == "replay":
        return None if (TOP / f"tests/replay/{name}.replay").exists() else "no such conversation"
    if place == "fuzz":
        return None if (TOP / f"fuzz/fuzz_{name}.c").exists() else "no such target"
    room, file = place.split("/")
    if room == "system":
        path, wanted = TOP / f"tests/system/{file}.py", rf"^def {name}\("
    else:
        path, wanted = TOP / f"tests/unit/{room}/test_{file}.c", rf"^\t\t\w+\({name}[,)]"
    if not path.exists():
        return f"there is no {path.relative_to(TOP)}"
    return None if re.search(wanted, path.read_text(), re.M) else f"not in {path.relative_to(TOP)}"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip())
def test_every_line_has_its_proofs(row):
    proofs = PROOF.findall(row)
    assert proofs
    assert {proof: problem(proof) for proof in proofs} == dict.fromkeys(proofs)


def test_a_missing_proof_shows():
    assert problem("wire/trust_list:no_such_test") and problem("wire/no_such:what_is_written_is_read")
    assert problem("replay:no-such") and problem("fuzz:no_such") and problem("system/test_tvs:test_none")
    assert len(ROWS) > 60
