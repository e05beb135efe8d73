//! An operator at the relay's other listener.

use std::net::SocketAddr;

use hyper::Method;
use serde_json::Value;

use crate::http::{Answer, Call};

#[derive(Clone, Debug)]
pub struct Operator {
    addr: SocketAddr,
}

impl Operator {
    pub async fn of(addr: SocketAddr) -> Self {
        Self { addr }
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Call::get(path)).await
    }

    /// What is there.
    ///
    /// # Panics
    /// When it is answered otherwise, or not with JSON.
    pub async fn see(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        answer.json().await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(with_json(Method::POST, path, body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(with_json(Method::PUT, path, body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(with_json(Method::PATCH, path, body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Call::get(path).method(Method::DELETE)).await
    }

    /// Sends a call as this operator.
    pub async fn send(&self, call: Call) -> Answer {
        call.send(self.addr).await
    }
}

/// A call with a body of JSON.
pub fn with_json(method: Method, path: &str, body: &Value) -> Call {
    let call = Call::new(method, path, body.to_string().into());
    call.header("content-type", "application/json")
}
