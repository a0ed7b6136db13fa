"""Certificates near their end: what is due, and who is told of it."""

import json
import re
import socket
import ssl
import threading

import pytest
from programs import DIALTRUSTD, Program, dialtrust, until
from test_start import SETTINGS

DAY = 86400
FINE, USAGE, MISSING = 0, 2, 5


class Node:
    """A publisher alone, whose clock and settings a test may choose anew at each start."""

    def __init__(self, folder):
        self.folder, self.daemon = folder, None
        for name in ("root", "store"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def start(self, days=0, extra=""):
        any_port = "127.0.10.79:0"
        text = SETTINGS.format(folder=self.folder, tftp=any_port, http=any_port, tvs=any_port)
        text = text.replace("[admin]", f"clock-offset = {int(days * DAY)}\n[admin]")
        (self.folder / "settings").write_text(text + extra)
        self.daemon = Program([DIALTRUSTD, "--settings", self.folder / "settings"])
        self.daemon.wait_for_text("ready: ", 60)
        return self

    def end(self):
        assert self.daemon.end() == 0, self.daemon.output

    def run(self, *words):
        return dialtrust(*words, control=self.folder / "admin", timeout=60)

    def json(self, *words):
        ran = self.run(*words, "--json")
        assert ran.returncode == FINE, ran.stderr
        return json.loads(ran.stdout)

    def make_cluster(self):
        self.json("cluster", "init", "Here", "--node", "alone", "--address", "127.0.10.79",
                  "--organization", "Ex", "--tftp-port", "0", "--http-port", "0", "--https-port", "0",
                  "--tvs-port", "0")
        return self


@pytest.fixture
def node(tmp_path):
    made = Node(tmp_path / "n")
    yield made
    if made.daemon is not None:
        made.daemon.kill()


def use_of(node, unit):
    rows = node.json("expiry", "list", "--all")["certificates"]
    return next(row["use"] for row in rows if row["unit"] == unit)


def test_what_is_due_at_a_day(node):
    node.start().make_cluster()
    assert node.json("expiry", "list")["certificates"] == []
    assert use_of(node, "TVS") == "serving"
    everything = node.json("expiry", "list", "--all")["certificates"]
    assert len(everything) == len(node.json("cert", "list")["certificates"])
    assert {row["alarm"] for row in everything} == {None}
    tvs = next(row for row in everything if row["unit"] == "TVS")
    assert next(row for row in everything if row["unit"] == "CAPF")["use"] == "idle"
    assert {row["use"] for row in everything if row["unit"] == "tomcat-trust"} <= {"vouching", "idle"}
    day = tvs["renew_from"][:10]
    assert not [row for row in node.json("expiry", "list", "--at", day)["certificates"] if row["alarm"]]
    due = node.json("expiry", "list", "--at", tvs["renew_from"])["certificates"]
    assert {row["alarm"] for row in due if row["unit"] == "TVS"} == {"CertValidLessThanMonth"}
    late = node.json("expiry", "list", "--at", "2999-01-01")["certificates"]
    assert {(row["alarm"], row["severity"]) for row in late} == {("CertExpired", 0)}
    assert [row["not_after"] for row in late] == sorted(row["not_after"] for row in late)
    assert node.run("parameter", "set", "Notification Start Time", "60").returncode == FINE
    assert node.json("expiry", "list", "--at", day)["certificates"][0]["alarm"] == "CertValidityOver30Days"
    assert node.run("parameter", "set", "Era", "A").returncode == FINE
    late = node.json("expiry", "list", "--at", "2999-01-01")["certificates"]
    assert {row["alarm"] for row in late} == {"CertValidfor7days"}
    for wrong in ("soon", "2027-02-30", "2027-3-1", "2027-03-01 25:00:00Z", ""):
        assert node.run("expiry", "list", "--at", wrong).returncode == USAGE, wrong
    assert node.run("expiry", "list", "--node", "nobody").returncode == MISSING
    for wrong in ("0", "3651", "30 days", "-1"):
        assert node.run("parameter", "set", "Notification Start Time", wrong).returncode == USAGE
    node.end()


LINE = re.compile(
    r"<(\d+)>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d{3}Z alone CertificateMonitor - (\w+) - (\d+): alone: "
    r"[A-Z][a-z]{2} \d\d \d{4} \d\d:\d\d:\d\d\.\d{3} UTC : %UC_CERT-(\d)-(\w+): "
    r"%\[Message=Certificate expiration Notification\. Certificate name:(\S+)\.der Unit:(\S+) Type:own-cert "
    r"Expiration:[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\]\[AppID=Cisco Certificate Monitor\]\[ClusterID=\]"
    r"\[NodeID=alone\]: [^.]*[^. ]"
)


class Receiver:
    """A syslog server: messages of datagrams, or of frames by their octets."""

    def __init__(self, scheme, context=None, port=0, rude=False):
        kind = socket.SOCK_DGRAM if scheme == "udp" else socket.SOCK_STREAM
        self.scheme, self.context, self.rude, self.got = scheme, context, rude, []
        self.socket = socket.socket(socket.AF_INET, kind)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.10.79", port))
        if kind == socket.SOCK_STREAM:
            self.socket.listen()
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    @property
    def target(self):
        return f"{self.scheme}:127.0.10.79:{self.port}"

    def serve(self):
        while True:
            try:
                if self.scheme == "udp":
                    self.got.append(self.socket.recv(65536).decode())
                else:
                    self.hear(self.socket.accept()[0])
            except OSError:
                if self.socket.fileno() < 0:
                    return

    def hear(self, peer):
        with peer:
            if self.rude:
                peer.sendall(b"500 go away\r\n" * 10)
                return
            if self.context is not None:
                peer = self.context.wrap_socket(peer, server_side=True)
            data = b""
            while piece := peer.recv(65536):
                data += piece
            while data:
                size, data = data.split(b" ", 1)
                message, data = data[: int(size)], data[int(size) :]
                assert len(message) == int(size)
                self.got.append(message.decode())

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR) if self.scheme != "udp" else None
        self.socket.close()


