"""A proxy on loopback that spoils exchanges as a seed says: cuts by FIN or RST at a byte, lost answers, delays, and answers
of a server in trouble. It knows just enough HTTP/1.1 to see where a request begins."""

import random
import socket
import struct
import threading
import time

TROUBLE = [429, 500, 502, 503]


class FaultProxy:
    """Between a client and `upstream`. `faults` is a list of what becomes of the next requests, one each; after it all pass."""

    def __init__(self, upstream):
        self.upstream = upstream
        self.faults = []
        self.happened = []
        self.passed_on = 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        server = None
        try:
            reader = client.makefile("rb")
            while True:
                head = read_head(reader)
                if not head:
                    return
                length = length_of(head)
                fault = self.next_fault(length)
                if fault and fault[0] == "delay":
                    time.sleep(fault[1])
                if fault and fault[0] == "status":
                    answer(client, fault[1])
                    return
                if fault and fault[0] == "refuse":
                    return
                if server is None:
                    server = socket.create_connection(("127.0.0.1", self.upstream), timeout=30)
                    back = server.makefile("rb")
                server.sendall(head)
                most = fault[1] if fault and fault[0] in ("fin", "rst") else length
                self.pass_on(reader, server, min(most, length))
                if fault and fault[0] in ("fin", "rst"):
                    cut(client, fault[0])
                    cut(server, fault[0])
                    return
                body_follows = not head.startswith(b"HEAD ")
                if not relay_answer(back, None if fault and fault[0] == "lost" else client, body_follows):
                    return
                if fault and fault[0] == "lost":
                    return
        except OSError:
            pass
        finally:
            client.close()
            if server is not None:
                server.close()

    def next_fault(self, length):
        with self.lock:
            if not self.faults:
                return None
            fault = self.faults.pop(0)
            # A place in the body is a share of it.
            if fault and fault[0] in ("fin", "rst"):
                fault = (fault[0], int(length * fault[1]))
            if fault:
                self.happened.append(fault)
            return fault

    def pass_on(self, reader, server, length):
        while length > 0:
            piece = reader.read(min(length, 65536))
            if not piece:
                raise OSError("the client is gone")
            server.sendall(piece)
            with self.lock:
                self.passed_on += len(piece)
            length -= len(piece)


def seeded(seed):
    """What becomes of the first requests of a run: about every second one goes wrong, and two of a kind seldom meet."""
    chance = random.Random(seed)
    kinds = ["pass", "fin", "rst", "lost", "status", "delay", "refuse"]
    faults = []
    for _ in range(chance.randint(4, 14)):
        kind = chance.choice(kinds + ["pass", "pass", "fin", "rst"])
        value = {"status": chance.choice(TROUBLE), "delay": chance.random()}.get(kind, chance.random())
        faults.append(None if kind == "pass" else (kind, value))
    return faults


def read_head(reader):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = reader.readline(65536)
        if not line:
            return b""
        head += line
    return head


def header(head, name):
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip().lower()
    return None


def length_of(head):
    return int(header(head, b"content-length") or 0)


def relay_answer(back, client, body_follows):
    """Passes one answer on; false where the line ends with it."""
    head = read_head(back)
    while head.startswith(b"HTTP/1.1 100"):
        head = read_head(back)
    if not head:
        return False
    send(client, head)
    status = int(head.split(b" ", 2)[1])
    if not body_follows or status in (204, 304):
        return header(head, b"connection") != b"close"
    if header(head, b"transfer-encoding") == b"chunked":
        while True:
            line = back.readline()
            send(client, line)
            chunk = back.read(int(line.split(b";")[0], 16) + 2)
            send(client, chunk)
            if chunk == b"\r\n" or not line:
                break
    elif header(head, b"content-length") is None:
        while piece := back.read(65536):
            send(client, piece)
        return False
    else:
        left = length_of(head)
        while left > 0 and (piece := back.read(min(left, 65536))):
            send(client, piece)
            left -= len(piece)
    return header(head, b"connection") != b"close"


def send(client, piece):
    if client is not None:
        client.sendall(piece)


def answer(client, status):
    wait = b"Retry-After: 1\r\n" if status == 429 else b""
    client.sendall(b"HTTP/1.1 %d x\r\n%sContent-Length: 8\r\nConnection: close\r\n\r\ntrouble\n" % (status, wait))


def cut(line, how):
    if how == "rst":
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.close()
    else:
        try:
            line.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
