//! Where each service is, and for which Region a request to it is signed: the one place that decides, for the SDK's
//! clients as for our own calls.
//!
//! The settings' `endpoint_url` wins over everything. Without it the environment's and the profile's addresses count, a
//! service's own before the one for all (AWS SDKs and Tools reference guide, "Service-specific endpoints"). Without
//! those it is AWS's own address. Single sign-on alone isn't moved by the settings: its token is a person's, and is for
//! nobody but AWS or whom the environment names.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_types::SdkConfig;
use aws_types::origin::Origin;
use aws_types::service_config::ServiceConfigKey;

use crate::percent::percent_encode;

/// A service. Version and JSON version are only told of those that are asked without an SDK client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Service {
    /// Before the colon of its IAM actions.
    pub iam_prefix: &'static str,
    /// In a signature's scope.
    pub signing_name: &'static str,
    /// Before the Region in its host name.
    pub host_prefix: &'static str,
    /// Its name in `AWS_ENDPOINT_URL_…`, as the SDKs call it.
    pub sdk_id: &'static str,
    /// API version, or the target prefix of a JSON service.
    pub version: &'static str,
    /// The JSON protocol's version, where the operation stands in a header.
    pub json_version: &'static str,
}

pub(crate) const EC2: Service = Service {
    iam_prefix: "ec2",
    signing_name: "ec2",
    host_prefix: "ec2",
    sdk_id: "EC2",
    version: "2016-11-15",
    json_version: "1.1",
};
pub(crate) const RDS: Service = Service {
    iam_prefix: "rds",
    signing_name: "rds",
    host_prefix: "rds",
    sdk_id: "RDS",
    version: "2014-10-31",
    json_version: "1.1",
};
pub(crate) const IAM: Service = Service {
    iam_prefix: "iam",
    signing_name: "iam",
    host_prefix: "iam",
    sdk_id: "IAM",
    version: "2010-05-08",
    json_version: "1.1",
};
pub(crate) const CLOUDWATCH: Service = Service {
    iam_prefix: "cloudwatch",
    signing_name: "monitoring",
    host_prefix: "monitoring",
    sdk_id: "CloudWatch",
    version: "2010-08-01",
    json_version: "1.1",
};
pub(crate) const STS: Service = Service {
    iam_prefix: "sts",
    signing_name: "sts",
    host_prefix: "sts",
    sdk_id: "STS",
    version: "2011-06-15",
    json_version: "1.1",
};
pub(crate) const SNS: Service = Service {
    iam_prefix: "sns",
    signing_name: "sns",
    host_prefix: "sns",
    sdk_id: "SNS",
    version: "2010-03-31",
    json_version: "1.1",
};
pub(crate) const BACKUP: Service = Service {
    iam_prefix: "backup",
    signing_name: "backup",
    host_prefix: "backup",
    sdk_id: "Backup",
    version: "",
    json_version: "1.1",
};
pub(crate) const SERVICE_QUOTAS: Service = Service {
    iam_prefix: "servicequotas",
    signing_name: "servicequotas",
    host_prefix: "servicequotas",
    sdk_id: "Service Quotas",
    version: "ServiceQuotasV20190624",
    json_version: "1.1",
};

pub(crate) const ECS: Service = Service {
    iam_prefix: "ecs",
    signing_name: "ecs",
    host_prefix: "ecs",
    sdk_id: "ECS",
    version: "AmazonEC2ContainerServiceV20141113",
    json_version: "1.1",
};
pub(crate) const LOGS: Service = Service {
    iam_prefix: "logs",
    signing_name: "logs",
    host_prefix: "logs",
    sdk_id: "CloudWatch Logs",
    version: "Logs_20140328",
    json_version: "1.1",
};
pub(crate) const QUEUES: Service = Service {
    iam_prefix: "sqs",
    signing_name: "sqs",
    host_prefix: "sqs",
    sdk_id: "SQS",
    version: "AmazonSQS",
    json_version: "1.0",
};

pub(crate) const CLOUDFORMATION: Service = Service {
    iam_prefix: "cloudformation",
    signing_name: "cloudformation",
    host_prefix: "cloudformation",
    sdk_id: "CloudFormation",
    version: "2010-05-15",
    json_version: "",
};
pub(crate) const AUTO_SCALING: Service = Service {
    iam_prefix: "autoscaling",
    signing_name: "autoscaling",
    host_prefix: "autoscaling",
    sdk_id: "Auto Scaling",
    version: "2011-01-01",
    json_version: "",
};
pub(crate) const BATCH: Service = Service {
    iam_prefix: "batch",
    signing_name: "batch",
    host_prefix: "batch",
    sdk_id: "Batch",
    version: "",
    json_version: "",
};
pub(crate) const LOAD_BALANCING: Service = Service {
    iam_prefix: "elasticloadbalancing",
    signing_name: "elasticloadbalancing",
    host_prefix: "elasticloadbalancing",
    sdk_id: "Elastic Load Balancing v2",
    version: "2015-12-01",
    json_version: "",
};
pub(crate) const STORAGE: Service = Service {
    iam_prefix: "s3",
    signing_name: "s3",
    host_prefix: "s3",
    sdk_id: "S3",
    version: "",
    json_version: "",
};

