"""What a regeneration is said to do, word by word: the old copy by the rule of one name, every CAPF kept, a
pending request dropped, years, hashes and keys."""

import datetime
import re

import pytest
from programs import Lab

USAGE, REFUSED = 2, 3
SIGNING = ["CallManager", "ITLRecovery"]  # what phones read
OTHERS = ["tomcat", "ipsec", "TVS", "CAPF"]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    running = Lab(tmp_path_factory.mktemp("words") / "state", nodes=2, phones=1)
    try:
        yield running.wait_until_ready()
        running.end_well()
    finally:
        running.kill()


def regenerate(lab, unit, *words, node="pub"):
    return lab.json("cert", "regen", unit, "--node", node, *words)["certificate"]


def stored(lab, store):
    rows = lab.json("cert", "list", "--unit", store)["certificates"]
    return {(row["node"], row["subject"], row["sha256"]) for row in rows}


def refused(lab, status, says, unit, *words):
    before = lab.json("cert", "show", unit, "--node", "pub")["sha256"]
    ran = lab.run("cert", "regen", unit, "--node", "pub", *words)
    assert (ran.returncode, ran.stdout) == (status, ""), ran.stdout + ran.stderr
    assert says in ran.stderr
    assert lab.json("cert", "show", unit, "--node", "pub")["sha256"] == before


@pytest.mark.parametrize("unit, store, everywhere", [
    ("tomcat", "tomcat-trust", True), ("CallManager", "CallManager-trust", True), ("ipsec", "ipsec-trust", True),
])
def test_the_old_copy_is_retired_by_the_same_subject_rule(lab, unit, store, everywhere):
    old = lab.json("cert", "show", unit, "--node", "pub")
    new = regenerate(lab, unit)
    assert (new["subject"], new["sha256"] == old["sha256"]) == (old["subject"], False)
    copies = {(node, digest) for node, subject, digest in stored(lab, store) if subject == old["subject"]}
    assert copies == {("pub", new["sha256"]), ("sub1", new["sha256"])}


def test_a_subscribers_ipsec_copy_stays_at_home(lab):
    new = regenerate(lab, "ipsec", node="sub1")
    assert {node for node, _, digest in stored(lab, "ipsec-trust") if digest == new["sha256"]} == {"sub1"}


def test_every_old_capf_is_kept_with_a_common_name_of_its_own(lab):
    made = [lab.json("cert", "show", "CAPF", "--node", "pub")] + [regenerate(lab, "CAPF") for _ in range(3)]
    names = {re.match(r"CN=(CAPF-[0-9a-f]{8});", row["subject"])[1] for row in made}
    assert len(names) == 4
    for store in ("CAPF-trust", "CallManager-trust"):
        kept = stored(lab, store)
        for node in ("pub", "sub1"):
            assert {(node, row["subject"], row["sha256"]) for row in made} <= kept


def test_a_pending_request_is_dropped_and_no_other(lab):
    for unit in ("tomcat", "ipsec"):
        lab.json("csr", "make", unit, "--node", "pub")
    lab.json("csr", "make", "tomcat", "--node", "sub1")
    regenerate(lab, "tomcat")
    left = {(row["node"], row["unit"]) for row in lab.json("csr", "list")["requests"]}
    assert left == {("pub", "ipsec"), ("sub1", "tomcat")}
    lab.json("csr", "delete", "ipsec", "--node", "pub")
    lab.json("csr", "delete", "tomcat", "--node", "sub1")


@pytest.mark.parametrize("years", [1, 2, 5, 10, 20])
def test_it_is_valid_for_whole_years_of_365_days_less_one_second(lab, years):
    made = regenerate(lab, "ipsec", "--years", years)
    begin, end = (datetime.datetime.fromisoformat(made[key].replace("Z", "+00:00"))
                  for key in ("not_before", "not_after"))
    assert end - begin == datetime.timedelta(days=365 * years, seconds=-1)


@pytest.mark.parametrize("years", [0, 3, 4, 6, 11, 19, 21, 25, 100])
def test_other_years_are_refused(lab, years):
    refused(lab, USAGE, "1, 2, 5, 10 or 20 years", "tomcat", "--years", years)


@pytest.mark.parametrize("unit, key, weakest", [
    ("tomcat", "RSA-2048", 256), ("tomcat-ECDSA", "EC-P256", 256), ("tomcat-ECDSA", "EC-P384", 384),
    ("tomcat-ECDSA", "EC-P521", 512),
])
def test_the_hash_is_at_least_as_strong_as_the_key(lab, unit, key, weakest):
    for hash in (256, 384, 512):
        words = "--key", key, "--hash", hash
        if hash < weakest:
            refused(lab, USAGE, f"SHA-{hash} is weaker than a key of {key}: take {weakest}", unit, *words)
            continue
        assert regenerate(lab, unit, *words)["key"] == key
        algorithm = lab.json("cert", "show", unit, "--node", "pub")["signature_algorithm"]
        assert f"sha{hash}" in algorithm.lower()
    assert f"SHA{weakest}".lower() in lab.json(
        "cert", "show", unit, "--node", "pub")["signature_algorithm"].lower() or weakest < 512
    refused(lab, USAGE, "256, 384 or 512", unit, "--key", key, "--hash", 160)


@pytest.mark.parametrize("unit", SIGNING)
def test_what_signs_for_phones_takes_rsa_2048_or_4096_by_force_and_never_3072(lab, unit):
    assert regenerate(lab, unit, "--key", "RSA-2048")["key"] == "RSA-2048"
    for force in ([], ["--force"]):
        refused(lab, REFUSED, "no code for RSA-3072", unit, "--key", "RSA-3072", *force)
    refused(lab, REFUSED, "--force", unit, "--key", "RSA-4096")
    refused(lab, REFUSED, "has a key like RSA-2048", unit, "--key", "EC-P256", "--force")


def test_4096_by_force_signs(lab):
    assert regenerate(lab, "CallManager", "--key", "RSA-4096", "--force")["key"] == "RSA-4096"
    lab.settle(60)
    assert regenerate(lab, "CallManager")["key"] == "RSA-2048"


@pytest.mark.parametrize("unit", OTHERS)
def test_other_units_take_any_rsa(lab, unit):
    assert regenerate(lab, unit, "--key", "RSA-3072")["key"] == "RSA-3072"
    refused(lab, REFUSED, "has a key like RSA-2048", unit, "--key", "EC-P384")
    refused(lab, USAGE, "RSA-2048, RSA-3072", unit, "--key", "RSA-1024")
