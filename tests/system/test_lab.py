"""A newcomer's cluster: issue 2, "What a newcomer sees"."""

import json
import re
import signal
import socket

import pytest
from programs import Lab, alive, descendants, dialtrust, until

pytestmark = pytest.mark.asan

SERVED = {"tftp", "http", "https", "tvs"}
UNITS = {"CallManager", "CallManager-ECDSA", "tomcat", "tomcat-ECDSA", "ipsec", "TVS"}


def test_lab_json(lab):
    info = lab.info
    assert [node["role"] for node in info["nodes"]] == ["publisher", "subscriber"]
    for node in info["nodes"]:
        assert re.fullmatch(r"127\.0\.10\.\d+", node["address"])
        assert SERVED <= set(node["ports"]) <= SERVED | {"capf", "admin"}
        assert all(1024 <= port <= 65535 for port in node["ports"].values())
        assert UNITS <= set(node["certificates"])
        for path in node["certificates"].values():
            assert open(path).read().startswith("-----BEGIN CERTIFICATE-----")
    assert len({node["address"] for node in info["nodes"]}) == 2
    assert len({node["name"] for node in info["nodes"]}) == 2
    assert len(info["phones"]) == 5
    for phone in info["phones"]:
        assert re.fullmatch(r"SEP[0-9A-F]{12}", phone["name"])
        assert isinstance(phone["state"], str) and phone["state"]
    assert len({phone["name"] for phone in info["phones"]}) == 5
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(info["control"])


def test_everything_stays_under_the_state_directory(lab):
    assert lab.info["control"].startswith(f"{lab.state}/")
    for node in lab.info["nodes"]:
        for path in node["certificates"].values():
            assert path.startswith(f"{lab.state}/")


def test_each_node_has_its_own_processes(lab):
    commands = [" ".join(words) for words in descendants(lab.pid).values()]
    for process in ("signer", "manager", "tvs", "provision", "admin"):
        assert sum(process in command for command in commands) == 2, process


def test_it_names_commands_to_try(lab):
    lab.wait_for_text("Ctrl-C")
    assert "dialtrust cert regen" in lab.output


def test_once_ends_well(once):
    assert once.returncode == 0, once.stdout + once.stderr


def test_once_tells_the_story_in_order(once):
    story = [
        r"cluster", r"certificate", r"published", r"Trust List Installed|ITL installed",
        r"\.cnf\.xml\.sgn", r"regenerat.*CallManager|CallManager.*regenerat", r"Trust List Updated",
        r"regenerat.*TVS|TVS.*regenerat", r"Trust List Updated",
    ]
    at = 0
    for words in story:
        found = re.compile(words, re.I).search(once.stdout, at)
        assert found, f"{words!r} is missing after:\n{once.stdout[:at][-500:]}"
        at = found.end()


def test_once_ends_with_a_table_of_all_phones(once):
    info = json.loads((once.state / "lab.json").read_text())
    table = once.stdout[once.stdout.rindex("Trust List Updated") :]
    closing = once.stdout.splitlines()[-60:]
    for phone in info["phones"]:
        assert any(phone["name"] in line for line in closing), table


def test_once_leaves_nothing_running(once):
    info = json.loads((once.state / "lab.json").read_text())
    for node in info["nodes"]:
        with socket.socket() as client:
            assert client.connect_ex((node["address"], node["ports"]["tvs"])) != 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_all_of_it(tmp_path, number):
    lab = Lab(tmp_path / "state", nodes=1, phones=1)
    try:
        lab.wait_until_ready()
        started = descendants(lab.pid)
        assert len(started) >= 6
        assert lab.end(number) == 0
        until(lambda: not any(alive(pid) for pid in started), 10, "the end of its processes")
    finally:
        lab.kill()


def test_killed_it_leaves_nothing_running(tmp_path):
    lab = Lab(tmp_path / "state", nodes=2, phones=1)
    lab.wait_until_ready()
    started = descendants(lab.pid)
    lab.process.kill()
    lab.process.wait(10)
    until(lambda: not any(alive(pid) for pid in started), 10, "the end of its processes")


def test_no_phones_and_one_node(own_lab):
    lab = own_lab(nodes=1, phones=0)
    assert lab.info["phones"] == []
    assert [node["role"] for node in lab.info["nodes"]] == ["publisher"]


def test_itl_signer_call_manager(own_lab):
    lab = own_lab("--itl-signer", "CallManager", nodes=2, phones=2)
    for name, row in lab.lists().items():
        assert row["signer"] == f"CallManager of {name}"


@pytest.mark.parametrize(
    "words, said",
    [
        (["--nodes", "0"], "nodes"),
        (["--nodes", "two"], "two"),
        (["--phones", "-1"], "-1"),
        (["--frob"], "--frob"),
        (["--itl-signer", "ipsec"], "ipsec"),
        (["--clock-offset", "soon"], "soon"),
    ],
)
def test_wrong_words(tmp_path, words, said):
    ran = dialtrust("lab", "--state", tmp_path / "state", *words)
    assert ran.returncode == 2
    assert said in ran.stderr
    assert ran.stdout == ""


def test_clock_offset_moves_what_is_written(own_lab):
    year = 365 * 86400
    lab = own_lab("--clock-offset", year, nodes=1, phones=1)
    import time

    from programs import fetch
    from signed_file import parse

    written = parse(fetch(lab.publisher, "ITLFile.tlv")).timestamp
    assert abs(written - time.time() - year) < 300
