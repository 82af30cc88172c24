//! The full upgrade, in process and in virtual time, judged from outside: Code Ocean v3.7.0 to v3.8.2 with everything at
//! work, and the sample with the same around it.

use std::collections::BTreeSet;

use conductor::Ended;
use upgrade::{Outcome, Report, UpdateKind};

use crate::common::{Silent, virtual_time};
use crate::full::{Full, Wishes, freshly, journal, records};
use crate::material::Vendor;
use crate::outside::Way;

fn check(vendor: Vendor, jobs: usize, instances: usize) {
    virtual_time().block_on(async {
        let Some(fresh) = freshly(vendor).await else { return };
        let Some(full) = Full::stand(vendor, 7, Wishes::default()).await else { return };
        let plan = full.plan().await;
        let kinds: Vec<UpdateKind> = plan.updates.iter().map(|update| update.kind).collect();
        assert_eq!(kinds, [UpdateKind::BackupStack, UpdateKind::RoleStack, UpdateKind::Primary]);
        assert_eq!((plan.at_work.sessions.len(), plan.at_work.computations.len()), (5, 3));
        assert_eq!((plan.at_work.jobs.len(), plan.at_work.dedicated_machines.len()), (jobs, 2));
        assert!(plan.at_work.jobs.iter().all(|job| job.owner.is_some()), "everybody is named");
        assert!(!plan.snapshots.is_empty());
        let journal = journal();
        let (ended, looks) = full.watched(2, full.start(&plan, &journal, &mut Silent)).await;
        assert_eq!(ended.expect("it goes on to its end"), Ended::Run(Outcome::Upgraded));
        let records = records(&journal, &plan.run_id);
        let report = full.assert_end(&plan, &records, &looks, &fresh, "the upgrade").await;
        told(&report, jobs, instances);
        let (closed, opened) = report.gate_closed.expect("it was closed");
        let opened = opened.expect("it was opened");
        let between = looks.iter().filter(|look| look.at > closed.0 && look.at < opened.0 - 5_000);
        let between: Vec<_> = between.collect();
        assert!(between.iter().all(|look| look.stranger == Way::MaintenancePage), "users were kept out");
        assert!(between.iter().all(|look| look.admitted == Way::Platform), "whom the settings admit was let in");
        assert!(between.len() > 100, "{} looks", between.len());
        assert_eq!(full.platform.at_work(), (0, 0));
        let noticed: BTreeSet<String> = full.platform.notices().into_iter().collect();
        assert_eq!(noticed.len(), 5, "everybody inside a session was told");
        println!(
            "{vendor:?}: {} records, {} looks from outside of which {} at the closed gate, closed for {} virtual minutes; {} jobs, \
             {} instances, {} sessions, {} computations, {} machines stopped, {} snapshots",
            records.len(),
            looks.len(),
            between.len(),
            opened.milliseconds_since(closed) / 60_000,
            report.stopped_jobs.len(),
            report.stopped_instances.len(),
            report.stopped_sessions.len(),
            report.stopped_computations.len(),
            report.stopped_machines.len(),
            report.snapshots.len(),
        );
    });
}

/// What was stopped is told, each with its owner.
fn told(report: &Report, jobs: usize, instances: usize) {
    assert_eq!(report.stopped_jobs.len(), jobs);
    assert!(report.stopped_jobs.iter().all(|job| job.owner.is_some()));
    assert_eq!(report.stopped_instances.len() + report.stopped_machines.len(), instances);
    assert_eq!((report.stopped_sessions.len(), report.stopped_computations.len()), (5, 3));
    assert!(report.snapshots.iter().all(|snapshot| snapshot.complete), "{:?}", report.snapshots);
}

#[test]
fn the_sample_with_everything_around_it() {
    // The warm pool fills up to the group's greatest size: two in service, two warm, two machines of their own.
    check(Vendor::Sample, 6, 6);
}

#[test]
fn code_ocean_with_everything_at_work() {
    check(Vendor::CodeOcean, 40, 12);
}
