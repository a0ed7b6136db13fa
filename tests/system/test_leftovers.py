"""What nobody needs any more goes away by itself, and what the node says of itself to who started it."""

import os
import signal
import socket

import pytest
from programs import DIALTRUSTD, SLOWER, Program, alive, descendants, dialtrust, until
from test_kill import processes


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    from programs import Lab

    running = Lab(tmp_path_factory.mktemp("leftovers") / "state", nodes=1, phones=1)
    try:
        yield running.wait_until_ready()
        running.end_well()
    finally:
        running.kill()


def objects(lab):
    return {path.name for path in (lab.state / "pub/snapshot/objects").iterdir()}


def keys(lab):
    return {path.name for path in (lab.state / "pub/keys").iterdir() if len(path.name) == 64}


def regenerate(lab, unit, times):
    for _ in range(times):
        ran = lab.run("cert", "regen", unit, "--node", "pub")
        assert ran.returncode == 0, ran.stderr


def test_objects_and_keys_do_not_pile_up(lab):
    regenerate(lab, "TVS", 10)  # eight retired keys are kept, and indexes a few generations long
    first = len(objects(lab)), len(keys(lab))
    seen = objects(lab)
    regenerate(lab, "TVS", 8)
    until(lambda: len(keys(lab)) <= first[1] + 1, 20, "the end of retired keys")
    assert len(objects(lab)) <= first[0] + 4
    assert seen - objects(lab), "no object has gone"
    assert "destroyed" in lab.log(lab.publisher)


def test_what_a_crash_left_goes(lab):
    left = [
        lab.state / "pub/snapshot/.index.0123456789abcdef.new",
        lab.state / "pub/snapshot/objects/.aa.0123456789abcdef.new",
    ]
    for path in left:
        path.write_bytes(b"half")
    regenerate(lab, "tomcat", 1)
    until(lambda: not any(path.exists() for path in left), 20, "removal of half-written files")


def test_objects_that_are_named_stay(lab):
    """Also those of a configuration that did not change for many generations."""
    regenerate(lab, "ipsec", 6)
    phone = lab.info["phones"][0]["name"]
    ran = dialtrust(
        "emulator", "boot", "--name", phone, "--server", lab.publisher["address"],
        "--tftp", lab.publisher["ports"]["tftp"], "--http", lab.publisher["ports"]["http"],
        "--state", lab.state / "one-more",
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_manager_that_waits_for_its_signer_ends_at_once(own_lab):
    lab = own_lab("--once", nodes=1, phones=0)
    lab.end()
    daemon = Program([DIALTRUSTD, "--settings", lab.state / "pub/settings"])
    try:
        daemon.wait_for_text("ready: ", 30)
        pids = {words[words.index("--process") + 1]: pid
                for pid, words in descendants(daemon.pid).items()}
        os.kill(pids["signer"], signal.SIGSTOP)
        asking = Program(
            [lab_program(), "cert", "regen", "TVS", "--node", "pub"],
            DIALTRUST_CONTROL=str(lab.state / "pub/run/admin"),
        )
        try:
            stuck = f"/proc/{pids['manager']}/syscall"
            until(lambda: open(stuck).read().split()[0] == "7", 20, "poll(2) on the signer")
            os.kill(daemon.pid, signal.SIGTERM)
            until(lambda: not alive(pids["manager"]), 20, "the end of the manager")
            os.kill(pids["signer"], signal.SIGCONT)
            assert daemon.end() == 0
            assert "manager does not end" not in daemon.output, daemon.output
        finally:
            asking.kill()
    finally:
        daemon.kill()


def lab_program():
    from programs import DIALTRUST

    return DIALTRUST


@pytest.mark.parametrize("name", ["path", "abstract"])
def test_a_service_manager_is_told(own_lab, tmp_path, name):
    lab = own_lab("--once", nodes=1, phones=0)
    lab.end()
    where = str(tmp_path / "notify") if name == "path" else f"\0dialtrust-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(where)
        heard.settimeout(30 * SLOWER)
        daemon = Program(
            [DIALTRUSTD, "--settings", lab.state / "pub/settings"],
            NOTIFY_SOCKET=where.replace("\0", "@"),
        )
        try:
            assert heard.recv(100) == b"READY=1"
            assert all(b"NOTIFY_SOCKET" not in open(f"/proc/{pid}/environ", "rb").read()
                       for pid in descendants(daemon.pid))
            assert daemon.end() == 0
            assert heard.recv(100) == b"STOPPING=1"
        finally:
            daemon.kill()


def test_a_service_manager_that_is_not_there_stops_nothing(own_lab, tmp_path):
    lab = own_lab("--once", nodes=1, phones=0)
    lab.end()
    for wrong in (str(tmp_path / "nobody"), "relative", "@" + "x" * 200):
        daemon = Program([DIALTRUSTD, "--settings", lab.state / "pub/settings"], NOTIFY_SOCKET=wrong)
        try:
            daemon.wait_for_text("ready: ", 30)
            assert "NOTIFY_SOCKET" in daemon.output
            assert daemon.end() == 0
        finally:
            daemon.kill()
