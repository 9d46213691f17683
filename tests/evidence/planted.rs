//! Secrets and personal data with the places where they leak into logs, all invented, and logs in which they are hidden.

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};

use super::logs::Logs;
use super::words::{ALPHANUMERIC, Words};

/// One kind of secret: how it looks and the lines that it stands in (`§` marks the place).
struct Kind {
    name: &'static str,
    value: &'static str,
    lines: &'static [&'static str],
}

/// A password as people and generators make them.
const PASSWORD: &str = "«lower:5»-«digits:3»-«alnum:6»|«alnum:16»";

/// Tokens with a shape of their own leak anywhere: with a label and without.
const ANYWHERE: &[&str] = &[
    "«iso-ms» ERROR [«service»] request to upstream failed, used §",
    r#"{"level":"debug","time":«epoch-ms»,"msg":"using credentials","value":"§"}"#,
    r#"«ipv4» - - [«clf»] "GET /hook?t=§&page=«1..9» HTTP/1.1" 200 «0..9000» "-" "«agent»""#,
    "«rfc3164» «host» «service»[«1..40000»]: retry «1..9» with (§), giving up",
    "export CI_VALUE='§'",
    r#"time="«iso»" level=info msg="client ready" value=§ attempt=«1..9»"#,
    r#"{"body":"{\"value\":\"§\",\"page\":«1..9»}","status":200}"#,
];

const LABELLED: &[&str] = &[
    "DB_PASSWORD=§",
    "password: §",
    "  password = \"§\"",
    r#"{"user":"«user»","password":"§","id":«1..9000»}"#,
    "«comma» DEBUG [«thread»] «java» - connecting with password=§ timeout=«1..90»",
    r#"«ipv4» - - [«clf»] "POST /login?user=«user»&password=§ HTTP/1.1" 302 0 "-" "«agent»""#,
    "<password>§</password>",
    r#"<add key="password" value="§" />"#,
    "mysql --host «host» --user shop --password=§ shop",
    r#"{"request":"{\"username\":\"«user»\",\"password\":\"§\"}","status":401}"#,
    "Server=tcp:db.example.com,1433;Database=shop;User Id=shop;Password=§;Encrypt=True;",
    "CREATE USER shop WITH PASSWORD '§';",
    "INSERT INTO users (id, login, password) VALUES («1..9000»,'«user»','§');",
    "«comma» DEBUG [«thread»] «java» - INSERT INTO `users` (`login`, `pass`) VALUES ('«user»', '§') [«1..90» ms]",
    "id,login,password\n«1..9000»,«user»,§\n",
    " login | password\n-------+----------\n «user»   | §\n(1 row)\n",
    r#"«iso» exec ["shop","--host","db","--password","§"]"#,
    "«rfc3164» «host» sudo: shop : COMMAND=/usr/bin/sqlplus shop/§@db",
    "echo § | sudo -S systemctl restart «service»",
    "echo 'shop:§' | chpasswd",
    "requirepass §",
    r#"    client.setPassword("§");"#,
    r#"requests.get(url, auth=("shop", "§"))"#,
    r#"<property name="db.password">§</property>"#,
    "<key>password</key>\n<string>§</string>",
    "snmp-server community § RO",
    "«iso-ms» INFO password for «user» changed to §",
    "пароль: §",
];

