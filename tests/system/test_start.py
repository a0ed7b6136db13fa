"""What stands in a daemon's way at its start is said in one sentence that says what to do."""

import json
import os
import shutil
import socket

import pytest
from programs import DIALTRUST, DIALTRUSTD, Lab, Program, dialtrust, subprocess, environment, SLOWER

ROOT = os.geteuid() == 0

SETTINGS = """[node]
name = alone
state = {folder}/state
runtime = {folder}/run
store = sqlite:{folder}/store/cluster.sqlite
[admin]
socket = {folder}/admin
[provision]
root = {folder}/root
tftp = {tftp}
http = {http}
https = off
[tvs]
listen = {tvs}
"""


@pytest.fixture
def settings(tmp_path):
    def write(**ports):
        places = {"tftp": "127.0.10.77:0", "http": "127.0.10.77:0", "tvs": "127.0.10.77:0"} | ports
        (tmp_path / "root").mkdir(exist_ok=True)
        (tmp_path / "store").mkdir(exist_ok=True)
        (tmp_path / "settings").write_text(SETTINGS.format(folder=tmp_path, **places))
        return tmp_path / "settings"

    return write


def refused_to_start(*words):
    ran = subprocess.run(
        [DIALTRUSTD, *words], capture_output=True, text=True, timeout=30 * SLOWER,
        env=environment(), stdin=subprocess.DEVNULL, check=False,
    )
    assert ran.returncode == 1, ran.stderr
    assert ran.stdout == ""
    errors = [line for line in ran.stderr.splitlines() if " error " in line]
    assert len(errors) == 1, ran.stderr
    return errors[0]


@pytest.mark.parametrize("which, kind", [
    ("tftp", socket.SOCK_DGRAM), ("http", socket.SOCK_STREAM), ("tvs", socket.SOCK_STREAM),
])
def test_a_port_in_use(settings, which, kind):
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.10.77", 0))
        if kind == socket.SOCK_STREAM:
            other.listen()
        place = f"127.0.10.77:{other.getsockname()[1]}"
        said = refused_to_start("--settings", settings(**{which: place}))
    assert place in said
    assert "in use" in said


def test_a_database_that_is_none(settings, tmp_path):
    path = settings()
    (tmp_path / "store/cluster.sqlite").write_text("this is no database\n" * 100)
    said = refused_to_start("--settings", path)
    assert "cluster.sqlite" in said


def test_a_database_that_cannot_be_opened(settings, tmp_path):
    path = settings()
    (tmp_path / "store/cluster.sqlite").mkdir()
    said = refused_to_start("--settings", path)
    assert "cluster.sqlite" in said


def test_a_database_of_a_later_program(own_lab, tmp_path):
    import sqlite3

    lab = own_lab(nodes=1, phones=0)
    store = next(lab.state.rglob("*.sqlite"))
    node = next(lab.state.rglob("settings*"))
    lab.end()
    with sqlite3.connect(store) as database:
        database.execute("UPDATE migration SET number = number + 1000")
    said = refused_to_start("--settings", node)
    assert "newer" in said or "later" in said


def test_a_key_that_others_may_read(own_lab):
    lab = own_lab(nodes=1, phones=0)
    settings = next(lab.state.rglob("settings*"))
    keys = [path for path in lab.state.rglob("keys/*/key.der")]
    assert keys and all(path.stat().st_mode & 0o077 == 0 for path in keys)
    lab.end()
    spoiled = keys[0]
    spoiled.chmod(0o644)
    said = refused_to_start("--settings", settings)
    assert str(spoiled.parent.name) in said
    assert "chmod" in said or "0600" in said or "600" in said


def test_settings_with_a_fault_name_the_line(settings):
    path = settings()
    path.write_text(path.read_text() + "frobnicate = 1\n")
    said = refused_to_start("--settings", path)
    assert f"{path}:" in said and "frobnicate" in said
    assert str(len(path.read_text().splitlines())) in said


def test_settings_that_are_not_there(tmp_path):
    assert "absent" in refused_to_start("--settings", tmp_path / "absent")


def test_words_that_make_no_sense(tmp_path):
    for words in ([], ["--frob"], ["--settings", "x", "y"]):
        ran = subprocess.run([DIALTRUSTD, *words], capture_output=True, timeout=20, check=False)
        assert (ran.returncode, ran.stdout) == (2, b"")


def test_two_daemons_on_one_state_directory(settings):
    path = settings()
    first = Program([DIALTRUSTD, "--settings", path])
    try:
        first.wait_for_text("ready: ", 30)
        assert "state" in refused_to_start("--settings", path)
    finally:
        first.kill()


