"""`dialtrust file …` on signed files made by other software, with openssl as the other judge."""

import json
import subprocess

import pytest
from programs import dialtrust
from signed_file import parse

FINE, ERROR, USAGE, REFUSED, UNVERIFIED, MISSING = range(6)

PLAIN = "vectors/SEP001122334455.plain.xml"
SEALED = "vectors/SEP001122334455.cnf.xml.enc.sgn"
NAME = "SEP001122334455.cnf.xml.sgn"
SIGNED = ["vectors/signed-sha1." + NAME, "vectors/signed-sha512." + NAME]
LIST = "vectors/ITLFile-v1.0-sha1.tlv"

# What genuine firmware looks like: docs/formats/signed-header.md#firmware
SIGNER = b"CN=someSigner;OU=someOrgUnit;O=someOrg\0"
ISSUER = b"CN=someCA;OU=someOrgUnit;O=someOrg\0"


def tag(number, value):
    return bytes([number]) + len(value).to_bytes(2, "big") + value


def firmware(name):
    signer = tag(4, SIGNER) + tag(5, bytes.fromhex("1234567890abcdef")) + tag(6, ISSUER)
    info = tag(8, b"\1") + tag(9, tag(10, b"\0") + tag(11, b"\2"))
    rest = tag(3, signer) + tag(7, info) + tag(12, bytes(range(256))) + tag(14, name.encode() + b"\0")
    size = 10 + len(rest)
    padding = -size % 4
    return tag(1, b"\1\1") + tag(2, (size + padding).to_bytes(2, "big")) + rest + b"\x0d" * padding + b"image"


def openssl_says_yes(data, certificate, folder):
    """The second judge: `openssl dgst -verify` over the bytes that the signature covers."""
    found = parse(data)
    key, signature, covered = (folder / name for name in ("judge.key", "judge.sig", "judge.tbs"))
    key.write_bytes(
        subprocess.run(
            ["openssl", "x509", "-in", certificate, "-noout", "-pubkey"], capture_output=True, check=True
        ).stdout
    )
    signature.write_bytes(found.signature)
    covered.write_bytes(found.covered)
    ran = subprocess.run(
        ["openssl", "dgst", f"-{found.hash}", "-verify", key, "-signature", signature, covered],
        capture_output=True, text=True, check=False,
    )
    return ran.returncode == 0


@pytest.mark.asan
@pytest.mark.parametrize("name", [*SIGNED, SEALED])
def test_show_prints_every_field(vectors, name):
    header = parse((vectors / name).read_bytes())
    ran = dialtrust("file", "show", vectors / name)
    assert ran.returncode == FINE, ran.stderr
    told = json.loads(dialtrust("file", "show", vectors / name, "--json").stdout)
    assert told["schema_version"] == 1
    assert told["header"]["file_name"] == header.file_name
    assert told["header"]["signature"] == header.signature.hex()
    assert told["header"]["serial_number"] == header.signer[1]
    assert told["body_size"] == len(header.body)
    for value in (header.file_name, header.signer[0], header.signer[1], f"{header.size} bytes"):
        assert value in ran.stdout
    if name == SEALED:
        assert told["encryption"]["iv"] == header.tags[19].hex()
        assert told["encryption"]["wrapped_key"] == header.tags[25].hex()
        assert told["encryption"]["clear_digest"] in ran.stdout
    else:
        assert told["encryption"] is None


def test_firmware_is_shown_and_not_judged(tmp_path, vectors):
    path = tmp_path / "SCCP45.9-4-2SR3-1S.loads"
    path.write_bytes(firmware(path.name))
    ran = dialtrust("file", "show", path)
    assert ran.returncode == FINE
    assert "signature cannot be checked: the key is Cisco's" in ran.stdout
    assert json.loads(dialtrust("file", "show", path, "--json").stdout)["kind"] == "firmware"
    ran = dialtrust("file", "verify", path, "--signer", vectors / "vectors/tftp.pem")
    assert ran.returncode == UNVERIFIED
    assert "Cisco's" in ran.stderr
    assert dialtrust("file", "strip", path, "--out", tmp_path / "image").returncode == FINE
    assert (tmp_path / "image").read_bytes() == b"image"


