"""What is to hold, what was measured, and whether it holds."""

from dataclasses import dataclass


@dataclass
class Bar:
    what: str
    bar: float
    at_least: bool
    figure: float | None  # nothing where something that it needs is missing
    unit: str = ""
    note: str = ""

    @property
    def holds(self):
        if self.figure is None:
            return None
        return self.figure >= self.bar if self.at_least else self.figure <= self.bar

    def cells(self):
        sign = ">=" if self.at_least else "<="
        figure = "-" if self.figure is None else number(self.figure) + self.unit
        word = {None: "not measured", True: "yes", False: "**no**"}[self.holds]
        return [self.what, f"{sign} {number(self.bar)}{self.unit}", figure, word, self.note]


class Report:
    """Bars in the order of the measurements, and the figures that they come from."""

    def __init__(self):
        self.bars = []
        self.figures = []

    def at_least(self, what, bar, figure, unit="", note=""):
        self.add(Bar(what, bar, True, figure, unit, note))

    def at_most(self, what, bar, figure, unit="", note=""):
        self.add(Bar(what, bar, False, figure, unit, note))

    def add(self, bar):
        self.bars.append(bar)
        what, limit, figure, holds, note = bar.cells()
        print(f"  {what}: {figure} (bar {limit}): {holds.strip('*')}{'; ' + note if note else ''}", flush=True)

    def figure(self, what, size, run):
        """`size` in bytes of what was read, None where a speed says nothing."""
        self.figures.append((what, size, run))
        speed = f", {size / 1e6 / run.cpu:.1f} MB per CPU second" if size and run.cpu else ""
        print(f"  {what}: {run.wall:.2f} s wall, {run.cpu:.2f} s CPU, {mib(run.peak)}{speed}", flush=True)

    def markdown(self):
        lines = table(["what must hold", "bar", "measured", "holds", "note"], [bar.cells() for bar in self.bars])
        rows = [
            [
                what,
                f"{size / 1e6:.0f}" if size else "",
                f"{run.wall:.2f}",
                f"{run.cpu:.2f}",
                f"{size / 1e6 / run.cpu:.1f}" if size and run.cpu else "",
                mib(run.peak),
            ]
            for what, size, run in self.figures
        ]
        head = ["run", "MB", "wall s", "CPU s", "MB per CPU s", "peak memory"]
        return "\n".join(lines) + "\n\n" + "\n".join(table(head, rows)) + "\n"


def table(head, rows):
    line = lambda cells: "| " + " | ".join(cells) + " |"
    return [line(head), line(["---"] * len(head))] + [line(row) for row in rows]


def number(value):
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def mib(size):
    return f"{size / (1 << 20):.0f} MiB"


def ratio(over, under):
    """One by the other; nothing where one of them was not measured."""
    return None if over is None or not under else over / under
