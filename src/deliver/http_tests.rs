//! Exchanges with a server on this machine: what is refused, lost, redirected, too long.

use super::*;
use crate::deliver::loopback::{Loopback, Reply};

fn client() -> HttpClient {
    HttpClient::new(&[]).expect("a client")
}

fn url(text: &str) -> Url {
    Url::parse(text).expect("an address")
}

#[test]
fn nothing_travels_in_the_clear_but_on_this_machine() {
    let client = client();
    for clear in [
        "http://example.com/",
        "http://10.0.0.1/",
        "ftp://localhost/",
        "http://localhost.example.com/",
        "file:///etc/passwd",
    ] {
        assert!(matches!(client.request(Method::GET, &url(clear)), Err(HttpError::Insecure { .. })), "{clear}");
    }
    for fine in [
        "https://example.com/",
        "http://127.0.0.1:1/",
        "http://[::1]/",
        "http://localhost/",
        "http://[::ffff:127.0.0.1]/",
    ] {
        assert!(client.request(Method::GET, &url(fine)).is_ok(), "{fine}");
    }
}

#[test]
fn a_redirect_is_not_followed_and_named_by_its_host_alone() {
    let server = Loopback::start(|_| {
        Reply::Answer(307, vec![("location", "https://elsewhere.example/key=s3cret".to_owned())], Vec::new())
    });
    let client = client();
    let request =
        client.request(Method::POST, &server.url("/a?token=s3cret")).expect("allowed").bearer_auth("s3cret").body("x");
    let error = client.send(request).expect_err("a redirect");
    assert!(matches!(&error, HttpError::Redirected { to, status: 307, .. } if to == "elsewhere.example"), "{error}");
    assert!(!format!("{error} {error:?}").contains("s3cret"));
    let asked = server.asked();
    assert_eq!(
        (asked.len(), asked[0].header("authorization"), asked[0].body.as_slice()),
        (1, Some("Bearer s3cret"), &b"x"[..])
    );
}

#[test]
fn what_was_never_sent_is_told_from_what_had_no_answer_and_neither_tells_the_address() {
    let client = client();
    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let error = client
        .send(client.request(Method::POST, &url(&format!("http://{gone}/k3y"))).expect("allowed"))
        .expect_err("nobody listens");
    assert!(matches!(error, HttpError::NotSent { .. }), "{error}");
    let server = Loopback::start(|_| Reply::HangUp);
    let silent = client.send(client.request(Method::POST, &server.url("/k3y")).expect("allowed")).expect_err("hung up");
    assert!(matches!(silent, HttpError::NoAnswer { .. }), "{silent}");
    assert!(!format!("{error} {silent} {error:?} {silent:?}").contains("k3y"));
    assert_eq!(server.asked().len(), 1, "sent once");
}

#[test]
fn an_answer_is_read_whole_and_never_beyond_its_bound() {
    let long = vec![b'x'; usize::try_from(MOST_ANSWER_BYTES).expect("small") + 1];
    let server = Loopback::start(move |asked| match asked.target.as_str() {
        "/long" => Reply::Answer(200, Vec::new(), long.clone()),
        "/busy" => Reply::Answer(429, vec![("retry-after", "7".to_owned())], Vec::new()),
        "/none" => Reply::status(503),
        _ => Reply::json(201, &serde_json::json!({ "id": 1 })),
    });
    let client = client();
    let send = |path: &str| client.send(client.request(Method::GET, &server.url(path)).expect("allowed"));
    let answer = send("/").expect("an answer");
    assert!(answer.is_success() && answer.json().expect("JSON")["id"] == 1);
    let busy = send("/busy").expect("an answer");
    assert_eq!((busy.status, busy.retry_after()), (429, Some(Duration::from_secs(7))));
    assert!(busy.json().is_err());
    assert_eq!(send("/none").expect("an answer").status, 503);
    let said = serde_json::json!({ "a": "b" });
    let request = client.request(Method::PUT, &server.url("/echo")).expect("allowed").body(said.to_string());
    client.send(request).expect("an answer");
    assert_eq!(server.asked().last().map(|asked| (asked.method.clone(), asked.json())), Some(("PUT".to_owned(), said)));
    assert!(matches!(send("/long"), Err(HttpError::Unreadable { .. })));
    let mut sink = Vec::new();
    let request = || client.request(Method::GET, &server.url("/long")).expect("allowed");
    client.send_into(request(), &mut sink, MOST_ANSWER_BYTES + 1).expect("read back");
    assert_eq!(sink.len() as u64, MOST_ANSWER_BYTES + 1);
    assert!(matches!(client.send_into(request(), &mut Vec::new(), 10), Err(HttpError::TooLong { most: 10, .. })));
}

#[test]
fn a_certificate_that_nobody_vouches_for_stops_the_exchange_before_anything_is_sent() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
        let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("a pair");
        let (mut stream, _) = listener.accept().expect("a caller");
        let mut server = rustls::ServerConnection::new(Arc::new(config)).expect("a server");
        drop(server.complete_io(&mut stream));
    });
    let client = client();
    let request =
        client.request(Method::POST, &url(&format!("https://localhost:{}/", address.port()))).expect("allowed");
    assert!(matches!(client.send(request.body("x")), Err(HttpError::NotSent { .. })));
}
