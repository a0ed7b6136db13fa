"""`list show` and `list verify` on lists made by other software, and on damaged ones."""

import hashlib
import json
import random
import re

import pytest
from programs import dialtrust, fetch
from signed_file import parse, records, sha256

LISTS = [
    "itl/ITLFile-3411.tlv", "vectors/ITLFile-v1.0-sha1.tlv", "vectors/ITLFile-v1.1-sha512-ec.tlv",
    "vectors/CTLSEP001122334455.tlv",
]
FINE, ERROR, USAGE, REFUSED, UNVERIFIED, MISSING = range(6)


@pytest.mark.asan
@pytest.mark.parametrize("name", LISTS)
def test_verify_says_intact_not_trusted(vectors, name):
    ran = dialtrust("list", "verify", vectors / name)
    assert ran.returncode == FINE, ran.stderr
    said = ran.stdout + ran.stderr
    assert "intact" in said
    assert re.search(r"not (mean )?trust|no trust|not trusted", said)


@pytest.mark.parametrize("name", LISTS)
def test_show_prints_every_field(vectors, name):
    data = (vectors / name).read_bytes()
    header = parse(data)
    ran = dialtrust("list", "show", vectors / name)
    assert ran.returncode == FINE, ran.stderr
    subject, serial, issuer = header.signer
    for words in (subject, issuer, header.file_name):
        assert words in ran.stdout
    plain = ran.stdout.lower().replace(":", "")
    assert serial in plain
    for record in records(data):
        for tag in (3, 5):
            assert record[tag][:-1].decode() in ran.stdout
        assert record[6].hex() in plain


@pytest.mark.parametrize("name", LISTS)
def test_show_as_json(vectors, name):
    data = (vectors / name).read_bytes()
    ran = dialtrust("list", "show", vectors / name, "--json")
    assert ran.returncode == FINE, ran.stderr
    shown = json.loads(ran.stdout)
    assert shown["schema_version"] == 1
    assert len(shown["records"]) == len(records(data))
    assert json.dumps(shown).count(sha256(records(data)[0][9])) >= 1


@pytest.mark.asan
@pytest.mark.parametrize("name", LISTS)
def test_show_as_the_appliance_does(vectors, name):
    data = (vectors / name).read_bytes()
    header = parse(data)
    ran = dialtrust("list", "show", vectors / name, "--format", "cucm")
    assert ran.returncode == FINE, ran.stderr
    kind = header.file_name[:3]
    lines = ran.stdout.splitlines()
    assert lines[2] == hashlib.sha1(data).hexdigest() + "(SHA1)"
    assert f"Length of {kind} file: {len(data)}" in lines
    assert lines[-1] == f"The {kind} file was verified successfully."
    assert ran.stdout.count(f"{kind} Record #:") == len(records(data))
    said = re.sub(r"\n {32}", " ", ran.stdout)
    for record in records(data):
        digest = " ".join(f"{byte:02X}" for byte in hashlib.sha1(record[9]).digest())
        assert f"9       CERTIFICATE     {len(record[9]):<8}{digest} (SHA1 Hash HEX)" in said


def test_formats_of_show(vectors, tmp_path):
    name = vectors / LISTS[0]
    shown = dialtrust("list", "show", name, "--json")
    assert dialtrust("list", "show", name, "--format", "json").stdout == shown.stdout
    assert dialtrust("list", "show", name, "--format=json", "--json").stdout == shown.stdout
    for words in (["--format", "xml"], ["--format", "cucm", "--json"]):
        ran = dialtrust("list", "show", name, *words)
        assert (ran.returncode, ran.stdout) == (USAGE, "")
    spoiled = bytearray(name.read_bytes())
    spoiled[200] ^= 1  # in the signature
    (tmp_path / "list").write_bytes(spoiled)
    assert dialtrust("list", "show", tmp_path / "list").returncode == FINE
    ran = dialtrust("list", "show", tmp_path / "list", "--format", "cucm")
    assert ran.returncode == UNVERIFIED
    assert ran.stdout.endswith("\nVerification of the ITL file failed.\n")


@pytest.mark.parametrize("name", LISTS)
def test_one_flipped_byte_anywhere_is_4(vectors, name, tmp_path):
    """A sample in the usual run; every byte with --long, and always in tests/unit/trust."""
    import os

    data = (vectors / name).read_bytes()
    places = set(range(0, parse(data).size, 29)) | {len(data) - 1}
    places |= set(random.Random(name).sample(range(len(data)), 20))
    if os.environ.get("DIALTRUST_LONG"):
        places = set(range(len(data)))
    for place in sorted(places):
        spoiled = bytearray(data)
        spoiled[place] ^= 1 << (place % 8)
        (tmp_path / "list").write_bytes(spoiled)
        ran = dialtrust("list", "verify", tmp_path / "list")
        assert ran.returncode == UNVERIFIED, f"byte {place}: {ran.stdout}{ran.stderr}"
        assert ran.stderr.strip(), f"byte {place}"


