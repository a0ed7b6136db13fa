"""One certificate for all nodes, signed by a CA: one key, which reaches each node's signer sealed, and an
upload that makes it live everywhere in one change."""

import os
import signal
import sqlite3

import pytest
from programs import Lab, fetch, until
from signed_file import records, sha256
from test_csr import MISSING, REFUSED, UNVERIFIED, Authority, says, upload
from test_kill import processes
from test_regenerate import boot

USAGE = 2
EVERY = bool(os.environ.get("DIALTRUST_LONG"))


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    running = Lab(tmp_path_factory.mktemp("multi") / "state", "--presence", "im1", nodes=3, phones=2)
    try:
        yield running.wait_until_ready()
        running.end_well()
    finally:
        running.kill()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca") / "ca")


def with_unit(lab, unit):
    presence = unit.startswith("cup") or unit.startswith("tomcat")
    calls = not unit.startswith("cup")
    return sorted(n["name"] for n in lab.info["nodes"]
                  if (presence if n["role"] == "presence" else calls))


def store_of(unit):
    return next(s for s in ("CallManager", "tomcat", "TVS", "cup-xmpp") if unit.startswith(s)) + "-trust"


def trust(lab, authority, unit):
    for path in (authority.root, authority.middle):
        lab.json("trust", "upload", store_of(unit), "--certificate", path)


def requests(lab, unit):
    return [r for r in lab.json("csr", "list")["requests"] if r["unit"] == unit]


def keys_of(lab, node, unit):
    """Names of the keys that a node's signer has of a unit."""
    found = set()
    for path in (lab.state / node / "keys").glob("*/state"):
        if path.read_bytes()[3:].startswith(unit.encode() + b"\0"):
            found.add(path.parent.name)
    return found


def database(lab):
    return sqlite3.connect(f"file:{next(lab.state.rglob('*.sqlite'))}?mode=ro", uri=True)


UNITS = ["tomcat", "CallManager", "TVS", "cup-xmpp"] + (["CallManager-ECDSA", "tomcat-ECDSA"] if EVERY else [])


@pytest.mark.parametrize("unit", UNITS)
def test_one_certificate_for_all_nodes(lab, authority, unit, tmp_path):
    names, phone = with_unit(lab, unit), lab.info["phones"][0]["name"]
    node = lab.publisher
    trust(lab, authority, unit)
    lab.settle(60)
    assert boot(lab, phone, node, tmp_path / "phone").returncode == 0
    asked = lab.json("csr", "make", unit, "--multi-server", "--san", "phones.example", timeout=60)
    assert asked["multi_server"] is True and "behind" not in asked
    hosts = {n["name"] for n in lab.info["nodes"] if n["name"] in names}
    assert {name.split(".")[0] for name in asked["names"]} >= hosts | {"phones"}
    first = "im1" if unit == "cup-xmpp" else node["name"]
    subject = first + ("-EC" if unit.endswith("ECDSA") else "") + "-ms"
    assert asked["subject"].startswith(f"CN={subject}")
    rows = requests(lab, unit)
    assert sorted(row["node"] for row in rows) == names
    assert all(row["multi_server"] and row["subject"] == asked["subject"] for row in rows)
    # Every signer has the one key, nothing of it is on its way, and none of it is in the clear.
    with database(lab) as db:
        held = {name.hex() for (name,) in db.execute("SELECT key_name FROM csr WHERE unit = ?", (unit,))}
        assert db.execute("SELECT count(*) FROM sealed_key").fetchone() == (0,)
    assert len(held) == 1
    assert all(held <= keys_of(lab, name, unit) for name in names)
    signed = authority.sign("multi", asked["pem"], list(reversed(asked["names"])))
    since = lab.json("cluster", "show")["change"]
    done = lab.json("cert", "upload", unit, "--node", names[-1], "--certificate", signed, timeout=60)
    assert sorted(done["nodes"]) == names
    assert "behind" not in done
    changes = [r for r in lab.json("audit", "list")["audit"] if r["change"] > since]
    assert [r["detail"] for r in changes if r["action"] == "cert upload"] == [f"{unit} on {names[-1]}"]
    shown = {lab.json("cert", "show", unit, "--node", name)["sha256"] for name in names}
    assert shown == {done["certificate"]["sha256"]}
    assert requests(lab, unit) == []
    lab.settle(60)
    for one in lab.info["nodes"] if unit in ("CallManager", "TVS") else ():
        if one["role"] != "presence":
            def listed(one=one):
                found = [sha256(r[9]) for r in records(fetch(one, "ITLFile.tlv"))]
                wanted = 2 if unit == "CallManager" else 1  # SAST and TFTP; TVS of all nodes in one
                return found.count(done["certificate"]["sha256"]) == wanted
            until(listed, 60, f"the certificate in the list of {one['name']}")
    after = boot(lab, phone, node, tmp_path / "phone")
    assert after.returncode == 0, after.stdout + after.stderr
    says(upload(lab, unit, names[0], signed), MISSING, f"{unit}.csr does not exist")


