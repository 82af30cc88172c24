//! What is found and shown.

use crate::cloud::{Cloud, sample};

#[test]
fn an_account_is_looked_at_and_its_settings_are_proposed() {
    let cloud = Cloud::with_sample();
    let kept = std::fs::read_to_string(cloud.folder().join("slackwater.toml")).expect("settings");
    let refused = cloud.run(&["init"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.err.contains("slackwater.toml is there already"), "{refused:?}");
    let made = cloud.run(&["init", "--out", "found.toml"]);
    assert_eq!(made.code, 0, "{made:?}");
    assert!(made.out.contains("sample is a deployment"), "{made:?}");
    let now = std::fs::read_to_string(cloud.folder().join("slackwater.toml")).expect("settings");
    assert_eq!(now, kept, "settings that are there stand");
    // What was written is good as it is.
    let status = cloud.run(&["status", "--config", "found.toml", "--output", "json"]);
    assert_eq!(status.code, 0, "{status:?}");
    let told: serde_json::Value = serde_json::from_str(&status.out).expect("JSON");
    let told = &told["deployments"][0];
    assert_eq!(told["name"], "sample");
    assert_eq!(told["version"], "1.0.0");
    assert_eq!(told["gate"], "open");
    assert_eq!(told["attention"], serde_json::json!([]));
}

#[test]
fn a_name_that_another_resource_has_fails_the_check() {
    let cloud = Cloud::with_sample();
    let text = std::fs::read_to_string(sample("1.0.0")).expect("the repository's own");
    // The seed's templates are in a bucket that no stack has.
    for (name, said) in [
        ("nobody-has-this-one", "passed   custom-names"),
        ("slackwater-seed-templates", "Mine would be called slackwater-seed-templates"),
    ] {
        let mine =
            format!("Resources:\n  Mine: {{Type: 'AWS::S3::Bucket', Properties: {{BucketName: {name}}}}}\n");
        cloud.write("named.yaml", &text.replacen("Resources:\n", &mine, 1));
        let checked = cloud.run(&["check", "--verbose", "--to", "named.yaml"]);
        assert!(checked.out.contains(said), "{checked:?}");
    }
}

#[test]
fn a_deployments_template_is_read_as_its_file_is() {
    let cloud = Cloud::with_sample();
    let file = sample("1.0.0");
    let of_file = cloud.run(&["template", &file.display().to_string(), "--output", "json"]);
    let of_deployment = cloud.run(&["template", "production", "--output", "json"]);
    assert_eq!((of_file.code, of_deployment.code), (0, 0), "{of_deployment:?}");
    let read = |text: &str| {
        let mut told: serde_json::Value = serde_json::from_str(text).expect("JSON");
        told["name"].take();
        told
    };
    assert_eq!(read(&of_file.out), read(&of_deployment.out));
}

#[test]
fn maintenance_shows_in_the_status_from_its_beginning_to_its_end() {
    let cloud = Cloud::with_sample();
    let entered = cloud.run(&["maintenance", "enable", "--yes"]);
    assert_eq!(entered.code, 0, "{entered:?}");
    let status = cloud.run(&["status"]);
    assert!(status.out.contains("CLOSED since"), "{status:?}");
    assert!(!status.out.contains("Needs attention"), "it was asked for: {status:?}");
    assert!(status.out.contains("before maintenance"), "{status:?}");
    // Somebody else's data directory doesn't know the run.
    let elsewhere = cloud.run(&["status", "--data-dir", "elsewhere"]);
    assert!(elsewhere.out.contains("none that is known here"), "{elsewhere:?}");
    let left = cloud.run(&["maintenance", "disable", "--yes"]);
    assert_eq!(left.code, 0, "{left:?}");
    let status = cloud.run(&["maintenance", "status"]);
    assert!(status.out.contains("open; users are let in"), "{status:?}");
    assert!(!status.out.contains("Needs attention"), "{status:?}");
}

#[test]
fn an_upgrades_history_makes_the_next_ones_estimate() {
    let cloud = Cloud::with_sample();
    let file = sample("1.1.0").display().to_string();
    let run = |command: &[&str], workers: &str| {
        let workers = format!("WorkersMaxSize={workers}");
        let wish = ["--to", &file, "--parameter", &workers];
        let warnings = warnings(&cloud, &wish);
        let accepted = warnings.iter().flat_map(|warning| ["--accept", warning]);
        let arguments: Vec<&str> = command.iter().copied().chain(wish).chain(accepted).collect();
        let done = cloud.run(&arguments);
        assert_eq!(done.code, 0, "{done:?}");
        done
    };
    let first = run(&["upgrade", "--yes"], "5");
    assert!(first.out.contains("No estimate yet"), "{first:?}");
    assert!(!first.out.contains('\u{1b}'), "no live line where there is no terminal: {first:?}");
    let second = run(&["upgrade", "--yes", "--output", "json"], "6");
    for line in second.out.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
    let third = run(&["plan"], "7");
    assert!(third.out.contains("the median of 2 earlier upgrades"), "{third:?}");
}

/// What checks warn of, by id.
pub fn warnings(cloud: &Cloud, wish: &[&str]) -> Vec<String> {
    let arguments: Vec<&str> = ["check", "--output", "json"].iter().chain(wish).copied().collect();
    let checked = cloud.run(&arguments);
    let results: serde_json::Value =
        serde_json::from_str(&checked.out).unwrap_or_else(|error| panic!("{error}: {checked:?}"));
    let results = results["checks"].as_array().expect("a list").iter();
    let warned = results
        .filter(|one| one["verdict"].as_str().is_some_and(|verdict| verdict.eq_ignore_ascii_case("warning")));
    warned.map(|one| one["id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn its_own_rights_are_printed_for_people_and_for_iam() {
    let cloud = Cloud::with_sample();
    let told = cloud.run(&["policy", "production"]);
    assert_eq!(told.code, 0, "{told:?}");
    for part in [
        "The least rights for production: to upgrade, planning and maintenance included",
        "For no principal in particular",
        "StopJobs\n      To stop the jobs of the queues.",
        "      may  batch:TerminateJob\n      on   arn:aws:batch:us-east-1:000000000000:job/*\n",
        "      on   * (for these actions AWS knows no resource)",
        "      if   cloudformation:ChangeSetName is like slackwater-*",
        "The stack sample has no role: CloudFormation works on it with this principal's rights",
        "IAM counts",
    ] {
        assert!(told.out.contains(part), "{part}: {}", told.out);
    }
    let role = "arn:aws:iam::000000000000:role/slackwater";
    let given =
        ["--principal", role, "--role-arn", "arn:aws:iam::000000000000:role/deploy", "--output", "json"];
    let mut sizes = Vec::new();
    for (purpose, actions, absent) in [
        (
            "upgrade",
            &["cloudformation:ExecuteChangeSet", "iam:PassRole", "batch:TerminateJob", "s3:PutObject"][..],
            "sns:Publish",
        ),
        (
            "maintenance",
            &["elasticloadbalancing:CreateRule", "batch:TerminateJob"],
            "cloudformation:CreateChangeSet",
        ),
        ("plan", &["iam:SimulatePrincipalPolicy", "s3:PutObject"], "batch:TerminateJob"),
        ("panel", &["batch:ListJobs"], "s3:PutObject"),
    ] {
        let asked: Vec<&str> = ["policy", "--for", purpose].into_iter().chain(given).collect();
        let ended = cloud.run(&asked);
        assert_eq!(ended.code, 0, "{ended:?}");
        let document: serde_json::Value = serde_json::from_str(&ended.out).expect("JSON");
        assert_eq!(document["Version"], "2012-10-17");
        let statements = document["Statement"].as_array().expect("statements");
        let mut sids: Vec<&str> = statements.iter().filter_map(|one| one["Sid"].as_str()).collect();
        assert!(sids.iter().all(|sid| sid.bytes().all(|byte| byte.is_ascii_alphanumeric())), "{sids:?}");
        sids.sort_unstable();
        sids.dedup();
        assert_eq!(sids.len(), statements.len(), "each statement has a name of its own: {sids:?}");
        for action in actions {
            assert!(ended.out.contains(&format!("\"{action}\"")), "{purpose}: {action}");
        }
        assert!(!ended.out.contains(absent), "{purpose}: {absent}");
        sizes.push(ended.out.len());
    }
    assert!(sizes.iter().skip(1).all(|less| *less < sizes[0]), "an upgrade needs the most: {sizes:?}");
    let missing = cloud.run(&["policy", "--stack", "backup"]);
    assert_eq!(missing.code, 2, "{missing:?}");
    assert!(missing.err.contains("production has no backup stack"), "{missing:?}");
    let kept = cloud.run(&["policy", "--output", "json", "--out", "policy.json"]);
    assert_eq!((kept.code, kept.out.as_str()), (0, ""), "{kept:?}");
    assert!(cloud.folder().join("policy.json").exists());
}

#[test]
fn an_update_that_is_foretold_to_fail_ends_with_a_code_of_its_own() {
    let cloud = Cloud::with_sample();
    let text = std::fs::read_to_string(sample("1.1.0")).expect("the repository's own");
    let shrunk = text.replace("AllocatedStorage: !Ref DatabaseAllocatedStorage", "AllocatedStorage: 5");
    cloud.write("shrunk.yaml", &shrunk);
    let (old, new) = (sample("1.0.0").display().to_string(), sample("1.1.0").display().to_string());
    for (to, changeset, planning) in [("shrunk.yaml", 9, 9), (new.as_str(), 0, 8)] {
        for (command, code) in [
            (vec!["changeset", "--from", &old, "--to", to], changeset),
            (vec!["check", "--to", to], planning),
            (vec!["plan", "--to", to], planning),
            (vec!["plan", "--to", to, "--output", "json"], planning),
            (vec!["upgrade", "--to", to, "--yes"], planning),
        ] {
            let ended = cloud.run(&command);
            assert_eq!(ended.code, code, "{command:?}: {ended:?}");
        }
    }
}

#[test]
fn a_change_set_and_a_plan_tell_the_same_of_an_update() {
    let cloud = Cloud::with_sample();
    let (old, new) = (sample("1.0.0").display().to_string(), sample("1.1.0").display().to_string());
    let mut plan = vec!["plan".to_owned(), "--to".to_owned(), new.clone()];
    for warning in warnings(&cloud, &["--to", &new]) {
        plan.extend(["--accept".to_owned(), warning]);
    }
    let plan: Vec<&str> = plan.iter().map(String::as_str).collect();
    let (foretold, planned) = (cloud.run(&["changeset", "--from", &old, "--to", &new]), cloud.run(&plan));
    assert_eq!((foretold.code, planned.code), (0, 0), "{foretold:?} {planned:?}");
    let between = |text: &str, from: &str, to: &str| {
        let (_, rest) = text.split_once(from).unwrap_or_else(|| panic!("{from}: {text}"));
        let (block, _) = rest.split_once(to).unwrap_or_else(|| panic!("{to}: {text}"));
        block.trim_end().to_owned()
    };
    assert_eq!(
        between(&foretold.out, "What we expect\n", "\nHow long it takes"),
        between(&planned.out, "1.0.0 to 1.1.0:\n", "  About "),
    );
    assert_eq!(
        between(&foretold.out, "Risks\n", "\n\n"),
        between(&planned.out, "What is at risk:\n", "\n\n"),
    );
    let lasts = between(&foretold.out, "How long it takes\n", " until UPDATE_COMPLETE");
    assert!(
        planned.out.contains(&format!("About {} until UPDATE_COMPLETE", lasts.trim())),
        "{lasts}: {planned:?}"
    );
}