@pytest.mark.parametrize("name", LISTS)
def test_cut_anywhere_is_4(vectors, name, tmp_path):
    data = (vectors / name).read_bytes()
    sizes = {0, 1, 4, 9, 10, 11, parse(data).size, len(data) - 1}
    for size in sorted(sizes):
        (tmp_path / "list").write_bytes(data[:size])
        ran = dialtrust("list", "verify", tmp_path / "list")
        assert ran.returncode == UNVERIFIED, size
        assert ran.stderr.strip()


def test_a_damaged_list_is_refused_with_the_offset(vectors, tmp_path):
    data = bytearray((vectors / LISTS[0]).read_bytes())
    assert data[388:393] == b"\x01\x00\x02\x05\xcd"
    data[391] = 0xFF  # RECORDLENGTH of the first record
    (tmp_path / "list").write_bytes(data)
    for verb in ("show", "verify"):
        ran = dialtrust("list", verb, tmp_path / "list")
        assert ran.returncode == UNVERIFIED
        assert "388" in ran.stderr


def test_trust_checks_as_a_phone_would(vectors):
    itl, ctl = vectors / LISTS[1], vectors / LISTS[3]
    assert dialtrust("list", "verify", itl, "--trust", itl).returncode == FINE
    other = dialtrust("list", "verify", vectors / LISTS[0], "--trust", itl)
    assert other.returncode == UNVERIFIED
    assert other.stderr.strip()
    signer = dialtrust("list", "verify", ctl, "--trust", itl)
    assert signer.returncode in (FINE, UNVERIFIED)


def test_a_trust_list_that_is_damaged_is_no_anchor(vectors, tmp_path):
    data = bytearray((vectors / LISTS[1]).read_bytes())
    data[200] ^= 1
    (tmp_path / "anchor").write_bytes(data)
    ran = dialtrust("list", "verify", vectors / LISTS[1], "--trust", tmp_path / "anchor")
    assert ran.returncode == UNVERIFIED
    assert "anchor" in ran.stderr


def test_files_that_are_no_lists(vectors, tmp_path):
    for name in ("vectors/SEP001122334455.plain.xml", "vectors/tftp.pem"):
        assert dialtrust("list", "show", vectors / name).returncode == UNVERIFIED
    assert dialtrust("list", "show", tmp_path / "absent").returncode in (ERROR, MISSING)
    assert dialtrust("list", "show", tmp_path).returncode == ERROR


@pytest.mark.parametrize("name", LISTS)
def test_verify_as_json(vectors, name, tmp_path):
    ran = dialtrust("list", "verify", vectors / name, "--json")
    told = json.loads(ran.stdout)
    assert (ran.returncode, told["schema_version"], told["trusted"]) == (FINE, 1, False)
    spoiled = bytearray((vectors / name).read_bytes())
    spoiled[-1] ^= 1
    (tmp_path / "list").write_bytes(spoiled)
    ran = dialtrust("list", "verify", tmp_path / "list", "--json")
    assert ran.returncode == UNVERIFIED
    assert json.loads(ran.stdout or ran.stderr)["fault"] in ("untrusted", "malformed")


def test_standard_input(vectors):
    data = (vectors / LISTS[0]).read_bytes()
    ran = dialtrust("list", "verify", "-", given=data)
    assert ran.returncode == FINE, ran.stderr


@pytest.mark.asan
@pytest.mark.parametrize("scheme, port", [("tftp", "tftp"), ("http", "http")])
def test_a_list_by_url(lab, scheme, port, tmp_path):
    node = lab.publisher
    url = f"{scheme}://{node['address']}:{node['ports'][port]}/ITLFile.tlv"
    ran = dialtrust("list", "verify", url)
    assert ran.returncode == FINE, ran.stderr
    (tmp_path / "held").write_bytes(fetch(lab.subscriber, "ITLFile.tlv"))
    assert dialtrust("list", "verify", url, "--trust", tmp_path / "held").returncode == FINE
    gone = dialtrust("list", "show", url.replace("ITLFile", "Nothing"))
    assert gone.returncode == MISSING
    assert "Nothing.tlv" in gone.stderr


def test_a_url_where_nobody_answers():
    ran = dialtrust("list", "show", "http://127.0.10.99:9/ITLFile.tlv")
    assert ran.returncode == ERROR
    assert "127.0.10.99" in ran.stderr
    assert ran.stdout == ""
