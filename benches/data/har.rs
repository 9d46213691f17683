//! A HAR as a browser writes it: many requests with headers and cookies, bodies of JSON, HTML, script and forms, and images in
//! base64.

use data_encoding::BASE64;

use super::words::Words;

/// What stands before the entries.
pub const HEAD: &str = r#"{"log":{"version":"1.2","creator":{"name":"WebInspector","version":"537.36"},"pages":[{"startedDateTime":"2026-11-23T10:15:00.000Z","id":"page_1","title":"https://shop.example.com/","pageTimings":{"onContentLoad":412.7,"onLoad":903.1}}],"entries":[
"#;

/// What stands after them.
pub const END: &str = "\n]}}\n";

/// One entry after the other.
pub fn entries(seed: u64) -> impl FnMut() -> String {
    let mut words = Words::new(seed);
    let session = words.fill("«alnum:32»");
    let token = words.fill("«base64url:27».«base64url:90».«base64url:32»");
    move || entry(&mut words, &session, &token)
}

fn entry(words: &mut Words, session: &str, token: &str) -> String {
    words.tick();
    let (method, path, kind, text, encoding) = content(words);
    let mut request = vec![
        header("Accept", "*/*"),
        header("Accept-Language", "de-DE,de;q=0.9,en;q=0.8"),
        header(
            "Cookie",
            &words.fill(&format!("sid={session}; theme=dark; consent=«hex:16»; _ga=GA1.2.«digits:9».«epoch»")),
        ),
        header("Referer", "https://shop.example.com/catalog"),
        header("User-Agent", &words.fill("«agent»")),
        header("sec-ch-ua", "\"Chromium\";v=\"130\", \"Not?A_Brand\";v=\"99\""),
        header("sec-fetch-mode", "cors"),
        header("traceparent", &words.fill("«traceparent»")),
    ];
    let mut post = String::new();
    if kind == "application/json" {
        request.push(header("Authorization", &format!("Bearer {token}")));
        if method == "POST" {
            let body = words
                .fill(r#"{"items":[{"sku":"«upper:8»","count":«1..9»}],"note":"please ring twice","email":"«email»"}"#);
            post = format!(r#","postData":{{"mimeType":"application/json","text":{}}}"#, quoted(&body));
        }
    }
    let response = [
        header("Content-Type", kind),
        header("Date", &words.fill("«http-date»")),
        header("ETag", &words.fill("W/\"«hex:4»-«base64url:20»\"")),
        header("Cache-Control", "private, max-age=0, must-revalidate"),
        header("Set-Cookie", &words.fill("sid=«alnum:32»; Path=/; HttpOnly; Secure; SameSite=Lax")),
        header("X-Request-Id", &words.fill("«uuid»")),
        header("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
    ];
    let start = words.fill("«iso-ms»");
    let place = words.fill(r#""serverIPAddress":"«ipv4»","connection":"«1..90000»""#);
    let query = words.fill(
        r#"[{"name":"page","value":"«1..90»"},{"name":"limit","value":"25"},{"name":"sort","value":"-created_at"}]"#,
    );
    let timings = words.fill(
        r#"{"blocked":1.«digits:3»,"dns":-1,"ssl":-1,"connect":-1,"send":0.«digits:3»,"wait":«1..300».«digits:12»,"receive":«1..9».«digits:12»}"#,
    );
    format!(
        r#"{{"_initiator":{{"type":"script","url":"https://shop.example.com/static/app.js","lineNumber":1}},"_priority":"High","_resourceType":"fetch","pageref":"page_1","startedDateTime":"{start}","time":{},"request":{{"method":"{method}","url":"https://shop.example.com{path}","httpVersion":"http/2.0","headers":[{}],"queryString":{query},"cookies":[{{"name":"sid","value":"{session}","path":"/","httpOnly":true,"secure":true}}],"headersSize":-1,"bodySize":0{post}}},"response":{{"status":200,"statusText":"","httpVersion":"http/2.0","headers":[{}],"cookies":[],"content":{{"size":{},"mimeType":"{kind}","text":{}{encoding}}},"redirectURL":"","headersSize":-1,"bodySize":-1,"_transferSize":{}}},"cache":{{}},{place},"timings":{timings}}}"#,
        words.fill("«1..900».«digits:12»"),
        request.join(","),
        response.join(","),
        text.len(),
        quoted(&text),
        text.len() / 3,
    )
}

/// Method, path, media type, body and how the body is written.
fn content(words: &mut Words) -> (&'static str, String, &'static str, String, &'static str) {
    match words.random.below(10) {
        0..4 => {
            let many = 4 + words.random.below(30);
            let items: Vec<String> = (0..many)
                .map(|_| {
                    words.fill(
                        r#"{"id":«1000..99999»,"uuid":"«uuid»","title":"a «lower:6» of «lower:8»","price":«100..90000»,"stock":[{"place":"«lower:5»","count":«0..90»}],"updatedAt":"«iso-ms»","image":"/static/img/«hex:16».png","tags":["«lower:5»","«lower:7»"]}"#,
                    )
                })
                .collect();
            let body = format!(r#"{{"page":1,"total":{many},"items":[{}]}}"#, items.join(","));
            let method = if words.random.below(3) == 0 { "POST" } else { "GET" };
            (method, words.fill("/api/v2/orders/«1000..99999»?page=«1..90»&limit=25"), "application/json", body, "")
        }
        4..6 => {
            let mut body = String::from("!function(){\"use strict\";");
            for _ in 0..40 + words.random.below(200) {
                let line = words.fill(
                    "function «lower:2»(«lower:1»,e){return void 0===e?{key:«lower:1».key,value:null}:Object.assign({},e,{id:«1..900»})}var «lower:3»=\"«lower:8»\";",
                );
                body.push_str(&line);
            }
            body.push_str("}();");
            ("GET", words.fill("/static/js/app.«hex:8».chunk.js"), "application/javascript", body, "")
        }
        6..7 => {
            let mut body =
                String::from("<!doctype html>\n<html lang=\"de\"><head><title>Shop</title></head>\n<body>\n");
            for _ in 0..20 + words.random.below(60) {
                let line = words.fill("<div class=\"item «lower:5»\" data-id=\"«1..9000»\"><a href=\"«path»\">a «lower:6» of «lower:8»</a><span>«1..900».«digits:2» EUR</span></div>\n");
                body.push_str(&line);
            }
            body.push_str("</body></html>\n");
            ("GET", words.fill("/catalog/«1..900»"), "text/html; charset=utf-8", body, "")
        }
        _ => {
            let picture = picture(words);
            ("GET", words.fill("/static/img/«hex:16».png"), "image/png", picture, r#","encoding":"base64""#)
        }
    }
}

/// A PNG as far as its chunks go, in base64.
fn picture(words: &mut Words) -> String {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8], data: &[u8]| {
        let body = [kind, data].concat();
        let mut check = flate2::Crc::new();
        check.update(&body);
        png.extend_from_slice(&(data.len() as u32).to_be_bytes());
        png.extend_from_slice(&body);
        png.extend_from_slice(&check.sum().to_be_bytes());
    };
    let length = 600 + words.random.below(12_000);
    chunk(b"IHDR", &[0, 0, 0, 64, 0, 0, 0, 64, 8, 6, 0, 0, 0]);
    chunk(b"IDAT", &words.random.bytes(length));
    chunk(b"IEND", b"");
    BASE64.encode(&png)
}

fn header(name: &str, value: &str) -> String {
    format!(r#"{{"name":"{name}","value":{}}}"#, quoted(value))
}

/// As a JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
