//! The strategy and its diagnosis, held against every network in `fixtures/networks/`.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::report::{MtuVerdict, PathReport, PathTo, Stop};
use super::simulation::{Fixture, Simulation};
use super::{Destination, PathOptions, PathWishes, findings, one_trace, path_to};
use crate::platform::sockets::Protocol;
use crate::probe::finding::{Finding, Severity};

fn fixtures() -> Vec<(String, Fixture)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/networks");
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("there are fixtures").map(|e| e.expect("readable").path()).collect();
    files.sort();
    let read = |path: &std::path::PathBuf| {
        let text = fs::read_to_string(path).expect("readable");
        let name = path.file_stem().expect("it has a name").to_string_lossy().into_owned();
        let fixture = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, fixture)
    };
    files.iter().map(read).collect()
}

fn fixture(name: &str) -> Fixture {
    fixtures().into_iter().find(|(known, _)| known == name).expect("there is one").1
}

fn everything() -> PathWishes {
    PathWishes { hops: true, mtu: true, loss: true, protocol: None, one_flow: false }
}

fn walk(fixture: &Fixture, seed: u64) -> PathTo {
    let destination = Destination { addresses: vec![fixture.to], port: 443, takes_connections: fixture.service };
    path_to(fixture.to, &destination, &everything(), Duration::from_secs(20), &mut Simulation::new(fixture, seed))
}

fn codes(findings: &[Finding], fine: bool) -> Vec<&'static str> {
    findings.iter().filter(|f| (f.severity == Severity::Fine) == fine).map(|f| f.code).collect()
}

#[test]
fn every_network_is_read_as_it_is() {
    for (name, fixture) in fixtures() {
        let expect = &fixture.expect;
        for seed in 1..=5 {
            let path = walk(&fixture, seed);
            let trace = path.traces.last().expect("a trace was asked for");
            let name = format!("{name}, seed {seed}");
            assert_eq!(trace.stop, expect.stop, "{name}");
            if let Some(hops) = expect.hops {
                assert_eq!(trace.arrived_ttl, Some(hops), "{name}");
            }
            let within = u64::from(expect.within_ms as u32) * 1000;
            assert!(trace.took_us <= within, "{name}: {} us, not {within}", trace.took_us);
            if let Some(verdict) = expect.verdict() {
                let mtu = path.mtu.as_ref().expect("it was measured");
                assert_eq!((mtu.verdict, mtu.passes), (verdict, expect.mtu), "{name}: {mtu:#?}");
            }
            let report = PathReport { paths: vec![path] };
            let findings = findings(&report);
            assert_eq!(codes(&findings, false), expect.findings, "{name}: {findings:#?}");
            for code in &expect.fine {
                assert!(codes(&findings, true).contains(&code.as_str()), "{name}: no {code} in {findings:#?}");
            }
            for finding in findings {
                assert!(!finding.evidence.is_empty(), "{name}: {finding:?}");
                assert!(finding.sentence.chars().all(|c| !c.is_control()), "{name}: {finding:?}");
            }
        }
    }
}

#[test]
fn the_destination_sees_a_handful_of_probes_and_no_hop_more_than_three() {
    for (name, fixture) in fixtures() {
        let Some(most) = fixture.expect.at_most_at_the_destination else { continue };
        for protocol in [Protocol::Udp, Protocol::Tcp] {
            let mut network = Simulation::new(&fixture, 1);
            let trace = one_trace(fixture.to, &PathOptions::new(protocol), 0, &mut network);
            assert!(network.arrived <= most, "{name}: {} over {protocol:?}", network.arrived);
            assert!(trace.hops.iter().all(|hop| hop.sent <= 3), "{name}");
        }
    }
}

#[test]
fn one_flow_sees_one_path_and_several_see_its_parallels() {
    let healthy = fixture("healthy");
    let routers = |one_flow| {
        let options = PathOptions { one_flow, ..PathOptions::new(Protocol::Udp) };
        let trace = one_trace(healthy.to, &options, 0, &mut Simulation::new(&healthy, 1));
        trace.hops[2].routers.len()
    };
    assert_eq!((routers(true), routers(false)), (1, 2));
}

#[test]
fn times_are_those_of_the_network() {
    let healthy = fixture("healthy");
    let path = walk(&healthy, 1);
    let medians: Vec<u64> =
        path.traces[0].hops.iter().filter_map(|hop| hop.routers.first()).map(|r| r.rtt_us[1] / 1000).collect();
    assert_eq!(medians, [1, 11, 17, 41, 43]);
    assert_eq!(path.traces[0].hops[4].routers[0].hops_back, Some(5));
}

#[test]
fn what_is_quoted_too_little_of_is_found_by_its_sender() {
    let path = walk(&fixture("little-quoted"), 1);
    let first = path.traces[0].probes.iter().find(|probe| probe.ttl == 2 && probe.flow == 0).expect("it was sent");
    assert!(first.reply.as_ref().is_some_and(|reply| reply.inferred), "{first:?}");
    assert!(path.traces[0].hops.iter().all(|hop| hop.answered == 3), "{:#?}", path.traces[0].hops);
}

#[test]
fn a_loss_of_a_fifth_is_seen_as_one_and_no_hop_is_blamed() {
    let lossy = fixture("loss-20");
    let mut right = 0;
    for seed in 1..=100 {
        let path = walk(&lossy, seed);
        let loss = path.loss.as_ref().expect("it was measured");
        right += usize::from((12.0..=28.0).contains(&loss.percent));
        let report = PathReport { paths: vec![path] };
        assert!(findings(&report).iter().all(|f| f.code != "path.stops" && f.code != "path.mtu-black-hole"));
    }
    assert!(right >= 95, "{right} of 100 runs");
}

#[test]
fn a_healthy_path_has_no_problem_however_often_it_is_asked() {
    let mut healthy = fixture("healthy");
    for loss in [0.0, 0.002] {
        healthy.hops[4].loss = loss;
        for seed in 1..=100 {
            let report = PathReport { paths: vec![walk(&healthy, seed)] };
            let problems: Vec<_> = findings(&report).into_iter().filter(|f| f.severity == Severity::Problem).collect();
            assert!(problems.is_empty(), "seed {seed}: {problems:#?}");
        }
    }
}

#[test]
fn no_limit_of_a_router_or_server_makes_a_black_hole() {
    let mut limited = fixture("mtu-told");
    for at_once in 1..=6 {
        limited.hops[4].limit = Some([at_once.into(), 1.0]);
        limited.destination.limit = Some([at_once.into(), 1.0]);
        let mtu = walk(&limited, 1).mtu.expect("it was measured");
        assert_ne!(mtu.verdict, MtuVerdict::BlackHole, "{at_once} at once: {mtu:#?}");
    }
}

#[test]
fn little_time_is_kept_to() {
    let dropped = fixture("dropped");
    let destination = Destination { addresses: vec![dropped.to], port: 443, takes_connections: true };
    let mut network = Simulation::new(&dropped, 1);
    let time = Duration::from_secs(1);
    let path = path_to(dropped.to, &destination, &everything(), time, &mut network);
    assert_eq!(path.traces.len(), 1);
    assert_eq!((path.traces[0].stop, path.mtu, path.loss), (Stop::GaveUp, None, None));
    assert!(path.traces[0].took_us <= 1_200_000, "{}", path.traces[0].took_us);
}
