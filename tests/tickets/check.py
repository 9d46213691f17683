"""Escalations to a real Request Tracker and a real Redmine over a line that is spoiled.

    check.py --casefile PROGRAM [--seeds N] [--first N] [--slow] [--jobs N]

RT_URL, RT_TOKEN, REDMINE_URL and REDMINE_KEY say where the two are. Each seed is one case: `escalate open` is run, and the same
command again as it says, until it is done. Then exactly one ticket of the case is open, with the bundle attached once and whole;
where an intermediary doubled a request, casefile said so and ended with 4. `--slow` adds the faults that cost minutes.
"""

import argparse
import base64
import collections
import concurrent.futures
import hashlib
import json
import os
import pathlib
import random
import shlex
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from fault_line import KINDS, SLOW, FaultLine, seeded  # noqa: E402

ROOT = pathlib.Path(__file__).parents[2]
FIELDS = ('{ case_id = "Case ID", severity = "Severity", file_digest = "Bundle SHA256", account_id = "Account ID", '
          'respond_by = "SLA Due" }')
FACTS = """account_id = "A-17"
service = "checkout"
summary = "checkout answers 503"
started_at = "2026-11-23T10:01:00Z"
reported_at = "2026-11-23T10:15:00Z"
business_impact = "no sales"
[impact]
who = "customers of the shop"
cannot = "pay"
affected = 40
total = 400
since = "2026-11-23T10:01:00Z"
scope = "major-function"
"""
# A run is over after so many tries: each fault of a run spoils one try at most.
MOST_RUNS = 40


