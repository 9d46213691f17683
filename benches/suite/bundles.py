"""`collect` and `verify` beside compressors, archivers and digests."""

import shutil
import subprocess

from . import measure
from .bars import ratio
from .work import remove

ZLIB_NG = """
import sys
from zlib_ng import zlib_ng
deflate = zlib_ng.compressobj(2)
size = 0
with open(sys.argv[1], 'rb') as log:
    while block := log.read(1 << 20):
        size += len(deflate.compress(block))
print(size + len(deflate.flush()))
"""


def collect(work, peers, report):
    file = work.text("mixed", work.megabytes)
    size = file.stat().st_size
    bundle = work.bundle("one")
    programs = {
        "collect": work.collect(work.folder_of(file), bundle),
        "our deflate alone": work.engine(file, "deflate"),
    }
    packed = work.data / "pigz.gz"
    if "pigz" in peers:
        programs["pigz -p2 -6"] = lambda: shell(f"pigz -p2 -6 -c {file} > {packed}")
    if "zlib-ng" in peers:
        programs["zlib-ng 2"] = lambda: measure.run([peers["zlib-ng"], "-c", ZLIB_NG, file], keep=True)
    got = measure.rounds(work.runs, programs)
    for name, run in got.items():
        report.figure(f"{name}, {work.megabytes} MB mixed", size, run)
    collected, pigz, deflate, ng = (got.get(name) for name in ("collect", "pigz -p2 -6", "our deflate alone", "zlib-ng 2"))
    by_cpu = ratio(collected and collected.cpu, pigz and pigz.cpu)
    note = f"by CPU {by_cpu:.2f}" if by_cpu else ""
    report.at_most("collect / pigz -p2 -6, wall", 0.6, ratio(collected and collected.wall, pigz and pigz.wall), note=note)
    sizes = ratio(bundle.stat().st_size, packed.stat().st_size) if collected and pigz else None
    report.at_most("bundle / pigz -6, bytes", 1.15, sizes)
    rest = collected.cpu - deflate.cpu if collected and deflate else None
    report.at_most("collect without deflate / zlib-ng 2, CPU", 0.8, ratio(rest, ng and ng.cpu))
    remove(packed)


def shapes(work, peers, report):
    """The same bytes in one file and in many; a tree of tiny files."""
    file = work.text("mixed", work.megabytes)
    many = work.data / f"many-{work.megabytes}"
    split(file, many, work.megabytes)
    programs = {
        "one file": work.collect(work.folder_of(file), work.bundle("one")),
        f"{work.megabytes} files": work.collect(many, work.bundle("many")),
    }
    got = measure.rounds(work.runs, programs)
    for name, run in got.items():
        report.figure(f"collect, {name}", file.stat().st_size, run)
    one, files = got.get("one file"), got.get(f"{work.megabytes} files")
    by_cpu = ratio(one and one.cpu, files and files.cpu)
    note = f"by CPU {by_cpu:.2f}" if by_cpu else ""
    report.at_most("collect of one file / of 1 MB files, wall", 1.10, ratio(one and one.wall, files and files.wall), note=note)

    count = 100 * work.megabytes
    tree = work.tree(count, 1000)
    packed = work.data / "tree.zip"
    programs = {"collect": work.collect(tree, work.bundle("tree"))}
    if "zip" in peers:
        def zipped():
            remove(packed)
            return measure.run(["zip", "-r", "-q", "-1", packed, tree.name], cwd=tree.parent)

        programs["zip -r -1"] = zipped
    got = measure.rounds(work.runs, programs)
    for name, run in got.items():
        report.figure(f"{name}, {count:,} files of 1 KB", None, run)
    ours, theirs = got.get("collect"), got.get("zip -r -1")
    by_cpu = ratio(ours and ours.cpu, theirs and theirs.cpu)
    note = f"by CPU {by_cpu:.2f}" if by_cpu else ""
    what = f"collect / zip -r -1, wall, {count:,} files of 1 KB"
    report.at_most(what, 2, ratio(ours and ours.wall, theirs and theirs.wall), note=note)
    report.at_most(f"peak memory, {count:,} files", 128, ours and ours.peak / (1 << 20), " MiB")
    remove(packed)
    remove(many)


