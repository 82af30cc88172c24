//! Where requests really go: every service, by every source of an address. The environment is a process's own, so each
//! case is a child of this test.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Arc, Mutex};

use aws_types::SdkConfig;
use bytes::Bytes;

use super::{
    AUTO_SCALING, BACKUP, BATCH, CLOUDFORMATION, CLOUDWATCH, EC2, ECS, Endpoints, IAM, LOAD_BALANCING, LOGS,
    QUEUES, RDS, SERVICE_QUOTAS, SNS, STORAGE, STS, Service,
};
use crate::endpoints::BucketRegions;
use crate::wire::query::Form;
use crate::{AssumedRole, AwsCloud, AwsConnection, InProcessHandler, in_process};

/// Every service that anything is asked of.
const SERVICES: [&Service; 16] = [
    &AUTO_SCALING,
    &BACKUP,
    &BATCH,
    &CLOUDFORMATION,
    &CLOUDWATCH,
    &EC2,
    &ECS,
    &IAM,
    &LOAD_BALANCING,
    &LOGS,
    &QUEUES,
    &RDS,
    &SERVICE_QUOTAS,
    &SNS,
    &STORAGE,
    &STS,
];

#[test]
fn no_service_is_forgotten_here() {
    let described = include_str!("../endpoints.rs").matches(": Service =").count();
    assert_eq!(described, SERVICES.len());
}

