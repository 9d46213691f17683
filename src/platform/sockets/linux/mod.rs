//! Probes on Linux, for everybody: an ordinary socket with `IP_RECVERR` collects the ICMP messages about what it sent in
//! its error queue (ip(7)), with the sender, type and code, the kernel's time, and the time to live that was left.
//!
//! A flow is a socket. What a message belongs to is known by the socket it comes to, so that no address translation on
//! the way is in the way; probes that share a UDP or ICMP socket are told apart by what the message quotes of them.
//! Since the kernel notes the times, a busy machine does not make a path look slow.

mod calls;
mod control;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, Socket, Type};

use self::calls::{Queue, connect_time, receive};
use self::control::{Control, Origin};
use super::option::set_option;
use super::{Answer, AnswerKind, Network, Probe, Protocol, SendError, headers, refusal, source};

/// What a UDP or ICMP probe begins with, for whoever finds it in a capture; the probe's number follows.
const MARK: &[u8; 8] = b"casefile";

/// How many messages are read from one socket before the others get their turn.
const AT_ONCE: usize = 256;

pub(super) struct LinuxNetwork {
    began: Instant,
    flows: BTreeMap<u16, Flow>,
}

/// One socket and what was sent by it.
struct Flow {
    socket: Socket,
    protocol: Protocol,
    to: SocketAddr,
    /// The last probe that was sent; for TCP the only one.
    last: u32,
    /// When it left, since the beginning.
    sent: Duration,
    /// How many were sent.
    count: usize,
    ttl: u8,
}

/// Reads `bytes` as what the kernel says beside a packet: for fuzzing.
#[cfg(fuzzing)]
pub(super) fn read_control(bytes: &[u8]) {
    let _ = Control::parse(bytes);
}

pub(super) fn open() -> LinuxNetwork {
    LinuxNetwork { began: Instant::now(), flows: BTreeMap::new() }
}

impl Network for LinuxNetwork {
    fn supports(&mut self, protocol: Protocol, to: IpAddr) -> Result<(), SendError> {
        if protocol != Protocol::Icmp {
            return Ok(());
        }
        match socket(protocol, to) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(SendError::NotSupported(
                "net.ipv4.ping_group_range does not name this account's group, so ICMP needs more rights",
            )),
            _ => Ok(()),
        }
    }

    fn shares_flows(&self, protocol: Protocol) -> bool {
        protocol != Protocol::Tcp
    }

    fn source(&mut self, to: IpAddr) -> Result<IpAddr, SendError> {
        source(to)
    }

    fn send(&mut self, probe: &Probe) -> Result<Duration, SendError> {
        let to = probe.to.ip();
        let flow = match self.flows.remove(&probe.flow) {
            Some(flow) if flow.to == probe.to && flow.protocol == probe.protocol && probe.protocol != Protocol::Tcp => {
                flow
            }
            _ => Flow::open(probe).map_err(|error| refusal(&error))?,
        };
        let flow = self.flows.entry(probe.flow).or_insert(flow);
        if flow.ttl != probe.ttl {
            set_ttl(&flow.socket, to, probe.ttl).map_err(|error| refusal(&error))?;
            flow.ttl = probe.ttl;
        }
        flow.last = probe.id;
        flow.count += 1;
        let left = self.began.elapsed();
        flow.sent = left;
        let sent = match probe.protocol {
            Protocol::Tcp => match flow.socket.connect(&probe.to.into()) {
                Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => Ok(()),
                other => other,
            },
            Protocol::Udp => send_past_old_errors(&flow.socket, &payload(probe, 0)),
            Protocol::Icmp => send_past_old_errors(&flow.socket, &echo(probe)),
        };
        match sent {
            // A refusal by this machine itself comes at once.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(left),
            Err(error) => {
                // A shared flow may still have answers to come.
                if probe.protocol == Protocol::Tcp {
                    self.flows.remove(&probe.flow);
                }
                Err(refusal(&error))
            }
            Ok(()) => Ok(left),
        }
    }

    fn close(&mut self, flow: u16) {
        self.flows.remove(&flow);
    }

    fn wait(&mut self, until: Duration, answers: &mut Vec<Answer>) {
        let before = answers.len();
        while answers.len() == before {
            let rest = until.saturating_sub(self.began.elapsed());
            if self.flows.is_empty() {
                std::thread::sleep(rest);
                return;
            }
            for number in self.ready(rest) {
                let Some(flow) = self.flows.get(&number) else { continue };
                if flow.read(number, self.began, answers) == Further::Nothing {
                    self.flows.remove(&number);
                }
            }
            if rest.is_zero() {
                return;
            }
        }
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }
}

