//! The document of the API: whole, and true of who may do what. It is walked, so that no route is forgotten.

use std::collections::BTreeSet;
use std::process::Command;

use harness::http::Call;
use harness::{Operator, Weir, config};
use hyper::Method;
use serde_json::Value;
use weir_relay::role::Role;

/// Those by which one becomes somebody.
const OPEN: [&str; 2] = ["POST /api/session", "POST /api/setup"];

/// A route as the document has it.
pub(crate) struct Route {
    method: Method,
    path: String,
    operation: Value,
}

impl Route {
    /// With something in the place of its parameters.
    fn call(&self) -> Call {
        let steps = self
            .path
            .split('/')
            .map(|step| match step.starts_with('{') {
                true => "unknown",
                false => step,
            });
        let steps: Vec<&str> = steps.collect();
        let call = Call::new(self.method.clone(), &steps.join("/"), "{}".into());
        call.header("content-type", "application/json")
    }

    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn is_open(&self) -> bool {
        OPEN.contains(&self.name().as_str())
    }

    pub(crate) fn is_read(&self) -> bool {
        self.method == Method::GET
    }
}

pub(crate) async fn routes(operator: &Operator) -> Vec<Route> {
    let document = operator.see("/api/openapi.json").await;
    let paths = document["paths"].as_object().expect("it has paths").iter();
    let routes: Vec<Route> = paths
        .flat_map(|(path, item)| {
            let operations = item.as_object().expect("a path has operations").iter();
            operations.map(|(method, operation)| Route {
                method: method.to_uppercase().parse().expect("it is a method"),
                path: path.clone(),
                operation: operation.clone(),
            })
        })
        .collect();
    assert!(routes.len() > 10, "{} routes", routes.len());
    routes
}

async fn code(answer: harness::http::Answer) -> (u16, String) {
    let status = answer.status;
    let code = answer.json().await["error"]["code"].clone();
    (status, code.as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn anonymous_requests_are_let_in_nowhere() {
    let weir = Weir::setup().operators().start().await;
    let operator = weir.operator().await;
    for route in routes(&operator).await {
        let forged = route
            .call()
            .header("authorization", "Bearer weir_op_forged");
        let stale = route.call().header("cookie", "weir_session=stale");
        for call in [route.call(), forged, stale] {
            if !route.is_open() {
                let answer = code(call.send(operator.addr()).await).await;
                assert_eq!(answer, (401, "signed_out".into()), "{}", route.name());
            }
        }
    }
}

#[tokio::test]
async fn each_role_does_what_it_may_and_nothing_else() {
    let weir = Weir::setup().operators().start().await;
    let admin = weir.operator().await;
    let lower = [
        ("viewer", weir.operator_who_is(Role::Viewer).await),
        ("operator", weir.operator_who_is(Role::Operator).await),
    ];
    let ranks = ["viewer", "operator", "admin"];
    let rank = |role: &str| ranks.iter().position(|known| *known == role);
    for route in routes(&admin).await.iter().filter(|route| !route.is_open()) {
        let needed = route.operation["x-weir-role"].as_str().unwrap_or_default();
        assert!(rank(needed).is_some(), "{} says no role", route.name());
        let above = lower.iter().filter(|(role, _)| rank(role) < rank(needed));
        for (role, operator) in above {
            let answer = code(operator.send(route.call()).await).await;
            assert_eq!(
                answer,
                (403, "not_allowed".into()),
                "{role}: {}",
                route.name()
            );
        }
    }
}

#[tokio::test]
async fn no_change_is_made_without_the_word_of_a_page() {
    let weir = Weir::setup().operators().start().await;
    let admin = weir.operator().await;
    let routes = routes(&admin).await;
    let changes = routes
        .iter()
        .filter(|route| !route.is_open() && !route.is_read());
    for route in changes {
        let forged = route.call().header("x-weir-csrf", "forged");
        for call in [route.call(), forged] {
            let answer = code(admin.without_csrf().send(call).await).await;
            assert_eq!(answer, (403, "csrf".into()), "{}", route.name());
        }
    }
}

#[tokio::test]
async fn every_route_says_what_it_answers_and_where_it_fails() {
    let weir = Weir::setup().operators().start().await;
    let mut ids = BTreeSet::new();
    for route in routes(&weir.operator().await).await {
        let (name, operation) = (route.name(), &route.operation);
        let id = operation["operationId"].as_str().expect("it has one");
        assert!(ids.insert(id.to_owned()), "{id} stands twice");
        assert!(operation["summary"].is_string(), "{name} says nothing");
        let answers = operation["responses"].as_object().expect("it answers");
        assert!(
            answers.keys().any(|status| status.starts_with('2')),
            "{name}"
        );
        for (status, answer) in answers
            .iter()
            .filter(|(status, _)| status.as_str() >= "400")
        {
            let schema = &answer["content"]["application/json"]["schema"]["$ref"];
            assert_eq!(schema, "#/components/schemas/Failure", "{name} {status}");
        }
        for always in ["401", "403", "500", "503"] {
            assert!(answers.contains_key(always), "{name} {always}");
        }
    }
}

#[tokio::test]
async fn every_reference_of_the_document_leads_somewhere() {
    let weir = Weir::setup().operators().start().await;
    let document = weir.operator().await.see("/api/openapi.json").await;
    assert_eq!(document["openapi"], "3.1.0");
    let (mut references, mut places) = (Vec::new(), vec![&document]);
    while let Some(place) = places.pop() {
        match place {
            Value::Object(members) => {
                references.extend(members.get("$ref").and_then(Value::as_str));
                places.extend(members.values());
            }
            Value::Array(items) => places.extend(items),
            _ => {}
        }
    }
    assert!(references.len() > 10);
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("it is in the document");
        assert!(
            document.pointer(pointer).is_some(),
            "{reference} leads nowhere"
        );
    }
}

#[tokio::test]
async fn the_program_prints_the_same_document() {
    let weir = Weir::setup().operators().start().await;
    let served = weir.operator().await.see("/api/openapi.json").await;
    let printed = Command::new(config::program()).arg("openapi").output();
    let printed = printed.expect("the program starts").stdout;
    let printed: Value = serde_json::from_slice(&printed).expect("it is JSON");
    assert_eq!(printed, served);
}
