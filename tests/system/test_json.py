"""Every verb with --json: what it prints is what docs/schema says, whole and no more."""

import copy
import json
import re

import pytest
from json_schema import FOLDER, KEYWORDS, SAID, page, problems, schema_of
from programs import DIALTRUSTD, TOP, VECTORS, Program, dialtrust
from test_start import SETTINGS

FINE, ERROR, USAGE, REFUSED, UNVERIFIED, MISSING = range(6)
PLAIN = "SEP001122334455.cnf.xml"
XML = b'<?xml version="1.0"?>\n<device><webAccess>0</webAccess><certhash/><sshPassword>x</sshPassword></device>\n'


AUTHORITIES = VECTORS / "cisco-ca"
CONVERSATIONS = {"admin"}  # many answers, each in the words of the appliance


def verbs():
    shown = dialtrust("--help").stdout.split("\n\n")[1]
    return sorted({re.split(r"\s{2,}", line.strip())[0] for line in shown.splitlines()} - CONVERSATIONS)


class Scene:
    """A cluster of one node, and files of every kind."""

    def __init__(self, folder, lab):
        self.folder, self.lab = folder, lab
        (folder / "root").mkdir()
        (folder / "store").mkdir()
        any_port = "127.0.10.78:0"
        settings = SETTINGS.format(folder=folder, tftp=any_port, http=any_port, tvs=any_port)
        (folder / "settings").write_text(settings)
        self.daemon = Program([DIALTRUSTD, "--settings", folder / "settings"])
        (folder / PLAIN).write_bytes(XML)

    def __getattr__(self, name):
        """scene.itl, scene.ccm_pem: files by their name with an underscore for its dot."""
        if name.startswith("__"):
            raise AttributeError(name)
        return self.folder / name.replace("_", ".")

    def run(self, *words, **more):
        return dialtrust(*words, "--json", control=self.folder / "admin", timeout=60, **more)

    def must(self, *words):
        ran = self.run(*words)
        assert ran.returncode == FINE, ran.stderr
        return ran

    @property
    def signing(self):
        return "--signer", self.sast_pem, "--key", self.sast_key

    def make(self):
        self.daemon.wait_for_text("ready: ", 60)
        make = ("cert", "make", "--organization", "Example", "--node", "pub.example")
        self.must(*make, "--unit", "ITLRecovery", "--out", self.sast_pem, "--key-out", self.sast_key)
        self.must(*make, "--unit", "CAPF", "--out", self.capf_pem, "--key-out", self.capf_key)
        self.must(
            "list", "build", *self.signing, "--out", self.itl_tlv, f"SAST={self.sast_pem}",
            f"TFTP={self.sast_pem}",
        )
        self.must("file", "sign", self.folder / PLAIN, *self.signing)
        self.must(
            "file", "encrypt", self.folder / PLAIN, "--device", self.capf_pem, *self.signing, "--out",
            self.folder / f"{PLAIN}.enc.sgn",
        )
        return self


@pytest.fixture(scope="module")
def scene(tmp_path_factory, lab):
    made = Scene(tmp_path_factory.mktemp("j"), lab)
    try:
        yield made.make()
        assert made.daemon.end() == 0
    finally:
        made.daemon.kill()


def boot(s, name):
    node = s.lab.publisher
    return (
        "emulator", "boot", "--name", name, "--server", node["address"], "--tftp",
        node["ports"]["tftp"], "--http", node["ports"]["http"], "--state", s.folder / "phones",
    )


def tvs(s):
    node = s.lab.publisher
    return "tvs", "ask", f"{node['address']}:{node['ports']['tvs']}"


def by_name(s):
    """Of ITLRecovery, as `tvs ask --signer` wants it."""
    from programs import fetch
    from signed_file import parse

    subject, serial, issuer = parse(fetch(s.lab.publisher, "ITLFile.tlv")).signer
    return f"{subject},{issuer},{serial}"


def certified(s):
    """What a CA made of the request for tomcat; the chain above it is uploaded."""
    from test_csr import Authority

    ca = Authority(s.folder / "ca")
    for path in (ca.root, ca.middle):
        s.must("trust", "upload", "tomcat-trust", "--certificate", path)
    asked = json.loads(s.must("csr", "show", "tomcat", "--node", "alone").stdout)
    return ca.sign("tomcat", asked["pem"], asked["names"])