def alarms(receiver):
    found = [LINE.fullmatch(text) for text in list(receiver.got)]
    assert all(found), receiver.got
    return {(match[6], match[8], match[7]) for match in found}


def serving(folder, common_name):
    """A TLS server's context with a certificate of its own, and the path of that."""
    made = dialtrust("cert", "make", "--organization", "Ex", "--node", common_name, "--unit", "tomcat", "--out",
                     folder / f"{common_name}.pem", "--key-out", folder / f"{common_name}.key")
    assert made.returncode == FINE, made.stderr
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{common_name}.pem", folder / f"{common_name}.key")
    return context, folder / f"{common_name}.pem"


def courier(receiver, certificate="none"):
    return f"[courier]\nsyslog = {receiver.target}\nsyslog-certificate = {certificate}\n"


@pytest.mark.parametrize("scheme", ["udp", "tcp", "tls"])
def test_syslog_hears_of_every_store(node, tmp_path, scheme):
    context, path = serving(tmp_path, "log.example") if scheme == "tls" else (None, "none")
    receiver = Receiver(scheme, context)
    node.start().make_cluster()
    rows = node.json("expiry", "list", "--all")["certificates"]
    node.end()
    assert receiver.got == []
    node.start(5 * 365 - 5, courier(receiver, path))
    due = [row for row in rows if row["not_after"] < "2036"]
    assert len(due) < len(rows), "ITLRecovery lasts longer"
    until(lambda: len(receiver.got) >= len(due), 60, "all alarms")
    stems = {("CertValidfor7days", row["unit"], row["name"].rsplit(".", 1)[0]) for row in due}
    assert alarms(receiver) == stems
    assert {LINE.fullmatch(text)[1] for text in receiver.got} == {str(23 * 8 + 2)}
    numbers = sorted(int(LINE.fullmatch(text)[4]) for text in receiver.got)
    assert numbers == list(range(1, len(due) + 1))
    node.end()
    # Started again within a day: not said again. Two days later, and when all has ended: it is.
    node.start(5 * 365 - 5, courier(receiver, path)).end()
    count = len(receiver.got)
    assert count == len(due)
    node.start(5 * 365 - 3, courier(receiver, path))
    until(lambda: len(receiver.got) >= 2 * count, 60, "the daily repetition")
    assert max(int(LINE.fullmatch(text)[4]) for text in receiver.got) == 2 * count
    node.end()
    receiver.got.clear()
    node.start(5 * 365 + 5, courier(receiver, path))
    until(lambda: len(receiver.got) >= count, 60, "the end")
    assert {name for name, _, _ in alarms(receiver)} == {"CertExpired"}
    node.daemon.wait_for_text("CertExpired: ", 60)
    node.end()
    # The clock goes back and comes again: no step of the ladder is new in the node's own log.
    receiver.got.clear()
    node.start(5 * 365 - 5, courier(receiver, path))
    until(lambda: len(receiver.got) >= count, 60, "what stands for the earlier day")
    node.end()
    node.start(5 * 365 + 6, courier(receiver, path))
    assert "CertExpired: " not in node.daemon.output and "CertValid" not in node.daemon.output
    node.end()
    receiver.close()