def test_what_serves_shows_it(lab):
    """The last test left one tomcat certificate on all nodes: HTTPS shows it on each."""
    import hashlib
    import socket
    import ssl

    shown = {lab.json("cert", "show", "tomcat", "--node", n["name"])["sha256"] for n in lab.info["nodes"]}
    assert len(shown) == 1
    for node in lab.info["nodes"]:
        if node["role"] == "presence":
            continue

        def served(node=node):
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            with socket.create_connection((node["address"], node["ports"]["https"]), 10) as plain:
                with context.wrap_socket(plain) as secured:
                    der = secured.getpeercert(binary_form=True)
            return hashlib.sha256(der).hexdigest() in {s.lower().replace(":", "") for s in shown}

        until(served, 60, f"HTTPS of {node['name']} with the new certificate")


def test_a_node_may_have_its_own_again(lab):
    sub = lab.subscriber["name"]
    before = lab.json("cert", "show", "tomcat", "--node", lab.publisher["name"])["sha256"]
    lab.json("cert", "regen", "tomcat", "--node", sub)
    assert lab.json("cert", "show", "tomcat", "--node", sub)["sha256"] != before
    assert lab.json("cert", "show", "tomcat", "--node", lab.publisher["name"])["sha256"] == before


@pytest.mark.parametrize("words, status, says_so", [
    (("ipsec", "--multi-server"), REFUSED, "no CA signs one ipsec certificate for all nodes"),
    (("cup", "--multi-server"), REFUSED, "no CA signs one cup certificate for all nodes"),
    (("CAPF", "--multi-server"), REFUSED, "no CA signs one CAPF certificate for all nodes"),
    (("ITLRecovery", "--multi-server"), REFUSED, "self-signed only"),
    (("tomcat", "--multi-server", "--node", "sub1"), REFUSED, "is made on pub"),
    (("cup-xmpp", "--multi-server", "--node", "pub"), REFUSED, "has no cup-xmpp certificate"),
    (("tomcat", "--multi-server", "--san", "*.example"), USAGE, "wildcard"),
    (("tomcat-trust", "--multi-server"), REFUSED, "is a trust store"),
    (("tomcat",), USAGE, "needs --node"),
])
def test_what_cannot_be_asked_for(lab, words, status, says_so):
    before = lab.json("csr", "list")["requests"]
    ran = lab.run("csr", "make", *words)
    assert ran.returncode == status, ran.stdout + ran.stderr
    assert says_so in ran.stderr
    assert lab.json("csr", "list")["requests"] == before


