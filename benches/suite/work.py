"""The programs under test and the data they read; both are made when they are first needed."""

import shutil
import subprocess
import zipfile
from pathlib import Path

from . import measure
from .peers import ROOT

MB = 1_000_000


class Work:
    def __init__(self, data, programs, megabytes, runs, quick):
        self.data = data
        self.programs = programs
        # What stands for 1 GB, and the size of the texts that the engine is measured on.
        self.megabytes = megabytes
        self.text_megabytes = megabytes if quick else max(megabytes // 10, 2)
        self.runs = runs
        self.quick = quick
        data.mkdir(parents=True, exist_ok=True)

    # Programs

    @property
    def casefile(self):
        return self.programs / "casefile"

    def example(self, name):
        return self.programs / "examples" / name

    def redact(self, file, kind="text"):
        flags = [] if kind == "text" else ["--type", kind]
        return lambda: measure.run([self.casefile, "redact", file, "--no-host", *flags])

    def engine(self, file, *how):
        """The engine's own CPU seconds, and what it wrote."""

        def once():
            run = measure.run([self.example("bench_engine"), file, *how], keep=True)
            _, cpu, written = run.out.split()
            return measure.Run(run.wall, float(cpu), run.peak, written)

        return once

    def collect(self, folder, bundle):
        # Without limits all of it is taken, and at normal priority, as what it is compared with.
        profile = self.data / "all.toml"
        profile.write_text('name = "all"\n[limits]\nfile = "100GiB"\ntotal = "100GiB"\n')

        def once():
            bundle.unlink(missing_ok=True)
            run = measure.run(
                [self.casefile, "collect", "--from", folder, "--no-host", "--yes", "--full-speed", "--profile", profile]
                + ["--output", bundle.parent, "--bundle-name", bundle.name.removesuffix(".casefile.zip")]
            )
            whole(folder, bundle)
            return run

        return once

    def bundle(self, name):
        folder = self.data / "bundles"
        folder.mkdir(exist_ok=True)
        return folder / f"{name}.casefile.zip"

    # Data

    def text(self, kind, megabytes):
        """A file with that much text of `kind`; it stays for the next run."""
        file = self.data / f"{kind}-{megabytes}.{ {'har': 'har', 'ndjson': 'ndjson'}.get(kind, 'log')}"
        if not file.exists():
            self.make("text", kind, str(megabytes), "1", file)
        return file

    def folder_of(self, file):
        """A folder with this one file, which takes no more space."""
        folder = self.data / f"one-{file.stem}"
        if not folder.exists():
            folder.mkdir()
            (folder / file.name).hardlink_to(file)
        return folder

    def tree(self, files, size):
        folder = self.data / f"tree-{files}-{size}"
        if not folder.exists():
            self.make("tree", str(files), str(size), folder)
        return folder

    def make(self, *arguments):
        target = Path(arguments[-1])
        partial = target.with_name(target.name + ".partial")
        remove(partial)
        print(f"  making {target.name}", flush=True)
        subprocess.run([self.example("bench_data"), *map(str, arguments[:-1]), str(partial)], check=True)
        partial.rename(target)


def remove(path):
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def whole(folder, bundle):
    """Fails where the bundle holds less than it was given, about: what was left out costs nothing."""
    given = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    with zipfile.ZipFile(bundle) as packed:
        held = sum(entry.file_size for entry in packed.infolist() if "/data/" in entry.filename)
    if held < 0.95 * given:
        raise measure.Failed(f"the bundle holds {held} of {given} bytes")


def build(target):
    """Builds what is measured, as it is released, and gives the folder that it stands in."""
    parts = ["--bin", "casefile", "--example", "bench_engine", "--example", "bench_data"]
    subprocess.run(["cargo", "build", "--release", "--locked", *parts], cwd=ROOT, check=True)
    return target / "release"
