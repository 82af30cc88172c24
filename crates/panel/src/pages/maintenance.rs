//! System maintenance of one deployment.

mod enabling;

use std::sync::Arc;

use axum::Extension;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use conductor::Claim;
use http::HeaderMap;
use maud::{Markup, html};
use upgrade::{Timestamp, Users};

use self::enabling::enable;
use super::follow::{self, BUSY_SECONDS, Made, Parts, QUIET_SECONDS};
use super::form::{Send, form};
use super::run::{glance, held, stopped};
use crate::access::Permission;
use crate::backend::{BackendError, DeploymentSummary, Look};
use crate::live::{RunDigest, RunPicture, Unreadable};
use crate::usual::Usual;
use crate::waiting::waiting;
use crate::web::{Call, Failure, Frame, Icon, Page, waiting_count};
use crate::words::{
    Tone, carried_out_by, counted, maintenance_mode, means_for_users, pill, purpose, run_status, since_by,
    when,
};

pub(super) const PAGES: &[Page] = &[
    Page::new("/deployments/{name}/maintenance", || get(show)),
    Page::new("/deployments/{name}/maintenance/stream", || get(stream).layer(Extension(Made::default()))),
];

/// What the page shows.
struct Maintenance<'a> {
    settings: &'a DeploymentSummary,
    /// Whether the reader may change anything.
    may_run: bool,
    look: &'a Result<Arc<Look>, BackendError>,
    /// Its last run, where it can be read.
    last: Option<&'a RunPicture>,
    /// Who carries the last run out.
    claim: Option<&'a Claim>,
    /// The last run's id, and why it can't be read.
    unreadable: Option<(&'a str, &'a Unreadable)>,
    /// Whether the run that closed the gate is in this journal: another data directory's isn't.
    knows_closer: bool,
    /// How long the last run's steps take.
    usual: &'a Usual,
    now: Timestamp,
}

async fn show(call: Call) -> Result<Response, Failure> {
    let settings = call.deployment()?;
    let parts = parts(&call).await?;
    let stream = format!("/deployments/{}/maintenance/stream?{}", settings.name, follow::shown(&parts));
    let body = html! {
        header.head {
            p.crumb { a href="/" { "Overview" } " / " (settings.name) }
            h1 { "System maintenance" }
        }
        div data-follow=(stream) data-now=(call.panel.now().0) {
            p.offline role="status" hidden { "Connection lost. This page catches up by itself." }
            @for (name, html) in parts.regions.iter().filter(|(name, _)| *name != "waiting") {
                div id=(name) aria-live=[(*name == "mode").then_some("polite")] { (html) }
            }
        }
    };
    let title = format!("System maintenance – {}", settings.name);
    let icon = Icon::of(if parts.is_urgent { Tone::Bad } else { Tone::Quiet });
    let refreshes = parts.again_seconds == BUSY_SECONDS;
    Ok(Frame { icon, refreshes, ..call.frame("", &title, body) }.into_response())
}

async fn stream(
    call: Call,
    Extension(made): Extension<Made>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    call.deployment()?;
    follow::follow(call, made, &headers, |call| Box::pin(async move { parts(&call).await }))
}

async fn parts(call: &Call) -> Result<Parts, Failure> {
    let (panel, settings) = (&call.panel, call.deployment()?);
    let look = panel.looks.deployment(&settings.name).await;
    let runs = panel.live.runs().await?;
    let last = match runs.iter().rev().find(|run| run.deployment == settings.name) {
        None => None,
        // One that can't be read is said, and hides nothing: maintenance is left without a journal, too.
        Some(run) => {
            let last = panel.live.run(&run.run_id).await;
            Some(last.map_err(|why| (run.run_id.as_str(), Unreadable::new(run, why))))
        }
    };
    let (last, unreadable) = match &last {
        Some(Ok(last)) => (Some(&**last), None),
        Some(Err((run_id, why))) => (None, Some((*run_id, why))),
        None => (None, None),
    };
    let claim = match last {
        Some(last) => panel.live.carried_out_by(&last.plan.run_id).await?,
        None => None,
    };
    let found = look.as_ref().ok().and_then(|look| look.maintenance());
    let usual = match last {
        Some(last) => Usual::of_run(panel, &last.plan).await,
        None => Usual::default(),
    };
    let page = Maintenance {
        settings: &settings,
        may_run: call.asker.may(Permission::Run),
        look: &look,
        last,
        claim: claim.as_ref(),
        unreadable,
        knows_closer: found.is_some_and(|found| runs.iter().any(|run| run.run_id == found.run_id)),
        usual: &usual,
        now: panel.now(),
    };
    let waits = waiting(panel, &call.asker).await.unwrap_or_default();
    let is_busy = page.running().is_some() || found.is_some();
    let mut regions = page.regions();
    regions.push(("waiting", waiting_count(waits.len())));
    Ok(Parts {
        regions,
        again_seconds: if is_busy { BUSY_SECONDS } else { QUIET_SECONDS },
        is_urgent: waits.iter().any(|one| one.deployment == settings.name),
    })
}

