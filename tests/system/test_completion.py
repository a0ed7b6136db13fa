"""bash completion: a real bash asks the program, which knows each verb, option and value."""

import re
import subprocess

import pytest
from programs import DIALTRUST, TOP, dialtrust, environment

SCRIPT = TOP / "completion" / "dialtrust.bash"
EVERYWHERE = {"--json", "--control", "--help", "--version"}
DRIVER = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
COMPREPLY=(left-over)
_dialtrust
printf '%s\\n' "${COMPREPLY[@]}"
"""


def complete(*words, cwd=None, program=DIALTRUST):
    """What bash offers for the last of these words."""
    ran = subprocess.run(
        ["bash", "--norc", "-c", DRIVER, "bash", SCRIPT, program, *words], env=environment(),
        cwd=cwd, capture_output=True, text=True, timeout=60, check=False,
    )
    assert ran.returncode == 0 and ran.stderr == "", ran.stderr
    return {line for line in ran.stdout.split("\n") if line}


def verbs():
    shown = dialtrust("--help").stdout.split("\n\n")[1]
    return sorted({re.split(r"\s{2,}", line.strip())[0] for line in shown.splitlines()})


def help_of(verb):
    return dialtrust(*verb.split(), "--help").stdout


def test_bash_finds_no_fault_in_it():
    assert subprocess.run(["bash", "-n", SCRIPT], check=False).returncode == 0
    ran = subprocess.run(
        ["bash", "--norc", "-c", f"source {SCRIPT}; complete -p dialtrust"], capture_output=True,
        text=True, check=False,
    )
    assert ran.stdout == "complete -F _dialtrust dialtrust\n"


def test_every_verb_is_offered_word_by_word():
    first = {verb.split()[0] for verb in verbs()}
    assert complete("") == first
    for verb in verbs():
        *before, last = verb.split()
        assert last in complete(*before, last[:2])
        group = {v.split()[1] for v in verbs() if before and v.startswith(before[0] + " ")}
        if before:
            assert complete(*before, "") == group


@pytest.mark.parametrize("verb", verbs())
def test_every_option_of_a_verb_is_offered_and_no_other(verb):
    said = set(re.findall(r"--[a-z][a-z-]+", re.sub(r"`[^`]*`", "", help_of(verb))))
    lines = re.findall(r"^  (--[a-z][a-z-]+)", help_of(verb), re.M)
    offered = complete(*verb.split(), "--")
    assert offered >= set(lines)
    assert offered <= said | EVERYWHERE
    for option in offered - EVERYWHERE:
        assert complete(*verb.split(), option) >= {option}


@pytest.mark.parametrize("verb", verbs())
def test_values_that_are_offered_stand_in_the_help(verb, tmp_path):
    for option in complete(*verb.split(), "--") - EVERYWHERE:
        line = re.search(rf"^ *{option} (.*)", help_of(verb), re.M)
        if option in ("--unit", "--store") or line[1].startswith(" ") or "…" in line[1]:
            continue  # a table of its own, a flag, or examples
        for value in complete(*verb.split(), option, "", cwd=tmp_path):
            assert value in line[1], f"{verb} {option} {value}"


@pytest.mark.asan
def test_values():
    assert complete("list", "show", "--format", "") == {"table", "json", "cucm"}
    assert complete("list", "show", "x", "--format", "cu") == {"cucm"}
    assert complete("list", "show", "--format", "=", "cu") == {"cucm"}
    assert complete("list", "show", "--format", "=") == {"table", "json", "cucm"}
    assert "CallManager-trust" in complete("cert", "list", "--unit", "Call")
    assert "CallManager-trust" not in complete("cert", "regen", "Call")
    assert "CallManager" in complete("cert", "regen", "Call")
    assert r"Cisco\ Tftp" in complete("service", "restart", "Cisco")
    assert complete("service", "restart", r"Cisco\ Tf") == {r"Cisco\ Tftp"}
    assert complete("service", "restart", '"Cisco Tf') == {"Cisco Tftp"}
    assert complete("parameter", "set", "ITL") == {r"ITL\ Signer"}
    assert complete("parameter", "set", r"ITL\ Signer", "") == {"ITLRecovery", "CallManager"}
    assert complete("list", "build", "SA") == {"SAST="}
    assert complete("list", "--json", "show", "--format", "t") == {"table"}


@pytest.mark.asan
def test_files_and_folders(tmp_path):
    (tmp_path / "a b.tlv").write_text("")
    (tmp_path / "ab").mkdir()
    assert complete("list", "show", "a", cwd=tmp_path) == {"a b.tlv", "ab"}
    assert complete("list", "verify", "x", "--trust", "a", cwd=tmp_path) == {"a b.tlv", "ab"}
    assert complete("lab", "--state", "", cwd=tmp_path) == {"ab"}
    assert complete("--control", "", cwd=tmp_path) == {"a b.tlv", "ab"}
    assert complete("list", "diff", "x", "ab", cwd=tmp_path) == {"ab"}
    assert complete("list", "build", "SAST", "=", "a", cwd=tmp_path) == {"a b.tlv", "ab"}
    assert complete("cert", "show", "a", cwd=tmp_path) >= {"ab"}


@pytest.mark.asan
def test_nothing_is_offered_where_nothing_fits(tmp_path):
    for words in (
        ("nothing", ""), ("list", "nothing", ""), ("listx",), ("cluster", "show", ""),
        ("list", "show", "a", "b", ""), ("list", "show", "--format", "x"), ("cert", "regen", "zz"),
        ("node", "add", "x", "--address", ""), ("phone", "list", "--", "--"), ("list", "diff", "a", "b", ""),
        ("parameter", "set", "nothing", ""),
    ):
        assert complete(*words, cwd=tmp_path) == set(), words
    assert "--format" not in complete("list", "show", "--format", "table", "--")
    assert "--format" not in complete("list", "show", "--", "--")
    assert complete("list", program="/nonexistent/dialtrust") == set()


@pytest.mark.asan
def test_a_line_of_any_length():
    assert complete("list", "show", *["x"] * 500, "") == set()
    assert dialtrust("--complete").returncode == 0
    assert dialtrust("--complete", "\x1b[2J").stdout == ""
