//! One question to one name server: over UDP, twice if need be, and over TCP where the answer did not fit.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use super::message::{Answer, Question, Unusable};
use crate::probe::failure::{Failure, FailureKind};

/// How long one try may take. A server that needs longer is broken to most programs.
const TRY: Duration = Duration::from_millis(2_000);
/// How often a question is sent: a packet may get lost.
const TRIES: u32 = 2;
/// The largest packet that is read; longer ones are cut and so unreadable.
const LARGEST: usize = 4_096;

/// How an exchange went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// What the server said in the end, or why there is nothing.
    pub answer: Result<Answer, Failure>,
    /// How often it was asked over UDP.
    pub tries: u32,
    /// Packets that were no answer to the question.
    pub not_ours: u32,
    /// The answer over UDP did not fit.
    pub truncated: bool,
    /// The answer came over TCP.
    pub over_tcp: bool,
    /// From the last send to the answer.
    pub duration: Duration,
}

/// Asks `server`, until `until` at the latest.
#[must_use]
pub fn ask(server: SocketAddr, question: &Question, until: Instant) -> Exchange {
    let mut exchange = Exchange {
        answer: Err(Failure::timeout()),
        tries: 0,
        not_ours: 0,
        truncated: false,
        over_tcp: false,
        duration: Duration::ZERO,
    };
    while exchange.tries < TRIES && Instant::now() < until {
        exchange.tries += 1;
        let began = Instant::now();
        let answer = over_udp(server, question, until.min(began + TRY), &mut exchange.not_ours);
        exchange.duration = began.elapsed();
        let again = matches!(&answer, Err(failure) if failure.kind == FailureKind::Timeout);
        exchange.answer = answer;
        if !again {
            break;
        }
    }
    if matches!(&exchange.answer, Ok(answer) if answer.truncated) {
        exchange.truncated = true;
        let began = Instant::now();
        exchange.answer = over_tcp(server, question, until.min(began + TRY));
        exchange.duration = began.elapsed();
        exchange.over_tcp = true;
    }
    exchange
}

fn over_udp(server: SocketAddr, question: &Question, until: Instant, not_ours: &mut u32) -> Result<Answer, Failure> {
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let fail = |e: io::Error| Failure::of(&e);
    let socket = UdpSocket::bind(any).map_err(fail)?;
    // Connected: only packets of the server come in, and its refusal is told.
    socket.connect(server).map_err(fail)?;
    socket.send(question.bytes()).map_err(fail)?;
    let mut packet = vec![0; LARGEST];
    loop {
        socket.set_read_timeout(Some(left(until)?)).map_err(fail)?;
        let length = match socket.recv(&mut packet) {
            Ok(length) => length,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(fail(e)),
        };
        match question.read(&packet[..length]) {
            Ok(answer) => return Ok(answer),
            // Whoever sends rubbish may not be who was asked: the real answer may still come.
            Err(Unusable::NotOurs | Unusable::Malformed) => *not_ours = not_ours.saturating_add(1),
        }
    }
}

fn over_tcp(server: SocketAddr, question: &Question, until: Instant) -> Result<Answer, Failure> {
    let fail = |e: io::Error| Failure::of(&e);
    let mut stream = TcpStream::connect_timeout(&server, left(until)?).map_err(fail)?;
    stream.set_write_timeout(Some(left(until)?)).map_err(fail)?;
    let length = u16::try_from(question.bytes().len()).expect("a question is a few hundred bytes");
    let framed = [&length.to_be_bytes()[..], question.bytes()].concat();
    stream.write_all(&framed).map_err(fail)?;
    let mut length = [0; 2];
    read_until(&mut stream, &mut length, until)?;
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
    read_until(&mut stream, &mut answer, until)?;
    question
        .read(&answer)
        .map_err(|_| Failure::new(FailureKind::Malformed, "what came over TCP is no answer to the question"))
}

