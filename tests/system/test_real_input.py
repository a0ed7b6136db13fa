"""Every file of the shared data, which other software made, against what is known of it: each field as a
second reader sees it, each signature by each certificate of the folder, with openssl as the other judge.
A file that no row knows is a failure: it waits for one."""

import base64
import json
import re

import pytest
from programs import VECTORS, dialtrust
from signed_file import certificate_of, openssl, openssl_verifies, parse, records, role, text

FINE, ERROR, USAGE, REFUSED, UNVERIFIED, MISSING = range(6)

# file: (roles of its records, signer version, hash, the certificate of the folder that signed it)
LISTS = {
    "itl/ITLFile-3411.tlv": ([0, 1], "1.0", "SHA-1", None),
    "vectors/ITLFile-v1.0-sha1.tlv": ([0, 1, 3, 4, 21, 7], "1.0", "SHA-1", "vectors/sast.pem"),
    "vectors/ITLFile-v1.1-sha512-ec.tlv": ([0, 1, 3, 3, 21], "1.1", "SHA-512", "vectors/sast.pem"),
    "vectors/CTLSEP001122334455.tlv": ([0, 7], "1.0", "SHA-1", "vectors/sast.pem"),
}
# file: (version, hash, kind); all of them signed by one certificate
SIGNED = {
    "vectors/SEP001122334455.cnf.xml.enc.sgn": ("2.0", "SHA-1", "encrypted file"),
    "vectors/SEP001122334455.cnf.xml.sgn": ("1.0", "SHA-1", "signed file"),
    "vectors/signed-sha1.SEP001122334455.cnf.xml.sgn": ("1.0", "SHA-1", "signed file"),
    "vectors/signed-sha512.SEP001122334455.cnf.xml.sgn": ("1.0", "SHA-512", "signed file"),
}
SIGNER = "vectors/tftp.pem"
CERTIFICATES = {
    "vectors/app.pem": "APP", "vectors/capf.pem": "CAPF", "vectors/ccm.pem": "CCM",
    "vectors/device.pem": "SEP001122334455", "vectors/httpsec.pem": "HTTPS-EC",
    "vectors/sast.pem": "SAST", "vectors/tftp.pem": "TFTP", "vectors/tvs.pem": "TVS",
    "cisco-ca/ACT2SUDICA.pem": "ACT2 SUDI CA",
    "cisco-ca/cmca.pem": "Cisco Manufacturing CA",
    "cisco-ca/cmca2.pem": "Cisco Manufacturing CA SHA2",
    "cisco-ca/crca2048.pem": "Cisco Root CA 2048",
    "cisco-ca/crca2099.pem": "Cisco Root CA 2099",
    "cisco-ca/crcam2.pem": "Cisco Root CA M2",
    "cisco-ca/hasudi.pem": "High Assurance SUDI CA",
}
PLAIN, KEY, DEVICE = ("vectors/SEP001122334455.plain.xml", "vectors/device.key.der", "vectors/device.pem")
TEXTS = {"README.md", PLAIN, KEY}

# Whose list takes whose: a phone that holds the one, given the other.
FRIENDS = [name for name, row in LISTS.items() if row[3] is not None]


@pytest.fixture(autouse=True)
def data():
    if not VECTORS.is_dir():
        pytest.skip("../shared/data is not there")
    return VECTORS


def der(path):
    body = "".join(line for line in path.read_text().splitlines() if "-----" not in line)
    return base64.b64decode(body)


def shown(*words):
    ran = dialtrust(*words, "--json")
    assert ran.returncode == FINE, ran.stderr
    return json.loads(ran.stdout)


def test_every_file_has_a_row(data):
    found = {str(path.relative_to(data)) for path in data.rglob("*") if path.is_file()}
    assert found == set(LISTS) | set(SIGNED) | set(CERTIFICATES) | TEXTS


def same_header(told, header, version, signer_version, hash_name):
    assert told["version"] == version
    assert told["signer_version"] == signer_version
    assert told["header_length"] == header.size
    assert told["hash"] == hash_name and hash_name.replace("-", "").lower() == header.hash
    assert (told["signer_name"], told["serial_number"], told["issuer_name"]) == header.signer
    assert told["signature"] == header.signature.hex()
    assert told["modulus_bits"] == 8 * len(header.signature)
    assert told["file_name"] == header.file_name
    assert told["algorithm"] == "RSA"


