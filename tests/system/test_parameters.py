"""Parameters: what a change will do is said before it is made; preparing for a rollback is seen on phones."""

import contextlib
import os
import pty
import sqlite3
import subprocess

import pytest
from programs import DIALTRUST, Lab, environment, fetch, until
from signed_file import records

FINE, USAGE, REFUSED, MISSING = 0, 2, 3, 5
ROLLBACK = "Prepare Cluster for Rollback to pre 8.0"
INTERACTION = "Phone Interaction on Certificate Update"
MODE = "Cluster Security Mode"
HASH = "TFTP File Signature Algorithm"
SERVERS = {3, 21}  # TFTP, TVS


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    running = Lab(tmp_path_factory.mktemp("parameters") / "state", nodes=2, phones=4)
    try:
        yield running.wait_until_ready()
        running.end_well()
    finally:
        running.kill()


def parameter(lab, name):
    return next(row for row in lab.json("parameter", "list")["parameters"] if row["name"] == name)


def changes(lab):
    return lab.json("cluster", "show")["change"]


def names(lab):
    return {phone["name"] for phone in lab.info["phones"]}


def test_rows_say_type_range_default_and_consequence(lab):
    rows = {row["name"]: row for row in lab.json("parameter", "list")["parameters"]}
    assert (rows[ROLLBACK]["value"], rows[ROLLBACK]["default"], rows[ROLLBACK]["values"]) == ("False", "False", "True|False")
    assert rows[MODE]["read_only"] and rows[MODE]["value"] == "0"
    assert rows[INTERACTION]["values"] == "automatic reset|manual reset"
    assert rows["TVS Answer Lifetime"]["type"] == "number"
    assert all(row["consequence"].endswith(".") and row["type"] in ("choice", "number") for row in rows.values())


def test_a_dry_run_tells_and_changes_nothing(lab):
    before, lists = changes(lab), lab.lists()
    told = lab.json("parameter", "set", ROLLBACK, "True", "--dry-run")
    assert told["dry_run"] and (told["before"], told["value"]) == ("False", "True")
    assert "every phone is reset" in told["consequence"] and "HTTPS services on them fail" in told["consequence"]
    assert {row["name"] for row in told["lists"]} == {"ITL pub", "ITL sub1"}
    assert set(told["phones"]) == names(lab) and told["phones_then"] == "are reset"
    assert changes(lab) == before and lab.lists() == lists
    assert parameter(lab, ROLLBACK)["value"] == "False"


def test_what_must_restart_is_named(lab):
    told = lab.json("parameter", "set", HASH, "SHA-512", "--dry-run")
    assert {"service": "Cisco CallManager", "node": "sub1"} in told["must_restart"]
    assert "SHA-512" in told["message"] and told["phones_then"] == "reset by themselves"
    told = lab.json("parameter", "set", HASH, "SHA-1", "--dry-run")
    assert told["must_restart"] == told["lists"] == told["phones"] == [] and told["phones_then"] == "go on"


@pytest.mark.parametrize("words, status, said", [
    ((MODE, "1"), REFUSED, "read-only"),
    ((MODE, "0"), REFUSED, "read-only"),
    ((MODE, "1", "--dry-run"), REFUSED, "read-only"),
    ((ROLLBACK, "true"), USAGE, "True|False"),
    ((ROLLBACK, ""), USAGE, "empty"),
    ((ROLLBACK, "true", "--dry-run"), USAGE, "True|False"),
    ((INTERACTION, "automatic"), USAGE, "manual reset"),
    (("Rollback", "True"), MISSING, "parameter list"),
    ((ROLLBACK,), USAGE, "VALUE"),
])
def test_refused(lab, words, status, said):
    before = changes(lab)
    ran = lab.run("parameter", "set", *words)
    assert ran.returncode == status, ran.stderr
    assert said.lower() in ran.stderr.lower()
    assert changes(lab) == before


