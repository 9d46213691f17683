//! What comes from the network while it is probed: answers of name servers, ICMP messages, and what the kernel says beside a
//! packet. Read or refused, never a panic.

#![no_main]

use casefile::platform::sockets::hear_anything;
use casefile::probe::dns::message::{Dnssec, Question, RecordType};
use fuzzing::numbered;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((n, rest)) = numbered(data) else { return };
    if n % 2 == 0 {
        return hear_anything(rest);
    }
    let question = Question::new("www.shop.example", RecordType::A, Dnssec::NotAsked).expect("a name");
    // An answer has the number of its question, which no fuzzer guesses.
    let mut answer = question.bytes()[..2].to_vec();
    answer.extend_from_slice(rest);
    if let Ok(read) = question.read(&answer) {
        assert!(read.aliases.len() + read.addresses.len() <= answer.len());
    }
});
