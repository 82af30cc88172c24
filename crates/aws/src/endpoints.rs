//! Where each service is, and for which Region a request to it is signed: the one place that decides.
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

use crate::uri_encoding::percent_encode;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Service {
    /// In a signature's scope, and before the Region in its host name.
    pub signing_name: &'static str,
    /// Before the colon of its IAM actions.
    pub iam_prefix: &'static str,
    /// Its name in `AWS_ENDPOINT_URL_…`, as the SDKs call it.
    pub sdk_id: &'static str,
    /// API version, or the target prefix of a JSON service; empty where the path tells.
    pub version: &'static str,
    /// The JSON protocol's version, where the operation stands in a header.
    pub json_version: &'static str,
    /// Whether it is asked at its FIPS and dual-stack hosts where environment or profile want them.
    pub has_variants: bool,
}

impl Service {
    const fn new(name: &'static str, sdk_id: &'static str, version: &'static str) -> Service {
        let (signing_name, iam_prefix) = (name, name);
        Service { signing_name, iam_prefix, sdk_id, version, json_version: "1.1", has_variants: false }
    }

    const fn with_variants(self) -> Service {
        Service { has_variants: true, ..self }
    }
}

pub(crate) const EC2: Service = Service::new("ec2", "EC2", "2016-11-15");
pub(crate) const RDS: Service = Service::new("rds", "RDS", "2014-10-31");
pub(crate) const IAM: Service = Service::new("iam", "IAM", "2010-05-08");
pub(crate) const CLOUDWATCH: Service =
    Service { iam_prefix: "cloudwatch", ..Service::new("monitoring", "CloudWatch", "2010-08-01") };
pub(crate) const STS: Service = Service::new("sts", "STS", "2011-06-15");
pub(crate) const SNS: Service = Service::new("sns", "SNS", "2010-03-31");
pub(crate) const BACKUP: Service = Service::new("backup", "Backup", "");
pub(crate) const SERVICE_QUOTAS: Service =
    Service::new("servicequotas", "Service Quotas", "ServiceQuotasV20190624");
pub(crate) const ECS: Service = Service::new("ecs", "ECS", "AmazonEC2ContainerServiceV20141113");
pub(crate) const LOGS: Service = Service::new("logs", "CloudWatch Logs", "Logs_20140328");
pub(crate) const QUEUES: Service = Service { json_version: "1.0", ..Service::new("sqs", "SQS", "AmazonSQS") };
pub(crate) const CLOUDFORMATION: Service =
    Service::new("cloudformation", "CloudFormation", "2010-05-15").with_variants();
pub(crate) const AUTO_SCALING: Service =
    Service::new("autoscaling", "Auto Scaling", "2011-01-01").with_variants();
pub(crate) const BATCH: Service = Service::new("batch", "Batch", "").with_variants();
pub(crate) const LOAD_BALANCING: Service =
    Service::new("elasticloadbalancing", "Elastic Load Balancing v2", "2015-12-01").with_variants();
pub(crate) const STORAGE: Service = Service::new("s3", "S3", "");

struct Partition {
    /// What its Regions begin with.
    regions: &'static str,
    domain: &'static str,
    dual_stack_domain: &'static str,
    /// IAM is one for a whole partition.
    iam_host: &'static str,
    /// The Region that IAM's requests are signed for.
    iam_region: &'static str,
}

/// <https://docs.aws.amazon.com/general/latest/gr/iam-service.html>; the domains are from botocore's `partitions.json`.
const PARTITIONS: &[Partition] = &[
    Partition {
        regions: "cn-",
        domain: "amazonaws.com.cn",
        dual_stack_domain: "api.amazonwebservices.com.cn",
        iam_host: "iam.cn-north-1.amazonaws.com.cn",
        iam_region: "cn-north-1",
    },
    Partition {
        regions: US_GOV,
        domain: "amazonaws.com",
        dual_stack_domain: "api.aws",
        iam_host: "iam.us-gov.amazonaws.com",
        iam_region: "us-gov-west-1",
    },
    Partition {
        regions: "us-iso-",
        domain: "c2s.ic.gov",
        dual_stack_domain: "api.aws.ic.gov",
        iam_host: "iam.us-iso-east-1.c2s.ic.gov",
        iam_region: "us-iso-east-1",
    },
    Partition {
        regions: "us-isob-",
        domain: "sc2s.sgov.gov",
        dual_stack_domain: "api.aws.scloud",
        iam_host: "iam.us-isob-east-1.sc2s.sgov.gov",
        iam_region: "us-isob-east-1",
    },
    Partition {
        regions: "us-isof-",
        domain: "csp.hci.ic.gov",
        dual_stack_domain: "api.aws.hci.ic.gov",
        iam_host: "iam.us-isof-south-1.csp.hci.ic.gov",
        iam_region: "us-isof-south-1",
    },
    Partition {
        regions: "eu-isoe-",
        domain: "cloud.adc-e.uk",
        dual_stack_domain: "api.cloud-aws.adc-e.uk",
        iam_host: "iam.eu-isoe-west-1.cloud.adc-e.uk",
        iam_region: "eu-isoe-west-1",
    },
    Partition {
        regions: "eusc-",
        domain: "amazonaws.eu",
        dual_stack_domain: "api.amazonwebservices.eu",
        iam_host: "iam.eusc-de-east-1.amazonaws.eu",
        iam_region: "eusc-de-east-1",
    },
    COMMERCIAL,
];

