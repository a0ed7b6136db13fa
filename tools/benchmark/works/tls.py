"""TLS as phones use it: one connection, one question, one answer. TVS beside nginx, and what a
connection costs that only stays."""

import hashlib
import json
import os
import shutil
import signal
import struct
import subprocess
import time
from pathlib import Path

from benchmark.figure import AT_LEAST, AT_MOST, Figure
from benchmark.place import free_port, keep_on, processes_named, processor_seconds, resident_bytes
from benchmark.work import Work

SERVER, CLIENT = 0, 1  # processors
SECONDS = 0.8  # a side, in a count
FILE_SIZE = 200
HELD = 2000  # connections that only stay


def element(tag, value):
    return struct.pack(">BH", tag, len(value)) + value


def query(folder, certificate):
    """A file with the question "who is this signer?", which is answered with `certificate`."""

    def said(*words):
        return subprocess.run(["openssl", "x509", "-in", certificate, "-noout", *words],
                              capture_output=True, text=True, check=True).stdout.strip().split("=", 1)[1]

    names = [said(f"-{which}", "-nameopt", "compat,sep_comma_plus").strip().encode() + b"\0"
             for which in ("subject", "issuer")]
    body = b"".join([element(1, b"\x01CP-8861-SEP001122334455"), element(3, names[0]),
                     element(4, names[1]), element(5, bytes.fromhex(said("-serial")))])
    path = folder / "query"
    path.write_bytes(struct.pack(">BBBBIH", 0x57, 1, 3, 0, 1001, len(body)) + body)
    return path


def private_key(node, state, certificate, out):
    """Takes the key of a certificate of the lab out of its signer's folder, as PEM."""
    public = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-pubkey"],
                            capture_output=True, check=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=public,
                         capture_output=True, check=True).stdout
    path = state / node["name"] / "keys" / hashlib.sha256(der).hexdigest() / "key.der"
    subprocess.run(["openssl", "pkey", "-inform", "DER", "-in", path, "-out", out],
                   capture_output=True, check=True)
    return out


