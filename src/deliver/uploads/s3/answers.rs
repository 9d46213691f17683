//! What S3 answers, read from its XML as far as an upload needs it. The names that are looked for stand nowhere in
//! attributes or comments there, so a whole XML reader would add nothing but a reader of hostile XML.

use std::collections::BTreeMap;

/// A part that is at the far side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The far side's name for its content, with its quotes.
    pub etag: String,
    /// Bytes.
    pub size: u64,
}

/// The text of the first `<name>`.
#[must_use]
pub fn text_of(xml: &str, name: &str) -> Option<String> {
    element(xml, name).map(|(text, _)| plain(text))
}

/// The parts of an answer to "list the parts", by number.
#[must_use]
pub fn parts(xml: &str) -> BTreeMap<u32, Part> {
    let mut found = BTreeMap::new();
    let mut rest = xml;
    while let Some((inside, after)) = element(rest, "Part") {
        let number = text_of(inside, "PartNumber").and_then(|n| n.trim().parse().ok());
        let size = text_of(inside, "Size").and_then(|n| n.trim().parse().ok());
        if let (Some(number), Some(size), Some(etag)) = (number, size, text_of(inside, "ETag")) {
            found.insert(number, Part { etag, size });
        }
        rest = after;
    }
    found
}

/// The text that completes an upload of these parts.
#[must_use]
pub fn completion(parts: &BTreeMap<u32, Part>) -> String {
    let mut xml = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">".to_owned();
    for (number, part) in parts {
        let etag = part.etag.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        xml.push_str(&format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"));
    }
    xml.push_str("</CompleteMultipartUpload>");
    xml
}

/// What an error says: its code and its message. The rest of it may hold the signed text.
#[must_use]
pub fn complaint(xml: &str) -> Option<String> {
    let (inside, _) = element(xml, "Error")?;
    let code = text_of(inside, "Code").unwrap_or_default();
    let message = text_of(inside, "Message").unwrap_or_default();
    Some(if message.is_empty() { code } else { format!("{code}: {message}") })
}

/// The inside of the first `<name>`, with or without attributes, and what comes after it.
fn element<'a>(xml: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let open = format!("<{name}");
    let mut from = 0;
    loop {
        let at = from + xml[from..].find(&open)?;
        let behind = &xml[at + open.len()..];
        from = at + open.len();
        if !behind.starts_with(['>', ' ']) {
            continue;
        }
        let (_, inside) = behind.split_once('>')?;
        return inside.split_once(&format!("</{name}>"));
    }
}

fn plain(text: &str) -> String {
    let named = text.replace("&quot;", "\"").replace("&#34;", "\"").replace("&apos;", "'").replace("&#39;", "'");
    named.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "<?xml version=\"1.0\"?>\n<ListPartsResult xmlns=\"x\"><UploadId>a&amp;b</UploadId>\
        <PartNumberMarker>0</PartNumberMarker><Part><PartNumber>2</PartNumber><ETag>&#34;e2&#34;</ETag><Size>5</Size></Part>\
        <Part><ETag>&quot;e1&quot;</ETag><Size>8</Size><PartNumber>1</PartNumber></Part><Part><Size>1</Size></Part></ListPartsResult>";

    #[test]
    fn ids_parts_and_errors_are_read() {
        assert_eq!(text_of(LIST, "UploadId").as_deref(), Some("a&b"));
        let found = parts(LIST);
        assert_eq!(found.len(), 2);
        assert_eq!(found[&2], Part { etag: "\"e2\"".to_owned(), size: 5 });
        assert!(completion(&found).contains("<Part><PartNumber>1</PartNumber><ETag>&quot;e1&quot;</ETag></Part>"));
        let error =
            "<Error><Code>SignatureDoesNotMatch</Code><Message>no</Message><StringToSign>k</StringToSign></Error>";
        assert_eq!(complaint(error).as_deref(), Some("SignatureDoesNotMatch: no"));
        assert_eq!(complaint("<Errors/>"), None);
    }

    #[test]
    fn no_text_makes_it_fail() {
        for odd in ["", "<Part", "<Part>", "<Part ", "</Part>", "<Part><Part>", "<é><Part>é</Part>", "<Parts>x</Parts>"]
        {
            assert!(parts(odd).is_empty());
            let _ = (text_of(odd, "Part"), complaint(odd));
        }
    }
}
