//! What fills the gaps of a line: times, addresses, ids, names, numbers.
//!
//! A template holds gaps such as `«ipv4»`, `«200|404|500»` (one of these), `«1..500»` (a number), `«hex:40»` (digits).

use data_encoding::{BASE64, BASE64URL_NOPAD};
use jiff::Timestamp;

use super::random::Random;

pub const ALPHANUMERIC: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &str = "0123456789abcdef";

/// Fills templates; its clock goes on with every line.
pub struct Words {
    pub random: Random,
    milliseconds: i64,
}

impl Words {
    pub fn new(seed: u64) -> Self {
        // A Monday in November 2026.
        Self { random: Random::new(seed), milliseconds: 1_795_428_900_000 }
    }

    /// Lets some milliseconds pass.
    pub fn tick(&mut self) {
        self.milliseconds += self.random.below(400) as i64;
    }

    /// `template` with every gap filled.
    pub fn fill(&mut self, template: &str) -> String {
        let mut line = String::with_capacity(template.len() + 64);
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('«') {
            let (gap, after) = after.split_once('»').expect("every gap is closed");
            line.push_str(before);
            line.push_str(&self.gap(gap));
            rest = after;
        }
        line.push_str(rest);
        line
    }

    fn gap(&mut self, gap: &str) -> String {
        if gap.contains('|') {
            let all: Vec<&str> = gap.split('|').collect();
            return self.random.pick(&all).to_owned();
        }
        if let Some((from, to)) = gap.split_once("..") {
            let number = |text: &str| text.parse::<usize>().expect("a number in a gap");
            let (from, to) = (number(from), number(to));
            return (from + self.random.below(to - from + 1)).to_string();
        }
        if let Some((of, length)) = gap.split_once(':') {
            let length = length.parse().expect("a length in a gap");
            return match of {
                "hex" => self.random.text(HEX, length),
                "HEX" => self.random.text(HEX, length).to_uppercase(),
                "alnum" => self.random.text(ALPHANUMERIC, length),
                "upper" => self.random.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", length),
                "lower" => self.random.text("abcdefghijklmnopqrstuvwxyz", length),
                "digits" => self.random.text("0123456789", length),
                "base64" => BASE64.encode(&self.random.bytes(length)),
                "base64url" => BASE64URL_NOPAD.encode(&self.random.bytes(length)),
                other => unreachable!("no gap is called {other}"),
            };
        }
        self.named(gap)
    }

    fn time(&self, format: &str) -> String {
        let time = Timestamp::from_millisecond(self.milliseconds).expect("a time of this century");
        time.strftime(format).to_string()
    }

    fn named(&mut self, name: &str) -> String {
        let millisecond = self.milliseconds % 1000;
        match name {
            "iso" => self.time("%Y-%m-%dT%H:%M:%SZ"),
            "iso-ms" => format!("{}.{millisecond:03}Z", self.time("%Y-%m-%dT%H:%M:%S")),
            "iso-us" => format!("{}.{millisecond:03}123+00:00", self.time("%Y-%m-%dT%H:%M:%S")),
            "iso-ns" => format!("{}.{millisecond:03}123456Z", self.time("%Y-%m-%dT%H:%M:%S")),
            "space" => self.time("%Y-%m-%d %H:%M:%S"),
            "comma" => format!("{},{millisecond:03}", self.time("%Y-%m-%d %H:%M:%S")),
            "dot" => format!("{}.{millisecond:03}", self.time("%Y-%m-%d %H:%M:%S")),
            "clf" => self.time("%d/%b/%Y:%H:%M:%S +0000"),
            "rfc3164" => self.time("%b %d %H:%M:%S"),
            "http-date" => self.time("%a, %d %b %Y %H:%M:%S GMT"),
            "slashes" => self.time("%Y/%m/%d %H:%M:%S"),
            "day" => self.time("%Y-%m-%d"),
            "clock" => self.time("%H:%M:%S"),
            "compact" => self.time("%m%d %H:%M:%S.123456"),
            "epoch" => (self.milliseconds / 1000).to_string(),
            "epoch-ms" => self.milliseconds.to_string(),
            "uptime" => format!("{:>12}.{:06}", self.milliseconds % 9_000_000 / 1000, self.random.below(1_000_000)),
            "uuid" => self.fill("«hex:8»-«hex:4»-4«hex:3»-«8|9|a|b»«hex:3»-«hex:12»"),
            "traceparent" => self.fill("00-«hex:32»-«hex:16»-01"),
            "sha256" => self.fill("sha256:«hex:64»"),
            "ipv4" => self.fill("«81|93|104|151|203|185|46».«1..254».«1..254».«1..254»"),
            "private-ipv4" => self.fill("«10.0|10.244|172.17|192.168».«0..254».«1..254»"),
            "ipv6" => self.fill("2a02:«hex:4»:«hex:4»::«hex:4»"),
            "host" => self.fill("«web|db|app|cache|mq|edge»-«1..40»"),
            "user" => self.fill("«jmeyer|akowalski|deploy|svc-backup|www-data|postgres|mlopez|build»"),
            "email" => self.fill("«jane.meyer|a.kowalski|m.lopez|orders|billing»@«shop|mail|corp».example.«com|org|net»"),
            "service" => self.fill("«checkout|catalog|billing|inventory|auth|search|gateway|notifier»"),
            "thread" => self.fill("«http-nio-8080-exec-|pool-2-thread-|scheduling-|kafka-consumer-»«1..64»"),
            "pod" => self.fill("«service»-«hex:9»-«lower:5»"),
            "version" => self.fill("«0..12».«0..30».«0..20»"),
            "path" => {
                self.fill("/«api/v1|api/v2|static|v3»/«orders|users|items|assets|search|health»/«1..99999|uuid-like|index.html|main.js»")
            }
            "agent" => self.fill(
                "«Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.6723.117 Safari/537.36|Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0|curl/8.9.1|kube-probe/1.31|Go-http-client/2.0|python-requests/2.32.3|Prometheus/2.54.1»",
            ),
            "crate" => self.fill("«serde|tokio|hyper|regex|syn|rustls|tracing|clap|rand|bytes»"),
            "deb" => self.fill("«libssl3t64|openssh-server|passwd|login|libpam-modules|ca-certificates|gnupg|libsecret-1-0|keyutils|apt-utils|linux-image-6.12.57-amd64|python3-keyring|libauthen-sasl-perl|tzdata»"),
            "java" => self.fill("«com.example.shop|org.springframework.security|org.apache.catalina|org.hibernate|io.netty.handler.ssl».«auth|web|core|internal|filter».«TokenFilter|PasswordEncoder|SessionManager|OrderController|SecretResolver|KeyStoreLoader|UserService»"),
            other => unreachable!("no gap is called {other}"),
        }
    }
}
