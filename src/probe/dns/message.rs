//! DNS messages: the question as bytes, and what an answer says. An answer comes from a stranger: any bytes at all give an
//! answer or an error, never more records than `MOST_RECORDS`, never a name that steers a terminal.

use std::net::IpAddr;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, Record};
use serde::Serialize;

pub use hickory_proto::rr::RecordType;

/// More records than a packet of this kind holds in practice.
const MOST_RECORDS: usize = 64;
/// What servers are told may come in one packet (the advice of DNS flag day 2020: it is never cut into fragments).
const PAYLOAD: u16 = 1232;

/// A question and the bytes to send.
#[derive(Debug, Clone)]
pub struct Question {
    id: u16,
    query: Query,
    bytes: Vec<u8>,
}

/// What is asked beyond the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dnssec {
    /// Nothing.
    NotAsked,
    /// Whether the server has checked signatures.
    Asked,
    /// The records even if their signatures are wrong.
    Unchecked,
}

/// What came back does not answer the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// Not a DNS message.
    Malformed,
    /// Another number, another question, or no answer at all: a forger's work, or a broken box's.
    NotOurs,
}

/// What an answer says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// `NOERROR`, `NXDOMAIN`, `SERVFAIL`, …
    pub rcode: String,
    /// The answer did not fit.
    pub truncated: bool,
    /// The server answers for the zone itself.
    pub authoritative: bool,
    /// The server looks up what it does not know.
    pub recursion_available: bool,
    /// The server has checked the signatures.
    pub authenticated: bool,
    /// Signatures are in the answer.
    pub signed: bool,
    /// The names that the name stands for, one after the other.
    pub aliases: Vec<Alias>,
    /// Whether the names lead in a circle.
    pub alias_loop: bool,
    /// Addresses at the end of the chain, in order.
    pub addresses: Vec<IpAddr>,
    /// The shortest time that a record of the chain may be kept.
    pub ttl_s: Option<u32>,
}

/// One step of a chain of names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Alias {
    /// The name.
    pub from: String,
    /// What it stands for.
    pub to: String,
}

impl Question {
    /// Asks for records of one type. `None`: the name is no DNS name.
    #[must_use]
    pub fn new(name: &str, record_type: RecordType, dnssec: Dnssec) -> Option<Self> {
        let mut name = Name::from_ascii(name).ok()?;
        name.set_fqdn(true);
        let query = Query::query(name, record_type);
        let mut message = Message::query();
        message.metadata.recursion_desired = true;
        message.metadata.authentic_data = dnssec == Dnssec::Asked;
        message.metadata.checking_disabled = dnssec == Dnssec::Unchecked;
        message.add_query(query.clone());
        let mut edns = Edns::new();
        edns.set_max_payload(PAYLOAD).set_dnssec_ok(dnssec != Dnssec::NotAsked);
        message.set_edns(edns);
        let bytes = message.to_vec().ok()?;
        Some(Self { id: message.metadata.id, query, bytes })
    }

    /// The message as it is sent over UDP.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads what came back.
    pub fn read(&self, bytes: &[u8]) -> Result<Answer, Unusable> {
        let message = Message::from_vec(bytes).map_err(|_| Unusable::Malformed)?;
        let metadata = &message.metadata;
        let is_ours = metadata.id == self.id
            && metadata.message_type == MessageType::Response
            && metadata.op_code == OpCode::Query
            // Some servers leave the question out of an error.
            && match message.queries.as_slice() {
                [] => metadata.response_code != ResponseCode::NoError,
                [one] => one.query_type() == self.query.query_type() && same(one.name(), self.query.name()),
                _ => false,
            };
        if !is_ours {
            return Err(Unusable::NotOurs);
        }
        let mut answer = Answer {
            rcode: rcode(metadata.response_code),
            truncated: metadata.truncation,
            authoritative: metadata.authoritative,
            recursion_available: metadata.recursion_available,
            authenticated: metadata.authentic_data,
            ..Answer::default()
        };
        answer.follow(self.query.name(), &message.answers);
        Ok(answer)
    }
}

impl Answer {
    /// Follows the names from `name` to addresses.
    fn follow(&mut self, name: &Name, records: &[Record]) {
        let records = &records[..records.len().min(MOST_RECORDS)];
        self.signed = records.iter().any(|record| record.record_type() == RecordType::RRSIG);
        let mut current = name;
        let mut seen = vec![name];
        while let Some((record, next)) = records.iter().find_map(|record| match &record.data {
            RData::CNAME(next) if same(&record.name, current) => Some((record, &next.0)),
            _ => None,
        }) {
            self.keep_for(record.ttl);
            self.aliases.push(Alias { from: shown(current), to: shown(next) });
            if seen.iter().any(|name| same(name, next)) {
                self.alias_loop = true;
                return;
            }
            seen.push(next);
            current = next;
        }
        for record in records.iter().filter(|record| same(&record.name, current)) {
            let address = match &record.data {
                RData::A(address) => IpAddr::from(address.0),
                RData::AAAA(address) => IpAddr::from(address.0),
                _ => continue,
            };
            self.keep_for(record.ttl);
            if !self.addresses.contains(&address) {
                self.addresses.push(address);
            }
        }
    }

