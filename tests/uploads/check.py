"""Uploads to a real tus server and a real S3 server through a line that is cut, by a program that is killed.

    check.py --casefile PROGRAM --upload EXAMPLE --modules FOLDER --rclone PROGRAM [--seeds N] [--first N] [--workers N]

`modules` holds @tus/server and @tus/file-store. Waiting for the next try is most of it, so the seeds are shared out to several
processes, each with servers of its own. Each seed is one upload under its own faults, by turns as a customer's drop
and as an agent's upload, to tus and to S3: it must end whole, whatever it takes, and never be told to be whole before.
"""

import argparse
import base64
import hashlib
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from fault_proxy import FaultProxy, seeded  # noqa: E402

CASE = "c-7fk2m9q4xa"
TOKEN, KEY_ID, KEY = "t0k3n-9f31c7", "AKIDCASEFILE", "s3cr3t-key-4411"
MIB = 1 << 20


class Server:
    """A server that is started again where it died: the tus server does so by itself now and then."""

    def __init__(self, command, folder):
        self.command, self.folder, self.port = command, folder, free_port()
        self.process, self.died = None, -1

    def up(self):
        if self.process is not None and self.process.poll() is None:
            return
        self.died += 1
        log = open(self.folder / f"server-{self.port}.log", "ab")
        self.process = subprocess.Popen(self.command(self.port), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit(f"no server on port {self.port}: see {log.name}")

    def kill(self):
        self.process.kill()
        self.process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Lab:
    def __init__(self, args, folder):
        self.args, self.folder = args, folder
        self.tus_data, self.s3_data = folder / "tus", folder / "s3"
        (self.s3_data / "cases").mkdir(parents=True)
        self.tus_data.mkdir()
        script = pathlib.Path(__file__).parent / "tus_server.js"
        self.servers = {
            "tus": Server(lambda port: ["node", script, args.modules, str(port), self.tus_data, TOKEN], folder),
            "s3": Server(
                lambda port: [args.rclone, "serve", "s3", self.s3_data, "--addr", f"127.0.0.1:{port}",
                              "--auth-key", f"{KEY_ID},{KEY}", "--config", "/dev/null"],
                folder,
            ),
        }
        for server in self.servers.values():
            server.up()
        self.proxies = {kind: FaultProxy(server.port) for kind, server in self.servers.items()}
        self.said = []
        self.state = folder / "state"
        self.environment = dict(os.environ, TOKEN=TOKEN, ID=KEY_ID, KEY=KEY, XDG_STATE_HOME=str(self.state))
        self.policies = {kind: self.policy(kind) for kind in self.servers}
        self.bundle = self.collect()
        self.size = self.bundle.stat().st_size
        self.digest = digest(self.bundle)
        self.links = []

    def policy(self, kind, more=""):
        port = self.proxies[kind].port
        text = {
            "tus": f'kind = "tus"\nurl = "http://127.0.0.1:{port}/files"\ntoken = "env:TOKEN"\n',
            "s3": f'kind = "s3"\nurl = "http://127.0.0.1:{port}"\nbucket = "cases"\n'
                  'access_key = "env:ID"\nsecret_key = "env:KEY"\n',
        }[kind]
        builtin = pathlib.Path(__file__).parents[2] / "src/escalate/policy.toml"
        path = self.folder / f"policy-{kind}-{random.getrandbits(32):x}.toml"
        path.write_text(f'upload = "store"\n{builtin.read_text()}\n[uploads.store]\n{text}{more}')
        return path

    def collect(self):
        noise = self.folder / "noise.txt"
        noise.write_bytes(base64.encodebytes(random.Random(1).randbytes(20 * MIB)))
        out = self.folder / "out"
        out.mkdir()
        case = ["--case-id", CASE] if "--case-id" in self.help("collect") else []
        run = self.casefile("collect", "--yes", "--no-host", "--logs", noise, "--output", out, *case)
        assert run.returncode == 0, run.stderr
        return pathlib.Path(run.stdout.strip())

    def help(self, verb):
        return subprocess.run([self.args.casefile, verb, "--help"], capture_output=True, text=True).stdout

    def run(self, command, kill_after=None):
        process = subprocess.Popen([str(word) for word in command], env=self.environment, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        ends = time.monotonic() + (kill_after or 300)
        while True:
            try:
                out, err = process.communicate(timeout=max(min(0.5, ends - time.monotonic()), 0))
                break
            except subprocess.TimeoutExpired:
                if time.monotonic() >= ends:
                    process.send_signal(signal.SIGKILL)
                    out, err = process.communicate()
                    if kill_after is None:
                        raise SystemExit(f"{command} hangs:\n{err}")
                    break
            # A server that died meanwhile is what the program is to outlive.
            for server in self.servers.values():
                server.up()
        self.said += [out, err, *map(str, command)]
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    def casefile(self, *words, kill_after=None):
        return self.run([self.args.casefile, *words], kill_after)

    def drop(self, kind, limit=None):
        """A profile with a drop at `kind`, made over a good line."""
        for _ in range(3):
            self.servers[kind].up()
            made = subprocess.run(
                [self.args.casefile, "escalate", "drop", "create", CASE, "--policy", self.policies[kind],
                 "--recipient", "Example Support", "--max-size", "64MiB"],
                env=self.environment, capture_output=True, text=True, stdin=subprocess.DEVNULL,
            )
            if made.returncode != 4:  # a server that died meanwhile is started again
                break
        assert made.returncode == 0, made.stderr
        self.said.append(made.stderr)
        profile = self.folder / f"profile-{random.getrandbits(64):x}.toml"
        profile.write_text(f'name = "lab"\n{made.stdout}' + (f'limit = "{limit}"\n' if limit else ""))
        self.link = next(line for line in made.stdout.splitlines() if line.startswith("link")).split('"')[1]
        self.links.append(self.link)
        return profile

    def sending(self, kind, way, limit=None):
        """The command that brings the bundle there; the same one goes on."""
        if way == "drop":
            return [self.args.casefile, "collect", "--profile", self.drop(kind, limit), "--send-only", self.bundle,
                    "--send-to", f"127.0.0.1:{self.proxies[kind].port}"]
        more = f'limit = "{limit}"\n' if limit else ""
        if kind == "s3":
            # The server remembers names whose files were removed behind its back.
            more += f'prefix = "{random.getrandbits(32):08x}"\n'
        policy = self.policy(kind, more)
        return [self.args.upload, policy, self.bundle, self.state / f"agent-{random.getrandbits(64):x}"]

    def arrived(self, kind):
        """How often the whole bundle is there, and how often something of its size is."""
        files = [f for f in (self.tus_data if kind == "tus" else self.s3_data).rglob("*") if f.is_file()]
        sized = [f for f in files if f.stat().st_size == self.size]
        return sum(digest(f) == self.digest for f in sized), len(sized)

    def wipe(self, kind):
        folder = self.tus_data if kind == "tus" else self.s3_data / "cases"
        for entry in folder.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()

    def until_whole(self, kind, command, kills=(), most=12):
        """Runs the command again and again, killed after each of `kills` seconds, until it says that all is there."""
        kills = list(kills)
        for attempt in range(most):
            self.servers[kind].up()
            run = self.run(command, kills.pop(0) if kills else None)
            if run.returncode == 0:
                return attempt
            assert run.returncode in (1, 4, -9), f"{run.returncode}: {run.stderr}"
            assert run.returncode == -9 or "to go on" in run.stderr or command[0] == self.args.upload, run.stderr
        raise SystemExit(f"not whole after {most} runs: {run.stderr}")


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def under_seed(lab, seed):
    chance = random.Random(seed * 7919)
    kind, way = [("tus", "drop"), ("s3", "drop"), ("tus", "agent"), ("s3", "agent")][seed % 4]
    lab.wipe(kind)
    command = lab.sending(kind, way)
    proxy = lab.proxies[kind]
    proxy.happened, proxy.passed_on, proxy.faults = [], 0, seeded(seed)
    kills = [chance.uniform(0.02, 1.5) for _ in range(chance.randint(0, 2))]
    runs = lab.until_whole(kind, command, kills)
    proxy.faults = []
    whole, sized = lab.arrived(kind)
    what = f"seed {seed}: {kind}, {way}, {len(kills)} kills, {proxy.happened}"
    assert whole == sized == 1, f"{what}: {whole} whole of {sized}"
    again, then = lab.until_whole(kind, command), lab.arrived(kind)
    assert again == 0 and then == (1, 1), f"{what}: not found again: {again + 1} runs, {then}"
    print(f"{what}: whole after {runs + 1} runs, {proxy.passed_on / lab.size:.2f} times its size on the line", flush=True)


def resumes(lab, kind, way, how):
    """Stopped in the middle by `how`, the rest alone goes over the line."""
    lab.wipe(kind)
    slow = how in ("killed", "server restart")
    command = lab.sending(kind, way, "12MiB" if slow else None)
    proxy, server = lab.proxies[kind], lab.servers[kind]
    proxy.faults, proxy.passed_on = [], 0
    if how == "killed":
        run = lab.run(command, kill_after=1.4)
        assert run.returncode == -9, f"it was done before it was killed: {run.stderr}"
    elif how == "server restart":
        process = subprocess.Popen([str(w) for w in command], env=lab.environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        time.sleep(1.4)
        server.kill()
        server.up()
        _, err = process.communicate(timeout=300)
        if kind == "s3":
            # This server keeps unfinished uploads in memory alone. An agent begins anew; a drop has ended, and says so.
            ended = process.returncode == 4 and "ask for a new link" in err
            assert ended if way == "drop" else process.returncode == 0 and lab.arrived(kind) == (1, 1), err
            print(f"{kind}, {way}, {how}: {'says that the drop has ended' if ended else 'begun anew, whole'}", flush=True)
            return
        assert process.returncode == 0, err
    else:
        # The body that is cut: the first of tus, the second part of S3.
        before = {("tus", "drop"): 3, ("tus", "agent"): 2, ("s3", "drop"): 3, ("s3", "agent"): 4}[kind, way]
        proxy.faults = [None] * before + [(how, 0.5)] * 1
    lab.until_whole(kind, command)
    proxy.faults = []
    over = proxy.passed_on - lab.size
    # What was on its way when the line was cut, and, of S3, a part that was not whole.
    allowed = 6 * MIB if kind == "tus" else 9 * MIB
    assert lab.arrived(kind) == (1, 1), f"{kind}, {way}, {how}: {lab.arrived(kind)}"
    assert over <= allowed, f"{kind}, {way}, {how}: {over} bytes went twice"
    print(f"{kind}, {way}, {how}: goes on, {over} bytes went twice", flush=True)


def no_secret_is_told(lab):
    secrets = [TOKEN, KEY, *lab.links]
    for text in lab.said:
        for secret in secrets:
            assert secret not in text, f"a secret is told: {text[:200]}"
    for path in lab.state.rglob("*"):
        text = path.read_text(errors="replace") if path.is_file() else ""
        assert not any(secret in text for secret in secrets), f"a secret is kept in {path}"
        if "journal" in path.parts:
            assert "/files/" not in text, f"the address of a drop is kept in {path}"
    profile = lab.drop("s3")
    for words in (["--print-profile"], ["--dry-run", "--no-host"], ["--dry-run", "--json", "--send", "--no-host"]):
        shown = lab.casefile("collect", "--profile", profile, *words)
        assert shown.returncode == 0 and lab.link not in shown.stdout + shown.stderr, words
    out = lab.folder / "with-link"
    out.mkdir()
    run = lab.casefile("collect", "--yes", "--no-host", "--profile", profile, "--config", profile, "--output", out)
    assert run.returncode in (0, 4), run.stderr
    unpacked = subprocess.run(["unzip", "-p", run.stdout.strip()], capture_output=True, check=True).stdout
    slices = [lab.link[at:at + 40] for at in range(0, len(lab.link) - 40, 40)]
    assert not any(piece.encode() in unpacked for piece in slices), "the bundle holds the link, or a part of it"
    print("no token, key or link is told, kept or collected", flush=True)


def nothing_goes_without_a_yes(lab):
    profile = lab.drop("s3")
    proxy = lab.proxies["s3"]
    proxy.passed_on = 0
    for words, problem in (
        (["--send", "--yes"], "--yes alone never sends"),
        (["--send-only", lab.bundle], "needs a yes"),
        (["--send-to", "elsewhere.example"], "leads to"),
    ):
        run = lab.casefile("collect", "--no-host", "--profile", profile, *words)
        assert run.returncode == 2 and problem in run.stderr, f"{words}: {run.returncode} {run.stderr}"
    assert proxy.passed_on == 0
    print("nothing goes without a yes to the host", flush=True)


def once(lab):
    nothing_goes_without_a_yes(lab)
    for kind in ("tus", "s3"):
        for way in ("drop", "agent"):
            for how in ("fin", "rst", "killed", "server restart"):
                resumes(lab, kind, way, how)


def part(args):
    """What one process does, with servers of its own."""
    with tempfile.TemporaryDirectory(prefix="casefile-uploads-") as folder:
        lab = Lab(args, pathlib.Path(folder))
        try:
            if args.part == 0:
                once(lab)
            for seed in range(args.first, args.first + args.seeds):
                # Not the remainder by the workers, which would give each one kind of store alone.
                if (seed // 4) % max(args.workers - 1, 1) + 1 == args.part or args.workers == 1:
                    under_seed(lab, seed)
            no_secret_is_told(lab)
        finally:
            for server in lab.servers.values():
                server.kill()
        died = {kind: server.died for kind, server in lab.servers.items()}
    print(f"part {args.part} of {args.workers}: the tus server was started again {died['tus']} times, the S3 server {died['s3']}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    for name in ("casefile", "upload", "modules", "rclone"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--workers", type=int, default=5)
    parser.add_argument("--part", type=int)
    args = parser.parse_args()
    if args.part is not None:
        return part(args)
    parts = range(args.workers if args.seeds else 1)
    children = [subprocess.Popen([sys.executable, *sys.argv, "--part", str(n)]) for n in parts]
    failed = [n for n, child in enumerate(children) if child.wait() != 0]
    if failed:
        raise SystemExit(f"parts that failed: {failed}")
    print(f"{args.seeds} seeds", flush=True)


if __name__ == "__main__":
    main()