@pytest.mark.parametrize("name", LISTS)
def test_every_field_of_a_list(data, name):
    roles, signer_version, hash_name, _ = LISTS[name]
    raw = (data / name).read_bytes()
    header, read = parse(raw), records(raw)
    told = shown("list", "show", data / name)
    same_header(told["header"], header, "1.2", signer_version, hash_name)
    assert told["size"] == len(raw)
    assert [record["role"] for record in told["records"]] == [role(record) for record in read]
    assert [role(record) for record in read] == roles
    plain = dialtrust("list", "show", data / name).stdout
    for one, record in zip(told["records"], read):
        assert (one["subject"], one["issuer"]) == (text(record[3]), text(record[5]))
        assert one["serial_number"] == record[6].hex()
        assert one["public_key"] == record[7].hex()
        assert one["signature"] == record[8].hex()
        assert der_of(one["certificate"]["pem"]) == record[9]
        assert (one["host_name"], one["address"]) == (None, None)
        for value in (one["subject"], one["issuer"], one["serial_number"], one["certificate"]["sha256"]):
            assert value.replace("\\", "\\\\") in plain
    for value in (header.file_name, header.signer[1], f"{header.size} bytes", told["md5"], told["sha1"]):
        assert value in plain


def der_of(pem):
    return base64.b64decode("".join(line for line in pem.splitlines() if "-----" not in line))


def test_the_elliptic_record(data):
    read = records((data / "vectors/ITLFile-v1.1-sha512-ec.tlv").read_bytes())
    assert [(len(r[7]), len(r[8]), role(r)) for r in read if r[7][0] == 4] == [(97, 102, 3)]


@pytest.mark.parametrize("name", LISTS)
def test_every_field_as_the_appliance_prints_it(data, name):
    raw = (data / name).read_bytes()
    ran = dialtrust("list", "show", data / name, "--format", "cucm")
    assert ran.returncode == FINE, ran.stderr
    kind = "CTL" if parse(raw).file_name == "CTLFile.tlv" else "ITL"
    assert f"\nLength of {kind} file: {len(raw)}\n" in ran.stdout
    assert ran.stdout.endswith(f"\nThe {kind} file was verified successfully.\n")
    lengths = [
        int(value) for value in re.findall(r"^1 +RECORDLENGTH +2 +(\d+)$", ran.stdout, re.M)
    ]
    assert sum(lengths) + parse(raw).size == len(raw)
    for tag, title in ((7, "PUBLICKEY"), (8, "SIGNATURE"), (9, "CERTIFICATE")):
        found = re.findall(rf"^{tag} +{title} +(\d+)", ran.stdout, re.M)
        assert [int(size) for size in found] == [len(record[tag]) for record in records(raw)]


@pytest.mark.asan
@pytest.mark.parametrize("name", LISTS)
def test_every_list_is_signed_by_whom_we_say(data, name, tmp_path):
    raw = (data / name).read_bytes()
    own = certificate_of(raw, parse(raw).signer)
    ran = dialtrust("list", "verify", data / name)
    assert ran.returncode == FINE and "intact, not trusted" in ran.stdout
    for pem in CERTIFICATES:
        made = openssl_verifies(raw, der(data / pem), tmp_path) if pem != "vectors/httpsec.pem" else False
        assert made == (pem == LISTS[name][3]), pem
    assert openssl_verifies(raw, own, tmp_path)
    assert LISTS[name][3] is None or own == der(data / LISTS[name][3])


@pytest.mark.parametrize("held", LISTS)
@pytest.mark.parametrize("name", LISTS)
def test_whose_phones_take_whose_list(data, name, held):
    ran = dialtrust("list", "verify", data / name, "--trust", data / held)
    if name == held or {name, held} <= set(FRIENDS):
        assert ran.returncode == FINE, ran.stderr
        assert "trusted by a phone that holds" in ran.stdout and "its record 1" in ran.stdout
        return
    assert ran.returncode == UNVERIFIED
    has_tvs = any(role(record) == 21 for record in records((data / held).read_bytes()))
    assert ("asks TVS (1 servers)" if has_tvs else "it knows no TVS to ask") in ran.stderr
    assert "no held list has the signer with role 0" in ran.stderr


@pytest.mark.parametrize("name", SIGNED)
def test_every_field_of_a_signed_file(data, name):
    version, hash_name, kind = SIGNED[name]
    raw = (data / name).read_bytes()
    header = parse(raw)
    told = shown("file", "show", data / name)
    same_header(told["header"], header, version, None, hash_name)
    assert told["kind"] == kind
    assert told["body_size"] == len(header.body)
    plain = dialtrust("file", "show", data / name).stdout
    for value in (header.file_name, *header.signer, f"{header.size} bytes"):
        assert value in plain
    if kind != "encrypted file":
        assert told["encryption"] is None
        return
    # The values that docs/formats/encrypted-file.md awaits, and where FORMATS puts them.
    inside = told["encryption"]
    assert header.size == 764 and header.order[-12:] == [16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27]
    assert inside["iv"] == header.tags[19].hex() and inside["pad_count"] == 13
    assert inside["wrapped_key"] == header.tags[25].hex() and inside["wrapped_key_bits"] == 2048
    assert inside["clear_digest"] == "d00dd98c32034ee641d64b888ccd026a8c4643d1"
    assert inside["clear_digest"] in plain


