//! A deployment in memory, for a panel to stand over.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use conductor::{Clock, Request};
use panel::proposals::{Preparation, Progress, Rehearsal, RehearsalPart, WishedTemplate};
use panel::{
    Answering, Backend, BackendError, DeploymentSummary, Leaving, LeavingWish, Look, MaintenanceWish,
};
use tokio::sync::Semaphore;
use upgrade::{ApprovedPlan, Banner, CatalogueEntry, Job, Plan, Timestamp, UpgradeChoices, Users};

use super::rehearsal::rehearsal;
use super::release::preparation;

/// A deployment that remembers its banner, and what was asked of it.
pub struct House {
    pub banner: Mutex<Option<Banner>>,
    /// Every wish that was looked at, in order.
    pub wishes: Mutex<Vec<UpgradeChoices>>,
    /// Plans that were begun.
    pub begun: Mutex<Vec<ApprovedPlan>>,
    /// The plan of entering or leaving maintenance; `None`: there is none to be had.
    pub maintenance: Option<Plan>,
    /// A run that has not ended: leaving asks it to stop.
    pub under_way: Option<UnderWay>,
    /// How it was asked to leave, and by whom.
    pub leavings: Mutex<Vec<(LeavingWish, String)>>,
    /// Whether users are let in.
    pub users: Users,
    /// How healthy each part is.
    pub health: Vec<upgrade::HealthFinding>,
    /// What maintenance has taken away.
    pub taken_away: Vec<String>,
    /// Unfinished jobs.
    pub jobs: Vec<Job>,
    /// The stack's status.
    pub status: &'static str,
    /// Runs that were gone on with.
    pub resumed: Mutex<Vec<String>>,
    /// Looks for proposals that may end; without limit unless a test wants to see one under way.
    pub turns: Semaphore,
    /// Rehearsals that may end, likewise.
    pub rehearsals: Semaphore,
    /// What was rehearsed, in order.
    pub rehearsed: Mutex<Vec<UpgradeChoices>>,
    /// Rehearsals that heard that nobody wants them any more.
    pub unwanted: AtomicU32,
    /// So many milliseconds before a rehearsal the deployment was looked at for it.
    pub rehearsed_before: u64,
    /// Banners that may be set, likewise.
    pub acts: Semaphore,
    /// Looks at the deployment that may end, likewise.
    pub looks: Semaphore,
    /// How many deployments there are: the first is `lab`, the others `lab-2`, `lab-3`, and so on.
    pub deployments: usize,
    /// How often it was looked at, and how often its banner was set.
    pub looked: AtomicU32,
    pub set: AtomicU32,
}

/// A run that has not ended.
pub struct UnderWay {
    pub run_id: &'static str,
    pub conducted: bool,
}

impl Default for House {
    fn default() -> House {
        House {
            banner: Mutex::default(),
            wishes: Mutex::default(),
            begun: Mutex::default(),
            maintenance: None,
            under_way: None,
            leavings: Mutex::default(),
            users: Users::In,
            health: Vec::new(),
            taken_away: Vec::new(),
            jobs: Vec::new(),
            status: "UPDATE_COMPLETE",
            resumed: Mutex::default(),
            turns: Semaphore::new(Semaphore::MAX_PERMITS),
            rehearsals: Semaphore::new(Semaphore::MAX_PERMITS),
            rehearsed: Mutex::default(),
            unwanted: AtomicU32::new(0),
            rehearsed_before: 0,
            acts: Semaphore::new(Semaphore::MAX_PERMITS),
            looks: Semaphore::new(Semaphore::MAX_PERMITS),
            deployments: 1,
            looked: AtomicU32::new(0),
            set: AtomicU32::new(0),
        }
    }
}

impl House {
    pub fn name(number: usize) -> String {
        if number == 1 { "lab".to_owned() } else { format!("lab-{number}") }
    }
}

