//! Connections that fail as soon as a router says that their time is over: `TCP_FAIL_CONNECT_ON_ICMP_ERROR` and
//! `TCP_ICMP_ERROR_INFO`, Windows 10 2004.

#![allow(unsafe_code, reason = "the options that tell which router answered are known only to the Windows API")]

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::windows::io::AsRawSocket;
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use windows_sys::Win32::Networking::WinSock::{
    AF_INET, AF_INET6, ICMP_ERROR_INFO, IPPROTO_TCP, POLLWRNORM, SOCKET, TCP_FAIL_CONNECT_ON_ICMP_ERROR,
    TCP_ICMP_ERROR_INFO, TCP_NOSYNRETRIES, WSAEWOULDBLOCK, WSAPOLLFD, WSAPoll, getsockopt, setsockopt,
};

use super::Ended;
use crate::platform::sockets::{Answer, AnswerKind, Probe};

/// One connection that was begun.
pub(super) struct Connection {
    socket: Socket,
    id: u32,
    to: IpAddr,
}

impl Connection {
    /// Whether this Windows tells who answered.
    pub(super) fn is_possible(to: IpAddr) -> bool {
        socket(to).is_ok()
    }

    pub(super) fn open(probe: &Probe) -> io::Result<Self> {
        let to = probe.to.ip();
        let socket = socket(to)?;
        if to.is_ipv4() {
            socket.set_ttl_v4(probe.ttl.into())?;
        } else {
            socket.set_unicast_hops_v6(probe.ttl.into())?;
        }
        socket.set_linger(Some(Duration::ZERO))?; // closing one that was accepted leaves nothing behind on either side
        match socket.connect(&probe.to.into()) {
            Err(error) if error.raw_os_error() != Some(WSAEWOULDBLOCK) => Err(error),
            _ => Ok(Self { socket, id: probe.id, to }),
        }
    }

    /// What it came to, as an answer.
    pub(super) fn answer(&self, flow: u16, ended: Ended, at: Duration) -> Option<Answer> {
        match ended {
            Ended::As(kind, from) => {
                Some(Answer { id: Some(self.id), flow, at, from: from.or(Some(self.to)), reply_ttl: None, kind })
            }
            Ended::Silent => None,
        }
    }

    fn ended(&self) -> Ended {
        match self.socket.take_error() {
            Ok(None) => Ended::As(AnswerKind::Connected, None),
            Ok(Some(error)) if error.kind() == io::ErrorKind::ConnectionRefused => Ended::As(AnswerKind::Refused, None),
            _ => match told(raw(&self.socket)) {
                Some((kind, code, from)) => Ended::As(AnswerKind::Icmp { kind, code, mtu: None }, Some(from)),
                None => Ended::Silent,
            },
        }
    }
}

/// The connections that have come to something within `rest`.
pub(super) fn wait(connections: &BTreeMap<u16, Connection>, rest: Duration) -> Vec<(u16, Ended)> {
    let mut polled: Vec<WSAPOLLFD> = connections
        .values()
        .map(|connection| WSAPOLLFD { fd: raw(&connection.socket), events: POLLWRNORM, revents: 0 })
        .collect();
    let count = u32::try_from(polled.len()).unwrap_or(0);
    let rest = i32::try_from(rest.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: `polled` holds `count` entries and outlives the call.
    let happened = unsafe { WSAPoll(polled.as_mut_ptr(), count, rest) };
    if happened <= 0 {
        return Vec::new();
    }
    let pairs = connections.iter().zip(&polled).filter(|(_, polled)| polled.revents != 0);
    pairs.map(|((flow, connection), _)| (*flow, connection.ended())).collect()
}

fn socket(to: IpAddr) -> io::Result<Socket> {
    let domain = if to.is_ipv4() { Domain::IPV4 } else { Domain::IPV6 };
    let socket = Socket::new(domain, Type::STREAM, Some(socket2::Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    set(&socket, TCP_FAIL_CONNECT_ON_ICMP_ERROR)?;
    set(&socket, TCP_NOSYNRETRIES)?;
    Ok(socket)
}

fn set(socket: &Socket, name: i32) -> io::Result<()> {
    let on = 1_u32.to_ne_bytes();
    let length = i32::try_from(on.len()).expect("four");
    // SAFETY: the value is a DWORD of four bytes that lives until the call returns.
    let result = unsafe { setsockopt(raw(socket), IPPROTO_TCP, name, on.as_ptr(), length) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Type, code and sender of the message that made a connection fail.
fn told(socket: SOCKET) -> Option<(u8, u8, IpAddr)> {
    let mut message = ICMP_ERROR_INFO::default();
    let mut length = i32::try_from(size_of::<ICMP_ERROR_INFO>()).ok()?;
    // SAFETY: the structure is as large as `length` says and lives until the call returns.
    let result =
        unsafe { getsockopt(socket, IPPROTO_TCP, TCP_ICMP_ERROR_INFO, (&raw mut message).cast(), &raw mut length) };
    if result != 0 {
        return None;
    }
    // SAFETY: every variant of the union begins with the family, and any bits are an address.
    let from = unsafe {
        match message.srcaddress.si_family {
            AF_INET => Ipv4Addr::from(message.srcaddress.Ipv4.sin_addr.S_un.S_addr.to_ne_bytes()).into(),
            AF_INET6 => Ipv6Addr::from(message.srcaddress.Ipv6.sin6_addr.u.Byte).into(),
            _ => return None,
        }
    };
    Some((message.r#type, message.code, from))
}

fn raw(socket: &Socket) -> SOCKET {
    socket.as_raw_socket().try_into().expect("a socket is as wide as a pointer")
}
