"""`dialtrust file …` on signed files made by other software, with openssl as the other judge."""

import json
import os
import pty
import subprocess

import pytest
from programs import DIALTRUST, dialtrust, environment
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
    assert "signature cannot be checked: the key is Cisco's" in ran.stderr
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


def test_only_a_file_is_replaced(vectors, tmp_path, signer):
    """Root would lose /dev/null, and /dev/stdout is a link."""
    clear = tmp_path / "clear.xml"
    clear.write_bytes(b"<device/>")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(clear)
    (tmp_path / "nowhere").symlink_to(tmp_path / "none")
    (tmp_path / "folder").mkdir()

    def inodes():
        return {path.name: path.lstat().st_ino for path in tmp_path.iterdir()}

    before = inodes()
    record = f"SAST={signer / 'cert.pem'}"
    for name in ("pipe", "link", "nowhere", "folder"):
        for words in (
            ("file", "strip", vectors / SIGNED[0]),
            ("file", "sign", clear, *signing(signer)),
            ("list", "build", *signing(signer), record),
            ("cert", "make", "--unit", "TVS", "--node", "n", "--force", "--key-out", tmp_path / "key"),
        ):
            ran = dialtrust(*words, "--out", tmp_path / name)
            assert ran.returncode == REFUSED, ran.stderr
            assert f"{name} is a " in ran.stderr
    assert inodes() == before


