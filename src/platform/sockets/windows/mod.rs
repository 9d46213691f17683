//! Probes on Windows, for everybody: ICMP by the system's own calls for it, as tracert does, and TCP by a connection that
//! fails as soon as a router speaks (Windows 10 2004 and newer).
//!
//! An echo blocks its thread until it is answered or given up, so each has a thread of its own; a routine for all of them at
//! once is limited to 62.

mod connect;
mod echo;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use self::connect::Connection;
use super::{Answer, AnswerKind, Network, Probe, Protocol, SendError, refusal};

/// The most echoes at once; a path of 40 hops has 120 in all.
const MOST_ECHOES: usize = 200;
/// How long an echo is waited for. Times below 100 ms are not kept to.
const ECHO_LIMIT: Duration = Duration::from_secs(1);
/// How often echoes are looked for while connections are out: one call can't wait for both.
const TICK: Duration = Duration::from_millis(5);

pub(super) struct WindowsNetwork {
    began: Instant,
    connections: BTreeMap<u16, Connection>,
    echoes: Arc<AtomicUsize>,
    sender: Sender<Answer>,
    receiver: Receiver<Answer>,
}

pub(super) fn open() -> WindowsNetwork {
    let (sender, receiver) = mpsc::channel();
    let (connections, echoes) = (BTreeMap::new(), Arc::new(AtomicUsize::new(0)));
    WindowsNetwork { began: Instant::now(), connections, echoes, sender, receiver }
}

impl Network for WindowsNetwork {
    fn supports(&mut self, protocol: Protocol, to: IpAddr) -> Result<(), SendError> {
        match protocol {
            Protocol::Icmp => Ok(()),
            Protocol::Tcp if Connection::is_possible(to) => Ok(()),
            Protocol::Tcp => Err(SendError::NotSupported("tracing by TCP needs Windows 10 2004 or newer")),
            Protocol::Udp => {
                Err(SendError::NotSupported("Windows does not let UDP be traced without an administrator"))
            }
        }
    }

    fn shares_flows(&self, _protocol: Protocol) -> bool {
        false // what identifier an echo has is not told
    }

    fn source(&mut self, to: IpAddr) -> Result<IpAddr, SendError> {
        super::source(to)
    }

    fn send(&mut self, probe: &Probe) -> Result<Duration, SendError> {
        match probe.protocol {
            Protocol::Icmp => self.send_echo(*probe),
            Protocol::Tcp => {
                let left = self.began.elapsed();
                let connection = Connection::open(probe).map_err(|error| refusal(&error))?;
                self.connections.insert(probe.flow, connection);
                Ok(left)
            }
            Protocol::Udp => Err(SendError::NotSupported("UDP is not traced on Windows")),
        }
    }

    fn close(&mut self, flow: u16) {
        self.connections.remove(&flow);
    }

    fn wait(&mut self, until: Duration, answers: &mut Vec<Answer>) {
        let before = answers.len();
        while answers.len() == before {
            let rest = until.saturating_sub(self.began.elapsed());
            if self.connections.is_empty() {
                answers.extend(self.receiver.recv_timeout(rest).ok());
            } else {
                let kinds = connect::wait(&self.connections, rest.min(TICK));
                for (flow, kind) in kinds {
                    let Some(connection) = self.connections.remove(&flow) else { continue };
                    answers.extend(connection.answer(flow, kind, self.began.elapsed()));
                }
            }
            answers.extend(self.receiver.try_iter());
            if rest.is_zero() {
                return;
            }
        }
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }
}

impl WindowsNetwork {
    fn send_echo(&mut self, probe: Probe) -> Result<Duration, SendError> {
        if self.echoes.fetch_add(1, Ordering::Relaxed) >= MOST_ECHOES {
            self.echoes.fetch_sub(1, Ordering::Relaxed);
            return Err(SendError::Other("too many echoes at once".to_owned()));
        }
        let (sender, echoes, began) = (self.sender.clone(), Arc::clone(&self.echoes), self.began);
        let work = move || {
            if let Some((from, kind, ttl)) = echo::exchange(&probe, ECHO_LIMIT) {
                let (id, at) = (Some(probe.id), began.elapsed());
                // Nobody listens any more once the trace is over.
                let _ = sender.send(Answer { id, flow: probe.flow, at, from: Some(from), reply_ttl: ttl, kind });
            }
            echoes.fetch_sub(1, Ordering::Relaxed);
        };
        let left = self.began.elapsed();
        let thread = thread::Builder::new().name("echo".to_owned()).stack_size(128 * 1024).spawn(work);
        thread.map(|_| left).map_err(|error| {
            self.echoes.fetch_sub(1, Ordering::Relaxed);
            refusal(&error)
        })
    }
}

/// What a connection came to.
#[derive(Clone, Copy)]
enum Ended {
    /// As told by the socket.
    As(AnswerKind, Option<IpAddr>),
    /// In silence.
    Silent,
}