impl Maintenance<'_> {
    /// The last run, where it goes on.
    fn running(&self) -> Option<&RunPicture> {
        self.last.filter(|last| last.telling.report().outcome.is_none())
    }

    /// The parts of the page, from top to bottom. What is typed is in one of its own: it is told anew only when what it offers
    /// is another.
    fn regions(&self) -> Vec<(&'static str, Markup)> {
        let Maintenance {
            settings: _,
            may_run: _,
            look,
            last,
            claim: _,
            unreadable: _,
            knows_closer,
            usual: _,
            now: _,
        } = self;
        let mode = html! { @match look {
            Err(error) => p.notice.mind { "The deployment could not be looked at: " (error) },
            Ok(look) => { (mode(look, *knows_closer)) (taken_away(look)) },
        } };
        vec![
            ("mode", mode),
            ("under-way", self.under_way()),
            ("acts", self.acts()),
            ("work", html! { @if let Ok(look) = look { (at_work(look)) } }),
            ("health", html! { @if let Ok(look) = look { (health_of_parts(look)) } }),
            ("stopped", html! { @if let Some(last) = last { (stopped(last.telling.report())) } }),
            ("looked", html! { @if let Ok(look) = look { p.sub { "Looked at " (when(look.at)) } } }),
        ]
    }

    /// The run that goes on: how far it is, and what holds it.
    fn under_way(&self) -> Markup {
        html! {
            @if let Some(run) = self.running() {
                section aria-labelledby="under-way-title" {
                    h2 #under-way-title { (purpose(Some(run.plan.kind))) " "
                        @if let Ok(digest) = RunDigest::new(run) { @let (tone, words) = run_status(&digest.status); (pill(tone, &words)) } }
                    (glance(run, self.usual, self.claim.is_some(), false, self.now))
                    @if let Some(state) = run.telling.state() { (held(&state.waiting_on)) }
                    p.sub { "Run " a href={ "/runs/" (run.plan.run_id) } { (run.plan.run_id) } " has not ended. "
                        @match self.claim {
                            Some(claim) => { "Carried out by " (carried_out_by(claim)) "." },
                            None => "Nobody carries it out at this moment.",
                        } }
                    p { a.button href={ "/runs/" (run.plan.run_id) } {
                        @if run.telling.state().is_some_and(|state| state.question.is_some()) { "Decide" } @else { "Watch it" }
                    } }
                }
            }
            @match self.unreadable {
                Some((run_id, Unreadable::NotBegun)) => p.notice.mind { "The last run, " code { (run_id) } ", was claimed and has not been begun." },
                Some((run_id, why @ (Unreadable::Damaged(_) | Unreadable::NoAnswer(_)))) => {
                    p.notice.mind { "The journal of the last run, " code { (run_id) } ", can't be read (" (why.word()) "): " (why.reason()) }
                },
                None => {},
            }
        }
    }

    /// What can be done.
    fn acts(&self) -> Markup {
        let seen = self.look.as_ref().ok().map(Arc::as_ref);
        let is_open = seen.is_some_and(|look| look.is_open());
        let is_on = seen.is_some_and(|look| look.maintenance().is_some());
        // What nobody could look at may have been taken away.
        let is_whole = seen.is_some_and(|look| look.taken_away.as_ref().is_ok_and(Vec::is_empty));
        let is_running = self.running().is_some();
        html! {
            @if !self.may_run { p.sub { "An operator enables and disables maintenance mode." } }
            @else {
                @if is_on && !is_running { (upgrade_now(self.settings)) }
                @if !is_open || !is_whole || is_running { (disable(self, self.running())) }
                @if !is_running && is_open { (enable(self.settings, seen, false)) }
                @else if !is_running && is_on && seen.is_some_and(is_at_work) { (enable(self.settings, seen, true)) }
            }
        }
    }
}