@pytest.fixture(scope="module")
def signer(tmp_path_factory):
    """A file signer of our own: certificate and key, PEM."""
    folder = tmp_path_factory.mktemp("signer")
    words = "req -x509 -newkey rsa:2048 -nodes -days 10 -subj /CN=ccm/O=Example/OU=Voice".split()
    subprocess.run(
        ["openssl", *words, "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        capture_output=True, check=True,
    )
    return folder


def signing(signer):
    return ["--signer", signer / "cert.pem", "--key", signer / "key.pem"]


@pytest.mark.asan
@pytest.mark.parametrize("judge", [[], ["--signer", "vectors/tftp.pem"], ["--trust", LIST]])
def test_decrypt_gives_the_clear_file(vectors, tmp_path, judge):
    out = tmp_path / "clear.xml"
    words = [word if word.startswith("--") else vectors / word for word in judge]
    ran = dialtrust(
        "file", "decrypt", vectors / SEALED, "--key", vectors / "vectors/device.key.der", "--out", out, *words
    )
    assert ran.returncode == FINE, ran.stderr
    assert out.read_bytes() == (vectors / PLAIN).read_bytes()
    assert out.stat().st_mode & 0o777 == 0o600
    assert ("not checked" in ran.stderr) == (not judge)


@pytest.mark.asan
def test_what_does_not_open_leaves_nothing(vectors, tmp_path, signer):
    out = tmp_path / "clear.xml"
    key = ["--key", vectors / "vectors/device.key.der"]
    data = (vectors / SEALED).read_bytes()

    def status(given, *words):
        ran = dialtrust("file", "decrypt", "-", *words, "--out", out, given=given)
        assert ran.stderr
        return ran.returncode

    assert status(data, "--key", signer / "key.pem") == UNVERIFIED
    for offset in (435, 455, 600, 740, 764, 1000):  # IV, pad count, blob, digest, body
        changed = data[:offset] + bytes([data[offset] ^ 1]) + data[offset + 1 :]
        assert status(changed, *key) == UNVERIFIED, offset
    stranger = ["--signer", signer / "cert.pem"]
    assert status(data, *key, *stranger) == UNVERIFIED
    renamed = data.replace(b"SEP001122334455.cnf", b"SEP001122334456.cnf")
    assert status(renamed, *key, "--signer", vectors / "vectors/tftp.pem") == UNVERIFIED
    assert status((vectors / SIGNED[0]).read_bytes(), *key) == REFUSED
    assert status(data[:-1], *key) == UNVERIFIED
    assert not list(tmp_path.iterdir())


@pytest.mark.asan
@pytest.mark.parametrize("hash_name", ["sha1", "sha512"])
def test_what_is_encrypted_is_decrypted(vectors, tmp_path, signer, hash_name):
    sealed, back = tmp_path / "SEP001122334455.cnf.xml.enc.sgn", tmp_path / "back.xml"
    device = ["--device", vectors / "vectors/device.pem"]
    ran = dialtrust(
        "file", "encrypt", vectors / PLAIN, *device, *signing(signer), "--hash", hash_name, "--out", sealed
    )
    assert ran.returncode == FINE, ran.stderr
    stub = tmp_path / NAME
    for path in (sealed, stub):
        data = path.read_bytes()
        assert parse(data).file_name == path.name
        assert parse(data).hash == hash_name
        assert openssl_says_yes(data, signer / "cert.pem", signer)
        assert dialtrust("file", "verify", path, "--signer", signer / "cert.pem").returncode == FINE
    assert b"<capfList>" not in sealed.read_bytes()
    # What other software wrote for the same device and configuration.
    assert parse(stub.read_bytes()).body == parse((vectors / "vectors" / NAME).read_bytes()).body
    ran = dialtrust(
        "file", "decrypt", sealed, "--key", vectors / "vectors/device.key.der", "--out", back,
        "--signer", signer / "cert.pem",
    )
    assert ran.returncode == FINE, ran.stderr
    assert back.read_bytes() == (vectors / PLAIN).read_bytes()


def test_openssl_opens_what_is_encrypted(vectors, tmp_path, signer):
    """Every step of a phone, by other software."""
    sealed = tmp_path / "SEP001122334455.cnf.xml.enc.sgn"
    device = ["--device", vectors / "vectors/device.pem"]
    ran = dialtrust("file", "encrypt", vectors / PLAIN, *device, *signing(signer), "--out", sealed)
    assert ran.returncode == FINE, ran.stderr
    found = parse(sealed.read_bytes())
    (tmp_path / "blob").write_bytes(found.tags[25])
    (tmp_path / "body").write_bytes(found.body)
    key = subprocess.run(
        ["openssl", "pkeyutl", "-decrypt", "-keyform", "DER", "-inkey", vectors / "vectors/device.key.der",
         "-in", tmp_path / "blob"], capture_output=True, check=True,
    ).stdout
    assert len(key) == 16
    clear = subprocess.run(
        ["openssl", "enc", "-d", "-aes-128-cbc", "-nopad", "-K", key.hex(), "-iv", found.tags[19].hex(),
         "-in", tmp_path / "body"], capture_output=True, check=True,
    ).stdout
    count = int.from_bytes(found.tags[20], "big")
    assert clear[-count:] == b"\r" * count
    assert clear[:-count] == (vectors / PLAIN).read_bytes()


def test_the_stub_names_the_certificate_as_asked(vectors, tmp_path, signer):
    out = tmp_path / "SEP001122334455.cnf.xml.enc.sgn"
    for name in ("md5", "sha1", "sha256"):
        digest = subprocess.run(
            ["openssl", "x509", "-in", vectors / "vectors/device.pem", "-noout", "-fingerprint", f"-{name}"],
            capture_output=True, text=True, check=True,
        ).stdout.strip().split("=")[1].replace(":", "").lower()
        ran = dialtrust(
            "file", "encrypt", vectors / PLAIN, "--device", vectors / "vectors/device.pem", *signing(signer),
            "--cert-hash", name, "--out", out, "--json",
        )
        assert ran.returncode == FINE, ran.stderr
        assert json.loads(ran.stdout)["stub"] == str(tmp_path / NAME)
        assert f"<certHash>{digest}</certHash>".encode() in (tmp_path / NAME).read_bytes()


def test_what_cannot_be_encrypted_is_refused(vectors, tmp_path, signer):
    out = tmp_path / "SEP001122334455.cnf.xml.enc.sgn"
    device = ["--device", vectors / "vectors/device.pem"]

    def status(*words, given=(vectors / PLAIN).read_bytes(), to=out):
        ran = dialtrust("file", "encrypt", "-", *words, "--out", to, given=given)
        assert ran.returncode == FINE or ran.stderr
        return ran.returncode

    assert status("--device", vectors / "vectors/httpsec.pem", *signing(signer)) == REFUSED  # EC
    other = ["--signer", vectors / "vectors/tftp.pem", "--key", signer / "key.pem"]
    assert status(*device, *other) == REFUSED
    assert status(*device, *signing(signer), to=tmp_path / "x.sgn") == USAGE
    assert status(*device, *signing(signer), "--hash", "md5") == USAGE
    assert status(*device, *signing(signer), "--cert-hash", "crc") == USAGE
    assert status(*device, *signing(signer), given=b"no xml") == UNVERIFIED
    assert status(*device, *signing(signer), given=b"<other/>") == UNVERIFIED
    assert status(*device, *signing(signer), given=b"<!DOCTYPE device><device/>") == UNVERIFIED
    assert status(*signing(signer)) == USAGE
    assert not list(tmp_path.iterdir())


@pytest.fixture
def tree(tmp_path):
    """What a TFTP folder holds: files to sign, and others."""
    folder = tmp_path / "tree"
    files = {
        "SEP001122334455.cnf.xml": b"<device/>",
        "ringlist.xml": b"<CiscoIPPhoneRingList/>",
        "Desktops/320x196x4/List.xml": b"<CiscoIPPhoneImageList/>",
        "empty.txt": b"",
        "ITLFile.tlv": b"a list",
        ".hidden": b"hidden",
        "SCCP45.loads": firmware("SCCP45.loads"),
        "cert.key": b"a secret",
        "Desktops/CERT.PEM": b"a secret",
        "store.db-wal": b"a secret",
        "store.sqlite-journal": b"a secret",
        "SEP001122334466.cnf.xml": b"<device>secret</device>",
        "SEP001122334466.cnf.xml.enc.sgn": b"its encrypted form",
        "SEP001122334466.cnf.xml.sgn": b"its stub",
    }
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / "link.xml").symlink_to(folder / "ringlist.xml")
    return folder


