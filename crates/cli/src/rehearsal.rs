//! A deployment's upgrade, rehearsed: the very program that upgrades, against clouds in this process, in virtual time.
//!
//! [`Rehearsal::prepare`] sets the stage and draws the plan up; [`Rehearsal::run`] carries it out on a fork of the stage, as often as
//! one likes. What differs between runs is a [`Variation`]: how long things take, what fails, who answers what.

pub mod beginnings;
pub mod calls;
pub mod circumstances;
pub mod compared;
pub mod drawn;
pub mod durations;
pub mod every_failure;
pub mod formats;
pub mod kept;
pub mod made_up;
pub mod many;
pub(crate) mod matrix;
pub mod onlooker;
pub mod pictures;
pub mod simulated_platform;
pub mod stage;
pub mod summary;
pub(crate) mod text;
pub mod told;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use conductor::{
    Cloud, ConductError, Conductor, Ended, Here, Holder, JournalStore, Reply, Request, SqliteJournal,
    TAKE_OVER_SECONDS, Watcher,
};
use localcloud::{Faults, Pace};
use tokio::sync::Notify;
use upgrade::{
    Act, Answer, ApprovedPlan, Observation, Plan, PortError, Query, Question, Record, Report, State, Step,
    Timestamp, UpgradeChoices, Users, Verdict,
};

use self::beginnings::{Beginning, Keeping};
use self::calls::CallLog;
use self::circumstances::Circumstances;
use self::durations::Drawn;
use self::onlooker::Standing;
use self::simulated_platform::SimulatedPlatform;
use self::stage::Stage;
use self::summary::End;
use crate::error::{CliError, Exit};
use crate::planning::{NewRelease, NoPlan, Prepared, UpgradeRequest, prepare};
use crate::ports::Ports;
use crate::snapshot::{Part, Snapshot};

/// The run's id, the same in every rehearsal: nobody else has a claim to its clouds.
const RUN_ID: &str = "rehearsal";

/// A rehearsed run that has not ended after this long would never end.
const LONGEST: Duration = Duration::from_secs(14 * 86_400);

/// A runtime whose clock is paused: waiting costs nothing.
///
/// # Errors
/// The system gives no timers.
pub fn virtual_time() -> Result<tokio::runtime::Runtime, CliError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .map_err(CliError::cannot_start)
}

/// A deployment on its stage, and what is to be done with it.
pub struct Rehearsal {
    pub stage: Stage,
    pub plan: Plan,
    /// The checks that only warn, and whose warnings the rehearsal accepted; the replacements likewise.
    pub accepted: Vec<String>,
    /// How everything stood before the run, as an onlooker sees it.
    before: Standing,
}

/// The upgrade would not begin, so there is nothing to rehearse: the checks that stand in the way, each with what it says.
#[derive(Debug, thiserror::Error)]
#[error("the upgrade would not begin: {}", .0.join("; "))]
pub struct NotRehearsed(Vec<String>);

impl From<NotRehearsed> for CliError {
    fn from(error: NotRehearsed) -> CliError {
        CliError::new(Exit::BadInput, error).hint(
            "that is what `slackwater check` would say as well: mend it, and rehearse again; nothing was touched",
        )
    }
}

/// What differs between the runs of a rehearsal.
#[derive(Debug, Clone, Default)]
pub struct Variation {
    /// How long things take; `None`: what is usual.
    pub pace: Option<Arc<dyn Pace>>,
    /// What else differs from evening to evening; `None`: nothing ends by itself, nothing is throttled.
    pub circumstances: Option<Circumstances>,
    /// What goes wrong in the clouds.
    pub faults: Faults,
    /// What goes wrong in the platform's answers.
    pub mishaps: Vec<simulated_platform::Fault>,
    /// The call of the cloud of this number (from 0) is answered so.
    pub failing_call: Option<(usize, &'static str)>,
    /// The conducting dies, and another one takes the run over.
    pub dies: Option<Death>,
    /// Somebody says stop when this step begins.
    pub stop_at: Option<Step>,
    /// What is answered to questions, in turn; nobody is there for the others.
    pub answers: Vec<Answer>,
    /// Look as often as over a network, as if it weren't known when the clouds change.
    pub looks_always: bool,
}

/// When a conducting dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Death {
    /// Right after this record (from 0).
    pub record: usize,
    /// Or, where the record is an act's intent, when that has been done and nobody has written it down.
    pub act_is_done: bool,
}

