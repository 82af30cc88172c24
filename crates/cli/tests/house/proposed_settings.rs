//! What `slackwater init` proposes for what an account holds.

use cli::configuration::Configuration;
use cli::init::{Anatomy, FoundBy, FoundStack, propose};

fn stack(name: &str, version: Option<&str>) -> FoundStack {
    FoundStack {
        name: name.to_owned(),
        id: format!("arn:aws:cloudformation:us-east-1:111111111111:stack/{name}/1"),
        status: "UPDATE_COMPLETE".to_owned(),
        version: version.map(|version| ("CodeOcean".to_owned(), version.to_owned())),
        ..FoundStack::default()
    }
}

fn with_vault(mut stack: FoundStack, vault: &str) -> FoundStack {
    stack.parameters.insert("pDestinationBackupVaultArn".to_owned(), vault.to_owned());
    stack
}

#[test]
fn deployments_are_found_with_their_backup_and_role_stacks() {
    let mut platform = with_vault(
        stack("codeocean", Some("v3.8.2")),
        "arn:aws:backup:us-east-1:111111111111:backup-vault:codeocean-backup-vault",
    );
    platform.role_arn = Some("arn:aws:iam::111111111111:role/deploy-Role-1ABC".to_owned());
    let nested = FoundStack { parent_id: Some("x".to_owned()), ..stack("nested", Some("v3.8.2")) };
    let gone = FoundStack { status: "DELETE_COMPLETE".to_owned(), ..stack("gone", Some("v3.7.0")) };
    let stacks = [
        platform,
        stack("codeocean-backup", Some("v3.8.2")),
        stack("deploy", None),
        stack("other", None),
        nested,
        gone,
    ];
    let proposal = propose(&stacks, &FoundBy::default());
    assert_eq!(proposal.uncertain, Vec::<String>::new());
    assert_eq!(proposal.found.len(), 3, "{:?}", proposal.found);
    let read = Configuration::parse("slackwater.toml", &proposal.toml).expect("what is proposed is good");
    let [only] = read.deployments.as_slice() else { panic!("{}", proposal.toml) };
    assert_eq!(only.name, "codeocean");
    assert_eq!(only.profile.as_ref().map(|word| word.text.as_str()), Some("code-ocean"));
    assert!(only.backup_stack.as_ref().is_some_and(|one| one.stack.ends_with("stack/codeocean-backup/1")));
    assert!(only.role_stack.as_ref().is_some_and(|one| one.stack.ends_with("stack/deploy/1")));
}

#[test]
fn what_cannot_be_seen_is_said() {
    let mut platform = with_vault(
        stack("codeocean", Some("v3.8.2")),
        "arn:aws:backup:eu-west-1:222222222222:backup-vault:theirs",
    );
    platform.role_arn = Some("arn:aws:iam::111111111111:role/by-hand".to_owned());
    platform.status = "UPDATE_ROLLBACK_FAILED".to_owned();
    let proposal = propose(&[platform], &FoundBy::default());
    assert_eq!(proposal.uncertain.len(), 3, "{:?}", proposal.uncertain);
    assert!(
        proposal.toml.contains("# region = \"eu-west-1\"") && proposal.toml.contains("iam::222222222222:")
    );
    Configuration::parse("slackwater.toml", &proposal.toml).expect("what is proposed is good");
}

#[test]
fn how_the_account_was_reached_is_written_down() {
    let by = FoundBy {
        aws_profile: Some("prod".to_owned()),
        endpoint_url: Some("http://127.0.0.1:4580".to_owned()),
    };
    let proposal = propose(&[stack("p", Some("1"))], &by);
    let read = Configuration::parse("slackwater.toml", &proposal.toml).expect("what is proposed is good");
    let access = &read.deployment(None).expect("the only one").access;
    assert_eq!(access.region, "us-east-1");
    assert_eq!(access.credentials.aws_profile.as_deref(), Some("prod"));
    assert_eq!(access.endpoint_url.as_deref(), Some("http://127.0.0.1:4580"));
}

