//! The Markdown of a ticket or comment in the languages of ticket systems. Whatever the text says, nothing in it acts there:
//! no macro, mention, picture, placeholder or command. Where a language has no sure way to quote, the text stands verbatim.

use serde_json::{Value, json};
use url::Url;

/// A piece of a ticket's text. Texts in it are as people shall read them, without backslashes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Block {
    Heading(String),
    Lines(Vec<String>),
    Items(Vec<String>),
    Verbatim(Vec<String>),
    Link(String),
}

/// Plain text for systems that show it as it is, but for the one bracket that ServiceNow takes for HTML.
#[must_use]
pub fn plain(text: &str) -> String {
    parted(text, &["[code]", "[/code]"])
}

/// Textile and Markdown of Redmine: verbatim, and links by themselves.
#[must_use]
pub fn redmine(text: &str) -> String {
    // Within <pre> only a tag ends or begins anything.
    verbatim(text, "<pre>", "</pre>", &["<pre", "</pre", "<code", "</code"], str::to_owned)
}

/// Wiki text of Jira on one's own machines: verbatim, and links by themselves.
#[must_use]
pub fn jira_wiki(text: &str) -> String {
    verbatim(text, "{noformat}", "{noformat}", &["{noformat"], |url| format!("[{url}]"))
}

/// The document format of Jira Cloud (version 1). Its text nodes are never interpreted.
#[must_use]
pub fn jira_document(text: &str) -> Value {
    // A text node must not be empty.
    let nodes = |text: &str| -> Vec<Value> {
        (!text.is_empty()).then(|| json!({ "type": "text", "text": text })).into_iter().collect()
    };
    let paragraph = |lines: &[String]| {
        let mut content = Vec::new();
        for (n, line) in lines.iter().enumerate() {
            if n > 0 {
                content.push(json!({ "type": "hardBreak" }));
            }
            content.extend(nodes(line));
        }
        json!({ "type": "paragraph", "content": content })
    };
    let content: Vec<Value> = blocks(text)
        .iter()
        .map(|block| match block {
            Block::Heading(text) => json!({ "type": "heading", "attrs": { "level": 2 }, "content": nodes(text) }),
            Block::Lines(lines) => paragraph(lines),
            Block::Items(items) => json!({
                "type": "bulletList",
                "content": items
                    .iter()
                    .map(|item| json!({ "type": "listItem", "content": [paragraph(std::slice::from_ref(item))] }))
                    .collect::<Vec<_>>(),
            }),
            Block::Verbatim(lines) => json!({ "type": "codeBlock", "content": nodes(&lines.join("\n")) }),
            Block::Link(url) => json!({
                "type": "paragraph",
                "content": [{
                    "type": "text", "text": url, "marks": [{ "type": "link", "attrs": { "href": url } }],
                }],
            }),
        })
        .collect();
    json!({ "type": "doc", "version": 1, "content": content })
}

/// HTML, as Zendesk takes it: braces are spelled out too, because it fills in `{{placeholders}}` before it looks at the HTML.
#[must_use]
pub fn html(text: &str) -> String {
    let mut out = String::new();
    for block in blocks(text) {
        let joined = |lines: &[String], between: &str| {
            lines.iter().map(|line| escaped_html(line)).collect::<Vec<_>>().join(between)
        };
        match block {
            Block::Heading(text) => out.push_str(&format!("<h3>{}</h3>", escaped_html(&text))),
            Block::Lines(lines) => out.push_str(&format!("<p>{}</p>", joined(&lines, "<br>"))),
            Block::Items(items) => out.push_str(&format!("<ul><li>{}</li></ul>", joined(&items, "</li><li>"))),
            Block::Verbatim(lines) => out.push_str(&format!("<pre>{}</pre>", joined(&lines, "\n"))),
            Block::Link(url) => {
                let url = escaped_html(&url);
                out.push_str(&format!("<p><a href=\"{url}\">{url}</a></p>"));
            }
        }
        out.push('\n');
    }
    out
}

