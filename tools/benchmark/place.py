"""Where a row of work runs: the built programs, a folder of its own, the machine for itself."""

import contextlib
import fcntl
import os
import shutil
import socket
import sys
import tempfile
from pathlib import Path

from .peers import Peers

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/system"))


class Place:
    def __init__(self, build):
        self.build = Path(build).resolve()
        self.dialtrust = self.build / "src/bin/dialtrust"
        self.dialtrustd = self.build / "src/bin/dialtrustd"
        self.peers = Peers(TOP / "build-peers")
        self.folder = None

    def load(self, name):
        """A load generator: the program of bench/NAME.c."""
        return self.build / "bench" / f"bench-{name}"

    def peer(self, package):
        return self.peers.program(package)

    def lab(self, *words, nodes=1, phones=1):
        """A running cluster, as the system tests start theirs: .publisher, .state, .end_well()."""
        os.environ["DIALTRUST_BUILD"] = str(self.build)
        from programs import Lab  # reads where the programs are when it is imported

        running = Lab(self.folder / "lab", *words, nodes=nodes, phones=phones)
        as_urgent_as_we(running.pid)
        try:
            return running.wait_until_ready(120)
        except BaseException:
            running.kill()
            raise

    @contextlib.contextmanager
    def alone(self):
        """One row at a time on this machine, in a folder that goes when it ends."""
        self.peers.folder.mkdir(exist_ok=True)
        with (self.peers.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.folder = Path(tempfile.mkdtemp(prefix="dialtrust-bench-"))
            self.folder.chmod(0o755)  # peers drop root before they read what is beneath
            try:
                yield
            finally:
                shutil.rmtree(self.folder, ignore_errors=True)
                self.folder = None


def as_urgent_as_we(pid):
    """For a program that began a session of its own, whose group the kernel weighs as a whole."""
    own, theirs = Path("/proc/self/autogroup"), Path(f"/proc/{pid}/autogroup")
    if os.geteuid() == 0 and own.exists():
        theirs.write_text(own.read_text().split()[-1])


def free_port(kind=socket.SOCK_STREAM, address="127.0.0.1"):
    """A port for a peer that cannot be told to let the kernel choose."""
    with socket.socket(socket.AF_INET, kind) as asked:
        asked.bind((address, 0))
        return asked.getsockname()[1]


def processes_named(pid, name):
    """Process ids of `pid` and all that it started whose name (comm) is `name`."""
    from programs import descendants

    found = []
    for candidate in [pid, *descendants(pid)]:
        try:
            if Path(f"/proc/{candidate}/comm").read_text().strip() == name:
                found.append(candidate)
        except OSError:
            continue
    return found


def processor_seconds(*pids):
    """Processor time that these processes have had so far, of all their threads."""
    total = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def resident_bytes(*pids):
    """Memory that these processes hold for themselves and their share of the rest (Pss)."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) << 10
    return total


def keep_on(processor, *pids):
    """Pins processes, so that server and load do not fight for one processor."""
    for pid in pids:
        os.sched_setaffinity(pid, {processor % os.cpu_count()})
