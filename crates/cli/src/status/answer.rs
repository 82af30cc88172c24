//! How a deployment stands, for other programs.

use panel::Moment;
use panel::answers::{DeploymentStanding, Gate, Known};

use super::Standing;
use crate::answers;

pub(super) fn answer(standing: Standing) -> answers::Standing {
    let in_maintenance = standing.gate.as_ref().is_ok_and(|gate| gate.run.is_some());
    let Standing {
        deployment,
        at,
        stack,
        stack_status,
        version,
        gate,
        doors,
        health,
        at_work,
        job_queues,
        worker_groups,
        ecs_services,
        muted_alarms,
        banner,
        change_sets,
        last_run,
        journal_unreadable,
        attention,
    } = standing;
    let word = match &gate {
        Err(_) => Gate::Unknown,
        Ok(super::Gate { gateless: true, .. }) => Gate::None,
        Ok(super::Gate { closed: true, .. }) => Gate::Closed,
        Ok(super::Gate { closed: false, .. }) => Gate::Open,
    };
    let (gate, gate_unknown_because) = match gate {
        Ok(gate) => (gate, None),
        Err(why) => (super::Gate::default(), Some(why)),
    };
    let super::Gate { closed: _, gateless: _, open, run, since, by } = gate;
    answers::Standing {
        standing: DeploymentStanding {
            name: deployment,
            at: at.into(),
            version,
            stack_status,
            gate: word,
            doors,
            health: Known::of(&health),
            gate_run: run,
            gate_since: since.map(Moment::from),
            gate_by: by,
            jobs: Known::of(&at_work.jobs),
            workers: Known::of(&worker_groups),
            services: Known::of(&ecs_services),
            sessions: at_work.sessions.as_ref().map(Known::of),
        },
        stack,
        gate_unknown_because,
        in_maintenance,
        open_doors: open,
        computations: at_work.computations.as_ref().map(Known::of),
        machines: Known::of(&at_work.machines),
        queues: Known::of(&job_queues),
        muted_alarms: Known::new(&muted_alarms, String::clone),
        banner: banner.map(|shown| Known::new(&shown.map(Vec::from_iter), String::clone)),
        change_sets: Known::new(&change_sets, String::clone),
        last_run: last_run.map(|run| run.answer()),
        runs_unknown_because: journal_unreadable,
        attention,
    }
}
