//! From one release of anybody's platform to its next, as its owner would go about it: what is warned of is accepted, and what
//! the upgrade leaves is judged.

use std::collections::BTreeMap;

use cli::Scenario;
use cli::configuration::DeploymentSettings;
use cli::planning::{NewRelease, NoPlan, UpgradeRequest, prepare};
use upgrade::{
    Acceptance, DraftError, Outcome, Plan, Record, Report, UpgradeChoices, Users, Verdict, in_the_way,
};

use crate::common::{Rehearsal, Silent, approved};

/// The platform's stack.
pub const STACK: &str = "platform";

/// Why an upgrade came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum Short {
    /// The new release is the deployed one, as far as CloudFormation goes.
    #[error("changes nothing")]
    ChangesNothing,
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

impl From<String> for Short {
    fn from(words: String) -> Short {
        Short::Other(words)
    }
}

/// Create a stack from the older release and put it to work.
pub async fn create(
    rehearsal: &Rehearsal,
    stack_name: &str,
    release: &[u8],
    parameters: &BTreeMap<String, String>,
) -> Result<(), String> {
    let scenario = Scenario { stack_name, from: ("from.yaml", release), parameters };
    let caller = cli::seed::Caller::in_process(rehearsal.local.clone(), rehearsal.clock);
    cli::populate(&rehearsal.cloud, &caller, &scenario, &mut |_| ())
        .await
        .map_err(|error| format!("not created: {error}"))
}

/// On to the next release. The plan with what came of it; the reason where it came to nothing.
pub async fn upgrade(
    rehearsal: &Rehearsal,
    settings: DeploymentSettings,
    to: &[u8],
    new: &BTreeMap<String, String>,
) -> Result<(Plan, Outcome, Vec<Record>), Short> {
    let site = rehearsal.site(settings);
    let release = NewRelease::of("to.yaml", to.to_vec(), None).map_err(|error| format!("unread: {error}"))?;
    let mut request = UpgradeRequest {
        inherited: upgrade::Before::default(),
        release,
        choices: UpgradeChoices { given: new.clone(), ..UpgradeChoices::default() },
        take_fixes: true,
        run_id: "next-release".to_owned(),
    };
    // An owner reads what is warned of, and accepts it.
    let looked = prepare(&site, &request).await.map_err(|error| format!("not looked at: {error}"))?;
    if matches!(looked.plan, Err(NoPlan::Undrawn(DraftError::NoChanges))) {
        return Err(Short::ChangesNothing);
    }
    let said = |what: &str| Acceptance {
        what: what.to_owned(),
        who: "ada".to_owned(),
        why: "a rehearsal".to_owned(),
        of: Vec::new(),
    };
    let warned = looked.checks.iter().filter(|check| check.verdict == Verdict::Warning);
    // Also that log groups and queues go with their contents.
    let replaced = looked.resources.iter().map(|logical_id| said(logical_id));
    request.choices.accepted = warned.map(|check| said(&check.id)).chain(replaced).collect();
    let mut again = prepare(&site, &request).await.map_err(|error| format!("not looked at: {error}"))?;
    let warned = again.checks.iter().filter(|check| check.verdict == Verdict::Warning);
    request.choices.accepted.extend(warned.map(|check| said(&check.id)));
    let failed: Vec<String> = in_the_way(&again.checks, &request.choices.accepted)
        .into_iter()
        .map(|check| format!("{}: {}", check.id, check.evidence.join(" ")))
        .collect();
    if !failed.is_empty() {
        return Err(Short::Other(format!("checks failed: {}", failed.join("; "))));
    }
    if again.plan.is_err() {
        again = prepare(&site, &request).await.map_err(|error| format!("not looked at: {error}"))?;
    }
    let plan = again.plan.map_err(|no_plan| match no_plan {
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
        .start(&approved(&plan, &rehearsal.clock), &mut Silent)
        .await
        .map_err(|error| format!("not carried out: {error}"))?;
    let (_, records) = conductor::JournalStore::load(&journal, &plan.run_id).await.expect("a journal");
    match ended {
        conductor::Ended::Run(outcome) => Ok((plan, outcome, records)),
        conductor::Ended::NeedsAnswer(question, _) => Err(Short::Other(format!("asks: {question:?}"))),
    }
}

/// What a finished upgrade must have left.
pub fn judge(plan: &Plan, outcome: &Outcome, records: &[Record]) -> Result<(), Short> {
    let report = Report::from_journal(plan, records).expect("the journal fits its plan");
    if *outcome != Outcome::Upgraded {
        return Err(Short::Other(format!("ended: {outcome:?}")));
    }
    let seen = report.seen.ok_or_else(|| "nothing was seen at the end".to_owned())?;
    let right = if plan.gateless { Users::AtWork } else { Users::In };
    if seen.users != right || !seen.still_to_put_back.is_empty() || !report.still_to_put_back.is_empty() {
        return Err(Short::Other(format!("left behind: {seen:?} {:?}", report.still_to_put_back)));
    }
    let groups = plan.targets.worker_groups.len();
    if groups > 0 && report.stopped_instances.is_empty() {
        return Err(Short::Other(format!("{groups} groups had no instance to drain")));
    }
    if !plan.targets.job_queues.is_empty() && report.stopped_jobs.is_empty() {
        return Err(Short::Other("no job was drained".to_owned()));
    }
    Ok(())
}