# What is run of each verb, in this order; all of it must answer with the status beside it.
RUNS = {
    "cluster init": [
        (lambda s: ("Here", "--node", "alone", "--address", "127.0.10.78", "--organization", "Ex"), FINE),
    ],
    "cluster show": [(lambda s: (), FINE)],
    "node add": [(lambda s: ("other", "--address", "127.0.10.79", "--https-port", "0"), FINE)],
    "node list": [(lambda s: (), FINE)],
    "cert list": [(lambda s: (), FINE), (lambda s: ("--unit", "cup"), FINE)],
    "cert show": [
        (lambda s: ("CallManager", "--node", "alone"), FINE), (lambda s: (s.sast_pem,), FINE),
        (lambda s: (s.folder,), FINE),
    ],
    "cert regen": [
        (lambda s: ("CallManager", "--node", "alone"), FINE),
        (lambda s: ("CallManager-ECDSA", "--all-nodes"), FINE), (lambda s: ("cup", "--all-nodes"), REFUSED),
    ],
    "csr make": [
        (lambda s: ("TVS", "--multi-server"), FINE),
        (lambda s: ("tomcat", "--node", "alone", "--san", "a.example,b.example"), FINE),
        (lambda s: ("ipsec", "--node", "alone"), FINE), (lambda s: ("ITLRecovery", "--node", "alone"), REFUSED),
    ],
    "csr list": [(lambda s: (), FINE)],
    "csr show": [(lambda s: ("tomcat", "--node", "alone"), FINE)],
    "cert upload": [
        (lambda s: ("tomcat", "--node", "alone", "--certificate", s.sast_pem), REFUSED),
        (lambda s: ("tomcat", "--node", "alone", "--certificate", certified(s)), FINE),
    ],
    "trust upload": [
        (lambda s: ("Phone-SAST-trust", "--certificate", s.sast_pem), FINE),
        (lambda s: ("CAPF-trust", "--certificate", s.sast_pem), REFUSED),
    ],
    "trust import-manufacturing": [(lambda s: (AUTHORITIES,), FINE)] if AUTHORITIES.is_dir() else [],
    "cert export": [(lambda s: ("CallManager", "--node", "alone", "--der", "--out", s.exported_der), FINE)],
    "trust export": [
        (lambda s: ("--for", "expressway", "--out", s.exported_pem), FINE),
        (lambda s: ("tomcat-trust", "--for", "radius", "--out", s.exported_pem), USAGE),
    ],
    "bulk server": [(lambda s: (), FINE)],
    "bulk export": [(lambda s: (), USAGE), (lambda s: ("all",), REFUSED)],
    "bulk consolidate": [(lambda s: ("CAPF",), REFUSED)],
    "bulk import": [(lambda s: ("all", "--again"), REFUSED)],
    "csr delete": [(lambda s: ("ipsec", "--node", "alone"), FINE)],
    "cert verify": [
        (lambda s: (s.sast_pem,), FINE), (lambda s: (s.sast_pem, s.capf_pem, "--ca", s.capf_pem), UNVERIFIED),
    ],
    "cert hash": [(lambda s: (s.sast_pem,), FINE), (lambda s: (s.folder,), FINE)],
    "cert make": [
        (lambda s: (
            "--unit", "TVS", "--node", "x.example", "--out", s.tvs_pem, "--key-out", s.tvs_key), FINE),
    ],
    "trust review": [(lambda s: (), FINE), (lambda s: ("--store", "tomcat-trust"), FINE)],
    "trust delete": [
        (lambda s: ("ipsec-trust", "alone.pem", "--force", "--reason", "a test"), FINE),
        (lambda s: ("tomcat-trust", "alone.pem"), REFUSED),
    ],
    "trust deleted": [(lambda s: (), FINE)],
    "service list": [(lambda s: (), FINE)],
    "hook list": [(lambda s: (), FINE)],
    "service restart": [
        (lambda s: ("Cisco Tftp", "--node", "alone"), FINE),
        (lambda s: ("Cisco Tomcat", "--node", "alone"), FINE),
    ],
    "service activate": [(lambda s: (CAPF, "--node", "alone"), FINE)] * 2,
    "service deactivate": [
        (lambda s: (CAPF, "--node", "alone"), FINE),
        (lambda s: ("Cisco Tomcat", "--node", "alone"), REFUSED),
    ],
    "impact": [
        (lambda s: ("CallManager",), FINE), (lambda s: ("tomcat-trust", "--node", "alone"), FINE),
        (lambda s: ("mic",), FINE), (lambda s: ("cup", "--node", "alone"), REFUSED),
    ],
    "phone list": [(lambda s: (), FINE)],
    "parameter list": [(lambda s: (), FINE)],
    "parameter set": [
        (lambda s: ("ITL Signer", "CallManager", "--dry-run"), FINE), (lambda s: ("ITL Signer", "CallManager"), FINE),
        (lambda s: ("Cluster Security Mode", "1"), REFUSED),
    ],
    "audit list": [
        (lambda s: (), FINE), (lambda s: ("--limit", "2", "--before", "4"), FINE),
        (lambda s: ("--limit", "0"), USAGE), (lambda s: ("--limit", "5001"), USAGE),
    ],
    "expiry list": [
        (lambda s: (), FINE), (lambda s: ("--all",), FINE),
        (lambda s: ("--at", "2999-01-01", "--node", "alone"), FINE),
    ],
    "list status": [(lambda s: (), FINE)],
    "list show": [(lambda s: (s.itl_tlv,), FINE), (lambda s: (s.itl_tlv, "--format", "json"), FINE)],
    "list verify": [
        (lambda s: (s.itl_tlv,), FINE), (lambda s: (s.itl_tlv, "--trust", s.itl_tlv), FINE),
    ],
    "list diff": [
        (lambda s: (s.itl_tlv, s.itl_tlv), FINE), (lambda s: (s.itl_tlv, s.other_tlv), FINE),
    ],
    "list explain": [(lambda s: (s.itl_tlv,), FINE)],
    "list build": [
        (lambda s: (
            "--signer", s.capf_pem, "--key", s.capf_key, "--out", s.other_tlv, f"SAST={s.capf_pem}"), FINE),
    ],
    "file show": [
        (lambda s: (s.folder / f"{PLAIN}.sgn",), FINE), (lambda s: (s.itl_tlv,), FINE),
        (lambda s: (s.folder / f"{PLAIN}.enc.sgn",), FINE),
    ],
    "file verify": [
        (lambda s: (s.folder / f"{PLAIN}.enc.sgn", "--trust", s.itl_tlv), FINE),
        (lambda s: (s.folder / f"{PLAIN}.enc.sgn", "--signer", s.sast_pem), FINE),
    ],
    "file strip": [(lambda s: (s.folder / f"{PLAIN}.sgn", "--out", s.stripped_xml), FINE)],
    "file sign": [(lambda s: (s.sast_pem, *s.signing), FINE)],
    "file decrypt": [
        (lambda s: (s.folder / f"{PLAIN}.enc.sgn", "--key", s.capf_key, "--out", s.clear_xml), FINE),
    ],
    "file encrypt": [
        (lambda s: (
            s.folder / PLAIN, "--device", s.capf_pem, *s.signing, "--cert-hash", "sha1", "--out",
            s.folder / "SEP001122334466.cnf.xml.enc.sgn"), FINE),
    ],
    "config lint": [
        (lambda s: (s.folder / PLAIN,), UNVERIFIED), (lambda s: (s.itl_tlv,), REFUSED),
        (lambda s: (s.folder / "SEP001122334466.cnf.xml.sgn",), FINE),
    ],
    "explain": [(lambda s: ("Trust List Updated",), FINE)],
    # TLS is spoken there and CAPF is not: what was seen is printed all the same.
    "capf status": [(lambda s: (tvs(s)[2], "--timeout", "1000"), ERROR)],
    "tvs ask": [
        (lambda s: (*tvs(s)[2:], "--signer", by_name(s)), FINE),
        (lambda s: (*tvs(s)[2:], "--cert", s.sast_pem), MISSING),
    ],
    "emulator boot": [
        (lambda s: boot(s, "SEP020000000001")[2:], FINE),
        (lambda s: (*boot(s, "SEP020000000001")[2:], "--open", "nothing.xml"), MISSING),
    ],
    "lab": [(lambda s: ("--once", "--nodes", "1", "--phones", "1", "--state", s.folder / "l"), FINE)],
}
CAPF = "Cisco Certificate Authority Proxy Function"
ELSEWHERE = {"bulk export", "bulk consolidate", "bulk import"}  # there is an SFTP server in test_bulk.py
SILENT = {REFUSED, USAGE}  # these end before there is an answer
FIRST = ["cluster init", "list build"]  # others need what they make
LAST = ["node add"]  # whose daemon never comes: what follows waits for it


