//! A report of probes for people: what is wrong first, then what was measured.

use std::io::{self, Write};

use super::probe_path;
use crate::model::printable;
use crate::probe::{Finding, ProbeReport, Severity, Sureness};

/// Writes `report`.
pub fn write(report: &ProbeReport, out: &mut dyn Write) -> io::Result<()> {
    for finding in &report.findings {
        write_finding(finding, out)?;
    }
    for target in &report.targets {
        writeln!(out, "{}", printable(&target.name))?;
        if let Some(path) = &target.path {
            probe_path::write(path, out)?;
        }
    }
    Ok(())
}

fn write_finding(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let word = match finding.severity {
        Severity::Problem => "PROBLEM",
        Severity::Notice => "notice",
        Severity::Fine => "fine",
    };
    let sure = match finding.sure {
        Sureness::Certain => "",
        Sureness::Likely => " (likely)",
        Sureness::Possible => " (possible)",
    };
    writeln!(out, "{word:<8}{}{sure}", printable(&finding.sentence))?;
    for evidence in &finding.evidence {
        writeln!(out, "        {} = {}", printable(&evidence.field), printable(&evidence.value))?;
    }
    Ok(())
}
