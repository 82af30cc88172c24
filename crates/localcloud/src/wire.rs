//! HTTP in, HTTP out: which service and operation a request means, whether its signature holds, and how the
//! answer is written. Nothing here knows what an operation does.

pub(crate) mod answer;
pub mod backup;
pub mod body;
pub mod cbor;
pub mod control;
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
    /// EC2's own Query/XML, `ec2`.
    Ec2,
    /// JSON 1.1, `ecs`.
    Ecs,
    /// Query/XML, `rds`.
    Rds,
    /// Query/XML, JSON 1.0 or RPC v2 CBOR, as the client likes; `monitoring`.
    CloudWatch,
    /// Query/XML, `iam`.
    Iam,
    /// JSON 1.1, `secretsmanager`.
    SecretsManager,
    /// JSON 1.1, `ssm`.
    ParameterStore,
    /// Query/XML, `sns`.
    Notification,
    /// REST-JSON, `backup`.
    Backup,
    /// REST-JSON, `slackwater`: not AWS, but where this cloud is told to misbehave.
    Control,
}

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
            "ec2" => Service::Ec2,
            "ecs" => Service::Ecs,
            "rds" => Service::Rds,
            "monitoring" => Service::CloudWatch,
            "iam" => Service::Iam,
            "secretsmanager" => Service::SecretsManager,
            "ssm" => Service::ParameterStore,
            "sns" => Service::Notification,
            "backup" => Service::Backup,
            "slackwater" => Service::Control,
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
            "2016-11-15" => Service::Ec2,
            "2014-10-31" => Service::Rds,
            "2010-08-01" => Service::CloudWatch,
            "2010-05-08" => Service::Iam,
            "2010-03-31" => Service::Notification,
            _ => return None,
        })
    }

    /// How it speaks, unless a request says otherwise ([`route::protocol_of`]).
    #[must_use]
    pub fn protocol(self) -> Protocol {
        match self {
            Service::CloudFormation
            | Service::AutoScaling
            | Service::LoadBalancing
            | Service::SecurityToken
            | Service::Rds
            | Service::CloudWatch
            | Service::Iam
            | Service::Notification => Protocol::Query,
            Service::Batch | Service::Backup | Service::Control => Protocol::RestJson,
            Service::Ecs | Service::SecretsManager | Service::ParameterStore => Protocol::TargetJson,
            Service::ObjectStorage => Protocol::RestXml,
            Service::Ec2 => Protocol::Ec2Query,
        }
    }

    /// The content type of its JSON, where the operation is in `X-Amz-Target`.
    #[must_use]
    pub fn json_type(self) -> &'static str {
        match self {
            Service::CloudWatch => "application/x-amz-json-1.0",
            _ => "application/x-amz-json-1.1",
        }
    }

    /// How the items of its lists are called in XML.
    #[must_use]
    pub fn items(self) -> xml::Items {
        match self {
            Service::Ec2 => xml::Items::Item,
            Service::Rds => xml::Items::Of(crate::services::rds::ITEM_NAMES),
            _ => xml::Items::Member,
        }
    }

    /// How the lists of its requests are written in a form.
    #[must_use]
    pub fn lists(self) -> query::Lists {
        match self {
            Service::Ec2 => query::Lists::Bare,
            Service::Rds => query::Lists::Named,
            _ => query::Lists::Member,
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
            Service::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
            Service::Notification => "http://sns.amazonaws.com/doc/2010-03-31/",
            Service::Ec2 => "http://ec2.amazonaws.com/doc/2016-11-15/",
            Service::Rds => "http://rds.amazonaws.com/doc/2014-10-31/",
            Service::CloudWatch => "http://monitoring.amazonaws.com/doc/2010-08-01/",
            Service::Batch
            | Service::Backup
            | Service::Control
            | Service::Ecs
            | Service::SecretsManager
            | Service::ParameterStore
            | Service::ObjectStorage => "http://s3.amazonaws.com/doc/2006-03-01/",
        }
    }
}
