"""TFTP under fire: what phones, broken clients and strangers do to the server. docs/formats/tftp.md"""

import os
import time
from contextlib import ExitStack

import pytest
from programs import fetch, until
from tftp_phone import DATA, ERROR, OACK, PATIENCE, WRITE, Phone, ack, error, number, opcode, options, request

NOT_FOUND, ACCESS, ILLEGAL, UNKNOWN_TID, OPTION = 1, 2, 4, 5, 8
FOLDER = "under-fire"  # in the operator's tree; names with a slash are nobody's configuration
TRANSFERS, PER_SOURCE = 512, 16  # man/dialtrustd.8: tftp-transfers, tftp-per-source

pytestmark = pytest.mark.asan


@pytest.fixture(scope="module")
def tree(lab):
    """The operator's tree of the publisher."""
    return lab.state / lab.publisher["name"] / "root"


@pytest.fixture(scope="module")
def put(tree):
    folder = tree / FOLDER
    folder.mkdir(exist_ok=True)

    def write(name, content):
        (folder / name).write_bytes(content)
        return f"{FOLDER}/{name}"

    yield write
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


@pytest.fixture
def phone(lab):
    with Phone(lab.publisher) as fresh:
        yield fresh


@pytest.fixture(scope="module")
def small(put):
    content = os.urandom(1300)
    return put("small.bin", content), content


def refused(phone, name, *words, **more):
    """The error that is answered to a request, as soon as it is there."""
    phone.ask(name, *words, **more)
    packet = phone.hear()
    assert opcode(packet) == ERROR and packet[-1:] == b"\0" and len(packet) > 5, packet
    return number(packet)


def test_without_options_nothing_is_granted(phone, small):
    name, content = small
    assert phone.fetch(name) == content


def test_options_are_granted_within_bounds(phone, small):
    name, content = small
    phone.ask(name, "BlkSize", 9000, "TSIZE", 0, "timeout", 200, "windowsize", 3)
    granted = options(phone.hear())
    assert granted == {"blksize": 1428, "tsize": len(content), "timeout": 200, "windowsize": 3}
    phone.say(ack(0))
    assert phone.rest(size=1428) == content


@pytest.mark.parametrize("words", [
    ["multicast", ""], ["colour", "blue"], ["blksize", "7"], ["blksize", "65465"], ["blksize", "1k"],
    ["blksize", "-8"], ["timeout", "0"], ["timeout", "256"], ["windowsize", "0"], ["tsize", "x"],
    ["tsize", "99999999999999999999"], [b"\xff\xfe", b"\x01"],
])
def test_options_that_mean_nothing_are_dropped(phone, small, words):
    name, content = small
    phone.ask(name, *words)
    assert phone.rest() == content


def test_an_unknown_option_does_not_take_others_with_it(phone, small):
    phone.ask(small[0], "colour", "blue", "blksize", 600, "blksize", 700)
    assert options(phone.hear()) == {"blksize": 600}
    phone.say(error(0))


def test_more_than_eight_options_are_refused(phone, small):
    many = ["o", "1"] * 9
    assert refused(phone, small[0], *many) == OPTION
    phone.server = None
    phone.ask(small[0], *many[:16])
    assert phone.rest() == small[1]


def test_extra_zero_bytes_are_ignored(phone, small):
    name, content = small
    phone.socket.sendto(request(name) + b"\0\0\0", phone.known)
    assert phone.rest() == content


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 1024])
def test_a_file_ends_with_a_short_block(phone, put, size):
    content = os.urandom(size)
    assert phone.fetch(put("size.bin", content)) == content
    assert phone.heard_already() == []


def test_the_same_request_again_starts_nothing(phone, small):
    """Without a word from us for 200 seconds the server says nothing twice of itself."""
    name, content = small
    for _ in range(5):
        phone.ask(name, "timeout", 200)
    assert opcode(phone.hear()) == OACK
    phone.ask(name, "timeout", 200)
    phone.say(ack(0))
    first = phone.hear_block(1)
    phone.ask(name, "timeout", 200)
    phone.say(ack(1))
    assert first + phone.rest(block=2) == content
    assert phone.heard_already() == []


