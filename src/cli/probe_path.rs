//! A path for people: a table of hops with a bar for the time, and the flags that say how it is traced.

use std::io::{self, Write};

use crate::platform::sockets::Protocol as Way;
use crate::probe::ProbeReport;
use crate::probe::path::{
    self, Hop, LossVerdict, Meaning, MtuVerdict, PathReport, PathTo, Protocol, Router, Stop, Trace,
};

/// How paths are traced.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct PathFlags {
    /// Trace paths by udp, tcp or icmp, and no other way
    #[arg(long, value_name = "WAY", help_heading = "Paths")]
    trace_by: Option<TraceBy>,
    /// Keep a trace to one of several parallel paths (udp, icmp)
    #[arg(long, help_heading = "Paths")]
    pub one_flow: bool,
    /// Print the traces as RIPE Atlas writes its results, for tools that read those
    #[arg(long, help_heading = "Paths", conflicts_with = "json")]
    pub atlas: bool,
    /// Trace again and again, and show what comes together, until Ctrl-C
    #[arg(long, help_heading = "Paths", conflicts_with_all = ["json", "atlas", "strict"])]
    pub watch: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum TraceBy {
    Udp,
    Tcp,
    Icmp,
}

impl PathFlags {
    /// The way that was asked for.
    pub fn trace_by(&self) -> Option<Way> {
        self.trace_by.map(|by| match by {
            TraceBy::Udp => Way::Udp,
            TraceBy::Tcp => Way::Tcp,
            TraceBy::Icmp => Way::Icmp,
        })
    }
}

/// Every trace of a report as RIPE Atlas writes it.
pub fn atlas(report: &ProbeReport) -> serde_json::Value {
    let began = report.started.as_second();
    let paths = report.targets.iter().filter_map(|target| target.path.as_ref()).flat_map(|path| &path.paths);
    paths.flat_map(|path| path.traces.iter().map(move |trace| path::atlas(path, trace, began))).collect()
}

/// Width of the bar for the time.
const BAR: usize = 20;

/// Writes the paths to one target, at most 80 columns wide.
pub fn write(report: &PathReport, out: &mut dyn Write) -> io::Result<()> {
    for path in &report.paths {
        for trace in &path.traces {
            write_trace(path, trace, out)?;
        }
        write_mtu(path, out)?;
        write_loss(path, out)?;
    }
    Ok(())
}

fn write_trace(path: &PathTo, trace: &Trace, out: &mut dyn Write) -> io::Result<()> {
    let way = match (trace.protocol, trace.port) {
        (Protocol::Tcp, Some(port)) => format!("TCP port {port}"),
        (protocol, _) => protocol.as_str().to_owned(),
    };
    let end = match trace.stop {
        Stop::Arrived => "arrived",
        Stop::Refused => "refused on the way",
        Stop::GaveUp => "not arrived",
        Stop::NotSent => "not sent",
    };
    writeln!(out, "  path to {} over {way}: {end}, {}", path.to, time(trace.took_us))?;
    if let Some(reason) = &trace.reason {
        return writeln!(out, "    {}", crate::model::printable(reason));
    }
    let slowest = trace.hops.iter().flat_map(|hop| &hop.routers).map(|router| router.rtt_us[1]).max().unwrap_or(0);
    for hop in &trace.hops {
        write_hop(hop, slowest, out)?;
    }
    Ok(())
}

/// `  3  10.77.3.2                17.2 ms  2/3  ########`
fn write_hop(hop: &Hop, slowest: u64, out: &mut dyn Write) -> io::Result<()> {
    if hop.routers.is_empty() {
        return writeln!(out, "  {:>3}  *", hop.ttl);
    }
    for (n, router) in hop.routers.iter().enumerate() {
        let number = if n == 0 { hop.ttl.to_string() } else { String::new() };
        let who = router.address.map_or_else(|| "?".to_owned(), |address| address.to_string());
        let answers = format!("{}/{}", router.answered, hop.sent);
        let note = note(router).unwrap_or_else(|| bar(router.rtt_us[1], slowest));
        writeln!(out, "  {number:>3}  {who:<30} {:>9}  {answers:>4}  {note}", time(router.rtt_us[1]))?;
    }
    Ok(())
}

fn note(router: &Router) -> Option<String> {
    Some(match router.meaning {
        Meaning::Hop | Meaning::Arrived => return None,
        Meaning::Unreachable => "says: unreachable".to_owned(),
        Meaning::Prohibited => "says: prohibited".to_owned(),
        Meaning::InItsName => "in its name".to_owned(),
        Meaning::TooBig => "says: too big".to_owned(),
        Meaning::Other => "another message".to_owned(),
    })
}

fn bar(rtt_us: u64, slowest: u64) -> String {
    let share = (rtt_us as f64 / slowest.max(1) as f64 * BAR as f64).round() as usize;
    "#".repeat(share.clamp(1, BAR))
}

fn time(microseconds: u64) -> String {
    format!("{:.1} ms", microseconds as f64 / 1000.0)
}

fn write_mtu(path: &PathTo, out: &mut dyn Write) -> io::Result<()> {
    let Some(mtu) = &path.mtu else { return Ok(()) };
    let size = mtu.passes.or(mtu.told).map_or_else(|| "?".to_owned(), |size| size.to_string());
    match mtu.verdict {
        MtuVerdict::Full => writeln!(out, "  largest packet to {}: {size} bytes", path.to),
        MtuVerdict::Told => writeln!(out, "  largest packet to {}: {size} bytes, as the path says", path.to),
        MtuVerdict::BlackHole => writeln!(out, "  largest packet to {}: {size} bytes, larger ones vanish", path.to),
        MtuVerdict::Unknown => writeln!(out, "  largest packet to {}: not known, it does not answer", path.to),
    }
}

fn write_loss(path: &PathTo, out: &mut dyn Write) -> io::Result<()> {
    let Some(loss) = &path.loss else { return Ok(()) };
    let lost = loss.sent.saturating_sub(loss.answered);
    match loss.verdict {
        LossVerdict::Measured => {
            let [low, high] = loss.between;
            writeln!(out, "  lost on the way to {}: {lost} of {}, {low} to {high} %", path.to, loss.sent)
        }
        LossVerdict::AnswersLimited => writeln!(out, "  lost on the way to {}: not known, it limits answers", path.to),
        LossVerdict::Silent => writeln!(out, "  lost on the way to {}: not known, it does not answer", path.to),
    }
}
