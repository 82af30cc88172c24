//! What goes on through all runs of an evening: the deployment, its platform, the lines, and what everybody was told.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use conductor::{Clock, ObjectJournal};
use http::Request;
use localcloud::Faults;
use platform::Adapter;
use upgrade::{Answer, Outcome, Plan, Question, Record, Timestamp};

use super::chance::Chance;
use super::deployment::Deployment;
use super::net::{Lines, Net, Trouble};
use super::options::Options;
use crate::error::CliError;
use crate::rehearsal::onlooker::Standing;
use crate::rehearsal::simulated_platform::{Mishap, SimulatedPlatform};
use crate::rehearsal::stage::{BUCKET, Stage};
use crate::seed::Caller;
use crate::site::Site;

/// Where the state is in the bucket.
pub(super) const PREFIX: &str = "state/";

/// What stands in a request to the platform.
pub(super) const TOKEN: &str = "simulated-TOKEN-7f31aa";

/// What goes on through all runs of an evening.
pub(super) struct World {
    pub seed: u64,
    pub stage: Stage,
    pub platform: SimulatedPlatform,
    pub net: Net,
    pub caller: Caller,
    pub deployment: Deployment,
    pub options: Options,
    /// How everything stood before anybody did anything.
    pub before: Standing,
    /// Somebody had resources passed over, or groups made anew: sizes are whatever they are.
    pub was_led: Cell<bool>,
    /// Groups to which their owner has given other sizes.
    pub resized: RefCell<Vec<String>>,
    /// When the stack was updated by hand.
    pub meddled_at: Rc<Cell<Option<Timestamp>>>,
    pub broken: Rc<RefCell<Vec<String>>>,
    /// Errors and reasons as they were said: no secret may be among them.
    pub said: Rc<RefCell<Vec<String>>>,
}

/// A run's machines have all seen its end.
pub(super) struct Done {
    pub plan: Plan,
    pub records: Vec<Record>,
    pub outcome: Option<Outcome>,
    pub remarks: Vec<String>,
    /// What each machine believes to be written.
    pub believed: Vec<Rc<RefCell<Vec<Record>>>>,
    /// What people answered.
    pub answers: Vec<(Question, Answer)>,
}

/// The program's client of the platform, over these lines.
fn adapter_over(stage: &Stage, platform: &SimulatedPlatform, lines: &Lines) -> Result<Adapter, CliError> {
    let (behind, lines) = (platform.clone(), lines.clone());
    let handler = move |request: Request<Bytes>| -> platform::InProcessAnswer {
        let (platform, lines) = (behind.clone(), lines.clone());
        Box::pin(async move {
            let last = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
            let answer = move |request: Request<Bytes>, instead: Option<&str>| {
                let mishap = instead.and_then(|word| Mishap::ALL.into_iter().find(|one| one.word() == word));
                platform.answer_with(&request, mishap)
            };
            match lines.carry(request, format!("platform:/{last}"), answer).await {
                Ok(response) => response,
                // Whoever waits gives up by their own patience.
                Err(_) => std::future::pending().await,
            }
        })
    };
    platform.adapter_over(stage.adapter(), Arc::new(handler))
}

impl World {
    pub(super) fn wrong(&self, words: String) {
        self.net.tell(format_args!("BROKEN: {words}"));
        self.broken.borrow_mut().push(words);
    }

    pub(super) fn calm_down(&self) -> Result<(), CliError> {
        self.net.calm_down();
        self.platform.be_healthy(true);
        for cloud in self.stage.clouds() {
            let failed = |error: localcloud::AwsError| CliError::new(crate::Exit::Failed, error.message);
            cloud.set_faults(&Faults::default()).map_err(failed)?;
        }
        Ok(())
    }

    /// A machine's view of everything.
    pub(super) fn site(&self, lines: &Lines, clock: Clock) -> Result<Site, CliError> {
        let adapter = adapter_over(&self.stage, &self.platform, lines)?;
        self.stage.site_over(&|cloud| lines.sdk(cloud, clock), adapter, clock)
    }

    /// Lines on which nothing goes wrong.
    pub(super) fn calm_lines(&self) -> Lines {
        self.net.lines(99, Chance::of(self.seed, 99), Trouble::NONE)
    }

    pub(super) async fn journal(
        &self,
        lines: &Lines,
        clock: Clock,
        stack_id: &str,
    ) -> Result<ObjectJournal<aws::StateObjects>, CliError> {
        Ok(journal(self.objects(lines, clock).await?, stack_id, clock))
    }

    /// The state over a machine's lines.
    pub(super) async fn objects(&self, lines: &Lines, clock: Clock) -> Result<aws::StateObjects, CliError> {
        let sdk = lines.sdk(&self.stage.primary, clock);
        let objects = sdk.state_objects(BUCKET, PREFIX, None).await;
        objects.map_err(|error| CliError::new(crate::Exit::Failed, error.to_string()))
    }
}

/// The journal in the state.
pub(super) fn journal(
    objects: aws::StateObjects,
    stack_id: &str,
    clock: Clock,
) -> ObjectJournal<aws::StateObjects> {
    ObjectJournal::new(objects, format!("s3://{BUCKET}/{PREFIX}"), stack_id, clock)
}