@pytest.fixture(scope="module")
def answers(scene):
    """verb -> what it printed, each run once; a sentence where it did not go as it should."""
    told = {}
    between = [verb for verb in RUNS if verb not in (*FIRST, *LAST, "lab")]
    for verb in FIRST + between + LAST:
        for words, status in RUNS[verb]:
            ran = scene.run(*verb.split(), *words(scene))
            if ran.returncode != status:
                told.setdefault(verb, []).append(f"{ran.returncode}: {ran.stdout}{ran.stderr}")
            elif status not in SILENT:
                told.setdefault(verb, []).append(json.loads(ran.stdout))
            if status != FINE and ran.returncode == status:
                assert problems(json.loads(ran.stderr), page("error.json")) == []
    return told


def test_every_verb_is_run_and_has_a_schema():
    assert set(verbs()) == set(RUNS), "a verb that RUNS of this test does not know, or no more"
    for verb in verbs():
        schema = schema_of(verb)
        assert schema is not None, f"docs/schema has nothing for {verb}"
        assert schema["title"] == f"dialtrust {verb} --json" and schema["description"]


def test_every_page_is_of_a_verb():
    pages = {path.stem for path in FOLDER.glob("*.json")}
    assert pages == {verb.replace(" ", "-") for verb in verbs()} | {"nouns", "error"}
    for name in sorted(pages):
        assert f"({name}.json)" in (FOLDER / "README.md").read_text(), name


