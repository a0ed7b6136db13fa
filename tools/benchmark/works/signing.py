"""Files that are signed when a phone asks for them."""

import subprocess

from benchmark.figure import AT_LEAST, AT_MOST, Figure
from benchmark.measure import Calibration
from benchmark.place import keep_on, processes_named, processor_seconds
from benchmark.work import Work
from benchmark.works.lists import configuration

FILES = 3000  # a count
CONNECTIONS, DEPTH = 16, 8  # questions that stand open: 128


class OnDemand(Work):
    name = "signing"
    does = "3,000 files of 6 KB signed on demand over HTTP, the signer busy, beside bare signing on one core"
    sides = ("ours", "bare signing")
    figures = (
        Figure("signed files a second", "rate", AT_LEAST, 0.90, "/s", beside="bare signing"),
        Figure("signer: processor time a file", "signer", unit="us", beside="bare signing"),
        Figure("provision: processor time a file", "provision", unit="us"),
        Figure("the same files again, from the cache", "cached", unit="/s", beside="bare signing"),
        Figure("signer: processor time a cached file", "cached signer", AT_MOST, 1.0, "us"),
    )

    def setup(self, place):
        self.place, self.lab, self.turn = place, None, 0
        self.calibration = Calibration(place)
        self.lab = place.lab()
        self.root = next(path.parent for path in (place.folder / "lab").rglob("Ringlist.xml"))
        (self.signer,) = processes_named(self.lab.pid, "signer")
        (self.provision,) = processes_named(self.lab.pid, "provision")
        keep_on(0, self.signer)  # a core of its own, as the bare loop has; all else shares the other
        keep_on(1, self.provision)

    def fetch(self):
        node = self.lab.publisher
        used = processor_seconds(self.signer), processor_seconds(self.provision)
        ran = subprocess.run(
            [self.place.load("load-http"), node["address"], str(node["ports"]["http"]), str(CONNECTIONS),
             str(DEPTH), str(self.turn * FILES), str(FILES), "bench-", ".xml.sgn"],
            capture_output=True, text=True, check=False, preexec_fn=lambda: keep_on(1, 0),
        )
        assert ran.returncode == 0, ran.stderr
        signer = processor_seconds(self.signer) - used[0]
        provision = processor_seconds(self.provision) - used[1]
        return FILES / float(ran.stdout.split()[0]), signer / FILES * 1e6, provision / FILES * 1e6

    def run(self, side):
        if side != "ours":
            wall, processor = self.calibration.rate(1)
            return {"rate": wall, "signer": 1e6 / processor, "provision": 0, "cached": wall,
                    "cached signer": 0}
        self.turn += 1
        for number in range(self.turn * FILES, (self.turn + 1) * FILES):
            (self.root / f"bench-{number}.xml").write_text(configuration(f"SEP{number:012X}"))
        rate, signer, provision = self.fetch()
        cached, cached_signer, _ = self.fetch()
        return {"rate": rate, "signer": signer, "provision": provision, "cached": cached,
                "cached signer": cached_signer}

    def teardown(self):
        if self.lab is not None:
            self.lab.end()
            self.lab.kill()


WORKS = [OnDemand()]
