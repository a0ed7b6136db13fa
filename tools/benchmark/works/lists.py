"""Without a daemon: verifying and parsing trust lists, signing a folder."""

import resource
import subprocess
import time

from benchmark.figure import AT_LEAST, AT_MOST, Figure
from benchmark.measure import Calibration
from benchmark.work import Work

PROCESSES = 60  # a count


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


def make_identity(folder, name):
    """A key and a certificate that call themselves `name`."""
    key, cert = folder / f"{name}.key", folder / f"{name}.pem"
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", 30,
            "-subj", f"/C=PT/L=Lisbon/O=Dialtrust Bench/OU=Telephony/CN={name}.example")
    return key, cert


def make_list(place, size):
    """The longest list of that many bytes at most, its signer in its first record."""
    key, cert = make_identity(place.folder, "signer")
    _, other = make_identity(place.folder, "other")
    path, records = place.folder / f"list-{size}", [f"SAST={cert}"]
    while len(records) < 60:
        records.append(f"TVS={other}")
        built = place.folder / "built"
        subprocess.run([place.dialtrust, "list", "build", "--signer", cert, "--key", key, "--out", built,
                        *records], capture_output=True, check=False)
        if not built.exists() or built.stat().st_size > size:
            break
        built.rename(path)
    return path, key, cert


def repeated(place, *words):
    """A process each time: milliseconds of wall clock, of processor time."""
    ran = subprocess.run([place.load("repeat"), str(PROCESSES), *map(str, words)],
                         capture_output=True, text=True, check=True)
    wall, processor = map(float, ran.stdout.split())
    return {"wall": wall, "processor": processor}


class Verify(Work):
    name = "list-verify"
    does = "`list verify` of a 10 KB list, a whole process each, beside `openssl dgst -verify` of its bytes"
    sides = ("ours", "openssl")
    figures = (
        Figure("time", "wall", AT_MOST, 1.5, "ms", beside="openssl"),
        Figure("processor time", "processor", unit="ms", beside="openssl"),
    )

    def setup(self, place):
        self.place = place
        self.list, key, _ = make_list(place, 10_000)
        self.public, self.signature = place.folder / "public", place.folder / "signature"
        openssl("pkey", "-in", key, "-pubout", "-out", self.public)
        openssl("dgst", "-sha1", "-sign", key, "-out", self.signature, self.list)

    def run(self, side):
        if side == "ours":
            return repeated(self.place, self.place.dialtrust, "list", "verify", self.list)
        return repeated(self.place, "openssl", "dgst", "-sha1", "-verify", self.public, "-signature",
                        self.signature, self.list)


class Parse(Work):
    name = "list-parse"
    does = "parsing a 64 KB list, beside hashing it with SHA-512, in one process"
    sides = ("ours", "SHA-512", "certificates too")
    figures = (
        Figure("processor time", "processor", AT_MOST, 1.0, "us", beside="SHA-512"),
        Figure("beside reading its certificates too", "processor", unit="us", beside="certificates too"),
    )
    verbs = {"ours": "parse", "SHA-512": "hash", "certificates too": "load"}

    def setup(self, place):
        self.place = place
        self.list, _, _ = make_list(place, 65535)
        assert self.list.stat().st_size > 62_000, "the list came out short"

    def run(self, side):
        ran = subprocess.run([self.place.load("parse"), self.list, self.verbs[side], "0.4"],
                             capture_output=True, text=True, check=True)
        return {"processor": float(ran.stdout)}


class Folder(Work):
    name = "file-sign"
    does = "`file sign` of a folder with 10,000 configurations of 6 KB, beside bare RSA-2048 signing on one core"
    sides = ("ours", "bare signing")
    figures = (
        Figure("signatures a second", "rate", AT_LEAST, 0.90, "/s", beside="bare signing"),
        Figure("a second of processor time", "processor", unit="/s", beside="bare signing"),
    )
    files = 10_000

    def setup(self, place):
        self.place, self.calibration = place, Calibration(place)
        self.key, self.cert = make_identity(place.folder, "signer")
        self.tree, self.turn = place.folder / "configurations", 0
        self.tree.mkdir()
        for number in range(self.files):
            name = f"SEP{number:012X}"
            (self.tree / f"{name}.cnf.xml").write_text(configuration(name))

    def run(self, side):
        if side != "ours":
            wall, processor = self.calibration.rate(1.5)
            return {"rate": wall, "processor": processor}
        # A folder of its own each time: where files were just deleted, ext4 is slow to make new ones.
        self.turn += 1
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        before, started = used.ru_utime + used.ru_stime, time.monotonic()
        ran = subprocess.run(
            [self.place.dialtrust, "file", "sign", self.tree, "--signer", self.cert, "--key", self.key,
             "--out", self.place.folder / f"signed-{self.turn}"], capture_output=True, text=True, check=True,
        )
        took = time.monotonic() - started
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert ran.stdout.startswith(f"{self.files} signed"), ran.stdout
        processor = used.ru_utime + used.ru_stime - before
        return {"rate": self.files / took, "processor": self.files / processor}


def configuration(name):
    """6 KB, as a phone's configuration has them."""
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<device>\n<name>{name}</name>\n'
    line = "<line button=\"1\"><featureID>9</featureID><proxy>USECALLMANAGER</proxy></line>\n"
    return head + line * ((6144 - len(head)) // len(line)) + "</device>\n"


WORKS = [Verify(), Parse(), Folder()]