class RequestTracker:
    name, kind = "rt", "request-tracker"

    def __init__(self):
        self.url, self.token = os.environ["RT_URL"], os.environ["RT_TOKEN"]

    def get(self, path):
        request = urllib.request.Request(f"{self.url}/REST/2.0/{path}", headers={"Authorization": f"token {self.token}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def tickets(self, case):
        """Id, whether it is open, whether it is linked to another, of each ticket of the case."""
        query = urllib.parse.urlencode({"query": f"CF.{{Case ID}} = '{case}'", "per_page": 100})
        found = []
        for item in self.get(f"tickets?{query}")["items"]:
            ticket = self.get(f"ticket/{item['id']}")
            linked = any(link.get("ref") == "refers-to" for link in ticket["_hyperlinks"])
            found.append((item["id"], ticket["Status"] in ("new", "open"), linked))
        return found

    def files(self, ticket):
        listed = self.get(f"ticket/{ticket}/attachments?fields=Filename&per_page=100")["items"]
        contents = [self.get(f"attachment/{file['id']}")["Content"] for file in listed if file["Filename"]]
        return [hashlib.sha256(base64.b64decode(content)).hexdigest() for content in contents]

    def comments(self, ticket):
        history = self.get(f"ticket/{ticket}/history?fields=Type,Data&per_page=100")["items"]
        return collections.Counter(entry["Data"] for entry in history if (entry["Data"] or "").startswith("casefile-"))


class Redmine:
    name, kind = "redmine", "redmine"

    def __init__(self):
        self.url, self.token = os.environ["REDMINE_URL"], os.environ["REDMINE_KEY"]

    def get(self, path, raw=False):
        request = urllib.request.Request(f"{self.url}/{path}", headers={"X-Redmine-API-Key": self.token})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read() if raw else json.load(answer)

    def tickets(self, case):
        found = []
        for issue in self.get(f"issues.json?cf_1={case}&status_id=*")["issues"]:
            issue = self.get(f"issues/{issue['id']}.json?include=relations")["issue"]
            found.append((issue["id"], not issue["status"].get("is_closed", False), bool(issue.get("relations"))))
        return found

    def files(self, ticket):
        listed = self.get(f"issues/{ticket}.json?include=attachments")["issue"]["attachments"]
        return [hashlib.sha256(self.get(f"attachments/download/{file['id']}/{file['filename']}", raw=True)).hexdigest() for file in listed]

    def comments(self, ticket):
        journals = self.get(f"issues/{ticket}.json?include=journals")["issue"]["journals"]
        lines = [line.strip() for journal in journals for line in (journal["notes"] or "").splitlines()]
        return collections.Counter(line for line in lines if line.startswith("casefile-"))


class Lab:
    def __init__(self, casefile, folder):
        self.casefile, self.folder = casefile, folder
        self.systems = [RequestTracker(), Redmine()]
        builtin = subprocess.run([casefile, "escalate", "policy", "default"], capture_output=True, text=True, check=True)
        self.builtin = builtin.stdout
        (folder / "noise.log").write_bytes(base64.encodebytes(random.Random(1).randbytes(120_000)))
        (folder / "facts.toml").write_text(FACTS)
        self.boundaries = {}

    def case(self, system, case):
        """A bundle of a new case, and the command that opens it over a line of its own."""
        home = self.folder / case
        home.mkdir()
        made = subprocess.run(
            [self.casefile, "collect", "--yes", "--no-host", "--logs", self.folder / "noise.log", "--case", self.folder / "facts.toml",
             "--case-id", case, "--output", home], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert made.returncode in (0, 4), made.stderr
        bundle = pathlib.Path(made.stdout.strip().splitlines()[-1])
        line = FaultLine(int(system.url.rsplit(":", 1)[1]))
        policy = home / "policy.toml"
        policy.write_text(
            f'ticket_system = "{system.name}"\n{self.builtin}\n[ticket_systems.{system.name}]\nkind = "{system.kind}"\n'
            f'url = "http://127.0.0.1:{line.port}"\ntoken = "env:TOKEN"\nqueues = {{ escalations = "{system_queue(system)}" }}\n'
            f"fields = {FIELDS}\n")
        command = [self.casefile, "escalate", "open", bundle, "--policy", policy, "--override-checklist", "a machine of tests"]
        environment = dict(os.environ, TOKEN=system.token, XDG_STATE_HOME=str(home / "state"))
        return Case(system, case, bundle, line, [str(word) for word in command], environment)


def system_queue(system):
    return "Escalations" if system.name == "rt" else "escalations"


class Case:
    def __init__(self, system, case, bundle, line, command, environment):
        self.system, self.case, self.bundle, self.line, self.command = system, case, bundle, line, command
        self.environment, self.told, self.runs, self.resume = environment, [], 0, None
        self.digest = hashlib.sha256(bundle.read_bytes()).hexdigest()

    def open(self, as_told=False):
        """One run: its exit code. What it says when it is not done names what is kept and how to go on, which every second case
        takes at its word."""
        command = [self.command[0], *self.resume] if as_told and self.resume else self.command
        self.resume = None
        run = subprocess.run(command, env=self.environment, capture_output=True, text=True,
                             stdin=subprocess.DEVNULL, timeout=900)
        self.runs += 1
        self.told += [run.stdout, run.stderr]
        said = f"run {self.runs} of {self.case} ended with {run.returncode}:\n{run.stdout}{run.stderr}"
        assert run.returncode in (0, 4), said
        assert self.system.token not in run.stdout + run.stderr, "it tells the token"
        if run.returncode == 4 and "remark" not in run.stdout + run.stderr:
            assert "kept: " in run.stderr and "to go on: casefile escalate " in run.stderr, said
            self.resume = shlex.split(run.stderr.split("to go on: casefile", 1)[1].splitlines()[0])
        return run.returncode

    def until_done(self):
        """The same command, or the one that it names, until it is done; then all of it is."""
        for _ in range(MOST_RUNS):
            code = self.open(as_told=int(self.case[-2:]) // 2 % 2 == 1)
            if code == 0:
                return
        raise AssertionError(f"{self.case} is not done after {MOST_RUNS} runs:\n{self.told[-2]}{self.told[-1]}")

    def check(self):
        tickets = self.system.tickets(self.case)
        still_open = [ticket for ticket, is_open, _ in tickets if is_open]
        assert len(still_open) == 1, f"{self.case}: {tickets}"
        assert all(linked for _, is_open, linked in tickets if not is_open), f"{self.case}: {tickets}, one without a link"
        remarks = "\n".join(line for text in self.told for line in text.splitlines() if line.startswith("remark"))
        assert len(tickets) == 1 or "closed as its duplicate" in remarks, f"{self.case}: {tickets}, and nothing said"
        files = self.system.files(still_open[0])
        whole = files.count(self.digest)
        assert whole == 1 or whole > 1 and "copies" in remarks, f"{self.case}: {whole} whole of {len(files)} files"
        comments = self.system.comments(still_open[0])
        return len(tickets), files, comments

    def ends_well(self):
        self.until_done()
        self.line.settle()
        # What arrived after it was done is found by the next look.
        self.until_done()
        first = self.check()
        self.line.faults = []
        assert self.open() == 0 and self.check() == first, f"{self.case}: another run changed something"
        return first


def under_seed(lab, seed, kinds):
    system = lab.systems[seed % 2]
    case = lab.case(system, f"c-{system.name[:2]}{os.getpid() % 10**4:04d}{seed:04d}")
    # The same number for both systems, so that each meets each kind at each boundary in time.
    case.line.faults = seeded(seed // 2, *lab.boundaries[system.name], kinds)
    what = f"seed {seed}, {system.name}"
    try:
        tickets, files, comments = case.ends_well()
    except Exception as e:
        asked = "\n".join(case.line.requests)
        raise AssertionError(f"{what}: {e}\nfaults: {case.line.happened}\nrequests:\n{asked}") from e
    doubled = "" if tickets == 1 and len(files) == 1 else f", {tickets - 1} duplicates closed, {len(files)} files"
    kinds_met = " ".join(kind for kind, _ in case.line.happened)
    twice = sum(count - 1 for count in comments.values())
    return f"{what}: one ticket, one file after {case.runs} runs{doubled}{f', {twice} comments twice' if twice else ''} ({kinds_met})"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--casefile", required=True)
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--jobs", type=int, default=6)
    args = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="casefile-tickets-") as folder:
        lab = Lab(args.casefile, pathlib.Path(folder))
        for system in lab.systems:
            case = lab.case(system, f"c-{system.name[:2]}{os.getpid() % 10**4:04d}9999")
            assert case.open() == 0, case.told
            asked = list(case.line.requests)
            changing = [place for place, request in enumerate(asked) if not request.startswith("GET ")]
            lab.boundaries[system.name] = len(asked), changing
            case.ends_well()
            print(f"{system.name}: {len(asked)} requests where nothing goes wrong, {len(changing)} change something", flush=True)
        kinds = KINDS + (SLOW if args.slow else [])
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            seeds = range(args.first, args.first + args.seeds)
            for result in [pool.submit(under_seed, lab, seed, kinds) for seed in seeds]:
                try:
                    print(result.result(), flush=True)
                except AssertionError as e:
                    failed += 1
                    print(e, file=sys.stderr, flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
