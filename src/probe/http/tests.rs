//! Requests to servers on this machine that answer as they should not.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use super::*;
use crate::probe::Severity;
use crate::probe::http::findings::findings;

fn serve(one: impl Fn(&str, &mut TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let port = listener.local_addr().expect("bound").port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = vec![0; 4096];
            let n = stream.read(&mut request).unwrap_or_default();
            one(&String::from_utf8_lossy(&request[..n]), &mut stream);
        }
    });
    port
}

fn asked(port: u16, path: &str, limit: Duration) -> (Target, HttpReport) {
    let target = Target::parse(&format!("http://localhost:{port}{path}")).expect("a target");
    let report = probe(&target, Some([127, 0, 0, 1].into()), None, Instant::now() + limit);
    (target, report)
}

fn codes((target, report): &(Target, HttpReport), severity: Severity) -> Vec<&'static str> {
    let found = findings(target, report);
    assert!(found.iter().all(|finding| !finding.evidence.is_empty()), "{found:#?}");
    found.iter().filter(|finding| finding.severity == severity).map(|finding| finding.code).collect()
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn what_the_server_answers_is_named() {
    for (answer, code) in [
        ("HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n", "http.server-error"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "http.cut-short"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "http.cut-short"),
        ("SSH-2.0-OpenSSH_9\r\n", "http.not-http"),
        ("", "http.reset"),
        ("HTTP/1.1 511 x\r\nContent-Length: 0\r\n\r\n", "http.captive-portal"),
        ("HTTP/1.1 200 OK\r\n\r\n<!-- <WISPAccessGatewayParam> -->", "http.captive-portal"),
        ("HTTP/1.1 302 x\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n", "http.redirect-loop"),
        ("HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n", "clock.differs"),
    ] {
        let port = serve(move |_, stream| {
            let _ = stream.write_all(answer.as_bytes());
        });
        assert_eq!(codes(&asked(port, "/", LONG), Severity::Problem), [code], "{answer}");
    }
}

#[test]
fn what_is_well_is_no_problem() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\nabc",
        "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 301 x\r\nLocation: https://elsewhere.example/x?token=hunter2\r\nContent-Length: 0\r\n\r\n",
    ] {
        let port = serve(move |_, stream| {
            let _ = stream.write_all(answer.as_bytes());
        });
        let asked = asked(port, "/", LONG);
        assert_eq!(codes(&asked, Severity::Problem), [""; 0], "{answer}");
        assert!(!format!("{asked:?}").contains("hunter2"));
    }
}

#[test]
fn a_server_that_says_nothing_or_stops_in_the_middle_is_named_in_time() {
    let port = serve(|_, stream| {
        thread::sleep(Duration::from_secs(5));
        let _ = stream.write_all(b"late");
    });
    let asked_of_a_silent_one = asked(port, "/", Duration::from_millis(300));
    assert_eq!(codes(&asked_of_a_silent_one, Severity::Problem), ["http.no-answer"]);
    let port = serve(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        thread::sleep(Duration::from_secs(5));
    });
    assert_eq!(codes(&asked(port, "/", Duration::from_millis(300)), Severity::Problem), ["http.stalls"]);
}

#[test]
fn a_redirection_on_the_same_host_is_followed_and_its_request_holds_no_query() {
    let port = serve(|request, stream| {
        let answer = if request.starts_with("GET /there ") {
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        } else {
            "HTTP/1.1 302 x\r\nLocation: /there?secret=1\r\nContent-Length: 0\r\n\r\n"
        };
        let _ = stream.write_all(answer.as_bytes());
    });
    let asked = asked(port, "/here?token=hunter2", LONG);
    let fetch = asked.1.direct.as_ref().expect("an address");
    assert_eq!(fetch.exchanges.iter().filter_map(|one| one.status).collect::<Vec<_>>(), [302, 200]);
}

#[test]
fn what_only_a_proxy_reaches_needs_it_and_a_proxy_that_fails_is_a_problem() {
    let port = serve(|request, stream| {
        let whole = request.starts_with("GET http://localhost:1/ ");
        let answer = if whole { "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" } else { "HTTP/1.1 400 x\r\n\r\n" };
        let _ = stream.write_all(answer.as_bytes());
    });
    let proxy = |port: u16| Proxy {
        target: Target::parse(&format!("http://127.0.0.1:{port}")).expect("a target"),
        source: "HTTP_PROXY".to_owned(),
    };
    // Port 1 is a reserved one that nobody listens on.
    let target = Target::parse("http://localhost:1").expect("a target");
    let until = Instant::now() + LONG;
    let report = (target.clone(), probe(&target, Some([127, 0, 0, 1].into()), Some(&proxy(port)), until));
    assert_eq!(codes(&report, Severity::Notice), ["http.proxy-required"]);
    assert_eq!(codes(&report, Severity::Problem), [""; 0]);
    let report = (target.clone(), probe(&target, None, Some(&proxy(1)), until));
    assert_eq!(codes(&report, Severity::Problem), ["http.proxy-fails"]);
}