impl LinuxNetwork {
    /// The flows on which something happened; waits for it.
    fn ready(&self, rest: Duration) -> Vec<u16> {
        let mut polled: Vec<PollFd<'_>> =
            self.flows.values().map(|flow| PollFd::new(&flow.socket, flow.events())).collect();
        let rest =
            Timespec { tv_sec: rest.as_secs().try_into().unwrap_or(i64::MAX), tv_nsec: rest.subsec_nanos().into() };
        match poll(&mut polled, Some(&rest)) {
            Ok(1..) => {
                let happened = polled.iter().map(|one| !one.revents().is_empty());
                self.flows.keys().zip(happened).filter(|(_, happened)| *happened).map(|(number, _)| *number).collect()
            }
            _ => Vec::new(), // the time is over, or a signal came
        }
    }
}

/// Whether a flow can still bring something.
#[derive(PartialEq, Eq)]
enum Further {
    Perhaps,
    Nothing,
}

impl Flow {
    fn open(probe: &Probe) -> io::Result<Self> {
        let to = probe.to.ip();
        let socket = socket(probe.protocol, to)?;
        prepare(socket.as_fd(), probe.protocol, to)?;
        if probe.protocol == Protocol::Tcp {
            socket.set_linger(Some(Duration::ZERO))?; // closing one that was accepted leaves nothing behind on either side
        } else {
            socket.connect(&probe.to.into())?;
        }
        Ok(Self {
            socket,
            protocol: probe.protocol,
            to: probe.to,
            last: probe.id,
            sent: Duration::ZERO,
            count: 0,
            ttl: 0,
        })
    }

    fn events(&self) -> PollFlags {
        // An error is always told.
        if self.protocol == Protocol::Tcp { PollFlags::OUT } else { PollFlags::IN }
    }

    fn read(&self, number: u16, began: Instant, answers: &mut Vec<Answer>) -> Further {
        let mut data = [0; 128];
        let before = answers.len();
        for _ in 0..AT_ONCE {
            let Ok((length, control)) = receive(self.socket.as_fd(), Queue::Errors, &mut data) else { break };
            answers.extend(self.message(number, &data[..length], &control, began));
        }
        if self.protocol != Protocol::Tcp {
            for _ in 0..AT_ONCE {
                match receive(self.socket.as_fd(), Queue::Data, &mut data) {
                    Ok((length, control)) => answers.extend(self.reply(number, &data[..length], &control, began)),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(_) => {} // the pending error of a message that was read above
                }
            }
            return Further::Perhaps;
        }
        if answers.len() > before {
            return Further::Nothing;
        }
        let kind = match self.socket.take_error() {
            Ok(None) => AnswerKind::Connected,
            Ok(Some(error)) if error.kind() == io::ErrorKind::ConnectionRefused => AnswerKind::Refused,
            _ => return Further::Nothing, // the connection timed out
        };
        let at = match connect_time(self.socket.as_fd()).filter(|_| kind == AnswerKind::Connected) {
            Some(time) => (self.sent + time).min(began.elapsed()),
            None => began.elapsed(),
        };
        answers.push(Answer { id: Some(self.last), flow: number, at, from: Some(self.to.ip()), reply_ttl: None, kind });
        Further::Nothing
    }

    /// An ICMP message about one of our probes.
    fn message(&self, number: u16, quoted: &[u8], control: &Control, began: Instant) -> Option<Answer> {
        let error = control.error.filter(|error| error.origin == Origin::Icmp)?;
        let id = match self.protocol {
            _ if self.count == 1 => Some(self.last),
            Protocol::Tcp | Protocol::Udp => marked(quoted),
            // The quotation begins with the echo's own header.
            Protocol::Icmp => quoted.get(8..).and_then(marked),
        };
        let too_big = error.errno == libc::EMSGSIZE.unsigned_abs();
        let kind = AnswerKind::Icmp { kind: error.kind, code: error.code, mtu: too_big.then_some(error.value) };
        Some(Answer {
            id,
            flow: number,
            at: arrival(control, began),
            from: error.offender,
            reply_ttl: control.ttl,
            kind,
        })
    }

