//! A bucket as the keeper of a deployment's claim and journals: the conductor's port [`Objects`] over S3.
//!
//! Nothing is repeated here, not even what is only read: whoever holds a claim counts from when a request was sent. And no
//! clock of this machine's is asked for an age: it is S3's `Date` less `Last-Modified`.

mod meaning;

use std::fmt;
use std::time::Duration;

use aws_smithy_types::date_time::{DateTime, Format};
use conductor::{Found, ObjectError, Objects, Written};
use http::Method;

use crate::cloud::AwsCloud;
use crate::errors::Origin;
use crate::uri_encoding::percent_decode_listed;
use crate::wire::object_storage::{BUCKET_REGION, StorageRequest};
use crate::wire::{Answer, Wire};

/// How many keys a page of a list has at most (S3 API reference, ListObjectsV2).
const KEYS_A_PAGE: &str = "1000";

/// Objects under a prefix of a bucket. Its `Debug` shows no key.
#[derive(Clone)]
pub struct StateObjects {
    wire: Wire,
    origin: Origin,
    bucket: String,
    /// Empty, or with a slash at its end.
    pub(crate) prefix: String,
    owner: Option<String>,
}

impl fmt::Debug for StateObjects {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StateObjects")
            .field("location", &self.location())
            .field("owner", &self.owner)
            .finish_non_exhaustive()
    }
}

impl AwsCloud {
    /// The objects under `prefix` of a bucket, in the bucket's own Region. `owner`: the account that it must belong to, for S3
    /// to refuse what goes to somebody else's bucket of that name; `None` asks no such thing.
    ///
    /// # Errors
    /// There is no such bucket, it is another account's, or nobody answers for it. A caller who may not ask learns what is
    /// wrong by the first operation.
    pub async fn state_objects(
        &self,
        bucket: &str,
        prefix: &str,
        owner: Option<&str>,
    ) -> Result<StateObjects, ObjectError> {
        let folder = prefix.trim_matches('/');
        let objects = StateObjects {
            wire: self.wire.clone(),
            origin: self.origin.clone(),
            bucket: bucket.to_owned(),
            prefix: if folder.is_empty() { String::new() } else { format!("{folder}/") },
            owner: owner.map(str::to_owned),
        };
        objects.find_bucket().await?;
        Ok(objects)
    }
}

impl StateObjects {
    /// `s3://BUCKET/PREFIX`.
    #[must_use]
    pub fn location(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix).trim_end_matches('/').to_owned()
    }

    /// The Region that requests go to: where S3 said last that the bucket is.
    #[must_use]
    pub fn region(&self) -> String {
        let endpoints = &self.wire.endpoints;
        endpoints.buckets.get(&self.bucket).unwrap_or_else(|| endpoints.region.clone())
    }

    /// HeadBucket answers 403 for somebody else's bucket, for an owner who isn't, and to those who may list a part of the
    /// bucket only; so a second look, without the owner, tells the first from the others.
    async fn find_bucket(&self) -> Result<(), ObjectError> {
        const OPERATION: &str = "s3:HeadBucket";
        let head = async |request: StorageRequest| {
            let answer = self.wire.storage(request).await;
            answer.map_err(|failure| self.not_answered(OPERATION, &failure))
        };
        let mut answer = head(self.request(Method::HEAD)).await?;
        if self.mind_region(&answer) && !answer.is_success() {
            answer = head(self.request(Method::HEAD)).await?;
        }
        let anybody = || StorageRequest::new(Method::HEAD, &self.bucket, &self.region());
        match (answer.status, &self.owner) {
            (404, _) => Err(self.no_bucket(OPERATION)),
            (403, Some(owner)) if head(anybody()).await?.is_success() => {
                Err(self.not_the_owner(OPERATION, owner))
            }
            (200..=299 | 400..=499, _) => Ok(()),
            (_, _) => Err(self.refused_by(OPERATION, &answer)),
        }
    }

    /// Remember where S3 says that the bucket is; gives whether it was asked elsewhere.
    fn mind_region(&self, answer: &Answer) -> bool {
        match answer.header(BUCKET_REGION) {
            Some(region) if region != answer.region => {
                self.wire.endpoints.buckets.remember(&self.bucket, region);
                true
            }
            Some(_) | None => false,
        }
    }

    /// A request about the bucket, which has to be its owner's.
    pub(crate) fn request(&self, method: Method) -> StorageRequest {
        StorageRequest::new(method, &self.bucket, &self.region())
            .header("x-amz-expected-bucket-owner", self.owner.as_deref())
    }

    /// Send it once.
    pub(crate) async fn send(
        &self,
        operation: &'static str,
        request: StorageRequest,
    ) -> Result<Answer, ObjectError> {
        let answer = self.wire.storage_once(request).await;
        answer.map_err(|failure| self.not_answered(operation, &failure))
    }

    /// Write on a condition: a header and its value.
    async fn put(
        &self,
        key: &str,
        body: Vec<u8>,
        (condition, value): (&'static str, &str),
    ) -> Result<Written, ObjectError> {
        let request = self.request(Method::PUT).object_key(format!("{}{key}", self.prefix));
        let request = request.header(condition, Some(value)).object(body);
        self.written(&self.send("s3:PutObject", request).await?)
    }

    /// A page of keys, and the token of the next.
    async fn page(
        &self,
        prefix: &str,
        after: Option<&str>,
        token: Option<&str>,
    ) -> Result<(Vec<String>, Option<String>), ObjectError> {
        const OPERATION: &str = "s3:ListBucket";
        let request = self
            .request(Method::GET)
            .with("list-type", Some("2"))
            .with("prefix", Some(prefix))
            .with("start-after", after)
            .with("continuation-token", token)
            .with("max-keys", Some(KEYS_A_PAGE))
            .with("encoding-type", Some("url"));
        let answer = self.send(OPERATION, request).await?;
        if !answer.is_success() {
            return Err(self.refused_by(OPERATION, &answer));
        }
        let unreadable = |words: String| ObjectError::Unknown { operation: OPERATION, words };
        let root = answer.tree().map_err(|failure| self.not_answered(OPERATION, &failure))?;
        // A store that leaves the encoding aside doesn't say that it encoded.
        let is_encoded = root.text_of("EncodingType") == "url";
        let mut keys = Vec::new();
        for object in root.children.iter().filter(|child| child.name == "Contents") {
            let written = object.text_of("Key");
            let key = if is_encoded { percent_decode_listed(written) } else { Some(written.to_owned()) };
            let key = key.ok_or_else(|| unreadable(format!("{written} is no key")))?;
            // A folder's own marker, as the console makes it, is nobody's object.
            keys.extend(key.strip_prefix(&self.prefix).filter(|key| !key.is_empty()).map(str::to_owned));
        }
        match (root.text_of("IsTruncated"), root.some_text_of("NextContinuationToken")) {
            ("true", None) => {
                Err(unreadable("the list goes on, and the answer doesn't say where".to_owned()))
            }
            ("true", token) => Ok((keys, token)),
            (_, _) => Ok((keys, None)),
        }
    }
}