/// What came of a run.
#[derive(Debug)]
pub struct Came {
    pub ended: Ended,
    pub records: Vec<Record>,
    /// Each step that was entered, with the number of the record (from 0) that was the first to do so.
    pub entered: Vec<(usize, Step)>,
    pub report: Report,
    /// When it began and ended.
    pub began_at: Timestamp,
    pub ended_at: Timestamp,
    /// Questions that were asked, in turn.
    pub asked: Vec<Question>,
    /// What must never happen, and did: what the platform saw, and an onlooker afterwards.
    pub wrongs: Vec<String>,
    /// The primary stack's status at the end.
    pub stack_status: String,
    /// Every call of the cloud, and every request to the platform.
    pub calls: Vec<String>,
    pub requests: Vec<String>,
}

impl Variation {
    /// The run of a seed: its durations, by these histories, and its circumstances.
    #[must_use]
    pub fn drawn(drawn: Drawn) -> Variation {
        let circumstances = Some(Circumstances::draw(drawn.seed));
        Variation { pace: Some(Arc::new(drawn)), circumstances, ..Variation::default() }
    }
}

impl Rehearsal {
    /// Set the stage, and draw up the plan of the upgrade to a release. To be called where tokio's clock is paused.
    ///
    /// # Errors
    /// [`NotRehearsed`] when the upgrade would not begin; else what the stage can't be made of.
    pub async fn prepare(
        snapshot: &Snapshot,
        release: NewRelease,
        given: &BTreeMap<String, String>,
    ) -> Result<Rehearsal, CliError> {
        let mut stage = Stage::set(snapshot, given).await?;
        let site = stage.site()?;
        // What the stack has stays as it is; so do its secrets, which no plan keeps.
        let deployed = snapshot.stack(Part::Primary).map(|stack| &stack.parameters);
        let is_had = |key: &String, value: &String| deployed.is_some_and(|had| had.get(key) == Some(value));
        let of_release = given.iter().filter(|(key, value)| {
            let parameter = release.template.parameters.get(*key);
            parameter.is_some_and(|one| !one.no_echo) && !is_had(key, value)
        });
        let request = UpgradeRequest {
            inherited: upgrade::Before::default(),
            choices: UpgradeChoices {
                given: of_release.map(|(key, value)| (key.clone(), value.clone())).collect(),
                accepts_everything: true,
                ..UpgradeChoices::default()
            },
            release,
            take_fixes: true,
            run_id: RUN_ID.to_owned(),
        };
        let Prepared { plan, checks, .. } = prepare(&site, &request).await?;
        let plan = plan.map_err(|no_plan| match no_plan {
            NoPlan::Undrawn(error) => CliError::from(error),
            NoPlan::Blocked(ids) => {
                let said = |id: &String| {
                    let check = checks.iter().find(|check| check.id == *id);
                    let evidence = check.map(|check| check.evidence.join(" ")).unwrap_or_default();
                    format!("{id}: {evidence}")
                };
                NotRehearsed(ids.iter().map(said).collect()).into()
            }
        })?;
        let warned = checks.iter().filter(|check| check.verdict == Verdict::Warning);
        let accepted = warned.map(|check| check.id.clone()).collect();
        let before = Standing::look(&stage.primary, stage.clock).await?;
        stage.at = stage.clock.now();
        Ok(Rehearsal { stage, plan, accepted, before })
    }

    /// Carry the plan out on a fork of the stage.
    ///
    /// # Errors
    /// The fork can't be made, or the run broke one of the program's own rules.
    pub fn run(&self, variation: &Variation) -> Result<Came, CliError> {
        self.run_from(None, variation)
    }

    /// The same from there on; nothing may vary before.
    ///
    /// # Errors
    /// As [`Rehearsal::run`].
    pub fn run_from(&self, beginning: Option<&Beginning>, variation: &Variation) -> Result<Came, CliError> {
        let (came, _) = virtual_time()?.block_on(self.carry_out(variation, beginning, None))?;
        Ok(came)
    }

    /// The beginnings of the run to which nothing happens, which went like this one before.
    ///
    /// # Errors
    /// As [`Rehearsal::run`].
    pub fn beginnings(&self, whole: &Came) -> Result<Vec<Beginning>, CliError> {
        let (_, kept) = virtual_time()?.block_on(self.carry_out(&Variation::default(), None, Some(whole)))?;
        Ok(kept)
    }

