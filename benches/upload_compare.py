"""What `benches/upload-compare` runs: PROGRAM ROOT REPOSITORY MIB ROUNDS."""

import hashlib
import hmac
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import types

program, root, repository, mib, rounds = sys.argv[1:]
sys.path.insert(0, f"{repository}/tests/uploads")
import check  # noqa: E402


def presigned(host, path):
    """An address that allows one PUT for an hour."""
    when = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = f"{when[:8]}/us-east-1/s3/aws4_request"
    query = (f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={check.KEY_ID}%2F{scope.replace('/', '%2F')}"
             f"&X-Amz-Date={when}&X-Amz-Expires=3600&X-Amz-SignedHeaders=host")
    asked = f"PUT\n{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD"
    key = f"AWS4{check.KEY}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    to_sign = f"AWS4-HMAC-SHA256\n{when}\n{scope}\n{hashlib.sha256(asked.encode()).hexdigest()}"
    return f"http://{host}{path}?{query}&X-Amz-Signature={hmac.digest(key, to_sign.encode(), 'sha256').hex()}"


def curl(lab, kind, file, name):
    """Seconds of the bare request."""
    port = lab.servers[kind].port
    if kind == "tus":
        made = subprocess.run(
            ["curl", "-sSi", "-X", "POST", "-H", "Tus-Resumable: 1.0.0", "-H", f"Upload-Length: {file.stat().st_size}",
             "-H", f"Authorization: Bearer {check.TOKEN}", f"http://127.0.0.1:{port}/files"],
            capture_output=True, text=True, check=True).stdout
        url = re.search(r"(?im)^location: (\S+)", made)[1]
        more = ["-X", "PATCH", "-H", "Tus-Resumable: 1.0.0", "-H", "Upload-Offset: 0",
                "-H", "Content-Type: application/offset+octet-stream"]
    else:
        url, more = presigned(f"127.0.0.1:{port}", f"/cases/{name}"), []
    began = time.monotonic()
    subprocess.run(["curl", "-sSf", "-H", "Expect:", *more, "-T", file, url], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def ours(lab, kind, file):
    """Seconds of hashing, sending, and reading back."""
    lab.servers[kind].up()
    lab.proxies[kind].port = lab.servers[kind].port  # no proxy in between
    command = lab.sending(kind, "agent")
    command[2] = file
    out = subprocess.run([str(w) for w in command], env=lab.environment, capture_output=True, text=True)
    assert out.returncode == 0, out.stderr
    hashed, sent, done = (float(x) for x in re.search(r"hashed (\S+) s, sent (\S+) s, done (\S+) s", out.stdout).groups())
    return hashed, sent - hashed, done - sent


with tempfile.TemporaryDirectory(prefix="casefile-compare-") as folder:
    folder = pathlib.Path(folder)
    lab = check.Lab.__new__(check.Lab)
    args = types.SimpleNamespace(casefile=program, upload=program, modules=root, rclone=f"{root}/rclone/bin/rclone")
    lab.collect = lambda: pathlib.Path(__file__)
    lab.__init__(args, folder)
    file = folder / "bundle.casefile.zip"
    with open(file, "wb") as out:
        for _ in range(int(mib)):
            out.write(os.urandom(1 << 20))
    try:
        for kind in ("tus", "s3"):
            theirs, mine = [], []
            for n in range(int(rounds)):
                lab.servers[kind].up()
                theirs.append(curl(lab, kind, file, f"curl-{n}"))
                mine.append(ours(lab, kind, file))
                for entry in (lab.tus_data if kind == "tus" else lab.s3_data / "cases").iterdir():
                    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
            hashed, sent, back = (statistics.median(column) for column in zip(*mine))
            bare = statistics.median(theirs)
            print(f"{kind}: {mib} MiB: curl {bare:.2f} s, casefile {sent:.2f} s, quotient {sent / bare:.2f}; beside that "
                  f"hashing {hashed:.2f} s, reading back {back:.2f} s", flush=True)
        most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        print(f"the largest child (servers too) held {most} KiB")
    finally:
        for server in lab.servers.values():
            server.kill()