/// The vendor's second step.
fn upgrade_now(settings: &DeploymentSummary) -> Markup {
    html! {
        section {
            h2 { "Upgrade now" }
            p { "Maintenance mode is on: an upgrade uses it, and ends it when the new release has proved healthy." }
            p { a.button.primary href={ "/deployments/" (settings.name) "/upgrade" } { "Upgrade now" } }
        }
    }
}

/// Maintenance mode, and whose it is: from the gate's own note, whoever entered it.
fn mode(look: &Look, knows_closer: bool) -> Markup {
    html! {
        div.standing {
            p.big { "Maintenance mode: " (maintenance_mode(&look.users)) }
            @match &look.users {
                Ok(seen @ (Users::In | Users::AtWork)) => p { (means_for_users(seen)) },
                Ok(seen @ (Users::Out(found) | Users::Stopped(found))) => {
                    p { "On" (since_by(found)) ". " (means_for_users(seen)) }
                    p.sub.wrap { "Enabled by run "
                        @if knows_closer { a href={ "/runs/" (found.run_id) } { (found.run_id) } }
                        @else { code { (found.run_id) } ", whose journal isn't this panel's: from another data directory. It can be disabled here all the same" }
                        "." }
                },
                Err(why) => p { "The gate could not be looked at: " (why) },
            }
            @if !look.doors.is_empty() { details { summary { "Every way in" } ul { @for door in &look.doors { li.wrap { (door) } } } } }
            p.sub { "Stack " (look.status) @if let Some(version) = &look.version { ", release " (version) } "." }
        }
    }
}

/// What bears the note of maintenance and is as it leaves it.
fn taken_away(look: &Look) -> Markup {
    let is_open = look.is_open();
    html! {
        @match &look.taken_away {
            Err(why) => p.notice.mind { "What is still to be put back could not be looked at: " (why) },
            Ok(lines) if lines.is_empty() => {},
            Ok(lines) => {
                @let all = html! { ul { @for line in lines { li { (line) } } } };
                @if is_open { div.notice.mind { p { "Maintenance mode is off, and this of it is still to be put back. Disabling it goes on with that." } (all) } }
                @else { section { h2 { "To be put back" } p { "Disabling maintenance mode puts it back as it was." } (all) } }
            },
        }
    }
}

/// Whether something runs that maintenance ends.
fn is_at_work(look: &Look) -> bool {
    let Look { jobs, workers, services, .. } = look;
    jobs.as_ref().is_ok_and(|jobs| !jobs.is_empty())
        || services
            .as_ref()
            .is_ok_and(|all| all.iter().any(|one| !one.tasks.is_empty() || one.desired_count > 0))
        || workers
            .as_ref()
            .is_ok_and(|all| all.iter().any(|one| !one.instances.is_empty() || one.max_size > 0))
}

