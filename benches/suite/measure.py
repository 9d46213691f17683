"""Runs programs and measures them: wall, CPU (user and system, children included) and the most memory held."""

import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass


class Failed(Exception):
    """A program ended as it should not have; its figures are not to be trusted."""


@dataclass
class Run:
    wall: float  # seconds
    cpu: float  # seconds
    peak: int  # bytes
    out: str = ""  # what it printed on stdout, where that was asked for


def run(command, accept=(0,), keep=False, cwd=None):
    """Runs `command`, whose stdout is kept or thrown away, and fails where its exit code is not one of `accept`."""
    with tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        child = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output if keep else subprocess.DEVNULL,
            stderr=errors,
            cwd=cwd,
        )
        try:
            _, status, usage = os.wait4(child.pid, 0)
        except BaseException:
            child.kill()
            raise
        wall = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in accept:
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip().splitlines()[-3:]
            raise Failed(f"{os.path.basename(str(command[0]))} ended with {child.returncode}: {' / '.join(said)}")
        output.seek(0)
        text = output.read().decode(errors="replace") if keep else ""
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, text)


def rounds(times, programs):
    """Runs all of `programs` (name -> function that gives a Run) one after the other, `times` times, so that a machine that
    slows down slows all of them down. Gives name -> Run of medians; what fails is left out, with a line that says why."""
    runs = {name: [] for name in programs}
    failed = {}
    for _ in range(times):
        for name, program in programs.items():
            if name in failed:
                continue
            try:
                runs[name].append(program())
            except Failed as failure:
                failed[name] = str(failure)
    for name, why in failed.items():
        print(f"  left out: {name}: {why}", flush=True)
    return {name: medians(these) for name, these in runs.items() if name not in failed}


def medians(runs):
    middle = statistics.median
    peak = max(run.peak for run in runs)
    return Run(middle(run.wall for run in runs), middle(run.cpu for run in runs), peak, runs[-1].out)
