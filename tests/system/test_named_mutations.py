"""The changes that a strict reader must see, each in a list that is otherwise sound and signed anew, so that it is not the
signature that gives it away. docs/hostile-input.md"""

import json
import os

import pytest
from programs import dialtrust
from signed_file import openssl, records

pytestmark = pytest.mark.asan

FINE, UNVERIFIED = 0, 4
MADE = 1_795_000_000


def tlv(tag, value):
    return bytes([tag]) + len(value).to_bytes(2, "big") + value


class Maker:
    """Lists made by hand: header and records are what a test wants them to be, the signature fits."""

    def __init__(self, folder):
        self.folder = folder
        for name, unit in (("sast", "ITLRecovery"), ("ccm", "CallManager"), ("other", "CallManager"), ("third", "CallManager")):
            ran = dialtrust("cert", "make", "--unit", unit, "--name", name, "--out", f"{name}.pem", "--key-out", f"{name}.key", cwd=folder)
            assert ran.returncode == FINE, ran.stderr
        ran = dialtrust("list", "build", "--signer", "sast.pem", "--key", "sast.key", "--out", "usual.tlv", "SAST=sast.pem",
                        "CCM=ccm.pem", "TFTP=other.pem", "SAST=third.pem", cwd=folder)
        assert ran.returncode == FINE, ran.stderr
        self.usual = records((folder / "usual.tlv").read_bytes())

    def record(self, index, **changes):
        """One of the usual records; t7=… changes a tag, drop=… leaves tags out, end=… is put behind, length=… is told."""
        record = dict(self.usual[index])
        record |= {int(key[1:]): value for key, value in changes.items() if key[0] == "t"}
        body = b"".join(tlv(tag, value) for tag, value in sorted(record.items()) if tag not in changes.get("drop", ()))
        body += changes.get("end", b"")
        size = changes.get("length", len(body) + 5 + changes.get("longer", 0))
        return tlv(1, size.to_bytes(2, "big")) + body

    def sign(self, covered, key):
        (self.folder / "covered").write_bytes(covered)
        ran = openssl("dgst", "-sha1", "-sign", self.folder / f"{key}.key", "-out", self.folder / "signature", self.folder / "covered")
        assert ran[0] == 0, ran[2]
        return (self.folder / "signature").read_bytes()

    def made(self, signer=0, key="sast", body=None, **changes):
        if body is None:
            body = b"".join(self.record(index) for index in range(4))
        who = self.usual[signer]
        names = {4: who[3], 5: who[6], 6: who[5]} | changes.get("names", {})
        inside = b"".join(tlv(tag, names[tag]) for tag in changes.get("order", (4, 5, 6))) + changes.get("in_signer", b"")
        algorithm = tlv(10, changes.get("t10", b"\0")) + tlv(11, changes.get("t11", b"\2")) + changes.get("in_algorithm", b"")
        front = tlv(3, inside)[:1] + (len(inside) + changes.get("signer_longer", 0)).to_bytes(2, "big") + inside
        front += tlv(7, tlv(8, changes.get("t8", b"\1")) + tlv(9, algorithm))
        back = changes.get("before_name", b"") + tlv(14, changes.get("t14", b"ITLFile.tlv\0"))
        back += tlv(15, MADE.to_bytes(4, "big")) + changes.get("behind", b"")
        total = 10 + len(front) + 3 + 256 + len(back)
        pad = b"\r" * (-total % 4 + changes.get("more_padding", 0))
        told = total + len(pad) + changes.get("header_longer", 0)
        front = tlv(1, changes.get("t1", b"\1\2")) + tlv(2, told.to_bytes(2, "big")) + front
        back += pad
        return front + tlv(12, self.sign(front + back + body, key)) + back + body


@pytest.fixture(scope="module")
def maker(tmp_path_factory):
    return Maker(tmp_path_factory.mktemp("mutations"))


def judged(maker, data, name="ITLFile.tlv"):
    (maker.folder / name).write_bytes(data)
    return dialtrust("list", "verify", name, "--json", cwd=maker.folder)