/// Leaving, with everything asked for that it would meet: as the command line's flags do.
fn disable(page: &Maintenance<'_>, running: Option<&RunPicture>) -> Markup {
    let path = format!("/deployments/{}/maintenance/disable", page.settings.name);
    let is_held = running.is_some() && page.claim.is_some();
    let is_updating = page.look.as_ref().is_ok_and(|look| look.status.ends_with("_IN_PROGRESS"));
    let asked = |name: &str, is_required: bool, what: &str, means: &Markup| {
        html! { label.check { input type="checkbox" name=(name) required[is_required];
        span { strong { (what) } br; small { (means) } } } }
    };
    html! {
        section {
            h2 { "Disable maintenance mode" }
            p { "Everything that was switched off is put back, the platform must prove itself healthy, then maintenance ends." }
            (form(Send { method: "POST", path: &path, then: "/runs/{runId}" }, "stack", &html! {
                div {
                    @if let Some(run) = running.filter(|_| is_held) {
                        (asked("stopRun", true, "Stop the run first", &html! {
                            "Run " (run.plan.run_id) " is being carried out. It is asked to stop, and puts back what it took away; an update under way is "
                            "cancelled and rolled back before that. Maintenance that it had found stays, and is disabled here once the run has ended." }))
                    } @else if let Some(run) = running {
                        p { "Run " (run.plan.run_id) " is gone on with here, asked to stop, and puts back what it took away." }
                    }
                    @if is_updating {
                        (asked("whileUpdating", !is_held, "End it while the stack is being updated", &html! {
                            "Users meet whatever CloudFormation is changing under them. A run of ours is ended as it is, and the update goes on without it." }))
                    }
                    (asked("althoughUnhealthy", false, "End it although the platform is unhealthy", &html! {
                        "Its health is not waited for, and the report says so. Otherwise maintenance lasts until it has proved healthy, or somebody decides." }))
                }
                button.primary { "Disable maintenance mode" }
            }))
        }
    }
}

/// Each part that proves the platform healthy, as it is now: who is sick first.
fn health_of_parts(look: &Look) -> Markup {
    let in_words = |healthy| if healthy { (Tone::Good, "healthy") } else { (Tone::Bad, "unhealthy") };
    html! {
        section {
            h2 { "Health" }
            @match &look.health {
                Err(why) => p.notice.mind { "The platform's health is unknown: " (why) },
                Ok(parts) if parts.is_empty() => p.sub { "The settings ask nothing for its health." },
                Ok(parts) => ul.names {
                    @for is_well in [false, true] { @for part in parts.iter().filter(|part| part.healthy == is_well) {
                        li.wrap { @let (tone, words) = in_words(is_well); (pill(tone, words)) " " (part.what) " · " (part.detail) }
                    } }
                },
            }
            @if look.maintenance().is_some() { p.sub { "While maintenance mode is on, pages and the platform itself may be down for its sake, and aren't asked." } }
        }
    }
}

fn at_work(look: &Look) -> Markup {
    html! {
        section {
            h2 { "At work now" }
            (names("Jobs", "unfinished job", &look.jobs, |job| {
                html! { (job.name) " · " (job.status) " · " (job.owner.as_deref().unwrap_or("nobody known")) }
            }))
            @if let Some(sessions) = &look.sessions {
                (names("Sessions", "session", sessions, |one| html! { (one.name) " · " (one.owner) }))
            }
            @if let Some(computations) = &look.computations {
                (names("Computations", "computation", computations, |one| {
                    html! { (one.name) " · " (one.status) " · " (one.owner) }
                }))
            }
            @match &look.workers {
                Err(error) => p.notice.mind { "Workers are unknown: " (error) },
                Ok(groups) => ul.names { @for group in groups {
                    li { (group.name) " · " (counted(group.instances.len(), "instance")) " · sizes " (group.min_size) " to " (group.max_size) }
                } },
            }
            @match &look.services {
                Err(error) => p.notice.mind { "ECS services are unknown: " (error) },
                Ok(services) => ul.names { @for service in services {
                    li { (service.name()) " · " (service.running_count) " of " (counted(usize::try_from(service.desired_count).unwrap_or(0), "task")) }
                } },
            }
        }
    }
}

/// Things at work, each in a line; folded where they are many.
fn names<T>(title: &str, noun: &str, found: &Result<Vec<T>, String>, line: impl Fn(&T) -> Markup) -> Markup {
    html! { @match found {
        Err(error) => p.notice.mind { (title) " are unknown: " (error) },
        Ok(all) if all.is_empty() => p.sub { "No " (noun) "s." },
        Ok(all) => details open[all.len() < 10] {
            summary { (counted(all.len(), noun)) }
            ul.names { @for one in all { li { (line(one)) } } }
        },
    } }
}
