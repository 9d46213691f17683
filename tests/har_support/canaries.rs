//! A HAR with a secret in every place that browsers, proxies and test tools have for one. All of it is invented.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Value, json};

/// One secret and where it stands.
#[derive(Debug, Clone)]
pub struct Planted {
    pub place: &'static str,
    pub secret: String,
}

/// What must not be changed.
pub const KEPT: [&str; 20] = [
    "4bf92f3577b34da6a3ce929d0e0e4736",
    "00f067aa0ba902b7",
    "9f71c52d-839b-5cd5-2764-5e42b5134f8b",
    "\"W/\\\"5f1d-9c8e7a\\\"\"",
    "8d2c7a1b3e4f5061-FRA",
    "2026-11-23T10:01:12.345Z",
    "sha512-3fJ1Z0v9xkq2bQ7s8mN5cR4tY6uW1pL0aDhGjKzXeVbBnMqAsDfGhJkLzXcVbNmQwErTyUiOp12A9==",
    "\"status\": 401",
    "Strict-Transport-Security",
    "max-age=31536000",
    "gzip, deflate, br",
    "text/event-stream",
    "PaymentGatewayTimeout: upstream did not answer in 30000 ms",
    "at checkout (app.4f3e2d1c.js:17:4033)",
    "theme=",
    "Path=/",
    "HttpOnly",
    "page=2",
    "sort=price",
    "books-17",
];

/// Makes secrets, each once.
struct Maker {
    state: u64,
    planted: Vec<Planted>,
}

impl Maker {
    fn next(&mut self) -> u64 {
        // xorshift64: any spread will do, as long as it is the same in every run.
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    fn some(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length).map(|_| char::from(alphabet[(self.next() % alphabet.len() as u64) as usize])).collect()
    }

    fn plant(&mut self, place: &'static str, secret: String) -> String {
        self.planted.push(Planted { place, secret: secret.clone() });
        secret
    }

