//! Notices, by every way, to servers of the tests' own that look closely at what they are sent.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use tempfile::TempDir;

use crate::cloud::{Cloud, Ended, ended};
use crate::looking::warnings;
use crate::mail_server::{MailServer, Offers};
use crate::web_server::{NO_ANSWER, WebServer};

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// A folder with settings of a deployment that nobody reaches, and these lines beside it.
fn folder(lines: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let deployment = "[deployments.production]\nstack = \"codeocean\"\nregion = \"us-east-1\"\n";
    std::fs::write(folder.path().join("slackwater.toml"), format!("{deployment}{lines}")).expect("written");
    folder
}

fn notify(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slackwater"));
    command.arg("notify").args(arguments).current_dir(folder).env_remove("SLACKWATER_CONFIG");
    ended(command.envs(environment.iter().copied()))
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer} in {value}"))
}

/// The lines of docs/notices.md by which a notice is verified, run on what came.
fn is_verified(secret: &str, header: &str, body: &str) -> bool {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/notices.md");
    let document = std::fs::read_to_string(root).expect("docs/notices.md");
    let lines =
        document.split("```python\n").nth(1).and_then(|rest| rest.split("```").next()).expect("Python");
    let call = "import sys\nprint(is_ours(sys.argv[1], sys.argv[2], sys.argv[3].encode()))\n";
    let output = Command::new("python3")
        .args(["-c", &format!("{lines}\n{call}"), secret, header, body])
        .stderr(Stdio::inherit())
        .output()
        .expect("python3 is needed: apt-get install python3");
    String::from_utf8_lossy(&output.stdout).trim() == "True"
}