def test_a_phone_that_starts_anew_is_served_anew(phone, small):
    """It fell silent in the middle, and asks from the same port: not told apart from its first
    request by anything but that."""
    name, content = small
    phone.ask(name)
    phone.hear_block(1)
    phone.say(ack(1))
    phone.hear_block(2)
    phone.hear_block(2)
    old = phone.server
    phone.ask(name)
    packet, phone.server = phone.socket.recvfrom(600)
    while phone.server == old:
        packet, phone.server = phone.socket.recvfrom(600)
    assert opcode(packet) == DATA and number(packet) == 1
    phone.say(error(0), old)
    until(lambda: opcode_of_next(phone, old) is None, what="silence of the first transfer")
    phone.say(ack(1))
    assert packet[4:] + phone.rest(block=2) == content


def opcode_of_next(phone, server):
    """Of what still comes from there; None when nothing lies there."""
    phone.socket.setblocking(False)
    try:
        packet, sender = phone.socket.recvfrom(600)
        return opcode(packet) if sender == server else ERROR
    except BlockingIOError:
        return None
    finally:
        phone.socket.settimeout(PATIENCE)


def test_the_sorcerers_apprentice_is_not_hired(phone, put):
    """Every acknowledgement three times: each block once."""
    content = os.urandom(512 * 20 + 5)
    phone.ask(put("apprentice.bin", content), "timeout", 200)
    assert opcode(phone.hear()) == OACK
    heard = []
    for block in range(22):
        for _ in range(3):
            phone.say(ack(block))
        if block < 21:
            heard.append(phone.hear_block(block + 1))
    assert b"".join(heard) == content
    assert phone.heard_already() == []


def test_old_and_impossible_acknowledgements_are_ignored(phone, put):
    content = os.urandom(512 * 6)
    phone.ask(put("impossible.bin", content), "timeout", 200)
    assert opcode(phone.hear()) == OACK
    for block in (1, 7, 65535):
        phone.say(ack(block))
    phone.say(ack(0))
    got = [phone.hear_block(1)]
    for block in (0, 2, 3, 65535, 32768):
        phone.say(ack(block))
    phone.say(ack(1))
    got.append(phone.hear_block(2))
    phone.say(ack(2))
    assert b"".join(got) + phone.rest(block=3) == content


def test_block_numbers_wrap(phone, put):
    """Firmware of more than 32 MiB in blocks of 512."""
    content = os.urandom((65536 + 3) * 512 + 77)
    name = put("large.bin", content)
    phone.ask(name, "blksize", 512, "windowsize", 64)
    assert options(phone.hear()) == {"blksize": 512, "windowsize": 64}
    phone.say(ack(0))
    assert phone.rest(window=64) == content


def test_a_stranger_does_not_disturb_a_transfer(lab, phone, small):
    name, content = small
    phone.ask(name, "timeout", 200)
    assert opcode(phone.hear()) == OACK
    with Phone(lab.publisher, "127.16.9.2") as stranger:
        stranger.server = phone.server
        stranger.say(error(0))
        stranger.say(ack(0))
        packet = stranger.hear()
        assert (opcode(packet), number(packet)) == (ERROR, UNKNOWN_TID)
        assert stranger.heard_already() == []
    with Phone(lab.publisher) as other:  # from the same address
        other.server = phone.server
        other.say(ack(1))
        assert number(other.hear()) == UNKNOWN_TID
    phone.say(ack(0))
    assert phone.rest() == content


def test_two_transfers_of_one_port_are_told_apart(lab, small, put):
    """Whatever ports they come from: each has one of its own."""
    other = os.urandom(1300)
    second = put("second.bin", other)
    with Phone(lab.publisher) as phone:
        phone.ask(small[0], "timeout", 200)
        assert opcode(phone.hear()) == OACK
        first, phone.server = phone.server, None
        phone.ask(second, "timeout", 200)
        assert opcode(phone.hear()) == OACK
        assert phone.server != first
        phone.say(ack(0))
        assert phone.rest() == other
        phone.server = first
        phone.say(ack(0))
        assert phone.rest() == small[1]


