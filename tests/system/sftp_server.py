"""OpenSSH's sshd and its sftp-server, as ourselves (as nobody where we are root, who would need a user of its own):
one process a connection, on a port that the kernel chose, so that a test can do something between two of them."""

import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest
from programs import BUILD, TOP, environment

SSHD = TOP / "build-peers/openssh-server/usr/sbin/sshd"
LIBRARY = BUILD / "tests/system/sshd_user.so"
NOBODY = 65534
USER, PASSWORD = "bulk", "korrekt horse"

CONFIG = """HostKey {place}/host
AuthorizedKeysFile {place}/authorized
StrictModes no
UsePAM no
UseDNS no
PidFile none
PasswordAuthentication yes
PubkeyAuthentication yes
Subsystem sftp internal-sftp
ForceCommand internal-sftp
LogLevel ERROR
"""


def keygen(*words):
    return subprocess.run(
        ["ssh-keygen", "-q", *map(str, words)], capture_output=True, text=True, check=True, timeout=60,
        env=environment(),
    ).stdout


class SftpServer:
    def __init__(self):
        if not SSHD.exists():
            pytest.skip(f"{SSHD} is absent: tools/setup")
        self.place = Path(tempfile.mkdtemp(prefix="dtsftp", dir="/tmp"))
        self.most = None  # bytes that a file there may have
        self.before = None  # called with the number of a connection before it is served
        self.count = 0
        self.folder = self.place / "shared"
        self.folder.mkdir()
        shutil.copy(SSHD, self.place / "sshd")
        for name in ("host", "client", "stranger"):
            keygen("-t", "ed25519", "-N", "", "-C", "", "-f", self.place / name)
        shutil.copy(self.place / "client.pub", self.place / "authorized")
        (self.place / "config").write_text(CONFIG.format(place=self.place))
        self.place.chmod(0o755)
        if os.geteuid() == 0:
            for path in (self.folder, self.place / "host", self.place / "sshd"):
                os.chown(path, NOBODY, NOBODY)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.children = []
        hashed = subprocess.run(
            ["openssl", "passwd", "-6", "-stdin"], input=PASSWORD + "\n", capture_output=True, text=True, check=True)
        self.env = environment(LD_PRELOAD=str(LIBRARY), DIALTRUST_SSHD_PASSWORD=hashed.stdout.strip())
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    @property
    def address(self):
        return "127.0.0.1:%d" % self.listener.getsockname()[1]

    @property
    def host_key(self):
        return keygen("-l", "-E", "sha256", "-f", self.place / "host.pub").split()[1]

    def key(self, name="client"):
        return self.place / name

    def become(self):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        if self.most is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.most, self.most))
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                self.count += 1
                if self.before is not None:
                    self.before(self.count)
                self.children.append(subprocess.Popen(
                    [self.place / "sshd", "-i", "-e", "-f", self.place / "config"], stdin=connection,
                    stdout=connection, stderr=subprocess.DEVNULL, preexec_fn=self.become, env=self.env,
                ))

    def end(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(30)
        for child in self.children:
            child.kill()
            child.wait(30)
        shutil.rmtree(self.place)
