//! Far sides behind a proxy and with certificates of an authority that only the policy knows: a TLS server and a proxy on this
//! machine, which sees the name that is asked for and nothing else.

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::*;
use crate::deliver::loopback::{Loopback, Reply};

const TOKEN: &str = "t0k3n-of-the-test";

/// Hosts with names of `names`, certified by an authority of their own, behind a proxy.
struct Far {
    proxy: Url,
    /// What the proxy was asked, and all that it carried in the clear.
    asked: Arc<Mutex<Vec<String>>>,
    ca_file: PathBuf,
    _folder: tempfile::TempDir,
    server: Arc<Loopback>,
}

fn serve(one: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let port = listener.local_addr().expect("bound").port();
    let one = Arc::new(one);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let one = one.clone();
            thread::spawn(move || one(stream));
        }
    });
    port
}

/// A message of HTTP/1.1, head and body.
fn message(from: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    while !message.ends_with(b"\r\n\r\n") {
        if from.read_until(b'\n', &mut message).ok()? == 0 {
            return None;
        }
    }
    let head = String::from_utf8_lossy(&message).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    message.extend(body);
    Some(message)
}

impl Far {
    fn start(
        names: &[&str],
        reply: impl Fn(&crate::deliver::loopback::Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let mut wanted = CertificateParams::default();
        wanted.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        wanted.distinguished_name.push(DnType::CommonName, "an authority of one company");
        let authority =
            CertifiedIssuer::self_signed(wanted, KeyPair::generate().expect("a key")).expect("an authority");
        let key = KeyPair::generate().expect("a key");
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let leaf = CertificateParams::new(names).expect("names").signed_by(&key, &authority).expect("a certificate");
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).expect("a key"))
            .expect("a chain");
        let (config, server) = (Arc::new(config), Arc::new(Loopback::start(reply)));
        let inner = server.url("/").port().expect("a port");
        let tls_port = serve(move |stream| {
            let connection = ServerConnection::new(config.clone()).expect("a configuration");
            let mut outer = BufReader::new(StreamOwned::new(connection, stream));
            while let Some(request) = message(&mut outer) {
                let mut stream = TcpStream::connect(("127.0.0.1", inner)).expect("the server");
                stream.write_all(&request).expect("sent");
                let Some(answer) = message(&mut BufReader::new(stream)) else { return };
                if outer.get_mut().write_all(&answer).and_then(|()| outer.get_mut().flush()).is_err() {
                    return;
                }
            }
        });
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = asked.clone();
        let proxy = serve(move |stream| {
            let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
            let Some(head) = message(&mut reader) else { return };
            let head = String::from_utf8_lossy(&head).into_owned();
            let tunnel = head.starts_with("CONNECT ");
            kept.lock().expect("whole").push(head);
            let mut back = stream;
            if !tunnel {
                return;
            }
            let far = TcpStream::connect(("127.0.0.1", tls_port)).expect("the server");
            back.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").expect("answered");
            let (mut up, mut down) = (far.try_clone().expect("a handle"), far);
            thread::spawn(move || drop(io::copy(&mut down, &mut back)));
            drop(io::copy(&mut reader, &mut up));
        });
        let folder = tempfile::tempdir().expect("a folder");
        let ca_file = folder.path().join("company.pem");
        std::fs::write(&ca_file, authority.pem()).expect("written");
        let proxy = Url::parse(&format!("http://127.0.0.1:{proxy}")).expect("an address");
        Self { proxy, asked, ca_file, _folder: folder, server }
    }

    fn client(&self, trusting: bool) -> HttpClient {
        let ca_file = trusting.then(|| self.ca_file.to_str().expect("a name"));
        let client = HttpClient::new(&[]).expect("a client");
        client.along(ca_file, Some(&ProxySetting::At(self.proxy.clone()))).expect("a way out")
    }
}

fn post(client: &HttpClient, url: &str) -> Result<Answer, HttpError> {
    let request = client.request(Method::POST, &Url::parse(url).expect("an address")).expect("allowed");
    client.send(request.bearer_auth(TOKEN).body("the body"))
}

#[test]
fn a_far_side_of_a_company_is_reached_by_its_proxy_and_trusted_by_its_certificates_alone() {
    let far = Far::start(&["desk.example"], |_| Reply::status(201));
    assert_eq!(post(&far.client(true), "https://desk.example/tickets").expect("an answer").status, 201);
    let asked = far.server.asked();
    assert_eq!((asked.len(), asked[0].body.as_slice()), (1, b"the body".as_slice()));
    let bearer = format!("Bearer {TOKEN}");
    assert_eq!(asked[0].header("authorization"), Some(bearer.as_str()));

    let stranger = post(&far.client(false), "https://desk.example/tickets").expect_err("nobody vouches for it");
    assert!(matches!(&stranger, HttpError::NotSent { problem, .. } if problem.contains("certificate")), "{stranger}");
    let other = post(&far.client(true), "https://other.example/tickets").expect_err("a certificate of another name");
    assert!(matches!(&other, HttpError::NotSent { problem, .. } if problem.contains("certificate")), "{other}");
    assert_eq!(far.server.asked().len(), 1, "what is not trusted is told nothing");

    let carried = far.asked.lock().expect("whole").join("\n");
    assert!(carried.contains("CONNECT desk.example:443") && carried.contains("CONNECT other.example:443"), "{carried}");
    assert!(!carried.contains(TOKEN) && !carried.contains("/tickets") && !carried.contains("the body"), "{carried}");
}

#[test]
fn a_redirect_to_another_host_takes_nothing_there() {
    let far = Far::start(&["desk.example", "other.example"], |asked| match asked.header("host") {
        Some("desk.example") => {
            Reply::Answer(307, vec![("location", format!("https://other.example/?t={TOKEN}"))], Vec::new())
        }
        _ => Reply::status(200),
    });
    let error = post(&far.client(true), "https://desk.example/tickets").expect_err("a redirect");
    assert!(matches!(&error, HttpError::Redirected { to, status: 307, .. } if to == "other.example"), "{error}");
    assert!(!error.to_string().contains(TOKEN));
    assert_eq!(far.server.asked().len(), 1);
    assert!(!far.asked.lock().expect("whole").join("\n").contains("other.example"), "nobody went there");
}

#[test]
fn this_machine_is_reached_without_a_proxy_and_nothing_leaves_in_the_clear_by_one() {
    let far = Far::start(&["desk.example"], |_| Reply::status(201));
    let local = Loopback::start(|_| Reply::status(204));
    let client = far.client(true);
    let request = client.request(Method::GET, &local.url("/")).expect("allowed");
    assert_eq!(client.send(request).expect("an answer").status, 204);
    let clear = client.request(Method::GET, &Url::parse("http://desk.example/").expect("an address"));
    assert!(matches!(clear, Err(HttpError::Insecure { .. })));
    assert!(far.asked.lock().expect("whole").is_empty());
}

#[test]
fn a_file_without_certificates_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("empty.pem");
    std::fs::write(&file, "no certificate\n").expect("written");
    let client = HttpClient::new(&[]).expect("a client");
    for (path, told) in [(file.to_str().expect("a name"), "it holds none"), ("/nowhere/ca.pem", "/nowhere/ca.pem")] {
        let error = client.clone().along(Some(path), None).expect_err(path).to_string();
        assert!(error.contains(told), "{error}");
    }
}
