"""Certificates are regenerated while phones look on."""

import concurrent.futures

import pytest
from programs import dialtrust, fetch, until
from signed_file import certificate_of, openssl_verifies, parse, records, sha256
from test_lists import der


def boot(lab, phone, node, tmp_path, *words):
    """One more phone, from the command line, with a state of its own."""
    return dialtrust(
        "emulator", "boot", "--name", phone, "--server", node["address"],
        "--tftp", node["ports"]["tftp"], "--http", node["ports"]["http"],
        "--state", tmp_path, *words,
    )


@pytest.mark.parametrize(
    "role, unit",
    [(role, unit) for role in ("publisher", "subscriber")
     for unit in ("CallManager", "TVS", "tomcat", "CallManager-ECDSA")] + [("publisher", "ITLRecovery")],
)
def test_regeneration(own_lab_shared, unit, role, tmp_path):
    lab = own_lab_shared
    node = next(n for n in lab.info["nodes"] if n["role"] == role)
    phone = lab.info["phones"][0]["name"]
    before, lists = lab.json("cert", "show", unit, "--node", node["name"]), lab.lists()
    assert boot(lab, phone, node, tmp_path / "phone").returncode == 0
    done = lab.json("cert", "regen", unit, "--node", node["name"])
    assert done["schema_version"] == 1
    assert done["certificate"]["sha256"] != before["sha256"]
    after = lab.json("cert", "show", unit, "--node", node["name"])
    assert after["sha256"] == done["certificate"]["sha256"]
    assert after["serial"] != before["serial"]
    lab.settle()
    changed = {row["name"].removeprefix("ITL ") for row in done["lists"]}
    now = lab.lists()
    for name, row in now.items():
        if name in changed:
            assert row["generation"] == lists[name]["generation"] + 1
            assert row["timestamp"] > lists[name]["timestamp"]
        else:
            assert row["sha256"] == lists[name]["sha256"]
    expected = {
        "CallManager": {node["name"]}, "TVS": set(now), "ITLRecovery": set(now), "tomcat": set(),
        "CallManager-ECDSA": set(),
    }[unit]
    assert changed == expected
    for other in lab.info["nodes"]:
        until(lambda other=other: sha256(fetch(other, "ITLFile.tlv")) == now[other["name"]]["sha256"])
        (tmp_path / other["name"]).mkdir()
        data = fetch(other, "ITLFile.tlv")
        assert openssl_verifies(
            data, certificate_of(data, parse(data).signer), tmp_path / other["name"]
        )
    again = boot(lab, phone, node, tmp_path / "phone")
    assert again.returncode == 0, again.stdout + again.stderr
    assert ("Trust List Updated" in again.stdout) == (node["name"] in changed)


@pytest.fixture(scope="module")
def own_lab_shared(tmp_path_factory):
    from programs import Lab

    lab = Lab(tmp_path_factory.mktemp("regen") / "state", nodes=2, phones=3)
    try:
        yield lab.wait_until_ready()
        lab.end_well()
    finally:
        lab.kill()


def test_signed_files_follow_the_new_key(own_lab_shared, tmp_path):
    lab, node = own_lab_shared, own_lab_shared.publisher
    name = f"{lab.info['phones'][0]['name']}.cnf.xml.sgn"
    lab.json("cert", "regen", "CallManager", "--node", node["name"])
    lab.settle()

    def signed_anew():
        data, itl = fetch(node, name), fetch(node, "ITLFile.tlv")
        listed = [r for r in records(itl) if r[6].hex() == parse(data).signer[1]]
        return bool(listed) and openssl_verifies(data, listed[0][9], tmp_path)

    until(signed_anew, 20, "a .sgn by the listed key")


