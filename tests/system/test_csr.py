"""Certificates that a CA signs: requests, uploads, and phones that boot against what came of them."""

import os
import signal
import subprocess
import time

import pytest
from programs import DIALTRUST, Lab, environment, fetch, until
from signed_file import records, sha256
from test_kill import processes, wait_for_moment
from test_regenerate import boot

REFUSED, UNVERIFIED, MISSING = 3, 4, 5


class Authority:
    """A root and an intermediate, made with openssl."""

    def __init__(self, folder):
        folder.mkdir()
        self.folder = folder
        self.root = self.make("root", "Example Root", None)
        self.middle = self.make("middle", "Example Issuing CA", "root")

    def openssl(self, *words, given=None):
        return subprocess.run(
            ["openssl", *map(str, words)], input=given, capture_output=True, check=True, timeout=60,
            cwd=self.folder,
        ).stdout

    def write(self, name, text):
        (self.folder / name).write_text(text)
        return self.folder / name

    def make(self, name, subject, issuer, days=3650, constraints="critical,CA:TRUE"):
        self.openssl(
            "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr",
            "-subj", f"/O=Example/CN={subject}",
        )
        extensions = self.write(
            f"{name}.ext", f"basicConstraints={constraints}\nkeyUsage=critical,keyCertSign,cRLSign\n")
        signing = ["-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key", "-CAcreateserial"] if issuer else [
            "-signkey", f"{name}.key"]
        self.openssl(
            "x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.pem", "-days", days, "-sha256",
            "-extfile", extensions, *signing,
        )
        return self.folder / f"{name}.pem"

    def sign(self, name, pem, names, extra="", days=365, hash="sha256"):
        request = self.write(f"{name}.csr", pem)
        alternative = ",".join(f"DNS:{one}" for one in names)
        extensions = self.write(f"{name}.ext", (
            f"subjectAltName={alternative}\n" if names else "") + (extra or (
            "keyUsage=digitalSignature,dataEncipherment,keyEncipherment\n"
            "extendedKeyUsage=serverAuth,clientAuth\n")))
        self.openssl(
            "x509", "-req", "-in", request, "-out", f"{name}.pem", "-days", days, f"-{hash}", "-CA",
            "middle.pem", "-CAkey", "middle.key", "-CAcreateserial", "-extfile", extensions,
        )
        return self.folder / f"{name}.pem"

    def der(self, pem):
        self.openssl("x509", "-in", pem, "-outform", "DER", "-out", pem.with_suffix(".der"))
        return pem.with_suffix(".der")

    def pkcs7(self, pem):
        self.openssl(
            "crl2pkcs7", "-nocrl", "-certfile", pem, "-certfile", self.middle, "-certfile", self.root,
            "-out", pem.with_suffix(".p7b"),
        )
        return pem.with_suffix(".p7b")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    running = Lab(tmp_path_factory.mktemp("csr") / "state", nodes=2, phones=2)
    try:
        yield running.wait_until_ready()
        running.end_well()
    finally:
        running.kill()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca") / "ca")


def upload(lab, unit, node, path):
    return lab.run("cert", "upload", unit, "--node", node, "--certificate", path)


def says(ran, status, words):
    assert ran.returncode == status, ran.stdout + ran.stderr
    assert words in ran.stderr


