"""`dialtrust cert show|verify|hash|make` offline, with openssl as the other judge. docs/cert.md"""

import base64
import hashlib
import json
import os
import re
import stat
import subprocess

import pytest
from programs import TOP, dialtrust

pytestmark = pytest.mark.asan

FINE, ERROR, USAGE, REFUSED, UNVERIFIED, MISSING = range(6)

AUTHORITIES = {
    "crca2048": "Cisco Root CA 2048", "crcam2": "Cisco Root CA M2", "crca2099": "Cisco Root CA 2099",
    "cmca": "Cisco Manufacturing CA", "cmca2": "Cisco Manufacturing CA SHA2",
    "ACT2SUDICA": "ACT2 SUDI CA", "hasudi": "High Assurance SUDI CA",
}


def told(*words, status=FINE, **more):
    ran = dialtrust("cert", *words, "--json", **more)
    assert ran.returncode == status, ran.stderr
    out = json.loads(ran.stdout)
    assert out["schema_version"] == 1
    return out


def openssl(*words, given=None):
    return subprocess.run(
        ["openssl", *map(str, words)], input=given, capture_output=True, check=True, timeout=60
    ).stdout


def make(folder, name, *words, unit="CallManager"):
    out, key = folder / f"{name}.pem", folder / f"{name}.key"
    words = words or ("--name", name, "--key", "EC-P256")
    ran = dialtrust("cert", "make", "--unit", unit, "--out", out, "--key-out", key, *words)
    assert ran.returncode == FINE, ran.stderr
    return out


def test_every_field_of_the_makers_authorities(vectors):
    for file, name in AUTHORITIES.items():
        path = vectors / "cisco-ca" / f"{file}.pem"
        (found,) = told("show", path)["certificates"]
        der = openssl("x509", "-in", path, "-outform", "DER")
        assert found["common_name"] == name
        assert found["authority"]["name"] == name
        assert found["size"] == len(der)
        assert found["sha1"] == hashlib.sha1(der).hexdigest()
        assert found["sha256"] == hashlib.sha256(der).hexdigest()
        assert base64.b64decode("".join(found["pem"].splitlines()[1:-1])) == der
        shown = openssl("x509", "-in", path, "-noout", "-subject", "-issuer", "-serial", "-nameopt", "RFC2253")
        subject, issuer, serial = shown.decode().splitlines()
        assert f"subject={found['subject']}" == subject
        assert f"issuer={found['issuer']}" == issuer
        assert f"serial={found['serial_number'].upper()}" == serial
        assert int(found["serial_decimal"]) == int(found["serial_number"], 16)
        assert found["basic_constraints"]["ca"] is True
        assert "keyCertSign" in found["key_usage"]
        assert found["self_signed"] is (found["subject"] == found["issuer"])
        assert (found["issuing_authority"] is None) is found["self_signed"]
        assert found["notes"] == [] and found["validity"] == "valid"
        text = dialtrust("cert", "show", path).stdout
        for value in (found["subject"], found["serial_decimal"], found["sha256"], "known as", "CA:TRUE"):
            assert value in text


def test_many_in_one_file_and_from_standard_input(vectors, tmp_path):
    pems = b"".join(
        (vectors / "cisco-ca" / f"{name}.pem").read_bytes() for name in ("cmca", "crca2048")
    )
    (tmp_path / "two.txt").write_bytes(b"noise\n" + pems)
    names = [c["common_name"] for c in told("show", tmp_path / "two.txt")["certificates"]]
    assert names == ["Cisco Manufacturing CA", "Cisco Root CA 2048"]
    ran = dialtrust("cert", "show", "-", given=pems)
    assert ran.returncode == FINE and b"certificate 2 of 2" in ran.stdout
    folder = told("show", vectors / "cisco-ca")["certificates"]
    assert sorted(c["common_name"] for c in folder) == sorted(AUTHORITIES.values())
    p7 = tmp_path / "two.p7b"
    for form in ("PEM", "DER"):
        openssl("crl2pkcs7", "-nocrl", "-certfile", tmp_path / "two.txt", "-outform", form, "-out", p7)
        assert len(told("show", p7)["certificates"]) == 2


