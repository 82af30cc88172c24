//! HTTP in, HTTP out: which service and operation a request means, whether its signature holds, and how the
//! answer is written. Nothing here knows what an operation does.

pub mod body;
pub mod error;
pub mod keys;
pub mod object_storage;
pub mod origin;
pub mod query;
pub mod rest_json;
pub mod route;
pub mod signature;
pub mod xml;

/// The services that answer here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Service {
    /// Query/XML, signing name `cloudformation`.
    CloudFormation,
    /// Query/XML, `autoscaling`.
    AutoScaling,
    /// REST-JSON, `batch`.
    Batch,
    /// Query/XML, `elasticloadbalancing`, version 2015-12-01.
    LoadBalancing,
    /// Query/XML, `sts`.
    SecurityToken,
    /// REST-XML, `s3`.
    ObjectStorage,
}

/// How a service's requests and answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Form in, XML out.
    Query,
    /// JSON in, JSON out, the operation in the path.
    RestJson,
    /// S3's own: bytes and XML, the operation in method, path and query.
    RestXml,
}

impl Service {
    /// The service a SigV4 credential scope names.
    #[must_use]
    pub fn of_signing_name(name: &str) -> Option<Service> {
        Some(match name {
            "cloudformation" => Service::CloudFormation,
            "autoscaling" => Service::AutoScaling,
            "batch" => Service::Batch,
            "elasticloadbalancing" => Service::LoadBalancing,
            "sts" => Service::SecurityToken,
            "s3" => Service::ObjectStorage,
            _ => return None,
        })
    }

    /// The Query service whose API has this version.
    #[must_use]
    pub fn of_version(version: &str) -> Option<Service> {
        Some(match version {
            "2010-05-15" => Service::CloudFormation,
            "2011-01-01" => Service::AutoScaling,
            "2015-12-01" => Service::LoadBalancing,
            "2011-06-15" => Service::SecurityToken,
            _ => return None,
        })
    }

    /// How it speaks.
    #[must_use]
    pub fn protocol(self) -> Protocol {
        match self {
            Service::CloudFormation
            | Service::AutoScaling
            | Service::LoadBalancing
            | Service::SecurityToken => Protocol::Query,
            Service::Batch => Protocol::RestJson,
            Service::ObjectStorage => Protocol::RestXml,
        }
    }

    /// The XML namespace of its answers, as each API reference shows them.
    #[must_use]
    pub fn namespace(self) -> &'static str {
        match self {
            Service::CloudFormation => "http://cloudformation.amazonaws.com/doc/2010-05-15/",
            Service::AutoScaling => "http://autoscaling.amazonaws.com/doc/2011-01-01/",
            Service::LoadBalancing => "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
            Service::SecurityToken => "https://sts.amazonaws.com/doc/2011-06-15/",
            Service::Batch | Service::ObjectStorage => "http://s3.amazonaws.com/doc/2006-03-01/",
        }
    }
}
