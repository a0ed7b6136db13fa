"""The recipes: Kamailio and strongSwan as Debian has them; of the others, a stub of their control socket."""

import os
import shutil
import socket
import ssl
import subprocess
import threading

import pytest
from programs import TOP, Program, until
from test_hooks import ADDRESS, Place, free_port

PEERS = TOP / "build-peers"
STRONGSWAN = ["libstrongswan", "libstrongswan-standard-plugins", "strongswan-libcharon", "strongswan-charon", "strongswan-swanctl"]
SECRET = "open sesame"
KAMAILIO = """#!KAMAILIO
children=1
tcp_children=1
log_stderror=yes
enable_tls=yes
listen=tls:{address}:{port}
mpath="{modules}"
loadmodule "tls.so"
loadmodule "ctl.so"
modparam("tls", "config", "{folder}/tls.cfg")
modparam("ctl", "binrpc", "unix:{folder}/ctl")
request_route {{ exit; }}
"""
CHARON = """charon {{
  load = random nonce openssl pem x509 pkcs1 pkcs8 pubkey kernel-netlink socket-default vici
  port = 0
  port_nat_t = 0
  plugins {{ vici {{ socket = unix://{folder}/vici }} }}
  filelog {{ stderr {{ default = 1 }} }}
}}
swanctl {{ load = pem pkcs1 x509 pkcs8 openssl random }}
"""


class Stub:
    """A TLS server that loads its files when it is told so over what stands for a control socket."""

    def __init__(self, listener, files):
        self.files, self.listener, self.obeys, self.heard = files, listener, True, []
        self.context = None
        self.tls = socket.create_server((ADDRESS, 0))
        self.load()
        for server, serve in ((self.tls, self.greet), (listener, self.obey)):
            threading.Thread(target=self.accept, args=(server, serve), daemon=True).start()

    def load(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.files)
        self.context = context

    @staticmethod
    def accept(server, serve):
        while True:
            connection, _ = server.accept()
            with connection:
                try:
                    serve(connection)
                except OSError:
                    pass

    def greet(self, connection):
        with self.context.wrap_socket(connection, server_side=True) as stream:
            stream.recv(1)

    def take(self, connection, end):
        words = b""
        while not words.endswith(end):
            piece = connection.recv(1)
            if not piece:
                raise OSError("hung up")
            words += piece
        self.heard.append(words)
        return words

    def reload(self):
        if self.obeys:
            self.load()
        return self.obeys

    @property
    def check(self):
        return f"{ADDRESS}:{self.tls.getsockname()[1]}"


class Asterisk(Stub):
    def obey(self, connection):
        connection.sendall(b"here/4711/20.1.0\n")
        if self.take(connection, b"\0") == b"cli quit after module reload res_pjsip.so\0" and self.reload():
            connection.sendall(b"Module 'res_pjsip.so' reloaded successfully.\n")
        else:
            connection.sendall(b"No such module 'res_pjsip.so'\n")


class FreeSwitch(Stub):
    def obey(self, connection):
        connection.sendall(b"Content-Type: auth/request\n\n")
        if self.take(connection, b"\n\n") != f"auth {SECRET}\n\n".encode():
            connection.sendall(b"Content-Type: command/reply\nReply-Text: -ERR invalid\n\n")
            return
        connection.sendall(b"Content-Type: command/reply\nReply-Text: +OK accepted\n\n")
        if self.take(connection, b"\n\n") == b"api reloadcert\n\n" and self.reload():
            connection.sendall(b"Content-Type: api/response\nContent-Length: 4\n\n+OK\n")


class Tomcat(Stub):
    def obey(self, connection):
        asked = self.take(connection, b"\r\n\r\n")
        if asked.startswith(b"GET /manager/text/sslReload HTTP/1.0\r\n") and b"Authorization: Basic YTpi\r\n" in asked:
            self.reload()
            connection.sendall(b"HTTP/1.1 200 \r\n\r\nOK - Reloaded TLS configuration for all TLS virtual hosts\n")


def first_identity(folder, name="cert.pem", key="key.pem"):
    folder.mkdir(exist_ok=True)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=before", "-days", "2",
         "-keyout", folder / key, "-out", folder / name],
        check=True, capture_output=True,
    )


def tls_shows(at):
    host, port = at.split(":")
    return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((host, int(port))))