    /// As servers make them.
    fn token(&mut self, place: &'static str) -> String {
        let secret = self.some(b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789", 26);
        self.plant(place, secret)
    }

    fn hex(&mut self, place: &'static str) -> String {
        let secret = self.some(b"0123456789abcdef", 40);
        self.plant(place, secret)
    }

    /// As people make them.
    fn password(&mut self, place: &'static str) -> String {
        const WORDS: [&str; 8] = ["Winter", "Berlin", "Gitarre", "Falcon", "Marble", "Tulip", "Otter", "Cobalt"];
        let word = WORDS[(self.next() % 8) as usize];
        let secret = format!("{word}{}!{}", 1000 + self.next() % 9000, self.some(b"abcdefgh", 3));
        self.plant(place, secret)
    }

    fn given(&mut self, place: &'static str, secret: &str) -> String {
        self.plant(place, secret.to_owned())
    }
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

fn base64(text: &str) -> String {
    BASE64.encode(text.as_bytes())
}

#[allow(clippy::needless_pass_by_value, reason = "its callers make the values on the spot")]
fn entry(request: Value, response: Value, more: Value) -> Value {
    let mut entry = json!({
        "startedDateTime": "2026-11-23T10:01:12.345Z", "time": 301.25,
        "request": {"method": "POST", "url": "https://shop.example.com/api/orders?page=2&sort=price", "httpVersion": "HTTP/2",
            "cookies": [], "headers": [], "queryString": [{"name": "page", "value": "2"}], "headersSize": -1, "bodySize": -1},
        "response": {"status": 401, "statusText": "Unauthorized", "httpVersion": "HTTP/2", "cookies": [], "headers": [],
            "content": {"size": 12, "mimeType": "text/plain", "text": "books-17"}, "redirectURL": "", "headersSize": -1, "bodySize": -1},
        "cache": {}, "timings": {"send": 0.5, "wait": 300, "receive": 0.75}
    });
    for (key, part) in [("request", request), ("response", response)] {
        for (name, value) in part.as_object().cloned().unwrap_or_default() {
            entry[key][name] = value;
        }
    }
    for (name, value) in more.as_object().cloned().unwrap_or_default() {
        entry[name] = value;
    }
    entry
}

fn body(mime: &str, text: &str) -> Value {
    json!({"content": {"size": text.len(), "mimeType": mime, "text": text}})
}

fn encoded(mime: &str, plain: &[u8]) -> Value {
    // Chromium writes `encoding` behind `text`.
    json!({"content": {"size": plain.len(), "mimeType": mime, "text": BASE64.encode(plain), "encoding": "base64"}})
}

fn posted(mime: &str, text: &str) -> Value {
    json!({"postData": {"mimeType": mime, "text": text}})
}

/// The HAR and what is in it.
pub fn har() -> (Value, Vec<Planted>) {
    let mut m = Maker { state: 0x9e37_79b9_7f4a_7c15, planted: Vec::new() };
    let title = format!("https://shop.example.com/login?session_token={}", m.token("page title"));
    let comment = format!("customer says his password is: {}", m.password("comment of the log"));
    let mut entries = Vec::new();
    headers(&mut m, &mut entries);
    urls(&mut m, &mut entries);
    requests(&mut m, &mut entries);
    responses(&mut m, &mut entries);
    encodings(&mut m, &mut entries);
    messages(&mut m, &mut entries);
    people(&mut m, &mut entries);
    documents(&mut m, &mut entries);
    let har = json!({"log": {
        "version": "1.2", "creator": {"name": "WebInspector", "version": "537.36"},
        "pages": [{"startedDateTime": "2026-11-23T10:01:11.000Z", "id": "page_1", "title": title, "pageTimings": {"onLoad": 900.25}}],
        "entries": entries, "comment": comment
    }});
    (har, m.planted)
}

fn headers(m: &mut Maker, entries: &mut Vec<Value>) {
    let header = |name: &str, value: String| json!({"name": name, "value": value});
    let basic = format!("svc-shop:{}", m.password("basic authorization"));
    let sent = json!({"headers": [
        header("authorization", format!("Bearer {}", m.token("bearer authorization"))),
        header("Proxy-Authorization", format!("Basic {}", base64(&basic))),
        header("Cookie", format!("sid={}; theme=\"dark-{}\"", m.token("cookie header"), m.token("second cookie of a header"))),
        header("x-api-key", m.hex("x-api-key")),
        header("X-CSRF-Token", m.token("x-csrf-token")),
        header("X-Amz-Security-Token", m.token("x-amz-security-token")),
        header("X-Acme-Session", m.token("vendor session header")),
        header("Referer", format!("https://shop.example.com/reset?token={}", m.token("referer"))),
        header("Origin", format!("https://ops:{}@shop.example.com", m.password("userinfo in origin"))),
        header("X-Forwarded-User", m.given("user header", "maria.lindqvist")),
        header("X-Forwarded-For", m.given("public address in a header", "81.2.69.160")),
        header("accept-encoding", "gzip, deflate, br".into()),
        header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into()),
        header("X-Request-Id", "9f71c52d-839b-5cd5-2764-5e42b5134f8b".into()),
        json!({"value": m.token("value before its name"), "name": "X-Auth-Token"})
    ], "cookies": [{"name": "sid2", "value": m.token("request cookies"), "httpOnly": true, "secure": true}]});
    let set = format!(
        "a={}; Path=/; HttpOnly\nb={}; Path=/; Secure",
        m.token("set-cookie"),
        m.token("second set-cookie of a joined header")
    );
    let got = json!({"headers": [
        header("set-cookie", set),
        header("Location", format!("https://app.example.com/in#access_token={}", m.token("fragment in location"))),
        header("etag", "W/\"5f1d-9c8e7a\"".into()),
        header("cf-ray", "8d2c7a1b3e4f5061-FRA".into()),
        header("Strict-Transport-Security", "max-age=31536000".into())
    ], "cookies": [{"name": "remember", "value": m.token("response cookies"), "expires": null}]});
    entries.push(entry(sent, got, json!({"serverIPAddress": m.given("server address", "93.184.215.14")})));
}

fn urls(m: &mut Maker, entries: &mut Vec<Value>) {
    let at = |url: String| entry(json!({"url": url}), json!({}), json!({}));
    entries.push(at(format!("https://shop.example.com/x?access_token={}&page=2", m.token("query"))));
    entries.push(at(format!(
        "https://store.blob.example.net/a?sv=2024-01-01&se=2026-12-01&sig={}%3D",
        m.token("signed link")
    )));
    entries.push(at(format!(
        "https://s3.example.net/b?X-Amz-Date=20261123T100000Z&X-Amz-Signature={}",
        m.hex("AWS signature")
    )));
    entries.push(at(format!("https://shop.example.com/account/reset/{}", m.token("path of a reset link"))));
    entries.push(at(format!("https://chat.example.com/hooks/{}", m.token("path of a webhook"))));
    entries.push(at(format!("https://shop.example.com/share/{}/view", m.token("path of a shared thing"))));
    entries.push(at(format!("https://shop.example.com/cb#id_token={}&x=1", m.token("fragment"))));
    entries.push(at(format!("https://shop.example.com/#/join?invite_token={}", m.token("query in a fragment"))));
    entries.push(at(format!("https://ci:{}@git.example.com/a.git", m.password("userinfo"))));
    let inner = format!("https://app.example.com/cb?code={}", m.token("URL in a URL"));
    entries.push(at(format!("https://login.example.com/?redirect_uri={}&page=2", percent(&inner))));
    let twice = percent(&format!("/next?session={}", m.token("URL in a URL, encoded twice")));
    entries.push(at(format!("https://login.example.com/?return={}", percent(&format!("/in?to={twice}")))));
    let query = json!({"queryString": [{"name": "api_key", "value": m.hex("queryString")}, {"name": "sort", "value": "price"},
        {"name": "code", "value": m.token("authorization code")}]});
    let redirect = format!("https://app.example.com/cb?state={}&code=1", m.token("redirectURL"));
    entries.push(entry(query, json!({"redirectURL": redirect}), json!({})));
}

fn requests(m: &mut Maker, entries: &mut Vec<Value>) {
    let at = |post: Value| entry(post, json!({}), json!({}));
    let json_type = "application/json";
    let nested =
        json!({"user": {"login": {"password": m.password("nested JSON")}}, "clientSecret": m.token("camel case")});
    entries.push(at(posted(json_type, &nested.to_string())));
    let graph = json!({"query": "mutation($in: LoginInput!) { login(input: $in) { id } }",
        "variables": {"in": {"passphrase": m.password("GraphQL variable")}}});
    entries.push(at(posted(json_type, &graph.to_string())));
    let inline = json!({"query": format!("mutation {{ login(user: \"x\", password: \"{}\") {{ id }} }}", m.password("GraphQL text"))});
    entries.push(at(posted(json_type, &inline.to_string())));
    let form = format!("username=x&password={}&remember=1", m.password("form body"));
    entries.push(at(posted("application/x-www-form-urlencoded", &form)));
    let first = format!("client_secret={}&grant_type=client_credentials", m.token("first field of a form"));
    entries.push(at(posted("application/x-www-form-urlencoded; charset=UTF-8", &first)));
    let bracket = format!("user%5Bname%5D=x&user%5Bpassword%5D={}", percent(&m.password("form with brackets")));
    entries.push(at(posted("application/x-www-form-urlencoded", &bracket)));
    let payload = json!({"refresh_token": m.token("JSON in a form")}).to_string();
    entries.push(at(posted("application/x-www-form-urlencoded", &format!("v=1&payload={}", percent(&payload)))));
    let params = json!({"postData": {"mimeType": "application/x-www-form-urlencoded", "params": [
        {"name": "otp_code", "value": "1"}, {"name": "new_password", "value": m.password("params")}], "text": ""}});
    entries.push(at(params));
    let parts = format!(
        "--xyz\r\nContent-Disposition: form-data; name=\"api_token\"\r\n\r\n{}\r\n--xyz\r\nContent-Disposition: form-data; \
         name=\"file\"; filename=\"a.json\"\r\nContent-Type: application/json\r\n\r\n{{\"secret\": \"{}\"}}\r\n--xyz--\r\n",
        m.token("part of a multipart body"),
        m.token("file in a multipart body")
    );
    entries.push(at(posted("multipart/form-data; boundary=xyz", &parts)));
    let saml = format!(
        "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\"><saml:Subject><saml:NameID>{}</saml:NameID></saml:Subject>\
         <saml:Attribute Name=\"employee\"><saml:AttributeValue>{}</saml:AttributeValue></saml:Attribute><ds:SignatureValue>{}\
         </ds:SignatureValue></samlp:Response>",
        m.given("subject of an assertion", "anna.k@example.net"),
        m.given("attribute of an assertion", "E-4471-KW"),
        m.token("signature of an assertion")
    );
    entries.push(at(posted(
        "application/x-www-form-urlencoded",
        &format!("SAMLResponse={}&RelayState=x", percent(&base64(&saml))),
    )));
    let again =
        json!({"body": json!({"inner": json!({"access_key": m.token("JSON three deep")}).to_string()}).to_string()});
    entries.push(at(posted(json_type, &again.to_string())));
    let soap = format!(
        "<soap:Envelope><soap:Body><Login><Password>{}</Password></Login></soap:Body></soap:Envelope>",
        m.password("SOAP")
    );
    entries.push(at(posted("text/xml", &soap)));
    let numeric = json!({"otp": 493_817, "note": "x"});
    m.given("one-time code as a number", "493817");
    entries.push(at(posted(json_type, &numeric.to_string())));
}

fn responses(m: &mut Maker, entries: &mut Vec<Value>) {
    let at = |response: Value| entry(json!({}), response, json!({}));
    let tokens = json!({"access_token": m.token("token response"), "token_type": "Bearer", "expires_in": 3600,
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "integrity":
        "sha512-3fJ1Z0v9xkq2bQ7s8mN5cR4tY6uW1pL0aDhGjKzXeVbBnMqAsDfGhJkLzXcVbNmQwErTyUiOp12A9=="});
    entries.push(at(body("application/json", &tokens.to_string())));
    let guarded = format!(")]}}',\n{}", json!([{"sessionKey": m.token("guarded JSON")}]));
    entries.push(at(body("application/json", &guarded)));
    let page = format!(
        "<!doctype html><html><head><meta name=\"csrf-token\" content=\"{}\"><script type=\"application/json\" id=\"state\">{}</script>\
         </head><body data-props=\"{{&quot;authToken&quot;:&quot;{}&quot;}}\"><form><input type=\"hidden\" \
         name=\"authenticity_token\" value=\"{}\"></form><script>window.config = {{ apiKey: \"{}\", page: 2 }};\nvar password = '{}';\
         </script></body></html>",
        m.token("meta element"),
        json!({"user": {"apiSecret": m.token("JSON in a page")}}),
        m.token("JSON in an attribute"),
        m.token("hidden input"),
        m.token("script of a page"),
        m.password("variable in a script")
    );
    entries.push(at(body("text/html", &page)));
    let script = format!("export const config={{clientSecret:\"{}\",retries:3}};", m.token("script"));
    entries.push(at(body("application/javascript", &script)));
    let stream = format!(
        "event: login\ndata: {}\n\nevent: tick\ndata: {{\"n\":1}}\n\n",
        json!({"auth": {"ticketToken": m.token("event stream")}})
    );
    entries.push(at(body("text/event-stream", &stream)));
    let config = format!(
        "db.url=postgres://shop:{}@db.internal:5432/shop\nsmtp_password={}\n",
        m.password("connection string"),
        m.password("properties")
    );
    entries.push(at(body("text/plain", &config)));
    let key = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n{}\n-----END PRIVATE KEY-----\n",
        m.pem("private key"),
        m.pem("private key, line 2")
    );
    entries.push(at(body("application/json", &json!({"client_x509": "x", "pem": key}).to_string())));
    let error = "PaymentGatewayTimeout: upstream did not answer in 30000 ms\n    at checkout (app.4f3e2d1c.js:17:4033)";
    entries.push(at(body("text/plain", error)));
}

