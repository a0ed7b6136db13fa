"""Exim of Debian as the mail server of a test: one process for each connection, as inetd would start
it, with its own folder. tools/setup unpacks it; nothing is installed, and nothing runs by itself."""

import email
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest
from programs import TOP

EXIM = TOP / "build-peers/exim4-daemon-light/usr/sbin/exim4"
NOBODY = 65534

CONFIGURATION = """\
exim_path = {exim}
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
primary_hostname = mail.example
host_lookup =
rfc1413_query_timeout = 0s
keep_environment =
queue_only = true
tls_advertise_hosts = {advertise}
tls_certificate = {folder}/certificate
tls_privatekey = {folder}/key
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
acl_smtp_rcpt = recipient
acl_smtp_data = message
begin acl
recipient:
  deny local_parts = nobody-of-ours
  defer local_parts = later
  accept
message:
  accept
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{alarms}}}}{{eq{{$auth3}}{{secret word}}}}}}}}
  server_set_id = $auth2
"""


class MailServer:
    def __init__(self, certificate, key, tls=False, starttls=True, port=0, host="127.0.10.79"):
        if not EXIM.exists():
            pytest.skip("exim is not unpacked: tools/setup")
        self.folder = Path(tempfile.mkdtemp(prefix="dialtrust-mail-"))
        self.folder.chmod(0o755)
        for name, source in (("certificate", certificate), ("key", key)):
            shutil.copy(source, self.folder / name)
            (self.folder / name).chmod(0o644)
        user = NOBODY if os.geteuid() == 0 else os.geteuid()
        (self.folder / "passwd").write_text(f"root:x:0:0::/:/bin/sh\nDebian-exim:x:{user}:{user}::/:/bin/false\n")
        (self.folder / "group").write_text(f"root:x:0:\nDebian-exim:x:{user}:\n")
        (self.folder / "configuration").write_text(CONFIGURATION.format(
            exim=EXIM, folder=self.folder, advertise="*" if starttls else ""))
        for name in ("spool", "log"):
            (self.folder / name).mkdir()
            if os.geteuid() == 0:
                os.chown(self.folder / name, user, user)
        self.words = [EXIM, "-C", self.folder / "configuration", "-bs", *(["-tls-on-connect"] if tls else [])]
        self.socket = socket.create_server((host, port))
        self.port = self.socket.getsockname()[1]
        self.running = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer = self.socket.accept()[0]
            except OSError:
                return
            self.running.append(subprocess.Popen(
                self.words, stdin=peer, stdout=peer, stderr=subprocess.DEVNULL, start_new_session=True,
                env={"LD_PRELOAD": "libnss_wrapper.so", "NSS_WRAPPER_PASSWD": str(self.folder / "passwd"),
                     "NSS_WRAPPER_GROUP": str(self.folder / "group"), "PATH": os.environ["PATH"]}))
            peer.close()

    def letters(self):
        """Who sent it, as whom they had logged in, to whom, and the letter itself."""
        found = []
        for head in sorted((self.folder / "spool/input").glob("*-H")):
            data = head.with_name(head.name[:-1] + "D")
            lines = head.read_text().splitlines()
            if not data.exists() or "" not in lines:
                continue
            login = next((line.split()[1] for line in lines if line.lstrip("-").startswith("auth_id ")), None)
            to = [line for line in lines if re.fullmatch(r"[^\s<>@]+@[^\s<>@]+", line)]
            text = "\n".join(line[5:] if line[:3].isdigit() else line for line in lines[lines.index("") + 1 :])
            letter = email.message_from_string(text + "\n\n" + data.read_text().split("\n", 1)[1])
            found.append((lines[2].strip("<>"), login, to, letter))
        return found

    def log(self):
        return "".join(path.read_text() for path in (self.folder / "log").glob("*log"))

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for exim in self.running:
            exim.kill() if exim.poll() is None else None
            exim.wait()
        shutil.rmtree(self.folder)
