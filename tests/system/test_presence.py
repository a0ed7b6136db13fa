"""An IM and Presence Service node beside the call nodes, and what may be chosen of a new certificate."""

import pytest
from programs import Lab, dialtrust

OWN = {"tomcat", "tomcat-ECDSA", "ipsec", "cup", "cup-ECDSA", "cup-xmpp", "cup-xmpp-ECDSA",
       "cup-xmpp-s2s", "cup-xmpp-s2s-ECDSA"}
STORES = {"tomcat-trust", "ipsec-trust", "cup-trust", "cup-xmpp-trust"}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    state = tmp_path_factory.mktemp("presence") / "state"
    running = Lab(state, "--presence", "imp1", nodes=1, phones=1)
    try:
        yield running.wait_until_ready()
        running.end_well()
    finally:
        running.kill()


def certificates(lab, *words):
    return lab.json("cert", "list", *words)["certificates"]


def test_its_certificates_and_stores(lab):
    units = {row["unit"] for row in certificates(lab, "--node", "imp1")}
    assert units == OWN | STORES
    assert lab.nodes["imp1"]["role"] == "presence"
    assert set(lab.lists()) == {"pub"}


def test_copies_of_all_its_xmpp_certificates_live_side_by_side(lab):
    shown = {row["name"] for row in certificates(lab, "--node", "imp1", "--unit", "cup-xmpp-trust")}
    assert len(shown) == 4


def test_its_tomcat_is_trusted_by_the_publisher(lab):
    own = next(row for row in certificates(lab, "--node", "imp1") if row["unit"] == "tomcat")
    trusted = certificates(lab, "--node", "pub", "--unit", "tomcat-trust")
    assert own["sha256"] in {row["sha256"] for row in trusted}


def test_a_regeneration_there_is_done_there(lab):
    before = lab.json("cert", "show", "cup", "--node", "imp1")
    done = lab.json("cert", "regen", "cup", "--node", "imp1")
    assert done["certificate"]["sha256"] != before["sha256"]
    assert done["lists"] == [] and done["phones_behind"] == []
    assert {row["service"] for row in done["must_restart"]} == {"Cisco SIP Proxy", "Cisco Presence Engine"}
    copies = certificates(lab, "--node", "imp1", "--unit", "cup-trust")
    assert before["sha256"] not in {row["sha256"] for row in copies}
    assert done["certificate"]["sha256"] in {row["sha256"] for row in copies}


def test_phones_that_must_follow_are_named(lab):
    phone = lab.info["phones"][0]["name"]
    assert lab.json("cert", "regen", "TVS", "--node", "pub")["phones_behind"] == [phone]


@pytest.mark.parametrize("unit, node, words", [
    ("CAPF", "imp1", "publisher"),
    ("TVS", "imp1", "presence"),
    ("cup", "pub", "publisher"),
    ("cup-trust", "imp1", "trust store"),
])
def test_refused_where_it_does_not_belong(lab, unit, node, words):
    ran = lab.run("cert", "regen", unit, "--node", node)
    assert ran.returncode == 3
    assert words in ran.stderr


@pytest.mark.parametrize("unit, words, key, algorithm, years", [
    ("tomcat", ["--key", "RSA-3072", "--years", "1"], "RSA-3072", "sha256WithRSAEncryption", 1),
    ("ipsec", ["--hash", "512", "--years", "20"], "RSA-2048", "sha512WithRSAEncryption", 20),
    ("tomcat-ECDSA", ["--key", "ec-p256"], "EC-P256", "ecdsa-with-SHA256", 5),
    ("CallManager", ["--key", "RSA-4096", "--force"], "RSA-4096", "sha256WithRSAEncryption", 5),
])
def test_what_may_be_chosen(lab, unit, words, key, algorithm, years):
    done = lab.json("cert", "regen", unit, "--node", "pub", *words)["certificate"]
    shown = lab.json("cert", "show", unit, "--node", "pub")
    assert (done["key"], shown["signature_algorithm"]) == (key, algorithm)
    assert abs(int(done["not_after"][:4]) - int(done["not_before"][:4]) - years) <= 1


@pytest.mark.parametrize("unit, words, status, said", [
    ("CallManager", ["--key", "RSA-3072", "--force"], 3, "no code for RSA-3072"),
    ("CallManager", ["--key", "RSA-4096"], 3, "--force"),
    ("ITLRecovery", ["--key", "RSA-4096"], 3, "--force"),
    ("tomcat", ["--key", "EC-P256"], 3, "not EC-P256"),
    ("tomcat", ["--key", "RSA-1024"], 2, "RSA-2048"),
    ("tomcat", ["--years", "3"], 2, "1, 2, 5, 10 or 20 years"),
    ("tomcat", ["--hash", "160"], 2, "256, 384 or 512"),
    ("tomcat-ECDSA", ["--hash", "256"], 2, "weaker"),
])
def test_what_may_not(lab, unit, words, status, said):
    before = lab.json("cert", "show", unit, "--node", "pub")["sha256"]
    ran = lab.run("cert", "regen", unit, "--node", "pub", *words)
    assert ran.returncode == status
    assert said in ran.stderr
    assert lab.json("cert", "show", unit, "--node", "pub")["sha256"] == before


@pytest.mark.parametrize("name", ["pub", "sub1", "a-name-of-16-char", "9imp", ""])
def test_a_bad_name_of_a_presence_node(name):
    ran = dialtrust("lab", "--presence", name, "--once")
    assert ran.returncode == 2
    assert "--presence" in ran.stderr