impl Objects for StateObjects {
    async fn get(&self, key: &str) -> Result<Option<Found>, ObjectError> {
        const OPERATION: &str = "s3:GetObject";
        let request = self.request(Method::GET).object_key(format!("{}{key}", self.prefix));
        let answer = self.send(OPERATION, request).await?;
        if !answer.is_success() {
            return match answer.refusal().code() {
                "NoSuchKey" => Ok(None),
                _ => Err(self.refused_by(OPERATION, &answer)),
            };
        }
        let missing = |header: &str| ObjectError::Refused {
            operation: OPERATION,
            words: format!(
                "the answer for {key} has no {header} that can be read, by which others know whether a claim is alive: {} can't keep a state",
                self.location()
            ),
        };
        let etag = answer.header("etag").ok_or_else(|| missing("ETag"))?.to_owned();
        let date = http_date(&answer, "date").ok_or_else(|| missing("Date"))?;
        let modified = http_date(&answer, "last-modified").ok_or_else(|| missing("Last-Modified"))?;
        // One server of S3 may be a moment behind another.
        let age = Duration::from_secs(u64::try_from(date.secs() - modified.secs()).unwrap_or(0));
        Ok(Some(Found { body: answer.body.into(), etag, age }))
    }

    async fn create(&self, key: &str, body: Vec<u8>) -> Result<Written, ObjectError> {
        self.put(key, body, ("if-none-match", "*")).await
    }

    async fn replace(&self, key: &str, etag: &str, body: Vec<u8>) -> Result<Written, ObjectError> {
        self.put(key, body, ("if-match", etag)).await
    }

    async fn list(&self, prefix: &str, after: &str) -> Result<Vec<String>, ObjectError> {
        let whole = format!("{}{prefix}", self.prefix);
        let after = (!after.is_empty()).then(|| format!("{}{after}", self.prefix));
        let mut keys = Vec::new();
        let mut token = None;
        loop {
            let (page, next) = self.page(&whole, after.as_deref(), token.as_deref()).await?;
            keys.extend(page);
            match next {
                Some(next) => token = Some(next),
                None => return Ok(keys),
            }
        }
    }
}

/// A header's time, to the second.
fn http_date(answer: &Answer, header: &str) -> Option<DateTime> {
    DateTime::from_str(answer.header(header)?, Format::HttpDate).ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, UNIX_EPOCH};

    use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
    use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
    use conductor::{ObjectError, Objects};

    use super::StateObjects;
    use crate::{Connection, Pace, Transport};

    /// What takes a request and never answers.
    #[derive(Debug)]
    struct Silent;

    impl HttpConnector for Silent {
        fn call(&self, _request: HttpRequest) -> HttpConnectorFuture {
            HttpConnectorFuture::new(std::future::pending())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_ends_after_25_seconds_and_is_not_repeated() {
        let connection = Connection {
            region: "us-east-1".to_owned(),
            endpoint_url: "http://localhost".to_owned(),
            access_key_id: "AKIATEST".to_owned(),
            secret_access_key: "secret-key-that-must-not-show".to_owned(),
            transport: Transport::Network,
            now: Arc::new(|| UNIX_EPOCH),
        };
        let mut reach = connection.reach(Pace::Unlimited);
        reach.wire.connector = SharedHttpConnector::new(Silent);
        let objects = StateObjects {
            wire: reach.wire,
            origin: reach.origin,
            bucket: "bucket".to_owned(),
            prefix: "state/".to_owned(),
            owner: None,
        };
        let within = async |limit: u64| {
            tokio::time::timeout(Duration::from_millis(limit), objects.create("claim", b"x".to_vec())).await
        };
        assert!(within(24_990).await.is_err(), "it is waited for");
        let ended = within(25_010).await.expect("it ends");
        let Err(ObjectError::Unknown { words, .. }) = ended else { panic!("{ended:?}") };
        assert!(words.contains("no answer within 25s"), "{words}");
        assert!(!format!("{objects:?}").contains("secret-key"), "{objects:?}");
    }
}