@pytest.mark.parametrize("words", [[], ["blksize", 1428, "windowsize", 64]])
def test_a_forged_address_gets_three_datagrams(lab, phone, small, words):
    """Whoever never answers may never have asked."""
    since = len(lab.log(lab.publisher))
    phone.ask(small[0], *words)
    lines = lab.lines_about(lab.publisher, phone.peer, since, 60)
    assert "sent 3 times" in lines[0], lines
    heard = phone.heard_already()
    assert len(heard) == 3 and len(set(heard)) == 1
    assert len(heard[0]) <= 516


def test_who_guesses_the_port_gets_nothing(lab, small):
    """A forged address, and acknowledgements that follow unheard: they would have to know the port."""
    name, content = small
    ports = set()
    with Phone(lab.publisher, "127.16.9.3") as spy:
        while len(ports) < 2:
            assert spy.fetch(name) == content
            ports.add(spy.server)
            spy.server = None
    with Phone(lab.publisher, "127.16.9.5") as victim:  # which is not heard for a minute
        for _ in range(4):
            since = len(lab.log(lab.publisher))
            victim.ask(name)
            first = victim.hear()
            assert opcode(first) == DATA
            other = next(port for port in ports if port != victim.server)
            for block in range(1, 9):
                victim.socket.sendto(ack(block), other)
            lines = lab.lines_about(lab.publisher, victim.peer, since, 60)
            assert "did not fetch" in lines[0], lines
            victim.server = None
            assert set(victim.heard_already()) <= {first}
        since = len(lab.log(lab.publisher))
        victim.ask(name)  # the fifth is not even begun
        with Phone(lab.publisher, "127.16.9.4") as stranger:
            assert stranger.fetch(name) == content  # after it, so it was seen
        assert victim.heard_already() == []
        assert not lab.log(lab.publisher)[since:].count(f"{victim.peer} fetched")


def test_ports_are_drawn(lab, small):
    """Whoever sees one answer does not know where the next comes from."""
    with Phone(lab.publisher) as phone:
        seen = set()
        for _ in range(32):
            assert phone.fetch(small[0]) == small[1]
            seen.add(phone.server)
            phone.server = None
    assert len(seen) > 16


def test_a_forged_address_gets_one_error(phone):
    for _ in range(10):
        assert refused(phone, "nothing.xml") == NOT_FOUND
        phone.server = None
    assert phone.heard_already() == []


def test_errors_and_strays_are_not_answered(lab, phone, small):
    for packet in (error(1), ack(0), ack(1), b"\0\x03\0\x01data", b"\0\x06blksize\0" + b"512\0"):
        phone.socket.sendto(packet, phone.known)
    assert phone.fetch(small[0]) == small[1]  # after them, so they were seen
    assert phone.heard_already() == []


def test_late_words_of_a_transfer_are_not_answered(phone, small):
    """Some clients would take the error for one of their next transfer."""
    assert phone.fetch(small[0]) == small[1]
    phone.say(ack(3))
    phone.say(ack(3))
    server, phone.server = phone.server, None
    assert phone.fetch(small[0]) == small[1]
    assert phone.server is not None and server is not None
    assert phone.heard_already() == []


def test_what_is_lost_comes_again_after_the_round_trip(phone, put):
    """Twenty losses cost less than twenty seconds, which is what a second each would cost."""
    content = os.urandom(512 * 40 + 1)
    phone.ask(put("lossy.bin", content))
    got, started = [phone.hear_block(1)], time.monotonic()
    for block in range(1, 41):
        phone.say(ack(block))
        data = phone.hear_block(block + 1)
        if block % 2 == 0:
            assert phone.hear_block(block + 1) == data  # as if the first had not come
        got.append(data)
        for late in phone.heard_already():
            assert number(late) == block + 1
    phone.say(ack(41))
    assert b"".join(got) == content
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("name", ["Ringlist.xml", "ringlist.xml", "RINGLIST.XML", "/Ringlist.xml"])
def test_names_are_found_in_any_case(lab, phone, tree, name):
    assert phone.fetch(name) == (tree / "Ringlist.xml").read_bytes()


