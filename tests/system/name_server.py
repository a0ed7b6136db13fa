"""A name server for tests: a table of names, silence about one, and no such name for all others."""

import socket
import struct
import threading

A, AAAA = 1, 28


class NameServer:
    """`names`: name -> IPv4 address; None: no answer at all. `asked` has each name that came."""

    def __init__(self, names, host="127.0.10.79"):
        self.names, self.asked = names, []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.address = "%s:%d" % self.socket.getsockname()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                question, peer = self.socket.recvfrom(4096)
                if (answer := self.answer(question)) is not None:
                    self.socket.sendto(answer, peer)
            except OSError:
                if self.socket.fileno() < 0:
                    return

    def answer(self, question):
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1 : at + 1 + question[at]].decode())
            at += 1 + question[at]
        kind = struct.unpack("!H", question[at + 1 : at + 3])[0]
        name = ".".join(labels).lower()
        self.asked.append(name)
        known = name in self.names
        if known and self.names[name] is None:
            return None
        found = known and kind == A
        head = question[:2] + struct.pack("!HHHHH", 0x8180 if known else 0x8183, 1, int(found), 0, 0)
        record = b"\xc0\x0c" + struct.pack("!HHIH", A, 1, 60, 4) + socket.inet_aton(self.names[name]) if found else b""
        return head + question[12 : at + 5] + record

    def close(self):
        self.socket.close()  # the thread wakes at its next question, or ends with the tests
