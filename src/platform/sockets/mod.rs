//! Probes of a path: send a packet that may live for so many hops, and hear who answered, as a plain user.
//!
//! [`Network`] is the whole door; the strategy above it (`probe/path/`) decides what is sent when. Who can do what:
//!
//! - Linux: UDP and TCP for everybody, by the error queue of ordinary sockets; ICMP where `net.ipv4.ping_group_range`
//!   allows it;
//! - macOS: ICMP by datagram sockets, for everybody;
//! - Windows: ICMP by `IcmpSendEcho2Ex` and `Icmp6SendEcho2`, and TCP since Windows 10 2004;
//! - elsewhere: nothing, and it says so.
//!
//! What comes from the network is hostile. An answer is never more than a few numbers and an address.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

#[cfg(any(target_os = "macos", test, fuzzing))]
#[cfg_attr(not(target_os = "macos"), allow(dead_code))] // tested everywhere, used on macOS
mod echo;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod option;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as system;

#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
use macos as system;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as system;

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
mod other;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
use other as system;

/// Reads `bytes` as each of the things that come from the network or from the kernel about it: for fuzzing.
#[cfg(fuzzing)]
pub fn hear_anything(bytes: &[u8]) {
    let _ = (echo::hear_v4(bytes), echo::hear_v6(bytes));
    #[cfg(target_os = "linux")]
    system::read_control(bytes);
}

/// How a probe travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// A datagram to a port where probably nobody listens; the destination says so.
    Udp,
    /// The first packet of a connection to a real service.
    Tcp,
    /// An echo request.
    Icmp,
}

/// One packet to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// Chosen by the caller, different for each probe of one [`Network`].
    pub id: u32,
    /// Where to; the port is ignored for ICMP.
    pub to: SocketAddr,
    /// As what.
    pub protocol: Protocol,
    /// How many hops it may live.
    pub ttl: u8,
    /// Probes of one number go by one flow (same addresses and ports), as far as [`Network::shares_flows`] says so.
    pub flow: u16,
    /// The whole packet in bytes with the IP header, never fragmented on the way; 0: as small as can be.
    pub size: u16,
}

/// What came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The probe; `None` where the answer quotes too little of it to tell which of its flow it was.
    pub id: Option<u32>,
    /// The flow of the probe.
    pub flow: u16,
    /// When it arrived, since the beginning of this [`Network`]; by the kernel's clock where there is one.
    pub at: Duration,
    /// Who answered.
    pub from: Option<IpAddr>,
    /// What the answer's own time to live had left; `None` where the system doesn't tell.
    pub reply_ttl: Option<u8>,
    /// What it is.
    pub kind: AnswerKind,
}

/// The kinds of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerKind {
    /// An ICMP or ICMPv6 message about the probe: its type and code as on the wire.
    Icmp {
        /// The type.
        kind: u8,
        /// The code.
        code: u8,
        /// What the next link takes, in bytes, where the message is about that.
        mtu: Option<u32>,
    },
    /// The echo of an ICMP probe, or a datagram in return for a datagram.
    Reply,
    /// The connection was accepted.
    Connected,
    /// The connection was refused by the destination.
    Refused,
}

/// Why a probe did not leave this machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Nothing leads there: no route, or no address of that family.
    #[error("there is no route to it")]
    NoRoute,
    /// This machine forbids it: a firewall of its own, or a policy.
    #[error("this machine does not permit it")]
    NotPermitted,
    /// Larger than the first link takes.
    #[error("the packet is larger than the first link takes")]
    TooBig,
    /// The system can't do it.
    #[error("{0}")]
    NotSupported(&'static str),
    /// Anything else, in the system's words.
    #[error("{0}")]
    Other(String),
}

/// What a system lets us do, of which a strategy makes a trace. A simulated network stands behind the same trait.
pub trait Network {
    /// Whether probes of this protocol and family can be sent, or why not.
    fn supports(&mut self, protocol: Protocol, to: IpAddr) -> Result<(), SendError>;

    /// Whether several probes can go by one flow. Where not, each probe is a flow of its own.
    fn shares_flows(&self, protocol: Protocol) -> bool;

    /// The address that packets to `to` leave from, without sending any.
    fn source(&mut self, to: IpAddr) -> Result<IpAddr, SendError>;

    /// Sends one probe, and tells when it left, since the beginning.
    fn send(&mut self, probe: &Probe) -> Result<Duration, SendError>;

    /// Gives up waiting for the answers of a flow and frees what it holds.
    fn close(&mut self, flow: u16);

    /// Waits until there are answers or it is `until`, whichever comes first, and adds them to `answers`.
    fn wait(&mut self, until: Duration, answers: &mut Vec<Answer>);

    /// The time since the beginning.
    fn now(&self) -> Duration;
}

/// The network of this machine. Nothing is sent before the first [`Network::send`].
#[must_use]
pub fn network() -> Box<dyn Network> {
    Box::new(system::open())
}

/// What an IPv4 or IPv6 header and a header of 8 bytes, UDP or ICMP, take of a packet.
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
fn headers(to: IpAddr) -> usize {
    if to.is_ipv4() { 20 + 8 } else { 40 + 8 }
}

/// The address that packets to `to` leave from. Nothing is sent: connecting a datagram socket only looks the route up.
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
fn source(to: IpAddr) -> Result<IpAddr, SendError> {
    const DISCARD: u16 = 9;
    let any: IpAddr = if to.is_ipv4() { [0; 4].into() } else { [0_u16; 8].into() };
    let ask = || {
        let socket = std::net::UdpSocket::bind((any, 0))?;
        socket.connect((to, DISCARD))?;
        socket.local_addr()
    };
    ask().map(|address| address.ip()).map_err(|error| refusal(&error))
}

/// Why the system did not send.
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
fn refusal(error: &std::io::Error) -> SendError {
    use std::io::ErrorKind;
    // The rest has no kind of its own in std: an address family that is switched off, and a message that is too long.
    #[cfg(unix)]
    let (no_family, too_long) =
        (rustix::io::Errno::AFNOSUPPORT.raw_os_error(), rustix::io::Errno::MSGSIZE.raw_os_error());
    #[cfg(windows)]
    let (no_family, too_long) = {
        use windows_sys::Win32::Networking::WinSock::{WSAEAFNOSUPPORT, WSAEMSGSIZE};
        (WSAEAFNOSUPPORT, WSAEMSGSIZE)
    };
    match (error.kind(), error.raw_os_error()) {
        (_, Some(number)) if number == no_family => SendError::NoRoute,
        (_, Some(number)) if number == too_long => SendError::TooBig,
        (
            ErrorKind::NetworkUnreachable
            | ErrorKind::HostUnreachable
            | ErrorKind::AddrNotAvailable
            | ErrorKind::NetworkDown,
            _,
        ) => SendError::NoRoute,
        (ErrorKind::PermissionDenied, _) => SendError::NotPermitted,
        _ => SendError::Other(error.to_string()),
    }
}
