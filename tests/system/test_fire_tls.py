"""TVS and HTTP under fire: crowds that say nothing or little, floods, resets, garbage. Whatever they
do, every good client is answered."""

import resource
import socket
import ssl
import struct
import threading
import time

import pytest
from programs import SLOWER, until
from test_lists import der
from test_tvs import verify_request

pytestmark = pytest.mark.asan

PATIENCE = 60 * SLOWER
SOURCES = [f"127.16.40.{number}" for number in range(1, 41)]
PORTS = ("tvs", "http", "https")


def dial(node, port, source="127.16.41.1"):
    """Connected when it returns; the server may not have heard of it yet."""
    with_source = socket.socket()
    with_source.settimeout(PATIENCE)
    with_source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with_source.bind((source, 0))
    with_source.connect((node["address"], node["ports"][port]))
    return with_source


def context(version=ssl.TLSVersion.TLSv1_2):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    made.minimum_version = version
    return made


def receive(connection, size):
    got = b""
    while len(got) < size:
        piece = connection.recv(size - len(got))
        assert piece, f"it ended after {len(got)} of {size} bytes"
        got += piece
    return got


def receive_answer(connection):
    """Status and body of one HTTP answer."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += receive(connection, 1)
    size = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length"))
    return int(head.split()[1]), receive(connection, size)


def good(node, port, source="127.16.41.2"):
    """A client as it should be is answered as it should be."""
    with dial(node, port, source) as plain:
        if port == "http":
            plain.sendall(b"GET /Ringlist.xml HTTP/1.1\r\nHost: phone\r\n\r\n")
            assert receive_answer(plain)[0] == 200
            return
        with context().wrap_socket(plain) as secure:
            if port == "https":
                secure.sendall(b"GET /Ringlist.xml HTTP/1.1\r\nHost: phone\r\n\r\n")
                assert receive_answer(secure)[0] == 200
                return
            secure.sendall(verify_request(der(node["certificates"]["TVS"])))
            head = receive(secure, 10)
            assert (head[0], head[2]) == (0x57, 2)
            assert receive(secure, head[9])[:4] == b"\x07\0\x01\0"


def hello(node, port):
    """The first flight of a TLS client."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context().wrap_bio(incoming, outgoing).do_handshake()
    return outgoing.read()


def close_all(connections):
    for connection in connections:
        connection.close()


@pytest.fixture(scope="module", autouse=True)
def many_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(scope="module")
def node(lab):
    """Somebody reads meanwhile what the lab says: it is a line for each that was refused."""
    over = threading.Event()

    def read():
        while not over.is_set():
            lab.read(0.1)

    reading = threading.Thread(target=read, daemon=True)
    reading.start()
    try:
        yield lab.publisher
        for port in PORTS:
            good(lab.publisher, port)
    finally:
        over.set()
        reading.join(PATIENCE)


@pytest.mark.parametrize("port", PORTS)
def test_a_crowd_that_says_nothing_or_little(node, port):
    """1,000 silent ones and 1,000 that say a byte a second, from 40 addresses; what is over the cap
    of an address is sent away. Three rounds of bytes, good clients in all of them."""
    silent = [dial(node, port, SOURCES[number % 40]) for number in range(1000)]
    slow = [dial(node, port, SOURCES[number % 40]) for number in range(1000)]
    try:
        said = hello(node, port) if port != "http" else b"GET /Ringlist.xml HTTP/1.1\r\n"
        for turn in range(3):
            started = time.monotonic()
            for connection in slow:
                try:
                    connection.send(said[turn : turn + 1])
                except OSError:
                    pass  # it was one too many
            for number in range(10):
                good(node, port, f"127.16.42.{10 * turn + number + 1}")
            time.sleep(max(0.0, 1 - (time.monotonic() - started)))
    finally:
        close_all(silent + slow)
    good(node, port, SOURCES[0])


@pytest.mark.parametrize("port, cap", [("tvs", 32), ("http", 64), ("https", 64)])
def test_an_address_has_its_share(lab, node, port, cap):
    """One more is hung up on, is said, and costs nobody else anything."""
    since, source = len(lab.log(node)), "127.16.43.1"
    kept = [dial(node, port, source) for _ in range(cap)]
    try:
        with dial(node, port, source) as one_more:
            assert one_more.recv(1) == b""
        lines = lab.lines_about(node, f"refused {source}:", since)
        assert any("that is the limit" in line for line in lines), lines
        good(node, port)
        kept.pop().close()
        until(lambda: served(node, port, source), 60, "a place that was given up is there for another")
    finally:
        close_all(kept)


def served(node, port, source):
    try:
        good(node, port, source)
    except (AssertionError, OSError):
        return False
    return True


