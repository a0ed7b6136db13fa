"""Services: activated and not, restarted and noted; and what a certificate means for them."""

import pytest
from programs import Lab, fetch, until
from signed_file import records, sha256

CAPF = "Cisco Certificate Authority Proxy Function"
TVS = "Cisco Trust Verification Service"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    running = Lab(tmp_path_factory.mktemp("services") / "state", "--presence", "imp1", nodes=2, phones=2)
    try:
        yield running.wait_until_ready()
        running.end_well()
    finally:
        running.kill()


def service(lab, name, node="pub"):
    rows = lab.json("service", "list")["services"]
    return next(row for row in rows if (row["service"], row["node"]) == (name, node))


def roles(node):
    return sorted(int.from_bytes(record[4], "big") for record in records(fetch(node, "ITLFile.tlv")))


def changes(lab):
    return lab.json("cluster", "show")["change"]


def test_what_is_not_activated_is_in_no_list_until_it_is(lab):
    before = lab.lists()
    assert 4 not in roles(lab.publisher)
    done = lab.json("service", "activate", CAPF, "--node", "pub")
    assert {row["name"] for row in done["lists"]} == {"ITL pub", "ITL sub1"}
    lab.settle()
    certificate = lab.json("cert", "show", "CAPF", "--node", "pub")["sha256"]
    for node in (lab.publisher, lab.subscriber):
        now = lab.lists()[node["name"]]
        assert now["generation"] == before[node["name"]]["generation"] + 1
        until(lambda node=node, now=now: sha256(fetch(node, "ITLFile.tlv")) == now["sha256"])
        assert 4 in roles(node)
        listed = {sha256(record[9]) for record in records(fetch(node, "ITLFile.tlv"))}
        assert certificate.lower().replace(":", "") in listed
    number = changes(lab)
    again = lab.json("service", "activate", CAPF, "--node", "pub")
    assert "already" in again["message"] and again["lists"] == []
    assert changes(lab) == number
    lab.json("service", "deactivate", CAPF, "--node", "pub")
    lab.settle()
    for node in (lab.publisher, lab.subscriber):
        until(lambda node=node: 4 not in roles(node))
    assert service(lab, CAPF)["activated"] is False


def test_what_is_not_activated_is_not_asked_to_restart(lab):
    assert service(lab, "Cisco HAProxy")["activated"] is False
    done = lab.json("cert", "regen", "CallManager", "--node", "pub")
    assert "Cisco HAProxy" not in {row["service"] for row in done["must_restart"]}
    assert service(lab, "Cisco HAProxy")["restart_wanted"] is False
    lab.json("service", "activate", "Cisco HAProxy", "--node", "pub")
    assert service(lab, "Cisco HAProxy")["restart_wanted"] is False
    done = lab.json("cert", "regen", "CallManager-ECDSA", "--node", "pub")
    assert {"service": "Cisco HAProxy", "node": "pub"} in done["must_restart"]
    assert service(lab, "Cisco HAProxy")["restart_wanted"] is True
    lab.json("service", "deactivate", "Cisco HAProxy", "--node", "pub")
    assert service(lab, "Cisco HAProxy")["restart_wanted"] is False
    lab.settle()


@pytest.mark.parametrize("name, node", [("Cisco CallManager", "sub1"), ("Cisco DRF Local", "sub1")])
def test_a_flag_stays_until_it_was_restarted_after_the_change(lab, name, node):
    unit = "CallManager" if name == "Cisco CallManager" else "ipsec"
    lab.json("service", "restart", name, "--node", node)  # before the change: clears nothing of it
    lab.json("cert", "regen", unit, "--node", node)
    lab.json("service", "restart", name, "--node", "pub")  # another node's
    assert service(lab, name, node)["restart_wanted"] is True
    done = lab.json("service", "restart", name.lower(), "--node", node)
    assert (done["service"], done["node"]) == (name, node)
    assert "noted" in done["message"]
    assert service(lab, name, node)["restart_wanted"] is False
    last = lab.json("audit", "list")["audit"]
    assert any(row["action"] == "service restart" and name in row["detail"] for row in last)
    lab.settle()


@pytest.mark.parametrize("words, status, said", [
    (("deactivate", "Cisco Tomcat", "--node", "pub"), 3, "network service"),
    (("deactivate", TVS, "--node", "sub1"), 3, "network service"),
    (("deactivate", "Cisco Tftp", "--node", "pub"), 3, "settings"),
    (("deactivate", "Cisco Tftp", "--node", "imp1"), 5, "service list"),
    (("activate", CAPF, "--node", "sub1"), 5, "service list"),
    (("activate", "Cisco Nothing", "--node", "pub"), 5, "service list"),
    (("activate", CAPF, "--node", "nowhere"), 5, "nowhere"),
    (("activate", CAPF), 2, "--node"),
    (("restart", "Cisco Nothing", "--node", "pub"), 5, "service list"),
    (("restart", CAPF, "--node", "pub"), 3, "not activated"),
    (("restart", "Cisco XCP Router", "--node", "pub"), 5, "service list"),
])
def test_refused(lab, words, status, said):
    before = lab.json("service", "list")["services"]
    ran = lab.run("service", *words)
    assert ran.returncode == status, ran.stderr
    assert said in ran.stderr
    assert lab.json("service", "list")["services"] == before


