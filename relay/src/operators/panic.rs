//! A handler that panics fails its own request alone, and says so.

use std::{
    any::Any,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
};

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::error::Refusal;

pub(super) async fn answer(request: Request, next: Next) -> Response {
    let mut answered = pin!(next.run(request));
    // What is left of it is dropped and never asked again.
    let caught = poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| answered.as_mut().poll(context)));
        match polled {
            Ok(polled) => polled.map(Ok),
            Err(panic) => std::task::Poll::Ready(Err(panic)),
        }
    });
    match caught.await {
        Ok(response) => response,
        Err(panic) => {
            tracing::error!(said = said(&*panic), "an operator's request panicked");
            Refusal::ours().into_response()
        }
    }
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("something that is no text")
}
