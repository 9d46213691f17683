"""Names, connections, certificates, web answers and clocks: every fault of the lab's tables by its name, three runs each;
no problem on a healthy server in twenty runs; and a machine without a way out."""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lab import TRUTH, codes, netlab, probe, say  # noqa: E402

RUNS = 3
HEALTHY_RUNS = 20
SERVICES = "dns,tcp,tls,http,clock"
# The lab's own authority is trusted, as a company's is on its machines.
os.environ["SSL_CERT_FILE"] = netlab("dir").strip() + "/ca.pem"
for name in list(os.environ):
    if name.lower().endswith("_proxy"):
        del os.environ[name]

# What each target's findings must be: of severity "problem", and others that must be among the notices.
FAULTS = {
    "dns": {
        "servfail.lab.test": (["dns.server-failure"], []),
        "refused.lab.test": (["dns.refused"], []),
        "nx.lab.test": (["dns.no-such-name"], []),
        "nodata.lab.test": (["dns.no-address"], []),
        "timeout.lab.test": (["dns.no-answer"], []),
        "slow.lab.test": ([], ["dns.slow"]),
        "trunc.lab.test": ([], ["dns.truncated"]),
        "wrongid.lab.test": (["dns.answers-do-not-match"], []),
        "loop1.lab.test": (["dns.alias-loop"], []),
        "elsewhere.example": (["dns.refused"], []),
    },
    "dns,tcp": {
        "badv6.lab.test": (["tcp.ipv6-broken"], []),
        "multi.lab.test": (["tcp.address-dead"], []),
        "v4only.lab.test": ([], []),
        "v6only.lab.test": ([], []),
        "tcp://server.lab.test:81": (["tcp.refused"], []),
        "tcp://%s:80" % TRUTH["unreachable"]["dropped_at_r2"]["v4"]: (["tcp.no-answer"], []),
        "tcp://%s:80" % TRUTH["unreachable"]["no_route_at_r2"]["v4"]: (["tcp.unreachable"], []),
    },
    "dns,tcp,tls": {
        "expired.lab.test": (["tls.expired"], []),
        "notyet.lab.test": (["tls.not-yet-valid"], []),
        "wronghost.lab.test": (["tls.wrong-name"], []),
        # Without its issuer's certificate, one of an unknown authority and one whose intermediate is missing look alike.
        "untrusted.lab.test": (["tls.issuer-unknown"], []),
        "nochain.lab.test": (["tls.issuer-unknown"], []),
        "selfsigned.lab.test": (["tls.self-signed"], []),
        "tls12.lab.test": ([], ["tls.only-1.2"]),
        "rst.lab.test": (["tls.handshake-refused"], []),
        "blackhole.lab.test": (["tls.no-answer"], []),
        "tls://server.lab.test:80": (["tls.not-tls"], []),
    },
    "dns,tcp,http": {
        "http://server.lab.test/500": (["http.server-error"], []),
        "http://server.lab.test/hang": (["http.no-answer"], []),
        "http://server.lab.test/reset": (["http.reset"], []),
        "http://server.lab.test/short": (["http.cut-short"], []),
        "http://server.lab.test/slow": ([], ["http.slow"]),
        "http://server.lab.test/redirect": ([], []),
        "http://server.lab.test/big": ([], []),
        "http://blackhole.lab.test/big": (["http.stalls"], []),
        "http://fw.lab.test": ([], []),
    },
    "clock": {
        "ntp://ntp.lab.test": ([], []),
        "ntp://ntpskew.lab.test": (["clock.differs"], []),
        "ntp://fw.lab.test": (["clock.no-answer"], []),
    },
}


def of(report, severity):
    """Codes by the target that they are about."""
    found = {}
    for finding in report["findings"]:
        if finding["severity"] == severity:
            found.setdefault(finding["target"], []).append(finding["code"])
    return found


def faults():
    for kinds, targets in FAULTS.items():
        for run in range(1, RUNS + 1):
            # Side by side: each target is asked by itself.
            report = probe(*targets, "--only", kinds, "--timeout", "20s")
            problems, notices = of(report, "problem"), of(report, "notice")
            for asked, made in zip(targets, report["targets"]):
                wanted, among = targets[asked]
                found = problems.get(made["name"], [])
                others = notices.get(made["name"], [])
                good = found == wanted and all(code in others for code in among)
                say(good, f"{asked}, run {run}: {found + [c for c in others if c in among]}, expected {wanted + among}")
            say(all(f["evidence"] for f in report["findings"]), f"{kinds}, run {run}: each finding names its evidence")


def healthy():
    targets = ["https://good.lab.test", "https://www.lab.test", "http://server.lab.test", "http://v4only.lab.test",
               "ntp://ntp.lab.test"]
    times = []
    for run in range(1, HEALTHY_RUNS + 1):
        began = time.monotonic()
        report = probe(*targets, "--only", SERVICES)
        times.append(time.monotonic() - began)
        say(codes(report, "problem") == [], f"healthy, run {run}: {codes(report, 'problem')}")
    say(True, f"a healthy set of {len(targets)} targets takes {sorted(times)[len(times) // 2]:.2f} s (median)")


def the_path_beside_it():
    report = probe("https://good.lab.test")
    say(codes(report, "problem") == [], f"all kinds at a healthy server: {codes(report, 'problem')}")
    say(report["duration_us"] < 20_000_000, f"within its 20 s: {report['duration_us'] / 1e6:.1f} s")
    report = probe("https://blackhole.lab.test", "--timeout", "20s")
    found = codes(report, "problem")
    say("tls.no-answer" in found, f"where large packets vanish, TLS stalls: {found}")


def proxies():
    # Nothing listens there: programs that use it fail, and the direct way works.
    os.environ["HTTPS_PROXY"] = "http://anna:hunter2@%s:3128" % TRUTH["paths"]["server"]["v4"]
    report = probe("https://good.lab.test", "--only", "dns,tcp,http,system")
    del os.environ["HTTPS_PROXY"]
    say(codes(report, "problem") == ["http.proxy-fails"], f"a proxy that is not there: {codes(report, 'problem')}")
    say("hunter2" not in str(report), "the proxy's password is nowhere")


def without_a_way_out():
    name = os.environ.get("NETLAB_ID", "nl") + "-bare"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        for v6 in ("0", "1"):
            subprocess.run(["ip", "netns", "exec", name, "sysctl", "-qw", f"net.ipv6.conf.all.disable_ipv6={v6}"], check=False)
            began = time.monotonic()
            report = probe("https://192.0.2.1", "https://[2001:db8::1]", "--timeout", "10s", inside=name)
            took = time.monotonic() - began
            found = codes(report, "problem")
            words = "no route" + ("" if v6 == "0" else " and no IPv6")
            say("system.no-way-out" in found and found.count("tcp.no-route") == 2, f"{words}: {found}")
            say(took < 11, f"{words}: it takes {took:.1f} s")
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)


faults()
healthy()
the_path_beside_it()
proxies()
without_a_way_out()
