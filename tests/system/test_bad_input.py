"""Anything malformed costs one log line that names the peer and the reason, and nothing else."""

import socket
import struct
import threading

import pytest
from programs import dialtrust, fetch
from signed_file import sha256

pytestmark = pytest.mark.asan

DATAGRAMS = {
    "empty": b"",
    "one byte": b"\0",
    "unknown opcode": b"\0\x09hello",
    "request without an end": b"\0\x01ITLFile.tlv",
    "request without a mode": b"\0\x01ITLFile.tlv\0",
    "request in mail mode": b"\0\x01ITLFile.tlv\0mail\0",
    "no name": b"\0\x01\0octet\0",
    "name that climbs": b"\0\x01../../etc/passwd\0octet\0",
    "name with control bytes": b"\0\x01a\x1b[31m\0octet\0",
    "name with line feeds": b"\0\x01a\nrefused 1.2.3.4\0octet\0",
    "name too long": b"\0\x01" + b"a" * 400 + b"\0octet\0",
    "nine options": b"\0\x01ITLFile.tlv\0octet\0" + b"o\x001\0" * 9,
    "data out of the blue": b"\0\x03\0\x01hello",
    "write request": b"\0\x02ITLFile.tlv\0octet\0",
    "noise": bytes(range(256)) * 4,
}


def one_line(lab, node, peer, since):
    """Exactly one line of the node's log names the peer, and says why."""
    lab.lines_about(node, peer, since)
    still_well(lab)
    lines = lab.lines_about(node, peer, since)
    assert len(lines) == 1, lines
    assert "refused" in lines[0] and "\x1b" not in lines[0]
    assert len(lines[0].split(peer, 1)[1].split()) >= 3, lines[0]


def still_well(lab):
    for node in lab.info["nodes"]:
        assert sha256(fetch(node, "ITLFile.tlv")) == lab.lists()[node["name"]]["sha256"]


@pytest.mark.parametrize("what", DATAGRAMS)
def test_datagrams(lab, what):
    node, since = lab.publisher, len(lab.log(lab.publisher))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.99.0.1", 0))
        stranger.connect((node["address"], node["ports"]["tftp"]))
        stranger.send(DATAGRAMS[what])
        peer = "127.99.0.1:%d" % stranger.getsockname()[1]
    one_line(lab, node, peer, since)


def test_a_missing_file_is_answered_at_once(lab):
    node = lab.publisher
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.settimeout(60)
        phone.bind(("127.99.0.2", 0))
        phone.sendto(b"\0\x01CTLFile.tlv\0octet\0", (node["address"], node["ports"]["tftp"]))
        answer = phone.recv(600)
    assert answer[:4] == struct.pack(">HH", 5, 1)


def test_an_old_phones_extra_nul(lab):
    """docs/formats/tftp.md: very old loads send one NUL too many."""
    node = lab.publisher
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.settimeout(60)
        phone.bind(("127.99.0.3", 0))
        phone.sendto(b"\0\x01ITLFile.tlv\0octet\0\0", (node["address"], node["ports"]["tftp"]))
        answer, server = phone.recvfrom(600)
        assert answer[:4] == struct.pack(">HH", 3, 1)
        assert len(answer) == 516
        assert server[1] != node["ports"]["tftp"]
        phone.sendto(struct.pack(">HH", 5, 0) + b"enough\0", server)


