"""Files by TFTP to many phones at once, beside the TFTP servers of Debian. None of them logs what
goes well: whoever reads our log would share the processors."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

from benchmark.figure import AT_LEAST, AT_MOST, BEST, Figure
from benchmark.place import free_port, keep_on, processes_named
from benchmark.work import Work

SERVER, CLIENT = 0, 1  # processors
PEERS = ("dnsmasq", "atftpd", "tftpd-hpa")
PACKAGES = {"dnsmasq": "dnsmasq-base", "atftpd": "atftpd", "tftpd-hpa": "tftpd-hpa"}
AT_ONCE = 1000  # more than any row asks for
TICKS = os.sysconf("SC_CLK_TCK")


def command(place, side, address, folder):
    """A peer in the foreground, silent, with room for all clients; and its port."""
    program = place.peer(PACKAGES[side])
    if side == "dnsmasq":  # it knows no other port for TFTP
        return 69, [program, "--port=0", "--enable-tftp", f"--tftp-root={folder}", "--bind-interfaces",
                    f"--listen-address={address}", "--quiet-tftp", "--keep-in-foreground", f"--tftp-max={AT_ONCE}",
                    "--user=root", "--conf-file=/dev/null", "--pid-file=", "--log-facility=/dev/null"]
    port = free_port(address=address)
    if side == "atftpd":
        return port, [program, "--daemon", "--no-fork", "--bind-address", address, "--port", port,
                      "--maxthread", AT_ONCE, "--verbose=4", "--user", "root.root", "--logfile", "/dev/null",
                      folder]
    return port, [program, "--foreground", "--listen", "--address", f"{address}:{port}", "--secure",
                  "-u", "root", folder]


def processor_seconds(pid):
    """Of a process, its threads, and the children that it has buried, all that are gone included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / TICKS


class Server:
    def __init__(self, place, side, number, folder):
        self.address = f"127.0.9.{number}"
        self.port, words = command(place, side, self.address, folder)
        self.process = subprocess.Popen(
            [str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.pid = self.process.pid
        keep_on(SERVER, self.pid)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


class Ours:
    def __init__(self, place):
        self.lab = place.lab()
        node = self.lab.publisher
        self.address, self.port = node["address"], node["ports"]["tftp"]
        self.root = self.lab.state / node["name"] / "root"
        settings = self.lab.state / node["name"] / "settings"
        settings.write_text(settings.read_text().replace("log = info", "log = warning"))
        self.pid = self.started_anew()
        keep_on(SERVER, self.pid)

    def started_anew(self):
        """Its supervisor starts it again, with the settings that hold now."""
        before = processes_named(self.lab.pid, "provision")
        os.kill(before[0], signal.SIGKILL)
        deadline = time.monotonic() + 20
        while True:
            now = processes_named(self.lab.pid, "provision")
            if now and now != before:
                return now[0]
            assert time.monotonic() < deadline, "provision is not started again"
            time.sleep(0.02)

    def end(self):
        self.lab.end_well()
        self.lab.kill()


class Fetch(Work):
    """Whole files a second. Every block is compared by the load generator."""

    def __init__(self, name, does, size, words, **more):
        self.name, self.does, self.size, self.words = name, does, size, words
        self.figures = more.pop("figures")
        self.seconds = more.pop("seconds", 1.0)
        peers = more.pop("peers", PEERS)
        self.sides = ("ours", *peers)
        self.peers = tuple(PACKAGES[peer] for peer in peers)
        self.servers = {}

    def setup(self, place):
        self.place = place
        folder = place.folder / "tree"
        folder.mkdir()
        folder.chmod(0o755)
        self.file = folder / "image.bin"
        self.file.write_bytes(os.urandom(self.size))
        self.file.chmod(0o644)
        self.servers = {"ours": Ours(place)}
        for number, side in enumerate(self.sides[1:], 2):
            self.servers[side] = Server(place, side, number, folder)
        (self.servers["ours"].root / self.file.name).write_bytes(self.file.read_bytes())
        for side in self.sides:
            self.wait_for(side)

    def load(self, side, *words):
        server = self.servers[side]
        asked = ["taskset", "-c", CLIENT % os.cpu_count(), self.place.load("load-tftp"),
                 "--server", server.address, "--port", server.port, "--name", self.file.name,
                 "--content", self.file, *words]
        ran = subprocess.run([str(word) for word in asked], capture_output=True, text=True, timeout=120,
                             check=False, stdin=subprocess.DEVNULL)
        assert ran.stdout, ran.stderr
        got = json.loads(ran.stdout)
        assert got["wrong"] == 0, f"{side} sends wrong bytes: {got}"
        return got

    def wait_for(self, side):
        deadline = time.monotonic() + 20
        while self.load(side, "--phones", 1, "--transfers", 1, "--timeout", 200)["transfers"] != 1:
            assert time.monotonic() < deadline, f"{side} does not serve"

    def run(self, side):
        pid = self.servers[side].pid
        before = processor_seconds(pid)
        got = self.load(side, "--seconds", self.seconds, *self.words)
        time.sleep(0.05)  # what was forked for the last transfers is buried
        assert side != "ours" or got["failures"] == 0, got
        got["processor"] = (processor_seconds(pid) - before) / got["transfers"] * 1e6
        return got

    def teardown(self):
        for server in self.servers.values():
            server.end()
        self.servers = {}


def small(at_once, block):
    return Fetch(
        f"tftp-6k-{at_once}-{block}", f"6 KB by TFTP, {at_once} at once, blocks of {block}", 6144,
        ["--phones", at_once, "--blksize", block],
        figures=(
            Figure("transfers", "rate", AT_LEAST, 1.0, "/s", beside=BEST),
            Figure("server processor time a transfer", "processor", AT_MOST, 1.0, "us", beside=BEST),
            Figure("99th percentile", "p99_ms", unit="ms", beside=BEST),
            *(Figure(f"transfers beside {peer}", "rate", unit="/s", beside=peer) for peer in PEERS),
        ),
    )


WORKS = [
    *(small(at_once, block) for at_once in (32, 256) for block in (512, 1428)),
    Fetch(
        "tftp-firmware", "2 MB by TFTP, 32 at once, windowsize 8, blocks of 1428", 2 << 20,
        ["--phones", 32, "--blksize", 1428, "--windowsize", 8], seconds=2.0, peers=("atftpd",),
        figures=(
            Figure("transfers", "rate", AT_LEAST, 1.0, "/s", beside="atftpd"),
            Figure("server processor time a transfer", "processor", unit="us", beside="atftpd"),
        ),
    ),
    Fetch(
        "tftp-lossy", "6 KB by TFTP, 32 at once, blocks of 512, 1 % of datagrams lost by the client", 6144,
        ["--phones", 32, "--blksize", 512, "--loss", 0.01], seconds=3.0,
        figures=(
            Figure("transfers", "rate", AT_LEAST, 5.0, "/s", beside=BEST),
            Figure("median of a transfer", "p50_ms", unit="ms", beside=BEST),
            Figure("99th percentile", "p99_ms", unit="ms", beside=BEST),
        ),
    ),
]
