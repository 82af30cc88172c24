//! Profiles, Regions, roles, and what is said when they are wrong. `~/.aws` is a folder of the test's.

use std::process::Command;

/// What it is about, its environment, and what is said.
type Case = (&'static str, &'static [(&'static str, &'static str)], &'static str);

/// What a child of this test is told, and what it must say. The environment is a process's own, so each case is one.
const CASES: &[Case] = &[
    ("no Region", &[("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")], "no Region is set"),
    (
        "keys in the environment",
        &[("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "very-secret"), ("AWS_REGION", "eu-west-1")],
        "connected: Region eu-west-1",
    ),
    ("a profile", &[("CASE_PROFILE", "good")], "connected: profile good, Region eu-central-1"),
    (
        "a profile with an endpoint",
        &[("CASE_PROFILE", "good"), ("AWS_ENDPOINT_URL", "http://localhost:1")],
        "connected: profile good, Region eu-central-1, endpoint http://localhost:1",
    ),
    ("a profile from the environment", &[("AWS_PROFILE", "good")], "connected: profile good"),
    (
        "a profile that is absent",
        &[("CASE_PROFILE", "absent"), ("AWS_REGION", "eu-west-1")],
        "profile absent, Region eu-west-1: no credentials",
    ),
    ("a session that is over", &[("CASE_PROFILE", "over")], "aws sso login --profile over"),
];

#[test]
fn an_error_names_the_profile_the_region_and_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("config");
    std::fs::write(
        &config,
        "[profile good]\nregion = eu-central-1\naws_access_key_id = a\naws_secret_access_key = very-secret\n\
         [profile over]\nregion = eu-central-1\ncredential_process = echo '{\"Version\": 1, \"AccessKeyId\": \"a\", \
         \"SecretAccessKey\": \"very-secret\", \"SessionToken\": \"t\", \"Expiration\": \"2020-01-01T00:00:00Z\"}'\n",
    )
    .expect("written");
    for (name, environment, words) in CASES {
        let output = Command::new(std::env::current_exe().expect("this test"))
            .args(["connection::in_a_child", "--exact", "--ignored", "--nocapture"])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("AWS_CONFIG_FILE", &config)
            .env("AWS_SHARED_CREDENTIALS_FILE", folder.path().join("absent"))
            // No instance metadata: it would be waited for.
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(environment.iter().copied())
            .output()
            .expect("a child");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains(words), "{name}: {said}{}", String::from_utf8_lossy(&output.stderr));
        assert!(!said.contains("very-secret"), "{name}: {said}");
    }
}

/// One case, with its environment. With a role it asks who it is; with a line on its input (and a role, or CASE_ASKS), again.
#[tokio::test]
#[ignore = "run by other tests, in a process of its own"]
async fn in_a_child() {
    let variable = |name| std::env::var(name).ok();
    let connection = aws::AwsConnection {
        profile: variable("CASE_PROFILE"),
        role: variable("CASE_ROLE").map(|role_arn| aws::AssumedRole {
            role_arn,
            external_id: variable("CASE_EXTERNAL_ID"),
            session_name: aws::AssumedRole::name_session("run-1"),
        }),
        ..aws::AwsConnection::default()
    };
    let cloud = match aws::AwsCloud::connect(&connection).await {
        Ok(cloud) => cloud,
        Err(error) => return println!("{error}"),
    };
    println!("connected: {}", cloud.label());
    if connection.role.is_some() {
        println!("caller: {:?}", cloud.caller_arn().await);
    }
    if connection.role.is_some() || variable("CASE_ASKS").is_some() {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            println!("{line}: {:?} {:?}", cloud.caller_arn().await, cloud.stack_status("absent").await);
        }
    }
}

#[test]
fn a_session_is_called_after_its_run() {
    assert_eq!(aws::AssumedRole::name_session("2026-01-01-x"), "slackwater-2026-01-01-x");
    assert_eq!(aws::AssumedRole::name_session("a b/é"), "slackwater-a-b--");
    assert_eq!(aws::AssumedRole::name_session(&"x".repeat(100)).len(), 64);
}