@pytest.mark.asan
@pytest.mark.parametrize("name", [*SIGNED, SEALED])
def test_two_judges_agree(vectors, name, tmp_path):
    data = (vectors / name).read_bytes()
    asked = parse(data).file_name
    for judge in (["--signer", vectors / "vectors/tftp.pem"], ["--trust", vectors / LIST]):
        ran = dialtrust("file", "verify", vectors / name, *judge, "--name", asked)
        assert ran.returncode == FINE, ran.stderr
    assert openssl_says_yes(data, vectors / "vectors/tftp.pem", tmp_path)
    changed = data[:-1] + bytes([data[-1] ^ 1])
    (tmp_path / asked).write_bytes(changed)
    for judge in (["--signer", vectors / "vectors/tftp.pem"], ["--trust", vectors / LIST]):
        assert dialtrust("file", "verify", tmp_path / asked, *judge).returncode == UNVERIFIED
    assert not openssl_says_yes(changed, vectors / "vectors/tftp.pem", tmp_path)


def test_the_name_is_what_is_asked_for(vectors, tmp_path):
    signer = ["--signer", vectors / "vectors/tftp.pem"]
    data = (vectors / SIGNED[0]).read_bytes()
    for name, status in ((NAME, FINE), ("x" + NAME, UNVERIFIED), ("other.sgn", UNVERIFIED)):
        (tmp_path / name).write_bytes(data)
        assert dialtrust("file", "verify", tmp_path / name, *signer).returncode == status, name
    assert dialtrust("file", "verify", "-", *signer, given=data).returncode == FINE
    assert dialtrust("file", "verify", "-", *signer, "--name", "a", given=data).returncode == UNVERIFIED


def test_strangers_and_lists_are_not_taken(vectors):
    own = vectors / "vectors" / NAME
    ran = dialtrust("file", "verify", own, "--signer", vectors / "vectors/tvs.pem")
    assert ran.returncode == UNVERIFIED
    ran = dialtrust("file", "verify", own, "--trust", vectors / "itl/ITLFile-3411.tlv")
    assert ran.returncode == UNVERIFIED
    assert "TVS" in ran.stderr
    assert dialtrust("file", "verify", own).returncode == USAGE
    both = ["--signer", vectors / "vectors/tftp.pem", "--trust", vectors / LIST]
    assert dialtrust("file", "verify", own, *both).returncode == USAGE
    ran = dialtrust("file", "verify", vectors / LIST, "--signer", vectors / "vectors/sast.pem")
    assert ran.returncode == REFUSED
    assert "list verify" in ran.stderr


@pytest.mark.asan
def test_strip_gives_the_clear_file_or_nothing(vectors, tmp_path):
    out = tmp_path / "out.xml"
    for name in SIGNED:
        assert dialtrust("file", "strip", vectors / name, "--out", out).returncode == FINE
        assert out.read_bytes() == (vectors / PLAIN).read_bytes()
    out.write_bytes(b"kept")
    data = (vectors / SIGNED[0]).read_bytes()
    for size in (0, 9, 423):
        ran = dialtrust("file", "strip", "-", "--out", out, given=data[:size])
        assert ran.returncode == UNVERIFIED
    for name in (SEALED, LIST):
        assert dialtrust("file", "strip", vectors / name, "--out", out).returncode == REFUSED
    assert out.read_bytes() == b"kept"
    assert [path.name for path in tmp_path.iterdir()] == ["out.xml"]
    assert dialtrust("file", "strip", tmp_path / "none", "--out", out).returncode == MISSING
    assert dialtrust("file", "strip", vectors / SIGNED[0], "--out", tmp_path).returncode != FINE
