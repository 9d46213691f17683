//! Names: what applications get from the system, beside what each name server of this machine says when it is asked
//! directly. The difference shows which of them is wrong.

mod exchange;
pub mod findings;
pub mod message;
pub mod system;

use std::net::{IpAddr, SocketAddr};
use std::thread;
use std::time::Instant;

use serde::Serialize;

use self::exchange::{Exchange, ask};
use self::message::{Alias, Dnssec, Question, RecordType};
use self::system::{SystemAnswer, look_up};
use super::failure::{Failure, micros};
use crate::platform::network::{NameServer, Resolvers};

/// How many spellings of a short name are asked for.
const MOST_SPELLINGS: usize = 3;

/// What was learned about one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DnsReport {
    /// The name.
    pub name: String,
    /// What applications see.
    pub system: SystemAnswer,
    /// What each name server says, in the order in which this machine would ask them.
    pub servers: Vec<ServerReport>,
    /// Domains that are tried behind a short name.
    pub search: Vec<String>,
    /// What could not be found out, each with its reason.
    pub gaps: Vec<String>,
}

/// What one name server says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ServerReport {
    /// Where it listens.
    #[cfg_attr(test, schemars(with = "String"))]
    pub server: SocketAddr,
    /// Where it is named on this machine.
    pub source: String,
    /// Whether every program asks it; otherwise a program on this machine chooses among several.
    pub asked_by_all: bool,
    /// One a spelling of the name and a type of record.
    pub lookups: Vec<Lookup>,
}

/// One question to one server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Lookup {
    /// The name as it was asked for.
    pub name: String,
    /// `A` or `AAAA`.
    pub record_type: &'static str,
    /// The server's code, such as `NXDOMAIN`; none without an answer.
    pub rcode: Option<String>,
    /// Why there is no answer.
    pub failure: Option<Failure>,
    /// The names that the name stands for, one after the other.
    pub aliases: Vec<Alias>,
    /// Whether these names lead in a circle.
    pub alias_loop: bool,
    /// The addresses.
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    pub addresses: Vec<IpAddr>,
    /// How long the answer may be kept, in seconds.
    pub ttl_s: Option<u32>,
    /// From the last question to the answer.
    pub duration_us: u64,
    /// How often it was asked over UDP.
    pub tries: u32,
    /// Packets that came and were no answer to the question.
    pub not_ours: u32,
    /// The answer over UDP did not fit.
    pub truncated: bool,
    /// The answer came over TCP.
    pub over_tcp: bool,
    /// The server answers for the zone itself.
    pub authoritative: bool,
    /// What was asked for about signatures.
    pub dnssec: Option<DnssecState>,
}

/// What a server says about signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DnssecState {
    /// It has checked them and they are right.
    pub authenticated: bool,
    /// They are in the answer.
    pub signed: bool,
    /// It has no answer unless they are not checked; only asked after `SERVFAIL`.
    pub answers_only_unchecked: bool,
}

impl DnsReport {
    /// What applications would connect to; where they get nothing, what the name servers know.
    #[must_use]
    pub fn addresses(&self) -> Vec<IpAddr> {
        if !self.system.addresses.is_empty() {
            return self.system.addresses.clone();
        }
        let mut addresses = Vec::new();
        for address in self.servers.iter().flat_map(|server| &server.lookups).flat_map(|lookup| &lookup.addresses) {
            if !addresses.contains(address) {
                addresses.push(*address);
            }
        }
        addresses
    }
}

/// Looks `name` up in every way, until `until` at the latest.
#[must_use]
pub fn probe(name: &str, resolvers: &Resolvers, dnssec: bool, until: Instant) -> DnsReport {
    let spellings = spellings(name, resolvers);
    thread::scope(|scope| {
        let asked: Vec<_> = resolvers
            .servers
            .iter()
            .map(|server| (server, scope.spawn(|| ask_for_all(server.address, &spellings, dnssec, until))))
            .collect();
        let system = look_up(name, until);
        let servers = asked.into_iter().map(|(server, lookups)| report(server, lookups.join().unwrap_or_default()));
        DnsReport {
            name: name.to_owned(),
            system,
            servers: servers.collect(),
            search: resolvers.search.clone(),
            gaps: resolvers.gaps.clone(),
        }
    })
}