fn escaped_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' | '>' | '&' | '"' | '\'' | '{' | '}' => out.push_str(&format!("&#{};", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// The text between `open` and `close`, but for lines that are a link; `ending` are the signs that would end it early.
fn verbatim(text: &str, open: &str, close: &str, ending: &[&str], link: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut inside = Vec::new();
    let put_down = |inside: &mut Vec<&str>, out: &mut String| {
        let lines = inside.join("\n");
        let lines = lines.trim_matches('\n');
        if !lines.is_empty() {
            out.push_str(&format!("{open}\n{}\n{close}\n", parted(lines, ending)));
        }
        inside.clear();
    };
    for line in text.lines() {
        match link_of(line) {
            Some(url) => {
                put_down(&mut inside, &mut out);
                out.push_str(&format!("{}\n", link(&url)));
            }
            None => inside.push(line),
        }
    }
    put_down(&mut inside, &mut out);
    out
}

/// `text` with a space after the first character of each sign of `signs`, in whatever case it stands.
fn parted(text: &str, signs: &[&str]) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        out.push(c);
        let begins = |sign: &&str| {
            text.as_bytes()[at..].get(..sign.len()).is_some_and(|t| t.eq_ignore_ascii_case(sign.as_bytes()))
        };
        if signs.iter().any(begins) {
            out.push(' ');
        }
    }
    out
}

