//! Tells one target of a policy about an invented case, asks who took it over, or ends the notice: for tests with real services.
//!
//!     cargo run --example tell -- POLICY TARGET OUTBOX send|asked|end

#![allow(clippy::print_stdout)] // a program of its own

use std::error::Error;
use std::path::Path;

use casefile::deliver::http::HttpClient;
use casefile::deliver::notifiers::{Surroundings, connect};
use casefile::escalate::Policy;
use casefile::escalate::notice::Notice;
use casefile::model::{CaseId, Severity};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [policy, target, outbox, verb] = args.as_slice() else {
        return Err("POLICY TARGET OUTBOX send|asked|end".into());
    };
    let policy = Policy::parse(policy, &std::fs::read_to_string(policy)?)?;
    let client = HttpClient::new(&[])?;
    let environment = |name: &str| std::env::var_os(name);
    let way = connect(
        &policy,
        target,
        &Surroundings { client: &client, environment: &environment, outbox: Path::new(outbox).to_owned() },
    )?;
    let case_id = CaseId::parse("c-7fk2m9q4xa")?;
    let key = format!("{case_id}/{target}/1");
    match verb.as_str() {
        "send" => {
            let notice = Notice {
                key,
                case_id,
                severity: Severity::Sev1,
                service: Some("checkout".to_owned()),
                summary: "[SEV1] checkout: customers of the shop cannot pay\r\nBcc: nobody@evil.example".to_owned(),
                details: vec![("emergency contact".to_owned(), "Bo Night, +49 30 5550100".to_owned())],
                link: Some("https://tickets.example/4711".to_owned()),
            };
            way.send(&notice)?;
            println!("taken");
        }
        "asked" => match way.acknowledgement(&key)? {
            Some(found) => println!("acknowledged by {} with {}", found.by, found.way),
            None => println!("nobody"),
        },
        "end" => way.resolve(&key, "paid again").map(|()| println!("ended"))?,
        other => return Err(format!("what is {other}?").into()),
    }
    Ok(())
}