const KINDS: &[Kind] = &[
    Kind { name: "password", value: PASSWORD, lines: LABELLED },
    Kind {
        name: "password-in-url",
        value: "«alnum:14»",
        lines: &[
            "«iso-ms» INFO connecting to postgres://shop:§@db.example.com:5432/shop?sslmode=require",
            "REDIS_URL=redis://:§@cache.example.com:6379/0",
            "fatal: unable to access 'https://«user»:§@git.example.com/shop.git/': The requested URL returned error: 403",
            r#"{"dsn":"amqp://«service»:§@mq.example.com/%2f","level":"info"}"#,
        ],
    },
    Kind { name: "aws-key", value: "AKIA«upper:16»", lines: ANYWHERE },
    Kind {
        name: "aws-secret",
        value: "«base64:30»",
        lines: &["aws_secret_access_key = §", "AWS_SECRET_ACCESS_KEY=§", r#"{"SecretAccessKey":"§"}"#],
    },
    Kind { name: "gcp-key", value: "AIza«alnum:35»", lines: ANYWHERE },
    Kind { name: "github-token", value: "ghp_«alnum:36»", lines: ANYWHERE },
    Kind { name: "github-fine-token", value: "github_pat_«alnum:22»_«alnum:59»", lines: ANYWHERE },
    Kind { name: "gitlab-token", value: "glpat-«alnum:20»", lines: ANYWHERE },
    Kind { name: "slack-token", value: "xoxb-«digits:12»-«digits:12»-«alnum:24»", lines: ANYWHERE },
    Kind {
        name: "slack-webhook",
        value: "https://hooks.slack.com/services/T«upper:8»/B«upper:8»/«alnum:24»",
        lines: &["«iso» WARN could not post to §", r#"{"webhook":"§"}"#, "SLACK_WEBHOOK_URL=§"],
    },
    Kind { name: "stripe-key", value: "sk_live_«alnum:24»", lines: ANYWHERE },
    Kind { name: "npm-token", value: "npm_«alnum:36»", lines: ANYWHERE },
    Kind { name: "sendgrid-key", value: "SG.«alnum:22».«alnum:43»", lines: ANYWHERE },
    Kind {
        name: "bearer",
        value: "«alnum:40»",
        lines: &[
            "> Authorization: Bearer §",
            r#"curl -H "Authorization: Bearer §" https://api.example.com/v1/orders"#,
            r#"{"headers":{"authorization":"Bearer §","accept":"*/*"}}"#,
            "«comma» DEBUG urllib3 send: b'GET /v1 HTTP/1.1\\r\\nHost: api.example.com\\r\\nAuthorization: Bearer §\\r\\n\\r\\n'",
        ],
    },
    Kind {
        name: "api-key",
        value: "«hex:32»",
        lines: &[
            "X-Api-Key: §",
            r#"{"apiKey":"§","region":"eu"}"#,
            "api_key=§",
            r#"«ipv4» - - [«clf»] "GET /v1/weather?api_key=§&city=Bonn HTTP/1.1" 200 «0..900» "-" "«agent»""#,
            "  apiKey: §",
        ],
    },
    Kind {
        name: "client-secret",
        value: "«alnum:32»",
        lines: &[
            "grant_type=client_credentials&client_id=shop&client_secret=§",
            r#"{"clientSecret":"§","clientId":"shop"}"#,
            "OIDC_CLIENT_SECRET=§",
            "spring.security.oauth2.client.registration.shop.client-secret=§",
        ],
    },
    Kind {
        name: "access-token",
        value: "«base64url:33»",
        lines: &[
            r#"{"access_token":"§","token_type":"Bearer","expires_in":3600}"#,
            "https://app.example.com/cb#access_token=§&state=x",
            "--access-token §",
            "refresh_token=§",
        ],
    },
    Kind {
        name: "cookie",
        value: "«alnum:32»",
        lines: &[
            "> Cookie: theme=dark; sessionid=§; lang=de",
            "< Set-Cookie: sid=§; Path=/; HttpOnly; Secure",
            "JSESSIONID=§",
        ],
    },
    Kind {
        name: "signed-url",
        value: "«hex:64»",
        lines: &[
            "GET https://s3.example.com/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20261123T101500Z&X-Amz-Signature=§",
        ],
    },
    Kind {
        name: "azure-key",
        value: "«base64:64»",
        lines: &[
            "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=§;EndpointSuffix=core.windows.net",
            "Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=§",
        ],
    },
    Kind {
        name: "password-hash",
        value: "$6$«alnum:8»$«alnum:86»",
        lines: &["root:§:19900:0:99999:7:::", "«iso» DEBUG stored hash § for «user»"],
    },
    Kind { name: "email", value: "«lower:7».«lower:6»@«lower:8».example.org", lines: ANYWHERE },
    Kind { name: "card", value: "card", lines: &["«iso-ms» INFO charging §", r#"{"pan":"§"}"#, "card number: §"] },
    Kind { name: "iban", value: "iban", lines: &["«iso-ms» INFO payout to § done", r#"{"iban":"§"}"#] },
    Kind {
        name: "mac",
        value: "52:54:«hex:2»:«hex:2»:«hex:2»:«hex:2»",
        lines: &[
            "«rfc3164» «host» dhcpd: DHCPREQUEST for 10.0.0.7 from § via eth0",
            "    link/ether § brd ff:ff:ff:ff:ff:ff",
        ],
    },
    Kind { name: "ipv4", value: "«ipv4»", lines: ANYWHERE },
    Kind {
        name: "ipv6", value: "«ipv6»", lines: &["«iso-ms» INFO connection from § closed", "sshd: from § port 22"]
    },
    Kind { name: "jwt", value: "jwt", lines: ANYWHERE },
    Kind { name: "private-key", value: "private-key", lines: &["§"] },
    Kind { name: "basic", value: "basic", lines: &["Authorization: Basic §", "proxy-authorization: Basic §"] },
    Kind { name: "base64-json", value: "«alnum:20»", lines: &["base64-json"] },
    Kind { name: "percent-json", value: "«alnum:20»", lines: &["percent-json"] },
    Kind { name: "hex-text", value: "«alnum:20»", lines: &["hex-text"] },
];

/// Something that was planted: it must be nowhere in the output.
pub struct Planted {
    pub kind: &'static str,
    /// The line in which it stands, from 1.
    pub line: usize,
    pub value: String,
}

/// Logs with one secret among `every` entries, about.
pub struct PlantedLogs {
    logs: Logs,
    every: usize,
    line: usize,
}

impl PlantedLogs {
    pub fn new(seed: u64, every: usize) -> Self {
        Self { logs: Logs::new(seed), every: every.max(1), line: 1 }
    }

    /// The next entry, with what was planted in it.
    pub fn entry(&mut self) -> (String, Vec<Planted>) {
        let mut planted = Vec::new();
        let entry = if self.logs.words().random.below(self.every) == 0 {
            let kind = &KINDS[self.logs.words().random.below(KINDS.len())];
            let (entry, values) = leak(kind, self.logs.words());
            planted.extend(values.into_iter().map(|value| Planted { kind: kind.name, line: self.line, value }));
            entry
        } else {
            self.logs.entry()
        };
        self.line += entry.matches('\n').count();
        (entry, planted)
    }

    /// About `bytes` bytes of it.
    pub fn text(&mut self, bytes: usize) -> (String, Vec<Planted>) {
        let (mut text, mut all) = (String::with_capacity(bytes + 4096), Vec::new());
        while text.len() < bytes {
            let (entry, planted) = self.entry();
            text.push_str(&entry);
            all.extend(planted);
        }
        (text, all)
    }
}

fn leak(kind: &Kind, words: &mut Words) -> (String, Vec<String>) {
    let line = words.random.pick(kind.lines);
    let (written, values) = value(kind, words);
    let line = match line {
        "base64-json" => format!("«iso-ms» INFO payload={}", BASE64.encode(login(&written).as_bytes())),
        "hex-text" => format!("«iso-ms» TRACE body {}", HEXLOWER.encode(login(&written).as_bytes())),
        "percent-json" => {
            let body: String = login(&written).bytes().map(percent).collect();
            format!("«ipv4» - - [«clf»] \"GET /api?body={body} HTTP/1.1\" 200 «0..900» \"-\" \"«agent»\"")
        }
        line => {
            let filled = words.fill(line);
            return (filled.replace('§', &written) + "\n", values);
        }
    };
    (words.fill(&line) + "\n", values)
}

fn login(password: &str) -> String {
    format!(r#"{{"user":"shop","password":"{password}","remember":true}}"#)
}

fn percent(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
}

/// A value as it is written, and the parts of it that must go.
fn value(kind: &Kind, words: &mut Words) -> (String, Vec<String>) {
    match kind.value {
        "card" => {
            let body = words.fill("4«digits:14»");
            let check = (0..10).find(|n| luhn(&format!("{body}{n}"))).unwrap_or(0);
            one(format!("{body}{check}"))
        }
        "iban" => {
            let account = words.fill("«digits:18»");
            // DE is 13 14; the check makes the remainder 1 (ISO 13616).
            let rest = format!("{account}131400").bytes().fold(0, |rest, b| (rest * 10 + u32::from(b - b'0')) % 97);
            one(format!("DE{:02}{account}", 98 - rest))
        }
        "jwt" => {
            let part = |json: &str| BASE64URL_NOPAD.encode(json.as_bytes());
            let claims = words.fill(r#"{"sub":"«uuid»","exp":«epoch»,"iss":"https://id.example.com"}"#);
            let signature = words.fill("«base64url:32»");
            (format!("{}.{}.{signature}", part(r#"{"alg":"HS256","typ":"JWT"}"#), part(&claims)), vec![signature])
        }
        "private-key" => {
            let lines: Vec<String> = (0..6).map(|_| words.fill("«base64:48»")).collect();
            let kind = words.fill("«RSA PRIVATE KEY|PRIVATE KEY|EC PRIVATE KEY|OPENSSH PRIVATE KEY»");
            (format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----", lines.join("\n")), lines)
        }
        "basic" => {
            let password = words.random.text(ALPHANUMERIC, 14);
            let written = BASE64.encode(format!("shop:{password}").as_bytes());
            (written.clone(), vec![written, password])
        }
        spec => {
            let specs: Vec<&str> = if spec == PASSWORD { spec.split("»|").collect() } else { vec![spec] };
            let spec = words.random.pick(&specs).to_owned();
            let spec = if spec.matches('«').count() > spec.matches('»').count() { spec + "»" } else { spec };
            one(words.fill(&spec))
        }
    }
}

fn one(value: String) -> (String, Vec<String>) {
    (value.clone(), vec![value])
}

fn luhn(digits: &str) -> bool {
    let double = |n: u32| if n > 4 { 2 * n - 9 } else { 2 * n };
    let digits = digits.bytes().rev().map(|b| u32::from(b - b'0'));
    digits.enumerate().map(|(n, d)| if n % 2 == 1 { double(d) } else { d }).sum::<u32>() % 10 == 0
}
