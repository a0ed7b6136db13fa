"""Deploy hooks: an identity is put where a program reads it, which is reloaded and must show it."""

import json
import os
import shutil
import socket
import ssl
import subprocess

import pytest
from programs import DIALTRUSTD, SLOWER, TOP, Program, dialtrust, environment, until
from test_start import SETTINGS

PEERS = TOP / "build-peers"
NGINX = next(
    (str(path) for path in (PEERS / "nginx/usr/sbin/nginx", "/usr/sbin/nginx") if os.access(path, os.X_OK)), None,
)
TOMCAT = "Cisco Tomcat"
ADDRESS = "127.0.10.81"

CONFIGURATION = """daemon on; pid {folder}/nginx.pid; error_log {folder}/nginx.log; worker_processes 1;
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2;
  fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{ listen {address}:{port} ssl; ssl_certificate {folder}/tls/cert.pem; ssl_certificate_key {folder}/tls/key.pem; }}
}}
"""

HOOK = """[web]
recipe = nginx
service = Cisco Tomcat
certificate = {folder}/tls/cert.pem
key = {folder}/tls/key.pem
reload = {reload}
check = {check}
seconds = {seconds}
"""


def free_port(address=ADDRESS):
    with socket.socket() as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


class Place:
    """A daemon of one node, and the folder of a program beside it."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("root", "store", "tls"):
            (folder / name).mkdir()
        folder.chmod(0o755)
        self.port = free_port()
        self.daemon = None
        self.keys = "tomcat"
        self.own_before = None

    def settings(self):
        text = SETTINGS.format(folder=self.folder, tftp=f"{ADDRESS}:0", http=f"{ADDRESS}:0", tvs="off")
        text += f"[deployer]\nhooks = {self.folder}/hooks\nrecipes = {TOP}/recipes\nkeys = {self.keys}\n"
        (self.folder / "settings").write_text(text)

    def start(self):
        self.settings()
        self.daemon = Program([DIALTRUSTD, "--settings", self.folder / "settings"])
        self.daemon.wait_for_text("ready: ", 60)

    def again(self):
        assert self.daemon.end() == 0, self.daemon.output
        self.start()
        until(lambda: self.hooks(), 60, "the hooks")

    def found(self):
        ran = self.run("cluster", "init", "Here", "--node", "alone", "--address", ADDRESS, "--organization", "Ex")
        assert ran.returncode == 0, ran.stderr
        until(lambda: self.hooks(), 60, "the hooks")

    def run(self, *words):
        return dialtrust(*words, control=self.folder / "admin", timeout=100)

    def json(self, *words):
        ran = self.run(*words, "--json")
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    def hooks(self):
        return {row["hook"]: row for row in self.json("hook", "list")["hooks"]}

    def service(self, name=TOMCAT):
        return next(row for row in self.json("service", "list")["services"] if row["service"] == name)

    def own(self, unit="tomcat"):
        return ssl.PEM_cert_to_DER_cert(self.json("cert", "show", unit, "--node", "alone")["pem"])

    def files(self):
        return {path.name: path.read_bytes() for path in (self.folder / "tls").iterdir()}

    def audit(self, action):
        return [row["detail"] for row in self.json("audit", "list")["audit"] if row["action"] == action]


class Nginx(Place):
    def __init__(self, folder):
        super().__init__(folder)
        fact = {"folder": folder, "address": ADDRESS, "port": self.port}
        (folder / "nginx.conf").write_text(CONFIGURATION.format(**fact))
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=before", "-days", "2",
             "-keyout", folder / "tls/key.pem", "-out", folder / "tls/cert.pem"],
            check=True, capture_output=True,
        )
        self.words = f"{NGINX} -c {folder}/nginx.conf -e {folder}/nginx.log"
        subprocess.run(self.words.split(), check=True)
        self.hook()

    def hook(self, reload=None, check=None, seconds=20, more=""):
        (self.folder / "hooks").write_text(HOOK.format(
            folder=self.folder, reload=reload or f"{self.words} -s reload", seconds=seconds,
            check=check or f"{ADDRESS}:{self.port}",
        ) + more)

    def shown(self):
        return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((ADDRESS, self.port)))

    def end(self):
        if self.daemon:
            self.daemon.kill()
        pid = self.folder / "nginx.pid"
        if pid.exists():
            os.kill(int(pid.read_text()), 15)


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    if NGINX is None:
        pytest.skip("nginx is not there: tools/setup")
    made = Nginx(tmp_path_factory.mktemp("hook"))
    try:
        made.start()
        made.found()
        yield made
        assert made.daemon.end() == 0, made.daemon.output
    finally:
        made.end()


def test_a_regeneration_reaches_nginx(nginx):
    assert nginx.hooks()["web"]["state"] == "never"
    for _ in range(2):
        told = nginx.json("cert", "regen", "tomcat", "--node", "alone")
        assert [(row["hook"], row["state"]) for row in told["hooks"]] == [("web", "held")], told
        assert nginx.shown() == nginx.own()
        assert (nginx.folder / "tls/key.pem").stat().st_mode & 0o777 == 0o600
        assert (nginx.folder / "tls/cert.pem").stat().st_mode & 0o777 == 0o644
        row = nginx.service()
        assert (row["kind"], row["hook"], row["restart_wanted"]) == ("hooked", "held", False)
    assert all("shows it in TLS" in detail for detail in nginx.audit("hook held"))
    assert not os.listdir(nginx.folder / "state/deploy")
