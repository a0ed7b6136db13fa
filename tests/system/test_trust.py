"""Trust stores: what is in them is for something, and what was deleted stays deleted."""

import json
import subprocess

import pytest
from programs import Lab, descendants, until

CAPF_STORES = ("CAPF-trust", "CallManager-trust")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    running = Lab(tmp_path_factory.mktemp("trust") / "state", phones=20)
    try:
        yield running.wait_until_ready()
        running.end_well()
    finally:
        running.kill()


def reviewed(lab, *words):
    return lab.json("trust", "review", *words)["entries"]


def entries(lab, store, node=None):
    words = ("--node", node) if node else ()
    return lab.json("cert", "list", "--unit", store, *words)["certificates"]


def generations(lab):
    return {row["name"]: (row["generation"], row["wanted"]) for row in lab.json("list", "status")["lists"]}


def old_capf(lab):
    """A CAPF certificate that has a successor: its entry in both stores."""
    before = lab.json("cert", "show", "CAPF", "--node", "pub")["sha256"]
    lab.json("cert", "regen", "CAPF", "--node", "pub")
    return next(row for row in reviewed(lab, "--store", "CAPF-trust") if row["sha256"] == before)


def test_a_fresh_cluster_has_only_copies(lab):
    rows = reviewed(lab)
    assert rows
    assert {row["standing"] for row in rows} == {"copy"}
    assert not any(row["may_go"] for row in rows)
    tomcat = next(row for row in rows if row["store"] == "tomcat-trust" and "tomcat of sub1" in row["needed_by"])
    assert sorted(tomcat["nodes"].split(", ")) == ["pub", "sub1"]


def test_review_of_one_store(lab):
    assert {row["store"] for row in reviewed(lab, "--store", "ipsec-trust")} == {"ipsec-trust"}


@pytest.mark.parametrize("words, status, said", [
    (("tomcat-trust", "pub.lab.example.pem"), 3, "tomcat of pub"),
    (("CAPF-trust", "none.pem"), 5, "there is no none.pem"),
    (("CAPF-trust", "0123456"), 5, "there is no 0123456"),
    (("CAPF", "CAPF.pem"), 3, "identity"),
    (("nothing-trust", "a.pem"), 5, "no unit"),
    (("tomcat-trust",), 2, "needs"),
    (("tomcat-trust", "../x"), 5, "there is no"),
])
def test_what_is_not_deleted(lab, words, status, said):
    before = lab.json("cert", "list")
    ran = lab.run("trust", "delete", *words)
    assert ran.returncode == status, ran.stderr
    assert said in ran.stderr
    assert lab.json("cert", "list") == before


def test_an_earlier_capf_is_kept_for_the_phones_that_it_served(lab):
    old = old_capf(lab)
    assert (old["standing"], old["may_go"]) == ("in use", False)
    assert "phones" in old["needed_by"]
    ran = lab.run("trust", "delete", "CAPF-trust", old["name"])
    assert ran.returncode == 3 and "phones" in ran.stderr and "--force" in ran.stderr


def test_deleting_resets_nothing_and_stays(lab):
    """CSCut58407 and CSCto86463, with 20 phones on."""
    old = old_capf(lab)
    lab.settle()
    lists, audit = generations(lab), len(lab.json("audit", "list")["audit"])
    started = {(row["node"], row["service"]): row["started"] for row in lab.json("service", "list")["services"]}
    for store in CAPF_STORES:
        done = lab.json("trust", "delete", store, old["sha256"][:12], "--force", "--reason", "a new CAPF is in use")
        assert sorted(done["nodes"]) == ["pub", "sub1"]
        assert old["sha256"] not in {row["sha256"] for row in entries(lab, store)}
    assert {(row["store"], row["reason"]) for row in lab.json("trust", "deleted")["deleted"]} >= {
        (store, "a new CAPF is in use") for store in CAPF_STORES}
    now = lab.json("service", "list")["services"]
    assert started == {(row["node"], row["service"]): row["started"] for row in now}
    wanted = {row["service"] for row in now if row["restart_wanted"]}
    assert "Cisco CallManager" in wanted
    assert generations(lab) == lists
    changes = lab.json("audit", "list")["audit"][audit:]
    assert [row["action"] for row in changes] == ["trust delete"] * 2
    assert all("by force" in row["detail"] for row in changes)
    # another regeneration copies everything anew, and not that
    lab.json("cert", "regen", "CAPF", "--node", "pub")
    lab.settle()
    for store in CAPF_STORES:
        assert old["sha256"] not in {row["sha256"] for row in entries(lab, store)}
    ran = lab.run("trust", "delete", "CAPF-trust", old["name"])
    assert ran.returncode == 5