def test_a_unit_or_a_file(tmp_path, monkeypatch):
    """docs/cert.md#files-and-units"""
    make(tmp_path, "a")
    (tmp_path / "a.pem").rename(tmp_path / "CallManager")
    (tmp_path / "plain").write_bytes((tmp_path / "CallManager").read_bytes())
    absent = tmp_path / "absent"

    def asks(*words):
        return dialtrust("cert", "show", *words, cwd=tmp_path, control=absent)

    for words in (["./CallManager"], ["plain"], [str(tmp_path / "CallManager")], ["--", "./CallManager"]):
        ran = asks(*words)
        assert ran.returncode == FINE, ran.stderr
        assert "CN=a" in ran.stdout
    for words in (["CallManager", "--node", "pub"], ["--node", "plain", "tomcat"], ["callmanager", "--node", "pub"]):
        ran = asks(*words)
        assert ran.returncode == ERROR and "no daemon's socket" in ran.stderr, words
    assert asks("nothing", "--node", "pub").returncode == MISSING  # no such unit, no such file
    ran = asks("nothing.pem")
    assert ran.returncode == MISSING and "nothing.pem" in ran.stderr
    assert asks().returncode == USAGE


@pytest.mark.parametrize(
    "content",
    [b"", b"text", b"\x30\x03\x02\x01\x01", b"-----BEGIN CERTIFICATE-----\n", b"-----BEGIN PRIVATE KEY-----\nAAAA\n"
     b"-----END PRIVATE KEY-----\n", b"-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n", b"\0" * 5000],
    ids=["empty", "text", "another DER", "cut PEM", "a key", "a short PEM", "zeros"],
)
@pytest.mark.parametrize("verb", ["show", "hash", "verify"])
def test_what_is_no_certificate(verb, content, tmp_path):
    path = tmp_path / "bad.pem"
    path.write_bytes(content)
    ran = dialtrust("cert", verb, path, "--json")
    assert ran.returncode == UNVERIFIED, ran.stderr
    assert json.loads(ran.stderr)["fault"] == "malformed" and str(path) in ran.stderr
    assert ran.stdout == ""


def test_files_that_are_not_there(tmp_path):
    for verb in ("show", "hash", "verify"):
        assert dialtrust("cert", verb, tmp_path / "absent.pem").returncode == MISSING
        ran = dialtrust("cert", verb, tmp_path)
        assert ran.returncode == MISSING and "no file in it ends with" in ran.stderr


def test_odd_certificates_are_judged(tmp_path):
    """Expired, of a negative serial number, without a name, with what the program does not know."""
    key = tmp_path / "key"
    openssl("ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", key)

    def odd(*words):
        path = tmp_path / "odd.pem"
        openssl("req", "-x509", "-new", "-key", key, "-out", path, *words)
        (found,) = told("show", path)["certificates"]
        assert dialtrust("cert", "show", path).returncode == FINE
        return found

    found = odd("-subj", "/CN=x", "-set_serial", "-5", "-days", "1")
    assert any("negative" in note for note in found["notes"])
    found = odd("-subj", "/", "-days", "1", "-addext", "1.2.3.4=critical,DER:0102")
    assert found["subject"] == "" and found["extensions"][-1]["value"] == "0102"
    assert told("verify", tmp_path / "odd.pem", status=UNVERIFIED)["certificates"][0]["verdict"] == "bad"
    found = odd("-subj", "/CN=\x01\x1b[31mred", "-days", "1", "-utf8")
    assert "\x1b" not in dialtrust("cert", "show", tmp_path / "odd.pem").stdout
    found = odd("-subj", "/CN=x", "-days", "1", "-addext", "2.5.29.19=DER:FFFF")
    assert any("cannot be read" in note for note in found["notes"])
    conf = tmp_path / "ca.cnf"
    (tmp_path / "index").write_text("")
    (tmp_path / "serial").write_text("01\n")
    conf.write_text(
        f"[ca]\ndefault_ca=c\n[c]\ndatabase={tmp_path}/index\nserial={tmp_path}/serial\n"
        f"new_certs_dir={tmp_path}\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n"
    )
    openssl("req", "-new", "-key", key, "-subj", "/CN=old", "-out", tmp_path / "csr", "-config", "/dev/null")
    old = tmp_path / "old.pem"
    openssl("ca", "-batch", "-config", conf, "-selfsign", "-keyfile", key, "-in", tmp_path / "csr",
            "-startdate", "20000101000000Z", "-enddate", "20010101000000Z", "-notext", "-out", old)
    (found,) = told("show", old)["certificates"]
    assert found["validity"] == "expired" and "it has expired" in found["notes"]
    assert "expired at 2001-01-01" in told("verify", old, status=UNVERIFIED)["certificates"][0]["sentence"]
    assert told("verify", old, "--at", "2000-06-01")["certificates"][0]["verdict"] == "complete"
    assert told("verify", old, "--any-time")["at"] is None


