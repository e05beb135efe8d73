//! `/v1/responses/{id}` and what is below it: what an account has stored is told again, cancelled or deleted, to that
//! account alone. The oldest go first.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::super::answer::Answer;
use super::super::behaviour::Behaviour;
use super::super::dialect::Failure;
use super::super::playback::{Framing, Playback, ResetFlag, json_response};
use super::responses;

const KEPT: usize = 1_000;

/// What all accounts have stored.
#[derive(Debug, Default)]
pub(in super::super) struct Shelf(Mutex<VecDeque<Stored>>);

#[derive(Debug)]
struct Stored {
    account: HeaderValue,
    id: String,
    answer: Answer,
    is_cancelled: bool,
}

impl Shelf {
    pub(in super::super) fn put(&self, account: &HeaderValue, answer: &Answer) {
        let mut all = self.all();
        if all.len() == KEPT {
            all.pop_front();
        }
        all.push_back(Stored {
            account: account.clone(),
            id: responses::id(answer),
            answer: answer.clone(),
            is_cancelled: false,
        });
    }

    /// Answers a request for one of them.
    pub(in super::super) fn answer(
        &self,
        account: &HeaderValue,
        head: &Parts,
        behaviour: &Behaviour,
    ) -> Result<Response<Playback>, Failure> {
        let below = head.uri.path().trim_start_matches("/v1/responses/");
        let (id, act) = below.split_once('/').unwrap_or((below, ""));
        let mut all = self.all();
        let place = all
            .iter()
            .position(|one| one.id == id && one.account == *account);
        let unknown = || Failure::new(404, format!("Response with id '{id}' not found."));
        let place = place.ok_or_else(unknown)?;
        let one = &mut all[place];
        let told = match (&head.method, act) {
            (&Method::GET, "")
                if head
                    .uri
                    .query()
                    .is_some_and(|it| it.contains("stream=true")) =>
            {
                return Ok(one.stream(behaviour));
            }
            (&Method::GET, "") => one.told(),
            (&Method::GET, "input_items") => one.input(),
            (&Method::POST, "cancel") => {
                one.is_cancelled = true;
                one.told()
            }
            (&Method::DELETE, "") => {
                all.remove(place);
                json!({"id": id, "object": "response", "deleted": true})
            }
            _ => return Err(Failure::new(405, "Method Not Allowed")),
        };
        Ok(json_response(StatusCode::OK, &told))
    }

    fn all(&self) -> MutexGuard<'_, VecDeque<Stored>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stored {
    fn told(&self) -> Value {
        let mut told = responses::whole(&self.answer);
        if self.is_cancelled {
            told["status"] = json!("cancelled");
        }
        told
    }

    fn input(&self) -> Value {
        let id = format!("msg_in_{:016x}", self.answer.serial);
        let content = json!([{"type": "input_text", "text": self.answer.asked}]);
        let item = json!({"id": id, "type": "message", "role": "user", "content": content});
        json!({"object": "list", "data": [item], "first_id": id, "last_id": id, "has_more": false})
    }

    fn stream(&self, behaviour: &Behaviour) -> Response<Playback> {
        let plan = responses::stream(&self.answer).plan(behaviour);
        let body = Playback::new(plan, Framing::Chunked, None, ResetFlag::default());
        let mut response = Response::new(body);
        let kind = HeaderValue::from_static("text/event-stream; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, kind);
        response
    }
}
