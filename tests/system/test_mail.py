"""Alarms by e-mail, through a real mail server (exim) and through bad ones."""

import re
import socket
import threading

import pytest
from lone_node import YEARS, node, template  # noqa: F401
from mail_server import MailServer
from name_server import NameServer
from programs import until
from test_expiry import FINE, Receiver, courier, serving

NAME = "mail.example"
PART = re.compile(
    r"SeverityMatch : (\w+)\n"
    r"MatchedEvent : [A-Z][a-z]{2} \d{1,2} \d\d:\d\d:\d\d alone local7 \d : \d+: alone: [^\n]*%UC_CERT-\d-(\w+): "
    r"%\[Message=Certificate expiration Notification\. Certificate name:(\S+)\.der Unit:(\S+) Type:own-cert "
    r"Expiration:[^\]\n]*:\]\[AppID=Cisco Certificate Monitor\]\[ClusterID=\]\[NodeID=alone\]: [^\n]*[^. \n]\n"
    r"AppID : Cisco Syslog Agent\nClusterID :\nNodeID : alone\nTimeStamp : [^\n]+ UTC \d{4}\n"
)
HEAD = re.compile(
    r"At [A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d UTC \d{4} on node 127\.0\.10\.79, "
    r"the following SyslogSeverityMatchFound events generated:\n"
)


def told(letter):
    """What a letter tells of, when every line of it is as the appliance's."""
    body = letter.get_payload(decode=True).decode()
    head = HEAD.match(body)
    assert head, body
    parts = body[head.end() :].split("\n\n")
    found = [PART.fullmatch(part.rstrip("\n") + "\n") for part in parts]
    assert all(found), body
    return {(match[2], match[4], match[3]) for match in found}


@pytest.fixture
def names():
    server = NameServer({NAME: "127.0.10.79", "silent.example": None})
    yield server
    server.close()


@pytest.fixture
def mail(tmp_path):
    """Mail servers that show the certificate of NAME."""
    started = []
    serving(tmp_path, NAME)

    def start(**more):
        started.append(MailServer(tmp_path / f"{NAME}.pem", tmp_path / f"{NAME}.key", **more))
        return started[-1]

    start.certificate = tmp_path / f"{NAME}.pem"
    yield start
    for server in started:
        server.close() if server.folder.exists() else None


def settings(port, names, authorities, security="starttls", host=NAME, extra=""):
    return (f"[courier]\nmail-server = {host}\nmail-port = {port}\nmail-security = {security}\n"
            f"authorities = {authorities}\nname-server = {names.address}\n"
            f"mail-from = dialtrust@alone.example\nmail-to = one@example.com two@example.com\n{extra}")


@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
def test_a_letter_once_for_each_step(node, names, mail, tmp_path, security):
    server = mail(tls=security == "tls")
    login = ""
    if security != "none":
        (tmp_path / "password").write_text("secret word\n")
        (tmp_path / "password").chmod(0o600)
        login = f"mail-user = alarms\nmail-password-file = {tmp_path}/password\n"
    extra = settings(server.port, names, mail.certificate, security, extra=login)
    node.start()
    rows = node.json("expiry", "list", "--all")["certificates"]
    node.end()
    node.start(YEARS - 5, extra)
    until(lambda: server.letters(), 60, "the letter")
    node.end()
    # The clock back and forth, and a restart: nothing new. Then all has ended.
    for days in (YEARS - 20, YEARS - 5, YEARS - 4):
        node.start(days, extra).end()
    node.start(YEARS + 5, extra)
    until(lambda: len(server.letters()) > 1, 60, "the letter about the end")
    node.end()
    letters = server.letters()
    assert len(letters) == 2
    due = {(row["unit"], row["name"].rsplit(".", 1)[0]) for row in rows if row["not_after"] < "2036"}
    for (sender, user, to, letter), step, severity in zip(letters, ("CertValidfor7days", "CertExpired"),
                                                          ("Critical", "Emergency"), strict=True):
        assert sender == "dialtrust@alone.example"
        assert user == (None if security == "none" else "alarms")
        assert to == ["one@example.com", "two@example.com"]
        assert letter["Subject"] == f"{severity}: {step} on node alone, {len(due)} certificates"
        assert letter["To"].split() == ["one@example.com,", "two@example.com"]
        assert letter["From"] == sender and letter["Auto-Submitted"] == "auto-generated"
        assert re.fullmatch(r"<[0-9a-f]{32}@alone\.example>", letter["Message-ID"])
        assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000", letter["Date"])
        assert told(letter) == {(step, *what) for what in due}
        via = {"starttls": "esmtpsa", "tls": "esmtpsa", "none": "esmtp"}[security]
        assert f"with {via} " in letter["Received"].replace("\n", " ")
    assert "secret" not in node.daemon.output