#[test]
fn services_are_where_aws_has_them() {
    for (region, endpoint, service, url, signed_for) in [
        ("us-east-1", None, EC2, "https://ec2.us-east-1.amazonaws.com", "us-east-1"),
        ("eu-west-1", None, CLOUDWATCH, "https://monitoring.eu-west-1.amazonaws.com", "eu-west-1"),
        ("eu-west-1", None, IAM, "https://iam.amazonaws.com", "us-east-1"),
        ("eu-west-1", None, STS, "https://sts.eu-west-1.amazonaws.com", "eu-west-1"),
        ("cn-northwest-1", None, BACKUP, "https://backup.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1"),
        ("cn-northwest-1", None, IAM, "https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("us-gov-east-1", None, IAM, "https://iam.us-gov.amazonaws.com", "us-gov-west-1"),
        ("eu-west-1", Some("http://localhost:1"), IAM, "http://localhost:1", "eu-west-1"),
    ] {
        let endpoints = Endpoints {
            region: region.to_owned(),
            settings_url: endpoint.map(str::to_owned),
            configured: None,
            buckets: BucketRegions::default(),
        };
        assert_eq!(endpoints.address(&service), (url.to_owned(), signed_for.to_owned()), "{region}");
    }
}

#[test]
fn fips_and_dual_stack_hosts_are_those_of_the_services_own_rules() {
    for (service, region, fips, dual_stack, url) in [
        (CLOUDFORMATION, "us-east-1", true, false, "https://cloudformation-fips.us-east-1.amazonaws.com"),
        (CLOUDFORMATION, "us-east-1", false, true, "https://cloudformation.us-east-1.api.aws"),
        (CLOUDFORMATION, "us-gov-west-1", true, false, "https://cloudformation.us-gov-west-1.amazonaws.com"),
        (AUTO_SCALING, "us-gov-west-1", true, true, "https://autoscaling-fips.us-gov-west-1.api.aws"),
        (
            AUTO_SCALING,
            "us-isof-south-1",
            true,
            false,
            "https://autoscaling-fips.us-isof-south-1.csp.hci.ic.gov",
        ),
        (LOAD_BALANCING, "us-west-2", true, true, "https://elasticloadbalancing-fips.us-west-2.api.aws"),
        (BATCH, "us-west-2", true, false, "https://fips.batch.us-west-2.amazonaws.com"),
        (BATCH, "us-gov-west-1", true, false, "https://batch.us-gov-west-1.amazonaws.com"),
        (BATCH, "us-west-2", true, true, "https://batch-fips.us-west-2.api.aws"),
        (BATCH, "cn-north-1", false, true, "https://batch.cn-north-1.api.amazonwebservices.com.cn"),
        (EC2, "us-east-1", true, true, "https://ec2.us-east-1.amazonaws.com"),
    ] {
        let configured = SdkConfig::builder().use_fips(fips).use_dual_stack(dual_stack).build();
        let endpoints = Endpoints {
            region: region.to_owned(),
            settings_url: None,
            configured: Some(configured),
            buckets: BucketRegions::default(),
        };
        assert_eq!(endpoints.address(&service), (url.to_owned(), region.to_owned()));
    }
}

#[test]
fn buckets_are_hosts_at_aws_and_paths_elsewhere() {
    for (bucket, region, endpoint, url) in [
        ("releases", "us-east-1", None, "https://releases.s3.us-east-1.amazonaws.com"),
        ("re.leases", "eu-west-1", None, "https://s3.eu-west-1.amazonaws.com/re.leases"),
        ("Releases_1", "us-east-1", None, "https://s3.us-east-1.amazonaws.com/Releases_1"),
        ("releases", "cn-north-1", None, "https://releases.s3.cn-north-1.amazonaws.com.cn"),
        ("releases", "eu-west-1", Some("http://localhost:1/"), "http://localhost:1/releases"),
    ] {
        let endpoints = Endpoints {
            region: "us-east-1".to_owned(),
            settings_url: endpoint.map(str::to_owned),
            configured: None,
            buckets: BucketRegions::default(),
        };
        assert_eq!(endpoints.bucket_address(bucket, region), url);
    }
    for (fips, dual_stack, url) in [
        (true, false, "https://b-1.s3-fips.us-east-1.amazonaws.com"),
        (false, true, "https://b-1.s3.dualstack.us-east-1.amazonaws.com"),
        (true, true, "https://b-1.s3-fips.dualstack.us-east-1.amazonaws.com"),
    ] {
        let configured = SdkConfig::builder().use_fips(fips).use_dual_stack(dual_stack).build();
        let endpoints = Endpoints {
            region: "us-east-1".to_owned(),
            settings_url: None,
            configured: Some(configured),
            buckets: BucketRegions::default(),
        };
        assert_eq!(endpoints.bucket_address("b-1", "us-east-1"), url);
    }
}

const SETTINGS: &str = "http://settings.test:1";
const ENVIRONMENT: &str = "http://environment.test:2";
const PROFILE: &str = "http://profile.test:3";

/// Where an address may come from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Settings,
    EnvironmentOfService,
    Environment,
    ProfileOfService,
    Profile,
}

/// The environment's own address of a service: `http://ec2.environment.test:4`.
fn own(service: &Service, source: &str) -> String {
    format!("http://{}.{source}.test:4", service.signing_name)
}

fn variable(service: &Service) -> String {
    format!("AWS_ENDPOINT_URL_{}", service.sdk_id.to_uppercase().replace(' ', "_"))
}

/// AWS's own address, by its endpoints and quotas pages.
fn of_aws(service: &Service) -> String {
    match service.signing_name {
        "iam" => "https://iam.amazonaws.com".to_owned(),
        host => format!("https://{host}.eu-west-1.amazonaws.com"),
    }
}