    /// `kept_of`: beginnings are kept, of a run that went like this one before.
    async fn carry_out(
        &self,
        variation: &Variation,
        beginning: Option<&Beginning>,
        kept_of: Option<&Came>,
    ) -> Result<(Came, Vec<Beginning>), CliError> {
        let stage = beginning.map_or(&self.stage, |beginning| &beginning.stage).fork()?;
        let failed = |error: localcloud::AwsError| CliError::new(Exit::Failed, error.message);
        if let Some(pace) = &variation.pace {
            for cloud in stage.clouds() {
                cloud.set_pace(Arc::clone(pace));
            }
        }
        for cloud in stage.clouds() {
            cloud.set_faults(&variation.faults).map_err(failed)?;
        }
        if let Some(platform) = &stage.platform {
            match beginning {
                None => platform.begin(variation.mishaps.clone()),
                Some(_) => platform.meet(variation.mishaps.clone()),
            }
            if let Some(circumstances) = &variation.circumstances {
                platform.live_through(circumstances);
            }
        }
        let calls = CallLog::default();
        let before = beginning.map(|beginning| beginning.calls.clone()).unwrap_or_default();
        calls.go_on(before, variation.failing_call);
        calls.live_through(variation.circumstances);
        let site = stage.site_counted(&calls)?;
        let journal = SqliteJournal::in_memory()?;
        let approved = ApprovedPlan::new(self.plan.clone(), &self.plan.sha256(), "the rehearsal", stage.at)?;
        let mut director = Director::of(variation);
        director.recorded = beginning.map_or(0, |beginning| beginning.records.len());
        director.keeping = kept_of.map(|whole| {
            let acts = whole.records.iter().filter(|one| matches!(one, Record::Intended { .. }));
            Keeping::new(&stage, &calls, acts.count())
        });
        let began_at = beginning.map_or(stage.clock.now(), |beginning| beginning.began_at);
        let quiet =
            Quiet { ports: &site.ports, stage: &stage, looks_always: variation.looks_always, life: None };
        let conducting = self.conduct(quiet, &journal, &approved, beginning, &mut director);
        let ended = tokio::time::timeout(LONGEST, conducting).await.map_err(|_| {
            CliError::new(Exit::Failed, "a rehearsed run had not ended after 14 days, and was given up")
        })??;
        let ended_at = stage.clock.now();
        let (_, records) = journal.load(RUN_ID).await?;
        let report = Report::from_journal(&self.plan, &records)?;
        let stack_status = stage
            .primary
            .inspect(|world| {
                let stack = world.cloudformation.find(&self.plan.stack_name)?;
                Some(stack.status.name().to_owned())
            })
            .map_err(failed)?
            .unwrap_or_default();
        let platform = stage.platform.as_ref();
        let mut wrongs = platform.map(SimulatedPlatform::wrongs).unwrap_or_default();
        let after = Standing::look(&stage.primary, stage.clock).await?;
        let end = End::of(&ended);
        wrongs.extend(self.before.wrongs(&after, end, !variation.answers.is_empty()));
        if end.is_well() && !stack_status.ends_with("_COMPLETE") {
            wrongs.push(format!("the run has ended well, and the stack is {stack_status}"));
        }
        let kept = director.keeping.take().map(Keeping::kept).unwrap_or_default();
        let came = Came {
            ended,
            records,
            entered: director.entered,
            report,
            began_at,
            ended_at,
            asked: director.asked,
            wrongs,
            stack_status,
            calls: calls.calls(),
            requests: platform.map(SimulatedPlatform::requests).unwrap_or_default(),
        };
        Ok((came, kept))
    }

    /// Conduct, by another conducting from where the first one dies.
    async fn conduct(
        &self,
        quiet: Quiet<'_>,
        journal: &SqliteJournal,
        approved: &ApprovedPlan,
        beginning: Option<&Beginning>,
        director: &mut Director<'_>,
    ) -> Result<Ended, ConductError> {
        let life = Rc::clone(&director.life);
        let cloud = Quiet { life: Some(&life), ..quiet };
        let clock = &quiet.stage.clock;
        let (dies, stops) = (Arc::clone(&director.dies), Arc::clone(&director.stops));
        let asking = async {
            stops.notified().await;
            let stop = Request::Stop { by: "the rehearsal".to_owned() };
            // A run that ended in that moment can't be stopped any more.
            let _ended = journal.ask(RUN_ID, &stop, clock.now()).await;
            std::future::pending::<std::convert::Infallible>().await
        };
        let first = Holder::named("a rehearsal");
        let conductor = Conductor { cloud: &cloud, journal, clock, holder: &first };
        let ended = {
            let conducting = async {
                match beginning {
                    None => conductor.start(approved, &mut *director).await,
                    Some(from) => {
                        conductor.go_on_from(&self.plan, &from.records, from.here(), &mut *director).await
                    }
                }
            };
            // What it does in one go it does to the end, or until it is dead.
            tokio::select! {
                biased;
                ended = conducting => Some(ended?),
                () = dies.notified() => None,
                never = asking => match never {},
            }
        };
        if let Some(ended) = ended {
            return Ok(ended);
        }
        clock.sleep(Duration::from_secs(TAKE_OVER_SECONDS + 1)).await;
        let second = Holder::named("another one");
        let conductor = Conductor { cloud: &quiet, journal, clock, holder: &second };
        match conductor.resume(RUN_ID, &mut *director).await {
            // Its last record stood: there is nothing left to do.
            Err(ConductError::Ended { .. }) => {
                let (_, _, state) = conductor::read_run(journal, RUN_ID).await?;
                Ok(state.outcome.map_or_else(
                    || Ended::Run(upgrade::Outcome::GateClosed { reason: "it has no end".to_owned() }),
                    Ended::Run,
                ))
            }
            ended => ended,
        }
    }
}