fn report(server: &NameServer, lookups: Vec<Lookup>) -> ServerReport {
    ServerReport { server: server.address, source: server.source.clone(), asked_by_all: server.asked_by_all, lookups }
}

/// The names that a program would ask for, one after the other (resolv.conf(5)): a short one is completed first.
fn spellings(name: &str, resolvers: &Resolvers) -> Vec<String> {
    let dots = name.matches('.').count();
    let completed = resolvers.search.iter().map(|domain| format!("{name}.{domain}"));
    let mut spellings: Vec<String> = if dots < usize::from(resolvers.ndots.unwrap_or(1)) {
        completed.take(MOST_SPELLINGS - 1).collect()
    } else {
        Vec::new() // the name as it stands comes first; completing a full one only hides a typing error
    };
    spellings.push(name.to_owned());
    spellings
}

/// Asks one server for addresses of both families, spelling after spelling until one has some.
fn ask_for_all(server: SocketAddr, spellings: &[String], dnssec: bool, until: Instant) -> Vec<Lookup> {
    let mut lookups = Vec::new();
    for name in spellings {
        let both = thread::scope(|scope| {
            let aaaa = scope.spawn(|| look_up_at(server, name, RecordType::AAAA, dnssec, until));
            [Some(look_up_at(server, name, RecordType::A, dnssec, until)), aaaa.join().ok()]
        });
        let both: Vec<Lookup> = both.into_iter().flatten().collect();
        let found = both.iter().any(|lookup| !lookup.addresses.is_empty());
        lookups.extend(both);
        if found {
            break;
        }
    }
    lookups
}

fn look_up_at(server: SocketAddr, name: &str, record_type: RecordType, dnssec: bool, until: Instant) -> Lookup {
    let asked = if dnssec { Dnssec::Asked } else { Dnssec::NotAsked };
    let Some(question) = Question::new(name, record_type, asked) else { return Lookup::default() };
    let Exchange { answer, tries, not_ours, truncated, over_tcp, duration } = ask(server, &question, until);
    let mut lookup = Lookup {
        name: name.to_owned(),
        record_type: record_type.into(),
        duration_us: micros(duration),
        tries,
        not_ours,
        truncated,
        over_tcp,
        ..Lookup::default()
    };
    match answer {
        Err(failure) => lookup.failure = Some(failure),
        Ok(answer) => {
            lookup.dnssec = dnssec.then(|| DnssecState {
                authenticated: answer.authenticated,
                signed: answer.signed,
                answers_only_unchecked: answer.rcode == "SERVFAIL"
                    && answers_unchecked(server, name, record_type, until),
            });
            lookup.rcode = Some(answer.rcode);
            lookup.aliases = answer.aliases;
            lookup.alias_loop = answer.alias_loop;
            lookup.addresses = answer.addresses;
            lookup.ttl_s = answer.ttl_s;
            lookup.authoritative = answer.authoritative;
        }
    }
    lookup
}

/// Whether there are addresses when nobody checks their signatures.
fn answers_unchecked(server: SocketAddr, name: &str, record_type: RecordType, until: Instant) -> bool {
    Question::new(name, record_type, Dnssec::Unchecked)
        .and_then(|question| ask(server, &question, until).answer.ok())
        .is_some_and(|answer| answer.rcode == "NOERROR" && !answer.addresses.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_is_completed_and_a_full_one_is_not() {
        let resolvers =
            Resolvers { search: vec!["corp.example".to_owned(), "lab.example".to_owned()], ..Resolvers::default() };
        assert_eq!(spellings("db", &resolvers), ["db.corp.example", "db.lab.example", "db"]);
        assert_eq!(spellings("shop.example", &resolvers), ["shop.example"]);
        let many_dots = Resolvers { ndots: Some(5), ..resolvers };
        assert_eq!(spellings("a.b", &many_dots)[0], "a.b.corp.example");
    }
}
