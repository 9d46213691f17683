"""A line between casefile and a ticket system that spoils exchanges, as a seed says: each request of a run has its own fault.

A fault is a kind and a value. Kinds that cut take as value the share of the bytes that get through, from 0 to 1:

    ask-fin, ask-rst          the request is cut: the ticket system sees a part of it
    answer-fin, answer-rst    the request arrives whole, and its answer is cut
    status, done-status       a gateway answers with this status; for `done` the request has arrived and was carried out
    busy                      429 or 503 with a Retry-After, nothing arrives
    page                      200 with a page of HTML that asks for a password, nothing arrives
    refuse                    the line closes before anything is read
    delay                     so many seconds later than usual
    silent, done-silent       no answer until the client gives up; for `done` the request was carried out
    late                      the client's line breaks, and the request arrives whole after so many seconds
    twice                     an intermediary sends the request two times; the first answer is passed on
"""

import pathlib
import random
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "uploads"))
from fault_proxy import FaultProxy, answer, cut, length_of, read_head, relay_answer  # noqa: E402

# What two minutes of silence cost no run of a pull request can pay: those two are for the long run, and rare there.
SLOW = ["silent", "done-silent"]
KINDS = ["ask-fin", "ask-rst", "answer-fin", "answer-rst", "status", "done-status", "busy", "page", "refuse", "delay", "late", "twice"]
TROUBLE = [429, 500, 502, 503, 504]
# What a client cannot know: whether the request was carried out.
SECRET = ["late", "answer-fin", "twice", "done-status", "answer-rst"]
# A request that was carried out is told by a gateway that lost patience with it, never by "too many".
TROUBLE_AFTER = [500, 502, 504]


class FaultLine(FaultProxy):
    """`asked` counts the requests since it was last set to 0; `pending` those that are still to arrive."""

    def __init__(self, upstream):
        self.asked, self.pending, self.requests = 0, 0, []
        super().__init__(upstream)

    def serve(self, client):
        try:
            reader = client.makefile("rb")
            while True:
                head = read_head(reader)
                if not head:
                    return
                with self.lock:
                    self.asked += 1
                    self.requests.append(head.split(b" HTTP", 1)[0].decode())
                if not self.exchange(client, reader, head, self.next_fault(0)):
                    return
        except OSError:
            pass
        finally:
            client.close()

    def exchange(self, client, reader, head, fault):
        """Carries one request out under its fault; false where the client's line has ended."""
        kind, value = fault or (None, 0)
        length = length_of(head)
        if kind in ("ask-fin", "ask-rst"):
            # A byte of the head counts like one of the body, so that both are cut.
            reach = int((len(head) + length) * value)
            with socket.create_connection(("127.0.0.1", self.upstream), timeout=60) as server:
                server.sendall(head[:reach])
                self.pass_on(reader, server, max(0, reach - len(head)))
                cut(client, kind[-3:])
                cut(server, kind[-3:])
            return False
        if kind == "refuse":
            return False
        body = reader.read(length)
        if kind == "delay":
            time.sleep(value)
        elif kind in ("status", "busy"):
            answer(client, value)
            return False
        elif kind == "page":
            page = b"<!DOCTYPE html><title>Log in</title><form>password</form>"
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(page), page))
            return True
        elif kind == "silent":
            client.settimeout(300)
            client.recv(1)
            return False
        elif kind == "late":
            with self.lock:
                self.pending += 1
            threading.Thread(target=self.arrive_late, args=(head, body, value), daemon=True).start()
            cut(client, "rst")
            return False
        whole = self.ask(head, body)
        if kind == "twice":
            self.ask(head, body)
        elif kind == "done-status":
            answer(client, value)
            return False
        elif kind == "done-silent":
            client.settimeout(300)
            client.recv(1)
            return False
        elif kind in ("answer-fin", "answer-rst"):
            client.sendall(whole[:int(len(whole) * value)])
            cut(client, kind[-3:])
            return False
        client.sendall(whole)
        return b"connection: close" not in whole.split(b"\r\n\r\n", 1)[0].lower()

    def ask(self, head, body):
        """The whole answer to a request that arrives whole."""
        whole = Sink()
        with socket.create_connection(("127.0.0.1", self.upstream), timeout=60) as server:
            server.sendall(head + body)
            relay_answer(server.makefile("rb"), whole, not head.startswith(b"HEAD "))
        return bytes(whole.bytes)

    def arrive_late(self, head, body, seconds):
        time.sleep(seconds)
        try:
            self.ask(head, body)
        finally:
            with self.lock:
                self.pending -= 1

    def settle(self):
        """Waits until everything that is under way has arrived."""
        while self.pending:
            time.sleep(0.1)


class Sink:
    def __init__(self):
        self.bytes = bytearray()

    def sendall(self, piece):
        self.bytes += piece


def fault(kind, chance):
    """A fault of this kind, with a value by chance."""
    if kind == "status":
        return kind, chance.choice(TROUBLE)
    if kind == "done-status":
        return kind, chance.choice(TROUBLE_AFTER)
    if kind == "busy":
        return kind, chance.choice([429, 503])
    if kind == "delay":
        return kind, chance.uniform(0.1, 2)
    if kind == "late":
        # Sooner than the client looks again, while it does, and after it has given up.
        return kind, chance.choice([0.3, 2, 7, 14])
    return kind, chance.random()


def seeded(seed, boundaries, changing, kinds):
    """The faults of a run. From seed to seed each of the `boundaries` is spoiled in turn, with each kind in turn. Every second
    seed also spoils one of the `changing` requests so that what it asked for is done and nobody hears of it, or is done twice;
    two of three have more faults, at places by chance."""
    chance = random.Random(seed * 7919)
    faults = [None] * boundaries
    if seed % 3:
        for place in range(boundaries):
            if chance.random() < 0.3:
                faults[place] = fault(chance.choice([k for k in kinds if k not in SLOW]), chance)
    if seed % 2:
        turn = seed // 2
        faults[changing[turn % len(changing)]] = fault(SECRET[(turn + turn // len(changing)) % len(SECRET)], chance)
    faults[seed % boundaries] = fault(kinds[(seed + seed // boundaries) % len(kinds)], chance)
    return faults