def test_names_in_folders_are_found_in_any_case(phone, small):
    assert phone.fetch(small[0].upper()) == small[1]


def test_a_list_is_found_in_any_case(lab, phone):
    assert phone.fetch("itlfile.TLV") == fetch(lab.publisher, "ITLFile.tlv")


def test_a_new_file_is_served_at_once_and_a_removed_one_no_longer(lab, tree):
    """Also right after it was asked for in vain."""
    path = tree / FOLDER / "Late.bin"
    for turn in range(20):
        with Phone(lab.publisher) as phone:
            assert refused(phone, f"{FOLDER}/LATE.bin") == NOT_FOUND
            path.write_bytes(b"%d" % turn)
            phone.server = None
            assert phone.fetch(f"{FOLDER}/LATE.bin") == b"%d" % turn
            path.unlink()


TRICKS = {
    "../pub/settings": {ACCESS}, "../../../../etc/passwd": {ACCESS}, "a/../../settings": {ACCESS},
    f"{FOLDER}/../../settings": {ACCESS}, "//etc/passwd": {ACCESS}, "/etc/passwd": {NOT_FOUND},
    "..\\settings": {ACCESS}, "%2e%2e/settings": {ACCESS, NOT_FOUND}, ".hidden": {ACCESS},
    f"{FOLDER}/.hidden": {ACCESS}, f"{FOLDER}/key.pem": {ACCESS}, f"{FOLDER}/key.KEY": {ACCESS},
    f"{FOLDER}/store.sqlite": {ACCESS}, f"{FOLDER}/link": {ACCESS, NOT_FOUND},
    f"{FOLDER}/folder-link/settings": {ACCESS, NOT_FOUND}, f"{FOLDER}/fifo": {ACCESS},
    FOLDER: {ACCESS, NOT_FOUND}, f"{FOLDER}/": {ACCESS, NOT_FOUND}, ".": {ACCESS}, "..": {ACCESS},
    "a" * 255: {ACCESS, NOT_FOUND}, "a" * 256: {ILLEGAL}, "x/" * 100: {ACCESS, NOT_FOUND},
    "Ringlist.xml/": {ACCESS, NOT_FOUND}, "Ringlist.xml/x": {NOT_FOUND}, "a\nb": {ILLEGAL},
}


@pytest.fixture(scope="module")
def traps(lab, tree, put):
    folder = tree / FOLDER
    settings = lab.state / lab.publisher["name"] / "settings"
    assert settings.exists()
    for name in (".hidden", "key.pem", "key.KEY", "store.sqlite"):
        put(name, b"secret")
    (folder / "link").symlink_to(settings)
    (folder / "folder-link").symlink_to(settings.parent)
    os.mkfifo(folder / "fifo")


@pytest.mark.parametrize("name", TRICKS, ids=lambda name: name[:30].replace("\n", "LF"))
def test_path_tricks(phone, traps, name):
    assert refused(phone, name) in TRICKS[name]


def test_nothing_is_written(phone, tree):
    assert refused(phone, "Ringlist.xml", opcode=WRITE) == ACCESS
    phone.server = None
    assert refused(phone, f"{FOLDER}/new.bin", opcode=WRITE) == ACCESS
    phone.server = None
    assert refused(phone, "Ringlist.xml", mode="mail") == ILLEGAL
    assert not (tree / FOLDER / "new.bin").exists()


