"""`list build`: every kind of record and of name, judged by openssl and by a second reader; and the list of
a published dump, of certificates with the very sizes of the print, printed as it was published."""

import base64
import hashlib
import json
import re

import pytest
from programs import dialtrust
from signed_file import openssl, openssl_verifies, parse, records, role, text

FINE, ERROR, USAGE, REFUSED, UNVERIFIED, MISSING = range(6)

PLACE = "OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL"
SERIAL = "70CAF64E090751B9DF22F49F754FC5BB"


def make(folder, name, subject, *words, key="rsa:1024", extra=()):
    """A self-signed certificate NAME.pem and its NAME.key; `subject` as the appliance writes it."""
    slashes = "".join("/" + part for part in subject.split(";"))
    algorithm = ["-newkey", key] if key.startswith("rsa") else ["-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{key}"]
    extensions = [word for one in extra for word in ("-addext", one)]
    config = folder / "empty.cnf"
    config.write_text("[req]\ndistinguished_name=name\n[name]\n")
    if not (folder / f"{name}.key").exists():
        ran = openssl("req", "-config", config, *algorithm, "-nodes", "-new", "-subj", "/CN=x",
                      "-keyout", folder / f"{name}.key", "-out", folder / "request.pem")
        assert ran[0] == 0, ran[2]
    ran = openssl("req", "-config", config, "-x509", "-key", folder / f"{name}.key", "-sha1", "-days", 1825,
                  "-subj", slashes, "-out", folder / f"{name}.pem", *extensions, *words)
    assert ran[0] == 0, ran[2]
    body = (folder / f"{name}.pem").read_text().split("-----")[2]
    return base64.b64decode(body)


def make_sized(folder, name, subject, size, *words, serial=SERIAL):
    """The same of exactly `size` bytes, filled up with a comment."""
    fill = 40
    for _ in range(6):
        found = make(folder, name, subject, "-set_serial", f"0x{serial}", *words, extra=["nsComment=" + "x" * fill])
        if len(found) == size:
            return found
        fill += size - len(found)
    raise AssertionError(f"{name}: {len(found)} bytes, not {size}")


