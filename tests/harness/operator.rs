//! An operator at the relay's other listener: signed in as a browser is, or with an API token.

use std::net::SocketAddr;

use hyper::Method;
use serde_json::{Value, json};

use crate::http::{Answer, Call};

/// Of every operator of a test.
pub const PASSWORD: &str = "correct horse battery";

#[derive(Clone, Debug)]
pub struct Operator {
    addr: SocketAddr,
    pub name: String,
    /// What every call of theirs carries.
    headers: Vec<(&'static str, String)>,
    /// And all that are no GET.
    csrf: Option<String>,
}

impl Operator {
    /// Signs in.
    ///
    /// # Panics
    /// When they are not let in.
    pub async fn sign_in(addr: SocketAddr, name: &str) -> Self {
        let answer = sign_in(name, PASSWORD).send(addr).await;
        assert_eq!(answer.status, 200, "{name} is not let in");
        Self::of_session(addr, answer).await
    }

    /// Whoever was let in by this answer.
    ///
    /// # Panics
    /// When nobody was.
    pub async fn of_session(addr: SocketAddr, answer: Answer) -> Self {
        let cookies = answer.headers.get_all("set-cookie").iter();
        let pairs = cookies.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
        let cookies: Vec<&str> = pairs.collect();
        let cookies = cookies.join("; ");
        let session = answer.json().await;
        let text = |field: &str| session[field].as_str().map(str::to_owned);
        Self {
            addr,
            name: text("name").expect("a session is of somebody"),
            headers: vec![("cookie", cookies)],
            csrf: text("csrf"),
        }
    }

    /// A program with an API token.
    pub fn with_token(addr: SocketAddr, token: &str) -> Self {
        Self {
            addr,
            name: String::new(),
            headers: vec![("authorization", format!("Bearer {token}"))],
            csrf: None,
        }
    }

    /// The same who forgets what pages send along with a change.
    #[must_use]
    pub fn without_csrf(&self) -> Self {
        Self {
            csrf: None,
            ..self.clone()
        }
    }

    /// The same at another relay.
    #[must_use]
    pub fn at(&self, addr: SocketAddr) -> Self {
        Self {
            addr,
            ..self.clone()
        }
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub fn cookies(&self) -> &str {
        &self.headers[0].1
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Call::get(path)).await
    }

    /// What is there.
    ///
    /// # Panics
    /// When it is answered otherwise than with 200, or not with JSON.
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
        self.send(Call::new(Method::DELETE, path, "".into())).await
    }

    /// Sends a call as this operator, who comes again while the relay asks for that.
    pub async fn send(&self, call: Call) -> Answer {
        let mut call = call.coming_again();
        for (name, value) in &self.headers {
            call = call.header(name, value);
        }
        if let Some(csrf) = &self.csrf {
            call = call.header("x-weir-csrf", csrf);
        }
        call.send(self.addr).await
    }
}

/// Somebody wants to be let in.
pub fn sign_in(name: &str, password: &str) -> Call {
    let body = json!({ "name": name, "password": password });
    with_json(Method::POST, "/api/session", &body)
}

/// A call with a body of JSON. It comes again while too many others have a password hashed: all relays of this process do
/// that in one room, and where the machine stalls somebody waits too long for it.
pub fn with_json(method: Method, path: &str, body: &Value) -> Call {
    let call = Call::new(method, path, body.to_string().into());
    let call = call.header("content-type", "application/json");
    call.coming_again()
}
