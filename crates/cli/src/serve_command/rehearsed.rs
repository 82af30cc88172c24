//! Rehearsals for the panel: what `slackwater rehearse --every-failure` does, on threads of their own.

use panel::BackendError;
use panel::proposals::{
    EndCount, GraveFailure, LongResource, Picture, Progress, ProvenanceShare, Rehearsal, RehearsalEnd,
    RehearsalPart, Spread, StepTime, TriedFailures, WayOut, WishedTemplate,
};
use tokio::sync::oneshot;
use upgrade::{Timestamp, UpdateOptions, UpgradeChoices};

use super::reached::Reached;
use super::refusals::refused;
use super::upgrade::{described, release};
use crate::error::CliError;
use crate::planning::NewRelease;
use crate::rehearsal::every_failure::{Failure, Failures, Sampled};
use crate::rehearsal::many;
use crate::rehearsal::pictures::{distribution_svg, timeline_svg, unstyled};
use crate::rehearsal::summary::End;
use crate::rehearsal::told::Told;
use crate::rehearsal::{self, virtual_time};
use crate::rehearse_command::{Extent, Part, RUNS, STACK_BYTES, told};
use crate::snapshot::{Snapshot, take};

/// The same rehearsal each time: what differs then is the deployment, or the release.
const SEED: u64 = 1;

/// A sample of each kind of call: somebody waits for it.
const MOST_CALLS: usize = 4;

/// More resources than anybody reads.
const MOST_LONGEST: usize = 20;

impl Reached {
    /// Take a snapshot, and rehearse on a thread whose clock stands still.
    pub(super) async fn rehearse(
        &self,
        deployment: &str,
        template: WishedTemplate,
        choices: UpgradeChoices,
        progress: Progress,
    ) -> Result<Rehearsal, BackendError> {
        // It is never closed; without a turn there would only be more at once.
        let _turn = self.rehearsing.acquire().await;
        if !progress.is_wanted(RehearsalPart::Stage, 0, 0) {
            return Err(BackendError::Refused("nobody wants it any more".to_owned()));
        }
        let site = self.site(deployment).await?;
        let at = site.clock.now();
        let release = release(&site, template).await?;
        let settings = take::settings(&site, &self.configuration.path).map_err(refused)?;
        let snapshot = take::take(&site, settings).await.map_err(described)?;
        let runs = self.configuration.panel.rehearsal_runs;
        let runs = runs.and_then(|runs| usize::try_from(runs).ok()).unwrap_or(RUNS);
        let extent = Extent { seed: SEED, runs, failures_with_calls: Some(MOST_CALLS) };
        let (answer, has_answer) = oneshot::channel();
        let work = move || {
            let made = rehearse(&extent, at, &snapshot, release, &choices, &progress).map_err(refused);
            // Whoever asked may have gone away.
            let _gone = answer.send(made);
        };
        let thread = std::thread::Builder::new().name("rehearsal".to_owned()).stack_size(STACK_BYTES);
        thread.spawn(work).map_err(refused)?;
        let broken =
            |_| BackendError::Refused("the rehearsal broke off by a fault of this program".to_owned());
        has_answer.await.map_err(broken)?
    }
}

fn rehearse(
    extent: &Extent,
    at: Timestamp,
    snapshot: &Snapshot,
    release: NewRelease,
    choices: &UpgradeChoices,
    progress: &Progress,
) -> Result<Rehearsal, CliError> {
    let preparing = rehearsal::Rehearsal::prepare(snapshot, release, &choices.given);
    let rehearsal = virtual_time()?.block_on(preparing)?;
    let told = told(extent, snapshot, &rehearsal, &|part, done, all| {
        let part = match part {
            Part::Runs => RehearsalPart::Runs,
            Part::Failures => RehearsalPart::Failures,
        };
        progress.is_wanted(part, done, all)
    })?;
    of_told(at, told, choices)
}

