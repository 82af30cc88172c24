//! The store that `s3s` talks to: each operation of the table asks the world as any other request does; any other
//! operation is answered `NotImplemented` by the trait itself.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use md5::{Digest, Md5};
use s3s::checksum::ChecksumHasher;
use s3s::dto::*;
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result};
use serde_json::{Value, json};

use crate::services::object_storage::objects::checksums;
use crate::services::object_storage::operations::{self, S3Input, each_operation};
use crate::services::object_storage::whole;
use crate::wire::route::Call;
use crate::wire::{Protocol, Service};
use crate::{AwsError, Input, LocalCloud};

/// What became of a request, beside its answer.
#[derive(Default)]
pub(super) struct Exchange {
    /// Such as `PutObject`; `None` when `s3s` found none.
    pub(super) operation: Option<String>,
    /// `bucket/key`.
    pub(super) resource: Option<String>,
    /// The permissions that it needed.
    pub(super) needed: Vec<(String, String)>,
    /// The world's refusal, which is answered in our words.
    pub(super) refusal: Option<AwsError>,
    /// A fault keeps the answer back.
    pub(super) is_dropped: bool,
}

pub(super) struct Adapter {
    cloud: LocalCloud,
    caller: String,
    /// Whose bucket it has to be, where the request says so.
    expected_owner: Option<String>,
    exchange: Arc<Mutex<Exchange>>,
}

impl Adapter {
    pub(super) fn new(
        cloud: LocalCloud,
        caller: String,
        expected_owner: Option<String>,
        exchange: Arc<Mutex<Exchange>>,
    ) -> Adapter {
        Adapter { cloud, caller, expected_owner, exchange }
    }

    fn ask<I: S3Input>(&self, request: I, body: Option<Bytes>) -> S3Result<S3Response<I::Output>> {
        let mut input = request.parameters();
        if let Some(owner) = &self.expected_owner {
            input["ExpectedBucketOwner"] = json!(owner);
        }
        let call = Call {
            service: Service::ObjectStorage,
            operation: I::NAME.to_owned(),
            input,
            protocol: Protocol::RestXml,
        };
        let part = |name| call.input.get(name).and_then(Value::as_str);
        let resource = part("Bucket").map(|bucket| match part("Key") {
            Some(key) => format!("{bucket}/{key}"),
            None => bucket.to_owned(),
        });
        let needed = self.cloud.needed(&call);
        let logged = || {
            let mut input = call.input.clone();
            if let Some(body) = &body {
                input["Body"] = json!(STANDARD.encode(body));
            }
            input
        };
        let answer = self.cloud.apply_typed(&call, &self.caller, logged, |world| {
            operations::answer(world, Input(&call.input), request)
        });
        let mut exchange = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        exchange.resource = resource;
        exchange.needed = needed;
        exchange.operation = Some(call.operation);
        match answer {
            Ok(Some(output)) => Ok(S3Response::new(output)),
            Ok(None) => {
                exchange.is_dropped = true;
                Err(S3ErrorCode::ServiceUnavailable.into())
            }
            Err(refusal) => {
                exchange.refusal = Some(refusal);
                Err(S3ErrorCode::InternalError.into())
            }
        }
    }
}

/// Whether the checksums that came with a body are its own.
fn check(body: &Bytes, md5: Option<&str>, given: &Checksum) -> S3Result<()> {
    if md5.is_some_and(|given| given != STANDARD.encode(Md5::digest(body))) {
        return Err(S3Error::with_message(
            S3ErrorCode::BadDigest,
            "The Content-MD5 you specified did not match what we received.",
        ));
    }
    let mut hasher = ChecksumHasher {
        crc32: given.checksum_crc32.as_ref().map(|_| Default::default()),
        crc32c: given.checksum_crc32c.as_ref().map(|_| Default::default()),
        crc64nvme: given.checksum_crc64nvme.as_ref().map(|_| Default::default()),
        sha1: given.checksum_sha1.as_ref().map(|_| Default::default()),
        sha256: given.checksum_sha256.as_ref().map(|_| Default::default()),
    };
    hasher.update(body);
    let ours = hasher.finalize();
    for (name, given, ours) in [
        ("CRC32", &given.checksum_crc32, ours.checksum_crc32),
        ("CRC32C", &given.checksum_crc32c, ours.checksum_crc32c),
        ("CRC64NVME", &given.checksum_crc64nvme, ours.checksum_crc64nvme),
        ("SHA1", &given.checksum_sha1, ours.checksum_sha1),
        ("SHA256", &given.checksum_sha256, ours.checksum_sha256),
    ] {
        if *given != ours {
            return Err(S3Error::with_message(
                S3ErrorCode::BadDigest,
                format!("The {name} you specified did not match the calculated checksum."),
            ));
        }
    }
    Ok(())
}

macro_rules! serve {
    (
        plain { $(
            $kind:ident $operation:ident $($action:ident $name:literal)*:
                $method:ident($input:ident) -> $output:ident = $handler:path [$($fields:tt)*];
        )* }
        with_body { $(
            $change:ident $upload:ident $($permission:ident $called:literal)*:
                $receive:ident($sent:ident) -> $received:ident = $store:path [$($more:tt)*];
        )* }
    ) => {
        #[async_trait]
        impl S3 for Adapter {
            $(async fn $method(&self, request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                self.ask(request.input, None)
            })*

            $(async fn $receive(&self, request: S3Request<$sent>) -> S3Result<S3Response<$received>> {
                let mut input = request.input;
                let body = whole(input.body.take()).map_err(|_| S3ErrorCode::IncompleteBody)?;
                check(&body, input.content_md5.as_deref(), &checksums!(input))?;
                input.body = Some(s3s::Body::from(body.clone()).into());
                self.ask(input, Some(body))
            })*
        }
    };
}
each_operation!(serve);