def test_every_error_of_an_upload(lab, authority, tmp_path):
    """In the appliance's words, on whichever node; the request stays pending on all of them."""
    sub, unit = lab.subscriber["name"], "CallManager"
    says(upload(lab, unit, sub, authority.root), MISSING,
         "File /usr/local/cm/.security/CallManager/keys/CallManager.csr does not exist")
    asked = lab.json("csr", "make", unit, "--multi-server", timeout=60)
    stranger = Authority(tmp_path / "stranger")
    for row in lab.json("cert", "list", "--unit", "CallManager-trust")["certificates"]:
        assert "stranger" not in row["subject"]
    names = asked["names"]
    self_made = stranger.make("leaf", "leaf", "root")
    says(upload(lab, unit, sub, self_made), REFUSED, "CSR public key and certificate public key do not match")
    says(upload(lab, unit, sub, authority.sign("few", asked["pem"], names[:-1])), REFUSED,
         "CSR SAN and Certificate SAN does not match")
    stranger.openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "root.key", "-out", "o.csr",
                     "-subj", "/O=Elsewhere/CN=Elsewhere Root")
    stranger.openssl("x509", "-req", "-in", "o.csr", "-out", "middle.pem", "-signkey", "root.key", "-days",
                     "9", "-extfile", "root.ext")
    (stranger.folder / "middle.key").write_bytes((stranger.folder / "root.key").read_bytes())
    says(upload(lab, unit, sub, stranger.sign("other", asked["pem"], names)), UNVERIFIED,
         "CA certificate is not available in the trust-store")
    says(upload(lab, unit, sub, authority.sign("ca", asked["pem"], names, "basicConstraints=CA:TRUE\n")),
         REFUSED, "must not carry basicConstraints CA:TRUE")
    assert sorted(row["node"] for row in requests(lab, unit)) == with_unit(lab, unit)
    lab.json("csr", "delete", unit, "--node", sub)


@pytest.mark.parametrize("how", ["delete", "make", "regen", "multi"])
def test_what_drops_it_on_one_node_drops_it_on_all(lab, how):
    """And the key goes from every signer."""
    unit, sub = "CallManager-ECDSA", lab.subscriber["name"]
    asked = lab.json("csr", "make", unit, "--multi-server", timeout=60)
    with database(lab) as db:
        (key,) = {name.hex() for (name,) in db.execute("SELECT key_name FROM csr WHERE unit = ?", (unit,))}
    names = with_unit(lab, unit)
    assert all(key in keys_of(lab, name, unit) for name in names)
    words = {
        "delete": ("csr", "delete", unit, "--node", sub), "make": ("csr", "make", unit, "--node", sub),
        "regen": ("cert", "regen", unit, "--node", sub), "multi": ("csr", "make", unit, "--multi-server"),
    }[how]
    lab.json(*words, timeout=60)
    left = {"make": [sub], "multi": names}.get(how, [])
    assert sorted(row["node"] for row in requests(lab, unit)) == left
    assert all(row["subject"] != asked["subject"] for row in requests(lab, unit)) or how == "multi"
    until(lambda: not any(key in keys_of(lab, name, unit) for name in names), 60, "the key to be destroyed")
    if how in ("make", "multi"):
        lab.json("csr", "delete", unit, "--node", sub)


def test_a_node_that_is_down_takes_its_key_when_it_is_back(lab, authority):
    """Until then an upload is refused, and says for whom it waits."""
    unit, away = "TVS", lab.subscriber["name"]
    trust(lab, authority, unit)
    signers = processes(lab, "signer")
    pid = next(pid for path, pid in signers.items() if f"/{away}/" in path)
    os.kill(pid, signal.SIGSTOP)  # its signer sleeps: nothing arrives there
    try:
        import subprocess

        from programs import DIALTRUST, environment

        work = subprocess.Popen(
            [DIALTRUST, "csr", "make", unit, "--multi-server"], stdout=subprocess.PIPE,
            env=environment(DIALTRUST_CONTROL=lab.info["control"]), stderr=subprocess.PIPE,
        )
        until(lambda: len(requests(lab, unit)) == len(with_unit(lab, unit)), 60, "the request")
        asked = lab.json("csr", "show", unit, "--node", lab.publisher["name"])
        signed = authority.sign("late", asked["pem"], asked["names"])
        says(upload(lab, unit, lab.publisher["name"], signed), REFUSED, f"{away} has not taken its key yet")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert work.wait(100) == 0
    done = lab.json("cert", "upload", unit, "--node", lab.publisher["name"], "--certificate", signed, timeout=90)
    assert sorted(done["nodes"]) == with_unit(lab, unit)
    lab.settle(60)
