"""TFTP as a phone speaks it, a datagram at a time, so that tests can misbehave."""

import socket
import struct

from programs import SLOWER

READ, WRITE, DATA, ACK, ERROR, OACK = 1, 2, 3, 4, 5, 6
PATIENCE = 30 * SLOWER  # seconds for what must come


def request(name, *options, opcode=READ, mode="octet"):
    words = [name, mode, *map(str, options)]
    return struct.pack(">H", opcode) + b"".join(
        (word if isinstance(word, bytes) else word.encode()) + b"\0" for word in words
    )


def ack(block):
    return struct.pack(">HH", ACK, block & 0xFFFF)


def error(code, text=b"enough"):
    return struct.pack(">HH", ERROR, code) + text + b"\0"


def opcode(packet):
    return struct.unpack(">H", packet[:2])[0]


def number(packet):
    """Of a block or of an error."""
    return struct.unpack(">H", packet[2:4])[0]


def options(packet):
    assert opcode(packet) == OACK, packet
    words = packet[2:].split(b"\0")[:-1]
    return {words[at].decode(): int(words[at + 1]) for at in range(0, len(words), 2)}


class Phone:
    """One port of one address. Ends with the `with` that it is used in."""

    def __init__(self, node, source="127.16.9.1"):
        self.known = (node["address"], node["ports"]["tftp"])
        self.server = None  # where the first answer came from
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind((source, 0))
        self.socket.settimeout(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    @property
    def peer(self):
        """As the server's log names it."""
        return "%s:%d" % self.socket.getsockname()

    def ask(self, name, *words, **more):
        self.socket.sendto(request(name, *words, **more), self.known)

    def say(self, packet, server=None):
        self.socket.sendto(packet, server or self.server)

    def hear(self):
        packet, server = self.socket.recvfrom(2048)
        if self.server is None:
            self.server = server
            assert server[0] == self.known[0] and server[1] != self.known[1]
        assert server == self.server, f"{server} answers instead of {self.server}"
        return packet

    def heard_already(self):
        """What lies there unread."""
        packets = []
        self.socket.setblocking(False)
        try:
            while True:
                packets.append(self.socket.recv(2048))
        except BlockingIOError:
            self.socket.settimeout(PATIENCE)
            return packets

    def hear_block(self, wanted):
        """The next packet is this block."""
        packet = self.hear()
        assert opcode(packet) == DATA and number(packet) == wanted & 0xFFFF, packet[:40]
        return packet[4:]

    def rest(self, block=1, size=512, window=1):
        """Takes everything from this block on, and acknowledges it; repeated blocks are passed over."""
        pieces, since = [], 0
        while not pieces or len(pieces[-1]) == size:
            packet = self.hear()
            assert opcode(packet) == DATA, packet[:60]
            if number(packet) != block & 0xFFFF:
                continue
            pieces.append(packet[4:])
            since += 1
            if since == window or len(pieces[-1]) < size:
                self.say(ack(block))
                since = 0
            block += 1
        return b"".join(pieces)

    def fetch(self, name):
        self.ask(name)
        return self.rest()