def test_every_error_before_the_first_chain(lab, authority):
    """In this order: no request, no chain, another key, other names, what the unit forbids."""
    pub = lab.publisher["name"]
    says(upload(lab, "tomcat", pub, authority.root), MISSING,
         "File /usr/local/platform/.security/tomcat/keys/tomcat.csr does not exist")
    says(upload(lab, "ITLRecovery", pub, authority.root), REFUSED, "self-signed only")
    asked = lab.json("csr", "make", "tomcat", "--node", pub, "--san", "phones.example")
    names = asked["names"]
    good = authority.sign("tomcat", asked["pem"], names)
    says(upload(lab, "tomcat", pub, good), UNVERIFIED,
         "CA certificate is not available in the trust-store")
    says(upload(lab, "tomcat", pub, authority.root), REFUSED,
         "CSR public key and certificate public key do not match")
    for wrong in (names[:1], [*names, "more.example"], []):
        says(upload(lab, "tomcat", pub, authority.sign("wrong", asked["pem"], wrong)), REFUSED,
             "CSR SAN and Certificate SAN does not match")
    for extra, words in (
        ("basicConstraints=CA:TRUE\n", "must not carry basicConstraints CA:TRUE"),
        ("keyUsage=keyEncipherment\n", "digitalSignature"),
        ("extendedKeyUsage=clientAuth\n", "serverAuth"),
    ):
        says(upload(lab, "tomcat", pub, authority.sign("wrong", asked["pem"], names, extra)), REFUSED, words)
    says(upload(lab, "tomcat", pub, authority.sign("wrong", asked["pem"], names, hash="sha1")), REFUSED,
         "can be forged")
    assert [row["unit"] for row in lab.json("csr", "list")["requests"]] == ["tomcat"]


def test_what_a_trust_store_refuses(lab, authority):
    def refused(store, path, words, *more, status=REFUSED):
        says(lab.run("trust", "upload", store, "--certificate", path, *more), status, words)

    capf = authority.make("capf", "CAPF-0badcafe", "root")
    refused("CAPF-trust", capf, "CAPF- in its common name")
    leaf = authority.make("leaf", "leaf.example", "root", constraints="CA:FALSE")
    refused("CAPF-trust", leaf, "holds issuers only")
    refused("tomcat-trust", authority.root, "every node", "--node", lab.publisher["name"], status=2)
    nothing = authority.write("nothing.pem", "no certificate\n")
    assert lab.run("trust", "upload", "tomcat-trust", "--certificate", nothing).returncode == UNVERIFIED
    # No earlier one of a name takes the place of a later one, nor of a live identity's copy.
    until(lambda: int(time.time()) > int(authority.middle.stat().st_mtime) + 1, 60, "the next second")
    later = authority.make("later", "Example Issuing CA", "root")
    for path in (authority.middle, later, later):
        assert lab.run("trust", "upload", "Phone-trust", "--certificate", path).returncode == 0
    refused("Phone-trust", authority.middle, "is not later")
    # What was deleted comes back only when that is said.
    lab.json("trust", "delete", "Phone-trust", "Example_Issuing_CA.pem")
    refused("Phone-trust", later, "--again")
    assert lab.run("trust", "upload", "Phone-trust", "--certificate", later, "--again").returncode == 0
    own = lab.json("cert", "show", "tomcat", "--node", lab.publisher["name"])["subject"]
    twin = authority.make("twin", own.split(";")[0].removeprefix("CN="), "root")
    refused("tomcat-trust", twin, "copy of the live tomcat certificate")


def test_an_upload_to_capf_trust_stays_there(lab, authority):
    pub, sub = lab.publisher["name"], lab.subscriber["name"]
    lab.json("trust", "upload", "CAPF-trust", "--certificate", authority.root, "--node", sub)

    def holders(store):
        rows = lab.json("cert", "list", "--unit", store)["certificates"]
        return {row["node"] for row in rows if "Example Root" in row["subject"]}

    assert holders("CAPF-trust") == {sub}
    assert holders("CallManager-trust") == {pub, sub}


CASES = [
    ("tomcat", "publisher", "pem"), ("CallManager", "publisher", "der"), ("TVS", "publisher", "pkcs7"),
    ("CallManager-ECDSA", "subscriber", "pem"), ("TVS", "subscriber", "der"),
]


