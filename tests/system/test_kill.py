"""Any process may be killed at any moment: nothing committed is lost, nothing half done is seen."""

import os
import signal
import sqlite3
import subprocess

import pytest
from programs import DIALTRUST, Lab, alive, descendants, environment, fetch, until
from signed_file import certificate_of, openssl_verifies, parse, records, sha256
from test_regenerate import boot


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    running = Lab(tmp_path_factory.mktemp("kill") / "state", nodes=2, phones=2)
    try:
        yield running.wait_until_ready()
        running.end_well()
    finally:
        running.kill()


def processes(lab, name):
    """Pids of a process of each node, by the words that the supervisor started it with."""
    found = {}
    for pid, words in descendants(lab.pid).items():
        if "--process" in words and words[words.index("--process") + 1] == name:
            found[words[words.index("--settings") + 1]] = pid
    return found


def consistent(lab, folder):
    """Every node serves a whole list, signed and published, that names the live certificates."""
    lab.settle(60)
    lists = lab.lists()
    for node in lab.info["nodes"]:
        until(
            lambda node=node: sha256(fetch(node, "ITLFile.tlv")) == lists[node["name"]]["sha256"],
            30, f"{node['name']} to serve what is published",
        )
        data = fetch(node, "ITLFile.tlv")
        folder.mkdir(exist_ok=True)
        assert openssl_verifies(data, certificate_of(data, parse(data).signer), folder)
        listed = {sha256(record[9]) for record in records(data)}
        for unit in ("CallManager", "TVS"):
            shown = lab.json("cert", "show", unit, "--node", node["name"])
            assert shown["sha256"].lower().replace(":", "") in listed
    store = next(lab.state.rglob("*.sqlite"))
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert not [path for path in lab.state.rglob("*.tmp")]


# What the publisher's log says in the middle of a regeneration: the moment at which to kill.
MOMENTS = ["at once", "make-identity", "mark-live", "sign-list", "published"]


def wait_for_moment(log, since, moment, work):
    """Looks as often as it can: the moment is gone in milliseconds."""
    while moment != "at once" and work.poll() is None:
        with open(log, "rb") as text:
            text.seek(since)
            if moment.encode() in text.read():
                return


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("name", ["signer", "manager", "tvs", "provision", "admin"])
def test_killed_while_regenerating(lab, name, moment, tmp_path):
    phone, node = lab.info["phones"][0]["name"], lab.publisher
    log, held = lab.state / node["name"] / "log", tmp_path / "phone"
    before = boot(lab, phone, node, held)
    assert before.returncode == 0, before.stdout + before.stderr
    victims, since = processes(lab, name), log.stat().st_size
    assert len(victims) == 2, victims
    work = subprocess.Popen(
        [DIALTRUST, "cert", "regen", "CallManager", "--node", node["name"]],
        env=environment(DIALTRUST_CONTROL=lab.info["control"]),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )
    wait_for_moment(log, since, moment, work)
    for pid in victims.values():
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            assert name in ("tvs", "provision")  # it ended by itself, to start with the new key
    said = work.communicate(timeout=120)[0].decode()
    assert work.returncode in (0, 1), said

    def back():
        now = processes(lab, name)
        return len(now) == 2 and not set(now.values()) & set(victims.values())

    until(back, 20, f"the restart of {name}")
    until(lambda: lab.run("list", "status").returncode == 0, 30, "the control socket to answer")
    consistent(lab, tmp_path / "check")
    after = boot(lab, phone, node, held)
    assert after.returncode == 0, after.stdout + after.stderr
    if work.returncode == 0:  # what it was told is true stays true
        assert "Trust List Updated" in after.stdout or "unchanged" in after.stdout


@pytest.mark.parametrize("name", ["signer", "manager", "admin"])
def test_phones_are_served_while_it_is_away(lab, name):
    """provision and tvs go on from their snapshot when a sibling is stopped."""
    from test_lists import der
    from test_tvs import ask, verify_request

    stopped = processes(lab, name).values()
    lists = lab.lists()
    certificate = der(lab.publisher["certificates"]["tomcat"])
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        for node in lab.info["nodes"]:
            assert sha256(fetch(node, "ITLFile.tlv")) == lists[node["name"]]["sha256"]
            assert ask(node, verify_request(certificate))[2][0] == (7, b"\0")
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    until(lambda: lab.run("list", "status").returncode == 0, 30, "the control socket to answer")


def test_supervisor_killed_takes_its_children_along(own_lab):
    lab = own_lab(nodes=1, phones=0)
    (settings, pid), = processes(lab, "manager").items()
    parent = int(open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[1])
    family = descendants(parent)
    os.kill(parent, signal.SIGKILL)
    until(lambda: not any(alive(one) for one in family), 10, "the end of its processes")
    until(lambda: lab.run("list", "status").returncode == 0, 30, "the lab to start it again")
    assert settings in processes(lab, "manager")