/// Where a child's requests went, by SDK id.
fn asked(sources: &[Source], credentials: &str) -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("config");
    let mut profile = "region = eu-west-1\n".to_owned();
    let mut services = "[services all]\n".to_owned();
    let mut child = Command::new(std::env::current_exe().expect("this test"));
    child
        .args(["endpoints::tests::in_a_child", "--exact", "--ignored", "--nocapture"])
        .env_clear()
        .env("HOME", folder.path())
        .env("AWS_CONFIG_FILE", &config)
        .env("AWS_SHARED_CREDENTIALS_FILE", folder.path().join("absent"))
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("CASE_CREDENTIALS", credentials);
    for source in sources {
        match source {
            Source::Settings => drop(child.env("CASE_ENDPOINT_URL", SETTINGS)),
            Source::Environment => drop(child.env("AWS_ENDPOINT_URL", ENVIRONMENT)),
            Source::EnvironmentOfService => {
                for service in SERVICES {
                    child.env(variable(service), own(service, "environment"));
                }
                child.env("AWS_ENDPOINT_URL_SSO", "http://sso.environment.test:4");
            }
            Source::Profile => profile.push_str(&format!("endpoint_url = {PROFILE}\n")),
            Source::ProfileOfService => {
                profile.push_str("services = all\n");
                for service in SERVICES {
                    let name = service.sdk_id.to_lowercase().replace(' ', "_");
                    let url = own(service, "profile");
                    services.push_str(&format!("{name} =\n  endpoint_url = {url}\n"));
                }
            }
        }
    }
    let keys = "aws_access_key_id = a\naws_secret_access_key = b\n";
    let text = match credentials {
        "chain" => format!(
            "[profile p]\n{profile}role_arn = arn:aws:iam::1:role/r\nsource_profile = keys\n[profile keys]\n{keys}{services}"
        ),
        "sso" => format!(
            "[profile p]\n{profile}sso_start_url = https://sso.test/start\nsso_region = eu-west-1\nsso_account_id = 1\nsso_role_name = r\n{services}"
        ),
        _ => format!("[profile p]\n{profile}{keys}{services}"),
    };
    std::fs::write(&config, text).expect("written");
    // Where `aws sso login` keeps its token: the name is the SHA-1 of the start URL.
    let cache = folder.path().join(".aws/sso/cache");
    std::fs::create_dir_all(&cache).expect("a folder");
    std::fs::write(
        cache.join("c2e09b4fac288e7a35fb1a0f7b55446a509137e5.json"),
        r#"{"accessToken": "very-secret", "expiresAt": "2199-01-01T00:00:00Z", "startUrl": "https://sso.test/start", "region": "eu-west-1"}"#,
    )
    .expect("written");
    let output = child.output().expect("a child");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let words = format!("{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{words}");
    said.lines()
        .filter_map(|line| {
            let (service, url) = line.split_once("asked ")?.1.split_once('\t')?;
            Some((service.to_owned(), url.to_owned()))
        })
        .collect()
}

/// Each service is asked at the address that `sources` make of it.
fn check(sources: &[Source], credentials: &str, expected: impl Fn(&Service) -> String) {
    let asked = asked(sources, credentials);
    if credentials != "keys" {
        assert_eq!(asked.get("for a role"), Some(&expected(&STS)), "{credentials}");
    }
    let names: Vec<&str> = sources.iter().map(|source| name(*source)).collect();
    for service in SERVICES {
        let url = asked.get(service.sdk_id).map(String::as_str);
        assert_eq!(url, Some(expected(service).as_str()), "{}, {names:?}, {credentials}", service.sdk_id);
    }
}

fn name(source: Source) -> &'static str {
    match source {
        Source::Settings => "settings",
        Source::EnvironmentOfService => "environment, of the service",
        Source::Environment => "environment",
        Source::ProfileOfService => "profile, of the service",
        Source::Profile => "profile",
    }
}

/// What the strongest source says.
fn strongest(sources: &[Source], service: &Service) -> String {
    match sources.iter().min() {
        None => of_aws(service),
        Some(Source::Settings) => SETTINGS.to_owned(),
        Some(Source::EnvironmentOfService) => own(service, "environment"),
        Some(Source::Environment) => ENVIRONMENT.to_owned(),
        Some(Source::ProfileOfService) => own(service, "profile"),
        Some(Source::Profile) => PROFILE.to_owned(),
    }
}

