"""The maker's authorities, imported from a folder: those that the table knows by their SHA-256, and nothing else."""

import json
import shutil
import subprocess

import pytest
from programs import VECTORS, Lab
from test_csr import Authority, says

UNVERIFIED, REFUSED, MISSING = 4, 3, 5
FOLDER = VECTORS / "cisco-ca"
NAMES = {
    "ACT2_SUDI_CA.pem", "Cisco_Manufacturing_CA.pem", "Cisco_Manufacturing_CA_SHA2.pem", "Cisco_Root_CA_2048.pem",
    "Cisco_Root_CA_2099.pem", "Cisco_Root_CA_M2.pem", "High_Assurance_SUDI_CA.pem",
}
with_vectors = pytest.mark.skipif(not FOLDER.is_dir(), reason="../shared/data/cisco-ca is absent")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    running = Lab(tmp_path_factory.mktemp("made") / "state", nodes=2, phones=1)
    try:
        yield running.wait_until_ready()
        running.end_well()
    finally:
        running.kill()


@pytest.fixture(scope="module")
def forger(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca") / "ca")


def imported(lab, folder, *words):
    return lab.run("trust", "import-manufacturing", folder, *words)


def manufacturing(lab):
    return {
        (row["store"], row["name"], row["nodes"]) for row in lab.json("trust", "review")["entries"]
        if row["standing"] == "manufacturing"
    }


def change(lab):
    return lab.json("cluster", "show")["change"]


def nothing_happens(lab, folder, status, *words):
    before = change(lab)
    ran = imported(lab, folder)
    assert ran.returncode == status, ran.stdout + ran.stderr
    for part in words:
        assert part in ran.stderr
    assert change(lab) == before


def test_a_folder_with_anything_else_is_refused(lab, forger, tmp_path):
    nothing_happens(lab, tmp_path, MISSING, "no file in it ends with")
    nothing_happens(lab, tmp_path / "absent", MISSING, "No such file")
    (tmp_path / "README.txt").write_text("not read: its name does not end like a certificate's\n")
    (tmp_path / ".hidden.pem").write_text("neither\n")
    nothing_happens(lab, tmp_path, MISSING, "no file in it ends with")
    (tmp_path / "broken.pem").write_text("no certificate\n")
    nothing_happens(lab, tmp_path, UNVERIFIED, "broken.pem")
    shutil.copy(forger.root, tmp_path / "broken.pem")
    nothing_happens(lab, tmp_path, UNVERIFIED, "broken.pem", "Example Root is none of", "nothing is imported")
    forged = forger.make("forged", "Cisco Root CA M2", None)
    shutil.copy(forged, tmp_path / "broken.pem")
    nothing_happens(lab, tmp_path, UNVERIFIED, "calls itself Cisco Root CA M2", "begins with cd85167b3935e27b")
    assert manufacturing(lab) == set()


def test_the_daemon_looks_for_itself(lab, forger):
    """Whoever speaks to the socket without our command line is not believed either."""
    import base64

    body = json.dumps({"folder": base64.b64encode(forger.root.read_bytes()).decode()})
    before = change(lab)
    ran = subprocess.run(
        ["curl", "-sS", "--unix-socket", lab.info["control"], "-X", "POST", "-d", body,
         "http://localhost/v1/trust-stores/manufacturing"], capture_output=True, text=True, check=True, timeout=60,
    )
    told = json.loads(ran.stdout)
    assert told["fault"] == "untrusted" and "Example Root" in told["error"], told
    assert change(lab) == before


@with_vectors
def test_one_changed_file_keeps_the_others_out(lab, forger, tmp_path):
    folder = tmp_path / "ca"
    shutil.copytree(FOLDER, folder)
    forged = forger.make("forged2", "Cisco Manufacturing CA", None)
    shutil.copy(forged, folder / "cmca.pem")
    nothing_happens(lab, folder, UNVERIFIED, "cmca.pem", "calls itself Cisco Manufacturing CA")
    shutil.copy(FOLDER / "cmca.pem", folder / "cmca.pem")
    der = forger.der(shutil.copy(FOLDER / "cmca2.pem", tmp_path / "other.pem"))
    bytes_ = bytearray(der.read_bytes())
    bytes_[-1] ^= 1
    (folder / "cmca2.pem").write_bytes(bytes_)
    nothing_happens(lab, folder, UNVERIFIED, "cmca2.pem", "calls itself Cisco Manufacturing CA SHA2")
    assert manufacturing(lab) == set()


@with_vectors
def test_they_are_imported_deleted_and_brought_back(lab):
    told = json.loads(imported(lab, FOLDER, "--json").stdout)
    assert {row["name"] for row in told["certificates"]} == NAMES
    assert {row["service"] for row in told["must_restart"]} >= {"Cisco CallManager"}
    pub, sub = lab.publisher["name"], lab.subscriber["name"]
    both = ", ".join(sorted((pub, sub)))
    assert manufacturing(lab) == {("CallManager-trust", name, both) for name in NAMES} | {
        ("CAPF-trust", name, pub) for name in NAMES}
    assert lab.json("audit", "list")["audit"][-1]["action"] == "trust import-manufacturing"
    assert imported(lab, FOLDER).returncode == 0  # again is fine
    says(lab.run("trust", "delete", "CAPF-trust", "Cisco_Root_CA_M2.pem"), REFUSED, "manufacturing")
    lab.json("trust", "delete", "CAPF-trust", "Cisco_Root_CA_M2.pem", "--force")
    left = manufacturing(lab)
    says(imported(lab, FOLDER), REFUSED, "--again")
    assert manufacturing(lab) == left
    assert imported(lab, FOLDER, "--again").returncode == 0
    assert len(manufacturing(lab)) == 14