def test_impact_tells_what_a_regeneration_does(lab):
    """What it foretells is what then comes about."""
    told = lab.json("impact", "CallManager", "--node", "sub1")
    assert [row["node"] for row in told["nodes"]] == ["sub1"]
    assert [(row["name"], row["signs_it"]) for row in told["lists"]] == [("ITL sub1", False)]
    assert told["phones_then"] == "reset by themselves"
    by_hand = [(r["service"], r["node"]) for r in told["services"] if r["restart"] == "by hand"]
    done = lab.json("cert", "regen", "CallManager", "--node", "sub1")
    assert {(row["service"], row["node"]) for row in done["must_restart"]} == set(by_hand)
    assert [row["name"] for row in done["lists"]] == ["ITL sub1"]
    assert set(done["phones_behind"]) <= set(told["phones"])
    lab.settle()


def test_impact_puts_the_publisher_first(lab):
    told = lab.json("impact", "CAPF")
    assert [row["node"] for row in told["nodes"]] == ["pub"]
    assert told["lists"] == []  # not without its service
    turns = [(row["service"], row["node"], row["restart"]) for row in told["services"]]
    assert turns[:3] == [(CAPF, "pub", "not activated"), (TVS, "pub", "by itself"), (TVS, "sub1", "by itself")]
    assert set(told["phones"]) == {phone["name"] for phone in lab.info["phones"]}


def test_impact_of_the_signer_of_lists(lab):
    told = lab.json("impact", "itlrecovery")
    assert {(row["name"], row["signs_it"]) for row in told["lists"]} == {("ITL pub", True), ("ITL sub1", True)}
    assert told["name"] == "ITLRecovery"


@pytest.mark.parametrize("what", ["lsc", "MIC"])
def test_impact_of_what_phones_have(lab, what):
    told = lab.json("impact", what)
    assert told["kind"] == "certificate of phones"
    assert told["nodes"] == told["lists"] == told["services"] == []
    assert "register" in told["breaks"]
    assert len(told["phones"]) == len(lab.info["phones"])


def test_impact_of_a_trust_store_and_of_what_no_phone_sees(lab):
    told = lab.json("impact", "CallManager-trust")
    assert {row["node"] for row in told["nodes"]} == {"pub", "sub1"}
    assert all(row["restart"] != "by itself" for row in told["services"])
    assert told["phones_then"] == "go on"
    told = lab.json("impact", "cup")
    assert [row["node"] for row in told["nodes"]] == ["imp1"]
    assert told["phones"] == [] and told["touches_phones_that"] is None


def test_impact_follows_the_era(lab):
    lab.json("parameter", "set", "Era", "A")
    told = lab.json("impact", "TVS")
    lab.json("parameter", "set", "Era", "C")
    assert told["era"] == "A"
    assert {row["restart"] for row in told["services"]} == {"by hand"}


@pytest.mark.parametrize("words, status, said", [
    (("nothing",), 5, "no unit nothing"),
    (("",), 2, "empty"),
    ((), 2, "impact"),
    (("lsc", "--node", "pub"), 2, "phones have"),
    (("CallManager", "--node", "nowhere"), 5, "nowhere"),
    (("cup", "--node", "pub"), 3, "no cup"),
    (("CAPF", "--node", "imp1"), 3, "no CAPF"),
])
def test_impact_of_nothing(lab, words, status, said):
    number = changes(lab)
    ran = lab.run("impact", *words)
    assert ran.returncode == status, ran.stdout + ran.stderr
    assert said in ran.stderr
    assert changes(lab) == number


def test_impact_is_printed_for_people(lab):
    ran = lab.run("impact", "TVS")
    assert ran.returncode == 0
    assert TVS in ran.stdout and "by itself" in ran.stdout


CALL, PRESENCE = {"pub", "sub1"}, {"imp1"}
ALL = CALL | PRESENCE
WEB = ["Cisco Tomcat", "Cisco SSOSP Tomcat", "Cisco UDS Tomcat", "Cisco AXL Tomcat", "Cisco Intercluster Lookup Service",
       "Cisco Location Bandwidth Manager", "Cisco Extension Mobility", "Cisco DRF Master", "Cisco DRF Local"]
BACKUP = ["Cisco DRF Master", "Cisco DRF Local"]
CALLS = ["Cisco CallManager", "Cisco CTIManager"]
SIP, ROUTER = ["Cisco SIP Proxy", "Cisco Presence Engine"], ["Cisco XCP Router"]
CLIENTS, FEDERATION = [*ROUTER, "Cisco XCP Connection Manager"], ["Cisco XCP XMPP Federation Connection Manager"]
TFTP, HAPROXY = "Cisco Tftp", "Cisco HAProxy"
RESET, ON = "reset by themselves", "go on"

