//! What good files say, and every mistake with its whole text.

use cli::configuration::{Configuration, ConfigurationError, StateSettings, parse_catalogue, parse_profile};
use upgrade::DoorWord;

/// The settings as they are printed for debugging, reviewed. Written anew with `SLACKWATER_WRITE=1`.
fn golden(file: &str, found: &str, expected: &str) {
    if std::env::var_os("SLACKWATER_WRITE").is_some() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configuration").join(file);
        std::fs::write(path, found).expect("the golden file is writable");
        return;
    }
    assert_eq!(found, expected, "{file}; SLACKWATER_WRITE=1 writes what is found");
}

#[test]
fn a_whole_file() {
    let read = Configuration::parse("slackwater.toml", include_str!("../configuration/whole.toml"))
        .unwrap_or_else(|problems| panic!("{problems}"));
    golden("whole.txt", &format!("{read:#?}\n"), include_str!("../configuration/whole.txt"));
}

#[test]
fn what_is_said_of_doors_has_its_reason() {
    let text = deployment(
        "gate = \"none\"\ndoors = { Api = \"not-for-users: workers call it\", \"arn:aws:x\" = \"users\", Old = \"stays-open: \
         uploads\" }",
    );
    let read = Configuration::parse("f.toml", &text).unwrap_or_else(|problems| panic!("{problems}"));
    let only = read.deployment(None).expect("the only one");
    let reason = |text: &str| text.to_owned();
    let wanted = [
        ("Api", DoorWord::NotForUsers { reason: reason("workers call it") }),
        ("Old", DoorWord::StaysOpen { reason: reason("uploads") }),
        ("arn:aws:x", DoorWord::Users),
    ];
    assert!(only.gateless);
    assert_eq!(only.doors, wanted.map(|(name, word)| (name.to_owned(), word)).into());
}

/// A deployment with these lines added.
fn deployment(lines: &str) -> String {
    format!("[deployments.p]\nstack = \"s\"\nregion = \"us-east-1\"\n{lines}")
}

