"""What the checks share: the lab's truth, the program run in it as an account without rights, and a line for each check.

A check is a script of checks/ that gets the paths of netlab.sh and of the program.
"""
import json
import os
import subprocess
import sys
import time

NETLAB, PROGRAM = sys.argv[1], sys.argv[2]
UNPRIVILEGED = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all",
                "--bounding-set=-all", "--no-new-privs"]


def netlab(*words):
    return subprocess.run(["bash", NETLAB, *words], capture_output=True, text=True, check=True).stdout


TRUTH = json.loads(netlab("truth"))


def say(good, words):
    print(("ok: " if good else "FAILED: ") + words, flush=True)
    return good


def probe(*words, inside=None):
    """The report of `casefile probe --json WORDS` in the client, or in the namespace `inside`."""
    command = [PROGRAM, "probe", "--json", *words]
    if inside:
        command = ["ip", "netns", "exec", inside, *UNPRIVILEGED, *command]
    else:
        command = ["bash", NETLAB, "uexec", "client", *command]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, "HOME": "/nonexistent"})
    if ended.returncode != 0:
        say(False, f"probe {' '.join(words)}: exit {ended.returncode}: {ended.stderr.strip()}")
        return {"targets": [], "findings": []}
    return json.loads(ended.stdout)


def codes(report, severity=None):
    return [f["code"] for f in report["findings"] if severity in (None, f["severity"])]


def target(address, port=443):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def rest():
    """Until hop 5 answers a burst again: six at once, then one a second."""
    time.sleep(6)
