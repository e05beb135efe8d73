//! Blocks of content on their way to Converse. Pure.

use serde_json::{Value, json};

/// What is said of blocks so far.
#[derive(Debug)]
pub(super) struct Blocks {
    /// Whether the model has a prompt cache. Where it has none, asking for it is an error, and it changes no answer.
    caches: bool,
    documents: usize,
}

/// Why something cannot be asked.
pub(super) fn no_words_for(what: &str) -> String {
    format!("`{what}` cannot be asked of this model: Bedrock's Converse has no words for it")
}

impl Blocks {
    pub(super) fn of(model: &str) -> Self {
        Self {
            caches: model.contains("amazon.nova") || model.contains("anthropic."),
            documents: 0,
        }
    }

    /// A list of blocks, or a text, as a list.
    pub(super) fn all(
        &mut self,
        content: &Value,
        at: &str,
        may: impl Fn(&str) -> bool,
    ) -> Result<Value, String> {
        if let Some(text) = content.as_str() {
            return Ok(json!([{ "text": text }]));
        }
        let mut said = Vec::new();
        for (place, block) in content.as_array().into_iter().flatten().enumerate() {
            let at = format!("{at}.{place}");
            let kind = block["type"].as_str().unwrap_or_default();
            if !may(kind) {
                return Err(no_words_for(&format!("{at}.type")));
            }
            said.push(self.one(kind, block, &at)?);
            said.extend(self.cache_point(block));
        }
        Ok(said.into())
    }

    /// What marks that all before it is worth keeping.
    pub(super) fn cache_point(&self, block: &Value) -> Option<Value> {
        if !self.caches || block["cache_control"].is_null() {
            return None;
        }
        let mut point = json!({"type": "default"});
        if block["cache_control"]["ttl"] == "1h" {
            point["ttl"] = "1h".into();
        }
        Some(json!({ "cachePoint": point }))
    }

    fn one(&mut self, kind: &str, block: &Value, at: &str) -> Result<Value, String> {
        match kind {
            "text" => Ok(json!({"text": block["text"]})),
            "image" => image(&block["source"], at),
            "document" => self.document(block, at),
            "tool_use" => Ok(json!({"toolUse": {
                "toolUseId": block["id"], "name": block["name"], "input": block["input"],
            }})),
            "tool_result" => self.tool_result(block, at),
            "thinking" => Ok(json!({"reasoningContent": {"reasoningText": {
                "text": block["thinking"], "signature": block["signature"],
            }}})),
            "redacted_thinking" => {
                Ok(json!({"reasoningContent": {"redactedContent": block["data"]}}))
            }
            _ => Err(no_words_for(&format!("{at}.type"))),
        }
    }

    fn tool_result(&mut self, block: &Value, at: &str) -> Result<Value, String> {
        let may = |kind: &str| matches!(kind, "text" | "image" | "document");
        let content = self.all(&block["content"], &format!("{at}.content"), may)?;
        let mut result = json!({"toolUseId": block["tool_use_id"], "content": content});
        if block["is_error"] == true {
            result["status"] = "error".into();
        }
        Ok(json!({ "toolResult": result }))
    }

    fn document(&mut self, block: &Value, at: &str) -> Result<Value, String> {
        for key in ["context", "citations"] {
            let told = !block[key].is_null() && block[key]["enabled"] != false;
            if told {
                return Err(no_words_for(&format!("{at}.{key}")));
            }
        }
        self.documents += 1;
        let name = name(
            block["title"].as_str().unwrap_or("document"),
            self.documents,
        );
        let source = &block["source"];
        let (format, source) = match (source["type"].as_str(), source["media_type"].as_str()) {
            (Some("base64"), Some("application/pdf")) => ("pdf", json!({"bytes": source["data"]})),
            (Some("text"), _) => ("txt", json!({"text": source["data"]})),
            _ => return Err(no_words_for(&format!("{at}.source"))),
        };
        Ok(json!({"document": {"format": format, "name": name, "source": source}}))
    }
}

fn image(source: &Value, at: &str) -> Result<Value, String> {
    let kind = source["media_type"].as_str();
    let format = kind.and_then(|kind| kind.strip_prefix("image/"));
    match (source["type"].as_str(), format) {
        (Some("base64"), Some(format @ ("png" | "jpeg" | "gif" | "webp"))) => {
            Ok(json!({"image": {"format": format, "source": {"bytes": source["data"]}}}))
        }
        _ => Err(no_words_for(&format!("{at}.source"))),
    }
}

/// Names are told apart, and made of little more than letters.
fn name(title: &str, number: usize) -> String {
    let plain = |letter: char| match letter {
        '-' | '(' | ')' | '[' | ']' => letter,
        _ if letter.is_ascii_alphanumeric() => letter,
        _ => ' ',
    };
    let title: String = title.chars().take(150).map(plain).collect();
    let words = title.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("{words} {number}").trim_start().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(model: &str, content: Value) -> Result<Value, String> {
        Blocks::of(model).all(&content, "c", |_| true)
    }

    #[test]
    fn every_kind_of_block_is_said_in_converse_s_words() {
        for (block, expected) in [
            (json!({"type": "text", "text": "t"}), json!({"text": "t"})),
            (
                json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}),
                json!({"image": {"format": "png", "source": {"bytes": "AA=="}}}),
            ),
            (
                json!({"type": "document", "title": "Q3/Q4: r\u{e9}sum\u{e9}", "source":
                    {"type": "base64", "media_type": "application/pdf", "data": "AA=="}}),
                json!({"document": {"format": "pdf", "name": "Q3 Q4 r sum 1", "source": {"bytes": "AA=="}}}),
            ),
            (
                json!({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}}),
                json!({"document": {"format": "txt", "name": "document 1", "source": {"text": "x"}}}),
            ),
            (
                json!({"type": "thinking", "thinking": "h", "signature": "s"}),
                json!({"reasoningContent": {"reasoningText": {"text": "h", "signature": "s"}}}),
            ),
            (
                json!({"type": "tool_result", "tool_use_id": "i"}),
                json!({"toolResult": {"toolUseId": "i", "content": []}}),
            ),
        ] {
            assert_eq!(said("meta.llama", json!([block])), Ok(json!([expected])));
        }
    }

    #[test]
    fn what_is_to_be_cached_is_said_only_to_models_that_can() {
        let block = json!({"type": "text", "text": "t", "cache_control": {"type": "ephemeral", "ttl": "1h"}});
        let point = json!({"cachePoint": {"type": "default", "ttl": "1h"}});
        let content = json!([block]);
        assert_eq!(
            said("amazon.nova-lite-v1:0", content.clone()),
            Ok(json!([{"text": "t"}, point]))
        );
        assert_eq!(said("meta.llama", content), Ok(json!([{"text": "t"}])));
    }

    #[test]
    fn what_must_be_fetched_is_refused() {
        for block in [
            json!({"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}),
            json!({"type": "document", "source": {"type": "file", "file_id": "f"}}),
        ] {
            let error = said("amazon.nova-pro-v1:0", json!([block])).unwrap_err();
            assert!(error.starts_with("`c.0.source`"), "{error}");
        }
    }
}
