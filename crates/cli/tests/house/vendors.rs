//! Platforms of other vendors, with a gate and without one: each published release is upgraded to the next on the local
//! cloud, its workers and queues drained on the way, and everything put back.
//!
//! What ends otherwise is named with its reason, and counted: `N of M`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cli::Scenario;
use cli::configuration::DeploymentSettings;
use cli::demo_settings;
use cli::planning::{NewRelease, NoPlan, UpgradeRequest, prepare};
use upgrade::{Acceptance, Outcome, Plan, Record, Report, UpdateOptions, Users, Verdict, in_the_way};

use crate::common::{Rehearsal, approved, shared, virtual_time};

/// A vendor's releases in order, and how its owner has settled the ways in.
struct Vendor {
    folder: &'static str,
    gateless: bool,
    /// How many of its pairs end well; fewer is a fault.
    least: usize,
}

const VENDORS: [Vendor; 3] = [
    Vendor { folder: "buildkite", gateless: true, least: 8 },
    Vendor { folder: "runs-on", gateless: true, least: 6 },
    Vendor { folder: "metaflow", gateless: true, least: 5 },
];

fn releases(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a vendor's folder");
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml"))
        .collect();
    found.sort();
    found
}

/// Those of the vendor's parameters that a release takes.
fn parameters(folder: &Path, template: &[u8]) -> BTreeMap<String, String> {
    let text = std::fs::read(folder.join("parameters.json")).expect("parameters");
    let all: BTreeMap<String, String> = serde_json::from_slice(&text).expect("a map of texts");
    let template = template::Template::parse("release", template).expect("a release");
    let mut all = all;
    if folder.ends_with("buildkite") {
        // Without it the image is looked up in a mapping that only a built release has.
        all.insert("ImageId".to_owned(), "ami-0123456789abcdef0".to_owned());
    }
    all.into_iter().filter(|(key, _)| template.parameters.contains_key(key)).collect()
}

/// The Elastic CI Stack's rules refuse a scaler that is older than the release wants: its owner gives the new default.
fn newest_scaler(template: &[u8]) -> Option<(String, String)> {
    const SCALER: &str = "BuildkiteAgentScalerVersion";
    let template = template::Template::parse("release", template).expect("a release");
    Some((SCALER.to_owned(), template.parameters.get(SCALER)?.default.clone()?))
}

fn settings(gateless: bool) -> DeploymentSettings {
    DeploymentSettings { gateless, ..demo_settings("platform").expect("the demo's settings are sound") }
}