#[test]
fn every_service_is_asked_where_the_strongest_source_says() {
    use Source::{Environment, EnvironmentOfService, Profile, ProfileOfService, Settings};
    for sources in [
        &[][..],
        &[Profile],
        &[ProfileOfService],
        &[Profile, ProfileOfService],
        &[Environment],
        &[Environment, Profile, ProfileOfService],
        &[EnvironmentOfService],
        &[EnvironmentOfService, Environment],
        &[Settings],
        &[Settings, Environment],
        &[Settings, EnvironmentOfService],
        &[Settings, Profile],
        &[Settings, EnvironmentOfService, Environment, ProfileOfService, Profile],
    ] {
        // With keys, and as a role that STS gives, of the settings and of the profile.
        for credentials in ["keys", "role", "chain"] {
            check(sources, credentials, |service| strongest(sources, service));
        }
    }
}

#[test]
fn single_sign_on_is_asked_where_the_environment_says_and_never_where_the_settings_do() {
    use Source::{Environment, EnvironmentOfService, Settings};
    for (sources, url) in [
        (&[][..], "https://portal.sso.eu-west-1.amazonaws.com"),
        (&[Settings], "https://portal.sso.eu-west-1.amazonaws.com"),
        (&[Environment], ENVIRONMENT),
        (&[Settings, EnvironmentOfService], "http://sso.environment.test:4"),
    ] {
        let asked = asked(sources, "sso");
        assert_eq!(asked.get("SSO").map(String::as_str), Some(url));
        assert_eq!(asked.get("EC2"), Some(&strongest(sources, &EC2)));
    }
}

const TEMPORARY: &str = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>a</AccessKeyId><SecretAccessKey>b</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2199-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
const SIGNED_ON: &str = r#"{"roleCredentials": {"accessKeyId": "a", "secretAccessKey": "b", "sessionToken": "t", "expiration": 7226582400000}}"#;

/// Ask every service once, and say where the requests went.
#[tokio::test]
#[ignore = "run by other tests, in a process of its own"]
async fn in_a_child() {
    let variable = |name: &str| std::env::var(name).ok();
    let requests: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = requests.clone();
    let handler: InProcessHandler = Arc::new(move |request| {
        let uri = request.uri();
        let host = uri.authority().map(http::uri::Authority::as_str).unwrap_or_default();
        // S3 has the bucket in its host.
        let host = host.trim_start_matches("bucket.");
        let url = format!("{}://{host}", uri.scheme_str().unwrap_or_default());
        let mut seen = seen.lock().expect("the list");
        let form = String::from_utf8_lossy(request.body()).into_owned();
        let body = if uri.path() == "/federation/credentials" {
            println!("asked SSO\t{url}");
            SIGNED_ON
        } else if form.contains("Action=AssumeRole") {
            println!("asked for a role\t{url}");
            TEMPORARY
        } else {
            seen.push(url);
            return http::Response::builder().status(400).body(Bytes::new()).expect("an answer");
        };
        http::Response::builder().status(200).body(Bytes::from(body)).expect("an answer")
    });
    let role = variable("CASE_CREDENTIALS").filter(|credentials| credentials == "role");
    let connection = AwsConnection {
        profile: Some("p".to_owned()),
        endpoint_url: variable("CASE_ENDPOINT_URL"),
        role: role.map(|_| AssumedRole {
            role_arn: "arn:aws:iam::1:role/r".to_owned(),
            external_id: None,
            session_name: AssumedRole::name_session("run"),
        }),
        ..AwsConnection::default()
    };
    let reach = connection.reach(in_process::connector(handler), 1).await.expect("credentials");
    let wire = reach.wire.clone();
    let cloud = AwsCloud::from_reach(reach);
    for service in SERVICES {
        match service.sdk_id {
            "S3" => drop(cloud.get_template("s3://bucket/key").await),
            _ => drop(wire.query(&Form::new(service, "Anything")).await),
        }
        let url = requests.lock().expect("the list").pop().expect("a request");
        println!("asked {}\t{url}", service.sdk_id);
    }
}