def authority(folder, name, issuer=None):
    """A CA, self-signed or signed by another: its certificate's path, and its key's."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    signed = ("-CA", issuer[0], "-CAkey", issuer[1]) if issuer else ()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/O=Elsewhere/CN={name}", "-days", "90",
         "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
         "-out", certificate, "-keyout", key, *signed],
        check=True, capture_output=True, timeout=120,
    )
    return certificate, key


def boots(lab):
    return {path.parent.name: json.loads(path.read_text())["boots"] for path in (lab.state / "phones").glob("*/phone.json")}


def look_twice(lab):
    """The lab looks after its phones in turns; what it exports shows that two of them have gone by."""
    for _ in range(2):
        new = lab.json("cert", "regen", "ipsec", "--node", "pub")["certificate"]["serial"]
        shown = lab.json("cert", "show", "ipsec", "--node", "pub")
        assert shown["serial"] == new
        exported = lab.state / "certificates/pub/ipsec.pem"
        until(lambda shown=shown: exported.read_text() == shown["pem"], 120)


DELETED_FROM = {  # and the services that should restart then
    "CAPF-trust": set(),  # Cisco Certificate Authority Proxy Function is not activated
    "CallManager-trust": {"Cisco CallManager"},
    "TVS-trust": {"Cisco Trust Verification Service"},
}


def upload_issuers(lab, folder):
    """One CA in each of the stores; its name there."""
    names = {}
    for number, store in enumerate(DELETED_FROM):
        path, _key = authority(folder, f"Issuer {number} of phones")
        lab.json("trust", "upload", store, "--certificate", path)
        names[store] = f"Issuer_{number}_of_phones.pem"
    for name in {name for services in DELETED_FROM.values() for name in services}:
        for node in ("pub", "sub1"):  # what the uploads flagged is done
            lab.json("service", "restart", name, "--node", node)
    return names


def test_no_phone_is_reset_by_a_deletion(lab, tmp_path):
    """CSCut58407: from each of the three stores, with 20 phones on."""
    names = upload_issuers(lab, tmp_path)
    look_twice(lab)
    lab.read()
    mark, before, lists = len(lab.output), boots(lab), generations(lab)
    running = set(descendants(lab.pid))
    assert len(before) == 20
    for store, services in DELETED_FROM.items():
        done = lab.json("trust", "delete", store, names[store])
        wanted = {(name, node) for name in services for node in ("pub", "sub1")}
        assert {(item["service"], item["node"]) for item in done["must_restart"]} == wanted
        assert set(done["phones"]) == set(before)
        assert done["touches_phones_that"] == lab.json("impact", store)["touches_phones_that"]
    look_twice(lab)
    lab.read()
    assert "reset" not in lab.output[mark:] and "SEP" not in lab.output[mark:], lab.output[mark:]
    assert boots(lab) == before and generations(lab) == lists
    assert running <= set(descendants(lab.pid))
    flagged = {(row["service"], row["node"]) for row in lab.json("service", "list")["services"] if row["restart_wanted"]}
    assert flagged >= {(name, node) for services in DELETED_FROM.values() for name in services for node in ("pub", "sub1")}


def test_a_leaf_that_goes_concerns_no_phone(lab):
    """Only what may have issued a phone's certificate does, where TVS vouches for nothing."""
    name = next(row["name"] for row in entries(lab, "CallManager-trust", "sub1") if row["name"].startswith("sub1"))
    done = lab.json("trust", "delete", "CallManager-trust", name, "--force")
    assert done["phones"] == [] and done["touches_phones_that"] is None


def test_who_needs_it_is_named_and_force_is_audited(lab, tmp_path):
    """A member of a chain stays while what it issued is there."""
    root = authority(tmp_path, "The root")
    middle = authority(tmp_path, "The middle", root)
    for path, _key in (root, middle):
        lab.json("trust", "upload", "TVS-trust", "--certificate", path)
    before = lab.json("cluster", "show")["change"]
    ran = lab.run("trust", "delete", "TVS-trust", "The_root.pem")
    assert ran.returncode == 3, ran.stderr
    assert "the chain of The middle" in ran.stderr and "--force" in ran.stderr
    assert lab.json("cluster", "show")["change"] == before
    lab.json("trust", "delete", "TVS-trust", "The_root.pem", "--force", "--reason", "it moved")
    last = lab.json("audit", "list")["audit"][-1]
    assert last["action"] == "trust delete"
    assert "The_root.pem" in last["detail"] and "by force" in last["detail"] and "it moved" in last["detail"]
    assert lab.run("trust", "delete", "TVS-trust", "The_middle.pem").returncode == 0


def test_a_deleted_copy_of_a_live_one_is_not_copied_to_a_newcomer(lab):
    name = next(row["name"] for row in entries(lab, "ipsec-trust", "pub"))
    lab.json("trust", "delete", "ipsec-trust", name, "--force")
    lab.json("node", "add", "sub9", "--address", "127.0.10.99", "--tftp-port", "0", "--http-port", "0",
             "--https-port", "0", "--tvs-port", "0")
    assert name not in {row["name"] for row in entries(lab, "ipsec-trust", "sub9")}
    assert entries(lab, "tomcat-trust", "sub9")