def walk(schema):
    yield schema
    for word, of in schema.items():
        if word in ("properties", "$defs"):
            for inner in of.values():
                yield from walk(inner)
        elif word == "anyOf":
            for inner in of:
                yield from walk(inner)
        elif word == "items":
            yield from walk(of)


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.json")))
def test_schemas_are_strict(name):
    text = (FOLDER / name).read_text()
    for schema in walk(json.loads(text)):
        assert schema.keys() <= SAID | KEYWORDS.keys() | {"$ref", "anyOf"}, schema
        if schema.get("type") == "object":
            assert schema["additionalProperties"] is False
            assert set(schema["required"]) <= set(schema["properties"])
    if name != "nouns.json":
        assert "nouns.json#/$defs/schema_version" in text


@pytest.mark.parametrize("verb", sorted(RUNS.keys() - {"lab"} - ELSEWHERE))
def test_answers_are_what_the_schema_says(verb, answers):
    if not RUNS[verb]:
        pytest.skip(f"{AUTHORITIES} is absent")
    assert answers[verb]
    for told in answers[verb]:
        assert problems(told, schema_of(verb)) == [], json.dumps(told, indent=1)[:3000]


# A lab of its own takes a minute, and test_lab.py runs many.
@pytest.mark.long
def test_the_lab_answers_what_the_schema_says(scene):
    ran = dialtrust("lab", *RUNS["lab"][0][0](scene), "--json", timeout=200)
    assert ran.returncode == FINE, ran.stderr
    assert problems(json.loads(ran.stdout), schema_of("lab")) == []


def test_answers_of_a_cluster_with_phones(lab):
    for verb in ("phone list", "list status", "service list", "node list", "cert list", "audit list"):
        assert problems(lab.json(*verb.split()), schema_of(verb)) == []
    assert lab.json("phone", "list")["phones"]


def changed(value):
    """The value with one thing wrong, each in turn."""
    if isinstance(value, dict):
        for key in value:
            yield {k: v for k, v in value.items() if k != key}
            for inner in changed(value[key]):
                yield value | {key: inner}
        yield value | {"more": 1}
    elif isinstance(value, list):
        yield {"in": "an object"}
        for inner in changed(value[0]) if value else ():
            yield [inner, *value[1:]]
    else:
        yield ["another", "type"]


@pytest.mark.parametrize("verb", ["node list", "list show", "list explain", "file show", "config lint"])
def test_what_is_wrong_is_found(verb, answers):
    """The schema and its reader can fail: every key taken away, added, or of another type."""
    for told in answers[verb][:1]:
        seen = 0
        for wrong in changed(copy.deepcopy(told)):
            seen += 1
            assert problems(wrong, schema_of(verb)), json.dumps(wrong, indent=1)[:2000]
        assert seen > 10


def test_faults_are_what_the_schema_says(tmp_path):
    for words, status in (
        (("list", "show", tmp_path / "none"), MISSING), (("list", "shw"), USAGE), ((), USAGE),
        (("node", "list", "--control", tmp_path / "none"), ERROR), (("explain", "zzzz"), MISSING),
        (("cert", "regen", "CallManager-trust", "--node", "x"), REFUSED),
    ):
        ran = dialtrust(*words, "--json")
        assert (ran.returncode, ran.stdout) == (status, "")
        assert problems(json.loads(ran.stderr), page("error.json")) == []
    faults = set(page("error.json")["properties"]["fault"]["enum"])
    known = (TOP / "src" / "base" / "error.c").read_text()
    assert faults == set(re.findall(r'= "([a-z]+)"', known)) - {"none", "fine"}