def test_the_makers_chains(vectors):
    folder = vectors / "cisco-ca"
    rows = told("verify", folder)["certificates"]
    assert len(rows) == len(AUTHORITIES)
    for row in rows:
        assert row["verdict"] == "complete"
        assert row["chain"][-1]["authority"].startswith("Cisco Root CA")
        assert row["chain"][-1]["authority"] in row["sentence"]
    (row,) = told("verify", folder / "cmca.pem", "--ca", folder / "crca2048.pem")["certificates"]
    assert row["verdict"] == "trusted" and len(row["chain"]) == 2
    ran = dialtrust("cert", "verify", folder / "cmca.pem", "--ca", folder / "crcam2.pem")
    assert ran.returncode == UNVERIFIED and "is not here" in ran.stderr
    ran = dialtrust("cert", "verify", folder / "cmca.pem")
    assert ran.returncode == UNVERIFIED and "Cisco Root CA 2048 is not here" in ran.stderr
    ran = dialtrust("cert", "verify", folder / "cmca.pem", folder / "crca2048.pem", "--at", "2029-05-15")
    assert ran.returncode == UNVERIFIED and "2 of 2 certificates do not verify" in ran.stderr
    both = [folder / "cmca.pem", folder / "crca2048.pem", "--at", "2029-05-15"]
    rows = told("verify", *both, status=UNVERIFIED)["certificates"]
    assert all("expired at 2029-05-14" in row["sentence"] and row["chain"] == [] for row in rows)


def test_a_changed_byte_breaks_the_chain(vectors, tmp_path):
    der = bytearray(openssl("x509", "-in", vectors / "cisco-ca/cmca2.pem", "-outform", "DER"))
    der[-1] ^= 1
    (tmp_path / "bad.der").write_bytes(der)
    ran = dialtrust("cert", "verify", tmp_path / "bad.der", "--ca", vectors / "cisco-ca/crcam2.pem")
    assert ran.returncode == UNVERIFIED
    assert "not signed by the key of O=Cisco,CN=Cisco Root CA M2" in ran.stderr


@pytest.mark.parametrize(
    "words", [["--at", "tomorrow"], ["--at", "2026-02-30"], ["--at", "2026-11-23", "--any-time"], ["--no"]], ids=" ".join
)
def test_words_of_verify_that_make_no_sense(words, tmp_path):
    assert dialtrust("cert", "verify", make(tmp_path, "a"), *words).returncode == USAGE


def test_hashes(tmp_path):
    path = make(tmp_path, "a")
    der = openssl("x509", "-in", path, "-outform", "DER")
    (found,) = told("hash", path)["certificates"]
    for name in ("md5", "sha1", "sha256", "sha384", "sha512"):
        assert found[name] == hashlib.new(name, der).hexdigest()
    assert found["cert_hash"] == hashlib.md5(der).hexdigest()
    assert base64.b64decode(found["vpn_cert_hash_sha1"]) == hashlib.sha1(der).digest()
    assert base64.b64decode(found["vpn_cert_hash_sha512"]) == hashlib.sha512(der).digest()
    assert found["record_sha1"] == "0b0014" + hashlib.sha1(der).hexdigest() + "0c000101"
    assert found["record_sha512"] == "0b0040" + hashlib.sha512(der).hexdigest() + "0c000103"
    spki = openssl("x509", "-in", path, "-noout", "-pubkey")
    spki = openssl("pkey", "-pubin", "-outform", "DER", given=spki)
    assert found["public_key_sha256"] == hashlib.sha256(spki).hexdigest()
    text = dialtrust("cert", "hash", path).stdout
    assert all(str(value) in text for value in found.values() if value != found["subject"])


@pytest.mark.parametrize(
    "unit, key, usages",
    [
        ("CallManager", "RSA-2048", "Digital Signature, Key Encipherment, Data Encipherment, Key Agreement"),
        ("CAPF", "RSA-2048", "Digital Signature, Certificate Sign"),
        ("tomcat-ECDSA", "EC-P384", "Digital Signature, Key Agreement"),
        ("ITLRecovery", "RSA-2048", "Digital Signature"),
    ],
)
def test_make_has_the_units_shape(unit, key, usages, tmp_path):
    path = make(tmp_path, "made", "--node", "pub.example", "--country", "PL", unit=unit)
    (found,) = told("show", path)["certificates"]
    assert found["key"] == key and found["self_signed"] is True
    assert re.fullmatch(r"(ITLRECOVERY_|CAPF-[0-9a-f]{8}|)(pub\.example)?(-EC)?", found["common_name"])
    assert found["subject_appliance"].endswith(";OU=Test;O=Example;C=PL")
    text = openssl("x509", "-in", path, "-noout", "-text").decode()
    assert usages in text and "DNS:pub.example" in text
    assert ("CA:TRUE, pathlen:0" in text) == (unit == "CAPF")
    mode = os.stat(tmp_path / "made.key").st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o644
    public = openssl("pkey", "-in", tmp_path / "made.key", "-pubout")
    assert public == openssl("x509", "-in", path, "-noout", "-pubkey")
    # what it is for: signing a list or a file with the other verbs
    if unit == "CallManager":
        (tmp_path / "x.xml").write_text("<x/>")
        ran = dialtrust("file", "sign", tmp_path / "x.xml", "--signer", path, "--key", tmp_path / "made.key")
        assert ran.returncode == FINE, ran.stderr
        ran = dialtrust("file", "verify", tmp_path / "x.xml.sgn", "--signer", path)
        assert ran.returncode == FINE, ran.stderr