#[test]
fn every_mistake_says_where_what_and_what_to_do() {
    let mut others = Vec::new();
    for (text, expected) in [
        ("[deployments.p\n", "f.toml:1:15: this is not TOML: unclosed table, expected `]`"),
        ("a = 1\na = 2\n", "f.toml:2:1: this is not TOML: duplicate key"),
        ("deployment = 1\n", "f.toml:1:1: the file has no key deployment; did you mean deployments?"),
        (
            "[panel]\ntwo_person = true\n",
            "f.toml:2:1: [panel] has no key two_person; did you mean two_person_approval?",
        ),
        (
            "[panel]\ntwo_person_approval = 2\n",
            "f.toml:2:23: two_person_approval is a number; wanted is true or false",
        ),
        (
            "[panel]\nrehearsal_runs = 0\n",
            "f.toml:2:18: rehearsal_runs = \"0\": a whole number from 1 to 1000 is wanted",
        ),
        ("deployments = 1\n", "f.toml:1:15: deployments is a number; wanted is a table"),
        (
            "[deployments.p]\n",
            "f.toml:1:14: [deployments.p] needs stack: the primary stack's name or ARN, such as stack = \"codeocean\"\n\
             f.toml:1:14: [deployments.p] needs region: such as region = \"us-east-1\", or give the stack by its ARN",
        ),
        (
            "[deployments.\"a b\"]\nstack = \"s\"\nregion = \"us-east-1\"\n",
            "f.toml:1:14: deployments = \"a b\": a name is made of letters, digits and hyphens",
        ),
        (&deployment("regin = \"x\""), "f.toml:4:1: [deployments.p] has no key regin; did you mean region?"),
        (&deployment("profile = 3"), "f.toml:4:11: profile is a number; wanted is a text in quotes"),
        (&deployment("gate = \"open\""), "f.toml:4:8: gate can be none; open is none of them"),
        (
            &deployment("doors = { Api = \"not-for-users\" }"),
            "f.toml:4:17: Api = \"not-for-users\": say why after a colon: \"not-for-users: …\"",
        ),
        (
            &deployment("doors = { Api = \"closed\" }"),
            "f.toml:4:17: Api = \"closed\": \"users\", \"not-for-users: WHY\" or \"stays-open: WHY\" is wanted",
        ),
        (
            "[deployments.p]\nstack = \"s\"\nregion = \"Virginia\"\n",
            "f.toml:3:10: region = \"Virginia\": a Region such as us-east-1 is wanted",
        ),
        (
            "[deployments.p]\nstack = \"arn:aws:s3:::x\"\nregion = \"us-east-1\"\n",
            "f.toml:2:9: stack = \"arn:aws:s3:::x\": this is not a stack's ARN: \
             arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/ID",
        ),
        (
            "[deployments.p]\nstack = \"arn:aws:cloudformation:eu-west-1:1:stack/s/1\"\nregion = \"us-east-1\"\n",
            "f.toml:3:10: region = \"us-east-1\": the stack's ARN says eu-west-1; leave region out, or correct one",
        ),
        (
            &deployment("role_arn = \"Deploy\""),
            "f.toml:4:12: role_arn = \"Deploy\": a role's ARN is wanted: arn:aws:iam::ACCOUNT:role/NAME",
        ),
        (
            &deployment("external_id = \"x\""),
            "f.toml:4:15: external_id is for a role that is assumed: write role_arn beside it, or leave it out",
        ),
        (
            &deployment("endpoint_url = \"localhost:4580\""),
            "f.toml:4:16: endpoint_url = \"localhost:4580\": an address that begins with https:// or http:// is wanted",
        ),
        (
            &deployment("template_bucket = \"s3://b/x\""),
            "f.toml:4:19: template_bucket = \"s3://b/x\": a bucket's name is wanted, without s3:// and without a path",
        ),
        (
            &deployment("state = \"bucket/prefix\""),
            "f.toml:4:9: state = \"bucket/prefix\": a place in S3 is wanted: s3://BUCKET/PREFIX (or \"data-directory\")",
        ),
        (
            &deployment("state = \"s3://bucket/slackwater/templates/x\""),
            "f.toml:4:9: state = \"s3://bucket/slackwater/templates/x\": whoever may read the templates would read \
             journals: another prefix is wanted",
        ),
        (
            &deployment("state_owner = \"123456789012\""),
            "f.toml:4:15: state_owner says whose bucket the state is in: write state = \"s3://BUCKET/PREFIX\" beside it",
        ),
        (
            &deployment("aws_secret_access_key = \"hunter2\""),
            "f.toml:4:1: aws_secret_access_key: a secret doesn't belong in this file, which is copied, committed and \
             sent around. Write aws_profile = \"NAME\" for a profile of AWS's own files, or leave it out for the \
             environment's keys.",
        ),
        (
            &deployment("platform = { adapter = \"http\", url = \"https://x\", token = \"hunter2\" }"),
            "f.toml:4:1: [deployments.p.platform] needs token_env: the environment variable that holds the platform's token\n\
             f.toml:4:51: token: a secret doesn't belong in this file, which is copied, committed and sent around. \
             Put it in an environment variable and write token_env = \"NAME\", or in a file and write token_file = \
             \"PATH\".",
        ),
        (
            &deployment("platform = { adapter = \"http\", url = \"https://x\", token_env = \"hunter-2\" }"),
            "f.toml:4:63: token_env: a secret doesn't belong in this file, which is copied, committed and sent around. \
             Wanted is the name of an environment variable (letters, digits and _).",
        ),
        (
            &deployment("platform = { adapter = \"http\", url = \"https://me:hunter2@x/\" }"),
            "f.toml:4:1: [deployments.p.platform] needs token_env: the environment variable that holds the platform's token\n\
             f.toml:4:38: url: a secret doesn't belong in this file, which is copied, committed and sent around. \
             Leave out what stands before the @ of the address.",
        ),
        (
            &deployment("platform = { adapter = \"http\", url = \"http://x\", token_env = \"A\" }"),
            "f.toml:4:38: url = \"http://x\": over plain http the network would see the token: use https",
        ),
        (
            &deployment("platform = { adapter = \"https\" }"),
            "f.toml:4:24: adapter can be none, http, code-ocean; https is none of them",
        ),
        (
            &deployment("platform = { url = \"https://x\" }"),
            "f.toml:4:20: there is a url, but adapter is \"none\": write adapter = \"http\" or \"code-ocean\"",
        ),
        (
            &deployment("[deployments.p.platform]\nadapter = \"code-ocean\""),
            "f.toml:4:16: [deployments.p.platform] needs url: the platform's address, such as url = \
             \"https://platform.example.com\"\n\
             f.toml:4:16: [deployments.p.platform] needs token_env: the environment variable that holds the platform's \
             token",
        ),
        (
            &deployment(
                "platform = { adapter = \"http\", url = \"https://x\", token_env = \"A\", token_file = \"b\" }",
            ),
            "f.toml:4:81: token_env and token_file both say where the token is: leave one out",
        ),
        (
            &deployment("notifications = { webhook_url = \"https://hooks/x\" }"),
            "f.toml:4:19: webhook_url: a secret doesn't belong in this file, which is copied, committed and sent \
             around. Its address lets anybody post: put it in an environment variable and write webhook_url_env = \
             \"NAME\".",
        ),
        (
            &deployment("notifications = { slack_url = \"https://hooks.slack.com/hunter2\" }"),
            "f.toml:4:19: slack_url: a secret doesn't belong in this file, which is copied, committed and sent \
             around. Put it in an environment variable or a file, and name that under the same key with _env or _file.",
        ),
        (
            &deployment("notifications = { slack_url_env = \"https://hooks.slack.com/hunter2\" }"),
            "f.toml:4:35: slack_url_env: a secret doesn't belong in this file, which is copied, committed and sent \
             around. Wanted is the name of an environment variable (letters, digits and _).",
        ),
        (
            &deployment("notifications = { teams_url_env = \"A\", teams_url_file = \"b\" }"),
            "f.toml:4:57: teams_url_env and teams_url_file both say where the address is: leave one out",
        ),
        (
            &deployment("notifications = { webhook_secret_env = \"A\" }"),
            "f.toml:4:1: notices to a webhook are signed with this secret: write webhook_url_env or webhook_url_file \
             beside it",
        ),
        (
            &deployment(
                "[deployments.p.notifications.pagerduty]\nrouting_key = \"hunter2\"\nurl = \"http://x/\"",
            ),
            "f.toml:4:30: [deployments.p.notifications.pagerduty] needs routing_key_env: the environment variable that \
             holds the service's integration key\n\
             f.toml:5:1: routing_key: a secret doesn't belong in this file, which is copied, committed and sent around. \
             Put it in an environment variable or a file, and name that under the same key with _env or _file.\n\
             f.toml:6:7: url = \"http://x/\": over plain http the network would see the key: use https",
        ),
        (
            &deployment(
                "[deployments.p.notifications.email]\nserver = \"smtp://x\"\nport = 0\nsecurity = \"ssl\"\n\
                 password = \"hunter2\"\nusername = \"ada\"\nfrom = \"ada\"",
            ),
            "f.toml:4:30: [deployments.p.notifications.email] needs to: who is told, such as to = [\"operators@example.com\"]\n\
             f.toml:5:10: server = \"smtp://x\": a server's name or address is wanted, without smtp://\n\
             f.toml:6:8: port = \"0\": a whole number from 1 to 65535 is wanted\n\
             f.toml:7:12: security can be starttls, tls, plain; ssl is none of them\n\
             f.toml:8:1: password: a secret doesn't belong in this file, which is copied, committed and sent around. \
             Put it in an environment variable or a file, and name that under the same key with _env or _file.\n\
             f.toml:9:12: ada signs in with a password: write password_env or password_file beside it\n\
             f.toml:10:8: from = \"ada\": an address is wanted: ada@example.com, or Ada Lovelace <ada@example.com>",
        ),
        (
            &deployment(
                "[deployments.p.notifications.email]\nserver = \"x\"\nsecurity = \"plain\"\nusername = \"ada\"\n\
                 password_env = \"A\"\nfrom = \"a@b.c\"\nto = [\"a@b.c\"]",
            ),
            "f.toml:7:12: over a plain connection the network would see the password: write security = \"starttls\" or \
             \"tls\"",
        ),
        (
            "[panel]\nurl = \"panel.example.com\"\n",
            "f.toml:2:7: url = \"panel.example.com\": an address that begins with https:// or http:// is wanted",
        ),
        (
            &deployment("notifications = { sns_topic_arns = [\"topic\"] }"),
            "f.toml:4:37: sns_topic_arns = \"topic\": a topic's ARN is wanted: arn:aws:sns:REGION:ACCOUNT:NAME",
        ),
        (
            &deployment("notifications = { command = \"mail me\" }"),
            "f.toml:4:29: command is a text; wanted is a list of texts in quotes",
        ),
        (
            &deployment("maintenance = { notice = 30 }"),
            "f.toml:4:26: notice is a number; wanted is a duration such as \"90s\", \"30m\", \"2h\" or \"1h30m\"",
        ),
        (
            &deployment("maintenance = { notice = \"30 minutes\" }"),
            "f.toml:4:26: notice = \"30 minutes\": a duration such as \"90s\", \"30m\", \"2h\" or \"1h30m\" is wanted",
        ),
        (
            &deployment(
                "maintenance = { admitted = [\"203.0.113.7\", \"0.0.0.0/0\", \"10.0.0.0/33\", \"office\"] }",
            ),
            "f.toml:4:29: admitted = \"203.0.113.7\": an address block is wanted: for this one address write 203.0.113.7/32\n\
             f.toml:4:44: admitted = \"0.0.0.0/0\": this admits everybody, so the gate would not be closed\n\
             f.toml:4:57: admitted = \"10.0.0.0/33\": at most /32 can follow such an address\n\
             f.toml:4:72: admitted = \"office\": an address block such as 203.0.113.0/24 is wanted",
        ),
        (
            &deployment("maintenance = { sessions = { grace = \"20m\", deadline = \"20m\" } }"),
            "f.toml:4:17: sessions: the grace of 1200 s leaves nothing of the deadline of 1200 s, in which the work is \
             to be ended: make deadline the longer",
        ),
        (
            &deployment("maintenance = { jobs = { escalation = \"kill\" } }"),
            "f.toml:4:39: escalation can be wait, stop, force; kill is none of them",
        ),
        (
            &deployment("maintenance = { snapshots = [\"disks\"] }"),
            "f.toml:4:30: snapshots = \"disks\": \"databases\" and \"volumes\" can be copied",
        ),
        (
            &deployment(&format!("maintenance = {{ message = \"{}\" }}", "é".repeat(600))),
            "f.toml:4:27: message = \"éééééééééééééééééééééééééééééé…\": 1200 bytes are too many: a load balancer's \
             fixed response carries at most 1024",
        ),
        (
            &deployment("health = { quiet = \"15m\" }"),
            "f.toml:4:1: health: nothing can hold for 900 s (quiet) within 900 s (deadline): make deadline the longer",
        ),
        (
            &deployment("[[deployments.p.health.http]]\nstatus = 20"),
            "f.toml:4:1: [deployments.p.health.http] needs url: what is asked, such as url = \
             \"https://platform.example.com/health\"\n\
             f.toml:5:10: status = \"20\": a whole number from 100 to 599 is wanted",
        ),
        (
            &deployment(
                "accepted.claim = { reason = \" \", who = \"ada\", until = \"2027-02-30\" }\n\
                 accepted.workloads = { reason = \"always\", who = \"ada\", until = 2027-03-31 }\n\
                 accepted.health-policy = { reason = \"so\", who = \"ada\", until = 22:00:00 }\n\
                 accepted.backups = { reason = \"so\" }",
            ),
            "f.toml:4:29: reason = \" \": say why it may be so, for whoever reads the plan\n\
             f.toml:4:55: until = \"2027-02-30\": there is no such day\n\
             f.toml:5:10: accepted.workloads: only what is so every evening is settled here (backup-stack, claim, health-policy, \
             maintenance-policy, nested-stacks, termination-protection). What an evening brings, what is replaced or lost, \
             storage, permissions, the gate, and what can't be taken back are accepted on the evening, with --accept CHECK --why \
             TEXT\n\
             f.toml:6:64: until is a date or a time; wanted is a day, such as 2027-03-31\n\
             f.toml:7:10: accepted.backups: there is no such check; what is so every evening is settled here (backup-stack, claim, \
             health-policy, maintenance-policy, nested-stacks, termination-protection)\n\
             f.toml:7:10: [deployments.p.accepted.backups] needs who: the person who decided it\n\
             f.toml:7:10: [deployments.p.accepted.backups] needs until: the last day on which it counts, such as until = \
             2027-03-31",
        ),
        (
            &deployment("release = { catalog = \"x\" }"),
            "f.toml:4:1: [deployments.p.release] needs catalogue: a file or URL on S3 with the list of releases, such as \
             catalogue = \"releases.toml\"\n\
             f.toml:4:13: [deployments.p.release] has no key catalog; did you mean catalogue?",
        ),
        (
            &deployment("backup_stack = { stack = \"b\", maximum_recovery_point_age = \"a day\" }"),
            "f.toml:4:60: maximum_recovery_point_age = \"a day\": a duration such as \"90s\", \"30m\", \"2h\" or \
             \"1h30m\" is wanted",
        ),
    ] {
        let problems = Configuration::parse("f.toml", text).expect_err(text);
        if problems.to_string() != expected {
            others.push(format!("{text}\n  says     {problems}\n  expected {expected}"));
        }
        assert!(!problems.to_string().contains("hunter"), "a secret is repeated: {problems}");
    }
    assert!(others.is_empty(), "{}", others.join("\n"));
}