/// What the panel shows of it.
fn of_told(at: Timestamp, told: Told, choices: &UpgradeChoices) -> Result<Rehearsal, CliError> {
    let picture = |svg: &str| Picture::parse(&unstyled(svg)).map_err(CliError::untouched);
    let (timeline, distribution) = (picture(&timeline_svg(&told))?, picture(&distribution_svg(&told))?);
    let Told {
        program: _,
        deployment: _,
        from_version: _,
        to_version: _,
        seed,
        taken_at: _,
        distribution: runs,
        point_of_no_return,
        affected: _,
        timeline: _,
        failures: tried,
        assumed,
        not_simulated,
        made_up,
        compared: _,
        accepted,
    } = told;
    let step =
        |many::StepSpread { step, took }| StepTime { title: step.title().to_owned(), took: spread(took) };
    let longest = |one: many::Longest| LongResource {
        logical_id: one.logical_id,
        resource_type: one.resource_type,
        percent: one.percent,
        took: spread(one.took),
        provenance: one.provenance.title().to_owned(),
    };
    let share = |(from, percent): (changeset::durations::Provenance, u64)| ProvenanceShare {
        percent,
        from: from.title().to_owned(),
    };
    Ok(Rehearsal {
        at,
        runs: runs.runs,
        seed,
        users_out: runs.downtime.map(spread),
        ends: runs.ends.into_iter().map(|(end, count)| EndCount { end: ended(end), count }).collect(),
        failures: failures(tried.unwrap_or_default()),
        steps: runs.steps.into_iter().map(step).collect(),
        longest: runs.critical.into_iter().take(MOST_LONGEST).map(longest).collect(),
        point_of_no_return: point_of_no_return.map(|point| point.to_string()),
        provenance: runs.provenance.into_iter().map(share).collect(),
        assumed,
        not_simulated: not_simulated.into_iter().chain(not_taken_over(choices)).collect(),
        made_up,
        accepted,
        timeline,
        distribution,
    })
}

/// What the proposal decides and the rehearsal leaves out.
fn not_taken_over(choices: &UpgradeChoices) -> Vec<String> {
    let UpgradeChoices { given: _, accepted: _, options, force_sessions, closes_at, .. } = choices;
    let sentences = [
        (*options != UpdateOptions::default())
            .then_some("The proposal's own settings of the stack operation: the stack's are kept."),
        closes_at
            .map(|_| "The time that was chosen for the gate to close: it closes after the settings' notice."),
        (!force_sessions.is_empty())
            .then_some("Which sessions may be stopped unsaved: in the rehearsal none may."),
    ];
    sentences.into_iter().flatten().map(str::to_owned).collect()
}

/// In whole seconds, the nearest.
fn spread(spread: many::Spread) -> Spread {
    let many::Spread { p5, median, p90, p95, p99: _ } = spread;
    let seconds = |milliseconds: u64| milliseconds.saturating_add(500) / 1000;
    Spread {
        p5_seconds: seconds(p5),
        median_seconds: seconds(median),
        p90_seconds: seconds(p90),
        p95_seconds: seconds(p95),
    }
}

fn ended(end: End) -> RehearsalEnd {
    match end {
        End::Finished => RehearsalEnd::Finished,
        End::RolledBack => RehearsalEnd::RolledBack,
        End::Held => RehearsalEnd::WaitsForPerson,
        End::KeptOut => RehearsalEnd::KeptOut,
        End::Broken => RehearsalEnd::Broken,
    }
}

fn failures(failures: Failures) -> TriedFailures {
    let Failures { outcomes, ends: _, sampled, unmet } = failures;
    let count = |end: End| outcomes.iter().filter(|one| one.end == end).count();
    let ends = End::ALL.map(|end| EndCount { end: ended(end), count: count(end) });
    let sampled = sampled.into_iter().map(|(group, Sampled { tried, there })| {
        format!("Of {there} with \"{group}\" {tried} were tried, evenly spread.")
    });
    let unmet = (!unmet.is_empty()).then(|| format!("The run never came to these: {}.", unmet.join("; ")));
    TriedFailures {
        tried: outcomes.len(),
        sampled: sampled.chain(unmet).collect(),
        ends: ends.into_iter().filter(|one| one.count > 0).collect(),
        need_a_person: outcomes.into_iter().filter(Failure::needs_a_person).map(grave).collect(),
    }
}

fn grave(failure: Failure) -> GraveFailure {
    let Failure { cause: _, title, end, reason, downtime: _, whole: _, lost: _, ways_out } = failure;
    let way_out = ways_out.into_iter().next().map(|way| WayOut {
        answer: way.answer.to_owned(),
        skip: way.skip,
        end: ended(way.end),
        stack_status: way.stack_status,
    });
    GraveFailure { title, end: ended(end), reason, way_out }
}