def test_tvs_vouches_for_the_new_and_knows_the_old_no_more(own_lab_shared):
    from test_tvs import ask, verify_request

    lab = own_lab_shared
    old = der(lab.publisher["certificates"]["CallManager"])
    lab.json("cert", "regen", "CallManager", "--node", lab.publisher["name"])
    lab.settle()
    pem = lab.json("cert", "show", "CallManager", "--node", lab.publisher["name"])["pem"]
    import base64

    new = base64.b64decode("".join(line for line in pem.splitlines() if "-----" not in line))

    for node in lab.info["nodes"]:
        until(
            lambda node=node: ask(node, verify_request(new))[2][0] == (7, b"\0"),
            20, f"{node['name']} to vouch for the new certificate",
        )
    assert old != new


def test_through_the_publishers_socket_on_the_subscriber(own_lab_shared):
    lab = own_lab_shared
    name = lab.subscriber["name"]
    before = lab.json("cert", "show", "CallManager", "--node", name)["sha256"]
    done = lab.json("cert", "regen", "CallManager", "--node", name)
    assert (done["node"], done["unit"]) == (name, "CallManager")
    assert lab.json("cert", "show", "CallManager", "--node", name)["sha256"] != before
    lab.settle()


def test_many_at_once(own_lab_shared):
    """Also both signers of a list, on two nodes: one waits until the other's list is published."""
    lab = own_lab_shared
    jobs = [("CallManager", n["name"]) for n in lab.info["nodes"]] * 2
    jobs += [(unit, lab.publisher["name"]) for unit in ("TVS", "ITLRecovery")]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        ran = list(pool.map(lambda job: lab.run("cert", "regen", job[0], "--node", job[1]), jobs))
    for one in ran:
        assert one.returncode == 0, one.stderr
    lab.settle()
    for node in lab.info["nodes"]:
        data = fetch(node, "ITLFile.tlv")
        listed = {sha256(record[9]) for record in records(data)}
        for unit in ("CallManager", "TVS"):
            shown = lab.json("cert", "show", unit, "--node", node["name"])
            assert shown["sha256"].lower().replace(":", "") in listed


def test_every_change_stands_in_the_audit(own_lab_shared):
    lab = own_lab_shared
    rows = lab.json("audit", "list")["audit"]
    assert [row["change"] for row in rows] == sorted(row["change"] for row in rows)
    lab.json("cert", "regen", "ipsec", "--node", lab.publisher["name"])
    more = lab.json("audit", "list")["audit"]
    assert more[: len(rows)] == rows or more[-len(rows) :] == rows
    new = [row for row in more if row not in rows]
    assert any("regen" in row["action"] and "ipsec" in row["detail"] for row in new)


def test_flagged_services(own_lab_shared):
    lab = own_lab_shared
    name = lab.publisher["name"]
    done = lab.json("cert", "regen", "CallManager", "--node", name)
    flagged = {row["service"] for row in done["must_restart"]}
    assert "Cisco CallManager" in flagged
    wanted = {
        row["service"] for row in lab.json("service", "list")["services"] if row["restart_wanted"]
    }
    assert flagged <= wanted
    lab.settle()


def test_a_phone_tells_in_json(own_lab_shared, tmp_path):
    import json

    lab = own_lab_shared
    ran = boot(lab, lab.info["phones"][1]["name"], lab.publisher, tmp_path / "phone", "--json")
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert (told["schema_version"], told["state"]) == (1, "verified")


def test_a_phone_refuses_what_a_stranger_signed(own_lab_shared, tmp_path):
    """It holds another cluster's list, whose TVS does not vouch for this cluster."""
    from programs import Lab

    lab = own_lab_shared
    other = Lab(tmp_path / "other", nodes=1, phones=1)
    try:
        other.wait_until_ready()
        phone = other.info["phones"][0]["name"]
        assert boot(other, phone, other.publisher, tmp_path / "phone").returncode == 0
        moved = boot(lab, phone, lab.publisher, tmp_path / "phone")
        assert moved.returncode == 4, moved.stdout + moved.stderr
        assert "Trust List Update Failed" in moved.stdout
        other.end_well()
    finally:
        other.kill()
    alone = boot(lab, phone, lab.publisher, tmp_path / "phone")  # and now nobody to ask
    assert alone.returncode == 1, alone.stdout + alone.stderr
    home = boot(lab, phone, lab.publisher, tmp_path / "fresh")
    assert home.returncode == 0
