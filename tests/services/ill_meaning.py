"""A far side that means ill: below /redirect/ it sends everybody to another host with all they brought, below /echo/ it says
back in an error what it was shown. The other host writes down all that reaches it.

    ill_meaning.py FILE      prints the port of the far side; FILE gets what reaches the other host
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FarSide(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    elsewhere = 0

    def log_message(self, *words):
        pass

    def any(self):
        left = int(self.headers.get("content-length") or 0)
        while left > 0 and (piece := self.rfile.read(min(left, 65536))):
            left -= len(piece)
        if self.path.startswith("/redirect/"):
            self.send_response(307)
            self.send_header("location", f"http://localhost:{self.elsewhere}{self.path}")
            self.send_header("content-length", "0")
            self.end_headers()
            return
        shown = " ".join(f"{name}: {value}" for name, value in self.headers.items())
        words = json.dumps({"message": shown, "errors": [shown, self.path]}).encode()
        if "AWS4" in self.path:
            words = f"<Error><Code>No</Code><Message>{self.path} {shown}</Message></Error>".encode()
        self.send_response(403)
        self.send_header("content-length", str(len(words)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(words)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = any


class OtherHost(BaseHTTPRequestHandler):
    heard = None

    def log_message(self, *words):
        pass

    def any(self):
        self.heard.write(f"{self.command} {self.path}\n{self.headers}\n")
        self.heard.flush()
        self.send_response(200)
        self.end_headers()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = any


def main():
    OtherHost.heard = open(sys.argv[1], "w")
    other = ThreadingHTTPServer(("127.0.0.1", 0), OtherHost)
    far = ThreadingHTTPServer(("127.0.0.1", 0), FarSide)
    FarSide.elsewhere = other.server_port
    threading.Thread(target=other.serve_forever, daemon=True).start()
    print(far.server_port, flush=True)
    far.serve_forever()


if __name__ == "__main__":
    main()