impl Backend for House {
    fn deployments(&self) -> Vec<DeploymentSummary> {
        let one = |number: usize| DeploymentSummary {
            name: House::name(number),
            stack: "lab-stack".to_owned(),
            region: "us-east-1".to_owned(),
            message: None,
            has_banner: true,
            has_gate: true,
            has_console: true,
            notice_seconds: 1800,
            maintenance: upgrade::MaintenancePolicy::default(),
        };
        (1..=self.deployments).map(one).collect()
    }
    fn observe(&self, deployment: &str) -> Answering<'_, Look> {
        let known = (1..=self.deployments).any(|number| deployment == House::name(number));
        let missing = BackendError::NoDeployment(deployment.to_owned());
        Box::pin(async move {
            self.looked.fetch_add(1, Ordering::Relaxed);
            self.looks.acquire().await.expect("open").forget();
            let look = Look {
                doors: vec!["Listener (HTTPS:443 of web): open".to_owned()],
                at: Timestamp(1_800_000_000_000),
                version: Some("1.2.0".to_owned()),
                status: self.status.to_owned(),
                users: Ok(self.users.clone()),
                health: Ok(self.health.clone()),
                taken_away: Ok(self.taken_away.clone()),
                jobs: Ok(self.jobs.clone()),
                workers: Err("throttled".to_owned()),
                services: Ok(Vec::new()),
                sessions: None,
                computations: None,
            };
            if known { Ok(look) } else { Err(missing) }
        })
    }
    fn prepare_entering(&self, _: &str, _: &MaintenanceWish) -> Answering<'_, Plan> {
        let refused = || BackendError::Refused("not in this house".to_owned());
        Box::pin(async move { self.maintenance.clone().ok_or_else(refused) })
    }
    fn prepare_leaving(&self, _: &str, wish: LeavingWish, by: &str) -> Answering<'_, Leaving> {
        self.leavings.lock().expect("no panic").push((wish, by.to_owned()));
        let by = by.to_owned();
        Box::pin(async move {
            match (&self.under_way, &self.maintenance) {
                (Some(UnderWay { conducted: true, .. }), _) if !wish.stop_run => {
                    Err(BackendError::Refused("run one is carried out".to_owned()))
                }
                (Some(UnderWay { run_id, conducted }), _) => Ok(Leaving::From {
                    run_id: (*run_id).to_owned(),
                    asks: vec![Request::Stop { by }],
                    conducted: *conducted,
                }),
                (None, Some(plan)) => Ok(Leaving::By(Box::new(plan.clone()))),
                (None, None) => Err(BackendError::Refused("not in this house".to_owned())),
            }
        })
    }
    fn releases(&self, _: &str) -> Answering<'_, Vec<CatalogueEntry>> {
        let release = CatalogueEntry {
            version: "2.0.0".to_owned(),
            template: "2.0.0.yaml".to_owned(),
            from_at_least: Some("1.0.0".to_owned()),
            backup_at_least: None,
            required_stop: false,
            notes: Some("A new one.".to_owned()),
        };
        Box::pin(async { Ok(vec![release]) })
    }
    fn prepare(
        &self,
        _: &str,
        template: &WishedTemplate,
        choices: &UpgradeChoices,
    ) -> Answering<'_, Preparation> {
        let (template, choices) = (template.clone(), choices.clone());
        Box::pin(async move {
            self.turns.acquire().await.expect("open").forget();
            self.wishes.lock().expect("no panic").push(choices.clone());
            match &template {
                WishedTemplate::Url(url) if url.ends_with("gone") => {
                    Err(BackendError::Unreachable("the bucket has no such key".to_owned()))
                }
                WishedTemplate::Url(_) | WishedTemplate::File { .. } | WishedTemplate::Release(_) => {
                    let mut preparation = preparation(&choices, Clock::system().now());
                    if let (Some(plan), Users::Out(found)) = (&mut preparation.plan, &self.users) {
                        plan.found = Some(found.clone());
                    }
                    Ok(preparation)
                }
            }
        })
    }
    fn rehearse(
        &self,
        _: &str,
        template: &WishedTemplate,
        choices: &UpgradeChoices,
        progress: Progress,
    ) -> Answering<'_, Rehearsal> {
        let (template, choices) = (template.clone(), choices.clone());
        self.rehearsed.lock().expect("no panic").push(choices);
        let at = Timestamp(Clock::system().now().0 - self.rehearsed_before);
        Box::pin(async move {
            assert!(progress.is_wanted(RehearsalPart::Runs, 3, 200), "it has only just begun");
            self.rehearsals.acquire().await.expect("open").forget();
            if !progress.is_wanted(RehearsalPart::Failures, 1, 9) {
                self.unwanted.fetch_add(1, Ordering::Relaxed);
            }
            match &template {
                WishedTemplate::Url(url) if url.ends_with("blocked") => Err(BackendError::Refused(
                    "the upgrade would not begin: limits: <b>too</b> long".to_owned(),
                )),
                WishedTemplate::Url(url) if url.ends_with("broken") => panic!("so it was meant"),
                WishedTemplate::Url(_) | WishedTemplate::File { .. } | WishedTemplate::Release(_) => {
                    Ok(rehearsal(at))
                }
            }
        })
    }
    fn start(&self, plan: ApprovedPlan) -> Answering<'_, ()> {
        self.begun.lock().expect("no panic").push(plan);
        Box::pin(async { Ok(()) })
    }
    fn resume(&self, run_id: &str) -> Answering<'_, ()> {
        self.resumed.lock().expect("no panic").push(run_id.to_owned());
        Box::pin(async { Ok(()) })
    }
    fn banner(&self, _: &str) -> Answering<'_, Option<Banner>> {
        let banner = self.banner.lock().expect("no panic").clone();
        Box::pin(async move { Ok(banner) })
    }
    fn set_banner(&self, _: &str, banner: Option<Banner>) -> Answering<'_, ()> {
        Box::pin(async move {
            self.acts.acquire().await.expect("open").forget();
            self.set.fetch_add(1, Ordering::Relaxed);
            *self.banner.lock().expect("no panic") = banner;
            Ok(())
        })
    }
}
