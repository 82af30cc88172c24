//! A proposal's upgrade rehearsed over the API: begun as a task, and read.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::audit_name;
use crate::api::audited::audited;
use crate::moment::Moment;
use crate::panel::Panel;
use crate::proposals::{
    self, EndCount, LongResource, Picture, Progress, ProvenanceShare, RehearsalPart, RehearsalStanding,
    Spread, StepTime, TriedFailures, UnderWay,
};
use crate::web::{Call, Failure};

/// Where a rehearsal of a proposal stands, of the proposal as it is.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RehearsalStanding")]
pub(in crate::api) struct Standing {
    standing: StandingWord,
    /// While it is under way: since when, with what, how much of that is done, of how much.
    since: Option<Moment>,
    part: Option<RehearsalPart>,
    done: Option<usize>,
    all: Option<usize>,
    /// Why it could not be made.
    reason: Option<String>,
    rehearsal: Option<Rehearsal>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "RehearsalStandingWord")]
enum StandingWord {
    None,
    UnderWay,
    Failed,
    Done,
}

/// What came of a rehearsal.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Rehearsal {
    /// When the deployment was looked at for it.
    at: Moment,
    /// In a sentence.
    summary: String,
    runs: usize,
    /// Of the first run; each following one has the next.
    seed: u64,
    /// How long finished runs keep users out; `null`: they don't, or none finished.
    users_out: Option<Spread>,
    /// How many of the runs came to which end.
    ends: Vec<EndCount>,
    failures: TriedFailures,
    /// Of finished runs, in their order.
    steps: Vec<StepTime>,
    /// The resources that make the update long, the first most.
    longest: Vec<LongResource>,
    /// From where on the update can't be taken back.
    point_of_no_return: Option<String>,
    /// Where the times are from, the best first.
    provenance: Vec<ProvenanceShare>,
    /// Types whose times nobody has measured, each with what is done.
    assumed: Vec<String>,
    /// What isn't simulated, a sentence each.
    not_simulated: Vec<String>,
    /// Secret parameters whose values are made up, as `STACK/PARAMETER`.
    made_up: Vec<String>,
    /// Checks that warn, and were accepted for the rehearsal.
    accepted: Vec<String>,
    /// The run in the middle, in its course: SVG without a style of its own.
    timeline: Picture,
    /// How often users are out for how long: the same.
    distribution: Picture,
}

impl From<RehearsalStanding> for Standing {
    fn from(standing: RehearsalStanding) -> Standing {
        let bare = |standing| Standing {
            standing,
            since: None,
            part: None,
            done: None,
            all: None,
            reason: None,
            rehearsal: None,
        };
        match standing {
            RehearsalStanding::None => bare(StandingWord::None),
            RehearsalStanding::UnderWay(UnderWay { since, part, done, all }) => Standing {
                since: Some(since.into()),
                part: Some(part),
                done: Some(done),
                all: Some(all),
                ..bare(StandingWord::UnderWay)
            },
            RehearsalStanding::Failed { at: _, reason } => {
                Standing { reason: Some(reason), ..bare(StandingWord::Failed) }
            }
            RehearsalStanding::Done(rehearsal) => {
                Standing { rehearsal: Some(Rehearsal::from(*rehearsal)), ..bare(StandingWord::Done) }
            }
        }
    }
}

impl From<proposals::Rehearsal> for Rehearsal {
    fn from(rehearsal: proposals::Rehearsal) -> Rehearsal {
        let summary = rehearsal.in_a_sentence();
        let proposals::Rehearsal {
            at,
            runs,
            seed,
            users_out,
            ends,
            failures,
            steps,
            longest,
            point_of_no_return,
            provenance,
            assumed,
            not_simulated,
            made_up,
            accepted,
            timeline,
            distribution,
        } = rehearsal;
        Rehearsal {
            at: at.into(),
            summary,
            runs,
            seed,
            users_out,
            ends,
            failures,
            steps,
            longest,
            point_of_no_return,
            provenance,
            assumed,
            not_simulated,
            made_up,
            accepted,
            timeline,
            distribution,
        }
    }
}

pub(in crate::api) async fn rehearsal(call: Call) -> Result<Standing, Failure> {
    let proposal = call.panel.proposals.get(&call.id)?;
    Ok(call.panel.proposals.rehearsal(&proposal)?.into())
}

/// Rehearse the upgrade, as a task: its standing says when it is over.
pub(in crate::api) async fn rehearse(call: Call) -> Result<Standing, Failure> {
    let work = async {
        let proposal = begin_rehearsal(&call.panel, &call.id)?;
        Ok(call.panel.proposals.rehearsal(&proposal)?.into())
    };
    audited(&call, "rehearse upgrade", &audit_name(&call), work).await
}

fn begin_rehearsal(panel: &Panel, id: &str) -> Result<proposals::Proposal, Failure> {
    let proposal = panel.proposals.begin_rehearsal(id, panel.now())?;
    // Read afterwards: one that was changed meanwhile is of another revision, and so is not rehearsed for this one.
    let template = match panel.proposals.template(&proposal) {
        Ok(template) => template,
        Err(error) => {
            let reason = Err(error.to_string());
            panel.proposals.end_rehearsal(id, proposal.revision, reason, panel.now())?;
            return Err(error.into());
        }
    };
    let (kept, of, revision) = (Arc::clone(&panel.proposals), proposal.id.clone(), proposal.revision);
    let progress =
        Progress::new(move |part, done, all| kept.rehearsal_goes_on(&of, revision, part, done, all));
    let (panel, rehearsed) = (panel.clone(), proposal.clone());
    tokio::spawn(async move {
        let (backend, deployment) = (Arc::clone(&panel.backend), rehearsed.deployment.clone());
        let choices = rehearsed.choices.clone();
        // A task of its own: one that breaks is over as well.
        let rehearsing =
            tokio::spawn(async move { backend.rehearse(&deployment, &template, &choices, progress).await });
        let found = match rehearsing.await {
            Ok(found) => found.map_err(|error| error.to_string()),
            Err(_) => Err("the rehearsal broke off by a fault of this program".to_owned()),
        };
        let ended = panel.proposals.end_rehearsal(&rehearsed.id, rehearsed.revision, found, panel.now());
        if let Err(error) = ended {
            // There is nobody to answer: it is as if nobody had rehearsed.
            eprintln!("slackwater: {error}");
        }
    });
    Ok(proposal)
}