/// Partitions: what their Regions begin with, their domain, IAM's host and the Region that it is signed for.
/// <https://docs.aws.amazon.com/general/latest/gr/iam-service.html>; the others' domains are from botocore's
/// `partitions.json`. The line without a beginning is the commercial partition.
const PARTITIONS: &[(&str, &str, &str, &str)] = &[
    ("cn-", "amazonaws.com.cn", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
    ("us-gov-", "amazonaws.com", "iam.us-gov.amazonaws.com", "us-gov-west-1"),
    ("us-iso-", "c2s.ic.gov", "iam.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"),
    ("us-isob-", "sc2s.sgov.gov", "iam.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"),
    ("eusc-", "amazonaws.eu", "iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
    COMMERCIAL,
];

/// The commercial partition.
const COMMERCIAL: (&str, &str, &str, &str) = ("", "amazonaws.com", "iam.amazonaws.com", "us-east-1");

fn partition(region: &str) -> (&'static str, &'static str, &'static str, &'static str) {
    PARTITIONS.iter().find(|(beginning, ..)| region.starts_with(beginning)).copied().unwrap_or(COMMERCIAL)
}

/// The domain of the partition that a Region belongs to, such as `amazonaws.com.cn`.
pub(crate) fn domain(region: &str) -> &'static str {
    partition(region).1
}

/// The domains of all partitions.
pub(crate) fn domains() -> impl Iterator<Item = &'static str> {
    PARTITIONS.iter().map(|(_, domain, ..)| *domain)
}

/// Whether a bucket's name can stand alone before a host name and its certificate's asterisk: no dots, no capitals.
fn is_host_label(name: &str) -> bool {
    let allowed = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-';
    (3..=63).contains(&name.len())
        && name.bytes().all(allowed)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

/// Where services are.
#[derive(Debug, Clone)]
pub(crate) struct Endpoints {
    /// Such as `us-east-1`.
    pub region: String,
    /// One address for all services, from the settings.
    pub settings_url: Option<String>,
    /// What environment and profile say.
    pub configured: Option<SdkConfig>,
    /// The Regions of buckets.
    pub buckets: BucketRegions,
}

impl Endpoints {
    /// The address that settings, environment or profile give a service; `None`: AWS's own.
    pub(crate) fn endpoint_url(&self, service: &Service) -> Option<String> {
        self.settings_url.clone().or_else(|| {
            let configured = self.configured.as_ref()?;
            // Documented with underscores for the environment and the profile; with spaces the SDK looks for hyphens in
            // the profile.
            let identifier = service.sdk_id.replace(' ', "_");
            let key = ServiceConfigKey::builder()
                .service_id(&identifier)
                .env("AWS_ENDPOINT_URL")
                .profile("endpoint_url")
                .build()
                .ok()?;
            let own = configured.service_config().and_then(|config| config.load_config(key));
            own.or_else(|| configured.endpoint_url().map(str::to_owned))
        })
    }

    /// The configuration of a service's SDK client: it asks nobody else for its address.
    pub(crate) fn sdk_config(&self, sdk: &SdkConfig, service: &Service) -> SdkConfig {
        let mut builder = sdk.to_builder();
        builder.set_endpoint_url(self.endpoint_url(service));
        // An address with this origin is taken as it is, `None` as well.
        builder.insert_origin("endpoint_url", Origin::shared_config());
        builder.build()
    }

    /// A service's address, and the Region to sign for.
    pub(crate) fn of(&self, service: &Service) -> (String, String) {
        if let Some(url) = self.endpoint_url(service) {
            return (url, self.region.clone());
        }
        let (_, domain, iam_host, iam_region) = partition(&self.region);
        if *service == IAM {
            // IAM is one for a whole partition.
            return (format!("https://{iam_host}"), iam_region.to_owned());
        }
        (format!("https://{}.{}.{domain}", service.host_prefix, self.region), self.region.clone())
    }

    /// A bucket's address in its Region. Path style at an address of somebody's own, so that a bucket needs no DNS name there,
    /// and for a name that no certificate fits; else the bucket is the host, as AWS wants it (S3 user guide, "Virtual
    /// hosting of general purpose buckets"). FIPS and dual-stack endpoints where environment or profile ask for them (AWS
    /// General Reference, "Amazon S3 endpoints and quotas").
    pub(crate) fn of_bucket(&self, bucket: &str, region: &str) -> String {
        if let Some(url) = self.endpoint_url(&STORAGE) {
            return format!("{}/{}", url.trim_end_matches('/'), percent_encode(bucket));
        }
        let wants = |setting: fn(&SdkConfig) -> Option<bool>| {
            self.configured.as_ref().and_then(setting).unwrap_or(false)
        };
        let host = match (wants(SdkConfig::use_fips), wants(SdkConfig::use_dual_stack)) {
            (false, false) => "s3",
            (true, false) => "s3-fips",
            (false, true) => "s3.dualstack",
            (true, true) => "s3-fips.dualstack",
        };
        let domain = domain(region);
        if is_host_label(bucket) {
            format!("https://{bucket}.{host}.{region}.{domain}")
        } else {
            format!("https://{host}.{region}.{domain}/{}", percent_encode(bucket))
        }
    }

    /// For a person: the address when there is one of its own.
    pub(crate) fn described(&self) -> String {
        let configured = || self.configured.as_ref()?.endpoint_url();
        match self.settings_url.as_deref().or_else(configured) {
            Some(url) => format!("Region {}, endpoint {url}", self.region),
            None => format!("Region {}", self.region),
        }
    }
}

/// The Regions of buckets that were asked for, shared by everything that is made of one connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct BucketRegions(Arc<Mutex<BTreeMap<String, String>>>);

impl BucketRegions {
    pub(crate) fn get(&self, bucket: &str) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(bucket).cloned()
    }

    pub(crate) fn remember(&self, bucket: &str, region: &str) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(bucket.to_owned(), region.to_owned());
    }

    /// It may have been deleted and made again elsewhere.
    pub(crate) fn forget(&self, bucket: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(bucket);
    }
}
