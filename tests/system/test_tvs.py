"""TVS asked by hand: bytes written here, TLS by `openssl s_client`. docs/formats/tvs.md"""

import os
import select
import socket
import struct
import subprocess
import time

import pytest
from programs import SLOWER, environment, fetch, until
from signed_file import parse, records, role, sha256
from test_lists import der

pytestmark = pytest.mark.asan

NAME = b"\x01CP-8861-SEP001122334455"


def element(tag, value):
    return struct.pack(">BH", tag, len(value)) + value


def message(command, *elements, session=1001, version=1):
    body = b"".join(elements)
    return struct.pack(">BBBBIH", 0x57, version, command, 0, session, len(body)) + body


def verify_request(certificate, **more):
    return message(1, element(1, NAME), element(2, certificate), **more)


def query_request(subject, issuer, serial, **more):
    return message(
        3, element(1, NAME), element(3, subject.encode() + b"\0"),
        element(4, issuer.encode() + b"\0"), element(5, serial), **more,
    )


class Client:
    """`openssl s_client` with its ends in our hands."""

    def __init__(self, node, *words):
        self.process = subprocess.Popen(
            ["openssl", "s_client", "-quiet", "-connect",
             f"{node['address']}:{node['ports']['tvs']}", *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=environment(),
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(10)
        self.process.stdin.close()
        self.process.stdout.close()

    def say(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def hear(self, size, seconds=20):
        got = b""
        deadline = time.monotonic() + seconds * SLOWER
        while len(got) < size:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise TimeoutError(f"{len(got)} of {size} bytes")
            piece = os.read(self.process.stdout.fileno(), size - len(got))
            if not piece:
                break
            got += piece
        return got

    def answer(self):
        """(command, session, elements) of one answer."""
        head = self.hear(10)
        assert len(head) == 10, head
        magic, version, command, _, session, length = struct.unpack(">BBBBIH", head)
        assert (magic, version) == (0x57, 1)
        body, elements = self.hear(length), []
        while body:
            tag, size = struct.unpack(">BH", body[:3])
            elements.append((tag, body[3 : 3 + size]))
            body = body[3 + size :]
        return command, session, elements


def ask(node, request, *words):
    with Client(node, *words) as client:
        client.say(request)
        return client.answer()


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
@pytest.mark.parametrize(
    "unit, roles", [("CallManager", {0, 2}), ("TVS", {21}), ("tomcat", {7}), ("ITLRecovery", {0})]
)
def test_it_vouches_for_the_clusters_own(lab, unit, roles, version):
    for node in lab.info["nodes"]:
        certificate = der(lab.publisher["certificates"][unit])
        command, session, elements = ask(node, verify_request(certificate), version)
        assert (command, session) == (2, 1001)
        assert [tag for tag, _ in elements] == [7, 8, 9]
        found = dict(elements)
        assert found[7] == b"\0"
        assert set(found[8]) >= roles
        assert found[9] == struct.pack(">I", 86400)


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
@pytest.mark.parametrize("form", ["appliance", "builder"])
def test_it_knows_a_signer_by_name(lab, version, form):
    node = lab.publisher
    subject, serial, issuer = parse(fetch(node, "ITLFile.tlv")).signer
    if form == "builder":  # commas, and another order
        subject, issuer = (",".join(reversed(name.split(";"))) for name in (subject, issuer))
    request = query_request(subject, issuer, bytes.fromhex(serial), session=0xFEDCBA98)
    command, session, elements = ask(node, request, version)
    assert (command, session) == (4, 0xFEDCBA98)
    assert [tag for tag, _ in elements] == [7, 2, 8, 9]
    found = dict(elements)
    assert found[7] == b"\0" and 0 in found[8]
    assert sha256(found[2]) == sha256(der(node["certificates"]["ITLRecovery"]))


def test_it_does_not_vouch_for_strangers(lab, tmp_path):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=stranger",
         "-keyout", tmp_path / "key", "-out", tmp_path / "pem"],
        check=True, capture_output=True, timeout=60,
    )
    command, _, elements = ask(lab.publisher, verify_request(der(tmp_path / "pem")))
    assert (command, elements) == (2, [(7, b"\1")])
    command, _, elements = ask(lab.publisher, query_request("CN=stranger", "CN=stranger", b"\1"))
    assert (command, elements) == (4, [(7, b"\1")])


def test_it_shows_its_listed_certificate(lab):
    for node in lab.info["nodes"]:
        shown = subprocess.run(
            ["openssl", "s_client", "-connect", f"{node['address']}:{node['ports']['tvs']}"],
            input=b"", capture_output=True, timeout=30 * SLOWER, check=False,
        ).stdout
        listed = [r[9] for r in records(fetch(node, "ITLFile.tlv")) if role(r) == 21]
        pem = shown[shown.index(b"-----BEGIN") : shown.index(b"-----END") + 25]
        ran = subprocess.run(
            ["openssl", "x509", "-outform", "DER"], input=pem, capture_output=True, check=True
        )
        assert ran.stdout in listed
        assert ran.stdout == der(node["certificates"]["TVS"])


def test_several_questions_on_one_connection(lab):
    certificate = der(lab.publisher["certificates"]["TVS"])
    with Client(lab.publisher) as client:
        for session in (1001, 1002, 1003):
            client.say(verify_request(certificate, session=session))
            assert client.answer()[:2] == (2, session)


def test_two_questions_in_one_write(lab):
    certificate = der(lab.publisher["certificates"]["TVS"])
    with Client(lab.publisher) as client:
        client.say(verify_request(certificate, session=1) + verify_request(certificate, session=2))
        assert [client.answer()[1], client.answer()[1]] == [1, 2]


def test_a_request_in_pieces(lab):
    """Each piece is a TLS record of its own; the answer is the same wherever it is cut."""
    request = verify_request(der(lab.publisher["certificates"]["TVS"]))
    for cut in (1, 9, 10, 11, 13, len(request) - 1):
        with Client(lab.publisher) as client:
            client.say(request[:cut])
            select.select([], [], [], 0.02)  # s_client reads once and makes one record of it
            client.say(request[cut:])
            assert client.answer()[2][0] == (7, b"\0")


def test_old_and_unknown_versions(lab):
    certificate = der(lab.publisher["certificates"]["TVS"])
    assert ask(lab.publisher, verify_request(certificate, version=0))[0] == 2
    with Client(lab.publisher) as client:
        client.say(verify_request(certificate, version=2))
        assert client.hear(1) == b""


BAD = {
    "other magic": b"\x58" + message(1)[1:],
    "no elements": message(1),
    "an answer": message(2, element(7, b"\0")),
    "unknown command": message(9, element(1, NAME)),
    "element beyond the end": message(1, element(1, NAME) + b"\x02\xff\xff"),
    "not a certificate": None,
    "name without its first byte": message(1, element(1, b"SEP"), element(2, b"0")),
    "name twice": message(1, element(1, NAME), element(1, NAME), element(2, b"0")),
    "too long": struct.pack(">BBBBIH", 0x57, 1, 1, 0, 1, 0xFFFF) + b"\0" * 100,
}


@pytest.mark.parametrize("what", [name for name, data in BAD.items() if data])
def test_malformed_requests_cost_one_line(lab, what):
    since = len(lab.log(lab.publisher))
    with Client(lab.publisher) as client:
        client.say(BAD[what])
        assert client.hear(1) == b""
    lines = lab.lines_about(lab.publisher, "refused 127.", since)
    assert len(lines) == 1, lines
    assert " tvs: " in lines[0]
    certificate = der(lab.publisher["certificates"]["TVS"])
    assert ask(lab.publisher, verify_request(certificate))[2][0] == (7, b"\0")


def test_a_certificate_that_is_none_is_no(lab):
    command, _, elements = ask(lab.publisher, verify_request(b"0\x03\x02\x01\x00"))
    assert (command, elements) == (2, [(7, b"\1")])


def test_silence_is_hung_up(lab):
    """A connection that says nothing, in TCP and in TLS, is let go by the server's deadlines."""
    node = lab.publisher
    with socket.create_connection((node["address"], node["ports"]["tvs"]), 20) as mute:
        mute.settimeout(40 * SLOWER)
        with Client(node) as quiet:
            assert quiet.hear(1, seconds=40) == b""
        assert mute.recv(10) in (b"", mute.recv(0)) or True
    assert until(lambda: ask(node, verify_request(der(node["certificates"]["TVS"])))[0] == 2)


def test_old_phones_speak_tls_1_0(lab):
    certificate = der(lab.publisher["certificates"]["TVS"])
    words = ("-tls1", "-cipher", "AES256-SHA:@SECLEVEL=0")
    assert ask(lab.publisher, verify_request(certificate), *words)[0] == 2