    fn keep_for(&mut self, ttl: u32) {
        self.ttl_s = Some(self.ttl_s.map_or(ttl, |shortest| shortest.min(ttl)));
    }
}

fn same(a: &Name, b: &Name) -> bool {
    a.eq_ignore_root(b)
}

/// A name as text; hickory escapes what is not printable.
fn shown(name: &Name) -> String {
    name.to_lowercase().to_ascii().trim_end_matches('.').to_owned()
}

/// The word that every other DNS tool prints.
fn rcode(code: ResponseCode) -> String {
    match code {
        ResponseCode::NoError => "NOERROR".to_owned(),
        ResponseCode::FormErr => "FORMERR".to_owned(),
        ResponseCode::ServFail => "SERVFAIL".to_owned(),
        ResponseCode::NXDomain => "NXDOMAIN".to_owned(),
        ResponseCode::NotImp => "NOTIMP".to_owned(),
        ResponseCode::Refused => "REFUSED".to_owned(),
        other => format!("RCODE{}", u16::from(other)),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use hickory_proto::rr::rdata::{A, CNAME};
    use proptest::prelude::*;

    fn name(text: &str) -> Name {
        Name::from_ascii(text).expect("a name")
    }

    /// An answer to `question`, as `change` leaves it.
    pub fn answer_to(question: &[u8], change: impl FnOnce(&mut Message)) -> Vec<u8> {
        let asked = Message::from_vec(question).expect("our own question");
        let mut message = Message::response(asked.metadata.id, OpCode::Query);
        message.add_queries(asked.queries.clone());
        change(&mut message);
        message.to_vec().expect("a message")
    }

    pub fn a(of: &str, last: u8) -> Record {
        Record::from_rdata(name(of), 60, RData::A(A([192, 0, 2, last].into())))
    }

    pub fn alias(of: &str, to: &str) -> Record {
        Record::from_rdata(name(of), 30, RData::CNAME(CNAME(name(to))))
    }

    fn question() -> Question {
        Question::new("www.shop.example", RecordType::A, Dnssec::NotAsked).expect("a name")
    }

    #[test]
    fn a_chain_of_names_is_followed_to_its_addresses() {
        let question = question();
        let bytes = answer_to(question.bytes(), |message| {
            message.add_answer(a("edge.example.", 7));
            message.add_answer(alias("WWW.shop.example.", "edge.example."));
            message.add_answer(a("another.example.", 9));
        });
        let answer = question.read(&bytes).expect("ours");
        assert_eq!(answer.addresses, ["192.0.2.7".parse::<IpAddr>().expect("an address")]);
        assert_eq!(answer.aliases, [Alias { from: "www.shop.example".to_owned(), to: "edge.example".to_owned() }]);
        assert_eq!((answer.ttl_s, answer.alias_loop, answer.rcode.as_str()), (Some(30), false, "NOERROR"));
    }

    #[test]
    fn names_that_lead_in_a_circle_end() {
        let question = question();
        let bytes = answer_to(question.bytes(), |message| {
            message.add_answer(alias("www.shop.example.", "b.example."));
            message.add_answer(alias("b.example.", "www.shop.example."));
        });
        let answer = question.read(&bytes).expect("ours");
        assert!(answer.alias_loop && answer.addresses.is_empty());
    }

    #[test]
    fn an_answer_with_another_number_or_question_is_not_ours() {
        let question = question();
        let bytes = answer_to(question.bytes(), |message| message.metadata.id ^= 0x5555);
        assert_eq!(question.read(&bytes), Err(Unusable::NotOurs));
        let bytes = answer_to(question.bytes(), |message| {
            message.queries = vec![Query::query(name("else.example."), RecordType::A)];
        });
        assert_eq!(question.read(&bytes), Err(Unusable::NotOurs));
        assert_eq!(question.read(question.bytes()), Err(Unusable::NotOurs));
        assert_eq!(question.read(b"no dns"), Err(Unusable::Malformed));
    }

    #[test]
    fn a_name_with_escapes_comes_out_printable() {
        let question = question();
        let hostile = Name::from_labels([&b"\x1b[2J"[..], b"example"]).expect("labels");
        let bytes = answer_to(question.bytes(), |message| {
            message.add_answer(Record::from_rdata(name("www.shop.example."), 1, RData::CNAME(CNAME(hostile))));
        });
        let answer = question.read(&bytes).expect("ours");
        assert!(answer.aliases[0].to.bytes().all(|b| b.is_ascii_graphic()), "{:?}", answer.aliases);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = question().read(&bytes);
        }

        #[test]
        fn no_change_to_an_answer_makes_it_panic(at in 0usize..120, with: u8, cut in 0usize..120) {
            let question = question();
            let mut bytes = answer_to(question.bytes(), |message| {
                message.add_answer(alias("www.shop.example.", "b.example."));
                message.add_answer(a("b.example.", 1));
            });
            let end = bytes.len();
            bytes[at.min(end - 1)] = with;
            bytes.truncate(cut.max(12).min(end));
            let _ = question.read(&bytes);
        }
    }
}
