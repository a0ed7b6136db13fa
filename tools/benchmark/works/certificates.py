"""A cluster with many certificates."""

import json
import socket
import subprocess
import time

from benchmark.figure import AT_MOST, Figure
from benchmark.work import Work

CERTIFICATES = 8000


def ask(control, path):
    """GET over the control socket as any client would: the body, without an HTTP library's time."""
    with socket.socket(socket.AF_UNIX) as asked:
        asked.connect(control)
        asked.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: asked.recv(1 << 20), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    return body


class Listed(Work):
    name = "cert-list"
    does = "`cert list --json` of 8,000 certificates, a whole process; and the query alone, at the control socket"
    figures = (
        Figure("with process start", "process", AT_MOST, 400, "ms"),
        Figure("the query alone", "query", AT_MOST, 100, "ms"),
        Figure("the first query after so many came", "first", unit="ms"),
    )

    def setup(self, place):
        self.place, self.lab = place, None
        self.lab = place.lab()
        self.control = str(self.lab.info["control"])
        store = place.folder / "lab/store/cluster.sqlite"
        subprocess.run([place.load("fill-store"), f"sqlite:{store}", "pub", str(CERTIFICATES)], check=True,
                       timeout=120)
        started = time.monotonic()
        ask(self.control, "/v1/certificates")  # reads what is new; then it is kept
        self.first = (time.monotonic() - started) * 1000

    def run(self, side):
        started = time.monotonic()
        body = ask(self.control, "/v1/certificates")
        queried = time.monotonic()
        ran = subprocess.run(
            [self.place.dialtrust, "cert", "list", "--json", "--control", self.control],
            capture_output=True, check=True,
        )
        ended = time.monotonic()
        assert len(json.loads(body)["certificates"]) >= CERTIFICATES
        assert len(json.loads(ran.stdout)["certificates"]) >= CERTIFICATES
        return {"query": (queried - started) * 1000, "process": (ended - queried) * 1000,
                "first": self.first}

    def teardown(self):
        if self.lab is not None:
            self.lab.end()
            self.lab.kill()


NODES, PRESENCE, TRUSTED = 20, 2, 400


def files_of(folder):
    """The files of a node and of the store, without what comes and goes with a transaction or a log."""
    return sum(1 for path in folder.rglob("*") if path.is_file() and not path.name.endswith(("-wal", "-shm", "log")))


class Cluster(Work):
    name = "cluster"
    does = "20 nodes, 14 units, 400 trust certificates a node: a regeneration from the key to the commit; a look at every certificate"
    figures = (
        Figure("a regeneration commits, CallManager", "CallManager", AT_MOST, 50, "ms"),
        Figure("a regeneration commits, TVS", "TVS", AT_MOST, 50, "ms"),
        Figure("a regeneration commits, the slowest of all", "slowest", AT_MOST, 50, "ms"),
        Figure("a pass of the monitor", "monitor", AT_MOST, 300, "ms"),
        Figure("files that 19 more nodes cost", "files", AT_MOST, 0),
    )

    def setup(self, place):
        self.place, self.lab = place, None
        self.lab = place.lab()
        self.control = str(self.lab.info["control"])
        self.store = place.folder / "lab/store/cluster.sqlite"
        self.fill("pub")
        before = self.settled_files()
        for number in range(2, NODES + 1):
            role = "presence" if number > NODES - PRESENCE else "subscriber"
            self.lab.json("node", "add", f"n{number}", "--address", f"127.0.11.{number}", "--role", role)
            self.fill(f"n{number}")
        self.files = self.settled_files() - before

    def fill(self, node):
        subprocess.run([self.place.load("fill-store"), f"sqlite:{self.store}", node, str(TRUSTED)], check=True,
                       timeout=120)

    def settled_files(self):
        """Once the snapshot shows the last change: when two looks a second apart agree."""
        counts = []
        while len(counts) < 2 or counts[-1] != counts[-2]:
            time.sleep(1)
            counts.append(files_of(self.place.folder / "lab"))
        return counts[-1]

    def regenerate(self, unit):
        ran = subprocess.run([self.place.load("regenerate"), f"sqlite:{self.store}", "pub", unit, "10"],
                             capture_output=True, check=True, timeout=120)
        return [float(line) for line in ran.stdout.split()]

    def run(self, side):
        if self.lab.process.poll() is None:  # the looks first, while a manager is there
            taken = []
            for _ in range(5):
                started = time.monotonic()
                ask(self.control, "/v1/expiry")  # judges every certificate, lists those that are due
                taken.append((time.monotonic() - started) * 1000)
            everything = json.loads(ask(self.control, "/v1/expiry?all=true"))["certificates"]
            assert len(everything) >= NODES * TRUSTED
            self.monitor = sorted(taken)[2]
            self.lab.end()
        times = {unit: self.regenerate(unit) for unit in ("CallManager", "TVS", "tomcat")}
        return {"CallManager": sorted(times["CallManager"])[5], "TVS": sorted(times["TVS"])[5],
                "slowest": max(max(each) for each in times.values()), "monitor": self.monitor,
                "files": self.files}

    def teardown(self):
        if self.lab is not None:
            self.lab.end()
            self.lab.kill()


WORKS = [Listed(), Cluster()]