@pytest.mark.parametrize("port", ["tvs", "https"])
def test_a_flood_of_handshakes_that_nobody_ends(node, port):
    """A ClientHello each; a third stays, a third closes its half, a third resets."""
    opened, said = [], hello(node, port)
    try:
        for number in range(300):
            connection = dial(node, port, SOURCES[number % 40])
            connection.sendall(said)
            if number % 3 == 0:
                opened.append(connection)
            elif number % 3 == 1:
                connection.shutdown(socket.SHUT_WR)
                opened.append(connection)
            else:
                reset(connection)
        good(node, port)
        for connection in opened[:50]:
            reset(connection)
        good(node, port)
    finally:
        close_all(opened)


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize("port", PORTS)
def test_a_reset_at_every_stage(node, port):
    said = hello(node, port) if port != "http" else b"GET /Ringlist.xml HTTP/1.1\r\n\r\n"
    for size in (0, 1, 5, 6, len(said) // 2, len(said) - 1, len(said)):
        connection = dial(node, port)
        connection.sendall(said[:size])
        reset(connection)
    for heard in (1, 100):
        connection = dial(node, port)
        connection.sendall(said)
        receive(connection, heard)
        reset(connection)
    good(node, port)


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("byte", [b"\0", b"\x16", b"A", b"\xff"])
def test_64_kilobytes_of_garbage(node, port, byte):
    with dial(node, port) as connection:
        try:
            connection.sendall(byte * 65536)
            while connection.recv(65536):
                pass
        except ConnectionError:
            pass
    good(node, port)


@pytest.mark.parametrize("port", ["tvs", "https"])
@pytest.mark.parametrize("size", [1, 7])
def test_a_handshake_in_small_pieces_is_one(node, port, size):
    """Pieces of the TCP stream; OpenSSL at the other end sees what it always sees."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context().wrap_bio(incoming, outgoing)
    with dial(node, port) as connection:
        done = False
        while not done:
            try:
                client.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                pass
            flight = outgoing.read()
            for at in range(0, len(flight), size):
                connection.sendall(flight[at : at + size])
            if not done:
                piece = connection.recv(65536)
                assert piece, "hung up"
                incoming.write(piece)
    assert client.version() in ("TLSv1.2", "TLSv1.3")


@pytest.mark.parametrize("size", [1, 50])
def test_a_client_hello_in_small_records(node, size):
    """One handshake message cut into many TLS records, as RFC 8446 5.1 allows."""
    said = hello(node, "tvs")
    body, records = said[5:], b""
    for at in range(0, len(body), size):
        piece = body[at : at + size]
        records += said[:3] + struct.pack(">H", len(piece)) + piece
    with dial(node, "tvs") as connection:
        connection.sendall(records)
        assert receive(connection, 1) == b"\x16", "a ServerHello"


def test_a_request_cut_at_every_byte(node):
    """All at once: first parts, a whole one that shows that they were read, second parts."""
    request = b"GET /Ringlist.xml HTTP/1.1\r\nHost: phone\r\nAccept: */*\r\n\r\n"
    cuts = [(at, dial(node, "http", SOURCES[at % 40])) for at in range(1, len(request))]
    try:
        for at, connection in cuts:
            connection.sendall(request[:at])
        good(node, "http")
        for at, connection in cuts:
            connection.sendall(request[at:])
        for _, connection in cuts:
            assert receive_answer(connection)[0] == 200
    finally:
        close_all(connection for _, connection in cuts)


@pytest.mark.parametrize("port", ["http", "https"])
def test_several_requests_in_one_segment(node, port):
    names = ["Ringlist.xml", "no-such-file", "ITLFile.tlv", "Ringlist.xml", "ITLFile.tlv"]
    with dial(node, port) as plain:
        connection = plain if port == "http" else context().wrap_socket(plain)
        connection.sendall(b"".join(f"GET /{name} HTTP/1.1\r\nHost: phone\r\n\r\n".encode() for name in names))
        answers = [receive_answer(connection) for _ in names]
    assert [status for status, _ in answers] == [200, 404, 200, 200, 200]
    assert answers[0][1] == answers[3][1] and answers[2][1] == answers[4][1]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_several_questions_in_several_records_of_one_segment(node, version):
    """What waits in the server's TLS behind a record is read without another word from the client."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context(version).wrap_bio(incoming, outgoing)
    request = verify_request(der(node["certificates"]["TVS"]))
    with dial(node, "tvs") as connection:

        def patiently(step):
            while True:
                try:
                    return step()
                except ssl.SSLWantReadError:
                    connection.sendall(outgoing.read())
                    piece = connection.recv(65536)
                    assert piece, "hung up"
                    incoming.write(piece)

        patiently(client.do_handshake)
        for _ in range(20):
            client.write(request)  # a record each
        connection.sendall(outgoing.read())
        heard = b""
        while heard.count(b"\x57\x01\x02") < 20:
            heard += patiently(lambda: client.read(65536))


@pytest.mark.parametrize("name", ["signer.manager", "signer.tvs", "signer.provision", "manager.admin",
                                  "manager.tvs", "manager.provision", "signer.deployer", "deployer.manager"])
def test_a_sibling_is_known_by_its_process(lab, node, name):
    """Whoever else connects, root and the right user too, is hung up on before it is heard."""
    since = len(lab.log(node))
    path = lab.state / node["name"] / "run" / name
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as stranger:
        stranger.settimeout(PATIENCE)
        stranger.connect(str(path))
        try:
            assert stranger.recv(100) == b""
        except ConnectionResetError:
            pass
    until(lambda: "this socket is for another process of the node" in lab.log(node)[since:], 60, "a line about it")
    good(node, "tvs")