/// The address that a line is, spelled so that no ticket system takes a sign of it for its own.
fn link_of(line: &str) -> Option<String> {
    let line = line.trim_end();
    if !(line.starts_with("https://") || line.starts_with("http://")) || line.contains(char::is_whitespace) {
        return None;
    }
    let url = Url::parse(line).ok()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "/:._~?=&%+,;@-#[]".contains(c);
    let host = line.find("://")? + "://".len();
    let host_end = url.as_str()[host..].find(['/', '?', '#']).map_or(url.as_str().len(), |at| host + at);
    let mut out = String::new();
    for (at, c) in url.as_str().char_indices() {
        // Brackets belong to a numbered host and to nothing else.
        if plain(c) && (at < host_end || !"[]".contains(c)) {
            out.push(c);
        } else {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                out.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    Some(out)
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut fresh = true;
    for line in text.lines() {
        if line.trim().is_empty() {
            fresh = true;
            continue;
        }
        let verbatim = line.strip_prefix("    ");
        let heading = line.strip_prefix("## ");
        let item = line.strip_prefix("- ");
        match (link_of(line), blocks.last_mut()) {
            (Some(url), _) => blocks.push(Block::Link(url)),
            (None, Some(Block::Verbatim(lines))) if verbatim.is_some() && !fresh => {
                lines.extend(verbatim.map(str::to_owned));
            }
            (None, Some(Block::Items(items))) if item.is_some() => items.extend(item.map(unescaped)),
            (None, Some(Block::Lines(lines)))
                if !fresh && verbatim.is_none() && heading.is_none() && item.is_none() =>
            {
                lines.push(unescaped(line));
            }
            _ => blocks.push(match (verbatim, heading, item) {
                (Some(line), ..) => Block::Verbatim(vec![line.to_owned()]),
                (_, Some(text), _) => Block::Heading(unescaped(text)),
                (_, _, Some(item)) => Block::Items(vec![unescaped(item)]),
                _ => Block::Lines(vec![unescaped(line)]),
            }),
        }
        fresh = false;
    }
    blocks
}

/// `text` without the backslashes that take Markdown out of force.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(next) if c == '\\' && next.is_ascii_punctuation() => out.extend(chars.next()),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::escalate::plain_text::{block, inline, line_start};
    use proptest::prelude::*;

    /// Texts that act somewhere.
    const HOSTILE: [&str; 14] = [
        "{{include(Secret)}} {{ticket.id}} {% if x %}",
        "!http://a.example/x.png! ![x](http://a.example/x.png)",
        "[~admin] @admin @here <!channel>",
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "</pre><h1>gone</h1><pre>",
        "</PRE >x<Pre class=a>",
        "{noformat}{color:red}x{noformat}",
        "{NoFormat:title=x}",
        "[code]<b>x</b>[/code] [CODE]y",
        "h1. big\nbq. quoted",
        "line\r\n/close\n/assign me",
        "\u{1b}[31mred\u{1b}[0m \u{202e}gpj",
        "\"><a href=\"javascript:alert(1)\">x</a>",
        "&lt;script&gt; &#123;&#123;ticket.id&#125;&#125;",
    ];

    /// As the ticket's text has it: in a line, at the beginning of one, in a list, verbatim.
    fn ticket(text: &str) -> String {
        let (line, start, verbatim) = (inline(text, 200), line_start(text, 200), block(text, 9, 200));
        format!(
            "{start}\nsecond\n\n## {line}\n\n- {line}\n- b\n\n{verbatim}\n\n1. {line}\n\nhttps://up.example/a?b=c\n"
        )
    }

    fn texts_of(value: &Value, texts: &mut Vec<String>) {
        match value {
            Value::Object(object) => {
                if object.get("type") == Some(&json!("text")) {
                    texts.push(object["text"].as_str().expect("a text").to_owned());
                }
                for (key, inner) in object {
                    assert!(
                        ["type", "text", "content", "attrs", "level", "version", "marks", "href"]
                            .contains(&key.as_str()),
                        "{key}"
                    );
                    texts_of(inner, texts);
                }
            }
            Value::Array(all) => all.iter().for_each(|inner| texts_of(inner, texts)),
            _ => {}
        }
    }

    /// What must hold of any text, in every language.
    fn nothing_acts(text: &str) {
        let ticket = ticket(text);
        let lower = |text: String| text.to_lowercase();
        let textile = lower(redmine(&ticket));
        assert_eq!((textile.matches("<pre").count(), textile.matches("</pre").count()), (1, 1), "{textile}");
        assert!(textile.starts_with("<pre>\n") && textile.ends_with("</pre>\nhttps://up.example/a?b=c\n"), "{textile}");
        let wiki = lower(jira_wiki(&ticket));
        assert_eq!(wiki.matches("{noformat").count(), 2, "{wiki}");
        let plain = lower(plain(&ticket));
        assert!(!plain.contains("[code]") && !plain.contains("[/code]"), "{plain}");
        let html = html(&ticket);
        assert!(!html.contains(['{', '}']), "{html}");
        for piece in html.split('<').skip(1) {
            let tag = piece.split('>').next().expect("a piece").trim_start_matches('/');
            let ours = ["p", "br", "h3", "ul", "li", "pre", "a", "a href=\"https://up.example/a?b=c\""];
            assert!(ours.contains(&tag), "{tag}: {html}");
        }
        let mut texts = Vec::new();
        texts_of(&jira_document(&ticket), &mut texts);
        assert!(texts.iter().all(|text| !text.is_empty()), "{texts:?}");
        for out in [&textile, &wiki, &plain, &html, &texts.join("\n")] {
            assert!(!out.chars().any(|c| c.is_control() && c != '\n'), "{out:?}");
        }
    }

    #[test]
    fn hostile_texts_act_in_no_language() {
        HOSTILE.iter().for_each(|text| nothing_acts(text));
    }

    #[test]
    fn a_ticket_keeps_its_shape_and_the_impact_its_first_two_lines() {
        let text = "Cashiers cannot pay \\<now>\n12 users affected\n\n## SEV2: x\n\n- a\n- b\n\n    log 1\n    log 2\n";
        let document = jira_document(text);
        assert_eq!(document["content"][0]["content"][0]["text"], json!("Cashiers cannot pay <now>"));
        assert_eq!(document["content"][0]["content"][2]["text"], json!("12 users affected"));
        assert_eq!(document["content"][1]["attrs"]["level"], json!(2));
        assert_eq!(document["content"][2]["content"].as_array().map(Vec::len), Some(2));
        assert_eq!(document["content"][3]["content"][0]["text"], json!("log 1\nlog 2"));
        assert!(html(text).starts_with("<p>Cashiers cannot pay &#60;now&#62;<br>12 users affected</p>\n<h3>"));
        assert!(redmine(text).starts_with("<pre>\nCashiers cannot pay \\<now>\n12 users affected\n\n"));
        assert!(jira_wiki(text).starts_with("{noformat}\nCashiers"));
    }

    #[test]
    fn a_link_is_one_line_whose_signs_are_spelled_out() {
        assert_eq!(
            link_of("https://a.example/x|y]*z*?q={1}"),
            Some("https://a.example/x%7Cy%5D%2Az%2A?q=%7B1%7D".into())
        );
        assert_eq!(link_of("http://[::1]:1/a"), Some("http://[::1]:1/a".into()));
        assert_eq!(link_of("https://a.example/x y"), None);
        assert_eq!(link_of("javascript:alert(1)"), None);
    }

    proptest! {
        #[test]
        fn no_text_acts_in_any_language(text in "(?s)[\\[\\]{}<>/a-ePpRrEe\\PC]{0,80}") {
            nothing_acts(&text);
        }
    }
}
