//! The API server's question and answer, `admission.k8s.io/v1` and `v1beta1`.

use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::json::Json as _;

/// This is no AdmissionReview.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Malformed {
    #[error("the body is no JSON")]
    Json,
    #[error("the body is no AdmissionReview of admission.k8s.io/v1 or v1beta1")]
    Kind,
    #[error("the AdmissionReview has no request")]
    Request,
}

#[derive(Debug)]
pub(crate) struct Review {
    version: &'static str,
    uid: String,
    pub(crate) namespace: String,
    /// A pod that is being made; nothing else is changed.
    pub(crate) is_new_pod: bool,
    pub(crate) dry_run: bool,
    pub(crate) object: Value,
}

impl Review {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let asked: Asked = serde_json::from_slice(body).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => Malformed::Kind,
            _ => Malformed::Json,
        })?;
        let version = ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"];
        let version = version.into_iter().find(|it| *it == asked.api_version);
        let version = version.filter(|_| asked.kind == "AdmissionReview").ok_or(Malformed::Kind)?;
        let request = asked.request.ok_or(Malformed::Request)?;
        let is_pod = request.kind.kind == "Pod" && request.kind.group.is_empty();
        let is_made = request.operation == "CREATE" && request.sub_resource.is_empty();
        Ok(Self {
            version,
            uid: request.uid,
            namespace: request.namespace,
            is_new_pod: is_pod && is_made,
            dry_run: request.dry_run.unwrap_or(false),
            object: request.object,
        })
    }

    pub(crate) fn allowed(&self, patch: &[Value], warnings: &[String]) -> Value {
        let mut response = json!({ "uid": self.uid, "allowed": true });
        if !patch.is_empty() {
            let text = Value::from(patch).to_string();
            response.put("patchType", "JSONPatch");
            response.put("patch", BASE64.encode(text.as_bytes()));
        }
        if !warnings.is_empty() {
            response.put("warnings", warnings);
        }
        self.wrap(response)
    }

    pub(crate) fn refused(&self, message: &str) -> Value {
        let status = json!({ "status": "Failure", "message": message, "reason": "Invalid", "code": 422 });
        self.wrap(json!({ "uid": self.uid, "allowed": false, "status": status }))
    }

    fn wrap(&self, response: Value) -> Value {
        json!({ "apiVersion": self.version, "kind": "AdmissionReview", "response": response })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
    request: Option<Request>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    uid: String,
    kind: GroupKind,
    operation: String,
    #[serde(default)]
    sub_resource: String,
    #[serde(default)]
    namespace: String,
    dry_run: Option<bool>,
    #[serde(default)]
    object: Value,
}

#[derive(Deserialize)]
struct GroupKind {
    #[serde(default)]
    group: String,
    kind: String,
}
