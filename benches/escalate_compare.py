"""What `benches/escalate-compare` runs: PROGRAM REPOSITORY MIB ROUNDS."""

import base64
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

program, repository, mib, rounds = sys.argv[1:]
sys.path.insert(0, f"{repository}/tests/tickets")
from check import Lab  # noqa: E402


def curl(*words):
    """One bare request: its answer."""
    run = subprocess.run(["curl", "-sSf", "-H", "Expect:", *map(str, words)], capture_output=True, check=True)
    return run.stdout


def bare_rt(system, case, bundle, folder):
    """Find, make, read the ticket and its text, attach, list, download, comment, list: ten requests."""
    rest, key = f"{system.url}/REST/2.0", ["-H", f"Authorization: token {system.token}"]
    found = urllib.parse.urlencode({"query": f"CF.{{Case ID}} = '{case}'"})
    curl(*key, f"{rest}/tickets?{found}")
    ticket = {"Queue": "Escalations", "Subject": "a case", "Content": "a text\n" * 100, "ContentType": "text/plain",
              "CustomFields": {"Case ID": case, "Severity": "SEV2"}}
    made = json.loads(curl(*key, "-H", "Content-Type: application/json", "-d", json.dumps(ticket), f"{rest}/ticket"))["id"]
    curl(*key, f"{rest}/ticket/{made}")
    text = json.loads(curl(*key, f"{rest}/ticket/{made}/attachments?fields=Filename&per_page=1"))["items"][0]["id"]
    curl(*key, f"{rest}/attachment/{text}")
    about = json.dumps({"Content": "a file", "ContentType": "text/plain"})
    curl(*key, "-F", f"JSON={about};type=application/json", "-F", f"Attachments=@{bundle};type=application/octet-stream",
         f"{rest}/ticket/{made}/comment")
    listed = json.loads(curl(*key, f"{rest}/ticket/{made}/attachments?fields=Filename&per_page=100"))["items"]
    file = next(item["id"] for item in listed if item["Filename"])
    curl(*key, "-o", folder / "back", f"{rest}/attachment/{file}")
    comment = json.dumps({"Subject": "a key", "Content": "attached", "ContentType": "text/plain"})
    curl(*key, "-H", "Content-Type: application/json", "-d", comment, f"{rest}/ticket/{made}/comment")
    curl(*key, f"{rest}/ticket/{made}/history?fields=Type,Data&per_page=100")


def bare_redmine(system, case, bundle, folder):
    """Find, make, read, upload, attach, list, download, comment, list: nine requests."""
    key, to_json = ["-H", f"X-Redmine-API-Key: {system.token}"], ["-H", "Content-Type: application/json"]
    curl(*key, f"{system.url}/issues.json?cf_1={case}&status_id=*")
    issue = {"issue": {"project_id": "escalations", "subject": "a case", "description": "a text\n" * 100,
                       "custom_fields": [{"id": 1, "value": case}]}}
    made = json.loads(curl(*key, *to_json, "-d", json.dumps(issue), f"{system.url}/issues.json"))["issue"]["id"]
    url = f"{system.url}/issues/{made}.json"
    curl(*key, url)
    token = json.loads(curl(*key, "-H", "Content-Type: application/octet-stream", "--data-binary", f"@{bundle}",
                            f"{system.url}/uploads.json?filename={bundle.name}"))["upload"]["token"]
    upload = {"issue": {"uploads": [{"token": token, "filename": bundle.name, "content_type": "application/zip"}]}}
    curl(*key, *to_json, "-X", "PUT", "-d", json.dumps(upload), url)
    file = json.loads(curl(*key, f"{url}?include=attachments"))["issue"]["attachments"][0]["id"]
    curl(*key, "-o", folder / "back", f"{system.url}/attachments/download/{file}/{bundle.name}")
    curl(*key, *to_json, "-X", "PUT", "-d", json.dumps({"issue": {"notes": "attached"}}), url)
    curl(*key, f"{url}?include=journals")


def seconds(work):
    began = time.monotonic()
    work()
    return time.monotonic() - began


def direct(case):
    """The same command without the line of the tests in between."""
    policy = pathlib.Path(case.command[case.command.index("--policy") + 1])
    policy.write_text(policy.read_text().replace(f"http://127.0.0.1:{case.line.port}", case.system.url))
    return lambda *more: subprocess.run([*case.command, *more], env=case.environment, capture_output=True, check=True,
                                        stdin=subprocess.DEVNULL)


with tempfile.TemporaryDirectory(prefix="casefile-compare-") as folder:
    folder = pathlib.Path(folder)
    lab = Lab(program, folder)
    # What is packed and written as text fills a bundle with three quarters of its size.
    noise = random.Random(2).randbytes(int(float(mib) * (1 << 20)) * 3 // 4)
    (folder / "noise.log").write_bytes(base64.encodebytes(noise))
    worst = 0
    for system, bare in zip(lab.systems, (bare_rt, bare_redmine)):
        theirs, whole, verified = [], [], []
        # The first of each warms the server up.
        for n in range(int(rounds) + 1):
            case = lab.case(system, f"c-{system.name[:2]}{os.getpid() % 10**4:04d}{n:04d}")
            run = direct(case)
            theirs.append(seconds(lambda: bare(system, f"{case.case}x", case.bundle, folder)))
            verified.append(seconds(lambda: run("--dry-run")))
            whole.append(seconds(run))
        size = case.bundle.stat().st_size / (1 << 20)
        curls, all_of_it, verifying = (statistics.median(column[1:]) for column in (theirs, whole, verified))
        quotient = (all_of_it - verifying) / curls
        worst = max(worst, quotient)
        print(f"{system.name}: {size:.1f} MiB: curl {curls:.2f} s, casefile {all_of_it - verifying:.2f} s, quotient {quotient:.2f}; "
              f"verifying before it {verifying:.2f} s", flush=True)
    sys.exit(0 if worst <= 1.5 else 1)