class Everything(Place):
    """One node with a hook of each recipe."""

    def __init__(self, folder):
        super().__init__(folder)
        self.keys = "tomcat,CallManager,ipsec"
        self.text = ""
        self.beside = []
        for name in ("asterisk", "freeswitch", "tomcat", "kamailio"):
            first_identity(folder / name)
        pair = [(folder / name / "cert.pem", folder / name / "key.pem") for name in ("asterisk", "tomcat")]
        bundle = folder / "freeswitch/agent.pem"
        bundle.write_bytes((folder / "freeswitch/cert.pem").read_bytes() + (folder / "freeswitch/key.pem").read_bytes())
        local = socket.socket(socket.AF_UNIX)
        local.bind(str(folder / "asterisk.ctl"))
        local.listen()
        self.asterisk = Asterisk(local, pair[0])
        self.freeswitch = FreeSwitch(socket.create_server((ADDRESS, 0)), [bundle])
        self.tomcat = Tomcat(socket.create_server((ADDRESS, 0)), pair[1])
        self.hook("asterisk", "Cisco Tomcat", f"connect = {folder}/asterisk.ctl\ncheck = {self.asterisk.check}\n")
        self.hook("tomcat", "Cisco Tomcat", "connect = {}:{}\n".format(*self.tomcat.listener.getsockname())
                  + f"secret = YTpi\ncheck = {self.tomcat.check}\n")
        self.hook("freeswitch", "Cisco Tomcat", "connect = {}:{}\n".format(*self.freeswitch.listener.getsockname())
                  + f"secret = {SECRET}\nbundle = {bundle}\ncheck = {self.freeswitch.check}\n", files=False)

    def hook(self, name, service, more, files=True):
        folder = self.folder / name
        both = f"certificate = {folder}/cert.pem\nkey = {folder}/key.pem\n" if files else ""
        self.text += f"[{name}]\nrecipe = {name}\nservice = {service}\nseconds = 10\n{both}{more}"
        (self.folder / "hooks").write_text(self.text)

    def program(self, words, **more):
        self.beside.append(Program(words, **more))
        return self.beside[-1]

    def end(self):
        for program in [self.daemon, *self.beside]:
            if program:
                program.kill()

    def kamailio(self):
        self.sip = f"{ADDRESS}:{free_port()}"
        host, port = self.sip.split(":")
        files = self.folder / "kamailio"
        (self.folder / "kamailio.cfg").write_text(KAMAILIO.format(
            folder=self.folder, address=host, port=port,
            modules=f"{PEERS}/kamailio/usr/lib/x86_64-linux-gnu/kamailio/modules/"
                    f":{PEERS}/kamailio-tls-modules/usr/lib/x86_64-linux-gnu/kamailio/modules/",
        ))
        (self.folder / "tls.cfg").write_text(
            f"[server:default]\nmethod = TLSv1.2+\nprivate_key = {files}/key.pem\ncertificate = {files}/cert.pem\n"
        )
        self.program([PEERS / "kamailio/usr/sbin/kamailio", "-DD", "-E", "-f", self.folder / "kamailio.cfg",
                      "-Y", self.folder, "-m", "16", "-M", "4"])
        until(lambda: quietly(tls_shows, self.sip) or self.beside[-1].process.poll(), 60, "Kamailio")
        if self.beside[-1].process.poll() is not None:
            self.beside[-1].read(1)
            return f"Kamailio cannot run here: {self.beside[-1].output.strip()[-200:]}"
        reload = self.script("kamcmd-here", f"exec {PEERS}/kamailio/usr/sbin/kamcmd -s unix:{self.folder}/ctl tls.reload")
        self.hook("kamailio", "Cisco CallManager", f"reload = {reload}\ncheck = {self.sip}\n")
        return None

    def wrapped(self, name, words, after=""):
        """A script that runs what has its plugins at a fixed place, which only it sees there."""
        lower = ":".join(f"{PEERS}/{peer}/usr/lib" for peer in STRONGSWAN)
        script = self.folder / name
        script.write_text(
            f"#!/bin/sh\n[ \"$1\" = again ] || exec unshare -rmn \"$0\" again \"$@\"\nshift\n"
            f"mount -t overlay overlay -o lowerdir={lower}:/usr/lib /usr/lib && mount -t tmpfs none /run || exit 99\n"
            f"export STRONGSWAN_CONF={self.folder}/charon.conf SWANCTL_DIR={self.folder}/swanctl\nexec {words} \"$@\" {after}\n"
        )
        script.chmod(0o755)
        return script

    def charon(self):
        for name in ("x509", "private"):
            (self.folder / "swanctl" / name).mkdir(parents=True)
        (self.folder / "charon.conf").write_text(CHARON.format(folder=self.folder))
        self.program([self.wrapped("charon", "/usr/lib/ipsec/charon")])
        until(lambda: (self.folder / "vici").exists() or self.beside[-1].process.poll(), 60, "charon")
        if self.beside[-1].process.poll() is not None:
            self.beside[-1].read(1)
            return f"charon cannot run here: {self.beside[-1].output.strip()[-200:]}"
        swanctl = self.wrapped(
            "swanctl-here", f"{PEERS}/strongswan-swanctl/usr/sbin/swanctl", f"--uri unix://{self.folder}/vici",
        )
        text = f"[{{}}]\nrecipe = strongswan\nservice = ipsec\nseconds = 20\nleaf = {self.folder}/swanctl/x509/a.pem\n"
        text += f"key = {self.folder}/swanctl/private/a.pem\n"
        text += f"reload = {swanctl} --load-creds --clear --noprompt\nlist = {swanctl} --list-certs --pem\n"
        self.text += text.format("strongswan")
        (self.folder / "hooks").write_text(self.text)
        self.swanctl = swanctl
        return None