#[test]
fn what_tells_no_version_is_proposed_with_what_it_is_made_of() {
    let made_of = |closes: &[&str], stays_open: &[(&str, &str)]| Anatomy {
        version: None,
        agents_finish: false,
        profile: "generic".to_owned(),
        parts: vec!["worker groups: Agents".to_owned()],
        has_work: true,
        closes: closes.iter().map(|one| (*one).to_owned()).collect(),
        stays_open: stays_open.iter().map(|(one, two)| ((*one).to_owned(), (*two).to_owned())).collect(),
        unjudged: Vec::new(),
    };
    let idle = |anatomy: Anatomy| Anatomy { parts: Vec::new(), has_work: false, ..anatomy };
    let beside = |anatomy| Anatomy { unjudged: vec!["Api (API Gateway)".to_owned()], ..anatomy };
    for (anatomy, gateless, uncertain) in [
        (made_of(&[], &[]), true, 0),
        (beside(made_of(&[], &[])), true, 1),
        // Nothing to stop and nothing to close, and people come in all the same.
        (idle(made_of(&[], &[("Old", "classic load balancer old")])), true, 2),
        (made_of(&["Https"], &[]), false, 0),
        (made_of(&["Https"], &[("Ssh", "TCP:22 of front")]), false, 1),
    ] {
        let has_work = anatomy.has_work;
        let platform = FoundStack { anatomy: Some(anatomy), ..stack("runners", None) };
        let bucket = FoundStack { anatomy: Some(Anatomy::default()), ..stack("bucket", None) };
        let proposal = propose(&[platform, bucket], &FoundBy::default());
        let read = Configuration::parse("slackwater.toml", &proposal.toml).expect("what is proposed is good");
        let [only] = read.deployments.as_slice() else { panic!("{}", proposal.toml) };
        assert_eq!((only.name.as_str(), only.gateless), ("runners", gateless), "{}", proposal.toml);
        let told = proposal.found.iter().any(|line| line == "runners: worker groups: Agents");
        assert_eq!(told, has_work);
        assert_eq!(proposal.uncertain.len(), uncertain, "{:?}", proposal.uncertain);
    }
}

#[test]
fn agents_are_given_time_to_finish_and_a_version_that_a_profile_finds_is_told() {
    let anatomy = Anatomy {
        profile: "runs-on".to_owned(),
        version: Some("v3.1.3".to_owned()),
        agents_finish: true,
        has_work: true,
        ..Anatomy::default()
    };
    let platform = FoundStack { anatomy: Some(anatomy), ..stack("runners", None) };
    let proposal = propose(&[platform], &FoundBy::default());
    let told = "runners may be a deployment: its template tells version v3.1.3, and it has what maintenance is about";
    assert!(proposal.found.iter().any(|line| line.starts_with(told)), "{:?}", proposal.found);
    let read = Configuration::parse("slackwater.toml", &proposal.toml).expect("what is proposed is good");
    let [only] = read.deployments.as_slice() else { panic!("{}", proposal.toml) };
    let workers = only.maintenance.policy.workers;
    assert_eq!((workers.grace_seconds, workers.deadline_seconds), (1800, 3600));
}

#[test]
fn the_line_that_settles_every_open_door_can_be_taken_as_it_stands() {
    let anatomy = Anatomy {
        profile: "generic".to_owned(),
        has_work: true,
        closes: vec!["Https".to_owned()],
        stays_open: vec![
            ("Ssh".to_owned(), "TCP:22 of front".to_owned()),
            ("\"arn:api\"".to_owned(), "TCP:443 of api".to_owned()),
        ],
        ..Anatomy::default()
    };
    let platform = FoundStack { anatomy: Some(anatomy), ..stack("runners", None) };
    let proposal = propose(&[platform], &FoundBy::default());
    let settled = proposal.toml.replace("# doors = ", "doors = ");
    let read = Configuration::parse("slackwater.toml", &settled).expect("one table of doors");
    let [only] = read.deployments.as_slice() else { panic!("{settled}") };
    assert_eq!(only.doors.keys().collect::<Vec<_>>(), ["Ssh", "arn:api"]);
}

#[test]
fn an_account_without_platforms_gets_no_file() {
    let proposal = propose(&[stack("a", None), stack("b", None)], &FoundBy::default());
    assert_eq!(proposal.toml, "");
    assert!(proposal.uncertain[0].starts_with("2 stacks looked at, and none "), "{:?}", proposal.uncertain);
}
