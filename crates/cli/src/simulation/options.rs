//! What is drawn from an evening's seed.

use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use upgrade::RunKind;

use super::chance::Chance;
use super::deployment::{Deployment, PartOf, STACK};
use super::net::Trouble;

/// What is drawn from a seed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    pub parts: Vec<PartOf>,
    /// The runs that somebody wants, one after the other.
    pub runs: Vec<RunKind>,
    pub machines: u64,
    pub trouble: Trouble,
    /// Resources that fail: in which stack, which, and when (`create`, `update`, `delete`, `rollback`).
    #[serde(serialize_with = "as_failing")]
    #[schemars(with = "Vec<FailingResource>")]
    pub resources: Vec<(String, String, &'static str)>,
    /// The platform isn't healthy for as long as there is trouble.
    pub unhealthy: bool,
    /// After so many seconds of the first run somebody says stop.
    pub stop_after: Option<u64>,
    /// Whoever plans can't read what earlier runs have written: only the notes on the things themselves say how they were.
    pub forgetful: bool,
    /// Somebody else tries to begin a run of their own meanwhile.
    pub rival: bool,
    /// After so many seconds of the first upgrade somebody updates the stack by hand.
    pub meddles_after: Option<u64>,
    /// As soon as users are in, or when all is over, the owner gives a group another size.
    pub resizes: bool,
    /// One step of the first run meets much more trouble than the others: rare ones are met as well.
    pub aims: bool,
}

/// A resource that fails, as it is printed.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FailingResource<'a> {
    stack: &'a str,
    logical_id: &'a str,
    phase: &'a str,
}

fn as_failing<S: Serializer>(
    resources: &[(String, String, &'static str)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let failing = |(stack, logical_id, phase): &(String, String, &'static str)| {
        serde_json::json!(FailingResource { stack, logical_id, phase })
    };
    serializer.collect_seq(resources.iter().map(failing))
}

impl Options {
    pub(super) fn draw(seed: u64, chance: &mut Chance, deployment: &Deployment) -> Options {
        use RunKind::{EnterMaintenance, LeaveMaintenance, Upgrade};
        let scripts: [&[RunKind]; 8] = [
            &[Upgrade],
            &[Upgrade],
            &[Upgrade, Upgrade],
            &[EnterMaintenance, Upgrade],
            &[EnterMaintenance, LeaveMaintenance],
            &[EnterMaintenance, EnterMaintenance, LeaveMaintenance],
            &[EnterMaintenance, Upgrade, LeaveMaintenance],
            &[Upgrade, EnterMaintenance, LeaveMaintenance],
        ];
        let runs = chance.one_of(&scripts).map(|runs| runs.to_vec()).unwrap_or_default();
        let some =
            |chance: &mut Chance, steps: &[u64]| chance.one_of(steps).copied().filter(|times| *times > 0);
        let trouble = Trouble {
            once_in: some(chance, &[0, 0, 25, 50, 100, 400]),
            answered_once_in: some(chance, &[0, 0, 50, 200, 1_000]),
        };
        let mut resources = Vec::new();
        let touched = deployment.touched();
        for _ in 0..chance.below(3) {
            if let Some((logical_id, phase)) = chance.one_of(&touched) {
                resources.push((STACK.to_owned(), logical_id.clone(), *phase));
                if chance.once_in(3) {
                    resources.push((STACK.to_owned(), logical_id.clone(), "rollback"));
                }
            }
        }
        let linked = deployment.snapshot.stacks.iter().skip(1).map(|stack| stack.name.clone());
        let linked: Vec<String> = linked.collect();
        if chance.once_in(4)
            && let Some(stack) = chance.one_of(&linked)
        {
            resources.push((stack.clone(), "Kept".to_owned(), "update"));
            if chance.once_in(3) {
                resources.push((stack.clone(), "Kept".to_owned(), "rollback"));
            }
        }
        Options {
            parts: deployment.parts.clone(),
            machines: chance.between(1, 4),
            trouble,
            resources,
            unhealthy: chance.once_in(6),
            stop_after: chance.once_in(5).then(|| chance.between(0, 3_000)),
            // What an update does to notes nobody remembers then.
            forgetful: runs.first() == Some(&EnterMaintenance)
                && runs.get(1) != Some(&Upgrade)
                && chance.once_in(2),
            rival: chance.once_in(3),
            meddles_after: chance.once_in(10).then(|| chance.between(0, 60)),
            resizes: chance.once_in(2),
            aims: matches!(seed % 5, 1 | 2),
            runs,
        }
    }
}

/// A kind of run.
pub(crate) fn in_words(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Upgrade => "an upgrade",
        RunKind::EnterMaintenance => "entering maintenance",
        RunKind::LeaveMaintenance => "leaving maintenance",
    }
}
