//! Where each service is that no SDK client asks for, and for which Region a request to it is signed.

use aws_types::SdkConfig;
use aws_types::service_config::ServiceConfigKey;

/// A service.
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

/// Partitions: what their Regions begin with, their domain, IAM's host and the Region that it is signed for.
/// <https://docs.aws.amazon.com/general/latest/gr/iam-service.html>; the others' domains are from botocore's
/// `partitions.json`. The line without a beginning is the commercial partition.
const PARTITIONS: &[(&str, &str, &str, &str)] = &[
    ("cn-", "amazonaws.com.cn", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
    ("us-gov-", "amazonaws.com", "iam.us-gov.amazonaws.com", "us-gov-west-1"),
    ("us-iso-", "c2s.ic.gov", "iam.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"),
    ("us-isob-", "sc2s.sgov.gov", "iam.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"),
    ("eusc-", "amazonaws.eu", "iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
    ("", "amazonaws.com", "iam.amazonaws.com", "us-east-1"),
];

/// Where services are.
#[derive(Debug, Clone)]
pub(crate) struct Endpoints {
    /// Such as `us-east-1`.
    pub region: String,
    /// One address for all services.
    pub endpoint_url: Option<String>,
    /// Addresses of single services, from the environment or the profile.
    pub configured: Option<SdkConfig>,
}

impl Endpoints {
    /// A service's address, and the Region to sign for.
    pub(crate) fn of(&self, service: &Service) -> (String, String) {
        let own = self.configured.as_ref().and_then(SdkConfig::service_config).and_then(|configured| {
            let key = ServiceConfigKey::builder()
                .service_id(service.sdk_id)
                .env("AWS_ENDPOINT_URL")
                .profile("endpoint_url")
                .build()
                .ok()?;
            configured.load_config(key)
        });
        if let Some(url) = own.or_else(|| self.endpoint_url.clone()) {
            return (url, self.region.clone());
        }
        let (_, domain, iam_host, iam_region) = PARTITIONS
            .iter()
            .find(|(beginning, ..)| self.region.starts_with(beginning))
            .copied()
            .unwrap_or(("", "amazonaws.com", "iam.amazonaws.com", "us-east-1"));
        if *service == IAM {
            // IAM is one for a whole partition.
            return (format!("https://{iam_host}"), iam_region.to_owned());
        }
        (format!("https://{}.{}.{domain}", service.host_prefix, self.region), self.region.clone())
    }

    /// For a person: the address when there is one of its own.
    pub(crate) fn described(&self) -> String {
        match &self.endpoint_url {
            Some(url) => format!("Region {}, endpoint {url}", self.region),
            None => format!("Region {}", self.region),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BACKUP, CLOUDWATCH, EC2, Endpoints, IAM, STS};

    #[test]
    fn services_are_where_aws_has_them() {
        for (region, endpoint, service, url, signed_for) in [
            ("us-east-1", None, EC2, "https://ec2.us-east-1.amazonaws.com", "us-east-1"),
            ("eu-west-1", None, CLOUDWATCH, "https://monitoring.eu-west-1.amazonaws.com", "eu-west-1"),
            ("eu-west-1", None, IAM, "https://iam.amazonaws.com", "us-east-1"),
            ("eu-west-1", None, STS, "https://sts.eu-west-1.amazonaws.com", "eu-west-1"),
            (
                "cn-northwest-1",
                None,
                BACKUP,
                "https://backup.cn-northwest-1.amazonaws.com.cn",
                "cn-northwest-1",
            ),
            ("cn-northwest-1", None, IAM, "https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            ("us-gov-east-1", None, IAM, "https://iam.us-gov.amazonaws.com", "us-gov-west-1"),
            ("eu-west-1", Some("http://localhost:1"), IAM, "http://localhost:1", "eu-west-1"),
        ] {
            let endpoints = Endpoints {
                region: region.to_owned(),
                endpoint_url: endpoint.map(str::to_owned),
                configured: None,
            };
            assert_eq!(endpoints.of(&service), (url.to_owned(), signed_for.to_owned()), "{region}");
        }
    }
}
