//! Signed calls to AWS: the four operations that the lab's programs use. What they mean is said where they are
//! called; here only how a request is signed and sent.

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::http_client::{self, HttpError};

/// Why a call failed. No credential is repeated.
#[derive(Debug, thiserror::Error)]
pub enum AwsApiError {
    /// Nothing says where or as whom.
    #[error("{0} is not set in the environment")]
    Environment(&'static str),
    /// The request can't be signed.
    #[error("the request to {0} can't be signed")]
    Unsigned(&'static str),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("{service} answered {status}: {message}")]
    Refused {
        /// Such as `batch`.
        service: &'static str,
        status: u16,
        message: String,
    },
    /// The answer lacks what it should hold.
    #[error("{service}'s answer has no {field}")]
    Answer {
        /// Such as `batch`.
        service: &'static str,
        field: &'static str,
    },
}

/// Where AWS is, and as whom it is asked.
#[derive(Clone)]
pub struct AwsApi {
    endpoint: String,
    region: String,
    credentials: Credentials,
    clock: Clock,
}

impl std::fmt::Debug for AwsApi {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("AwsApi").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl AwsApi {
    /// As the environment says: `AWS_ENDPOINT_URL`, `AWS_REGION`, and the credentials' three variables.
    ///
    /// # Errors
    /// When one of them is missing.
    pub fn from_environment(clock: Clock) -> Result<AwsApi, AwsApiError> {
        let variable = |name| std::env::var(name).map_err(|_| AwsApiError::Environment(name));
        let region = variable("AWS_REGION").or_else(|_| variable("AWS_DEFAULT_REGION"));
        Ok(AwsApi {
            endpoint: variable("AWS_ENDPOINT_URL")?.trim_end_matches('/').to_owned(),
            region: region.map_err(|_| AwsApiError::Environment("AWS_REGION"))?,
            credentials: Credentials::new(
                variable("AWS_ACCESS_KEY_ID")?,
                variable("AWS_SECRET_ACCESS_KEY")?,
                variable("AWS_SESSION_TOKEN").ok(),
                None,
                "environment",
            ),
            clock,
        })
    }

    /// `SubmitJob`; gives the job's id.
    /// <https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html>
    ///
    /// # Errors
    /// When Batch refuses.
    pub async fn submit_job(&self, name: &str, queue: &str, definition: &str) -> Result<String, AwsApiError> {
        let body = json!({"jobName": name, "jobQueue": queue, "jobDefinition": definition});
        let answer = self.json("batch", "/v1/submitjob", None, &body).await?;
        let id = answer.get("jobId").and_then(Value::as_str);
        id.map(str::to_owned).ok_or(AwsApiError::Answer { service: "batch", field: "jobId" })
    }

    /// `DescribeJobs`: id and status of each job that Batch still knows.
    /// <https://docs.aws.amazon.com/batch/latest/APIReference/API_DescribeJobs.html>
    ///
    /// # Errors
    /// When Batch refuses.
    pub async fn job_statuses(&self, ids: &[&str]) -> Result<Vec<(String, String)>, AwsApiError> {
        let answer = self.json("batch", "/v1/describejobs", None, &json!({"jobs": ids})).await?;
        let jobs = answer.get("jobs").and_then(Value::as_array);
        let jobs = jobs.ok_or(AwsApiError::Answer { service: "batch", field: "jobs" })?;
        let text = |job: &Value, key| job.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(jobs.iter().map(|job| (text(job, "jobId"), text(job, "status"))).collect())
    }

    /// `GetSecretValue`.
    /// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html>
    ///
    /// # Errors
    /// When Secrets Manager refuses.
    pub async fn secret(&self, id: &str) -> Result<String, AwsApiError> {
        let target = Some("secretsmanager.GetSecretValue");
        let answer = self.json("secretsmanager", "/", target, &json!({"SecretId": id})).await?;
        let secret = answer.get("SecretString").and_then(Value::as_str);
        secret
            .map(str::to_owned)
            .ok_or(AwsApiError::Answer { service: "secretsmanager", field: "SecretString" })
    }

    /// Tell the instance's Auto Scaling group that its launch hook is done. An instance in no group has none.
    /// <https://docs.aws.amazon.com/autoscaling/ec2/userguide/completing-lifecycle-hooks.html>
    ///
    /// # Errors
    /// When Auto Scaling refuses, as it does when the hook is over already.
    pub async fn complete_launch_hook(&self, instance_id: &str, hook: &str) -> Result<(), AwsApiError> {
        let fields = [("Action", "DescribeAutoScalingInstances"), ("InstanceIds.member.1", instance_id)];
        let answer = self.query("autoscaling", &fields).await?;
        let Some(group) = element(&answer, "AutoScalingGroupName") else { return Ok(()) };
        let fields = [
            ("Action", "CompleteLifecycleAction"),
            ("AutoScalingGroupName", &group),
            ("LifecycleHookName", hook),
            ("InstanceId", instance_id),
            ("LifecycleActionResult", "CONTINUE"),
        ];
        self.query("autoscaling", &fields).await.map(drop)
    }

    async fn json(
        &self,
        service: &'static str,
        path: &str,
        target: Option<&str>,
        body: &Value,
    ) -> Result<Value, AwsApiError> {
        let kind = if target.is_some() { "application/x-amz-json-1.1" } else { "application/json" };
        let answer = self.call(service, path, kind, target, body.to_string()).await?;
        serde_json::from_slice(&answer).map_err(|_| AwsApiError::Answer { service, field: "JSON" })
    }

    async fn query(&self, service: &'static str, fields: &[(&str, &str)]) -> Result<Bytes, AwsApiError> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields).append_pair("Version", "2011-01-01");
        self.call(service, "/", "application/x-www-form-urlencoded; charset=utf-8", None, form.finish()).await
    }

    async fn call(
        &self,
        service: &'static str,
        path: &str,
        kind: &str,
        target: Option<&str>,
        body: String,
    ) -> Result<Bytes, AwsApiError> {
        let unsigned = || AwsApiError::Unsigned(service);
        let uri = format!("{}{path}", self.endpoint);
        let mut headers = vec![("content-type", kind)];
        headers.extend(target.map(|target| ("x-amz-target", target)));
        let identity = self.credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(service)
            .time(self.clock.system_time())
            .settings(SigningSettings::default())
            .build()
            .map_err(|_| unsigned())?
            .into();
        let mut request = headers
            .iter()
            .fold(Request::post(&uri), |request, (name, value)| request.header(*name, *value))
            .body(Bytes::from(body))
            .map_err(|_| unsigned())?;
        let signable = SignableBody::Bytes(request.body());
        let signable = SignableRequest::new("POST", uri.as_str(), headers.iter().copied(), signable)
            .map_err(|_| unsigned())?;
        let (instructions, _signature) = sign(signable, &parameters).map_err(|_| unsigned())?.into_parts();
        instructions.apply_to_request_http1x(&mut request);
        let answer = http_client::send(request).await?;
        let status = answer.status().as_u16();
        if answer.status().is_success() {
            return Ok(answer.into_body());
        }
        let words = String::from_utf8_lossy(answer.body()).chars().take(500).collect();
        Err(AwsApiError::Refused { service, status, message: words })
    }
}

/// The text of the first element of this name.
fn element(document: &[u8], name: &str) -> Option<String> {
    let mut reader = quick_xml::Reader::from_reader(document);
    let mut inside = false;
    loop {
        match reader.read_event().ok()? {
            quick_xml::events::Event::Start(start) => inside = start.local_name().as_ref() == name,
            quick_xml::events::Event::Text(text) if inside => return Some(text.xml10_content().into_owned()),
            quick_xml::events::Event::Eof => return None,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_answers_element_is_found() {
        let answer = b"<A xmlns=\"x\"><B>no</B><AutoScalingGroupName>workers-3</AutoScalingGroupName></A>";
        assert_eq!(super::element(answer, "AutoScalingGroupName").as_deref(), Some("workers-3"));
        assert_eq!(super::element(answer, "Other"), None);
        assert_eq!(super::element(b"<A><B", "B"), None);
    }
}