@pytest.mark.asan
@pytest.mark.parametrize("name", SIGNED)
def test_every_certificate_judges_every_signed_file(data, name, tmp_path):
    raw = (data / name).read_bytes()
    asked = ["--name", parse(raw).file_name]
    for pem, common_name in CERTIFICATES.items():
        ran = dialtrust("file", "verify", data / name, "--signer", data / pem, *asked)
        if pem == SIGNER:
            assert ran.returncode == FINE, ran.stderr
            assert openssl_verifies(raw, der(data / pem), tmp_path)
        else:
            assert ran.returncode == UNVERIFIED, pem
            assert re.search(rf"names another signer than CN={common_name}(;|$)", ran.stderr, re.M), ran.stderr


@pytest.mark.parametrize("held", LISTS)
@pytest.mark.parametrize("name", SIGNED)
def test_whose_phones_take_which_file(data, name, held):
    raw = (data / held).read_bytes()
    signs = [r for r in records(raw) if role(r) in (2, 3) and r[9] == der(data / SIGNER)]
    asked = ["--name", parse((data / name).read_bytes()).file_name]
    ran = dialtrust("file", "verify", data / name, "--trust", data / held, *asked)
    assert ran.returncode == (FINE if signs else UNVERIFIED), ran.stderr
    if not signs:
        assert "no held list has the signer with role 3 or 2" in ran.stderr


@pytest.mark.parametrize("name", [name for name, row in SIGNED.items() if name.startswith("vectors/signed")])
def test_the_clear_file_comes_out_of_a_signed_one(data, name, tmp_path):
    out = tmp_path / "clear.xml"
    assert dialtrust("file", "strip", data / name, "--out", out).returncode == FINE
    assert out.read_bytes() == (data / PLAIN).read_bytes()


def test_the_stub_says_where_the_configuration_is(data, tmp_path):
    out = tmp_path / "stub.xml"
    stub = "vectors/SEP001122334455.cnf.xml.sgn"
    assert dialtrust("file", "strip", data / stub, "--out", out).returncode == FINE
    status, digest, _ = openssl("dgst", "-md5", "-r", given=der(data / DEVICE))
    assert status == 0
    assert f"<certHash>{digest[:32].decode()}</certHash>" in out.read_text()
    assert "<encrConfig>true</encrConfig>" in out.read_text()


@pytest.mark.asan
def test_the_encrypted_file_opens_for_its_device_alone(data, tmp_path):
    sealed, out = data / "vectors/SEP001122334455.cnf.xml.enc.sgn", tmp_path / "clear.xml"
    checks = ["--signer", data / SIGNER]
    ran = dialtrust("file", "decrypt", sealed, "--key", data / KEY, *checks, "--out", out)
    assert ran.returncode == FINE, ran.stderr
    assert out.read_bytes() == (data / PLAIN).read_bytes()
    out.unlink()
    for other in ("rsa_keygen_bits:2048", "rsa_keygen_bits:1024"):
        key = tmp_path / "other.pem"
        assert openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", other, "-out", key)[0] == 0
        ran = dialtrust("file", "decrypt", sealed, "--key", key, *checks, "--out", out)
        assert ran.returncode in (REFUSED, UNVERIFIED) and not out.exists(), ran.stderr
    ran = dialtrust("file", "decrypt", sealed, "--key", data / KEY, "--signer", data / DEVICE, "--out", out)
    assert ran.returncode == UNVERIFIED and not out.exists()
    for name in set(SIGNED) - {"vectors/SEP001122334455.cnf.xml.enc.sgn"}:
        ran = dialtrust("file", "decrypt", data / name, "--key", data / KEY, "--out", out)
        assert ran.returncode == REFUSED and not out.exists()


def test_the_key_is_that_of_the_device(data):
    private = openssl("pkey", "-inform", "DER", "-in", data / KEY, "-pubout")
    certificate = openssl("x509", "-in", data / DEVICE, "-noout", "-pubkey")
    assert private[:2] == certificate[:2] and private[0] == 0


@pytest.mark.parametrize("name", sorted({*CERTIFICATES, *TEXTS}))
def test_what_is_no_list_and_no_signed_file_is_refused(data, name):
    for verb in (["list", "show"], ["list", "verify"], ["list", "explain"], ["file", "show"]):
        ran = dialtrust(*verb, data / name)
        assert (ran.returncode, ran.stdout) == (UNVERIFIED, ""), verb
        assert ran.stderr.startswith(f"dialtrust: {data / name}: header: "), ran.stderr
