"""`dialtrust capf status` against small servers of the test's own. docs/capf-status.md"""

import json
import socket
import ssl
import threading

import pytest
from json_schema import problems, schema_of
from programs import dialtrust

pytestmark = pytest.mark.asan

FINE, ERROR, USAGE, REFUSED, UNVERIFIED, MISSING = range(6)

AUTH_REQ = bytes.fromhex("55010000002a000407000103")
AUTH_REQ_NONE = bytes.fromhex("55010000002a00080700010308000100")
END_UNKNOWN = bytes.fromhex("550f0000002a000401000109")
KEYGEN = bytes.fromhex("55030000002a00050a00020800")
NAME = b"SEP001122334455"
AUTH_RES = bytes.fromhex("55020000002a001b01000101070001030d0010") + NAME + b"\0"
PATIENCE = ["--timeout", "20000"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("capf")

    def made(*words):
        ran = dialtrust(*words, cwd=folder)
        assert ran.returncode == FINE, ran.stderr

    for name, unit in (("sast", "CallManager"), ("capf", "CAPF"), ("other", "CAPF")):
        made("cert", "make", "--unit", unit, "--name", name, "--out", f"{name}.pem", "--key-out", f"{name}.key")
    made("list", "build", "--signer", "sast.pem", "--key", "sast.key", "--out", "held.tlv",
         "SAST=sast.pem", "CAPF=capf.pem", "TFTP=other.pem")
    return folder


@pytest.fixture
def serve(folder):
    """A TLS server that says something, hears something, and says something again."""
    kept = []

    def start(first, second=None, name="capf", version=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
        if version is not None:
            context.minimum_version = context.maximum_version = version
        listener = socket.create_server(("127.0.0.1", 0))
        heard = []

        def run():
            try:
                with context.wrap_socket(listener.accept()[0], server_side=True) as stream:
                    stream.sendall(first)
                    if first and second is None:
                        heard.append(stream.recv(1000))
                    while second is not None and sum(map(len, heard)) < len(AUTH_RES):
                        piece = stream.recv(1000)
                        if not piece:
                            return
                        heard.append(piece)
                    if second is not None:
                        stream.sendall(second)
                    if not (first == b"" and second == b""):
                        stream.recv(1)
            except OSError:
                pass

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        kept.append((listener, thread))
        return f"127.0.0.1:{listener.getsockname()[1]}", heard, thread

    yield start
    for listener, thread in kept:
        listener.close()
        thread.join(60)


def status(where, *words, result=FINE):
    ran = dialtrust("capf", "status", where, "--json", *PATIENCE, *words, timeout=60)
    assert ran.returncode == result, ran.stderr
    told = json.loads(ran.stdout)
    assert problems(told, schema_of("capf status")) == []
    return told, ran


def test_a_server_is_heard_and_nothing_is_said(serve):
    where, heard, thread = serve(AUTH_REQ_NONE)
    told, _ran = status(where)
    thread.join(60)
    assert b"".join(heard) == b""  # not a byte was sent
    assert told["schema_version"] == 1 and told["port"] == int(where.split(":")[1])
    assert told["tls"].startswith("TLSv1.") and told["cipher"]
    assert told["trusted"] is None and told["trouble"] is None
    (message,) = told["messages"]
    assert (message["command"], message["session"], message["version"]) == ("AUTH_REQ", 42, 3)
    assert message["authentication_name"] == "none"
    assert told["server"]["common_name"] == "capf" and told["server"]["basic_constraints"]["ca"] is True


def test_for_people(serve, folder):
    where, _heard, _thread = serve(AUTH_REQ, version=ssl.TLSVersion.TLSv1_2)
    ran = dialtrust("capf", "status", where, "--trust", folder / "held.tlv", *PATIENCE, timeout=60)
    assert ran.returncode == FINE, ran.stderr
    for words in ("speaks TLSv1.2", "AUTH_REQ, session 42, version 3", "CN=capf", "trusted by a phone"):
        assert words in ran.stdout
    where, _heard, _thread = serve(AUTH_REQ)
    ran = dialtrust("capf", "status", where, *PATIENCE, timeout=60)
    assert ran.returncode == FINE and "Nobody vouches for it" in ran.stdout


def test_a_list_judges_the_server(serve, folder):
    held = ["--trust", folder / "held.tlv"]
    told, _ran = status(serve(AUTH_REQ)[0], *held)
    assert told["trusted"] is True
    told, ran = status(serve(AUTH_REQ, name="other")[0], *held, result=UNVERIFIED)  # there, as TFTP server
    assert told["trusted"] is False and told["messages"]
    fault = json.loads(ran.stderr)
    assert fault["fault"] == "untrusted" and "role 4" in fault["error"]


@pytest.mark.parametrize("second, command", [(END_UNKNOWN, "END_SESSION"), (KEYGEN, "KEYGEN_REQ")])
def test_a_device_says_its_name_and_no_more(serve, second, command):
    where, heard, thread = serve(AUTH_REQ, second)
    told, _ran = status(where, "--device", NAME.decode())
    thread.join(60)
    assert b"".join(heard) == AUTH_RES
    assert [message["command"] for message in told["messages"]] == ["AUTH_REQ", command]
    if second == KEYGEN:
        assert told["messages"][1]["key_size"] == 2048
    else:
        assert told["messages"][1]["reason_means"] == "the device is not known"


@pytest.mark.parametrize(
    "first, words",
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "capf: starts with byte 48"),
        (b"\0" * 64, "capf: starts with byte 00"),
        (bytes.fromhex("55010000002affff"), "capf: message body"),
        (bytes.fromhex("55010000002a000407000104"), "version"),
        (bytes.fromhex("55020000002a000907000103") + b"\x0d\0\2a\0", "is said by phones"),
        (KEYGEN, "AUTH_REQ was awaited"),
    ],
    ids=["http", "zeros", "too long", "version 4", "a phone's words", "too early"],
)
def test_nonsense_is_judged(serve, first, words):
    told, ran = status(serve(first)[0], result=UNVERIFIED)
    fault = json.loads(ran.stderr)
    assert fault["fault"] == "malformed" and words in fault["error"], fault
    assert told["messages"] == [] and words in told["trouble"] and told["server"]["common_name"] == "capf"


