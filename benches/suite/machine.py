"""The machine that the figures are of."""

import os
import platform
import subprocess
from pathlib import Path


def describe(folder):
    """A line a fact."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    facts = [
        f"processor: {first('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores{sha()}",
        f"memory: {int(first('/proc/meminfo', 'MemTotal').split()[0] or 0) >> 20} GiB",
        f"kernel: {platform.system()} {platform.release()}",
        f"disk: {disk(folder)}",
        f"load when it began: {load:.1f}",
    ]
    return facts


def first(path, key):
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return "0"
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(key)), "0")


def sha():
    return ", SHA instructions" if "sha_ni" in first("/proc/cpuinfo", "flags").split() else ""


def disk(folder):
    told = subprocess.run(
        ["df", "--output=source,fstype,avail", "-h", str(folder)], capture_output=True, text=True, check=False
    )
    return " ".join(told.stdout.splitlines()[-1].split()) + " free" if told.returncode == 0 else "not known"
