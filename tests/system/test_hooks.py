"""Deploy hooks: an identity is put where a program reads it, which is reloaded and must show it."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import threading

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
        self.env = {}

    def script(self, name, text):
        path = self.folder / name
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)
        return path

    def settings(self):
        text = SETTINGS.format(folder=self.folder, tftp=f"{ADDRESS}:0", http=f"{ADDRESS}:0", tvs="off")
        text += f"[deployer]\nhooks = {self.folder}/hooks\nrecipes = {TOP}/recipes\nkeys = {self.keys}\n"
        (self.folder / "settings").write_text(text)

    def start(self):
        self.settings()
        self.daemon = Program([DIALTRUSTD, "--settings", self.folder / "settings"], **self.env)
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
        self.reload = self.script("again", f"exec {self.words} -s reload")  # lines of a hook are short
        self.hook()

    def hook(self, reload=None, check=None, seconds=20, more=""):
        (self.folder / "hooks").write_text(HOOK.format(
            folder=self.folder, reload=reload or self.reload, seconds=seconds,
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


def shows(nginx, wanted):
    """Workers of before may go on for a moment: until none of many handshakes shows theirs."""
    until(lambda: all(nginx.shown() == wanted for _ in range(10)), 60, "the certificate in TLS")


def test_a_regeneration_reaches_nginx(nginx):
    assert nginx.hooks()["web"]["state"] == "never"
    for _ in range(2):
        told = nginx.json("cert", "regen", "tomcat", "--node", "alone")
        assert [(row["hook"], row["state"]) for row in told["hooks"]] == [("web", "held")], told
        shows(nginx, nginx.own())
        assert (nginx.folder / "tls/key.pem").stat().st_mode & 0o777 == 0o600
        assert (nginx.folder / "tls/cert.pem").stat().st_mode & 0o777 == 0o644
        row = nginx.service()
        assert (row["kind"], row["hook"], row["restart_wanted"]) == ("hooked", "held", False)
    assert all("shows it in TLS" in detail for detail in nginx.audit("hook held"))
    assert not os.listdir(nginx.folder / "state/deploy")


def everything(nginx):
    """The files with their modes, and what TLS shows."""
    folder = nginx.folder / "tls"
    return {p.name: (p.read_bytes(), p.stat().st_mode) for p in folder.iterdir()}, nginx.shown()


def refused(nginx, *words):
    """A regeneration that no hook holds, told by everyone who is asked; nothing has changed."""
    before = everything(nginx)
    told = nginx.json("cert", "regen", "tomcat", "--node", "alone")
    assert [row["state"] for row in told["hooks"]] == ["failed"], told
    sentence = told["hooks"][0]["told"]
    for word in words:
        assert word in sentence
    shows(nginx, before[1])
    assert everything(nginx) == before
    assert not os.listdir(nginx.folder / "state/deploy")
    row = nginx.service()
    assert (row["hook"], row["restart_wanted"]) == ("failed", True)
    assert nginx.hooks()["web"]["told"] == sentence
    assert any(sentence[:80] in detail for detail in nginx.audit("hook failed"))
    ran = nginx.run("service", "restart", TOMCAT, "--node", "alone")
    assert ran.returncode == 4 and words[0] in ran.stderr, ran.stderr
    assert nginx.service()["restart_wanted"] is True
    shows(nginx, before[1])
    assert everything(nginx) == before


def holds_again(nginx):
    nginx.hook()
    nginx.again()
    ran = nginx.run("service", "restart", TOMCAT, "--node", "alone")
    assert ran.returncode == 0, ran.stderr
    shows(nginx, nginx.own())
    row = nginx.service()
    assert (row["hook"], row["restart_wanted"]) == ("held", False)


def test_what_does_not_reload_is_rolled_back(nginx):
    """The program says that all is well, and TLS does not show it."""
    nginx.hook(reload="/bin/true", seconds=1)
    nginx.again()
    refused(nginx, "shows another certificate", "the old files are back")
    holds_again(nginx)


@pytest.mark.parametrize("text, said", [
    ("echo first; echo 'the reason' >&2; exit 3", "it ended with status 3: the reason"),
    ("kill -9 $$", "it was ended by signal 9"),
    ("exit 1", "it ended with status 1"),
])
def test_a_reload_that_fails_is_rolled_back(nginx, text, said):
    nginx.hook(reload=nginx.script("reload", text))
    nginx.again()
    refused(nginx, said, "the old files are back, but:")


def test_a_reload_that_hangs_is_ended_with_all_that_it_started(nginx):
    held = nginx.folder / "held"
    nginx.hook(reload=nginx.script("reload", f"exec 3>>{held}; flock 3; sleep 1000 & sleep 1000"), seconds=1)
    nginx.again()
    refused(nginx, "it had not ended after 1 seconds and was killed")
    subprocess.run(["flock", "-w", str(60 * SLOWER), held, "true"], check=True)  # nobody has it open any more
    holds_again(nginx)


def test_a_program_that_is_not_there(nginx):
    nginx.hook(reload="/nowhere/at/all")
    nginx.again()
    refused(nginx, "/nowhere/at/all: it could not be run: No such file or directory")


def test_a_check_that_is_refused(nginx):
    nginx.hook(check=f"{ADDRESS}:{free_port()}", seconds=1)
    nginx.again()
    refused(nginx, "no TLS at", "Connection refused", "the program was reloaded with them")


def test_a_check_that_cannot_be_reached(nginx):
    nginx.hook(check="224.0.0.1:443", seconds=1)
    nginx.again()
    refused(nginx, "no TLS at 224.0.0.1:443", "unreachable")


def test_a_check_that_never_answers(nginx):
    with socket.socket() as silent:
        silent.bind((ADDRESS, 0))
        silent.listen()
        nginx.hook(check="{}:{}".format(*silent.getsockname()), seconds=1)
        nginx.again()
        refused(nginx, "no TLS at", "in time")


def test_a_check_that_is_no_tls(nginx):
    """The control socket's neighbour: something that speaks first, and not TLS."""
    with socket.socket() as other:
        other.bind((ADDRESS, 0))
        other.listen()
        nginx.hook(check="{}:{}".format(*other.getsockname()), seconds=2)
        nginx.again()
        ending = False

        def speak():
            while not ending:
                connection, _ = other.accept()
                connection.sendall(b"220 hello\r\n")
                connection.close()

        thread = threading.Thread(target=speak, daemon=True)
        thread.start()
        refused(nginx, "no TLS at")
        ending = True
        socket.create_connection(other.getsockname()).close()
        thread.join(60)


