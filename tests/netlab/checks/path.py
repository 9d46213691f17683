"""Paths: hops and times, where packets stop, the largest packet, loss, and machines without a way out."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lab import TRUTH, codes, probe, rest, say, target  # noqa: E402

SERVER = TRUTH["paths"]["server"]
LEAVES = TRUTH["same_path_other_leaf"]
UNREACHABLE = TRUTH["unreachable"]
FAMILIES = ("v4", "v6")


def path(report):
    return report["targets"][0]["path"]["paths"][0]


def hops_and_times():
    for way, within_ms in (("udp", 3), ("tcp", 6)):
        for family in FAMILIES:
            report = probe(target(SERVER[family]), "--only", "path", "--trace-by", way)
            trace, name = path(report)["traces"][0], f"{way} {family}"
            say(trace["stop"] == "arrived" and trace["arrived_ttl"] == 6, f"{name}: it arrives at hop 6")
            seen = {hop["ttl"]: hop for hop in trace["hops"]}
            for truth in SERVER["hops"]:
                routers = seen[truth["ttl"]]["routers"] if truth["ttl"] in seen else []
                if truth.get("silent"):
                    say(routers == [], f"{name}: hop {truth['ttl']} is silent")
                    continue
                say(routers != [] and all(r["address"] in truth[family] for r in routers),
                    f"{name}: hop {truth['ttl']} is {truth[family]}")
                off = [min(abs(r["rtt_us"][1] / 1000 - ms) for ms in truth["rtt_ms"]) for r in routers]
                say(all(ms <= within_ms for ms in off), f"{name}: hop {truth['ttl']} is off by {off} ms, {within_ms} at most")
            say("path.silent-hop" in codes(report, "fine"), f"{name}: the silent hop is no fault")
            say(codes(report, "problem") == [], f"{name}: nothing is wrong: {codes(report)}")
            rest()


def endings():
    fw = LEAVES["fw"]
    for family in FAMILIES:
        report = probe(target(fw[family]), "--only", "path")
        say(path(report)["traces"][0]["stop"] == "arrived", f"a firewalled server is reached by TCP, {family}")
        say(codes(report, "problem") == [], f"and is no problem: {codes(report)}")
        rest()
    for name, code in (("host_unreachable_from_r5", "path.unreachable"), ("admin_prohibited_from_r5", "path.prohibited"),
                       ("loop_r4_r5", "path.loop"), ("dropped_at_r2", "path.stops"), ("no_route_at_r2", "path.unreachable")):
        for family in FAMILIES:
            report = probe(target(UNREACHABLE[name][family]), "--only", "path,mtu,loss")
            found = codes(report, "problem")
            say(found == [code], f"{name}, {family}: {found}, expected {code}")
            if name == "dropped_at_r2":
                last = path(report)["traces"][0]["hops"][-1]["ttl"]
                say(last == UNREACHABLE[name]["last_answer_ttl"], f"the last answer is from hop {last}")
            rest()


def largest_packet():
    for family in FAMILIES:
        mtu, hole = LEAVES["mtu"], LEAVES["blackhole"]
        report = probe(target(mtu[family]), "--only", "mtu")
        found = path(report)["mtu"]
        say((found["verdict"], found["passes"]) == ("told", mtu["path_mtu"]), f"path MTU, {family}: {found['passes']}, {found['verdict']}")
        rest()
        report = probe(target(hole[family]), "--only", "mtu")
        found = path(report)["mtu"]
        say((found["verdict"], found["passes"]) == ("black_hole", hole["path_mtu"]), f"black hole, {family}: {found['passes']}, {found['verdict']}")
        say(codes(report, "problem") == ["path.mtu-black-hole"], f"which is a problem: {codes(report)}")
        report = probe(target(SERVER[family]), "--only", "mtu")
        say(path(report)["mtu"]["passes"] == 1500 and codes(report, "problem") == [], f"1500 bytes reach the server, {family}")


def loss():
    runs = int(os.environ.get("LOSS_RUNS", "20"))
    lossy = LEAVES["lossy"]
    seen = []
    for run in range(runs):
        report = probe(target(lossy[FAMILIES[run % 2]]), "--only", "loss")
        seen.append(path(report)["loss"]["percent"])
    right = [percent for percent in seen if 12 <= percent <= 28]
    say(len(right) * 20 >= runs * 19, f"20 % loss is seen as {sorted(seen)}: {len(right)} of {runs} within 12 and 28")
    say(codes(report) == ["path.loss"], f"it is a problem: {codes(report)}")
    report = probe(target(SERVER["v4"]), "--only", "loss")
    say(codes(report, "problem") == [] and path(report)["loss"]["percent"] < 1, "and none on the healthy server")
    rest()
    report = probe(target(lossy["v4"]), "--only", "path,loss")
    say(all("hop 5" not in f["sentence"] or f["severity"] == "fine" or "between" in f["sentence"] for f in report["findings"]),
        "no hop is blamed for answering seldom")


def by_icmp():
    client = os.environ.get("NETLAB_ID", "nl") + "-client"
    allow = lambda groups: subprocess.run(  # noqa: E731
        ["ip", "netns", "exec", client, "sh", "-c", f"echo '{groups}' > /proc/sys/net/ipv4/ping_group_range"], check=True)
    allow("1 0")
    report = probe(target(SERVER["v4"]), "--only", "path", "--trace-by", "icmp")
    say(codes(report) == ["path.not-supported"], f"where ICMP is not allowed, it says so: {codes(report)}")
    allow("0 2147483647")
    for family in FAMILIES:
        report = probe(target(SERVER[family]), "--only", "path", "--trace-by", "icmp")
        trace = path(report)["traces"][0]
        seen = [hop["ttl"] for hop in trace["hops"] if hop["routers"]]
        say((trace["stop"], seen) == ("arrived", [1, 2, 3, 5, 6]), f"where it is allowed, hops {seen} are seen, {family}")
        rest()
    allow("1 0")


def without_a_way_out():
    inside = os.environ.get("NETLAB_ID", "nl") + "-empty"
    subprocess.run(["ip", "netns", "add", inside], check=True)
    try:
        subprocess.run(["ip", "-n", inside, "link", "set", "lo", "up"], check=True)
        for address in (SERVER["v4"], SERVER["v6"]):
            report = probe(target(address), "--only", "path,mtu,loss", inside=inside)
            say(codes(report) == ["path.no-route"], f"no route to {address}: {codes(report)}")
        subprocess.run(["ip", "netns", "exec", inside, "sh", "-c",
                        "for f in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 > $f; done"], check=True)
        report = probe(target(SERVER["v6"]), "--only", "path", inside=inside)
        say(codes(report) == ["path.no-route"], f"no IPv6 at all: {codes(report)}")
    finally:
        subprocess.run(["ip", "netns", "del", inside], check=True)


hops_and_times()
endings()
largest_packet()
loss()
by_icmp()
without_a_way_out()
