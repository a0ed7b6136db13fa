"""`dialtrust config lint`: configurations of phones, from a file, standard input or a server."""

import json
import re

import pytest
from programs import TOP, dialtrust

FINE, USAGE, REFUSED, UNVERIFIED, MISSING = 0, 2, 3, 4, 5
NAME = "SEP001122334455.cnf.xml"
SOUND = b"""<?xml version="1.0" encoding="UTF-8"?>
<device><fullConfig>true</fullConfig><deviceSecurityMode>1</deviceSecurityMode>
<TVS><members><member priority="0"><port>2445</port><address>pub</address></member></members></TVS>
<encrConfig>false</encrConfig></device>
"""


def lint(source, **more):
    ran = dialtrust("config", "lint", source, "--json", **more)
    return ran, json.loads(ran.stdout) if ran.stdout else None


def codes(told):
    return [finding["code"] for finding in told["findings"]]


@pytest.mark.asan
def test_a_sound_file(tmp_path):
    path = tmp_path / NAME
    path.write_bytes(SOUND)
    ran, told = lint(path)
    assert ran.returncode == FINE, ran.stderr
    assert codes(told) == ["not-secured"]
    assert told["size"] == len(SOUND) and told["signed_as"] is None
    assert dialtrust("config", "lint", path).stdout.startswith("Notes\n")


@pytest.mark.asan
def test_security_comes_first_and_secrets_stay_secret(tmp_path):
    path = tmp_path / NAME
    path.write_bytes(SOUND.replace(
        b"</device>",
        b"<Webaccess>0</Webaccess><sshPassword>hush-hush</sshPassword></device>",
    ))
    ran, told = lint(path)
    assert ran.returncode == UNVERIFIED
    assert codes(told)[:2] == ["clear-password", "wrong-case"]
    assert told["findings"][0]["line"] == 4 and told["findings"][0]["path"] == "device/sshPassword"
    assert json.loads(ran.stderr)["fault"] == "malformed"
    said = dialtrust("config", "lint", path)
    assert said.stdout.index("Security\n") < said.stdout.index("Faults\n") < said.stdout.index("Notes\n")
    assert "hush" not in ran.stdout + ran.stderr + said.stdout + said.stderr


@pytest.mark.asan
@pytest.mark.parametrize(
    "xml, code",
    [
        (b'<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]><device>&a;</device>', "doctype"),
        (b"<?xml version='1.0'?><!-- --><!DOCTYPE d><device/>", "doctype"),
        (b"<device>", "not-xml"), (b"", "not-xml"), (b"<device>\xe4</device>", "not-utf-8"),
        ("<device/>".encode("utf-16"), "not-utf-8"),
        (b"<?xml version='1.0' encoding='latin1'?><device/>", "encoding"),
        (b"<device>" + b" " * (1 << 20) + b"</device>", "too-large"),
    ],
)
def test_what_phones_do_not_read(xml, code):
    ran, told = lint("-", given=xml)
    assert ran.returncode == UNVERIFIED
    assert codes(told) == [code]
    assert b"root:" not in ran.stdout if isinstance(ran.stdout, bytes) else "root:" not in ran.stdout


def test_no_entity_is_replaced_many_times_over():
    """Entities need a DOCTYPE, which is refused before anything is expanded."""
    lines = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
    xml = f'<!DOCTYPE d [<!ENTITY a0 "x">{lines}]><device>&a11;</device>'
    ran, told = lint("-", given=xml.encode())
    assert ran.returncode == UNVERIFIED and codes(told) == ["doctype"]


def test_sources(tmp_path):
    ran, told = lint(tmp_path / NAME)
    assert ran.returncode == MISSING and told is None
    assert dialtrust("config", "lint").returncode == USAGE
    assert dialtrust("config", "lint", "a", "b").returncode == USAGE
    assert dialtrust("config", "lint", "tftp://").returncode == USAGE


@pytest.mark.asan
def test_files_of_others(vectors):
    folder = vectors / "vectors"
    ran, told = lint(folder / "SEP001122334455.plain.xml")
    assert ran.returncode == FINE and codes(told) == ["tvs-missing", "name-other"]
    ran, told = lint(folder / "SEP001122334455.cnf.xml.sgn")
    assert told["signed_as"] == "SEP001122334455.cnf.xml.sgn"
    assert "signed-name" not in codes(told)
    assert lint(folder / "SEP001122334455.cnf.xml.enc.sgn")[0].returncode == REFUSED
    for path in (vectors / "itl").glob("*.tlv"):
        assert lint(path)[0].returncode == REFUSED


def test_what_the_lab_serves(lab):
    """The manager's own work has no fault: plain, signed, by HTTP and by TFTP."""
    node = lab.publisher
    phone = lab.json("phone", "list")["phones"][0]["name"]
    for source in (
        f"http://{node['address']}:{node['ports']['http']}/{phone}.cnf.xml",
        f"http://{node['address']}:{node['ports']['http']}/{phone}.cnf.xml.sgn",
        f"tftp://{node['address']}:{node['ports']['tftp']}/{phone}.cnf.xml.sgn",
    ):
        ran, told = lint(source)
        assert ran.returncode == FINE, ran.stdout
        assert "tvs-missing" not in codes(told)
    assert (told["signed_as"] or "") == f"{phone}.cnf.xml.sgn"
    assert lint(source.replace(phone, "SEP0000000000FF"))[0].returncode == MISSING


def test_every_rule_is_on_its_page():
    rules = (TOP / "src" / "cli" / "configuration_rules.c").read_text()
    page = (TOP / "docs" / "config-lint.md").read_text()
    known = set(re.findall(r'LINT_(?:TREE|BYTES|XML), "([\w-]+)"', rules))
    assert len(known) > 40
    said = set(re.findall(r"`([a-z0-9-]+)`", page.split("## Rules")[1].split("## JSON")[0]))
    assert known - said == set()