@pytest.mark.parametrize("unit, role, form", CASES)
def test_phones_verify_what_a_ca_signed(lab, authority, unit, role, form, tmp_path):
    node = next(n for n in lab.info["nodes"] if n["role"] == role)
    chain = authority.write("chain.pem", authority.root.read_text() + authority.middle.read_text())
    store = ("CallManager" if unit.startswith("CallManager") else unit) + "-trust"
    lab.json("trust", "upload", store, "--certificate", chain)
    phone = lab.info["phones"][0]["name"]
    assert boot(lab, phone, node, tmp_path / "phone").returncode == 0
    asked = lab.json("csr", "make", unit, "--node", node["name"], "--san", "a.example")
    signed = authority.sign("signed", asked["pem"], list(reversed(asked["names"])))
    path = {"pem": lambda p: p, "der": authority.der, "pkcs7": authority.pkcs7}[form](signed)
    done = lab.json("cert", "upload", unit, "--node", node["name"], "--certificate", path)
    assert done["message"].startswith("Success: Certificate Uploaded.")
    assert "Example Issuing CA" in done["certificate"]["issuer"]
    assert done["certificate"]["description"] == "Signed Certificate"
    assert all(row["unit"] != unit or row["node"] != node["name"]
               for row in lab.json("csr", "list")["requests"])
    lab.settle()
    live = lab.json("cert", "show", unit, "--node", node["name"])["sha256"]
    assert live == done["certificate"]["sha256"]
    if unit in ("CallManager", "TVS"):
        until(lambda: live in {sha256(r[9]) for r in records(fetch(node, "ITLFile.tlv"))}, 60, "the list")
    after = boot(lab, phone, node, tmp_path / "phone")
    assert after.returncode == 0, after.stdout + after.stderr
    says(upload(lab, unit, node["name"], path), MISSING, f"{unit}.csr does not exist")


def test_a_regeneration_drops_the_request_and_its_key(lab):
    name = lab.publisher["name"]
    lab.json("csr", "make", "ipsec", "--node", name)
    lab.json("csr", "make", "ipsec", "--node", name)
    assert [r["unit"] for r in lab.json("csr", "list")["requests"] if r["unit"] == "ipsec"] == ["ipsec"]
    lab.json("cert", "regen", "ipsec", "--node", name)
    assert not [r for r in lab.json("csr", "list")["requests"] if r["unit"] == "ipsec"]
    assert lab.run("csr", "delete", "ipsec", "--node", name).returncode == MISSING


@pytest.mark.parametrize("name", ["signer", "manager"])
@pytest.mark.parametrize("moment", ["certify", "mark-live"])
def test_killed_while_uploading(lab, authority, name, moment):
    """Afterwards the request is pending and can be answered again, or what was uploaded is live."""
    node = lab.publisher
    for path in (authority.root, authority.middle):
        lab.json("trust", "upload", "tomcat-trust", "--certificate", path)
    asked = lab.json("csr", "make", "tomcat", "--node", node["name"])
    signed = authority.sign("signed", asked["pem"], asked["names"])
    log = lab.state / node["name"] / "log"
    victims, since = processes(lab, name), log.stat().st_size
    work = subprocess.Popen(
        [DIALTRUST, "cert", "upload", "tomcat", "--node", node["name"], "--certificate", signed],
        env=environment(DIALTRUST_CONTROL=lab.info["control"]), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for_moment(log, since, moment, work)
    for pid in victims.values():
        os.kill(pid, signal.SIGKILL)
    work.wait(timeout=120)

    def back():
        now = processes(lab, name)
        return len(now) == 2 and not set(now.values()) & set(victims.values())

    until(back, 60, f"the restart of {name}")
    until(lambda: lab.run("list", "status").returncode == 0, 60, "the control socket to answer")
    lab.settle(60)
    pending = [r for r in lab.json("csr", "list")["requests"] if r["unit"] == "tomcat"]
    if pending:
        lab.json("cert", "upload", "tomcat", "--node", node["name"], "--certificate", signed)
    shown = lab.json("cert", "show", "tomcat", "--node", node["name"])
    assert "Example Issuing CA" in shown["issuer"]
    assert not [r for r in lab.json("csr", "list")["requests"] if r["unit"] == "tomcat"]
    lab.json("cert", "regen", "tomcat", "--node", node["name"])  # all is in order for the next
