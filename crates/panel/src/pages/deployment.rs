//! System maintenance and the user banner of one deployment.

use maud::{Markup, html};
use upgrade::{Banner, BannerLevel, Escalation};

use super::form::{Send, button, form};
use super::overview::gate;
use super::run::stopped;
use super::words::{counted, pill, standing, when};
use crate::backend::{BackendError, DeploymentSummary, GatePicture, Look};
use crate::live::RunPicture;

/// What both pages show.
pub(crate) struct Shown<'a> {
    /// Its settings.
    pub(crate) settings: &'a DeploymentSummary,
    /// Whether the reader may change anything.
    pub(crate) may: bool,
}

/// System maintenance. `last`: the deployment's last run; `damaged`: its id, and why its journal can't be read.
pub(crate) fn maintenance(
    shown: &Shown<'_>,
    look: &Result<Look, BackendError>,
    last: Option<&RunPicture>,
    damaged: Option<(&str, &str)>,
) -> Markup {
    let settings = shown.settings;
    let running = last.filter(|last| last.telling.report().outcome.is_none());
    let closed = matches!(look, Ok(Look { gate: GatePicture::Closed { .. }, .. }));
    html! {
        header.head {
            p.crumb { a href="/" { "Overview" } " / " (settings.name) }
            h1 { "System maintenance" }
        }
        @match look {
            Err(error) => p.notice.mind { "The deployment could not be looked at: " (error) },
            Ok(look) => {
                div.standing { p.big { "Users: " (gate(&look.gate)) } p.sub { "Looked at " (when(look.at)) } }
                (at_work(look))
            },
        }
        @if let Some(run) = running {
            @let (tone, words) = standing(run.telling.state());
            div.notice.busy {
                p { "A run goes on: " (pill(tone, &words)) }
                p { a.button href={ "/runs/" (run.plan.run_id) } { "Watch it" } }
            }
        }
        @if let Some((run_id, why)) = damaged {
            p.notice.mind { "The journal of the last run, " code { (run_id) } ", can't be read (damaged): " (why) }
        }
        @if !shown.may { p.sub { "An operator enables and disables maintenance." } }
        @else if closed || running.is_some() {
            section {
                h2 { "Disable maintenance mode" }
                p { "Everything that was switched off is put back, the platform must prove itself healthy, then users are let in. "
                    @if running.is_some() { "The run that goes on is asked to stop, and leaves by its own way." } }
                @let path = format!("/deployments/{}/maintenance/disable", settings.name);
                (button(Send { method: "POST", path: &path, then: "/runs/{runId}" }, "primary", "Disable maintenance mode"))
            }
        }
        @if shown.may && !closed && running.is_none() { (enable(shown)) }
        @if let Some(last) = last { (stopped(last.telling.report())) }
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
        }
    }
}

fn enable(shown: &Shown<'_>) -> Markup {
    let settings = shown.settings;
    let path = format!("/deployments/{}/maintenance/enable", settings.name);
    html! {
        section {
            h2 { "Enable maintenance mode" }
            p { "Users are told, then kept out; sessions are saved, work ends, workers go. It can be disabled at any time." }
            (form(Send { method: "POST", path: &path, then: "/runs/{runId}" }, "stack", &html! {
                @if settings.has_banner { label { "Message to users"
                    textarea name="message" rows="2" maxlength="500" { (settings.message.as_deref().unwrap_or_default()) }
                    small { "Empty: as the settings have it." }
                } }
                label { "The gate closes in (minutes)"
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
                        option value="wait" { "go on waiting, users kept out" }
                        option value="stop" { "put everything back, let users in" }
                        option value="force" { "end it by force" }
                    }
                }
                button.primary { "Enable maintenance mode" }
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
