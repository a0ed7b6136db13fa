"""Trust lists and signed files, read by hand: a second opinion that shares no line with the program.
docs/formats/signed-header.md, docs/formats/trust-list.md"""

import hashlib
import subprocess
from dataclasses import dataclass, field

CONTAINERS = {3, 7, 9, 16, 17, 21}
PADDING = 13
SIGNATURE = 12
HASHES = {1: "sha1", 2: "sha256", 3: "sha512"}

SAST, CCM, CCM_TFTP, TFTP, CAPF, APP_SERVER, TVS = 0, 1, 2, 3, 4, 7, 21


@dataclass
class SignedFile:
    size: int = 0  # of the header
    tags: dict = field(default_factory=dict)
    order: list = field(default_factory=list)
    covered: bytes = b""  # what the signature is over
    body: bytes = b""

    @property
    def signature(self):
        return self.tags[SIGNATURE]

    @property
    def hash(self):
        return HASHES[self.tags[8][0]]

    @property
    def file_name(self):
        return text(self.tags[14])

    @property
    def signer(self):
        return text(self.tags[4]), self.tags[5].hex(), text(self.tags[6])

    @property
    def timestamp(self):
        return int.from_bytes(self.tags[15], "big")


def text(value):
    assert value.endswith(b"\0") and b"\0" not in value[:-1], value
    return value[:-1].decode()


def parse(data):
    found = SignedFile()
    found.size = int.from_bytes(data[8:10], "big")
    assert data[:3] == b"\x01\x00\x02" and data[5:8] == b"\x02\x00\x02"
    at, cut = 0, None
    while at < found.size:
        tag = data[at]
        if tag == PADDING:
            at += 1
            continue
        length = int.from_bytes(data[at + 1 : at + 3], "big")
        found.order.append(tag)
        if tag in CONTAINERS:
            at += 3
            continue
        assert tag not in found.tags, f"tag {tag} twice"
        found.tags[tag] = data[at + 3 : at + 3 + length]
        if tag == SIGNATURE:
            cut = at, at + 3 + length
        at += 3 + length
    assert at == found.size and found.size % 4 == 0
    found.covered = data[: cut[0]] + data[cut[1] :]
    found.body = data[found.size :]
    return found


def records(data):
    """The records of a trust list, as dictionaries of tags."""
    body, found = parse(data).body, []
    while body:
        assert body[:3] == b"\x01\x00\x02"
        size = int.from_bytes(body[3:5], "big")
        record, at = {}, 5
        while at < size:
            length = int.from_bytes(body[at + 1 : at + 3], "big")
            assert body[at] not in record
            record[body[at]] = body[at + 3 : at + 3 + length]
            at += 3 + length
        assert at == size
        found.append(record)
        body = body[size:]
    return found


def role(record):
    return int.from_bytes(record[4], "big")


def certificate_of(data, signer):
    """DER of the record of a trust list that a header's (subject, serial, issuer) names."""
    found = {
        record[9]
        for record in records(data)
        if (text(record[3]), record[6].hex(), text(record[5])) == signer
    }
    assert len(found) == 1
    return found.pop()


def openssl(*words, given=None):
    ran = subprocess.run(
        ["openssl", *map(str, words)], input=given, capture_output=True, timeout=30, check=False
    )
    return ran.returncode, ran.stdout, ran.stderr


def openssl_verifies(data, certificate, folder):
    """What `openssl dgst -verify` says of a signed file, given the signer's DER certificate."""
    found = parse(data)
    (folder / "signer.der").write_bytes(certificate)
    status, key, said = openssl(
        "x509", "-inform", "DER", "-in", folder / "signer.der", "-noout", "-pubkey"
    )
    assert status == 0, said
    (folder / "signer.pub").write_bytes(key)
    (folder / "signature").write_bytes(found.signature)
    (folder / "covered").write_bytes(found.covered)
    status, out, _ = openssl(
        "dgst", f"-{found.hash}", "-verify", folder / "signer.pub",
        "-signature", folder / "signature", folder / "covered",
    )
    return status == 0 and out == b"Verified OK\n"


def sha256(data):
    return hashlib.sha256(data).hexdigest()
