"""A tus server and an S3 server that keep nothing but what an upload came to, and give zeros back: for files that are larger
than the disk. They check no signature and no token.

    null_stores.py        prints their two ports and serves until it is ended
"""

import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ZEROS = bytes(1 << 20)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def taken(self):
        """Reads the body, which must be zeros, and gives its length."""
        left = length = int(self.headers.get("content-length") or 0)
        while left:
            piece = self.rfile.read(min(left, len(ZEROS)))
            if not piece:
                break
            if piece != ZEROS[: len(piece)]:
                raise SystemExit("what came is not what was sent")
            left -= len(piece)
        return length - left

    def answer(self, status, headers=(), text=b""):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    def give(self, size):
        self.send_response(200)
        self.send_header("content-length", str(size))
        self.end_headers()
        if self.command == "HEAD":
            return
        while size:
            piece = ZEROS[: min(size, len(ZEROS))]
            self.wfile.write(piece)
            size -= len(piece)


class Tus(Handler):
    length, offset = 0, 0

    def do_POST(self):
        Tus.length, Tus.offset = int(self.headers["upload-length"]), 0
        self.answer(201, [("location", "/files/1")])

    def do_HEAD(self):
        self.answer(200, [("upload-offset", str(Tus.offset)), ("upload-length", str(Tus.length))])

    def do_PATCH(self):
        Tus.offset += self.taken()
        self.answer(204, [("upload-offset", str(Tus.offset))])

    def do_GET(self):
        self.give(Tus.length)


class S3(Handler):
    parts, size = {}, None

    def do_HEAD(self):
        if S3.size is None:
            self.answer(404)
        else:
            self.give(S3.size)

    def do_GET(self):
        if "uploadId=" in self.path:
            parts = "".join(f'<Part><PartNumber>{n}</PartNumber><ETag>"{n}"</ETag><Size>{size}</Size></Part>'
                            for n, size in sorted(S3.parts.items()))
            self.answer(200, text=f"<ListPartsResult>{parts}</ListPartsResult>".encode())
        else:
            self.give(S3.size)

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        if "uploadId=" in self.path:
            S3.size = sum(S3.parts.values())
        self.answer(200, text=b"<Result><UploadId>u</UploadId></Result>")

    def do_PUT(self):
        number = int(re.search(r"partNumber=(\d+)", self.path)[1])
        S3.parts[number] = self.taken()
        self.answer(200, [("etag", f'"{number}"')])


def main():
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), handler) for handler in (Tus, S3)]
    print(*(server.server_port for server in servers), flush=True)
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