@pytest.mark.parametrize("first, early, again, name", [
    (29, 22.2, 21.9, "CertValidLessThanMonth"), (6, 5.1, 4.9, "CertValidfor7days"),
    (0.5, 0.47, 0.45, "CertValidLessthanADay"), (-1, -1.03, -1.05, "CertExpired"),
])
def test_it_is_said_again_as_often_as_the_appliance_says_it(node, first, early, again, name):
    """Every 7 days, every day, every hour: days left when it is said, when it is not yet due again, when it is."""
    receiver = Receiver("udp")
    node.start().make_cluster()
    node.end()
    node.start(5 * 365 - first, courier(receiver))
    count = len([row for row in node.json("expiry", "list")["certificates"] if row["alarm"]])
    assert count > 4
    until(lambda: len(receiver.got) >= count, 60, "all alarms")
    node.end()
    node.start(5 * 365 - early, courier(receiver)).end()
    node.start(5 * 365 - again, courier(receiver))
    until(lambda: len(receiver.got) >= 2 * count, 60, "the repetition")
    node.end()
    numbers = sorted(int(LINE.fullmatch(text)[4]) for text in receiver.got)
    assert numbers == list(range(1, 2 * count + 1))
    assert {LINE.fullmatch(text)[6] for text in receiver.got} == {name}
    receiver.close()


def test_what_cannot_be_sent_is_sent_later(node, tmp_path):
    receiver = Receiver("tcp")
    port = receiver.port
    receiver.close()
    node.start().make_cluster()
    node.end()
    extra = courier(receiver)
    node.start(5 * 365 - 5, extra)
    node.daemon.wait_for_text("alarms wait to be sent", 60)
    node.end()
    receiver = Receiver("tcp", port=port)
    node.start(5 * 365 - 5, extra)
    until(lambda: receiver.got, 60, "the alarms of before")
    assert {name for name, _, _ in alarms(receiver)} == {"CertValidfor7days"}
    node.end()
    receiver.close()


def test_a_server_of_another_certificate_hears_nothing(node, tmp_path):
    context, _ = serving(tmp_path, "log.example")
    _, other = serving(tmp_path, "other.example")
    receiver = Receiver("tls", context)
    node.start().make_cluster()
    node.end()
    node.start(5 * 365 - 5, courier(receiver, other))
    node.daemon.wait_for_text("not the certificate that was expected", 60)
    assert receiver.got == []
    node.end()
    receiver.close()