REQUESTS = {
    "noise": b"\x16\x03\x01\x02\0\x01\0\x01\xfc" + b"\xff" * 60 + b"\r\n\r\n",
    "no version": b"GET /ITLFile.tlv\r\n\r\n",
    "line too long": b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n",
    "other method": b"FROB / HTTP/1.1\r\nHost: x\r\n\r\n",
    "put": b"PUT /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx",
    "headers too long": b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 2000 + b"\r\n",
    "climbing": b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("what", REQUESTS)
def test_http_requests(lab, what):
    node, since = lab.publisher, len(lab.log(lab.publisher))
    with socket.socket() as stranger:
        stranger.settimeout(20)
        stranger.bind(("127.99.0.1", 0))
        stranger.connect((node["address"], node["ports"]["http"]))
        peer = "127.99.0.1:%d" % stranger.getsockname()[1]
        try:
            stranger.sendall(REQUESTS[what])
            answer = stranger.recv(100)
        except ConnectionError:
            answer = b""
        assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4", b"HTTP/1.1 501"))
    one_line(lab, node, peer, since)


def test_http_that_stops_in_the_middle(lab):
    node, since = lab.publisher, len(lab.log(lab.publisher))
    with socket.socket() as stranger:
        stranger.settimeout(60)
        stranger.bind(("127.99.0.1", 0))
        stranger.connect((node["address"], node["ports"]["http"]))
        stranger.sendall(b"GET /ITLFile.tlv HT")
        peer = "127.99.0.1:%d" % stranger.getsockname()[1]
        assert stranger.recv(100)[:10] in (b"", b"HTTP/1.1 4")
    one_line(lab, node, peer, since)


ADMIN = {
    "no json": (b"POST", "/v1/cluster", b"{"),
    "an array": (b"POST", "/v1/cluster", b"[]"),
    "unknown path": (b"GET", "/v1/frob", b""),
    "other method": (b"DELETE", "/v1/nodes", b""),
    "unknown argument": (b"POST", "/v1/nodes", b'{"frob": 1}'),
    "too deep": (b"POST", "/v1/cluster", b"[" * 5000),
}


@pytest.mark.parametrize("what", ADMIN)
def test_admin_requests(lab, what):
    import json

    from programs import curl

    method, path, body = ADMIN[what]
    words = ["--unix-socket", lab.info["control"], "-X", method.decode(), "-w", "%{stderr}%{http_code}"]
    if body:
        words += ["--data-binary", body.decode(), "-H", "Content-Type: application/json"]
    status, out, code = curl("http://dialtrust" + path, *words)
    assert status == 0
    assert 400 <= int(code[-3:]) < 500, out
    said = json.loads(out)
    assert said["fault"] and said["error"].strip()
    still_well(lab)


def test_too_many_connections_from_one_source(lab):
    """Beyond the cap a connection is closed, the others go on, and a neighbour is served."""
    node, held = lab.publisher, []
    try:
        for _ in range(60):
            phone = socket.socket()
            phone.settimeout(60)
            phone.bind(("127.99.0.9", 0))
            phone.connect((node["address"], node["ports"]["tvs"]))
            held.append(phone)
        closed = 0
        for phone in held:
            phone.settimeout(0.2)
            try:
                closed += phone.recv(1) == b""
            except (TimeoutError, ConnectionError) as error:
                closed += isinstance(error, ConnectionError)
        assert 0 < closed < 60
        still_well(lab)
    finally:
        for phone in held:
            phone.close()


@pytest.mark.parametrize("said, status, words", [
    (b"SSH-2.0-OpenSSH_9.2\r\n" * 40, 4, "is not HTTP"),
    (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 500_000 + b"\r\n\r\n", 4, "too long"),
    (b"", 1, "Empty reply"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\nshort", 1, "remaining to read"),
], ids=["no HTTP", "long head", "nothing", "cut short"])
def test_a_server_that_is_no_good_server(said, status, words):
    """What it answers is its fault, not a wrong word of the operator's."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(30)

        def answer():
            peer = listener.accept()[0]
            with peer:
                peer.recv(4096)
                try:
                    peer.sendall(said)
                except OSError:
                    pass  # it has heard enough

        threading.Thread(target=answer, daemon=True).start()
        ran = dialtrust("list", "show", "http://127.0.0.1:%d/ITLFile.tlv" % listener.getsockname()[1])
    assert ran.returncode == status, ran.stderr
    assert words in ran.stderr