impl Maker {
    fn pem(&mut self, place: &'static str) -> String {
        let line = self.some(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 64);
        self.plant(place, line)
    }
}

fn encodings(m: &mut Maker, entries: &mut Vec<Value>) {
    let at = |response: Value| entry(json!({}), response, json!({}));
    let answer = json!({"data": {"refreshToken": m.token("base64 of JSON")}});
    entries.push(at(encoded("application/json", answer.to_string().as_bytes())));
    let page = format!(
        "<html><body><input name=\"csrf_token\" type=\"hidden\" value=\"{}\"></body></html>",
        m.token("base64 of HTML")
    );
    entries.push(at(encoded("text/html", page.as_bytes())));
    let form = format!("grant_type=password&password={}", m.password("base64 of a form"));
    entries.push(at(encoded("application/x-www-form-urlencoded", form.as_bytes())));
    let xml = format!("<config><apiToken>{}</apiToken></config>", m.token("base64 of XML"));
    entries.push(at(encoded("application/xml", xml.as_bytes())));
    let mut binary = vec![0x0a, 0x1a, 0x00, 0x08, 0xff];
    binary.extend_from_slice(m.token("binary body").as_bytes());
    binary.extend_from_slice(&[0x12, 0x00, 0xfe]);
    entries.push(at(encoded("application/octet-stream", &binary)));
    let first = json!({"content": {"size": 9, "encoding": "base64", "mimeType": "font/woff2",
        "text": BASE64.encode(&[&binary[..5], m.token("binary body, encoding first").as_bytes()].concat())}});
    entries.push(at(first));
    let lone = format!(
        "{{\"broken\": \"x\\ud83dx\", \"pass\\u0077ord\": \"{}\"}}",
        m.password("escaped key beside a lone surrogate")
    );
    entries.push(at(body("application/json", &lone)));
    let hidden = m.token("value written in escapes");
    let escapes: String = hidden.chars().map(|c| format!("\\u{:04x}", c as u32)).collect();
    entries.push(at(body("application/json", &format!("{{\"secretKey\": \"{escapes}\"}}"))));
    let claims = json!({"sub": m.given("subject in a JWT", "user-8841273-ml"), "email": m.given("mail in a JWT", "maria.l@example.net")});
    let signature = m.token("signature of a JWT");
    let jwt = format!(
        "{}.{}.{signature}",
        BASE64URL_NOPAD.encode(br#"{"alg":"HS256","typ":"JWT"}"#),
        BASE64URL_NOPAD.encode(claims.to_string().as_bytes())
    );
    entries.push(at(body("text/plain", &format!("signed in with {jwt} at last"))));
}

fn messages(m: &mut Maker, entries: &mut Vec<Value>) {
    let login = json!({"type": "auth", "token": m.token("WebSocket text")}).to_string();
    let io = format!("42{}", json!(["login", {"password": m.password("Socket.IO")}]));
    let sock = format!("a{}", json!([json!({"session_id": m.token("SockJS")}).to_string()]));
    let inside = base64(&json!({"apiKey": m.token("text in a binary frame")}).to_string());
    let mut frame = vec![0x08, 0x96, 0x01, 0x12, 0x1a];
    frame.extend_from_slice(m.token("binary frame").as_bytes());
    let message = |data: String, opcode: u8| json!({"type": "send", "time": 1_795_430_472.123_456, "opcode": opcode, "data": data});
    let sockets = json!({"_resourceType": "websocket", "_webSocketMessages": [
        message(login, 1), message(io, 1), message(sock, 1), message(inside, 2), message(BASE64.encode(&frame), 2)]});
    entries.push(entry(json!({}), json!({}), sockets));
    let events = json!({"_eventSourceMessages": [{"time": 1.5, "eventName": "auth", "eventId": "7",
        "data": json!({"bearerToken": m.token("event source")}).to_string()}]});
    entries.push(entry(json!({}), json!({}), events));
    let frame = |place| {
        json!({"functionName": "f", "scriptId": "1", "lineNumber": 1, "columnNumber": 2,
        "url": format!("https://cdn.example.com/a.js?auth_token={place}")})
    };
    let stack = json!({"_initiator": {"type": "script", "url": format!("https://cdn.example.com/?apikey={}", m.hex("initiator")),
        "stack": {"callFrames": [frame(m.token("initiator stack"))], "parent": {"callFrames": [frame(m.token("parent stack"))]}}},
        "comment": format!("used token={} here", m.token("comment of an entry"))});
    entries.push(entry(json!({}), json!({}), stack));
    let storage = json!({"origins": [{"origin": "https://shop.example.com", "localStorage": [{"name": "oidc.user",
        "value": json!({"id_token": m.token("local storage"), "scope": "openid"}).to_string()}]}]});
    entries.push(entry(json!({}), json!({}), json!({"_storage": storage})));
    let log = json!({"request": {"headers": {"authorization": format!("Token {}", m.token("headers as an object")), "accept": "*/*"}}});
    entries.push(entry(json!({}), body("application/json", &log.to_string()), json!({})));
}

fn people(m: &mut Maker, entries: &mut Vec<Value>) {
    let person = json!({"email": m.given("mail", "jens.oberg@example.net"), "phone": m.given("phone", "+49 170 4455667"),
        "card": {"number": m.given("card", "4556737586899855")}, "iban": m.given("IBAN", "DE75512108001245126199")});
    entries.push(entry(json!({}), body("application/json", &person.to_string()), json!({})));
    let text = format!("Order confirmed. We wrote to {} today.", m.given("mail in prose", "petra.holm@example.net"));
    entries.push(entry(json!({}), encoded("text/plain", text.as_bytes()), json!({})));
}

fn documents(m: &mut Maker, entries: &mut Vec<Value>) {
    let mut at = |value: Value| entries.push(entry(json!({}), body("application/json", &value.to_string()), json!({})));
    // kubectl sorts `data` before `kind`.
    at(
        json!({"apiVersion": "v1", "data": {"tls.part": base64(&m.token("Kubernetes Secret")), "user": base64(&m.password("Kubernetes Secret, password"))},
        "kind": "Secret", "metadata": {"name": "shop-db"}}),
    );
    at(json!({"outputs": {"db": {"value": m.token("Terraform output"), "type": "string", "sensitive": true}}}));
    at(json!({"auths": {"registry.example.com": {"auth": base64(&format!("ci:{}", m.password("Docker auth")))}}}));
    at(json!({"github-oauth": {"github.com": m.hex("Composer token")}, "http-basic": {"repo.example.com":
        {"username": "ci", "password": m.password("Composer password")}}}));
    at(json!({"type": "service_account", "private_key_id": m.hex("service account key id"), "project_id": "shop"}));
    at(
        json!({"AccessKeyId": "ASIAQ3EGRTXWLNZ2K7FD", "SecretAccessKey": m.aws_key("AWS secret key"), "SessionToken": m.token("AWS session")}),
    );
    at(
        json!({"auth": {"type": "apikey", "apikey": [{"key": "value", "value": m.token("Postman key")}, {"key": "key", "value": "X"}]}}),
    );
    at(
        json!({"env": [{"name": "DB_PASSWORD", "value": m.password("environment list")}, {"name": "LOG_LEVEL", "value": "debug"}]}),
    );
}

impl Maker {
    fn aws_key(&mut self, place: &'static str) -> String {
        let secret = self.some(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 40);
        self.plant(place, secret)
    }
}
