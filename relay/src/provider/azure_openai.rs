//! OpenAI's API at a resource of Azure's: all of it below `/openai/v1`, or, with an `api_version`, chat completions and
//! embeddings below the deployment that the model's name stands for.
//! <https://learn.microsoft.com/azure/ai-foundry/openai/reference>

use super::{Api, Rules, all_of_it, segment};

pub(super) const RULES: Rules = Rules {
    name: "Azure OpenAI",
    api: Api::OpenAi,
    serves: all_of_it,
    credential: ("api-key", ""),
    base_url: None,
    base_path: "/v1",
    goes_up,
    tells_account,
};

fn goes_up(name: &str) -> bool {
    matches!(
        name,
        "idempotency-key" | "openai-beta" | "x-client-request-id" | "x-ms-client-request-id"
    ) || name.starts_with("x-stainless-")
}

/// Where the resource is and what its deployments are called is the operator's to know.
fn tells_account(name: &str) -> bool {
    matches!(
        name,
        "azureml-model-session" | "x-ms-deployment-name" | "x-ms-region"
    )
}

/// The paths of one version of the API, all of them below the resource's address.
#[derive(Debug)]
pub(crate) struct Deployments {
    pub(crate) api_version: Box<str>,
}

impl Deployments {
    /// `path` has no version; what is done with a model is done with its deployment.
    pub(crate) fn path(&self, path: &str, model: Option<&str>) -> Result<String, String> {
        match path {
            "/chat/completions" | "/embeddings" => {
                let deployment = segment(model.unwrap_or_default())?;
                Ok(format!("/openai/deployments/{deployment}{path}"))
            }
            _ => Ok(format!("/openai{path}")),
        }
    }
}

/// The path of a base URL without what its owner may have copied along with the address, and with what the API needs.
pub(crate) fn base(path: &str, deployments: Option<&Deployments>) -> String {
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix("/v1").unwrap_or(path);
    let resource = path.strip_suffix("/openai").unwrap_or(path);
    match deployments {
        Some(_) => resource.to_owned(),
        None => format!("{resource}/openai/v1"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_may_have_parts_of_the_path_already() {
        let deployments = Deployments {
            api_version: "2024-10-21".into(),
        };
        for path in ["", "/", "/openai", "/openai/", "/openai/v1", "/openai/v1/"] {
            assert_eq!(base(path, None), "/openai/v1", "{path}");
            assert_eq!(base(path, Some(&deployments)), "", "{path}");
        }
        assert_eq!(base("/gateway/openai/v1", None), "/gateway/openai/v1");
        assert_eq!(base("/gateway", Some(&deployments)), "/gateway");
    }

    #[test]
    fn only_what_deployments_do_is_asked_of_one() {
        let deployments = Deployments {
            api_version: "2024-10-21".into(),
        };
        for (path, model, expected) in [
            (
                "/chat/completions",
                Some("gpt"),
                "/openai/deployments/gpt/chat/completions",
            ),
            (
                "/embeddings",
                Some("../e"),
                "/openai/deployments/..%2Fe/embeddings",
            ),
            ("/responses", Some("gpt"), "/openai/responses"),
            ("/models", None, "/openai/models"),
        ] {
            assert_eq!(deployments.path(path, model).unwrap(), expected);
        }
    }
}
