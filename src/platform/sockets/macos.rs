//! Probes on macOS, for everybody: ICMP datagram sockets (icmp(4)), one for each probe, since quick changes of the time to
//! live of one socket are not kept apart. Such a socket may hear what is meant for others, so what comes in is known by
//! identifier and sequence number alone.

use std::collections::BTreeMap;
use std::io;
use std::mem::MaybeUninit;
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, Socket, Type};

use super::echo::{hear_v4, hear_v6, request};
use super::option::set_option;
use super::{Answer, Network, Probe, Protocol, SendError, headers, refusal};

/// How many packets are read from one socket before the others get their turn.
const AT_ONCE: usize = 64;

pub(super) struct MacNetwork {
    began: Instant,
    identifier: u16,
    /// The probes that are out, by sequence number.
    out: BTreeMap<u16, Out>,
}

struct Out {
    socket: Socket,
    id: u32,
    flow: u16,
    to: IpAddr,
}

pub(super) fn open() -> MacNetwork {
    let [.., high, low] = std::process::id().to_be_bytes();
    MacNetwork { began: Instant::now(), identifier: u16::from_be_bytes([high, low]), out: BTreeMap::new() }
}

impl Network for MacNetwork {
    fn supports(&mut self, protocol: Protocol, _to: IpAddr) -> Result<(), SendError> {
        match protocol {
            Protocol::Icmp => Ok(()),
            _ => Err(SendError::NotSupported("macOS lets only ICMP be traced without root")),
        }
    }

    fn shares_flows(&self, _protocol: Protocol) -> bool {
        true // routers that look beyond addresses look at the identifier, which is the same
    }

    fn source(&mut self, to: IpAddr) -> Result<IpAddr, SendError> {
        super::source(to)
    }

    fn send(&mut self, probe: &Probe) -> Result<Duration, SendError> {
        let to = probe.to.ip();
        self.supports(probe.protocol, to)?;
        let [.., high, low] = probe.id.to_be_bytes();
        let sequence = u16::from_be_bytes([high, low]);
        let socket = socket(to, probe.ttl).map_err(|error| refusal(&error))?;
        let payload = usize::from(probe.size).saturating_sub(headers(to));
        let packet = request(to, self.identifier, sequence, payload);
        let left = self.began.elapsed();
        socket.send_to(&packet, &probe.to.into()).map_err(|error| refusal(&error))?;
        self.out.insert(sequence, Out { socket, id: probe.id, flow: probe.flow, to });
        Ok(left)
    }

    fn close(&mut self, flow: u16) {
        self.out.retain(|_, out| out.flow != flow);
    }

    fn wait(&mut self, until: Duration, answers: &mut Vec<Answer>) {
        let before = answers.len();
        while answers.len() == before {
            let rest = until.saturating_sub(self.began.elapsed());
            if self.out.is_empty() {
                std::thread::sleep(rest);
                return;
            }
            for sequence in self.ready(rest) {
                self.read(sequence, answers);
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

impl MacNetwork {
    fn ready(&self, rest: Duration) -> Vec<u16> {
        let mut polled: Vec<PollFd<'_>> =
            self.out.values().map(|out| PollFd::new(&out.socket, PollFlags::IN)).collect();
        let rest =
            Timespec { tv_sec: rest.as_secs().try_into().unwrap_or(i64::MAX), tv_nsec: rest.subsec_nanos().into() };
        match poll(&mut polled, Some(&rest)) {
            Ok(1..) => {
                let happened = polled.iter().map(|one| !one.revents().is_empty());
                self.out.keys().zip(happened).filter(|(_, happened)| *happened).map(|(number, _)| *number).collect()
            }
            _ => Vec::new(),
        }
    }

    fn read(&mut self, sequence: u16, answers: &mut Vec<Answer>) {
        for _ in 0..AT_ONCE {
            let Some(out) = self.out.get(&sequence) else { return };
            let mut packet = [MaybeUninit::uninit(); 1600];
            let Ok((length, from)) = out.socket.recv_from(&mut packet) else { return };
            let at = self.began.elapsed();
            let bytes: Vec<u8> = received(&packet, length);
            let heard = if out.to.is_ipv4() { hear_v4(&bytes) } else { hear_v6(&bytes) };
            let Some(heard) = heard.filter(|heard| heard.identifier == self.identifier) else { continue };
            // Several sockets may hear the same packet; the first one takes the probe away.
            let Some(asked) = self.out.remove(&heard.sequence) else { continue };
            answers.push(Answer {
                id: Some(asked.id),
                flow: asked.flow,
                at,
                from: from.as_socket().map(|from| from.ip()),
                reply_ttl: heard.ttl,
                kind: heard.kind,
            });
        }
    }
}

#[allow(unsafe_code, reason = "socket2 receives into memory that nobody has written yet")]
fn received(packet: &[MaybeUninit<u8>], length: usize) -> Vec<u8> {
    let filled = packet.iter().take(length);
    // SAFETY: `recv_from` has written the first `length` bytes.
    filled.map(|byte| unsafe { byte.assume_init() }).collect()
}

fn socket(to: IpAddr, ttl: u8) -> io::Result<Socket> {
    let (domain, protocol) = match to {
        IpAddr::V4(_) => (Domain::IPV4, socket2::Protocol::ICMPV4),
        IpAddr::V6(_) => (Domain::IPV6, socket2::Protocol::ICMPV6),
    };
    let socket = Socket::new(domain, Type::DGRAM, Some(protocol))?;
    socket.set_nonblocking(true)?;
    if to.is_ipv4() {
        socket.set_ttl_v4(ttl.into())?;
        set_option(socket.as_fd(), libc::IPPROTO_IP, libc::IP_DONTFRAG, 1)?;
    } else {
        socket.set_unicast_hops_v6(ttl.into())?;
        set_option(socket.as_fd(), libc::IPPROTO_IPV6, libc::IPV6_DONTFRAG, 1)?;
    }
    Ok(socket)
}