    /// Something that the destination itself sent: the socket is connected to it.
    fn reply(&self, number: u16, data: &[u8], control: &Control, began: Instant) -> Option<Answer> {
        let id = match self.protocol {
            Protocol::Icmp => Some(data.get(8..).and_then(marked)?),
            _ => marked(data), // a service may answer with anything
        };
        let (at, from) = (arrival(control, began), Some(self.to.ip()));
        Some(Answer { id, flow: number, at, from, reply_ttl: control.ttl, kind: AnswerKind::Reply })
    }
}

/// The kernel's time of an answer, as time since the beginning; now, where that can't be (the clock was set meanwhile).
fn arrival(control: &Control, began: Instant) -> Duration {
    let now = began.elapsed();
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).ok();
    let ago = clock.zip(control.received).and_then(|(clock, received)| clock.checked_sub(received));
    now.saturating_sub(ago.filter(|ago| *ago < Duration::from_secs(10)).unwrap_or_default())
}

fn socket(protocol: Protocol, to: IpAddr) -> io::Result<Socket> {
    let domain = if to.is_ipv4() { Domain::IPV4 } else { Domain::IPV6 };
    let (kind, number) = match (protocol, to) {
        (Protocol::Udp, _) => (Type::DGRAM, socket2::Protocol::UDP),
        (Protocol::Tcp, _) => (Type::STREAM, socket2::Protocol::TCP),
        (Protocol::Icmp, IpAddr::V4(_)) => (Type::DGRAM, socket2::Protocol::ICMPV4),
        (Protocol::Icmp, IpAddr::V6(_)) => (Type::DGRAM, socket2::Protocol::ICMPV6),
    };
    let socket = Socket::new(domain, kind, Some(number))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn prepare(socket: BorrowedFd<'_>, protocol: Protocol, to: IpAddr) -> io::Result<()> {
    // Do not fragment, and do not go by what the system remembers of the path.
    let by_family = if to.is_ipv4() {
        [
            (libc::SOL_IP, libc::IP_RECVERR, 1),
            (libc::SOL_IP, libc::IP_RECVTTL, 1),
            (libc::SOL_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_PROBE),
        ]
    } else {
        [
            (libc::SOL_IPV6, libc::IPV6_RECVERR, 1),
            (libc::SOL_IPV6, libc::IPV6_RECVHOPLIMIT, 1),
            (libc::SOL_IPV6, libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_PROBE),
        ]
    };
    for (level, name, value) in by_family {
        set_option(socket, level, name, value)?;
    }
    if protocol == Protocol::Tcp {
        set_option(socket, libc::IPPROTO_TCP, libc::TCP_SYNCNT, 1)?;
    }
    // Without it, answers have the time at which we got round to reading them.
    let _ = set_option(socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1);
    Ok(())
}

fn set_ttl(socket: &Socket, to: IpAddr, ttl: u8) -> io::Result<()> {
    if to.is_ipv4() { socket.set_ttl_v4(ttl.into()) } else { socket.set_unicast_hops_v6(ttl.into()) }
}

/// A message about an earlier probe makes the next send fail once; it is in the error queue as well.
fn send_past_old_errors(socket: &Socket, packet: &[u8]) -> io::Result<()> {
    const TRIES: usize = 16;
    let mut result = Ok(());
    for _ in 0..TRIES {
        result = socket.send(packet).map(drop);
        match &result {
            Err(error) if is_about_an_earlier_probe(error) => {}
            _ => break,
        }
    }
    result
}

fn is_about_an_earlier_probe(error: &io::Error) -> bool {
    const OF_ICMP: [i32; 9] = [
        libc::EHOSTUNREACH,
        libc::ECONNREFUSED,
        libc::ENETUNREACH,
        libc::EMSGSIZE,
        libc::EACCES,
        libc::EOPNOTSUPP,
        libc::ENOPROTOOPT,
        libc::EHOSTDOWN,
        libc::EPROTO,
    ];
    error.raw_os_error().is_some_and(|number| OF_ICMP.contains(&number))
}

/// The mark, the number, and zeros up to the size that is asked for; `before` bytes of the payload are somebody else's.
fn payload(probe: &Probe, before: usize) -> Vec<u8> {
    let mut bytes = vec![0; before];
    bytes.extend(MARK);
    bytes.extend(probe.id.to_be_bytes());
    let wanted = usize::from(probe.size).saturating_sub(headers(probe.to.ip()) - before);
    bytes.resize(bytes.len().max(wanted), 0);
    bytes
}

/// An echo request; the kernel fills in checksum and identifier (icmp(7), "ping sockets").
fn echo(probe: &Probe) -> Vec<u8> {
    let mut bytes = payload(probe, 8);
    let [.., high, low] = probe.id.to_be_bytes();
    bytes[0] = if probe.to.is_ipv4() { 8 } else { 128 };
    (bytes[6], bytes[7]) = (high, low);
    bytes
}

/// The number behind the mark.
fn marked(data: &[u8]) -> Option<u32> {
    data.strip_prefix(MARK)?.first_chunk().map(|&number| u32::from_be_bytes(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn probe(protocol: Protocol, to: &str, size: u16) -> Probe {
        Probe { id: 0x0102_0304, to: to.parse().expect("an address"), protocol, ttl: 64, flow: 0, size }
    }

    fn answers_to(probe: &Probe) -> Vec<Answer> {
        let (mut network, mut answers) = (open(), Vec::new());
        network.send(probe).expect("the loopback interface takes it");
        network.wait(Duration::from_secs(5), &mut answers);
        answers
    }

    #[test]
    fn a_probe_has_the_size_that_was_asked_for() {
        assert_eq!(payload(&probe(Protocol::Udp, "192.0.2.1:9", 1500), 0).len(), 1472);
        assert_eq!(payload(&probe(Protocol::Udp, "[2001:db8::1]:9", 1500), 0).len(), 1452);
        assert_eq!(payload(&probe(Protocol::Udp, "192.0.2.1:9", 0), 0).len(), 12);
        assert_eq!(echo(&probe(Protocol::Icmp, "192.0.2.1:0", 1500)).len(), 1480);
        assert_eq!(marked(&payload(&probe(Protocol::Udp, "192.0.2.1:9", 0), 0)), Some(0x0102_0304));
        assert_eq!(echo(&probe(Protocol::Icmp, "192.0.2.1:0", 0))[..8], [8, 0, 0, 0, 0, 0, 3, 4]);
    }

    #[test]
    fn a_closed_port_of_this_machine_answers() {
        let closed =
            std::net::UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port");
        let probe = probe(Protocol::Udp, &closed.to_string(), 0);
        let answers = answers_to(&probe);
        let [answer] = answers.as_slice() else { panic!("{answers:?}") };
        assert_eq!(answer.kind, AnswerKind::Icmp { kind: 3, code: 3, mtu: None });
        assert_eq!((answer.id, answer.from), (Some(probe.id), Some(probe.to.ip())));
        assert_eq!(answer.reply_ttl, Some(64));
    }

    #[test]
    fn a_connection_is_accepted_or_refused() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it has one").to_string();
        let kinds = |answers: Vec<Answer>| answers.iter().map(|answer| answer.kind).collect::<Vec<_>>();
        assert_eq!(kinds(answers_to(&probe(Protocol::Tcp, &address, 0))), [AnswerKind::Connected]);
        drop(listener);
        assert_eq!(kinds(answers_to(&probe(Protocol::Tcp, &address, 0))), [AnswerKind::Refused]);
    }

    #[test]
    fn a_wait_without_a_probe_ends() {
        let (mut network, mut answers) = (open(), Vec::new());
        network.wait(Duration::from_millis(1), &mut answers);
        assert_eq!(answers, []);
    }

    proptest! {
        #[test]
        fn no_quoted_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), ttl in any::<Option<u8>>()) {
            let flow = Flow::open(&probe(Protocol::Udp, "127.0.0.1:9", 0)).expect("a socket");
            let error = control::ExtendedError { origin: Origin::Icmp, errno: 90, kind: 3, code: 4, value: u32::MAX, offender: None };
            let control = Control { error: Some(error), ttl, received: Some(Duration::MAX) };
            for protocol in [Protocol::Udp, Protocol::Icmp, Protocol::Tcp] {
                let flow = Flow { protocol, socket: flow.socket.try_clone().expect("a second handle"), ..flow };
                let _ = flow.message(0, &bytes, &control, Instant::now());
                let _ = flow.reply(0, &bytes, &control, Instant::now());
            }
        }
    }
}