#[test]
fn a_deployment_is_named_unless_it_is_the_only_one() {
    let one = Configuration::parse("f.toml", &deployment("")).expect("good");
    assert_eq!(one.deployment(None).expect("the only one").name, "p");
    let two = deployment("[deployments.q]\nstack = \"t\"\nregion = \"us-east-1\"\n");
    let two = Configuration::parse("f.toml", &two).expect("good");
    assert_eq!(two.deployment(Some("q")).expect("there").stack, "t");
    let empty = Configuration::parse("f.toml", "").expect("good");
    for (error, expected) in [
        (two.deployment(None), "f.toml names several deployments (p, q); say which"),
        (two.deployment(Some("r")), "f.toml names no deployment r; the nearest: p, q"),
        (empty.deployment(None), "f.toml names no deployment"),
    ] {
        let error: ConfigurationError = error.expect_err(expected);
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn a_profile_in_a_file() {
    let text = r#"
name = "lab"
base = "code-ocean"
listeners = "HttpsListener"
worker_groups = ["WorkerGroup", { tag = "role", value = "worker" }, { type = "AWS::AutoScaling::AutoScalingGroup" }]
databases = []
dedicated_machine_tags = [{ key = "lab:dedicated" }, { key = "lab:stack", value = "${AWS::StackName}" }]
version_metadata_key = "Lab::VersionInfo"
version_mappings = ["App.Tags.AppTag"]
version_parameters = ["AppVersion"]
ecs_services = "Indexer"
[storage_parameters]
Database = "DatabaseAllocatedStorage"
"#;
    let profile = parse_profile("lab.toml", text).unwrap_or_else(|problems| panic!("{problems}"));
    golden("profile.txt", &format!("{profile:#?}\n"), include_str!("../configuration/profile.txt"));
    for (text, expected) in [
        ("", "p.toml:1:1: the file needs name: what to call the profile"),
        (
            "name = \"x\"\nbase = \"codeocean\"\n",
            "p.toml:2:8: base = \"codeocean\": one of code-ocean, elastic-ci, runs-on, generic is wanted",
        ),
        (
            "name = \"x\"\nversion_mappings = [\"App\"]\n",
            "p.toml:2:21: version_mappings = \"App\": MAPPING.KEY.KEY is wanted, such as App.Tags.AppTag",
        ),
        (
            "name = \"x\"\nworker_group = \"W\"\n",
            "p.toml:2:1: the file has no key worker_group; did you mean worker_groups?",
        ),
        (
            "name = \"x\"\nalarms = [{ tag = \"a\", type = \"b\" }]\n",
            "p.toml:2:11: a part is chosen by one of: a logical id in quotes, { tag = \"KEY\", value = \"VALUE\" }, \
             { type = \"AWS::…\" }",
        ),
        (
            "name = \"x\"\nalarms = [1]\n",
            "p.toml:2:11: alarms is a number; wanted is a text in quotes, a table, or a list of them",
        ),
        (
            "name = \"x\"\ndedicated_machine_tags = [{ name = \"a\" }]\n",
            "p.toml:2:27: [dedicated_machine_tags] needs key: the tag's key\n\
             p.toml:2:29: [dedicated_machine_tags] has no key name; did you mean key?",
        ),
    ] {
        assert_eq!(parse_profile("p.toml", text).expect_err(text).to_string(), expected, "{text}");
    }
}

#[test]
fn the_catalogue_to_copy_is_a_good_one() {
    let text = include_str!("../../../../deploy/catalogues/code-ocean.toml");
    let read = parse_catalogue("code-ocean.toml", text).unwrap_or_else(|problems| panic!("{problems}"));
    let versions: Vec<&str> = read.releases.iter().map(|one| one.version.as_str()).collect();
    assert_eq!(versions, ["v3.7.0", "v3.8.2"]);
}

#[test]
fn a_catalogue() {
    let text = r#"
[[release]]
version = "1.0.0"
template = "1.0.0.yaml"
[[release]]
version = "1.1.0"
template = "https://example.com/1.1.0.yaml"
from_at_least = "1.0.0"
backup_at_least = "0.9"
required_stop = true
notes = "https://example.com/1.1.0.html"
"#;
    let catalogue = parse_catalogue("releases.toml", text).unwrap_or_else(|problems| panic!("{problems}"));
    golden("catalogue.txt", &format!("{catalogue:#?}\n"), include_str!("../configuration/catalogue.txt"));
    for (text, expected) in [
        ("[[release]]\nversion = \"1\"\n", "c.toml:1:1: [release] needs template: a file or URL"),
        (
            "[[release]]\nversion = \"1\"\ntemplate = \"a\"\n[[release]]\nversion = \"1\"\ntemplate = \"b\"\n",
            "c.toml:5:11: version = \"1\": a release of this version stands above",
        ),
        ("[release]\nversion = \"1\"\n", "c.toml:1:1: release is a table; wanted is a list of tables"),
    ] {
        assert_eq!(parse_catalogue("c.toml", text).expect_err(text).to_string(), expected, "{text}");
    }
}

#[test]
fn the_state_is_where_the_settings_say_else_beside_the_templates_else_on_each_machine() {
    for (words, location, owner) in [
        ("", None, None),
        ("template_bucket = \"mine\"", Some("s3://mine/slackwater-state"), None),
        ("template_bucket = \"mine\"\nstate = \"data-directory\"", None, None),
        ("state = \"s3://ours/a/b/\"\ntemplate_bucket = \"mine\"", Some("s3://ours/a/b"), None),
        ("state = \"s3://ours\"\nstate_owner = \"123456789012\"", Some("s3://ours"), Some("123456789012")),
    ] {
        let configuration = Configuration::parse("f.toml", &deployment(words)).expect("good settings");
        let state = &configuration.deployments[0].state;
        assert_eq!(state.as_ref().map(StateSettings::location).as_deref(), location, "{words}");
        assert_eq!(state.as_ref().and_then(|state| state.owner.as_deref()), owner, "{words}");
    }
}