# what it is, where it is, what stops with it, what restarts in which order, what phones then do, whether any would notice
IMPACT = {
    "tomcat": (ALL, ["phone services over HTTPS", "single sign-on", "backups"], [*WEB, TFTP], ON, True),
    "tomcat-ECDSA": (ALL, ["elliptic"], WEB, ON, True),
    "ipsec": (ALL, ["IPsec tunnels", "backups"], [*BACKUP, "Cisco Tomcat", "ipsec"], ON, False),
    "CAPF": ({"pub"}, ["no phone gets a certificate", "do not register", "encrypted configuration"],
             [CAPF, TVS, TFTP, HAPROXY], RESET, True),
    "CallManager": (CALL, ["encrypted phones", "trunks", "signed files and lists"], [*CALLS, TVS, TFTP, HAPROXY], RESET, True),
    "CallManager-ECDSA": (CALL, ["elliptic"], [*CALLS, HAPROXY], RESET, True),
    "TVS": (CALL, ["HTTPS services", "signers", "new phones do not register"], [TVS, TFTP], RESET, True),
    "ITLRecovery": ({"pub"}, ["trust lists are signed"], [TVS, TFTP], RESET, True),
    "cup": (PRESENCE, ["presence"], SIP, ON, False),
    "cup-ECDSA": (PRESENCE, ["elliptic"], SIP, ON, False),
    "cup-xmpp": (PRESENCE, ["XMPP clients"], CLIENTS, ON, False),
    "cup-xmpp-ECDSA": (PRESENCE, ["XMPP clients"], CLIENTS, ON, False),
    "cup-xmpp-s2s": (PRESENCE, ["federation"], FEDERATION, ON, False),
    "cup-xmpp-s2s-ECDSA": (PRESENCE, ["federation"], FEDERATION, ON, False),
    "tomcat-trust": (ALL, ["directory", "no longer believed"], ["Cisco Tomcat"], ON, True),
    "ipsec-trust": (ALL, ["tunnels", "backup"], [*BACKUP, "ipsec"], ON, False),
    "CallManager-trust": (CALL, ["phones, trunks and gateways", "do not register"], CALLS, ON, True),
    "CAPF-trust": (CALL, ["CAPF no longer believes"], [CAPF], ON, True),
    "TVS-trust": (CALL, ["chain of a TVS"], [TVS], ON, True),
    "directory-trust": (CALL, ["directory servers"], [], ON, False),
    "userlicensing-trust": (CALL, ["licence"], [], ON, False),
    "Phone-trust": (CALL, ["visual voicemail"], [], ON, True),
    "Phone-CTL-trust": (CALL, ["visual voicemail"], [], ON, True),
    "Phone-VPN-trust": (CALL, ["VPN"], [], ON, True),
    "Phone-SAST-trust": (CALL, ["security token", "CTL"], [], ON, True),
    "Phone-Edge-trust": (CALL, ["from outside"], [], ON, True),
    "cup-trust": (PRESENCE, ["SIP"], SIP, ON, False),
    "cup-xmpp-trust": (PRESENCE, ["XMPP"], ROUTER, ON, False),
    "LSC": (set(), ["does not register", "802.1X", "VPN"], [], ON, True),
    "MIC": (set(), ["does not register", "802.1X", "VPN", "cannot be renewed"], [], ON, True),
}
LISTED = {"CallManager", "TVS", "ITLRecovery"}  # not CAPF, whose service is not activated


def in_order(rows):
    """Services, each once, as they come."""
    return list(dict.fromkeys(row["service"] for row in rows))


@pytest.mark.parametrize("what", IMPACT)
def test_impact_of_each_unit_store_and_phone_certificate(lab, what):
    nodes, breaks, services, phones_then, noticed = IMPACT[what]
    told = lab.json("impact", what)
    assert {row["node"] for row in told["nodes"]} == nodes
    assert all(words in told["breaks"] for words in breaks), told["breaks"]
    assert in_order(told["services"]) == services
    assert told["phones_then"] == phones_then
    assert set(told["phones"]) == ({phone["name"] for phone in lab.info["phones"]} if noticed else set())
    assert (told["touches_phones_that"] is not None) == noticed
    assert {row["node"] for row in told["lists"]} == (CALL if what in LISTED else set())
    for service in services:  # on each node that has it, the publisher first
        where = [row["node"] for row in told["services"] if row["service"] == service]
        assert len(where) == len(set(where)) and where.index("pub") == 0 if "pub" in where else where == ["imp1"]
    ran = lab.run("impact", what)
    assert ran.returncode == 0
    for word in [told["breaks"], *nodes, *services, *told["phones"]]:
        assert word in ran.stdout


def test_every_unit_and_store_has_its_impact(lab):
    units = {row["unit"] for row in lab.json("cert", "list")["certificates"]}
    assert units <= set(IMPACT)
    assert len(IMPACT) == 14 + 14 + 2