SIGNED_IN_TREE = ["SEP001122334455.cnf.xml", "ringlist.xml", "Desktops/320x196x4/List.xml", "empty.txt"]


def state_of(folder):
    return {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in folder.rglob("*")}


@pytest.mark.asan
@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_folder_is_signed_with_all_that_is_in_it(tree, tmp_path, signer, elsewhere):
    before = {path.relative_to(tree): path.read_bytes() for path in tree.rglob("*") if path.is_file()}
    to = tmp_path / "out" / "signed" if elsewhere else tree
    words = ["--out", to] if elsewhere else []
    ran = dialtrust("file", "sign", tree, *signing(signer), *words, "--json")
    assert ran.returncode == FINE, ran.stderr
    assert ran.stderr == ""  # no bar: it is no terminal
    assert json.loads(ran.stdout) == {
        "schema_version": 1, "signed": len(SIGNED_IN_TREE), "unchanged": 0, "passed_over": 2,
    }
    for name in SIGNED_IN_TREE:
        data = (to / (name + ".sgn")).read_bytes()
        assert parse(data).file_name == name + ".sgn"
        assert parse(data).body == (tree / name).read_bytes()
        assert openssl_says_yes(data, signer / "cert.pem", signer)
    made = {path.relative_to(to) for path in to.rglob("*.sgn")}
    expected = {f"{name}.sgn" for name in SIGNED_IN_TREE}
    if not elsewhere:
        expected |= {"SEP001122334466.cnf.xml.enc.sgn", "SEP001122334466.cnf.xml.sgn"}
    assert {str(path) for path in made} == expected
    for path, data in before.items():
        assert (tree / path).read_bytes() == data, path
    assert not list(to.rglob("*.new"))


def test_a_pipe_where_a_signed_file_belongs_is_not_waited_for(tree, signer):
    os.mkfifo(tree / "ringlist.xml.sgn")
    ran = dialtrust("file", "sign", tree, *signing(signer))
    assert ran.returncode == REFUSED and "ringlist.xml.sgn is a device, a pipe" in ran.stderr
    assert (tree / "ringlist.xml.sgn").is_fifo()


def test_only_what_changed_is_signed_again(tree, signer):
    def sign(*words):
        ran = dialtrust("file", "sign", tree, *signing(signer), *words, "--json")
        assert ran.returncode == FINE, ran.stderr
        told = json.loads(ran.stdout)
        return told["signed"], told["unchanged"]

    count = len(SIGNED_IN_TREE)
    assert sign() == (count, 0)
    before = state_of(tree)
    assert sign() == (0, count)
    assert state_of(tree) == before
    (tree / "ringlist.xml").write_bytes(b"<CiscoIPPhoneRingList>new</CiscoIPPhoneRingList>")
    assert sign() == (1, count - 1)
    whole = (tree / "ringlist.xml.sgn").read_bytes()
    for damaged in (whole[:-1], whole[:200], b"", whole[:130] + bytes([whole[130] ^ 1]) + whole[131:]):
        (tree / "ringlist.xml.sgn").write_bytes(damaged)
        assert sign() == (1, count - 1)
    (tree / "ringlist.xml.sgn").write_bytes((tree / "empty.txt.sgn").read_bytes())
    assert sign() == (1, count - 1)
    assert sign("--hash", "sha512") == (count, 0)
    assert sign("--hash", "sha512") == (0, count)


