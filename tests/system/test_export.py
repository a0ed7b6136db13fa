"""Certificates out of the cluster into files, and who outside has to be given them."""

import base64
import hashlib
import json

import pytest
from programs import Lab
from test_csr import Authority, says

USAGE, REFUSED, MISSING = 2, 3, 5


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    running = Lab(tmp_path_factory.mktemp("export") / "state", nodes=2, phones=1)
    try:
        yield running.wait_until_ready()
        running.end_well()
    finally:
        running.kill()


def digests(lab, path):
    return sorted(row["sha256"] for row in lab.json("cert", "hash", path)["certificates"])


def listed(lab, *units):
    return sorted({row["sha256"] for unit in units for row in lab.json("cert", "list", "--unit", unit)["certificates"]})


def test_identities_and_stores_are_what_is_listed(lab, tmp_path):
    out = tmp_path / "out.pem"
    lab.json("cert", "export", "tomcat", "--out", out)
    assert digests(lab, out) == listed(lab, "tomcat") and len(digests(lab, out)) == 2
    lab.json("trust", "export", "CallManager-trust", "--out", out)
    assert digests(lab, out) == listed(lab, "CallManager-trust")
    one = lab.json("cert", "show", "TVS", "--node", lab.publisher["name"])
    lab.json("cert", "export", "TVS", "--node", lab.publisher["name"], "--der", "--out", out)
    assert hashlib.sha256(out.read_bytes()).hexdigest() == one["sha256"]
    copy = lab.json("cert", "list", "--unit", "tomcat-trust")["certificates"][0]
    for name in (copy["name"], copy["sha256"][:8]):
        lab.json("trust", "export", "tomcat-trust", name, "--out", out)
        assert digests(lab, out) == [copy["sha256"]]


@pytest.mark.parametrize("system, units", [
    ("expressway", ["CallManager", "tomcat"]), ("RADIUS", ["CAPF"]), ("contact-center", ["tomcat"]),
    ("cluster", ["tomcat", "CallManager", "CAPF", "ITLRecovery"]),
])
def test_what_a_system_has_to_be_given(lab, tmp_path, system, units):
    out = tmp_path / "out.pem"
    lab.json("trust", "export", "--for", system, "--out", out)
    assert digests(lab, out) == listed(lab, *units)


@pytest.mark.parametrize("words, status, said", [
    (["trust", "export"], USAGE, "out"),
    (["trust", "export", "--out", "x"], USAGE, "either"),
    (["trust", "export", "tomcat-trust", "--for", "radius", "--out", "x"], USAGE, "either"),
    (["trust", "export", "--for", "expresway", "--out", "x"], MISSING, "expressway"),
    (["trust", "export", "tomcat-trust", "nobody.pem", "--out", "x"], MISSING, "nothing of that name"),
    (["trust", "export", "tomcat-trust", "0123456", "--out", "x"], MISSING, "nothing of that name"),
    (["trust", "export", "nowhere-trust", "--out", "x"], MISSING, "nowhere-trust"),
    (["cert", "export", "tomcat", "--der", "--out", "x"], USAGE, "name it"),
    (["cert", "export", "tomcat", "--node", "nowhere", "--out", "x"], MISSING, ""),
])
def test_what_is_asked_in_vain(lab, tmp_path, words, status, said):
    says(lab.run(*words, cwd=tmp_path), status, said)
    assert not (tmp_path / "x").exists()


def test_a_regeneration_says_who_must_be_given_it(lab):
    told = lab.json("cert", "regen", "tomcat", "--node", lab.publisher["name"])
    assert {row["system"] for row in told["must_be_given_to"]} == {
        "contact-center", "voicemail", "expressway", "emergency", "identity-provider", "cluster"}
    assert lab.json("cert", "regen", "ipsec", "--node", lab.publisher["name"])["must_be_given_to"] == []
    ran = lab.run("cert", "regen", "CAPF", "--node", lab.publisher["name"])
    assert "radius" in ran.stdout and "802.1X" in ran.stdout


def test_a_concentrator_s_hash_for_configurations(lab, tmp_path):
    root = Authority(tmp_path / "ca").root
    der = Authority.der(Authority(tmp_path / "other"), root)
    assert lab.run("trust", "upload", "Phone-VPN-trust", "--certificate", root).returncode == 0
    out = tmp_path / "vpn.pem"
    lab.json("trust", "export", "Phone-VPN-trust", "--out", out)
    told = json.loads(lab.run("cert", "hash", out, "--json").stdout)["certificates"]
    wanted = base64.b64encode(hashlib.sha1(der.read_bytes()).digest()).decode()
    assert [row["vpn_cert_hash_sha1"] for row in told] == [wanted]
