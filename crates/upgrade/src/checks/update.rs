//! What the update itself will meet: quotas, refusals, and where AWS's preview says something else than we expect.

use changeset::change_set::{Action, Replacement};
use changeset::expect::{AwsAction, Expectation, Expected, Refusal};
use changeset::facts::{self, ReplacementStrategy};
use changeset::rules::exclusive::Effect;
use changeset::rules::known_refusals;

use super::finding::{Finding, count, list};
use super::names::is_name_collision;
use super::{Check, CheckInput, CheckResult};

/// Whether there is room for what is added. A replacement takes room too while both are there.
pub(super) const QUOTAS: Check = Check::new("quotas", "Quotas", quotas);

fn quotas(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    let foretold = match input.foretold {
        Ok(foretold) => foretold,
        Err(reason) => return finding.skipped(format!("What is added can't be told: {reason}")),
    };
    let quotas = match &input.circumstances.quotas {
        Ok(quotas) => quotas,
        Err(reason) => {
            // The reason is the first of them; each names what it lacks.
            for reason in input.circumstances.unknown_quotas.iter().skip(1) {
                finding.note(format!("Not looked at: {reason}."));
            }
            return finding.skipped(format!("Quotas could not be looked at: {reason}"));
        }
    };
    if quotas.is_empty() {
        return finding.skipped("No quota was looked at.");
    }
    for quota in quotas {
        let of_type = |one: &&Expectation| one.resource_type == quota.resource_type;
        let needed = foretold.expectations.iter().filter(of_type).filter(|one| takes_room(one)).count();
        let free = quota.limit.saturating_sub(quota.used);
        if needed as u64 > free {
            finding.fail(
                format!(
                    "{}: {} of {} are used, and the update makes {needed} more.",
                    quota.name, quota.used, quota.limit
                ),
                "Ask AWS for a higher quota (Service Quotas console), or make room.",
            );
        } else if needed > 0 {
            finding.note(format!(
                "{}: {} of {} used, {needed} more needed.",
                quota.name, quota.used, quota.limit
            ));
        }
    }
    for reason in &input.circumstances.unknown_quotas {
        finding.note(format!("Not looked at: {reason}."));
    }
    finding.note(format!("{} looked at.", count(quotas.len(), "quota")));
    finding.done()
}

fn takes_room(one: &Expectation) -> bool {
    match one.expected {
        Expected::Added => true,
        Expected::Replaced | Expected::MayBeReplaced => facts::resource_type(&one.resource_type)
            .is_none_or(|facts| facts.replacement_strategy == ReplacementStrategy::CreateThenDelete),
        Expected::Unchanged
        | Expected::MayBeUpdated
        | Expected::UpdatedInPlace
        | Expected::InstancesReplaced
        | Expected::Removed
        | Expected::Fails => false,
    }
}

/// What CloudFormation or a service would refuse, names aside.
pub(super) const UPDATE_FAILS: Check = Check::new("update-fails", "Known refusals", failures);

fn failures(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    let foretold = match input.foretold {
        Ok(foretold) => foretold,
        Err(reason) => {
            finding.fail(
                format!("What the update will do can't be told: {reason}"),
                "Put right what it names; checks that need it are skipped until then.",
            );
            return finding.done();
        }
    };
    let refused = |one: &&Expectation| one.expected == Expected::Fails && !is_name_collision(one);
    if !foretold.expectations.iter().any(|one| refused(&one)) {
        let known = known_refusals();
        let groups: Vec<String> = known.iter().map(|(about, count)| format!("{about} ({count})")).collect();
        finding.note(format!(
            "None of the {} refusals that are known stands in its way: {}.",
            known.values().sum::<usize>(),
            groups.join(", ")
        ));
    }
    for one in foretold.expectations.iter().filter(refused) {
        let why = one.refusal().map_or_else(|| "the update fails here".to_owned(), ToString::to_string);
        let advice = match one.refusal() {
            Some(Refusal::Invalid(_)) => {
                "AWS refuses the change set itself, before anything is touched. Change the parameter that leads to it, or ask the vendor."
            }
            Some(_) | None => {
                "The update would roll back there, after a maintenance for nothing. Change the parameter that \
                 leads to it, or ask the vendor."
            }
        };
        finding.fail(format!("{}: {why}", one.logical_id), advice);
    }
    for (one, collision) in foretold
        .expectations
        .iter()
        .flat_map(|one| one.collisions.iter().map(move |collision| (one, collision)))
    {
        match collision.effect {
            Effect::Overwritten => finding.warn(
                format!("{}: {collision}", one.logical_id),
                "The update ends well, and what it made is gone. Ask the vendor for a release that keeps the logical id, or be \
                 ready to make it again by hand.",
            ),
            Effect::Refused if one.expected != Expected::Fails => finding.warn(
                format!("{}: {collision}", one.logical_id),
                "Whether the update fails there depends on the order in which AWS takes things up.",
            ),
            Effect::Refused => {}
        }
    }
    finding.done()
}

