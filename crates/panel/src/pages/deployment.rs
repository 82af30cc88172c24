//! System maintenance and the user banner of one deployment.

use conductor::Claim;
use std::sync::Arc;

use maud::{Markup, html};
use upgrade::{Banner, BannerLevel, Escalation};

use super::form::{Send, button, form};
use super::overview::gate;
use super::run::stopped;
use super::words::{carried_out_by, counted, pill, purpose, since_by, standing, when};
use crate::backend::{BackendError, DeploymentSummary, GatePicture, Look};
use crate::live::{RunPicture, Untold};

/// What both pages show.
pub(crate) struct Shown<'a> {
    /// Its settings.
    pub(crate) settings: &'a DeploymentSummary,
    /// Whether the reader may change anything.
    pub(crate) may: bool,
}

/// What the page of system maintenance shows.
pub(crate) struct MaintenancePage<'a> {
    /// The deployment, and who looks.
    pub(crate) shown: Shown<'a>,
    /// How it is at this moment.
    pub(crate) look: &'a Result<Arc<Look>, BackendError>,
    /// Its last run, where it can be read.
    pub(crate) last: Option<&'a RunPicture>,
    /// Who carries the last run out.
    pub(crate) claim: Option<&'a Claim>,
    /// The last run's id, and why it can't be told what it did.
    pub(crate) untold: Option<(&'a str, &'a Untold)>,
    /// Whether the run that closed the gate is in this journal: another data directory's isn't.
    pub(crate) knows_closer: bool,
}

/// System maintenance.
pub(crate) fn maintenance(page: &MaintenancePage<'_>) -> Markup {
    let MaintenancePage { shown, look, last, claim, untold, knows_closer } = page;
    let settings = shown.settings;
    let running = last.filter(|last| last.telling.report().outcome.is_none());
    let seen = look.as_ref().ok();
    let is_open = seen.is_some_and(|look| look.gate.is_open());
    let is_closed = seen.is_some_and(|look| look.gate.maintenance().is_some());
    // What nobody could look at may have been taken away.
    let is_whole = seen.is_some_and(|look| look.taken_away.as_ref().is_ok_and(Vec::is_empty));
    html! {
        header.head {
            p.crumb { a href="/" { "Overview" } " / " (settings.name) }
            h1 { "System maintenance" }
        }
        @match look {
            Err(error) => p.notice.mind { "The deployment could not be looked at: " (error) },
            Ok(look) => { (standing_of(look, *knows_closer)) (taken_away(look)) },
        }
        @if let Some(run) = running {
            @let (tone, words) = standing(run.plan.kind, run.telling.state());
            div.notice.busy {
                p { "Run " a href={ "/runs/" (run.plan.run_id) } { (run.plan.run_id) } " (" (purpose(run.plan.kind)) ") has not ended: "
                    (pill(tone, &words))
                    @match claim {
                        Some(claim) => { " " span.sub { (carried_out_by(claim)) } },
                        None => " Nobody carries it out at this moment.",
                    } }
                p { a.button href={ "/runs/" (run.plan.run_id) } { "Watch it" } }
            }
        }
        @match untold {
            Some((run_id, Untold::NotBegun)) => p.notice.mind { "The last run, " code { (run_id) } ", was claimed and has not been begun." },
            Some((run_id, why @ (Untold::Damaged(_) | Untold::Unread(_)))) => {
                p.notice.mind { "The journal of the last run, " code { (run_id) } ", can't be read (" (why.word()) "): " (why.reason()) }
            },
            None => {},
        }
        @if !shown.may { p.sub { "An operator enables and disables maintenance." } }
        @else {
            @if !is_open || !is_whole || running.is_some() { (disable(page, running)) }
            @if running.is_none() && is_open { (enable(shown, false)) }
            @else if running.is_none() && is_closed && seen.is_some_and(|look| is_at_work(look)) { (enable(shown, true)) }
        }
        @if let Ok(look) = look { (at_work(look)) }
        @if let Some(last) = last { (stopped(last.telling.report())) }
    }
}