/// From one release to the next. The plan with what came of it; the reason where it came to nothing.
pub async fn upgrade(
    settings: DeploymentSettings,
    from: &[u8],
    to: &[u8],
    given: &BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
) -> Result<(Plan, Outcome, Vec<Record>), String> {
    let rehearsal = Rehearsal::new(7);
    let scenario = Scenario { stack_name: "platform", from: ("from.yaml", from), parameters: given };
    let caller = cli::seed::Caller::in_process(rehearsal.local.clone(), rehearsal.clock);
    cli::populate(&rehearsal.cloud, &caller, &scenario, &mut |_| ())
        .await
        .map_err(|error| format!("not created: {error}"))?;
    let site = rehearsal.site(settings);
    let release = NewRelease::of("to.yaml", to.to_vec(), None).map_err(|error| format!("unread: {error}"))?;
    let mut request = UpgradeRequest {
        inherited: upgrade::Before::default(),
        release,
        given: new.clone(),
        accepted: Vec::new(),
        force_sessions: Vec::new(),
        closes_at: None,
        take_fixes: true,
        options: UpdateOptions::default(),
        run_id: "vendors".to_owned(),
    };
    // An owner reads what is warned of, and accepts it.
    let looked = prepare(&site, &request).await.map_err(|error| format!("not looked at: {error}"))?;
    let said = |what: &str| Acceptance {
        what: what.to_owned(),
        who: "ada".to_owned(),
        why: "a rehearsal".to_owned(),
        of: Vec::new(),
    };
    let warned = looked.checks.iter().filter(|check| check.verdict == Verdict::Warning);
    // Also that log groups and queues go with their contents.
    let replaced = looked.resources.iter().map(|logical_id| said(logical_id));
    request.accepted = warned.map(|check| said(&check.id)).chain(replaced).collect();
    let again = prepare(&site, &request).await.map_err(|error| format!("not looked at: {error}"))?;
    let warned = again.checks.iter().filter(|check| check.verdict == Verdict::Warning);
    request.accepted.extend(warned.map(|check| said(&check.id)));
    let failed: Vec<String> = in_the_way(&again.checks, &request.accepted)
        .into_iter()
        .map(|check| format!("{}: {}", check.id, check.evidence.join(" ")))
        .collect();
    if !failed.is_empty() {
        return Err(format!("checks failed: {}", failed.join("; ")));
    }
    let prepared = prepare(&site, &request).await.map_err(|error| format!("not looked at: {error}"))?;
    let plan = prepared.plan.map_err(|no_plan| match no_plan {
        NoPlan::Blocked(ids) => format!("blocked: {}", ids.join(", ")),
        NoPlan::Undrawn(error) => format!("not drawn up: {error}"),
    })?;
    let journal = conductor::SqliteJournal::in_memory().expect("a journal");
    let holder = conductor::Holder::named("a rehearsal");
    let conductor = conductor::Conductor {
        cloud: &site.ports,
        journal: &journal,
        clock: &rehearsal.clock,
        holder: &holder,
    };
    let ended = conductor
        .start(&approved(&plan, &rehearsal.clock), &mut crate::common::Silent)
        .await
        .map_err(|error| format!("not carried out: {error}"))?;
    let (_, records) = conductor::JournalStore::load(&journal, &plan.run_id).await.expect("a journal");
    match ended {
        conductor::Ended::Run(outcome) => Ok((plan, outcome, records)),
        conductor::Ended::NeedsAnswer(question, _) => Err(format!("asks: {question:?}")),
    }
}

/// What a finished upgrade must have left.
fn judge(plan: &Plan, outcome: &Outcome, records: &[Record]) -> Result<(), String> {
    let report = Report::from_journal(plan, records).expect("the journal fits its plan");
    if *outcome != Outcome::Upgraded {
        return Err(format!("ended: {outcome:?}"));
    }
    let seen = report.seen.ok_or("nothing was seen at the end")?;
    let right = if plan.gateless { Users::AtWork } else { Users::In };
    if seen.users != right || !seen.still_to_put_back.is_empty() || !report.still_to_put_back.is_empty() {
        return Err(format!("left behind: {seen:?} {:?}", report.still_to_put_back));
    }
    let groups = plan.targets.worker_groups.len();
    if groups > 0 && report.stopped_instances.is_empty() {
        return Err(format!("{groups} groups had no instance to drain"));
    }
    if !plan.targets.job_queues.is_empty() && report.stopped_jobs.is_empty() {
        return Err("no job was drained".to_owned());
    }
    Ok(())
}

#[test]
fn every_release_of_other_vendors_is_upgraded_to_its_next() {
    let Some(shared) = shared() else { return };
    let mut short = Vec::new();
    for vendor in VENDORS {
        let folder = shared.join("templates").join(vendor.folder);
        let paths = releases(&folder);
        let (mut well, pairs) = (0, paths.len() - 1);
        for pair in paths.windows(2) {
            let [from, to] = pair else { continue };
            let read = |path: &PathBuf| std::fs::read(path).expect("a release");
            let (before, after) = (read(from), read(to));
            let (given, new) = (parameters(&folder, &before), parameters(&folder, &after));
            let mut new: BTreeMap<String, String> =
                new.into_iter().filter(|(key, _)| !given.contains_key(key)).collect();
            new.extend(newest_scaler(&after));
            let told = virtual_time().block_on(async {
                let (plan, outcome, records) =
                    upgrade(settings(vendor.gateless), &before, &after, &given, &new).await?;
                judge(&plan, &outcome, &records)
            });
            let name = |path: &PathBuf| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            match told {
                Ok(()) => well += 1,
                Err(reason) => println!("  {} {} -> {}: {reason}", vendor.folder, name(from), name(to)),
            }
        }
        println!("{well} of {pairs} upgrades of {} ended well", vendor.folder);
        if well < vendor.least {
            short.push(vendor.folder);
        }
    }
    assert!(short.is_empty(), "fewer than before: {short:?}");
}