@pytest.mark.asan
def test_one_file_is_signed(tmp_path, vectors, signer):
    path = tmp_path / "List.xml"
    path.write_bytes(b"<List/>")
    assert dialtrust("file", "sign", path, *signing(signer)).returncode == FINE
    data = (tmp_path / "List.xml.sgn").read_bytes()
    assert parse(data).file_name == "List.xml.sgn"
    assert openssl_says_yes(data, signer / "cert.pem", signer)
    out = tmp_path / "other.sgn"
    words = ["--out", out, "--name", "Desktops/List.xml.sgn", "--hash", "sha512"]
    assert dialtrust("file", "sign", path, *signing(signer), *words).returncode == FINE
    assert parse(out.read_bytes()).file_name == "Desktops/List.xml.sgn"
    assert parse(out.read_bytes()).hash == "sha512"
    assert openssl_says_yes(out.read_bytes(), signer / "cert.pem", signer)
    plain = (vectors / PLAIN).read_bytes()
    ran = dialtrust("file", "sign", "-", *signing(signer), "--out", tmp_path / NAME, given=plain)
    assert ran.returncode == FINE, ran.stderr
    assert parse((tmp_path / NAME).read_bytes()).body == plain


@pytest.mark.asan
def test_what_cannot_be_signed_is_refused(tree, tmp_path, vectors, signer):
    path = tree / "ringlist.xml"
    before = state_of(tree)

    def status(*words):
        ran = dialtrust("file", "sign", *words)
        assert ran.stderr
        return ran.returncode

    ec = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=ec".split()
    subprocess.run(
        ["openssl", *ec, "-keyout", tmp_path / "ec.key", "-out", tmp_path / "ec.pem"],
        capture_output=True, check=True,
    )
    assert status(path, "--signer", tmp_path / "ec.pem", "--key", tmp_path / "ec.key") == REFUSED
    assert status(path, "--signer", vectors / "vectors/tftp.pem", "--key", signer / "key.pem") == REFUSED
    assert status(path, "--signer", signer / "key.pem", "--key", signer / "key.pem") == UNVERIFIED
    assert status(path, "--signer", signer / "cert.pem", "--key", signer / "cert.pem") == UNVERIFIED
    assert status(path, *signing(signer), "--hash", "sha256") == USAGE
    assert status(path, *signing(signer), "--name", "../x.sgn") != FINE
    assert status(tree, *signing(signer), "--name", "x") == USAGE
    assert status(tree / "SCCP45.loads", *signing(signer)) == REFUSED
    assert status(tmp_path / "none", *signing(signer)) == MISSING
    assert status("-", *signing(signer)) == USAGE
    assert state_of(tree) == before


def test_a_key_with_a_password_is_told(tmp_path, signer):
    locked = tmp_path / "locked.pem"
    subprocess.run(
        ["openssl", "pkey", "-in", signer / "key.pem", "-aes128", "-passout", "pass:x", "-out", locked],
        capture_output=True, check=True,
    )
    (tmp_path / "a.xml").write_bytes(b"<a/>")
    words = ["--signer", signer / "cert.pem", "--key", locked]
    ran = dialtrust("file", "sign", tmp_path / "a.xml", *words)
    assert ran.returncode == REFUSED
    assert "password" in ran.stderr


def test_a_terminal_sees_a_bar(tree, signer):
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [DIALTRUST, "file", "sign", tree, *signing(signer)], stderr=theirs, stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL, env=environment(),
    ) as program:
        assert b"4 signed" in program.stdout.read()
        assert program.wait(60) == FINE
    os.close(theirs)
    seen = os.read(ours, 65536).decode()
    os.close(ours)
    assert "100 %" in seen
    assert seen.endswith("\r\x1b[K")