def refused(ran, faults):
    assert ran.returncode == UNVERIFIED, (ran.stdout, ran.stderr)
    told = json.loads(ran.stderr)
    assert told["fault"] in faults and len(told["error"]) > 20, told


def test_what_the_maker_makes_is_sound(maker):
    for order in ((4, 5, 6), (4, 6, 5), (6, 5, 4)):
        assert judged(maker, maker.made(order=order)).returncode == FINE
    assert judged(maker, maker.made(t1=b"\1\1")).returncode == FINE
    assert judged(maker, maker.made(signer=3, key="third")).returncode == FINE


HEADERS = {
    "version 1.3": {"t1": b"\1\3"}, "version of 3 bytes": {"t1": b"\1\2\0"},
    "header length beyond the file": {"header_longer": 60000}, "header length + 4": {"header_longer": 4},
    "header length - 4": {"header_longer": -4}, "header length + 1": {"header_longer": 1},
    "signer container + 1": {"signer_longer": 1}, "signer container - 1": {"signer_longer": -1},
    "a second signer name": {"in_signer": tlv(4, b"CN=x\0")}, "a second serial": {"in_signer": tlv(5, b"\1")},
    "a second tag 12": {"before_name": tlv(12, bytes(256))}, "a second file name": {"before_name": tlv(14, b"ITLFile.tlv\0")},
    "a file name in the signer": {"in_signer": tlv(14, b"x\0")}, "tag 13 between": {"before_name": b"\r" * 4},
    "tag 13 before the time": {"behind": b"\r\r\r\r" + tlv(28, b"\1\0")}, "8 pad bytes": {"behind": b"\r" * 8},
    "pad bytes of another kind": {"behind": b"\0\0\0\0"}, "an unknown tag": {"before_name": tlv(29, b"x")},
    "an encryption tag": {"before_name": tlv(26, b"\1")}, "hash 0": {"t8": b"\0"}, "hash 4": {"t8": b"\4"},
    "hash of two bytes": {"t8": b"\1\1"}, "algorithm 1": {"t10": b"\1"}, "modulus code 3": {"t11": b"\3"}, "modulus code 4": {"t11": b"\4"},
    "more in the algorithm": {"in_algorithm": tlv(8, b"\1")}, "no name": {"t14": b""}, "a name without NUL": {"t14": b"ITLFile.tlv"},
    "a NUL inside": {"t14": b"ITL\0File.tlv\0"}, "a name that climbs": {"t14": b"../ITLFile.tlv\0"},
    "a name of control bytes": {"t14": b"ITL\x1b[2J.tlv\0"}, "a name that is not UTF-8": {"t14": b"ITL\xff.tlv\0"},
    "a name of 1025 bytes": {"t14": b"x" * 1024 + b"\0"}, "an absolute name": {"t14": b"/ITLFile.tlv\0"},
}


@pytest.mark.parametrize("what", HEADERS)
def test_headers(maker, what):
    refused(judged(maker, maker.made(**HEADERS[what])), {"malformed", "limit"})


@pytest.mark.parametrize("size", range(1, 5))
def test_padding_of_each_size_and_four_more(maker, size):
    name = b"x" * size + b"\0"
    assert judged(maker, maker.made(t14=name), "list").returncode == FINE
    refused(judged(maker, maker.made(t14=name, more_padding=4), "list"), {"malformed"})
    refused(judged(maker, maker.made(t14=name, more_padding=1), "list"), {"malformed"})


@pytest.mark.parametrize("tag", [4, 5, 6])
def test_names_of_the_signer(maker, tag):
    names = {4: maker.usual[0][3], 5: maker.usual[0][6], 6: maker.usual[0][5]}
    broken = [b"", b"\0" + names[5], b"\1" * 33] if tag == 5 else [b"", names[tag][:-1], b"CN=\0x\0", b"CN=\x1b\0", b"C" * 1025 + b"\0"]
    for value in broken:
        refused(judged(maker, maker.made(names={tag: value})), {"malformed", "limit"})