def test_make_replaces_nothing(tmp_path):
    out, key = tmp_path / "a.pem", tmp_path / "a.key"
    words = ["cert", "make", "--unit", "TVS", "--name", "x", "--key", "EC-P256"]
    (tmp_path / "kept").write_text("kept")
    for spoilt in (out, key):
        for path in (out, key):
            path.unlink(missing_ok=True)
        spoilt.write_text("kept")
        ran = dialtrust(*words, "--out", out, "--key-out", key)
        assert ran.returncode == REFUSED and "--force" in ran.stderr
        assert spoilt.read_text() == "kept"
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted([spoilt.name, "kept"])
    key.write_text("kept")
    key.chmod(0o666)
    ran = dialtrust(*words, "--out", out, "--key-out", key, "--force", "--json", "--years", "1")
    assert ran.returncode == FINE, ran.stderr
    made = json.loads(ran.stdout)
    assert made["schema_version"] == 1 and made["unit"] == "TVS" and made["key"] == "EC-P256"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600 and "PRIVATE KEY" in key.read_text()
    assert "PRIVATE KEY" not in ran.stdout + ran.stderr + out.read_text()


@pytest.mark.parametrize("force", [[], ["--force"]], ids=["", "--force"])
@pytest.mark.parametrize("kind", ["a link", "a folder"])
def test_make_leaves_no_key_alone(kind, force, tmp_path):
    """Where one of the two cannot be, the other is not made either, and --force is no advice."""
    for spoilt in ("a.pem", "a.key"):
        path = tmp_path / spoilt
        if kind == "a link":
            path.symlink_to(tmp_path / "nowhere")
        else:
            path.mkdir()
        ran = dialtrust("cert", "make", "--unit", "TVS", "--name", "x", "--key", "EC-P256", *force,
                        "--out", tmp_path / "a.pem", "--key-out", tmp_path / "a.key")
        assert ran.returncode == REFUSED and f"{path} is {kind}, which is not replaced" in ran.stderr
        assert "--force" not in ran.stderr
        assert [left.name for left in tmp_path.iterdir()] == [spoilt]
        path.rmdir() if kind == "a folder" else path.unlink()


@pytest.mark.parametrize(
    "words, status",
    [
        (["--unit", "TVS"], USAGE), (["--unit", "TVS", "--name", "a", "--node", "b"], USAGE),
        (["--unit", "tvss", "--name", "a"], MISSING), (["--unit", "CallManager-trust", "--name", "a"], REFUSED),
        (["--unit", "TVS", "--name", ""], USAGE), (["--unit", "TVS", "--name", "x" * 65], UNVERIFIED),
        (["--unit", "TVS", "--node", "x" * 65], USAGE), (["--unit", "TVS", "--name", "a", "--key", "RSA-512"], USAGE),
        (["--unit", "TVS", "--name", "a", "--years", "0"], USAGE), (["--unit", "TVS", "--name", "a", "--years", "101"], USAGE),
        (["--unit", "TVS", "--name", "a", "--country", "POL"], UNVERIFIED), (["--unit", "TVS", "--name", "a", "--country", "P1"], USAGE),
        (["--unit", "TVS", "--node", "a b"], USAGE), (["--name", "a"], USAGE),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else str(value),
)
def test_make_refuses(words, status, tmp_path):
    ran = dialtrust("cert", "make", *words, "--out", tmp_path / "o", "--key-out", tmp_path / "k")
    assert ran.returncode == status, ran.stderr
    assert list(tmp_path.iterdir()) == []
    same = dialtrust("cert", "make", "--unit", "TVS", "--name", "a", "--out", tmp_path / "o", "--key-out", tmp_path / "o")
    assert same.returncode == USAGE


def test_the_examples_of_the_page(tmp_path):
    """docs/cert.md: its console blocks, run in an empty folder."""
    page = (TOP / "docs/cert.md").read_text()
    commands = re.findall(r"^\$ dialtrust (.*)$", page, re.M)
    assert len(commands) >= 4
    for command in commands:
        ran = dialtrust(*command.split(), cwd=tmp_path)
        assert ran.returncode == FINE, f"{command}\n{ran.stderr}"