def build(folder, *words):
    return dialtrust("list", "build", *words, cwd=folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("build")
    make(place, "sast", "CN=sast;OU=IST;O=Lab, Inc.;C=AT", key="rsa:2048")
    make(place, "ccm", "CN=ccm;OU=IST;O=Lab, Inc.;C=AT", key="rsa:2048")
    make(place, "long", f"CN={'x' * 51};OU=IST;O=Lab", key="rsa:2048")
    for curve in ("P-256", "P-384", "P-521"):
        make(place, curve, f"CN={curve};OU=IST;O=Lab;C=AT", key=curve)
    return place


SIGNED = ["--signer", "sast.pem", "--key", "sast.key", "--out", "ITLFile.tlv"]


@pytest.mark.asan
@pytest.mark.parametrize("form, name", [
    ("appliance", "CN=sast;OU=IST;O=Lab, Inc.;C=AT"),
    ("builder", "CN=sast,OU=IST,O=Lab\\, Inc.,C=AT"),
    ("builder-2023", "CN=sast;OU=IST;O=Lab\\, Inc.;C=AT"),
])
def test_every_kind_of_record_in_every_form(folder, form, name, tmp_path):
    ran = build(
        folder, *SIGNED, "--names", form, "--signer-version", "1.1", "--hash", "sha512", "SAST=sast.pem",
        "CCM+TFTP=ccm.pem,host=pub.lab,address=10.0.0.1", "TFTP=P-384.pem,address=10.0.0.1,host=pub.lab",
        "7=P-256.pem", "CAPF=ccm.pem,signature=no", "tvs=P-521.pem,host=", "CCM+TFTP=,host=cucm-sub.lab,address=10.0.0.2",
    )
    assert ran.returncode == FINE, ran.stderr
    data = (folder / "ITLFile.tlv").read_bytes()
    header, found = parse(data), records(data)
    assert header.order == [1, 2, 28, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15]
    assert header.tags[28] == b"\1\1" and header.hash == "sha512"
    assert header.signer[0] == header.signer[2] == text(found[0][3]) == text(found[0][5]) == name
    assert [role(record) for record in found] == [0, 2, 3, 7, 4, 21, 2]
    assert [list(record) for record in found] == [
        [3, 4, 5, 6, 7, 8, 9], [2, 3, 4, 5, 6, 7, 8, 9, 10], [2, 3, 4, 5, 6, 7, 8, 9, 10],
        [3, 4, 5, 6, 7, 8, 9], [3, 4, 5, 6, 7, 9], [2, 3, 4, 5, 6, 7, 8, 9], [2, 4, 10],
    ]
    assert (found[1][2], found[1][10]) == (b"pub.lab\0", bytes([10, 0, 0, 1])) and found[5][2] == b"\0"
    assert [len(record[7]) for record in found[2:4]] == [97, 65] and len(found[5][7]) == 133
    assert sum(3 + len(value) for value in found[6].values()) + 5 == 33
    assert openssl_verifies(data, found[0][9], tmp_path)
    for verb in (["list", "verify"], ["list", "show"], ["list", "explain"]):
        ran = dialtrust(*verb, folder / "ITLFile.tlv")
        assert ran.returncode == FINE, ran.stderr
    # a file of the same signer's is found in the list only in the same form
    (folder / "x.xml").write_text("<device/>")
    for other in ("appliance", "builder", "builder-2023"):
        ran = dialtrust("file", "sign", "x.xml", "--signer", "ccm.pem", "--key", "ccm.key", "--names", other, cwd=folder)
        assert ran.returncode == FINE, ran.stderr
        ran = dialtrust("file", "verify", "x.xml.sgn", "--trust", "ITLFile.tlv", cwd=folder)
        assert ran.returncode == (FINE if other == form else UNVERIFIED)
        assert other == form or "in another form" in ran.stderr


@pytest.mark.parametrize("words, status, said", [
    (["TFTP=P-256.pem"], REFUSED, "signer version 1.1"),
    (["TFTP=P-256.pem", "--signer-version", "1.0"], REFUSED, "signer version 1.1"),
    (["SAST=P-256.pem", "--signer-version", "1.1"], REFUSED, "RSA alone"),
    (["TFTP=ccm.pem", "--signer-version", "1.2"], USAGE, "none, 1.0 or 1.1"),
    (["TFTP=ccm.pem", "--names", "token"], USAGE, ",names=token"),
    (["TFTP=ccm.pem,address=10.0.0"], USAGE, "no IPv4 address"),
    (["TFTP=ccm.pem,address=::1"], USAGE, "no IPv4 address"),
    (["TFTP=ccm.pem,address=10.0.0.1,address=10.0.0.2"], USAGE, "comes twice"),
    (["TFTP=ccm.pem,names=builder"], USAGE, "may be \"token\""),
    (["TFTP=ccm.pem,names="], USAGE, "may be \"token\""),
    (["TFTP=ccm.pem,names=token,names=token"], USAGE, "comes twice"),
    (["TFTP=long.pem,names=token"], REFUSED, "ends after 55 bytes"),
    (["TFTP=ccm.pem,signature=yes"], USAGE, "it may be \"no\""),
    (["TFTP="], USAGE, "neither a certificate nor a host"),
    (["TFTP=,address=10.0.0.1"], USAGE, "neither a certificate nor a host"),
    (["TFTP=,host="], USAGE, "neither a certificate nor a host"),
    (["TFTP=,address=10.0.0.1,host="], USAGE, "neither a certificate nor a host"),
    (["TFTP"], USAGE, "written ROLE=CERT"),
    (["=ccm.pem"], USAGE, "written ROLE=CERT"),
    (["TFTP=ccm.pem,post=x"], MISSING, "ccm.pem,post=x"),
    (["TFTP=ccm.pem,host=a\x1bb"], UNVERIFIED, "host name"),
])
def test_what_is_not_built(folder, tmp_path, words, status, said):
    out = tmp_path / "ITLFile.tlv"
    ran = build(folder, "--signer", "sast.pem", "--key", "sast.key", "--out", out, "SAST=sast.pem", *words)
    assert ran.returncode == status, ran.stderr
    assert said in ran.stderr
    assert not out.exists()


def test_a_comma_may_belong_to_the_name_of_a_file(folder):
    (folder / "a,b.pem").write_bytes((folder / "ccm.pem").read_bytes())
    ran = build(folder, *SIGNED, "SAST=sast.pem", "TFTP=a,b.pem,host=pub")
    assert ran.returncode == FINE, ran.stderr
    assert records((folder / "ITLFile.tlv").read_bytes())[1][2] == b"pub\0"


def broken(name):
    """A long name as the print breaks it."""
    return f"CN={name};OU=TAC;O=Cisco;L=Krakow;\n{' ' * 32}ST=Malopolska;C=PL"


def printed_record(number, record, host, name, function):
    sha1 = " ".join(f"{byte:02X}" for byte in hashlib.sha1(record[9]).digest())
    size = 5 + sum(3 + len(value) for value in record.values())
    return (
        f"\n        CTL Record #:{number}\n                  ----\n"
        "BYTEPOS TAG             LENGTH  VALUE\n"
        "------- ---             ------  -----\n"
        f"1       RECORDLENGTH    2       {size}\n"
        f"2       DNSNAME         {len(host) + 1}      {host}\n"
        f"3       SUBJECTNAME     {len(record[3])}      {broken(name)}\n"
        f"4       FUNCTION        2       {function}\n"
        f"5       ISSUERNAME      {len(record[5])}      {broken(name)}\n"
        "6       SERIALNUMBER    16      70:CA:F6:4E:09:07:51:B9:DF:22:F4:9F:75:4F:C5:BB\n"
        "7       PUBLICKEY       140\n"
        "8       SIGNATURE       128\n"
        f"9       CERTIFICATE     {len(record[9])}     {sha1[:44]}\n{' ' * 32}{sha1[45:]} (SHA1 Hash HEX)\n"
        "10      IPADDRESS       4\n"
    )


PUBLISHED_HEADER = """
        Parse CTL File
        ----------------

Version:        1.2
HeaderLength:   336 (BYTES)

BYTEPOS TAG             LENGTH  VALUE
------- ---             ------  -----
3       SIGNERID        2       149
4       SIGNERNAME      62      CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;
                                ST=Malopolska;C=PL
5       SERIALNUMBER    16      70:CA:F6:4E:09:07:51:B9:DF:22:F4:9F:75:4F:C5:BB
6       CANAME          62      CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;
                                ST=Malopolska;C=PL
7       SIGNATUREINFO   2       15
8       DIGESTALGORTITHM        1
9       SIGNATUREALGOINFO       2       8
10      SIGNATUREALGORTITHM     1
11      SIGNATUREMODULUS        1
12      SIGNATURE       128
"""


@pytest.mark.asan
def test_the_published_list_of_4947_bytes(tmp_path):
    """Names, serial number and all sizes of the print; whatever it does not show is made anew."""
    make_sized(tmp_path, "pub", f"CN=cucm-1051-a-pub;{PLACE}", 694)
    make_sized(tmp_path, "capf", f"CN=CAPF-e41e7d87;{PLACE}", 680)
    make_sized(tmp_path, "sub", f"CN=cucm-1051-a-sub1;{PLACE}", 696)
    at = ",host=cucm-1051-a-pub,address=10.0.0.1"
    ran = build(
        tmp_path, "--signer", "pub.pem", "--key", "pub.key", "--name", "CTLFile.tlv", "--out", "CTLFile.tlv",
        f"SAST=pub.pem{at}", f"CCM+TFTP=pub.pem{at}", f"CAPF=capf.pem{at}",
        "CCM+TFTP=sub.pem,host=cucm-1051-a-sub1,address=10.0.0.2",
    )
    assert ran.returncode == FINE, ran.stderr
    data = (tmp_path / "CTLFile.tlv").read_bytes()
    assert len(data) == 4947
    ran = dialtrust("list", "show", "CTLFile.tlv", "--format", "cucm", cwd=tmp_path, TZ="CET-1CEST,M3.5.0,M10.5.0/3")
    assert ran.returncode == FINE, ran.stderr
    time = re.search(r"modified on (\w{3} \w{3} \d\d \d\d:\d\d:\d\d CES?T \d{4})\n", ran.stdout).group(1)
    signature = parse(data).signature
    lines = ["  ".join(f"{byte:<2x}" for byte in signature[i : i + 8]).rstrip() for i in range(0, 128, 8)]
    found = records(data)
    pub, sub = "cucm-1051-a-pub", "cucm-1051-a-sub1"
    assert ran.stdout == (
        "The checksum value of the CTL file:\n"
        f"{hashlib.md5(data).hexdigest()}(MD5)\n"
        f"{hashlib.sha1(data).hexdigest()}(SHA1)\n\n"
        "Length of CTL file: 4947\n"
        f"The CTL File was last modified on {time}\n"
        + PUBLISHED_HEADER + "\n".join(lines) +
        "\n14      FILENAME        12\n15      TIMESTAMP       4\n"
        + printed_record(1, found[0], pub, pub, "System Administrator Security Token")
        + "This etoken was used to sign the CTL file.\n"
        + printed_record(2, found[1], pub, pub, "CCM+TFTP")
        + printed_record(3, found[2], pub, "CAPF-e41e7d87", "CAPF")
        + printed_record(4, found[3], sub, sub, "CCM+TFTP")
        + "\nThe CTL file was verified successfully.\n"
    )
    told = json.loads(dialtrust("list", "explain", "CTLFile.tlv", "--json", cwd=tmp_path).stdout)
    codes = [row["code"] for row in told["findings"]]
    assert told["anchors"] == 1 and "weak-key" in codes and "old-digest" in codes


@pytest.mark.asan
def test_the_published_list_of_3746_bytes(tmp_path):
    """Two tokens, of which one signed, and what an appliance leaves that went back from mixed mode. The issuer of the print
    was not shown: one of the length of its name stands here."""
    issuer = "CN=IPCBU-Manufacturing-CA;OU=IPCBU;O=Ex.."
    make(tmp_path, "issuer", issuer)
    for name, adapter, first in (("token1", "54F509", "70"), ("token2", "54F510", "71")):
        make_sized(tmp_path, name, f"CN=SAST-ADN00{adapter}        ;OU=IPCBU;O=Cisco Systems, Inc.", 902,
                   "-CA", tmp_path / "issuer.pem", "-CAkey", tmp_path / "issuer.key", serial=first + SERIAL[2:20])
    make_sized(tmp_path, "capf", f"CN=CAPF-e41e7d87;{PLACE}", 680)
    token = ",host=,address=0.0.0.0,signature=no,names=token"
    stub = "CCM+TFTP=,host=cucm-pub.lab,address=10.0.0.1"
    ran = build(
        tmp_path, "--signer", "token1.pem", "--key", "token1.key", "--name", "CTLFile.tlv", "--out", "CTLFile.tlv",
        f"SAST=token1.pem{token}", f"SAST=token2.pem{token}", stub,
        "CAPF=capf.pem,host=cucm-pub.lab,address=10.0.0.1,signature=no", stub,
    )
    assert ran.returncode == FINE, ran.stderr
    data = (tmp_path / "CTLFile.tlv").read_bytes()
    assert len(data) == 3746
    header, found = parse(data), records(data)
    assert header.signer[0] == text(found[0][3]) == 'cn="SAST-ADN0054F509        ";ou=IPCBU;o="Cisco Systems'
    assert header.signer[2] == text(found[0][5]) == "cn=IPCBU-Manufacturing-CA;ou=IPCBU;o=Ex.."
    assert [len(header.tags[tag]) for tag in (4, 5, 6)] == [56, 10, 42]
    assert [5 + sum(3 + len(value) for value in record.values()) for record in found] == [1186, 1186, 33, 1004, 33]
    assert text(found[3][3]) == f"CN=CAPF-e41e7d87;{PLACE}"
    assert openssl_verifies(data, found[0][9], tmp_path)
    ran = dialtrust("list", "show", "CTLFile.tlv", "--format", "cucm", cwd=tmp_path)
    assert ran.returncode == FINE, ran.stderr
    assert "Length of CTL file: 3746\n" in ran.stdout and "HeaderLength:   304 (BYTES)\n" in ran.stdout
    assert '4       SIGNERNAME      56      cn="SAST-ADN0054F509        ";ou=IPCBU;' in ran.stdout
    assert "This etoken was used to sign the CTL file." in ran.stdout
    assert "This etoken was not used to sign the CTL file." in ran.stdout
    assert ran.stdout.endswith("\nThe CTL file was verified successfully.\n")
    ran = dialtrust("list", "verify", "CTLFile.tlv", "--trust", "CTLFile.tlv", cwd=tmp_path)
    assert ran.returncode == FINE, ran.stderr


def test_a_list_that_is_missing_or_broken_is_told_as_the_appliance_does(tmp_path):
    ran = dialtrust("list", "show", tmp_path / "CTLFile.tlv", "--format", "cucm")
    assert ran.returncode == MISSING
    assert ran.stdout == (
        "Length of CTL file: 0\n"
        "CTL File not found . Please run CTLClient plugin or run the CLI - utils ctl.. to generate the CTL file.\n"
        "Error parsing the CTL File.\n"
    )
    (tmp_path / "ITLFile.tlv").write_bytes(b"\x01\x00\x02")
    ran = dialtrust("list", "show", tmp_path / "ITLFile.tlv", "--format", "cucm")
    assert ran.returncode == UNVERIFIED
    assert ran.stdout.endswith("\nLength of ITL file: 3\n\nError parsing the ITL File!!\n")
    assert dialtrust("list", "show", tmp_path / "CTLFile.tlv").stdout == ""


@pytest.mark.asan
def test_a_list_is_called_what_it_says_inside(folder, tmp_path):
    for kind, other in (("ITL", "CTL"), ("CTL", "ITL")):
        out = tmp_path / "list"
        ran = build(folder, "--signer", "sast.pem", "--key", "sast.key", "--name", f"{kind}File.tlv", "--out", out,
                    "SAST=sast.pem")
        assert ran.returncode == FINE, ran.stderr
        for name in ("anything", "-", f"{kind}File.tlv", f"{kind}SEP001122334455.tlv", f"ext_{other}SEP0.tlv"):
            given = out.read_bytes() if name == "-" else None
            if name != "-":
                (tmp_path / name).write_bytes(out.read_bytes())
            words = ["-"] if name == "-" else [tmp_path / name]
            assert dialtrust("list", "verify", *words, given=given).returncode == FINE, name
        for name in (f"{other}File.tlv", f"{other}SEP001122334455.tlv"):
            (tmp_path / name).write_bytes(out.read_bytes())
            ran = dialtrust("list", "verify", tmp_path / name)
            assert ran.returncode == UNVERIFIED
            assert f"its header says that it is {kind}File.tlv" in ran.stderr


def test_diff_tells_of_the_signer_version_and_of_the_form(folder, tmp_path):
    def made(name, *words):
        ran = build(folder, "--signer", "sast.pem", "--key", "sast.key", "--out", tmp_path / name, *words,
                    "SAST=sast.pem", "TFTP=ccm.pem")
        assert ran.returncode == FINE, ran.stderr
        return tmp_path / name

    old, new, other = made("old"), made("new", "--signer-version", "1.1"), made("other", "--names", "builder")
    ran = dialtrust("list", "diff", old, new)
    assert "signer version none, now 1.1\n" in ran.stdout and "both say the same" not in ran.stdout
    assert ran.stdout.endswith(f"a phone that holds {old} accepts {new} by list signer of sast, its record 1\n")
    ran = dialtrust("list", "diff", old, other)
    assert "its signer written CN=sast;OU=IST;O=Lab, Inc.;C=AT, now CN=sast,OU=IST" in ran.stdout
    assert "can't accept" in ran.stdout.splitlines()[-1] and "in another form" in ran.stdout.splitlines()[-1]
