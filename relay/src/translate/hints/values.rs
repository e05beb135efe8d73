//! What the value of a member that may be left out says: mostly that it means the same as its absence. Pure.

use serde_json::Value;

pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(list) => list.is_empty(),
        Value::Object(members) => {
            members.is_empty() || members.get("enabled") == Some(&false.into())
        }
        _ => false,
    }
}

pub(super) fn is_zero(value: &Value) -> bool {
    value.as_f64() == Some(0.0)
}

pub(super) fn is_one(value: &Value) -> bool {
    value.as_f64() == Some(1.0)
}

pub(super) fn is_false(value: &Value) -> bool {
    *value == Value::Bool(false)
}

pub(super) fn is_blank(value: &Value) -> bool {
    value.as_str() == Some("")
}

pub(super) fn is_disabled(value: &Value) -> bool {
    value.as_str() == Some("disabled")
}

pub(super) fn is_cached(tool: &Value) -> bool {
    tool["external_web_access"] == Value::Bool(false)
}

pub(super) fn is_medium(value: &Value) -> bool {
    value.as_str() == Some("medium")
}

pub(super) fn is_encrypted(value: &Value) -> bool {
    is_all(value, "reasoning.encrypted_content")
}

pub(super) fn is_text_alone(value: &Value) -> bool {
    is_all(value, "TEXT")
}

pub(super) fn is_when_idle(value: &Value) -> bool {
    value.as_str() == Some("WHEN_IDLE")
}

pub(super) fn is_blocking(value: &Value) -> bool {
    value.as_str() == Some("BLOCKING")
}

pub(super) fn is_text(value: &Value) -> bool {
    is_all(value, "text")
}

pub(super) fn is_direct(value: &Value) -> bool {
    is_all(value, "direct")
}

fn is_all(value: &Value, word: &str) -> bool {
    let list = value.as_array();
    list.is_some_and(|list| list.iter().all(|one| one.as_str() == Some(word)))
}
