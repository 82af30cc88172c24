//! The stand-in platform's ECS service: it wants two tasks, and each look sees them one step further on their way.

use upgrade::{EcsService, EcsTask};

/// Its physical id.
pub const INDEXER: &str = "Indexer-1";

pub fn indexer() -> EcsService {
    let mut service = EcsService {
        arn: INDEXER.to_owned(),
        desired_count: 2,
        running_count: 2,
        status: "ACTIVE".to_owned(),
        is_steady: true,
        last_event: None,
        tasks: Vec::new(),
        remembered: None,
    };
    place(&mut service, "RUNNING");
    service
}

fn place(service: &mut EcsService, status: &str) {
    let number = service.tasks.len();
    let missing = usize::try_from(service.desired_count).unwrap_or(0).saturating_sub(number);
    service.tasks.extend((0..missing).map(|offset| EcsTask {
        arn: format!("task-{}", number + offset),
        service_arn: service.arn.clone(),
        status: status.to_owned(),
    }));
}

/// Time passes: `stubborn` tasks don't end by themselves, `lame` ones don't come up.
pub fn look_at(service: &mut EcsService, stubborn: bool, lame: bool) -> EcsService {
    let wanted = usize::try_from(service.desired_count).unwrap_or(0);
    if !stubborn {
        service.tasks.retain(|task| task.status != "DEPROVISIONING");
        service.tasks.iter_mut().skip(wanted).for_each(|task| task.status = "DEPROVISIONING".to_owned());
    }
    if !lame {
        let pending = service.tasks.iter_mut().filter(|task| task.status == "PENDING");
        pending.for_each(|task| task.status = "RUNNING".to_owned());
    }
    place(service, "PENDING");
    let running = service.tasks.iter().filter(|task| task.status == "RUNNING").count();
    service.running_count = i32::try_from(running).unwrap_or(i32::MAX);
    service.clone()
}