def quietly(question, *words):
    try:
        return question(*words)
    except OSError:
        return None


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    made = Everything(tmp_path_factory.mktemp("r"))
    made.no_kamailio = "Kamailio is not there: tools/setup"
    made.no_charon = "strongSwan is not there: tools/setup"
    try:
        if (PEERS / "kamailio-tls-modules").exists():
            made.no_kamailio = made.kamailio()
        if shutil.which("unshare") and all((PEERS / peer).exists() for peer in STRONGSWAN):
            made.no_charon = made.charon()
        made.start()
        made.found()
        yield made
        assert made.daemon.end() == 0, made.daemon.output
    finally:
        made.end()


def outcome(told):
    return {row["hook"]: row["state"] for row in told["hooks"]}


def test_three_programs_of_one_service(place):
    told = place.json("cert", "regen", "tomcat", "--node", "alone")
    assert outcome(told) == {"asterisk": "held", "freeswitch": "held", "tomcat": "held"}, told
    for stub in (place.asterisk, place.freeswitch, place.tomcat):
        assert tls_shows(stub.check) == place.own()
    assert place.service()["restart_wanted"] is False
    assert place.asterisk.heard == [b"cli quit after module reload res_pjsip.so\0"]
    assert place.freeswitch.heard == [f"auth {SECRET}\n\n".encode(), b"api reloadcert\n\n"]
    assert (place.folder / "freeswitch/agent.pem").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name, said", [
    ("asterisk", "it hung up before \"reloaded successfully\" was heard: \"No such module"),
    ("freeswitch", "it hung up before \"+OK\" was heard"),
    ("tomcat", "shows another certificate"),
])
def test_one_that_does_not_obey_keeps_the_flag(place, name, said):
    stub = getattr(place, name)
    before, shown = {p: p.read_bytes() for p in (place.folder / name).iterdir()}, tls_shows(stub.check)
    stub.obeys = False
    told = place.json("cert", "regen", "tomcat", "--node", "alone")
    assert {row for row, state in outcome(told).items() if state == "failed"} == {name}
    assert said in next(row["told"] for row in told["hooks"] if row["hook"] == name)
    assert {p: p.read_bytes() for p in (place.folder / name).iterdir()} == before
    assert tls_shows(stub.check) == shown
    assert place.service()["restart_wanted"] is True
    stub.obeys = True
    assert place.run("service", "restart", "Cisco Tomcat", "--node", "alone").returncode == 0
    assert place.service()["restart_wanted"] is False
    assert tls_shows(stub.check) == place.own()


def test_kamailio(place):
    if place.no_kamailio:
        pytest.skip(place.no_kamailio)
    for _ in range(2):
        told = place.json("cert", "regen", "CallManager", "--node", "alone")
        assert outcome(told) == {"kamailio": "held"}, told
        assert tls_shows(place.sip) == place.own("CallManager")
        assert place.service("Cisco CallManager")["restart_wanted"] is False


def test_strongswan(place):
    if place.no_charon:
        pytest.skip(place.no_charon)
    assert place.run("service", "activate", "ipsec", "--node", "alone").returncode == 0
    for _ in range(2):
        told = place.json("cert", "regen", "ipsec", "--node", "alone")
        assert outcome(told)["strongswan"] == "held", [row["told"] for row in told["hooks"]]
        listed = subprocess.run([place.swanctl, "--list-certs"], capture_output=True, text=True, check=True).stdout
        assert listed.count("subject:") == 1 and "has private key" in listed, listed
        assert place.service("ipsec")["restart_wanted"] is False