#[test]
fn every_way_takes_a_test_in_its_own_form_and_no_secret_is_shown() {
    let server =
        WebServer::new(|path, _| if path.starts_with("/teams") || path == "/pd" { 202 } else { 200 });
    let folder = folder(&format!(
        "[deployments.production.notifications]\nslack_url_env = \"SLACK\"\nteams_url_file = \"teams\"\n\
         webhook_url_env = \"HOOK\"\nwebhook_secret_env = \"HOOK_SECRET\"\ncommand = [\"sh\", \"-c\", \"cat > told\"]\n\
         [deployments.production.notifications.pagerduty]\nrouting_key_env = \"PAGER\"\nurl = \"{}\"\n\
         [panel]\nurl = \"https://panel.example.com/\"\n",
        server.url("/pd")
    ));
    std::fs::write(folder.path().join("teams"), format!("{}\n", server.url("/teams/a-secret")))
        .expect("written");
    let (slack, hook) = (server.url("/slack/a-secret"), server.url("/hook/a-secret"));
    let environment =
        [("SLACK", slack.as_str()), ("HOOK", &hook), ("HOOK_SECRET", "sign it"), ("PAGER", KEY)];

    let listed = notify(folder.path(), &[], &environment);
    assert_eq!(listed.code, 0, "{listed:?}");
    assert!(listed.out.contains("Slack (SLACK)") && listed.out.contains("Nothing was sent"), "{listed:?}");
    assert!(server.requests("/slack/a-secret").is_empty());

    let tested = notify(folder.path(), &["production", "--test"], &environment);
    assert_eq!(tested.code, 0, "{tested:?}");
    assert_eq!(tested.out.lines().filter(|line| line.starts_with("taken ")).count(), 5, "{tested:?}");
    assert!(tested.out.contains("Slack (SLACK) (200)") && tested.out.contains("PagerDuty (PAGER) (202)"));
    let json = notify(folder.path(), &["--test", "--output", "json"], &environment);
    let ways: Value = serde_json::from_str(&json.out).expect("JSON");
    let kinds: Vec<&str> =
        ways["ways"].as_array().expect("ways").iter().map(|way| text(way, "/kind")).collect();
    assert_eq!(kinds, ["webhook", "slack", "teams", "pagerduty", "command"]);
    for shown in [&listed, &tested, &json] {
        let shown = format!("{shown:?}");
        for secret in ["a-secret", "sign it", KEY] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    for path in ["/slack/a-secret", "/teams/a-secret", "/hook/a-secret", "/pd"] {
        let requests = server.requests(path);
        assert!(!requests.is_empty(), "{path}");
        for request in &requests {
            assert_eq!(
                (request.method.as_str(), request.header("content-type")),
                ("POST", "application/json")
            );
            assert!(request.header("user-agent").starts_with("slackwater/"));
            request.json();
        }
    }
    let slack = server.requests("/slack/a-secret")[0].json();
    assert_eq!(text(&slack, "/blocks/0/text/text"), "production: a test of notices");
    assert!(text(&slack, "/blocks/2/text/text").starts_with("<https://panel.example.com|"), "{slack}");
    let teams = server.requests("/teams/a-secret")[0].json();
    assert_eq!(text(&teams, "/attachments/0/contentType"), "application/vnd.microsoft.card.adaptive");
    let pager: Vec<Value> = server.requests("/pd").iter().map(|request| request.json()).collect();
    let actions: Vec<&str> = pager.iter().map(|event| text(event, "/event_action")).collect();
    assert_eq!(actions, ["trigger", "resolve", "trigger", "resolve"]);
    assert!(pager.iter().all(|event| text(event, "/routing_key") == KEY));
    assert_eq!(pager[0]["dedup_key"], pager[1]["dedup_key"]);

    let hook = &server.requests("/hook/a-secret")[0];
    let signature = hook.header("slackwater-signature");
    assert!(is_verified("sign it", signature, &hook.body), "{hook:?}");
    assert!(!is_verified("sign that", signature, &hook.body));
    assert!(!is_verified("sign it", signature, &hook.body.replace("test", "begn")));
    let told = std::fs::read_to_string(folder.path().join("told")).expect("told");
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(text(&told, "/event"), "test");
}

#[test]
fn a_test_that_is_not_taken_says_why_and_by_whom() {
    let server = WebServer::new(|path, _| if path == "/gone" { 404 } else { 200 });
    let folder = folder(
        "[deployments.production.notifications]\nslack_url_env = \"SLACK\"\nteams_url_env = \"TEAMS\"\n\
         webhook_url_env = \"HOOK\"\n",
    );
    let (slack, hook) = (server.url("/gone"), server.url("/hook"));
    let tested = notify(folder.path(), &["--test"], &[("SLACK", &slack), ("HOOK", &hook)]);
    assert_eq!(tested.code, 1, "{tested:?}");
    for words in [
        "taken      the webhook of HOOK (200)",
        "NOT TAKEN  Slack (SLACK): it answered 404 Not Found",
        "NOT TAKEN  Teams (TEAMS): the environment variable TEAMS is not set; it should hold the webhook's address",
    ] {
        assert!(tested.out.contains(words), "{words}\n{tested:?}");
    }
    assert!(tested.err.contains("2 of 3 ways did not take the test"), "{tested:?}");
    let nobody = notify(self::folder("").path(), &["--test"], &[]);
    assert_eq!(nobody.code, 2, "{nobody:?}");
    assert!(nobody.err.contains("[deployments.production.notifications]"), "{nobody:?}");
}

#[test]
fn mail_goes_by_tls_to_whoever_is_named_and_is_one_conversation() {
    for (offers, security) in [(Offers::StartTls, "starttls"), (Offers::Tls, "tls"), (Offers::Plain, "plain")]
    {
        let server = MailServer::new(offers);
        let folder = folder(&format!(
            "[deployments.production.notifications.email]\nserver = \"localhost\"\nport = {}\nsecurity = \"{security}\"\n\
             username = \"slackwater\"\npassword_file = \"password\"\nfrom = \"Slackwater <slackwater@example.com>\"\n\
             to = [\"ada@example.com\", \"Bob <bob@example.com>\"]\nca_file = \"ca.pem\"\n",
            server.port
        ));
        std::fs::write(folder.path().join("password"), "hunter2 hunter3\n").expect("written");
        std::fs::write(folder.path().join("ca.pem"), &server.certificate).expect("written");
        let tested = notify(folder.path(), &["--test"], &[]);
        assert_eq!(tested.code, 0, "{security}: {tested:?}");
        assert!(
            tested.out.contains("taken      ada@example.com, bob@example.com by mail (250)"),
            "{tested:?}"
        );
        let taken = server.taken();
        let with = |begin: &str| -> Vec<&(bool, String)> {
            taken.commands.iter().filter(|(_, line)| line.to_uppercase().starts_with(begin)).collect()
        };
        let is_tls = offers != Offers::Plain;
        for begin in ["AUTH PLAIN", "MAIL FROM:<SLACKWATER@EXAMPLE.COM>", "RCPT TO", "DATA"] {
            let found = with(begin);
            assert!(!found.is_empty(), "{security}: {begin} in {taken:?}");
            assert!(found.iter().all(|(tls, _)| *tls == is_tls), "{security}: {taken:?}");
        }
        assert_eq!(with("RCPT TO").len(), 2);
        let [mail] = taken.mails.as_slice() else { panic!("{taken:?}") };
        for header in [
            "From: Slackwater <slackwater@example.com>\r\n",
            "To: ada@example.com, Bob <bob@example.com>\r\n",
            "Subject: production: a test of notices\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Message-ID: <test.",
            "References: <test.",
            "Date: ",
            "Content-Type: text/plain; charset=utf-8\r\n",
        ] {
            assert!(mail.contains(header), "{header:?} in {mail}");
        }
        assert!(mail.contains("this is a test of notices"), "{mail}");
    }
}

#[test]
fn no_password_goes_to_a_mail_server_that_is_not_trusted_or_has_no_tls() {
    for (offers, words) in [(Offers::StartTls, "invalid peer certificate"), (Offers::Plain, "STARTTLS")] {
        let server = MailServer::new(offers);
        let folder = folder(&format!(
            "[deployments.production.notifications.email]\nserver = \"localhost\"\nport = {}\n\
             username = \"slackwater\"\npassword_env = \"PASSWORD\"\nfrom = \"slackwater@example.com\"\n\
             to = [\"ada@example.com\"]\nca_file = \"ca.pem\"\n",
            server.port
        ));
        let another = MailServer::new(Offers::Tls).certificate;
        std::fs::write(folder.path().join("ca.pem"), another).expect("written");
        let tested = notify(folder.path(), &["--test"], &[("PASSWORD", "hunter2")]);
        assert_eq!(tested.code, 1, "{tested:?}");
        assert!(tested.out.contains(words), "{tested:?}");
        let taken = server.taken();
        let said: Vec<&String> = taken.commands.iter().map(|(_, line)| line).collect();
        assert!(said.iter().all(|line| !line.starts_with("AUTH") && !line.starts_with("MAIL")), "{said:?}");
        assert!(!format!("{tested:?}").contains("hunter2"));
    }
}

#[test]
fn a_run_is_told_to_a_server_that_is_busy_first_and_one_that_never_answers_is_a_remark_below_the_report() {
    let server = WebServer::new(|path, earlier| match (path, earlier) {
        ("/slack", 0 | 1) => 503,
        ("/teams", _) => NO_ANSWER,
        _ => 200,
    });
    let cloud = Cloud::with_sample();
    let settings = std::fs::read_to_string(cloud.folder().join("slackwater.toml")).expect("settings");
    cloud.write(
        "slackwater.toml",
        &format!(
            "{settings}[deployments.production.notifications]\nslack_url_env = \"SLACK\"\nteams_url_env = \"TEAMS\"\n\
             webhook_url_env = \"HOOK\"\n[panel]\nurl = \"https://panel.example.com\"\n"
        ),
    );
    let mut enable = cloud.command(&["maintenance", "enable", "--yes"]);
    enable.env("SLACK", server.url("/slack")).env("TEAMS", server.url("/teams"));
    let entered = ended(enable.env("HOOK", server.url("/hook")));
    assert_eq!(entered.code, 0, "{entered:?}");
    let titles: Vec<String> = server
        .requests("/slack")
        .iter()
        .map(|request| text(&request.json(), "/blocks/0/text/text").to_owned())
        .collect();
    let [one, again, begun, over] = titles.as_slice() else { panic!("{titles:?}") };
    assert!(one == again && one == begun, "the beginning until it is taken: {titles:?}");
    assert!(one.ends_with("has begun") && over.ends_with("stands, as was asked"), "{titles:?}");
    let hooks: Vec<Value> = server.requests("/hook").iter().map(|request| request.json()).collect();
    let events: Vec<&str> = hooks.iter().map(|one| text(one, "/event")).collect();
    assert_eq!(events, ["began", "ended"], "who is slow delays nobody else");
    let run = text(&hooks[0], "/run");
    assert_eq!(text(&hooks[0], "/link"), format!("https://panel.example.com/runs/{run}"));
    let remark = entered.out.find("Remark: Teams (TEAMS) was not told of the beginning");
    let report = entered.out.find("maintenance disable");
    assert!(remark.is_some() && report.is_some() && remark > report, "{}", entered.out);
    assert!(!entered.out.contains("/teams") && !entered.err.contains("/teams"), "{entered:?}");
}

#[test]
fn users_who_are_out_for_longer_than_rehearsed_open_an_alert_that_the_end_closes() {
    let server = WebServer::new(|_, _| 202);
    let cloud = Cloud::with_sample();
    let settings = std::fs::read_to_string(cloud.folder().join("slackwater.toml")).expect("settings");
    cloud.write(
        "slackwater.toml",
        &format!(
            "{settings}[deployments.production.notifications]\nwebhook_url_env = \"HOOK\"\n\
             [deployments.production.notifications.pagerduty]\nrouting_key_env = \"PAGER\"\nurl = \"{}\"\n",
            server.url("/pd")
        ),
    );
    // Nobody is out for less than a millisecond.
    std::fs::create_dir_all(cloud.folder().join(".slackwater/rehearsals")).expect("made");
    cloud.write(
        ".slackwater/rehearsals/production.json",
        "{\"format\": 2, \"at\": 1767225600000, \"toVersion\": \"1.1.0\", \"runs\": 200, \"downtime\": [1, 1, 1], \
         \"failures\": null, \"ways\": [], \"compared\": []}",
    );
    let release = crate::cloud::sample("1.1.0");
    let release = release.to_str().expect("UTF-8");
    let warnings = warnings(&cloud, &["--to", release]);
    let mut upgrade = cloud.command(&["upgrade", "--yes", "--to", release]);
    upgrade.args(warnings.iter().flat_map(|warning| ["--accept", warning]));
    let upgraded = ended(upgrade.env("HOOK", server.url("/hook")).env("PAGER", KEY));
    assert_eq!(upgraded.code, 0, "{upgraded:?}");
    let hooks: Vec<Value> = server.requests("/hook").iter().map(|request| request.json()).collect();
    let events: Vec<&str> = hooks.iter().map(|one| text(one, "/event")).collect();
    assert_eq!(events, ["began", "overdue", "ended"]);
    assert!(text(&hooks[1], "/text").contains("what 95 of 100 rehearsals stayed below"), "{:?}", hooks[1]);
    let pager: Vec<Value> = server.requests("/pd").iter().map(|request| request.json()).collect();
    let actions: Vec<&str> = pager.iter().map(|event| text(event, "/event_action")).collect();
    assert_eq!(actions, ["trigger", "resolve"]);
    assert_eq!(pager[0]["dedup_key"], pager[1]["dedup_key"]);
    assert_eq!(text(&pager[0], "/payload/severity"), "warning");
    let run = text(&hooks[0], "/run");
    assert_eq!(text(&pager[0], "/dedup_key"), format!("slackwater/production/{run}"));
}

#[test]
fn a_question_opens_an_alert_that_its_answer_closes_whatever_process_takes_it_up() {
    let is_sick = Arc::new(AtomicBool::new(false));
    let falls_sick = Arc::clone(&is_sick);
    let server = WebServer::new(move |path, _| match path {
        // The platform is well until the run begins.
        "/hook" => {
            falls_sick.store(true, Ordering::Relaxed);
            200
        }
        "/health" if falls_sick.load(Ordering::Relaxed) => 503,
        _ => 200,
    });
    let cloud = Cloud::with_sample();
    let settings = std::fs::read_to_string(cloud.folder().join("slackwater.toml")).expect("settings");
    cloud.write(
        "slackwater.toml",
        &format!(
            "{}[[deployments.production.health.http]]\nurl = \"{}\"\n\
             [deployments.production.notifications]\nwebhook_url_env = \"HOOK\"\n\
             [deployments.production.notifications.pagerduty]\nrouting_key_env = \"PAGER\"\nurl = \"{}\"\n",
            settings.replace("quiet = \"1s\"", "quiet = \"1s\"\ndeadline = \"3s\""),
            server.url("/health"),
            server.url("/pd")
        ),
    );
    let release = crate::cloud::sample("1.1.0");
    let release = release.to_str().expect("UTF-8");
    let warnings = warnings(&cloud, &["--to", release]);
    let told = |command: &mut Command| {
        ended(command.env("HOOK", server.url("/hook")).env("PAGER", KEY).stdin(Stdio::null()))
    };
    let mut upgrade = cloud.command(&["upgrade", "--yes", "--to", release]);
    let asks = told(upgrade.args(warnings.iter().flat_map(|warning| ["--accept", warning])));
    assert_eq!(asks.code, 7, "{asks:?}");
    let actions = || -> Vec<String> {
        let events = server.requests("/pd").into_iter().map(|request| request.json());
        events.map(|event| text(&event, "/event_action").to_owned()).collect()
    };
    assert_eq!(actions(), ["trigger"]);
    assert_eq!(text(&server.requests("/pd")[0].json(), "/payload/severity"), "critical", "users are out");
    let answered = told(&mut cloud.command(&["run", "answer", "--open"]));
    assert_eq!(answered.code, 0, "{answered:?}");
    let gone_on = told(&mut cloud.command(&["run", "resume"]));
    assert_eq!(gone_on.code, 0, "{gone_on:?}");
    assert_eq!(actions(), ["trigger", "resolve", "resolve"], "answered, and ended");
    let hooks: Vec<Value> = server.requests("/hook").iter().map(|request| request.json()).collect();
    let events: Vec<&str> = hooks.iter().map(|one| text(one, "/event")).collect();
    assert_eq!(events, ["began", "asks", "ended"]);
    assert!(text(&hooks[1], "/to_do").contains("slackwater run answer"), "{:?}", hooks[1]);
}