def test_what_is_deleted_while_it_waits_is_not_spoken_of(node, names, mail):
    server = mail()
    port = server.port
    server.close()
    extra = settings(port, names, mail.certificate)
    node.start()
    for name in ("before.example", "waiting.example"):
        _, path = serving(node.folder, name)
        node.json("trust", "upload", "tomcat-trust", "--certificate", path)
    node.json("trust", "delete", "tomcat-trust", "before.example.pem")
    node.end()
    node.start(YEARS - 5, extra)
    node.daemon.wait_for_text("alarms wait to be sent", 60)
    node.json("trust", "delete", "tomcat-trust", "waiting.example.pem")
    node.end()
    server = mail(port=port)
    node.start(YEARS - 5, extra)
    until(lambda: server.letters(), 60, "the letter of before")
    (_, _, _, letter), = server.letters()
    assert told(letter) and not {name for _, _, name in told(letter)} & {"before.example", "waiting.example"}
    node.end()


def waits(node, extra, said, days=YEARS - 5):
    """Starts when alarms are due; what the log says of why they are not sent."""
    node.start(days, extra)
    node.daemon.wait_for_text("alarms wait to be sent", 60)
    line = next(line for line in node.daemon.output.splitlines() if "alarms wait to be sent" in line)
    assert re.search(said, line), line


def test_a_server_of_another_certificate_gets_no_letter(node, names, mail, tmp_path):
    server = mail()
    serving(tmp_path, "other.example")
    waits(node, settings(server.port, names, tmp_path / "other.example.pem"), "certificate")
    node.end()
    assert server.letters() == [] and "<=" not in server.log()


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_of_another_name_gets_no_letter(node, names, mail, security):
    server = mail(tls=security == "tls")
    names.names["else.example"] = "127.0.10.79"
    waits(node, settings(server.port, names, mail.certificate, security, host="else.example"), "else.example")
    node.end()
    assert server.letters() == []


def test_without_starttls_nothing_is_said(node, names, mail):
    server = mail(starttls=False)
    waits(node, settings(server.port, names, mail.certificate), "STARTTLS|TLS")
    node.end()
    assert server.letters() == []


def test_a_wrong_password_gets_no_letter_through(node, names, mail, tmp_path):
    server = mail()
    (tmp_path / "password").write_text("another word")
    (tmp_path / "password").chmod(0o600)
    login = f"mail-user = alarms\nmail-password-file = {tmp_path}/password\n"
    waits(node, settings(server.port, names, mail.certificate, extra=login), "[Ll]ogin denied")
    node.end()
    assert server.letters() == [] and "another word" not in node.daemon.output


def test_one_recipient_that_is_refused_does_not_silence_the_others(node, names, mail):
    server = mail()
    extra = settings(server.port, names, mail.certificate).replace("one@example.com", "nobody-of-ours@example.com")
    node.start(YEARS - 5, extra)
    until(lambda: server.letters(), 60, "the letter")
    assert server.letters()[0][2] == ["two@example.com"]
    node.end()