def answered(lab, word):
    """The exit status and the words of `parameter set` on a terminal at which somebody says this word."""
    ours, its = pty.openpty()
    process = subprocess.Popen(
        [DIALTRUST, "parameter", "set", "TVS Answer Lifetime", "3600"], stdin=its, stdout=subprocess.PIPE, stderr=its,
        env=environment(DIALTRUST_CONTROL=lab.info["control"]), start_new_session=True,
    )
    os.close(its)
    os.write(ours, word)
    said = b""
    with contextlib.suppress(OSError):  # the terminal ends with the last who has it open
        while piece := os.read(ours, 4096):
            said += piece
    process.stdout.read()
    os.close(ours)
    return process.wait(30), said.decode()


@pytest.mark.parametrize("word, status", [(b"n\n", REFUSED), (b"\n", REFUSED), (b"\x04", REFUSED), (b"y\n", FINE)])
def test_on_a_terminal_it_asks_first(lab, word, status):
    lab.json("parameter", "set", "TVS Answer Lifetime", "86400")
    ended, said = answered(lab, word)
    assert ended == status, said
    assert said.index("are remembered so long") < said.index("Continue (y/n)?")
    assert parameter(lab, "TVS Answer Lifetime")["value"] == ("3600" if status == FINE else "86400")
    lab.json("parameter", "set", "TVS Answer Lifetime", "86400")


def with_certificate(node):
    """Roles of the list that a node serves whose records have a certificate, and of those that are blank."""
    rows = records(fetch(node, "ITLFile.tlv"))
    roles = [(int.from_bytes(row[4], "big"), 9 in row) for row in rows]
    return {role for role, there in roles if there}, {role for role, there in roles if not there}


def wait_for_phones(lab, since, *words):
    """Every phone has said all of these in one line since then."""
    def said():
        lines = lab.output[since:].splitlines()
        return all(any(line.startswith(name) and all(word in line for word in words) for line in lines) for name in names(lab))

    lab.wait_for(said, 60, f"every phone saying {words}")


def test_a_rollback_is_prepared_and_taken_back(lab):
    """Also where certificates leave the reset to the operator: this parameter resets every phone."""
    lab.json("parameter", "set", INTERACTION, "manual reset")
    lab.read()
    mark = len(lab.output)
    done = lab.json("parameter", "set", ROLLBACK, "True")
    assert not done["dry_run"] and set(done["phones"]) == names(lab)
    lab.settle()
    wait_for_phones(lab, mark, "Trust List Updated, by its own list", ".cnf.xml(", "Host Not Found")
    assert ".cnf.xml.sgn" not in lab.output[mark:]
    for node in lab.info["nodes"]:
        until(lambda node=node: with_certificate(node) == ({0}, SERVERS))
    ran = lab.run("list", "explain", f"http://{lab.publisher['address']}:{lab.publisher['ports']['http']}/ITLFile.tlv")
    assert "prepared for a rollback" in ran.stdout
    assert any(ROLLBACK in row["detail"] for row in lab.json("audit", "list")["audit"])

    lab.read()
    mark = len(lab.output)
    lab.json("parameter", "set", ROLLBACK, "False")
    lab.settle()
    wait_for_phones(lab, mark, "Trust List Updated, taken unseen, for its own list is blank", ".cnf.xml.sgn(", "page")
    assert "Host Not Found" not in lab.output[mark:]
    for node in lab.info["nodes"]:
        until(lambda node=node: with_certificate(node) == ({0} | SERVERS, set()))
    lab.json("parameter", "set", INTERACTION, "automatic reset")


def test_in_mixed_mode_it_is_refused(lab):
    """Nothing of ours makes a cluster mixed yet: the row is put into the store beside it."""
    database = sqlite3.connect(lab.state / "store/cluster.sqlite", timeout=30)
    with database:
        database.execute("INSERT INTO parameter (name, value) VALUES (?, '1')", (MODE,))
    try:
        before = changes(lab)
        for words in ((), ("--dry-run",)):
            ran = lab.run("parameter", "set", ROLLBACK, "True", *words)
            assert ran.returncode == REFUSED and "mixed mode" in ran.stderr, ran.stderr
        assert changes(lab) == before and parameter(lab, ROLLBACK)["value"] == "False"
        assert lab.run("parameter", "set", ROLLBACK, "False").returncode == FINE  # the way back is open
    finally:
        with database:
            database.execute("DELETE FROM parameter WHERE name = ?", (MODE,))
        database.close()