/// Fills `buffer`; a server that sends a byte a second does not prolong the time.
fn read_until(stream: &mut TcpStream, buffer: &mut [u8], until: Instant) -> Result<(), Failure> {
    let mut filled = 0;
    while filled < buffer.len() {
        stream.set_read_timeout(Some(left(until)?)).map_err(|e| Failure::of(&e))?;
        match stream.read(&mut buffer[filled..]) {
            Ok(0) => return Err(Failure::new(FailureKind::Closed, "the connection ended before the answer")),
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(Failure::of(&e)),
        }
    }
    Ok(())
}

/// What is left; a socket takes no limit of zero.
fn left(until: Instant) -> Result<Duration, Failure> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(Failure::timeout()) } else { Ok(left) }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::super::message::tests::{a, answer_to};
    use super::super::message::{Dnssec, RecordType};
    use super::*;

    fn question() -> Question {
        Question::new("shop.example", RecordType::A, Dnssec::NotAsked).expect("a name")
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(30)
    }

    /// A server that sends what `answers` makes of each question.
    fn server(answers: impl Fn(u32, &[u8]) -> Vec<Vec<u8>> + Send + 'static) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback");
        let address = socket.local_addr().expect("bound");
        thread::spawn(move || {
            let mut packet = [0; LARGEST];
            for n in 0.. {
                let Ok((length, asker)) = socket.recv_from(&mut packet) else { return };
                for answer in answers(n, &packet[..length]) {
                    let _ = socket.send_to(&answer, asker);
                }
            }
        });
        address
    }

    #[test]
    fn rubbish_and_forgeries_before_the_answer_are_counted_and_passed_over() {
        let server = server(|_, question| {
            let forged = answer_to(question, |message| message.metadata.id ^= 1);
            let answer = answer_to(question, |message| {
                message.add_answer(a("shop.example.", 3));
            });
            vec![b"rubbish".to_vec(), forged, answer]
        });
        let exchange = ask(server, &question(), soon());
        assert_eq!(exchange.answer.expect("an answer").addresses.len(), 1);
        assert_eq!((exchange.not_ours, exchange.tries, exchange.over_tcp), (2, 1, false));
    }

    #[test]
    fn a_lost_packet_is_sent_again() {
        let server = server(|n, question| if n == 0 { Vec::new() } else { vec![answer_to(question, |_| ())] });
        let exchange = ask(server, &question(), soon());
        assert_eq!((exchange.answer.map(|answer| answer.rcode), exchange.tries), (Ok("NOERROR".to_owned()), 2));
    }

    #[test]
    fn an_answer_that_does_not_fit_is_fetched_over_tcp() {
        // The same port for both: take the one of TCP, which is rarer.
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let address = listener.local_addr().expect("bound");
        let socket = UdpSocket::bind(address).expect("the same port for UDP");
        thread::spawn(move || {
            let mut packet = [0; LARGEST];
            let (length, asker) = socket.recv_from(&mut packet).expect("a question");
            let short = answer_to(&packet[..length], |message| message.metadata.truncation = true);
            socket.send_to(&short, asker).expect("sent");
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut framed = vec![0; length + 2];
            stream.read_exact(&mut framed).expect("a question");
            let whole = answer_to(&framed[2..], |message| {
                message.add_answer(a("shop.example.", 4));
            });
            let length = u16::try_from(whole.len()).expect("short");
            stream.write_all(&[&length.to_be_bytes()[..], &whole].concat()).expect("sent");
        });
        let exchange = ask(address, &question(), soon());
        assert_eq!(exchange.answer.expect("an answer").addresses.len(), 1);
        assert!(exchange.truncated && exchange.over_tcp);
    }

    #[test]
    fn a_port_that_nobody_listens_on_is_told_at_once() {
        let gone = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("loopback");
        let exchange = ask(gone, &question(), soon());
        let kind = exchange.answer.expect_err("nobody").kind;
        // Windows says reset where others say refused, and wine says nothing.
        let silent = std::env::consts::FAMILY == "windows" && kind == FailureKind::Timeout;
        assert!(silent || matches!(kind, FailureKind::Refused | FailureKind::Reset), "{kind:?}");
    }
}
