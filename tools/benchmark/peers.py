"""Servers that others made. tools/setup unpacks their Debian packages aside (two of them exclude
each other, and no service of theirs shall start on anybody's machine)."""

import os
from pathlib import Path

PROGRAMS = {
    "nginx": "nginx",
    "tftpd-hpa": "in.tftpd",
    "atftpd": "atftpd",
    "dnsmasq-base": "dnsmasq",
}


class Peers:
    def __init__(self, folder):
        self.folder = Path(folder)

    def find(self, package):
        """The program of a package, unpacked or installed; None."""
        for folder in (self.folder / package / "usr/sbin", Path("/usr/sbin")):
            path = folder / PROGRAMS[package]
            if os.access(path, os.X_OK):
                return path
        return None

    def missing(self, packages):
        return [package for package in packages if self.find(package) is None]

    def program(self, package):
        path = self.find(package)
        assert path is not None, f"{package} is missing: tools/setup bench"
        return path
