//! History: every run, newest first.

use std::collections::{BTreeMap, HashMap};

use axum::response::{IntoResponse, Response};
use axum::routing::get;
use conductor::RunSummary;
use maud::{Markup, html};
use upgrade::RunKind;

use crate::live::ListedRun;
use crate::proposals::Proposal;
use crate::web::{Call, Failure, Page};
use crate::words::{duration, pill, purpose, run_status, runs_unread, unreadable, when};

pub(super) const PAGES: &[Page] = &[Page { link: Some("History"), ..Page::new("/history", || get(show)) }];

/// Runs on a page.
const RUNS: usize = 50;

/// What runs can be for, as an address has it.
const KINDS: [(&str, RunKind); 3] = [
    ("upgrade", RunKind::Upgrade),
    ("enable", RunKind::EnterMaintenance),
    ("disable", RunKind::LeaveMaintenance),
];

/// Which runs are wanted.
#[derive(Debug, Default)]
struct Wish {
    deployment: Option<String>,
    kind: Option<(&'static str, RunKind)>,
}

impl Wish {
    fn of(call: &Call) -> Wish {
        let deployment = call.query("deployment").filter(|name| !name.is_empty()).map(str::to_owned);
        let kind = KINDS.into_iter().find(|(word, _)| call.query("kind") == Some(word));
        Wish { deployment, kind }
    }

    fn wants(&self, run: &RunSummary) -> bool {
        self.deployment.as_ref().is_none_or(|name| run.deployment == *name)
            && self.kind.is_none_or(|(_, kind)| run.kind == Some(kind))
    }

    /// For an address, after its first parameter; empty where everything is wanted.
    fn query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.deployment.iter().map(|name| ("deployment", name.as_str())));
        query.extend_pairs(self.kind.iter().map(|(word, _)| ("kind", *word)));
        let query = query.finish();
        if query.is_empty() { query } else { format!("&{query}") }
    }

    fn fields(&self, deployments: &[String]) -> Markup {
        html! {
            form.filter method="get" action="/history" {
                label { "Deployment" select name="deployment" {
                    option value="" { "all" }
                    @for name in deployments { option value=(name) selected[self.deployment.as_ref() == Some(name)] { (name) } }
                } }
                label { "What" select name="kind" {
                    option value="" { "everything" }
                    @for (word, kind) in KINDS { option value=(word) selected[self.kind.is_some_and(|(one, _)| one == word)] { (purpose(Some(kind))) } }
                } }
                button { "Show" }
            }
        }
    }
}

async fn show(call: Call) -> Result<Response, Failure> {
    let panel = &call.panel;
    let wish = Wish::of(&call);
    let wants = |run: &RunSummary| wish.wants(run);
    let runs = panel.live.page_of(call.query("before"), RUNS, wants).await?.ok_or(Failure::NotFound)?;
    let older = (runs.len() == RUNS).then(|| runs.last().map(|run| run.summary.run_id.clone())).flatten();
    let mut proposals = HashMap::new();
    for run in &runs {
        let run_id = &run.summary.run_id;
        proposals.extend(panel.proposals.by_run(run_id)?.map(|proposal| (run_id.clone(), proposal)));
    }
    let deployments: Vec<String> = panel.backend.deployments().into_iter().map(|one| one.name).collect();
    let body = html! {
        h1 { "History" }
        (wish.fields(&deployments))
        (page(&runs, &panel.live.unread(), &proposals, older.as_deref(), &wish))
    };
    Ok(call.frame("/history", "History", body).into_response())
}

/// `unread`: deployments whose runs could not be read, with the reason; `proposals` are those that runs came of, by run;
/// `older` begins the next page.
fn page(
    runs: &[ListedRun],
    unread: &BTreeMap<String, String>,
    proposals: &HashMap<String, Proposal>,
    older: Option<&str>,
    wish: &Wish,
) -> Markup {
    html! {
        @for (deployment, reason) in unread { (runs_unread(deployment, reason)) }
        @if runs.is_empty() {
            @if unread.is_empty() {
                p.empty { (if wish.query().is_empty() { "Nothing was run yet. What is, stays here: its plan, its report, who decided." } else { "No run is like that." }) }
            }
        }
        @else {
            div.scroll tabindex="0" role="region" aria-label="Runs" {
                table.cards-on-phone {
                    thead { tr { th { "Began" } th { "Deployment" } th { "What" } th { "Release" } th { "Approved by" } th { "How it stands" } th.number { "Took" } } }
                    tbody { @for ListedRun { summary: run, digest } in runs {
                        tr {
                            td { (when(run.created_at)) }
                            td { (run.deployment) }
                            td { a href={ "/runs/" (run.run_id) } { (purpose(run.kind)) } }
                            @let by = digest.as_ref().ok().and_then(|digest| digest.approved_by.as_deref());
                            @let approved = approved(by, proposals.get(&run.run_id));
                            @match digest {
                                Ok(digest) => {
                                    @let (tone, words) = run_status(&digest.status);
                                    td { @if let Some(to) = &digest.to_version {
                                        (digest.from_version.as_deref().unwrap_or("?")) " → " (to)
                                    } @else { span.sub { "–" } } }
                                    td { (approved) }
                                    td { (pill(tone, &words)) }
                                    td.number { (duration(digest.last_at.milliseconds_since(digest.started_at))) }
                                },
                                Err(why) => {
                                    td { span.sub { "–" } }
                                    td { (approved) }
                                    td colspan="2" { (unreadable(why)) br; small { (why.reason()) } }
                                },
                            }
                        }
                    } }
                }
            }
            @if let Some(older) = older { p { a.button href={ "/history?before=" (older) (wish.query()) } { "Older runs" } } }
        }
    }
}

/// Whoever approved its plan, as its journal has it or else the proposal; and the way to what was approved in the panel.
fn approved(by: Option<&str>, proposal: Option<&Proposal>) -> Markup {
    let approval = proposal.and_then(|proposal| proposal.stage.approval());
    let by = by.or(approval.map(|approval| approval.by.as_str()));
    html! {
        @match (by, proposal) {
            (Some(by), Some(proposal)) => a href={ "/proposals/" (proposal.id) } { (by) },
            (Some(by), None) => (by),
            (None, _) => span.sub { "–" },
        }
    }
}