def memory(work, _peers, report):
    """Ten times as much, once: the same text again and again, further apart than any window of deflate."""
    file = work.text("mixed", work.megabytes)
    ten = 10 * work.megabytes
    got = measure.rounds(1, {"once": work.collect(work.folder_of(file), work.bundle("one"))})
    base = got.get("once")
    for shape in ("one file", f"{ten:,} files"):
        folder = work.data / "ten-times"
        remove(folder)
        if shape == "one file":
            folder.mkdir()
            with (folder / "all.log").open("wb") as out:
                for _ in range(10):
                    with file.open("rb") as text:
                        shutil.copyfileobj(text, out, 4 << 20)
        else:
            for n in range(10):
                split(file, folder / str(n), work.megabytes)
        got = measure.rounds(1, {"ten times": work.collect(folder, work.bundle("ten"))})
        run = got.get("ten times")
        if run:
            report.figure(f"collect, {ten:,} MB in {shape}", 10 * file.stat().st_size, run)
        report.at_most(f"peak memory, {ten:,} MB in {shape}", 96, run and run.peak / (1 << 20), " MiB")
        by_cpu = ratio(run and run.cpu / 10, base and base.cpu)
        note = f"by CPU {by_cpu:.2f}, one run" if by_cpu else ""
        cost = ratio(run and run.wall / 10, base and base.wall)
        report.at_most(f"wall a GB, {ten:,} MB in {shape} / {work.megabytes} MB", 1.10, cost, note=note)
        remove(folder)
        remove(work.bundle("ten"))


def verify(work, peers, report):
    file = work.text("mixed", work.megabytes)
    bundle = work.bundle("one")
    if not bundle.exists():
        measure.rounds(1, {"collect": work.collect(work.folder_of(file), bundle)})
    plain = work.data / "unzipped"
    remove(plain)
    # 1: the checklist is not met, because nobody gave the facts of a case.
    programs = {"verify": lambda: measure.run([work.casefile, "verify", bundle], accept=(0, 1))}
    bare = [work.casefile, "verify", "--no-scan", bundle]
    programs["verify, digests only"] = lambda: measure.run(bare, accept=(0, 1))
    if not bundle.exists():
        return
    if "unzip" in peers:
        subprocess.run(["unzip", "-q", bundle, "-d", plain], check=True)
        programs["unzip -t"] = lambda: measure.run(["unzip", "-tqq", bundle])
        programs["sha256sum"] = lambda: measure.run(["find", plain, "-type", "f", "-exec", "sha256sum", "{}", "+"])
    got = measure.rounds(work.runs, programs)
    for name, run in got.items():
        report.figure(f"{name}, bundle of {work.megabytes} MB", file.stat().st_size, run)
    unzip, digests = got.get("unzip -t"), got.get("sha256sum")
    theirs = unzip.wall + digests.wall if unzip and digests else None
    digests_only, whole = got.get("verify, digests only"), got.get("verify")
    report.at_most("verify, digests only / unzip -t + sha256sum, wall", 0.35, ratio(digests_only and digests_only.wall, theirs))
    report.at_most("verify with leak scan / unzip -t + sha256sum, wall", 0.6, ratio(whole and whole.wall, theirs))
    remove(plain)


def shell(command):
    return measure.run(["bash", "-c", f"set -e; {command}"])


def split(file, folder, parts):
    """`file` in so many files of whole lines."""
    if folder.exists():
        return
    folder.mkdir(parents=True)
    subprocess.run(["split", "-n", f"l/{parts}", "-a", "5", "-d", file, f"{folder}/part-"], check=True)
    for part in folder.iterdir():
        part.rename(part.with_suffix(".log"))