def test_a_folder_that_is_not_there(nginx):
    nginx.hook(more=f"chain = {nginx.folder}/nowhere/chain.pem\n")
    nginx.again()
    refused(nginx, f"there is no folder {nginx.folder}/nowhere")


def test_a_link_is_not_replaced(nginx):
    (nginx.folder / "chain.pem").symlink_to(nginx.folder / "tls/cert.pem")
    nginx.hook(more=f"chain = {nginx.folder}/chain.pem\n")
    nginx.again()
    refused(nginx, f"{nginx.folder}/chain.pem is no file but a link")
    assert (nginx.folder / "chain.pem").is_symlink()
    (nginx.folder / "chain.pem").unlink()


def test_a_key_leaves_only_where_the_operator_says_so(nginx):
    nginx.keys = "none"
    nginx.hook()
    nginx.again()
    refused(nginx, "[deployer] keys of this node's settings does not name tomcat")
    nginx.keys = "tomcat"
    holds_again(nginx)


@pytest.mark.parametrize("keys, said", [
    ("tomcat,TVS", "the key of TVS never leaves its signer"),
    ("CAPF", "the key of CAPF never leaves its signer"),
    ("ITLRecovery", "the key of ITLRecovery never leaves its signer"),
    ("tomcat-trust", "tomcat-trust is no unit with a key"),
    ("kitten", "kitten is no unit with a key"),
])
def test_what_may_never_leave_is_refused_at_the_start(tmp_path, keys, said):
    place = Place(tmp_path)
    place.keys = keys
    (tmp_path / "hooks").write_text("")
    assert said in unstartable(place)


def unstartable(place):
    place.settings()
    ran = subprocess.run(
        [DIALTRUSTD, "--settings", place.folder / "settings"], capture_output=True, text=True, env=environment(),
        timeout=60 * SLOWER, check=False, stdin=subprocess.DEVNULL,
    )
    assert ran.returncode == 1, ran.stderr
    return ran.stderr


def test_a_missing_file_of_hooks(tmp_path):
    assert f"{tmp_path}/hooks: No such file" in unstartable(Place(tmp_path))


def test_hooks_that_others_may_write(tmp_path):
    (tmp_path / "hooks").write_text("")
    (tmp_path / "hooks").chmod(0o666)
    assert "others may write it" in unstartable(Place(tmp_path))


def test_a_fault_in_the_hooks_names_file_and_line(tmp_path):
    (tmp_path / "hooks").write_text("[web]\nrecipe = nginx\nservice = Cisco Tomcat\nfrobnicate = 1\n")
    said = unstartable(Place(tmp_path))
    assert f"{tmp_path}/hooks:4: [web] frobnicate is no key of a hook" in said
