"""Trust lists: verifying one as a whole process, and parsing one."""

import subprocess

from benchmark.figure import AT_MOST, Figure
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


WORKS = [Verify()]
