//! Brings a file to a store of a policy, as `escalate` does, and says how long it took: for tests and
//! measurements.
//!
//!     cargo run --example upload -- POLICY FILE STATE_FOLDER

#![allow(clippy::print_stdout, reason = "its output is what it is for")]

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use casefile::deliver::retry::Retry;
use casefile::deliver::uploads::Watch;
use casefile::deliver::uploads::connect::connect;
use casefile::deliver::uploads::parcel::Parcel;
use casefile::deliver::uploads::records::Records;
use casefile::escalate::Policy;
use casefile::model::CaseId;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [policy, file, state] = words.as_slice() else {
        return Err("upload POLICY FILE STATE_FOLDER".into());
    };
    let policy = Policy::parse(policy, &std::fs::read_to_string(policy)?)?;
    let name = policy.upload.as_deref().ok_or("the policy names no upload")?;
    let store = connect(&policy, name, &|name| std::env::var_os(name))?;
    let began = Instant::now();
    let parcel = Parcel::open(Path::new(file), &CaseId::parse("c-7fk2m9q4xa")?, None)?;
    let hashed = began.elapsed();
    let mut whole = None;
    let cancelled = AtomicBool::new(false);
    let mut progress = |bytes| {
        if bytes == parcel.size {
            whole.get_or_insert_with(|| began.elapsed());
        }
    };
    let mut watch = Watch { progress: &mut progress, cancelled: &cancelled, retry: Retry::PATIENT };
    let stored = store.put(&parcel, &Records::new(state), &mut watch)?;
    println!("{}", stored.location);
    println!("{} bytes, already there: {}; {}", stored.size, stored.already, stored.read_back);
    println!(
        "hashed {:.3} s, sent {:.3} s, done {:.3} s",
        hashed.as_secs_f64(),
        whole.unwrap_or_default().as_secs_f64(),
        began.elapsed().as_secs_f64()
    );
    Ok(())
}
