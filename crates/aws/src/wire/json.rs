//! JSON, where a service speaks nothing else: the operation in a header (Amazon ECS, Service Quotas, CloudWatch Logs, SQS), or
//! in method and path (AWS Batch, AWS Backup).

use bytes::Bytes;
use http::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Call, Wire};
use crate::endpoints::Service;
use crate::errors::{CallError, Failure};

impl Wire {
    /// Ask a service whose operation stands in a header.
    pub(crate) async fn target_json<T: DeserializeOwned>(
        &self,
        service: &Service,
        action: &str,
        body: &Value,
    ) -> Result<T, CallError> {
        let call = Call {
            headers: vec![
                ("content-type", format!("application/x-amz-json-{}", service.json_version)),
                ("x-amz-target", format!("{}.{action}", service.version)),
            ],
            body: Bytes::from(body.to_string()),
            ..self.call(service, Method::POST, "/")
        };
        self.json(&call, action).await
    }

    /// Ask a REST service. `path`: with its query, already encoded.
    pub(crate) async fn rest_json<T: DeserializeOwned>(
        &self,
        service: &Service,
        action: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, CallError> {
        let mut call = self.call(service, method, path);
        if let Some(body) = body {
            call.headers.push(("content-type", "application/json".to_owned()));
            call.body = Bytes::from(body.to_string());
        }
        self.json(&call, action).await
    }

    async fn json<T: DeserializeOwned>(&self, call: &Call<'_>, action: &str) -> Result<T, CallError> {
        let read = async {
            let answer = self.send(call).await?;
            // What has nothing to say may say nothing.
            let text = if answer.body.is_empty() { &b"{}"[..] } else { &answer.body };
            let unreadable = |error: serde_json::Error| Failure::Unreadable(format!("not JSON: {error}"));
            let told = serde_json::from_slice(text).map_err(unreadable)?;
            serde_json::from_value(without_nulls(told)).map_err(unreadable)
        };
        let operation = || format!("{}:{action}", call.service.iam_prefix);
        read.await.map_err(|failure| CallError { operation: operation(), failure })
    }
}

/// A member that is null is one that isn't there.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(members.map(|(name, value)| (name, without_nulls(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}
