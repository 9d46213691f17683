"""Looks for secrets in files: as they are, percent-encoded, in hexadecimal, and in base64 at any place of a longer text.

    find_secrets.py NAME... -- PATH...     NAME: an environment variable that holds a secret; zips are looked into

Prints where one was found, by the name alone, and exits 1; 2 where a secret or a path is missing.
"""

import base64
import os
import pathlib
import struct
import sys
import urllib.parse
import zipfile
import zlib


def forms(secret):
    raw = secret.encode()
    yield raw
    yield urllib.parse.quote(secret, safe="").encode()
    yield raw.hex().encode()
    for before in range(3):
        # The signs at both ends mix with what stands beside it.
        text = base64.b64encode(bytes(before) + raw)
        cut = text[(4 if before else 0):len(text) - 4]
        yield cut
        yield cut.replace(b"+", b"-").replace(b"/", b"_")


def contents(path):
    yield path.read_bytes()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                yield unpacked(path, member)


def unpacked(path, member):
    # Some bundles of the tests are damaged on purpose, and no sum keeps what they hold from being looked at.
    with path.open("rb") as file:
        file.seek(member.header_offset + 26)
        file.seek(sum(struct.unpack("<HH", file.read(4))), os.SEEK_CUR)
        stored = file.read(member.compress_size)
    if member.compress_type == zipfile.ZIP_STORED:
        return stored
    opened, parts = zlib.decompressobj(-15), []
    try:
        while stored:
            parts.append(opened.decompress(stored[:4096]))
            stored = stored[4096:]
    except zlib.error:
        pass
    return b"".join(parts) + stored


names, paths = sys.argv[1:sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1:]
secrets = {name: os.environ.get(name, "") for name in names}
if not all(secrets.values()) or not names or not paths or not all(map(os.path.exists, paths)):
    sys.exit(2)
looked = found = 0
for path in paths:
    files = [path] if os.path.isfile(path) else [f for f in pathlib.Path(path).rglob("*") if f.is_file()]
    for file in map(pathlib.Path, files):
        for text in contents(file):
            looked += len(text)
            for name, secret in secrets.items():
                if any(form in text for form in forms(secret)):
                    found += 1
                    print(f"{name} stands in {file}")
print(f"{looked} bytes were looked through")
sys.exit(1 if found or not looked else 0)