class Nginx:
    """One worker that shows our certificate and serves one small file."""

    def __init__(self, place, certificate, key):
        self.folder = place.folder / "nginx"
        self.folder.mkdir()
        self.folder.chmod(0o777)
        self.port = free_port()
        (self.folder / "file").write_bytes(b"x" * FILE_SIZE)
        (self.folder / "request").write_bytes(b"GET /file HTTP/1.1\r\nHost: bench\r\n\r\n")
        paths = " ".join(f"{kind}_temp_path {self.folder}/{kind};"
                         for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        conf = self.folder / "nginx.conf"
        conf.write_text(
            f"worker_processes 1; daemon off; pid {self.folder}/pid; error_log {self.folder}/errors;\n"
            f"events {{ worker_connections 4096; }}\nhttp {{ access_log {self.folder}/log; {paths}\n"
            f"server {{ listen 127.0.0.1:{self.port} ssl backlog=4096; root {self.folder};\n"
            f"ssl_certificate {certificate}; ssl_certificate_key {key}; ssl_ciphers DEFAULT;\n"
            "ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on;\n"
            "ssl_session_cache shared:sessions:10m; ssl_session_tickets on; } }\n"
        )
        self.process = subprocess.Popen(
            [place.peer("nginx"), "-p", self.folder, "-c", conf, "-e", self.folder / "errors"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 20
        while not self.workers():
            assert self.process.poll() is None and time.monotonic() < deadline, "nginx does not start"
            time.sleep(0.05)
        keep_on(SERVER, *self.workers())

    def workers(self):
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


def allow_many(lab):
    """The lab's daemons as they come take 32 connections from one address; the load has many."""
    node = lab.publisher
    pids = {name: processes_named(lab.pid, name)[0] for name in ("tvs", "provision")}
    keep_on(SERVER, *pids.values())
    return node, pids


class Load:
    """The load generator, on its own processor."""

    def __init__(self, place, address, port, request, *words):
        self.words = ["taskset", "-c", str(CLIENT % os.cpu_count()), place.load("load-tls"), *words,
                      address, port, request]

    def ran(self, *more):
        words = [*self.words[:4], *more, *self.words[4:]]
        ran = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=120,
                             check=False, stdin=subprocess.DEVNULL)
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)


def fit(load, words):
    """How many connections fill the time of one run."""
    return max(64, int(load.ran("--count", 200, *words)["rate"] * SECONDS))


class Tvs(Work):
    """Handshakes a second, each with one question answered."""

    sides = ("ours", "nginx", "handshake")
    peers = ("nginx",)
    counts = 7

    def __init__(self, version, at_once, resumed):
        kind = "resumed" if resumed else "full"
        self.version, self.kind, self.at_once = version, kind, at_once
        self.name = f"tvs-{version}-{kind}-{at_once}"
        self.does = f"TVS questions, TLS {version}, {kind} handshakes, {at_once} at once, beside nginx"
        figures = [
            Figure("connections answered", "rate", AT_LEAST, 0.85, "/s", beside="nginx"),
            Figure("server processor time a connection", "processor", AT_MOST, 1.10, "us", beside="nginx"),
            Figure("beside a bare handshake (server end)", "processor", unit="us", beside="handshake"),
            Figure("99th percentile", "p99", unit="ms", beside="nginx"),
        ]
        if at_once >= 64:
            figures.append(Figure("longest wait", "longest", AT_MOST, 1000, "ms"))
        self.figures = tuple(figures)
        self.lab = self.nginx = None

    def setup(self, place):
        self.place = place
        self.lab = place.lab()
        node, pids = allow_many(self.lab)
        certificate = Path(node["certificates"]["TVS"])
        self.key = private_key(node, self.lab.state, certificate, place.folder / "key.pem")
        self.certificate = place.folder / "certificate.pem"
        self.certificate.write_bytes(certificate.read_bytes())
        self.nginx = Nginx(place, self.certificate, self.key)
        self.words = ["--tls", self.version, "--at-once", self.at_once]
        if self.kind == "resumed":
            self.words.append("--resume")
        signer = query(place.folder, node["certificates"]["CallManager"])
        self.loads = {
            "ours": Load(place, node["address"], node["ports"]["tvs"], signer),
            "nginx": Load(place, "127.0.0.1", self.nginx.port, self.nginx.folder / "request", "--http"),
        }
        self.pids = {"ours": [pids["tvs"]], "nginx": self.nginx.workers()}
        self.size = {side: fit(load, self.words) for side, load in self.loads.items()}

    def handshake(self):
        ran = subprocess.run(
            ["taskset", "-c", str(SERVER), self.place.load("handshake"), self.certificate, self.key,
             self.version, self.kind, str(SECONDS)],
            capture_output=True, text=True, check=True,
        )
        both, server = map(float, ran.stdout.split())
        return {"rate": both, "processor": 1e6 / server, "p99": 1e3 / both, "longest": 1e3 / both}

    def run(self, side):
        if side == "handshake":
            return self.handshake()
        before = processor_seconds(*self.pids[side])
        got = self.loads[side].ran("--count", self.size[side], *self.words)
        used = processor_seconds(*self.pids[side]) - before
        assert got["failures"] == 0, f"{side}: {got}"
        went_on = self.size[side] - self.at_once if self.kind == "resumed" else 0
        assert got["resumed"] >= went_on, f"{side} does not resume: {got}"
        got["processor"] = used / self.size[side] * 1e6
        return got

    def teardown(self):
        if self.nginx is not None:
            self.nginx.end()
        if self.lab is not None:
            self.lab.end_well()
            self.lab.kill()
        self.lab = self.nginx = None


class Held:
    """Connections that only stay, until this one is left."""

    def __init__(self, load, stage, *words, count=HELD):
        self.all_stay = stage != "drip"  # that one hears when it is hung up on
        self.count = count
        self.process = subprocess.Popen(
            [str(word) for word in [*load.words[:4], "--at-once", 64, *words, "--hold", stage,
                                     "--count", count, *load.words[4:]]],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )

    def __enter__(self):
        said = self.process.stdout.readline()
        assert said == f"held {self.count}\n" or (said and not self.all_stay), said
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()


class Open(Work):
    """What a connection costs that stays: memory of a server that was just started."""

    counts = 3

    def __init__(self, stage, most):
        self.stage = stage
        self.name = f"connections-{stage}"
        self.does = f"{HELD:,} connections to TVS that stay: {stage}"
        self.figures = (Figure("memory of the server, each", "bytes", AT_MOST, most, "B"),)
        self.lab = None

    def setup(self, place):
        self.place = place

    def run(self, side):
        self.lab = self.place.lab()
        node, pids = allow_many(self.lab)
        request = query(self.place.folder, node["certificates"]["CallManager"])
        load = Load(self.place, node["address"], node["ports"]["tvs"], request)
        load.ran("--count", 64, "--tls", "1.2")
        before = resident_bytes(pids["tvs"])
        with Held(load, self.stage, "--tls", "1.2"):
            time.sleep(1)  # what has connected is accepted soon afterwards
            used = resident_bytes(pids["tvs"]) - before
        self.teardown()
        return {"bytes": used / HELD}

    def teardown(self):
        if self.lab is not None:
            self.lab.kill()
            shutil.rmtree(self.lab.state, ignore_errors=True)
        self.lab = None


class OpenHttp(Open):
    def __init__(self):
        super().__init__("idle", 0)
        self.name = "connections-http"
        self.does = f"{HELD:,} HTTP clients that stay after their first file"
        self.figures = (Figure("resident memory of provision", "bytes", AT_MOST, 32, "MiB"),)

    def run(self, side):
        self.lab = self.place.lab()
        node, pids = allow_many(self.lab)
        request = self.place.folder / "request"
        request.write_bytes(b"GET /Ringlist.xml HTTP/1.1\r\nHost: bench\r\n\r\n")
        load = Load(self.place, node["address"], node["ports"]["http"], request)
        with Held(load, "idle", "--tls", "none", "--http"):
            status = Path(f"/proc/{pids['provision']}/status").read_text().splitlines()
            resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))
        self.teardown()
        return {"bytes": resident / 1024}


WORKS = [
    *(
        Tvs(version, at_once, resumed)
        for resumed in (False, True)
        for version in ("1.2", "1.3")
        for at_once in (8, 64)
    ),
    Open("silent", 4 << 10),
    Open("handshake", 64 << 10),
    Open("idle", 24 << 10),
    OpenHttp(),
]