def test_a_daemon_without_a_cluster_waits_for_one(settings, tmp_path):
    daemon = Program([DIALTRUSTD, "--settings", settings()])
    try:
        daemon.wait_for_text("ready: ", 30)
        control = tmp_path / "admin"
        assert dialtrust("list", "status", control=control).returncode in (0, 5)
        words = ["--node", "alone", "--address", "127.0.10.77", "--organization", "Example"]
        ran = dialtrust("cluster", "init", "Here", *words, control=control)
        assert ran.returncode == 0, ran.stderr
        again = dialtrust("cluster", "init", "There", *words, control=control)
        assert (again.returncode, again.stdout) == (3, "")
        assert "Here" in again.stderr
        shown = dialtrust("list", "status", "--json", control=control)
        assert [row["name"] for row in json.loads(shown.stdout)["lists"]] == ["ITL alone"]
        missing = dialtrust("cluster", "init", "Third", control=control)
        assert missing.returncode == 2
        assert daemon.end() == 0
    finally:
        daemon.kill()


@pytest.mark.skipif(not ROOT, reason="without root there is nobody to become")
def test_the_control_socket_is_not_for_everybody(lab):
    mode = os.stat(lab.info["control"]).st_mode & 0o777
    assert mode & 0o007 == 0, oct(mode)
    nobody = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
         shutil.which("curl"), "-sS", "--unix-socket", lab.info["control"], "http://x/v1/nodes"],
        capture_output=True, timeout=30, check=False,
    )
    assert b"nodes" not in nobody.stdout


def test_lab_in_a_directory_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    ran = dialtrust("lab", "--state", tmp_path / "file" / "below")
    assert ran.returncode == 1
    assert "file" in ran.stderr


def test_lab_that_is_already_running(lab):
    ran = dialtrust("lab", "--state", lab.state)
    assert ran.returncode == 1
    assert str(lab.state) in ran.stderr


def test_lab_starts_again_where_it_ended(tmp_path):
    first = Lab(tmp_path / "state", nodes=1, phones=1)
    try:
        first.wait_until_ready()
        before = first.lists()
        assert first.end() == 0
    finally:
        first.kill()
    (tmp_path / "state/lab.json").unlink(missing_ok=True)
    second = Lab(tmp_path / "state", nodes=1, phones=1)
    try:
        second.wait_until_ready()
        after = second.lists()
        for name, row in before.items():
            assert after[name]["generation"] >= row["generation"]
    finally:
        second.kill()


def settled_lab(state):
    """A lab that ran and ended: its state is what the tests below damage."""
    lab = Lab(state, "--once", nodes=1, phones=1)
    try:
        lab.wait_until_ready()
        lab.end_well()
    finally:
        lab.kill()
    return state / "pub" / "settings"


def test_a_lost_store_is_not_begun_anew(tmp_path):
    node = settled_lab(tmp_path / "lab")
    (tmp_path / "lab" / "store").rename(tmp_path / "elsewhere")
    said = refused_to_start("--settings", node)
    assert "holds no cluster" in said and "[node] store" in said


def test_a_lost_key_is_made_anew(tmp_path):
    """The list signer's key is gone while a list is wanted: the log names the remedy, it works."""
    node = settled_lab(tmp_path / "lab")
    pem = tmp_path / "lab" / "certificates" / "pub" / "ITLRecovery.pem"
    spki = subprocess.run(
        "openssl x509 -in $PEM -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum",
        shell=True, capture_output=True, text=True, check=True, env=environment(PEM=str(pem)),
    ).stdout.split()[0]
    shutil.rmtree(node.parent / "keys" / spki)
    daemon = Program([DIALTRUSTD, "--settings", node])
    try:
        daemon.wait_for_text("or regenerate ITLRecovery", 30)
        admin = node.parent / "run" / "admin"
        ran = dialtrust("cert", "regen", "ITLRecovery", "--node", "pub", control=admin)
        assert ran.returncode == 0, ran.stderr
        rows = json.loads(dialtrust("list", "status", "--json", control=admin).stdout)["lists"]
        assert all(row["generation"] == row["wanted"] for row in rows)
    finally:
        daemon.kill()


@pytest.mark.parametrize("library", ["libcurl", "libxml2"])
def test_the_command_line_does_not_begin_with_large_libraries(library):
    """src/bin/late_libraries.c has every function of theirs, so that they are loaded when called."""
    ran = subprocess.run(["readelf", "-d", DIALTRUST], capture_output=True, text=True, check=True)
    needed = [line for line in ran.stdout.splitlines() if "NEEDED" in line]
    assert needed and not any(library in line for line in needed), needed