/// Whether users are in, and whose maintenance keeps them out: from the gate's own note, whoever entered it.
fn standing_of(look: &Look, knows_closer: bool) -> Markup {
    html! {
        div.standing {
            p.big { "Users: " (gate(&look.gate)) }
            @match &look.gate {
                GatePicture::Open | GatePicture::AtWork => {},
                GatePicture::Closed(found) | GatePicture::Stopped(found) => {
                    p { "In maintenance" (since_by(found)) "." }
                    p.sub.wrap { "Entered by run "
                        @if knows_closer { a href={ "/runs/" (found.run_id) } { (found.run_id) } }
                        @else { code { (found.run_id) } ", whose journal isn't this panel's: from another data directory. It can be left here all the same" }
                        "." }
                },
                GatePicture::Unknown(why) => p { "The gate could not be looked at: " (why) },
            }
            @if !look.doors.is_empty() { details { summary { "Every way in" } ul { @for door in &look.doors { li.wrap { (door) } } } } }
            p.sub { "Stack " (look.status) @if let Some(version) = &look.version { ", release " (version) } ". Looked at " (when(look.at)) }
        }
    }
}

/// What bears the note of maintenance and is as it leaves it.
fn taken_away(look: &Look) -> Markup {
    let is_open = look.gate.is_open();
    html! {
        @match &look.taken_away {
            Err(why) => p.notice.mind { "What is still to be put back could not be looked at: " (why) },
            Ok(lines) if lines.is_empty() => {},
            Ok(lines) => {
                @let all = html! { ul { @for line in lines { li { (line) } } } };
                @if is_open { div.notice.mind { p { (if look.gate == GatePicture::AtWork { "Work goes on" } else { "Users are let in" }) ", and this is still to be put back. Disabling maintenance goes on with it." } (all) } }
                @else { section { h2 { "To be put back" } p { "Disabling maintenance puts it back as it was." } (all) } }
            },
        }
    }
}

/// Whether something runs that maintenance ends.
fn is_at_work(look: &Look) -> bool {
    let jobs = look.jobs.as_ref().is_ok_and(|jobs| !jobs.is_empty());
    let workers = look.workers.as_ref();
    let services = look.services.as_ref();
    let services =
        services.is_ok_and(|all| all.iter().any(|service| service.tasks > 0 || service.desired > 0));
    jobs || services
        || workers.is_ok_and(|groups| groups.iter().any(|group| group.instances > 0 || group.max_size > 0))
}

/// Leaving, with everything asked for that it would meet: as the command line's flags do.
fn disable(page: &MaintenancePage<'_>, running: Option<&RunPicture>) -> Markup {
    let path = format!("/deployments/{}/maintenance/disable", page.shown.settings.name);
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
            @match &look.jobs {
                Err(error) => p.notice.mind { "Jobs are unknown: " (error) },
                Ok(jobs) if jobs.is_empty() => p.sub { "No unfinished jobs." },
                Ok(jobs) => details open[jobs.len() < 10] {
                    summary { (counted(jobs.len(), "unfinished job")) }
                    ul.names { @for job in jobs { li { (job.name) " · " (job.status) " · " (job.owner.as_deref().unwrap_or("nobody known")) } } }
                },
            }
            @if let Some(sessions) = &look.sessions { @match sessions {
                Err(error) => p.notice.mind { "Sessions are unknown: " (error) },
                Ok(sessions) if sessions.is_empty() => p.sub { "No sessions." },
                Ok(sessions) => details open[sessions.len() < 10] {
                    summary { (counted(sessions.len(), "session")) }
                    ul.names { @for one in sessions { li { (one.name) " · " (one.owner) } } }
                },
            } }
            @if let Some(computations) = &look.computations { @match computations {
                Err(error) => p.notice.mind { "Computations are unknown: " (error) },
                Ok(all) if all.is_empty() => p.sub { "No computations." },
                Ok(all) => details open[all.len() < 10] {
                    summary { (counted(all.len(), "computation")) }
                    ul.names { @for one in all { li { (one.name) " · " (one.status) " · " (one.owner) } } }
                },
            } }
            @match &look.workers {
                Err(error) => p.notice.mind { "Workers are unknown: " (error) },
                Ok(groups) => ul.names { @for group in groups {
                    li { (group.name) " · " (counted(group.instances, "instance")) " · sizes " (group.min_size) " to " (group.max_size) }
                } },
            }
            @match &look.services {
                Err(error) => p.notice.mind { "ECS services are unknown: " (error) },
                Ok(services) => ul.names { @for service in services {
                    li { (service.name) " · " (service.running) " of " (counted(usize::try_from(service.desired).unwrap_or(0), "task")) }
                } },
            }
        }
    }
}

