"""What stands between a desk and a ticket system in a company: https with certificates of its own authority, and a proxy.

    company.py FOLDER UPSTREAM_PORT

It makes FOLDER/ca.pem with openssl, then answers `CONNECT desk.example.test:443` on the proxy whose address it writes to
FOLDER/proxy, and carries what comes in TLS to http at UPSTREAM_PORT. FOLDER/proxy.log has what the proxy was asked, and
FOLDER/elsewhere.log what anybody sent to another host, `elsewhere.example.test`, to which a path of `/away/` redirects.
"""

import pathlib
import socket
import ssl
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "uploads"))
from fault_proxy import length_of, read_head, relay_answer  # noqa: E402

folder, upstream = pathlib.Path(sys.argv[1]), int(sys.argv[2])
HOST, ELSEWHERE = "desk.example.test", "elsewhere.example.test"


def openssl(*words):
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def certificates():
    folder.mkdir(parents=True, exist_ok=True)
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", "ca.key", "-out", "ca.pem",
            "-subj", "/CN=the authority of a company", "-addext", "basicConstraints=critical,CA:TRUE")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "desk.key", "-out", "desk.csr", "-subj", f"/CN={HOST}")
    (folder / "desk.ext").write_text(f"subjectAltName=DNS:{HOST},DNS:{ELSEWHERE}\nbasicConstraints=CA:FALSE\n")
    openssl("x509", "-req", "-in", "desk.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "desk.ext", "-out", "desk.pem")


def note(name, text):
    with open(folder / name, "a") as log:
        log.write(text)


def accept(listener, serve):
    while True:
        client, _ = listener.accept()
        threading.Thread(target=quietly, args=(serve, client), daemon=True).start()


def quietly(serve, client):
    try:
        serve(client)
    except OSError:
        pass
    finally:
        client.close()


def tunnel(client):
    head = read_head(client.makefile("rb", buffering=0))
    note("proxy.log", head.decode("latin-1"))
    if not head.startswith(b"CONNECT "):
        client.sendall(b"HTTP/1.1 403 no\r\nContent-Length: 0\r\n\r\n")
        return
    far = socket.create_connection(("127.0.0.1", inner.getsockname()[1]))
    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    threading.Thread(target=quietly, args=(lambda _: carry(far, client), far), daemon=True).start()
    carry(client, far)


def carry(one, other):
    while piece := one.recv(65536):
        other.sendall(piece)
    other.shutdown(socket.SHUT_WR)


def desk(client):
    with context.wrap_socket(client, server_side=True) as client:
        reader = client.makefile("rb")
        while head := read_head(reader):
            body = reader.read(length_of(head))
            if f"host: {ELSEWHERE}".encode() in head.lower():
                note("elsewhere.log", head.decode("latin-1"))
            if b" /away/" in head.split(b"\r\n", 1)[0]:
                client.sendall(f"HTTP/1.1 307 away\r\nLocation: https://{ELSEWHERE}/\r\nContent-Length: 0\r\n\r\n".encode())
                continue
            with socket.create_connection(("127.0.0.1", upstream)) as server:
                server.sendall(head + body)
                if not relay_answer(server.makefile("rb"), client, not head.startswith(b"HEAD ")):
                    return


certificates()
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(folder / "desk.pem", folder / "desk.key")
inner, proxy = socket.create_server(("127.0.0.1", 0)), socket.create_server(("127.0.0.1", 0))
threading.Thread(target=accept, args=(inner, desk), daemon=True).start()
(folder / "proxy").write_text(f"http://127.0.0.1:{proxy.getsockname()[1]}")
accept(proxy, tunnel)