def test_another_session_is_judged(serve):
    told, ran = status(
        serve(AUTH_REQ, bytes.fromhex("550f0000002b000401000100"))[0], "--device", NAME.decode(), result=UNVERIFIED
    )
    assert "session 42 became session 43" in ran.stderr and len(told["messages"]) == 1


def test_silence_and_leaving(serve):
    """TLS is spoken, CAPF is not: who serves there is told all the same."""
    ran = dialtrust("capf", "status", serve(b"", None)[0], "--timeout", "1000", "--json", timeout=60)
    assert ran.returncode == ERROR, ran.stderr
    told = json.loads(ran.stdout)
    assert "silent" in told["trouble"] and told["server"]["common_name"] == "capf"
    ran = dialtrust("capf", "status", serve(AUTH_REQ[:7])[0], "--timeout", "1000", "--json", timeout=60)
    assert ran.returncode == ERROR and "not finished in time" in ran.stderr


def test_who_hangs_up(folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "capf.pem", folder / "capf.key")
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run():
            context.wrap_socket(listener.accept()[0], server_side=True).close()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        told, ran = status(f"127.0.0.1:{listener.getsockname()[1]}", result=ERROR)
        thread.join(60)
    assert told["messages"] == [] and json.loads(ran.stderr)["fault"] == "io"


def test_nobody_and_no_tls():
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and never says a word
        where = f"127.0.0.1:{silent.getsockname()[1]}"
        ran = dialtrust("capf", "status", where, "--timeout", "500")
        assert ran.returncode == ERROR and where in ran.stderr and ran.stdout == ""
    ran = dialtrust("capf", "status", where, *PATIENCE)
    assert ran.returncode == ERROR and where in ran.stderr
    assert dialtrust("capf", "status", "nobody.invalid").returncode == ERROR
    with socket.create_server(("127.0.0.1", 0)) as plain:

        def talk():
            stream = plain.accept()[0]
            stream.sendall(b"220 smtp.example ESMTP\r\n" * 10)
            stream.recv(1000)
            stream.close()

        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        ran = dialtrust("capf", "status", f"127.0.0.1:{plain.getsockname()[1]}", "--json", *PATIENCE, timeout=60)
        assert ran.returncode == ERROR and json.loads(ran.stderr)["fault"] == "io"
        assert "TLS" in ran.stderr and ran.stdout == ""
        thread.join(60)


def test_a_tvs_is_no_capf(lab):
    """It waits for a question, and says nothing by itself."""
    node = lab.publisher
    where = f"{node['address']}:{node['ports']['tvs']}"
    ran = dialtrust("capf", "status", where, "--timeout", "1500", "--json")
    assert ran.returncode == ERROR, ran.stderr
    assert json.loads(ran.stdout)["server"]["sha256"] and json.loads(ran.stdout)["messages"] == []


@pytest.mark.parametrize(
    "words", [[], ["HOST:0"], ["HOST:65536"], ["HOST/x"], [""], ["HOST", "--timeout", "0"], ["HOST", "more"],
              ["HOST", "--listen"]], ids=" ".join,
)
def test_words_that_make_no_sense(words):
    words = [word.replace("HOST", "127.0.0.1") for word in words]
    ran = dialtrust("capf", "status", *words)
    assert ran.returncode == USAGE, ran.stderr
    assert ran.stdout == ""


@pytest.mark.parametrize("name", ["", "a b", "../x", "x" * 64])
def test_names_that_no_device_has(name):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        where = f"127.0.0.1:{listener.getsockname()[1]}"
        ran = dialtrust("capf", "status", where, "--device", name, *PATIENCE, timeout=60)
        assert ran.returncode == USAGE and "no name of a device" in ran.stderr
        with pytest.raises(BlockingIOError):  # nobody was called
            listener.accept()


def test_a_list_that_is_none(folder):
    assert dialtrust("capf", "status", "127.0.0.1", "--trust", folder / "capf.pem").returncode == UNVERIFIED
    assert dialtrust("capf", "status", "127.0.0.1", "--trust", folder / "absent").returncode == MISSING