def test_who_answers_garbage_is_asked_again(node):
    receiver = Receiver("tls", rude=True)
    node.start().make_cluster()
    certificate = node.folder / "leaf.pem"
    certificate.write_text(node.json("cert", "show", "tomcat", "--node", "alone")["pem"])
    node.end()
    node.start(5 * 365 - 5, courier(receiver, certificate))
    node.daemon.wait_for_text("alarms wait to be sent", 60)
    assert node.run("expiry", "list").returncode == FINE
    node.end()
    receiver.close()


@pytest.mark.parametrize("target", ["nowhere", "udp:", "tcp:host:514", "tls:127.0.0.1:6514", "http://127.0.0.1:1"])
def test_a_target_that_is_none_stops_the_start(node, target):
    settings = f"[courier]\nsyslog = {target}\n"
    with pytest.raises(AssertionError):
        node.start(0, settings)
    assert "[courier] syslog" in node.daemon.output


def scrape(place, path="/metrics", method="GET"):
    """Status line, headers and body, from a Unix socket or an address."""
    family = socket.AF_UNIX if isinstance(place, str) else socket.AF_INET
    with socket.socket(family) as peer:
        peer.settimeout(60)
        peer.connect(place)
        peer.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        data = b""
        while piece := peer.recv(65536):
            data += piece
    head, body = data.decode().split("\r\n\r\n", 1)
    return head, body


def test_metrics_are_times(node):
    with socket.socket() as free:
        free.bind(("127.0.10.79", 0))
        place = free.getsockname()
    node.start().make_cluster()
    node.end()
    node.start(0, f"[admin]\nmetrics = {place[0]}:{place[1]}\n")
    rows = node.json("expiry", "list", "--all")["certificates"]
    head, body = scrape(place)
    assert head.startswith("HTTP/1.1 200") and "application/openmetrics-text; version=1.0.0" in head
    assert body.endswith("\n# EOF\n") and "\n\n" not in body
    found = re.findall(
        r'^dialtrust_certificate_not_after_timestamp_seconds\{node="alone",unit="([^"]+)",name="([^"]+)",'
        r'use="(\w+)",sha256="[0-9a-f]{64}"\} (\d+)$', body, re.M)
    assert sorted(row[:3] for row in found) == sorted((row["unit"], row["name"], row["use"]) for row in rows)
    assert body.count("dialtrust_certificate_renew_from_timestamp_seconds{") == len(rows)
    assert body.count("# TYPE ") == body.count("# HELP ") == body.count("# UNIT ") == 2
    assert scrape(str(node.folder / "admin"))[1] == body
    for path, method in (("/", "GET"), ("/v1/nodes", "GET"), ("/metrics", "POST"), ("/metrics/x", "GET")):
        assert scrape(place, path, method)[0].startswith("HTTP/1.1 404"), path
    node.end()


def test_the_webhook_hears_of_each_step_once(node):
    import http.server

    got, status = [], [500]

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            got.append((status[0], json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(status[0])
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.10.79", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    extra = f"[courier]\nwebhook = http://127.0.10.79:{server.server_port}/hook\n"
    node.start().make_cluster()
    node.end()
    node.start(5 * 365 - 5, extra)
    node.daemon.wait_for_text("alarms wait to be sent", 60)
    status[0] = 204
    until(lambda: got[-1][0] == 204, 60, "the alarms, taken at last")
    assert got[0][1] == got[-1][1]
    assert got[0][1]["node"] == "alone"
    assert {(row["alarm"], row["severity"]) for row in got[0][1]["alarms"]} == {("CertValidfor7days", 2)}
    node.end()
    # Days later nothing is new; then all has ended, and only that is told.
    taken = len(got)
    node.start(5 * 365 - 3, extra)
    assert node.run("expiry", "list").returncode == FINE
    node.end()
    node.start(5 * 365 + 5, extra)
    until(lambda: len(got) > taken, 60, "the end")
    assert {row["alarm"] for row in got[taken][1]["alarms"]} == {"CertExpired"}
    node.end()
    server.shutdown()
    server.server_close()
