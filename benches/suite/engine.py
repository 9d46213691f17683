"""The engine by itself and beside other scanners; `redact`; many different values."""

import shutil
import tomllib

from . import measure
from .bars import ratio
from .peers import ROOT
from .work import MB, remove

# Kind of text, and the least share of SHA-256's speed.
TEXTS = {"plain": 0.5, "access": 0.2, "ndjson": 0.2, "har": 0.15, "adversarial": 0.05}

# Slow peers read samples of so many megabytes; what they need to start is measured on an empty file and taken off.
SAMPLES = {"kingfisher": 50, "ripsecrets": 5, "detect-secrets": 1, "sos": 2}


def engine(work, peers, report):
    for kind, bar in TEXTS.items():
        file = work.text(kind, work.text_megabytes)
        size = file.stat().st_size
        programs = {"engine": work.engine(file, kind if kind in ("har", "ndjson") else "text", "once")}
        if "openssl" in peers:
            programs["sha256"] = lambda: measure.run(["openssl", "dgst", "-sha256", file])
        if "rg" in peers and kind == "access":
            keywords = keyword_file(work)
            programs["rg"] = lambda: measure.run(["rg", "-c", "-F", "-f", keywords, file], accept=(0, 1))
        got = measure.rounds(work.runs, programs)
        for name, run in got.items():
            report.figure(f"{name}, {kind}", size, run)
        share = ratio(cpu(got, "sha256"), cpu(got, "engine"))
        report.at_least(f"engine / openssl sha256, CPU, {kind}", bar, share)
        if kind == "access":
            ours = cpu(got, "engine") / size if "engine" in got else None
            beside_scanners(work, peers, report, file, ours)


def beside_scanners(work, peers, report, file, ours):
    """`ours`: CPU seconds a byte."""
    empty = work.data / "empty.log"
    empty.write_bytes(b"")
    theirs = {}
    for name in SAMPLES:
        if name not in peers:
            continue
        sample = head_of(work, file, SAMPLES[name])
        size = sample.stat().st_size
        scan = SCANS[name]
        got = measure.rounds(min(work.runs, 5), {name: scan(work, peers, sample), "start": scan(work, peers, empty)})
        if name not in got or "start" not in got:
            continue
        report.figure(f"{name}, access", size, got[name])
        theirs[name] = max(got[name].cpu - got["start"].cpu, 1e-9) / size
    note = "its start taken off"
    report.at_least("engine / kingfisher, CPU, access", 10, ratio(theirs.get("kingfisher"), ours), note=note)
    note = f"its start taken off, {SAMPLES['sos']} MB"
    report.at_least("engine / sos clean, CPU, access", 300, ratio(theirs.get("sos"), ours), note=note)


def kingfisher(_work, peers, file):
    flags = ["--jobs", "1", "--no-validate", "--no-update-check", "--format", "json", "--confidence", "low"]
    # It ends with 200 and more when it found something.
    return lambda: measure.run([peers["kingfisher"], "scan", file, *flags], accept=(0, 200, 205))


def ripsecrets(_work, peers, file):
    return lambda: measure.run([peers["ripsecrets"], file], accept=(0, 1))


def detect_secrets(_work, peers, file):
    return lambda: measure.run([peers["detect-secrets"], "scan", "--all-files", "--no-verify", file.name], cwd=file.parent)


def sos(work, peers, file):
    """It takes reports only, so it gets one that holds the log, and moves what it is given."""

    def once():
        room = work.data / "sos"
        remove(room)
        case = room / "sosreport-bench-1"
        for folder in ("sos_logs", "sos_reports", "var/log"):
            (case / folder).mkdir(parents=True)
        (room / "out").mkdir()
        (case / "sos_reports" / "manifest.json").write_text("{}")
        shutil.copy(file, case / "var/log/access.log")
        # Without the mapping of earlier runs, which would spare it most of the work.
        fresh = ["--map", room / "map", "--no-update"]
        run = measure.run(["sos", "clean", "--batch", "--tmp-dir", room / "out", *fresh, case])
        cleaned = list((room / "out").glob("**/access.log"))
        if not cleaned or (file.stat().st_size and cleaned[0].read_bytes() == file.read_bytes()):
            raise measure.Failed("sos clean cleaned nothing")
        remove(room)
        return run

    return once


SCANS = {"kingfisher": kingfisher, "ripsecrets": ripsecrets, "detect-secrets": detect_secrets, "sos": sos}


def head_of(work, file, megabytes):
    """The first lines of `file`."""
    if file.stat().st_size <= megabytes * MB:
        return file
    sample = work.data / f"{file.stem}-head-{megabytes}.log"
    with file.open("rb") as log:
        text = log.read(megabytes * MB)
    sample.write_bytes(text[: text.rindex(b"\n") + 1])
    return sample


def keyword_file(work):
    """Every keyword of the built-in rules."""
    words = set()
    for rules in (ROOT / "redaction-rules").glob("*.toml"):
        for rule in tomllib.loads(rules.read_text())["rules"]:
            words.update(rule.get("keywords", []))
    path = work.data / "keywords"
    path.write_text("\n".join(sorted(words)) + "\n")
    return path


def redact(work, _peers, report):
    for kind in ("access", "mixed", "har"):
        file = work.text(kind, work.text_megabytes)
        size = file.stat().st_size
        what = "har" if kind == "har" else "text"
        programs = {
            "redact": work.redact(file, what),
            "engine, both passes": work.engine(file, what, "twice"),
            "engine": work.engine(file, what, "once"),
        }
        got = measure.rounds(work.runs, programs)
        for name, run in got.items():
            report.figure(f"{name}, {kind}", size, run)
        one = ratio(cpu(got, "redact"), cpu(got, "engine"))
        note = f"of one pass: {one:.2f}" if one else ""
        both = ratio(cpu(got, "redact"), cpu(got, "engine, both passes"))
        report.at_most(f"redact / engine (both passes), CPU, {kind}", 1.15, both, note=note)
    start(work, report)


def start(work, report):
    """What a run costs before it does anything."""
    tiny = work.data / "tiny.log"
    tiny.write_text("2026-11-23 10:15:00 INFO started, password=correct-horse-battery from 93.184.216.34\n")
    programs = {
        "casefile --version": lambda: measure.run([work.casefile, "--version"]),
        "casefile --help": lambda: measure.run([work.casefile, "--help"]),
        "redact of one line": work.redact(tiny),
    }
    for name, run in measure.rounds(work.runs, programs).items():
        report.figure(name, None, run)


def distinct(work, _peers, report):
    few, many = 200, 200_000
    for what in ("ips", "users", "tokens"):
        files = {n: work.text(f"{what}-{n}", work.text_megabytes) for n in (few, many)}
        got = measure.rounds(work.runs, {f"redact, {n} {what}": work.redact(file) for n, file in files.items()})
        for name, run in got.items():
            report.figure(name, files[few].stat().st_size, run)
        times = ratio(cpu(got, f"redact, {many} {what}"), cpu(got, f"redact, {few} {what}"))
        report.at_most(f"redact of {many:,} different {what} / of {few}, CPU", 1.5, times)


def cpu(runs, name):
    return runs[name].cpu if name in runs else None