/// The ports of a rehearsal: its own clouds, of which it is known when they change by themselves.
#[derive(Clone, Copy)]
struct Quiet<'a> {
    ports: &'a Ports,
    stage: &'a Stage,
    looks_always: bool,
    /// Whether whoever asks still lives; `None`: they do.
    life: Option<&'a Life>,
}

/// How a conducting lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Living {
    Lives,
    /// Until what is done next is done.
    LastAct,
    Dead,
}

type Life = Cell<Living>;

impl Quiet<'_> {
    fn living(&self) -> Living {
        self.life.map_or(Living::Lives, Cell::get)
    }
}

impl Cloud for Quiet<'_> {
    async fn observe(&self, query: &Query) -> Result<Observation, PortError> {
        match self.living() {
            Living::Dead => std::future::pending().await,
            Living::Lives | Living::LastAct => self.ports.observe(query).await,
        }
    }

    async fn act(&self, act: &Act) -> Result<(), PortError> {
        let living = self.living();
        if living == Living::Dead {
            return std::future::pending().await;
        }
        let done = self.ports.act(act).await;
        if living == Living::LastAct {
            return std::future::pending().await;
        }
        done
    }

    fn unchanged_until(&self) -> Option<Timestamp> {
        (!self.looks_always).then(|| self.stage.next_change().unwrap_or(Timestamp(u64::MAX)))
    }
}

/// Whoever sits before a rehearsed run: answers what was decided beforehand, leaves it where nothing was, says stop, kills it.
struct Director<'a> {
    answers: std::slice::Iter<'a, Answer>,
    asked: Vec<Question>,
    recorded: usize,
    death: Option<Death>,
    life: Rc<Life>,
    dies: Arc<Notify>,
    stop_at: Option<Step>,
    stops: Arc<Notify>,
    /// Steps that were entered, each with the first record that did so.
    entered: Vec<(usize, Step)>,
    keeping: Option<Keeping<'a>>,
}

impl<'a> Director<'a> {
    fn of(variation: &'a Variation) -> Director<'a> {
        Director {
            answers: variation.answers.iter(),
            asked: Vec::new(),
            recorded: 0,
            death: variation.dies,
            life: Rc::new(Cell::new(Living::Lives)),
            dies: Arc::new(Notify::new()),
            stop_at: variation.stop_at,
            stops: Arc::new(Notify::new()),
            entered: Vec::new(),
            keeping: None,
        }
    }
}

impl Watcher for Director<'_> {
    fn recorded(&mut self, _plan: &Plan, record: &Record, state: &State) {
        if let Some(death) = self.death.filter(|death| death.record == self.recorded) {
            let is_intent = matches!(record, Record::Intended { .. });
            let last_act = death.act_is_done && is_intent;
            self.life.set(if last_act { Living::LastAct } else { Living::Dead });
            self.dies.notify_one();
        }
        if !self.entered.iter().any(|(_, step)| *step == state.step) {
            self.entered.push((self.recorded, state.step));
        }
        self.recorded += 1;
        if let Some(keeping) = &mut self.keeping {
            keeping.recorded(record);
        }
        if self.stop_at == Some(state.step) {
            self.stop_at = None;
            self.stops.notify_one();
        }
    }

    fn about_to_act(&mut self, here: Here<'_>) {
        if let Some(keeping) = &mut self.keeping {
            keeping.about_to_act(here);
        }
    }

    fn asked(&mut self, _plan: &Plan, question: &Question, _users: Option<&Users>) -> Reply {
        self.asked.push(question.clone());
        match self.answers.next() {
            Some(answer) => Reply::Answer { answer: answer.clone(), by: "the rehearsal".to_owned() },
            None => Reply::Leave,
        }
    }
}
