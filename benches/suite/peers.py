"""The programs that casefile is held against: installs what is missing, tells versions, leaves out what is not to be had."""

import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Program -> Debian package, and how it tells its version.
PACKAGES = {
    "zip": ("zip", ["zip", "-v"]),
    "unzip": ("unzip", ["unzip", "-v"]),
    "pigz": ("pigz", ["pigz", "--version"]),
    "openssl": ("openssl", ["openssl", "version"]),
    "sha256sum": ("coreutils", ["sha256sum", "--version"]),
    "rg": ("ripgrep", ["rg", "--version"]),
    "sos": ("sosreport", ["dpkg-query", "-W", "-f", "sosreport ${Version}", "sosreport"]),
}
# Python packages. There is an older and unrelated `kingfisher`.
PYTHON = {"kingfisher": "kingfisher-bin", "detect-secrets": "detect-secrets", "zlib-ng": "zlib-ng"}


class Peers:
    """Name -> path of what is there."""

    def __init__(self, wanted, install):
        default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "casefile-cross"
        self.folder = Path(os.environ.get("CASEFILE_CROSS_ROOT", default)) / "peers"
        self.found = {}
        for name in wanted:
            path = self.look(name) or (self.look(name) if install and self.install(name) else None)
            if path:
                self.found[name] = path
                print(f"  {name}: {self.version(name)}", flush=True)
            else:
                print(f"  left out: {name}: it is not installed and can't be", flush=True)

    def __contains__(self, name):
        return name in self.found

    def __getitem__(self, name):
        return self.found[name]

    @property
    def python(self):
        return self.folder / "python" / "bin" / "python"

    def look(self, name):
        if name == "zlib-ng":
            return self.python if quiet([self.python, "-c", "import zlib_ng"]) else None
        if name in PYTHON:
            path = self.python.parent / name
        elif name == "ripsecrets":
            path = self.folder / "bin" / name
        else:
            return shutil.which(name)
        return path if path.exists() else None

    def install(self, name):
        if name in PACKAGES:
            return quiet([ROOT / "tests" / "install", PACKAGES[name][0]])
        if name == "ripsecrets":
            return quiet(["cargo", "install", "--quiet", "--locked", "--root", self.folder, "ripsecrets"])
        if not self.python.exists() and not quiet(["python3", "-m", "venv", self.folder / "python"]):
            return False
        return quiet([self.python, "-m", "pip", "install", "-q", "--disable-pip-version-check", PYTHON[name]])

    def version(self, name):
        if name == "zlib-ng":
            command = [self.python, "-c", "import zlib_ng.zlib_ng as z; print('zlib-ng', z.ZLIBNG_VERSION)"]
        elif name in PYTHON or name == "ripsecrets":
            command = [self.found[name], "--version"]
        else:
            command = PACKAGES[name][1]
        told = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
        lines = [line for line in (told.stdout + told.stderr).splitlines() if re.search(r"\d+\.\d+", line)]
        return lines[0].strip() if lines else "tells no version"


def quiet(command):
    """Whether it ended well; what it says is not shown."""
    try:
        done = subprocess.run(
            [str(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except OSError:
        return False
    return done.returncode == 0