/// Where what AWS's preview says is milder than what we expect to happen.
pub(super) const EXPECTED_CHANGES: Check =
    Check::new("expected-changes", "AWS's preview tells the truth", differences).accepted_singly();

fn differences(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    let foretold = match input.foretold {
        Ok(foretold) => foretold,
        Err(reason) => return finding.skipped(format!("What the update will do can't be told: {reason}")),
    };
    let (mut graver, mut milder) = (Vec::new(), Vec::new());
    for one in foretold.expectations.iter().filter(|one| one.differs()) {
        let said = [one.aws_plain, one.aws_values].map(gravity_said);
        let [plain, values] = said;
        let expected = gravity_expected(one.expected);
        if expected > plain.max(values) {
            graver.push(one);
        } else if expected < plain.max(values) {
            milder.push(one.logical_id.as_str());
        }
    }
    let (rebuilt, graver): (Vec<_>, Vec<_>) = graver.into_iter().partition(|one| is_rebuilt(one));
    if !rebuilt.is_empty() {
        finding.note(format!(
            "Replaced though AWS's preview doesn't say so, empty by then or made anew without loss: {} ({}).",
            list(rebuilt.iter().map(|one| one.logical_id.as_str())),
            count(rebuilt.len(), "resource")
        ));
    }
    for one in &graver {
        finding.warn(
            format!(
                "{}: {}, and AWS's preview doesn't say so. {}",
                one.logical_id,
                words(one.expected),
                one.because.first().map(ToString::to_string).unwrap_or_default()
            ),
            "Approve the plan for what is expected, not for what the preview shows.",
        );
    }
    if !milder.is_empty() {
        finding.note(format!(
            "Look graver in AWS's preview than they will be: {} ({}).",
            list(milder.iter().copied()),
            count(milder.len(), "resource")
        ));
    }
    let nested: Vec<&str> = foretold
        .expectations
        .iter()
        .filter(|one| one.resource_type == "AWS::CloudFormation::Stack")
        .map(|one| one.logical_id.as_str())
        .collect();
    if !nested.is_empty() {
        finding.note(format!("Nested stacks, into which nobody has looked: {}.", nested.join(", ")));
    }
    if graver.is_empty() && rebuilt.is_empty() && milder.is_empty() {
        finding.note("What AWS's preview lists is what we expect.");
    }
    finding.done()
}

/// What runs work and holds nothing: maintenance has emptied it before the update, which makes it anew. AWS's preview is
/// wrong about it at nearly every release that brings new machines (a group's name follows its launch template), and nobody can do
/// anything about that.
const REBUILT: [&str; 6] = [
    "AWS::AutoScaling::AutoScalingGroup",
    "AWS::AutoScaling::LifecycleHook",
    "AWS::AutoScaling::ScalingPolicy",
    "AWS::AutoScaling::ScheduledAction",
    "AWS::AutoScaling::WarmPool",
    "AWS::Batch::ComputeEnvironment",
];

fn is_rebuilt(one: &Expectation) -> bool {
    let anew =
        matches!(one.expected, Expected::Replaced | Expected::MayBeReplaced | Expected::InstancesReplaced);
    anew && REBUILT.contains(&one.resource_type.as_str())
}

/// 0 nothing, 1 changed, 2 perhaps replaced, 3 replaced, gone or refused. An addition harms nobody.
fn gravity_said(said: Option<AwsAction>) -> u8 {
    match said.map(|said| (said.action, said.replacement)) {
        None | Some((Action::Add, _)) => 0,
        Some((Action::Remove, _)) => 3,
        Some((_, Some(Replacement::True))) => 3,
        Some((_, Some(Replacement::Conditional))) => 2,
        Some((_, Some(Replacement::False) | None)) => 1,
    }
}

fn gravity_expected(expected: Expected) -> u8 {
    match expected {
        Expected::Unchanged | Expected::Added => 0,
        Expected::MayBeUpdated | Expected::UpdatedInPlace => 1,
        // AWS has no word for it: an update in place of the group, and every instance ends.
        Expected::InstancesReplaced | Expected::MayBeReplaced => 2,
        Expected::Replaced | Expected::Removed | Expected::Fails => 3,
    }
}

fn words(expected: Expected) -> &'static str {
    match expected {
        Expected::Unchanged => "stays as it is",
        Expected::MayBeUpdated => "may be changed",
        Expected::UpdatedInPlace => "is changed in place",
        Expected::InstancesReplaced => "stays, and all its instances are replaced",
        Expected::MayBeReplaced => "may be replaced",
        Expected::Replaced => "is replaced",
        Expected::Added => "is added",
        Expected::Removed => "is removed",
        Expected::Fails => "is refused",
    }
}