def test_missing_names_are_answered_at_once_whatever_the_folder_holds(lab, tree, put):
    """Two thousand questions in a row beside five thousand files, each with an answer."""
    for count in range(5000):
        put(f"file{count}.xml", b"")
    with Phone(lab.publisher) as phone:
        for count in range(2000):
            phone.ask(f"{FOLDER}/missing{count}.xml")
            packet = phone.socket.recv(600)
            assert (opcode(packet), number(packet)) == (ERROR, NOT_FOUND)


def sources(count):
    return [f"127.16.{8 + at // 250}.{1 + at % 250}" for at in range(count)]


def good_phones(lab, small, count):
    name, content = small
    for at in range(count):
        with Phone(lab.publisher, f"127.17.0.{1 + at}") as phone:
            assert phone.fetch(name) == content


def test_one_address_has_only_so_many_transfers(lab, small):
    with ExitStack() as stack:
        phones = [stack.enter_context(Phone(lab.publisher, "127.18.0.1")) for _ in range(PER_SOURCE + 1)]
        for phone in phones[:-1]:
            phone.ask(small[0], "timeout", 200)
            assert opcode(phone.hear()) == OACK
        assert refused(phones[-1], small[0]) == 0
        good_phones(lab, small, 1)  # another address
        phones[0].say(error(0))
        phones[-1].server = None
        assert until(lambda: is_served(phones[-1], small[0]), 60)
        for phone in phones[1:]:
            phone.say(error(0))


def is_served(phone, name):
    phone.server = None
    phone.ask(name, "timeout", 200)
    return opcode(phone.hear()) == OACK


def test_a_flood_of_requests_keeps_nobody_out(lab, small):
    """From 40 sources, each with as many ports as it may have transfers, none of which is ever
    answered: more than there is room for, again and again."""
    with ExitStack() as stack:
        flood = [stack.enter_context(Phone(lab.publisher, source))
                 for source in sources(40) for _ in range(PER_SOURCE)]
        assert len(flood) > TRANSFERS
        for _ in range(10):
            for phone in flood:
                phone.ask(small[0])
            good_phones(lab, small, 4)
        assert max(len(phone.heard_already()) for phone in flood) > 1  # they were taken up


def test_a_flood_does_not_fill_the_log(lab, small):
    """Two hundred lines a second, and then how many more there were."""
    count, noise, more = 6000, b"\0\x09noise", "more TFTP requests were refused"
    with Phone(lab.publisher, "127.19.0.1") as phone:

        def told(words, since):
            phone.socket.sendto(noise, phone.known)
            return words in lab.log(lab.publisher)[since:]

        start = len(lab.log(lab.publisher))
        until(lambda: told(phone.peer, start), 60, "the first line")  # what came before is counted
        since = len(lab.log(lab.publisher))
        for _ in range(count):
            phone.socket.sendto(noise, phone.known)
        until(lambda: told(more, since), 60, "word of how many more were refused")
        lines = lab.lines_about(lab.publisher, phone.peer, since)
    assert 100 <= len(lines) < count / 2
    good_phones(lab, small, 2)


def test_a_crowd_that_stalls_keeps_nobody_out(lab, small):
    """The same 40, each of which answers once, so that nobody can say that it is not there."""
    stalled = 0
    with ExitStack() as stack:
        crowd = [stack.enter_context(Phone(lab.publisher, source))
                 for source in sources(40) for _ in range(PER_SOURCE)]
        for phone in crowd:
            phone.ask(small[0], "timeout", 60)
            packet = phone.hear()
            if opcode(packet) == OACK:
                phone.say(ack(0))
                stalled += opcode(phone.hear()) == DATA
        good_phones(lab, small, 10)
        for phone in crowd:
            phone.say(error(0))
    assert stalled >= TRANSFERS


def test_garbage_in_the_middle_of_a_transfer(phone, small):
    name, content = small
    phone.ask(name, "timeout", 200)
    assert opcode(phone.hear()) == OACK
    for packet in (b"", b"\0", b"\0\x04", b"\0\x04\0", ack(0) + b"x", os.urandom(1400), request(name)):
        phone.say(packet)
    phone.say(ack(0))
    assert phone.rest() == content