const COMMERCIAL: Partition = Partition {
    regions: "",
    domain: "amazonaws.com",
    dual_stack_domain: "api.aws",
    iam_host: "iam.amazonaws.com",
    iam_region: "us-east-1",
};

const US_GOV: &str = "us-gov-";

fn partition(region: &str) -> &'static Partition {
    PARTITIONS.iter().find(|partition| region.starts_with(partition.regions)).unwrap_or(&COMMERCIAL)
}

/// The domain of the partition that a Region belongs to, such as `amazonaws.com.cn`.
pub(crate) fn domain(region: &str) -> &'static str {
    partition(region).domain
}

/// The domains of all partitions.
pub(crate) fn domains() -> impl Iterator<Item = &'static str> {
    PARTITIONS.iter().map(|partition| partition.domain)
}

/// Whether a bucket's name can stand alone before a host name and its certificate's asterisk: no dots, no capitals.
fn is_host_label(name: &str) -> bool {
    let allowed = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-';
    (3..=63).contains(&name.len())
        && name.bytes().all(allowed)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

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

    /// The configuration of an SDK client of the service, for a role's credentials: it asks nobody else for its address.
    pub(crate) fn sdk_config(&self, sdk: &SdkConfig, service: &Service) -> SdkConfig {
        let mut builder = sdk.to_builder();
        builder.set_endpoint_url(self.endpoint_url(service));
        // An address with this origin is taken as it is, `None` as well.
        builder.insert_origin("endpoint_url", Origin::shared_config());
        builder.build()
    }

    /// A service's address, and the Region to sign for.
    pub(crate) fn address(&self, service: &Service) -> (String, String) {
        if let Some(url) = self.endpoint_url(service) {
            return (url, self.region.clone());
        }
        let partition = partition(&self.region);
        if *service == IAM {
            return (format!("https://{}", partition.iam_host), partition.iam_region.to_owned());
        }
        let (fips, dual_stack) = if service.has_variants { self.variants() } else { (false, false) };
        let name = service.signing_name;
        // By the services' endpoint rules, as botocore has them.
        let host = match (fips, dual_stack, partition.regions) {
            (false, _, _) | (true, false, US_GOV) => name.to_owned(),
            (true, false, "") if *service == BATCH => format!("fips.{name}"),
            (true, _, _) => format!("{name}-fips"),
        };
        let domain = if dual_stack { partition.dual_stack_domain } else { partition.domain };
        (format!("https://{host}.{}.{domain}", self.region), self.region.clone())
    }

    /// Whether environment or profile ask for FIPS endpoints, and for dual-stack ones.
    fn variants(&self) -> (bool, bool) {
        let wants = |setting: fn(&SdkConfig) -> Option<bool>| {
            self.configured.as_ref().and_then(setting).unwrap_or(false)
        };
        (wants(SdkConfig::use_fips), wants(SdkConfig::use_dual_stack))
    }

    /// A bucket's address in its Region. Path style at an address of somebody's own, so that a bucket needs no DNS name there,
    /// and for a name that no certificate fits; else the bucket is the host, as AWS wants it (S3 user guide, "Virtual
    /// hosting of general purpose buckets"). FIPS and dual-stack endpoints where environment or profile ask for them (AWS
    /// General Reference, "Amazon S3 endpoints and quotas").
    pub(crate) fn bucket_address(&self, bucket: &str, region: &str) -> String {
        if let Some(url) = self.endpoint_url(&STORAGE) {
            return format!("{}/{}", url.trim_end_matches('/'), percent_encode(bucket));
        }
        let host = match self.variants() {
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
    pub(crate) fn label(&self) -> String {
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
