//! HTTP in, HTTP out: which service and operation a request means, whether its signature holds, and how the
//! answer is written. Nothing here knows what an operation does.

pub(crate) mod answer;
pub mod body;
pub mod cbor;
pub mod error;
pub mod keys;
pub(crate) mod object_storage;
pub mod origin;
pub mod query;
pub mod rest_json;
pub mod route;
pub mod signature;
pub mod signature_v2;
pub mod target_json;
pub mod times;
pub mod xml;

pub use crate::services::Service;

/// How a service's requests and answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Form in, XML out.
    Query,
    /// JSON in, JSON out, the operation in the path.
    RestJson,
    /// JSON in, JSON out, the operation in `X-Amz-Target`.
    TargetJson,
    /// S3's own: bytes and XML, the operation in method, path and query.
    RestXml,
    /// EC2's own: form in, XML out, lists without `member`, answers without a result element.
    Ec2Query,
    /// Smithy's RPC v2: CBOR in, CBOR out, the operation in the path.
    Cbor,
}