def test_recipients_that_are_all_refused(node, names, mail):
    server = mail()
    extra = settings(server.port, names, mail.certificate)
    extra = extra.replace("one@", "nobody-of-ours@").replace("two@", "later@")
    waits(node, extra, "RCPT failed: [45]5")
    node.end()
    assert server.letters() == []


def test_names_that_lead_nowhere(node, names):
    waits(node, settings(25, names, "system", host="nothing.example"), "nothing.example: there is no such name")
    assert node.run("expiry", "list").returncode == FINE
    node.end()
    assert "nothing.example" in names.asked


class Rude:
    """A server that says this to everybody, and then nothing."""

    def __init__(self, words):
        self.words, self.peers = words, []
        self.socket = socket.create_server(("127.0.10.79", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer = self.socket.accept()[0]
                self.peers.append(peer)
                peer.sendall(self.words)
            except OSError:
                if self.socket.fileno() < 0:
                    return

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for peer in self.peers:
            peer.close()


@pytest.mark.parametrize("words, said", [
    (b"554 not for you\r\n", "554"), (b"220 hello\r\nnonsense\r\n" * 100, "."),
])
def test_garbage_is_asked_again(node, names, words, said):
    server = Rude(words)
    waits(node, settings(server.port, names, "system", "none"), said)
    until(lambda: len(server.peers) > 2, 60, "a third attempt")
    assert node.run("expiry", "list").returncode == FINE
    node.end()
    server.close()


@pytest.mark.parametrize("host", ["127.0.10.79", "silent.example"])
def test_who_keeps_silent_holds_up_nobody_else(node, names, host):
    """A mail server, or a name server, that never answers: syslog has its alarms, and the end is quick."""
    server, log = Rude(b""), Receiver("udp")
    extra = settings(server.port, names, "system", host=host) + courier(log).removeprefix("[courier]\n")
    node.start(YEARS - 5, extra)
    until(lambda: server.peers if host[0].isdigit() else "silent.example" in names.asked, 60, "the silence")
    until(lambda: log.got, 60, "syslog's alarms")
    assert node.run("expiry", "list").returncode == FINE
    node.end()
    server.close()
    log.close()


@pytest.mark.parametrize("wrong, said", [
    ("mail-from = nobody", "mail-from"), ("mail-to = one@example.com two", "mail-to"), ("mail-to = ,", "mail-to"),
    ("mail-to = " + "a@b " * 9, "8 addresses"), ("mail-server = two words", "mail-server"),
    ("mail-user = me\nmail-password-file = /nowhere/at/all", "mail-password-file"),
    ("mail-user = me\nmail-security = none", "mail-user"), ("mail-security = ssl", "mail-security"),
    ("authorities = /nowhere/at/all", "authorities"), ("authorities = /etc/passwd", "authorities"),
    ("name-server = dns.example", "name-server"), ("mail-port = 65536", "mail-port"),
    ("webhook = ftp://127.0.0.1/", "webhook"), ("webhook = https://", "webhook"), ("webhook = https://a b/", "webhook"),
    ("webhook = http://me:word@host/", "webhook"), ("webhook = http://host:70000/", "webhook"),
])
def test_settings_that_make_no_sense_stop_the_start(node, wrong, said):
    fine = {"mail-server": "127.0.0.1", "mail-from": "a@b", "mail-to": "c@d"}
    for line in wrong.split("\n"):
        name, value = line.split(" = ", 1)
        fine[name] = value
    with pytest.raises(AssertionError):
        node.start(0, "[courier]\n" + "".join(f"{name} = {value}\n" for name, value in fine.items()))
    assert f"[courier] {said}" in node.daemon.output or said in node.daemon.output


def test_a_password_that_others_may_read_stops_the_start(node):
    path = node.folder / "password"
    path.write_text("word")
    path.chmod(0o644)
    with pytest.raises(AssertionError):
        node.start(0, "[courier]\nmail-server = 127.0.0.1\nmail-from = a@b\nmail-to = c@d\nmail-user = me\n"
                      f"mail-password-file = {path}\n")
    assert "chmod 600" in node.daemon.output
