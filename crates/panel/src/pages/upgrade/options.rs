//! Page 3: settings of the stack operation, and the window.

use maud::{Markup, html};
use upgrade::Unsaved;

use super::wizard::Wizard;
use crate::access::Permission;
use crate::moment::iso;
use crate::pages::form::{Send, form};
use crate::proposals::{Preparation, Proposal};

pub(super) fn page(wizard: &Wizard<'_>, proposal: &Proposal, preparation: &Preparation) -> Markup {
    let path = format!("/proposals/{}", proposal.id);
    let next = wizard.page(4);
    let may = wizard.may(Permission::Plan);
    let (now, wished) = (&preparation.stack, &proposal.choices.options);
    let role = wished.role_arn.as_deref().or(now.role_arn.as_deref()).unwrap_or_default();
    let tags: Vec<String> = match &wished.tags {
        Some(tags) => tags.iter().map(|(key, value)| format!("{key}={value}")).collect(),
        None => now.tags.iter().map(|(key, value)| format!("{key}={value}")).collect(),
    };
    let topics = wished.notification_arns.as_ref().unwrap_or(&now.notification_arns);
    let alarms = wished.rollback_triggers.as_ref().unwrap_or(&now.rollback_triggers);
    let minutes = wished.monitoring_minutes.unwrap_or(now.monitoring_minutes);
    let fields = html! {
        fieldset disabled[!may] {
            legend { h2 { "The window" } }
            label { "The gate closes at"
                input name="closesAt" type="datetime-local" data-type="time" data-empty="keep" data-utc=[proposal.choices.closes_at.map(iso)];
                small { "Your time. Empty: after the settings' notice, counted from the look." }
            }
            (sessions(proposal, preparation))
        }
        fieldset disabled[!may] {
            legend { h2 { "The stack operation" } }
            label { "Role that CloudFormation assumes (ARN)"
                input name="options.roleArn" value=(role) maxlength="2048" autocomplete="off" placeholder="none: your own rights";
            }
            label { "Tags"
                textarea name="options.tags" data-type="pairs" rows=(rows(tags.len())) { (tags.join("\n")) }
                small { "KEY=VALUE, one a line. These are the stack's tags afterwards; what is missing here is taken away." }
            }
            label { "Alarms that roll the update back (ARNs)"
                textarea name="options.rollbackTriggers" data-type="lines" rows=(rows(alarms.len())) { (alarms.join("\n")) }
                small { "One a line, five at most. When one goes off during the update, CloudFormation rolls back." }
            }
            label { "Minutes for which they are watched after the update"
                input name="options.monitoringMinutes" type="number" data-type="number" min="0" max="180" value=(minutes);
                small { "0 to 180. Users stay out meanwhile: maintenance is left when the update is done." }
            }
            label { "Topics that the stack's events are sent to (ARNs)"
                textarea name="options.notificationArns" data-type="lines" rows=(rows(topics.len())) { (topics.join("\n")) }
                small { "One a line, five at most." }
            }
        }
        @if may { div.buttons { button.primary { "Save, and next: Review" } a.button href=(next) { "Next without saving" } } }
    };
    html! {
        (wizard.head(3))
        (form(Send { method: "PATCH", path: &path, then: &next }, "stack wide", &fields))
        section {
            h2 { "Stack policy" }
            @if let Some(check) = preparation.checks.iter().find(|check| check.id == "stack-policy") {
                ul { @for line in &check.evidence { li { (line) } } }
                @if let Some(advice) = &check.advice { p { (advice) } }
            }
            p.sub { "A change set takes no other policy for the time of the update (only UpdateStack does), and what is approved here is a "
                "change set. Where the policy stands in the way, change it on the stack, and look again." }
        }
        section {
            h2 { "On failure" }
            p { "CloudFormation rolls the stack back, and maintenance ends; a deployment that was in maintenance before stays in it. Keeping what was made (disabling rollback) isn't offered: "
                "it would leave users outside of a half-made platform." }
        }
        @if !may { (wizard.only_reading(4)) }
    }
}

fn rows(lines: usize) -> usize {
    (lines + 1).clamp(2, 10)
}

fn sessions(proposal: &Proposal, preparation: &Preparation) -> Markup {
    let sessions = &preparation.at_work.sessions;
    if sessions.is_empty() {
        return html! { p.sub { "Nobody has a session open." } };
    }
    html! {
        h3 #forced { "Sessions that may be stopped unsaved" }
        p.sub { "A session that can't be saved holds the upgrade up, until its deadline decides. Tick only what its owner has agreed to lose." }
        div role="group" aria-labelledby="forced" {
            @for session in sessions {
                @let unsaved = match session.unsaved {
                    Unsaved::No => "saved",
                    Unsaved::Yes { .. } => "unsaved",
                    Unsaved::Unknown => "perhaps unsaved",
                };
                label.check {
                    input type="checkbox" name="forceSessions" data-type="list" value=(session.id)
                        checked[proposal.choices.force_sessions.contains(&session.id)];
                    span { (session.name) " · " (session.owner) " · " (unsaved) }
                }
            }
        }
    }
}