/// `completes`: the deployment is in maintenance, and something of it isn't complete.
fn enable(shown: &Shown<'_>, completes: bool) -> Markup {
    let settings = shown.settings;
    let path = format!("/deployments/{}/maintenance/enable", settings.name);
    let words = if completes { "Complete maintenance mode" } else { "Enable maintenance mode" };
    html! {
        section {
            h2 { (words) }
            @if completes { p { "The deployment is in maintenance, and something is at work all the same: see below. Sessions are saved, work ends, workers go." } }
            @else { p { "Users are told, then " (if shown.settings.has_gate { "kept out; " } else { "their work is stopped, for there is no gate; " }) "sessions are saved, work ends, workers go. It can be disabled at any time." } }
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

/// How an escalation is written in a form.
pub(crate) fn escalation(word: &str) -> Option<Escalation> {
    match word {
        "wait" => Some(Escalation::Wait),
        "stop" => Some(Escalation::Stop),
        "force" => Some(Escalation::Force),
        _ => None,
    }
}

/// How a level is written in a form.
pub(crate) fn level(word: &str) -> Option<BannerLevel> {
    [BannerLevel::Info, BannerLevel::Warning, BannerLevel::Critical]
        .into_iter()
        .find(|level| level_word(*level) == word)
}

/// A level's word.
pub(crate) fn level_word(level: BannerLevel) -> &'static str {
    match level {
        BannerLevel::Info => "info",
        BannerLevel::Warning => "warning",
        BannerLevel::Critical => "critical",
    }
}

/// The user banner.
pub(crate) fn banner(shown: &Shown<'_>, banner: &Result<Option<Banner>, BackendError>) -> Markup {
    let settings = shown.settings;
    let current = banner.as_ref().ok().and_then(Option::as_ref);
    let now = current.map_or("info", |banner| level_word(banner.level));
    let path = format!("/deployments/{}/banner", settings.name);
    html! {
        header.head {
            p.crumb { a href="/" { "Overview" } " / " (settings.name) }
            h1 { "User banner" }
        }
        @match banner {
            Err(error) => p.notice.mind { "The banner could not be asked for: " (error) },
            Ok(None) => p.empty { "Users see no banner." },
            Ok(Some(banner)) => {
                h2 { "Users see" }
                p class={ "banner " (level_word(banner.level)) } { (banner.text) }
                p.sub {
                    @if let Some(from) = &banner.from { "From " (super::words::moment(from, false)) " " }
                    @if let Some(until) = &banner.until { "until " (super::words::moment(until, false)) }
                }
            },
        }
        @if !shown.may { p.sub { "An operator sets the banner." } }
        @else {
            section {
                h2 { @if current.is_some() { "Change it" } @else { "Show one" } }
                form.stack method="post" data-method="PUT" data-path={ "/api/v1" (path) } data-preview {
                    label { "Text"
                        textarea name="text" rows="3" maxlength="500" required { (current.map(|banner| banner.text.as_str()).unwrap_or_default()) }
                    }
                    label { "Level"
                        select name="level" { @for word in ["info", "warning", "critical"] {
                            option value=(word) selected[word == now] { (word) }
                        } }
                    }
                    label { "From" input name="from" type="datetime-local" data-type="time"; small { "Your time. Empty: at once." } }
                    label { "Until" input name="until" type="datetime-local" data-type="time"; small { "Your time. Empty: until it is cleared." } }
                    div { p.sub { "Preview" } p class={ "banner " (now) } data-preview-of="text" {
                        (current.map_or("What users will see.", |banner| banner.text.as_str()))
                    } }
                    button.primary { "Show it to users" }
                }
                @if current.is_some() {
                    (button(Send { method: "DELETE", path: &path, then: &path }, "", "Take it down"))
                }
            }
        }
    }
}
