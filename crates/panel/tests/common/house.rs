//! A deployment in memory, for a panel to stand over.

use std::sync::Mutex;

use conductor::Clock;
use panel::proposals::{Preparation, UpgradeWish, WishedTemplate};
use panel::{
    Answering, Backend, BackendError, DeploymentSummary, GatePicture, Look, MaintenanceWish, Release,
};
use tokio::sync::Semaphore;
use upgrade::{ApprovedPlan, Banner, Plan, RunKind, Timestamp};

use super::release::preparation;

/// A deployment that remembers its banner, and what was asked of it.
pub struct House {
    pub banner: Mutex<Option<Banner>>,
    /// Every wish that was looked at, in order.
    pub wishes: Mutex<Vec<UpgradeWish>>,
    /// Plans that were begun.
    pub begun: Mutex<Vec<ApprovedPlan>>,
    /// The plan of entering or leaving maintenance; `None`: there is none to be had.
    pub maintenance: Option<Plan>,
    /// Looks that may end; without limit unless a test wants to see one under way.
    pub turns: Semaphore,
}

impl Default for House {
    fn default() -> House {
        House {
            banner: Mutex::default(),
            wishes: Mutex::default(),
            begun: Mutex::default(),
            maintenance: None,
            turns: Semaphore::new(Semaphore::MAX_PERMITS),
        }
    }
}

impl Backend for House {
    fn deployments(&self) -> Vec<DeploymentSummary> {
        vec![DeploymentSummary {
            name: "lab".to_owned(),
            stack: "lab-stack".to_owned(),
            region: "us-east-1".to_owned(),
            message: None,
            has_banner: true,
        }]
    }
    fn look(&self, deployment: &str) -> Answering<'_, Look> {
        let known = deployment == "lab";
        let missing = BackendError::NoDeployment(deployment.to_owned());
        Box::pin(async move {
            let look = Look {
                at: Timestamp(1_800_000_000_000),
                version: Some("1.2.0".to_owned()),
                status: "UPDATE_COMPLETE".to_owned(),
                gate: GatePicture::Open,
                jobs: Ok(Vec::new()),
                workers: Err("throttled".to_owned()),
                sessions: None,
                computations: None,
            };
            if known { Ok(look) } else { Err(missing) }
        })
    }
    fn prepare_maintenance(&self, _: &str, _: RunKind, _: &MaintenanceWish) -> Answering<'_, Plan> {
        let refused = || BackendError::Refused("not in this house".to_owned());
        Box::pin(async move { self.maintenance.clone().ok_or_else(refused) })
    }
    fn releases(&self, _: &str) -> Answering<'_, Vec<Release>> {
        let release = Release {
            version: "2.0.0".to_owned(),
            from_at_least: Some("1.0.0".to_owned()),
            required_stop: false,
            notes: Some("A new one.".to_owned()),
        };
        Box::pin(async { Ok(vec![release]) })
    }
    fn prepare(&self, _: &str, wish: &UpgradeWish) -> Answering<'_, Preparation> {
        let wish = wish.clone();
        Box::pin(async move {
            self.turns.acquire().await.expect("open").forget();
            self.wishes.lock().expect("no panic").push(wish.clone());
            match &wish.template {
                WishedTemplate::Url(url) if url.ends_with("gone") => {
                    Err(BackendError::Unreachable("the bucket has no such key".to_owned()))
                }
                WishedTemplate::Url(_) | WishedTemplate::File { .. } | WishedTemplate::Release(_) => {
                    Ok(preparation(&wish, Clock::system().now()))
                }
            }
        })
    }
    fn start(&self, plan: ApprovedPlan) -> Answering<'_, ()> {
        self.begun.lock().expect("no panic").push(plan);
        Box::pin(async { Ok(()) })
    }
    fn resume(&self, _: &str) -> Answering<'_, ()> {
        Box::pin(async { Ok(()) })
    }
    fn banner(&self, _: &str) -> Answering<'_, Option<Banner>> {
        let banner = self.banner.lock().expect("no panic").clone();
        Box::pin(async move { Ok(banner) })
    }
    fn set_banner(&self, _: &str, banner: Option<Banner>) -> Answering<'_, ()> {
        *self.banner.lock().expect("no panic") = banner;
        Box::pin(async { Ok(()) })
    }
}
