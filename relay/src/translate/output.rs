//! What a translated stream has to say next: whole events, or elements of an array. Pure.

use serde_json::Value;

/// Events to be sent, and whether what came could not be read.
#[derive(Debug, Default)]
pub(crate) struct Output {
    bytes: Vec<u8>,
    garbled: bool,
}

impl Output {
    /// All that is to be sent now.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    /// Whether something came that cannot be put into other words. The stream is no answer from there on.
    pub(crate) fn is_garbled(&self) -> bool {
        self.garbled
    }

    pub(super) fn garble(&mut self) {
        self.garbled = true;
    }

    pub(super) fn event(&mut self, name: &str, data: &Value) {
        self.bytes
            .extend([b"event: ", name.as_bytes(), b"\n"].concat());
        self.data(data);
    }

    pub(super) fn data(&mut self, data: &Value) {
        self.bytes.extend(b"data: ");
        serde_json::to_writer(&mut self.bytes, data).expect("writing into memory cannot fail");
        self.bytes.extend(b"\n\n");
    }

    /// An element of an array, after what stands `before` it.
    pub(super) fn element(&mut self, before: &[u8], element: &Value) {
        self.bytes.extend(before);
        serde_json::to_writer(&mut self.bytes, element).expect("writing into memory cannot fail");
    }

    /// Ends an array.
    pub(super) fn close(&mut self) {
        self.bytes.extend(b"]\n");
    }

    pub(super) fn done(&mut self) {
        self.bytes.extend(b"data: [DONE]\n\n");
    }
}