RECORDS = {
    "length 0": {"length": 0}, "length 4": {"length": 4}, "length + 1": {"longer": 1}, "length - 1": {"longer": -1},
    "length 65535": {"length": 65535}, "an unknown tag": {"end": tlv(13, b"x")}, "a second role": {"end": tlv(4, b"\0\0")},
    "a second certificate": {"end": tlv(9, b"x")}, "role of one byte": {"t4": b"\2"}, "an address of IPv6": {"t10": bytes(16)},
    "a hash without its kind": {"t11": bytes(20)}, "a hash of another size": {"t11": bytes(20), "t12": b"\3"},
    "hash kind 4": {"t11": bytes(20), "t12": b"\4"}, "a subject without NUL": {"t3": b"CN=x"}, "an empty serial": {"t6": b""},
    "half a tag": {"end": b"\x0a\0"}, "a child beyond the record": {"end": b"\x0a\0\x04\1\2"},
}


@pytest.mark.parametrize("what", RECORDS)
@pytest.mark.parametrize("last", [False, True], ids=["inside", "last"])
def test_records(maker, what, last):
    order = [0, 1, 3, 2] if last else [0, 2, 1, 3]
    body = b"".join(maker.record(index, **(RECORDS[what] if index == 2 else {})) for index in order)
    refused(judged(maker, maker.made(body=body)), {"malformed", "limit"})


def whole(maker, *indices, **changes):
    return b"".join(maker.record(index) for index in indices) + maker.record(2, **changes)


def test_what_a_record_says_of_its_certificate(maker):
    certificate = maker.usual[2][9]
    other = maker.usual[1]
    for changes in ({"t9": certificate + b"\0"}, {"t9": certificate[:-1]}, {"t3": other[3]}, {"t5": other[5]}, {"t6": other[6]},
                    {"t7": other[7]}, {"t8": other[8]}, {"t9": other[9]}, {"t9": b"\x30\0"}, {"t9": bytes(9000)}):
        refused(judged(maker, maker.made(body=whole(maker, 0, **changes))), {"malformed", "untrusted", "limit"})


def test_who_may_sign(maker):
    faults = {"malformed", "untrusted", "limit"}
    refused(judged(maker, maker.made(signer=1, key="ccm")), faults)  # a record of role 1
    refused(judged(maker, maker.made(signer=2, key="other")), faults)  # of role 3
    refused(judged(maker, maker.made(signer=0, key="third")), faults)  # another record's key
    refused(judged(maker, maker.made(body=whole(maker, 0, 1, 3, t4=b"\0\0"))), faults)  # a third of role 0
    refused(judged(maker, maker.made(body=whole(maker, 1, 3))), faults)  # the signer has no record
    twice = {tag: maker.usual[0][tag] for tag in (3, 5, 6)}
    both = whole(maker, 0, 1, t4=b"\0\0", **{f"t{tag}": value for tag, value in twice.items()})
    refused(judged(maker, maker.made(body=both)), faults)  # two keys under one name
    hashed = maker.record(0, drop=(7, 8, 9), t11=os.urandom(20), t12=b"\1") + maker.record(1)
    refused(judged(maker, maker.made(body=hashed)), faults)  # a hash proves nothing


def test_what_stands_behind(maker):
    usual = b"".join(maker.record(index) for index in range(4))
    for more in (b"\0", b"\r", b"\1\0\2", b"\1\0\2\0\5\1", usual[:100]):
        refused(judged(maker, maker.made(body=usual + more)), {"malformed", "limit"})
    stub = tlv(1, (33).to_bytes(2, "big")) + tlv(2, b"cucm-pub.lab\0") + tlv(4, b"\0\2") + tlv(10, bytes(4))
    assert judged(maker, maker.made(body=usual + stub * 60)).returncode == FINE
    refused(judged(maker, maker.made(body=usual + stub * 61)), {"malformed", "limit"})  # 65 records
