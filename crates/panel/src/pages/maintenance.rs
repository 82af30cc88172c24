//! System maintenance of one deployment.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use axum::routing::get;
use conductor::Claim;
use maud::{Markup, html};
use upgrade::Users;

use super::form::{Send, form};
use super::run::stopped;
use crate::access::Permission;
use crate::backend::{BackendError, DeploymentSummary, Look};
use crate::live::{RunDigest, RunPicture, Unreadable};
use crate::web::{Call, Failure, Page};
use crate::words::{carried_out_by, counted, pill, purpose, run_status, since_by, users, when};

pub(super) const PAGES: &[Page] = &[Page::new("/deployments/{name}/maintenance", || get(show))];

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
}

async fn show(call: Call) -> Result<Response, Failure> {
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
    let body = page(&Maintenance {
        settings: &settings,
        may_run: call.asker.may(Permission::Run),
        look: &look,
        last,
        claim: claim.as_ref(),
        unreadable,
        knows_closer: found.is_some_and(|found| runs.iter().any(|run| run.run_id == found.run_id)),
    });
    Ok(call.frame("", "System maintenance", body).into_response())
}

fn page(page: &Maintenance<'_>) -> Markup {
    let Maintenance { settings, may_run, look, last, claim, unreadable, knows_closer } = page;
    let running = last.filter(|last| last.telling.report().outcome.is_none());
    let seen = look.as_ref().ok();
    let is_open = seen.is_some_and(|look| look.is_open());
    let is_closed = seen.is_some_and(|look| look.maintenance().is_some());
    // What nobody could look at may have been taken away.
    let is_whole = seen.is_some_and(|look| look.taken_away.as_ref().is_ok_and(Vec::is_empty));
    html! {
        header.head {
            p.crumb { a href="/" { "Overview" } " / " (settings.name) }
            h1 { "System maintenance" }
        }
        @match look {
            Err(error) => p.notice.mind { "The deployment could not be looked at: " (error) },
            Ok(look) => { (who_is_in(look, *knows_closer)) (taken_away(look)) },
        }
        @if let Some(run) = running {
            div.notice.busy {
                p { "Run " a href={ "/runs/" (run.plan.run_id) } { (run.plan.run_id) } " (" (purpose(Some(run.plan.kind))) ") has not ended: "
                    @if let Ok(digest) = RunDigest::new(run) { @let (tone, words) = run_status(&digest.status); (pill(tone, &words)) }
                    @match claim {
                        Some(claim) => { " " span.sub { (carried_out_by(claim)) } },
                        None => " Nobody carries it out at this moment.",
                    } }
                p { a.button href={ "/runs/" (run.plan.run_id) } { "Watch it" } }
            }
        }
        @match unreadable {
            Some((run_id, Unreadable::NotBegun)) => p.notice.mind { "The last run, " code { (run_id) } ", was claimed and has not been begun." },
            Some((run_id, why @ (Unreadable::Damaged(_) | Unreadable::NoAnswer(_)))) => {
                p.notice.mind { "The journal of the last run, " code { (run_id) } ", can't be read (" (why.word()) "): " (why.reason()) }
            },
            None => {},
        }
        @if !may_run { p.sub { "An operator enables and disables maintenance." } }
        @else {
            @if !is_open || !is_whole || running.is_some() { (disable(page, running)) }
            @if running.is_none() && is_open { (enable(settings, false)) }
            @else if running.is_none() && is_closed && seen.is_some_and(|look| is_at_work(look)) { (enable(settings, true)) }
        }
        @if let Ok(look) = look { (at_work(look)) }
        @if let Some(last) = last { (stopped(last.telling.report())) }
    }
}

/// Whether users are in, and whose maintenance keeps them out: from the gate's own note, whoever entered it.
fn who_is_in(look: &Look, knows_closer: bool) -> Markup {
    html! {
        div.standing {
            p.big { "Users: " (users(&look.users)) }
            @match &look.users {
                Ok(Users::In | Users::AtWork) => {},
                Ok(Users::Out(found) | Users::Stopped(found)) => {
                    p { "In maintenance" (since_by(found)) "." }
                    p.sub.wrap { "Entered by run "
                        @if knows_closer { a href={ "/runs/" (found.run_id) } { (found.run_id) } }
                        @else { code { (found.run_id) } ", whose journal isn't this panel's: from another data directory. It can be left here all the same" }
                        "." }
                },
                Err(why) => p { "The gate could not be looked at: " (why) },
            }
            @if !look.doors.is_empty() { details { summary { "Every way in" } ul { @for door in &look.doors { li.wrap { (door) } } } } }
            p.sub { "Stack " (look.status) @if let Some(version) = &look.version { ", release " (version) } ". Looked at " (when(look.at)) }
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
                @if is_open { div.notice.mind { p { (if look.users == Ok(Users::AtWork) { "Work goes on" } else { "Users are let in" }) ", and this is still to be put back. Disabling maintenance goes on with it." } (all) } }
                @else { section { h2 { "To be put back" } p { "Disabling maintenance puts it back as it was." } (all) } }
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

/// `completes`: the deployment is in maintenance, and something of it isn't complete.
fn enable(settings: &DeploymentSummary, completes: bool) -> Markup {
    let path = format!("/deployments/{}/maintenance/enable", settings.name);
    let words = if completes { "Complete maintenance mode" } else { "Enable maintenance mode" };
    html! {
        section {
            h2 { (words) }
            @if completes { p { "The deployment is in maintenance, and something is at work all the same: see below. Sessions are saved, work ends, workers go." } }
            @else { p { "Users are told, then " (if settings.has_gate { "kept out; " } else { "their work is stopped, for there is no gate; " }) "sessions are saved, work ends, workers go. It can be disabled at any time." } }
            (form(Send { method: "POST", path: &path, then: "/runs/{runId}" }, "stack", &html! {
                @if settings.has_banner { label { "Message to users"
                    textarea name="message" rows="2" maxlength="500" { (settings.message.as_deref().unwrap_or_default()) }
                    small { "Empty: as the settings have it." }
                } }
                label { "Maintenance begins in (minutes)"
                    input name="noticeSeconds" data-type="minutes" type="number" min="0" max="10080" inputmode="numeric";
                    small { "Empty: after the settings' notice." }
                }
                label { "Work may end by itself for (minutes)"
                    input name="graceSeconds" data-type="minutes" type="number" min="0" max="1440" inputmode="numeric";
                    small { "Empty: as the settings have it." }
                }
                label { "When a deadline has passed"
                    select name="escalation" {
                        option value="" { "as the settings have it" }
                        option value="wait" { "go on waiting, in maintenance" }
                        option value="stop" { "put everything back, end maintenance" }
                        option value="force" { "end it by force" }
                    }
                }
                button.primary[!completes] { (words) }
            }))
        }
    }
}
