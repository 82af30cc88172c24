//! One evening: what is drawn from its seed, and what happens.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use conductor::{Clock, ConductError, Conductor, Ended, Holder, JournalError, JournalStore, read_run};
use localcloud::Faults;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use serde_json::json;
use upgrade::{
    Answer, ApprovedPlan, Plan, Question, Record, RunKind, Step, Timestamp, UpdateKind, UpgradeChoices,
};

use super::chance::Chance;
use super::deployment::{Deployment, SECRET, SECRET_PARAMETER, STACK};
use super::judge::{self, Judged, Onlooker};
use super::machine::{Machine, everyone};
use super::net::{Lines, Net, Place};
use super::options::Options;
use super::person::Person;
use super::world::{Done, PREFIX, TOKEN, World, journal};
use crate::answers::Answer as Printed;
use crate::error::CliError;
use crate::planning::{NewRelease, NoPlan, UpgradeRequest, inherited, prepare, prepare_maintenance};
use crate::rehearsal::onlooker::Standing;
use crate::rehearsal::simulated_platform::{SimulatedComputation, SimulatedPlatform, SimulatedSession};
use crate::rehearsal::stage::{BUCKET, Stage};
use crate::rehearsal::virtual_time;
use crate::seed::Caller;

/// After so long nothing goes wrong any more, so that everything can end.
const TROUBLE_LASTS: Duration = Duration::from_secs(4 * 3600);

/// Whoever could not carry a run on tries again after so long.
const BETWEEN_TRIES: Duration = Duration::from_secs(15);

/// The machine of whoever begins another run meanwhile.
const RIVAL: usize = 98;

/// A run that nobody has begun by then nobody will.
const UNBEGUN_SECONDS: u64 = 2 * 3600;

/// A run that has not ended by then never will.
const PATIENCE: Duration = Duration::from_secs(48 * 3600);

/// Until everything has arrived that was sent, and what was put back has been looked at once more.
const SETTLING: Duration = Duration::from_secs(660);

/// What came of an evening.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Evening {
    pub seed: u64,
    pub options: Options,
    /// What became of each run, in a word or two; one that could not be begun says why.
    #[serde(serialize_with = "as_objects")]
    #[schemars(with = "Vec<EndedRun>")]
    pub runs: Vec<(RunKind, String)>,
    /// Rules that were broken, a sentence each.
    pub broken: Vec<String>,
    pub virtual_seconds: u64,
    #[serde(skip)]
    pub by_step: BTreeMap<(Place, Step), usize>,
    #[serde(skip)]
    pub takeovers: usize,
    /// Where somebody wants to read it: everything that was written and that arrived, as it came, by the true clock.
    #[serde(skip)]
    pub told: Vec<String>,
    /// Every run's records, as they were written.
    #[serde(skip)]
    pub records: String,
}

impl Printed for Evening {
    const NAME: &'static str = "evening";
}

/// What became of a run, as it is printed.
#[derive(Serialize, JsonSchema)]
struct EndedRun<'a> {
    kind: RunKind,
    end: &'a str,
}

fn as_objects<S: Serializer>(runs: &[(RunKind, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(runs.iter().map(|(kind, end)| json!(EndedRun { kind: *kind, end })))
}

/// Live through the evening of a seed; `tells`: line by line.
///
/// # Errors
/// The stage can't be set: a fault of the simulation, not of what it simulates.
pub fn simulate(seed: u64, tells: bool) -> Result<Evening, CliError> {
    virtual_time()?.block_on(Box::pin(evening(seed, tells)))
}

async fn evening(seed: u64, tells: bool) -> Result<Evening, CliError> {
    let mut chance = Chance::of(seed, 0);
    let deployment = Deployment::draw(&mut chance)?;
    let options = Options::draw(seed, &mut chance, &deployment);
    let secrets = BTreeMap::from([(SECRET_PARAMETER.to_owned(), SECRET.to_owned())]);
    let mut stage = Stage::set(&deployment.snapshot, &secrets).await?;
    let platform = people(&stage, &mut chance);
    stage.platform = Some(platform.clone());
    let net = Net::new(stage.clock, BUCKET, PREFIX);
    net.log().told = tells.then(Vec::new);
    let caller = Caller::in_process(stage.primary.clone(), stage.clock);
    let before = Standing::look(&stage.primary, stage.clock).await?;
    let began_at = stage.clock.now();
    let world = World {
        seed,
        stage,
        platform,
        net,
        caller,
        deployment,
        options,
        before,
        was_led: Cell::default(),
        resized: RefCell::default(),
        meddled_at: Rc::default(),
        broken: Rc::default(),
        said: Rc::default(),
    };
    let mut runs = Vec::new();
    let mut records = String::new();
    let mut is_entered = false;
    for (number, kind) in world.options.runs.clone().into_iter().enumerate() {
        let came = world.run(kind, number, is_entered).await?;
        match came {
            Ok(done) => {
                let Judged { is_entered: entered, word } = judge::judge(&world, &done, is_entered).await?;
                is_entered = entered;
                records.push_str(&serde_json::to_string(&done.records).unwrap_or_default());
                runs.push((kind, word));
            }
            Err(why) => runs.push((kind, format!("not begun: {why}"))),
        }
    }
    // Whatever happened, maintenance can be left.
    if is_entered || judge::is_shut(&world).await? {
        world.calm_down()?;
        match world.run(RunKind::LeaveMaintenance, world.options.runs.len(), true).await? {
            Ok(done) => {
                let Judged { word, .. } = judge::judge(&world, &done, true).await?;
                if word != "out of maintenance" {
                    world.wrong(format!("maintenance can't be left: {word}"));
                }
                runs.push((RunKind::LeaveMaintenance, word));
            }
            Err(why) => world.wrong(format!("maintenance can't be left: {why}")),
        }
    }
    judge::afterwards(&world).await?;
    let (by_step, takeovers, told) = {
        let mut log = world.net.log();
        (std::mem::take(&mut log.by_step), log.takeovers.len(), log.told.take().unwrap_or_default())
    };
    let virtual_seconds = world.stage.clock.now().milliseconds_since(began_at) / 1000;
    let broken = world.broken.take();
    Ok(Evening {
        seed,
        options: world.options,
        runs,
        broken,
        virtual_seconds,
        by_step,
        takeovers,
        told,
        records,
    })
}

fn people(stage: &Stage, chance: &mut Chance) -> SimulatedPlatform {
    let owner = |number: u64| format!("user{number}@example.com");
    let sessions = (0..chance.below(5)).map(|number| SimulatedSession {
        id: format!("session-{number}"),
        owner: owner(number),
        unsaved: u32::try_from(chance.below(4)).unwrap_or(0),
        saves_that_fail: u32::from(chance.once_in(6)),
        saving_milliseconds: chance.between(1_000, 60_000),
    });
    let sessions = sessions.collect();
    let now = stage.clock.now();
    let computations = (0..chance.below(4)).map(|number| SimulatedComputation {
        id: format!("run-{number}"),
        owner: owner(number),
        ends_at: chance.once_in(2).then(|| Timestamp(now.0 + chance.between(60_000, 1_800_000))),
    });
    let computations = computations.collect();
    SimulatedPlatform::new(&stage.primary, STACK, stage.clock, TOKEN, sessions, computations)
}

impl World {
    /// The plan of a run; why there is none.
    async fn plan(&self, kind: RunKind, run_id: &str) -> Result<Result<Plan, String>, CliError> {
        let site = self.site(&self.calm_lines(), self.stage.clock)?;
        let stack_id = site.ports.clouds.primary.deployment(STACK).await?.stack_id;
        let journal = self.journal(&self.calm_lines(), self.stage.clock, &stack_id).await?;
        let inherited = match self.options.forgetful {
            true => upgrade::Before::default(),
            false => inherited(&journal, &site.settings.name).await,
        };
        if kind != RunKind::Upgrade {
            let plan = prepare_maintenance(&site, kind, run_id, &[], None, inherited).await;
            return Ok(plan.map_err(|error| error.to_string()));
        }
        let request = UpgradeRequest {
            inherited,
            choices: UpgradeChoices { accepts_everything: true, ..UpgradeChoices::default() },
            release: NewRelease::of("to.json", self.deployment.to.clone().into_bytes(), None)?,
            take_fixes: true,
            run_id: run_id.to_owned(),
        };
        match prepare(&site, &request).await {
            Err(error) => Ok(Err(error.to_string())),
            Ok(prepared) => Ok(prepared.plan.map_err(|none| match none {
                NoPlan::Undrawn(error) => error.to_string(),
                NoPlan::Blocked(checks) => checks.join(", "),
            })),
        }
    }

    /// Everybody carries one run on, until it has ended.
    async fn run(
        &self,
        kind: RunKind,
        number: usize,
        is_entered: bool,
    ) -> Result<Result<Done, String>, CliError> {
        let plan = match self.plan(kind, &format!("run-{number}")).await? {
            Ok(plan) => plan,
            Err(why) => {
                self.said.borrow_mut().push(why.clone());
                return Ok(Err(why));
            }
        };
        if number == 0 {
            self.take_aim(&plan);
            self.begin_trouble()?;
        }
        let believed: Vec<Rc<RefCell<Vec<Record>>>> =
            (0..self.options.machines).map(|_| Rc::default()).collect();
        let answers: Rc<RefCell<Vec<(Question, Answer)>>> = Rc::default();
        let machines = self.options.machines;
        let onlooker = RefCell::new(Onlooker::new(is_entered));
        let mut working = Vec::new();
        for (index, recorded) in believed.iter().enumerate() {
            let machine = index as u64;
            let mut own = Chance::of(self.seed, (number as u64 + 1) * 16 + machine + 1);
            // Its clock is off by up to three minutes.
            let now = self.stage.clock.now().0;
            let clock = Clock::starting_at(Timestamp(now + own.between(0, 360_000) - 180_000));
            let comes_after = if machine == 0 { 0 } else { own.between(5, 1_500) };
            let person = Person {
                machine: index,
                chance: Chance::of(self.seed, (number as u64 + 1) * 64 + machine),
                recorded: Rc::clone(recorded),
                answers: Rc::clone(&answers),
                net: self.net.clone(),
                onlooker: Some((self, &onlooker)),
            };
            let lines = self.net.lines(index, own, self.options.trouble);
            // The last one lives, so that the run ends.
            if machine + 1 < machines {
                lines.may_die();
            }
            let stillness = lines.stillness.clone();
            working
                .push(Machine::of(self.carry_on(&plan, lines, clock, index, comes_after, person), stillness));
        }
        let all = everyone(working);
        let beside = self.beside(&plan, number, &onlooker);
        let ended = tokio::select! {
            biased;
            ended = tokio::time::timeout(PATIENCE, all) => ended.is_ok(),
            error = beside => { error?; false }
        };
        if !ended {
            self.wrong(format!("{} has not ended after two days", plan.run_id));
        }
        self.stage.clock.sleep(SETTLING).await;
        let journal = self.journal(&self.calm_lines(), self.stage.clock, &plan.stack_id).await?;
        let (records, outcome, remarks) = match read_run(&journal, &plan.run_id).await {
            Ok((_, records, state)) => (records, state.outcome, state.remarks),
            Err(JournalError::NoSuchRun { .. } | JournalError::NotBegun { .. }) => {
                return Ok(Err("nobody began it".to_owned()));
            }
            Err(error) => {
                self.wrong(format!("the journal of {} can't be read: {error}", plan.run_id));
                (Vec::new(), None, Vec::new())
            }
        };
        let answers = answers.take();
        Ok(Ok(Done { plan, records, outcome, remarks, believed, answers }))
    }

    /// The step of the run that meets more trouble than the others. Those that few runs come to are drawn more often.
    fn take_aim(&self, plan: &Plan) {
        if !self.options.aims {
            return;
        }
        let mut steps: Vec<Step> = plan.steps.iter().map(|planned| planned.step).collect();
        if plan.kind == RunKind::Upgrade {
            steps.extend(Step::of_update(UpdateKind::WayBack));
        }
        let rare = [UpdateKind::BackupStack, UpdateKind::RoleStack, UpdateKind::WayBack];
        let rare: Vec<Step> = rare.into_iter().flat_map(Step::of_update).collect();
        let rarely: Vec<Step> = steps.iter().copied().filter(|step| rare.contains(step)).collect();
        (0..3).for_each(|_| steps.extend(&rarely));
        self.net.log().aim = Chance::of(self.seed, 5_555).one_of(&steps).copied();
    }

    fn begin_trouble(&self) -> Result<(), CliError> {
        let resource = |(stack, logical_id, phase): &(String, String, &str)| json!({"stack": stack, "logical_id": logical_id, "phase": phase, "reason": "so it was simulated"});
        let resources: Vec<_> = self.options.resources.iter().map(resource).collect();
        let failed = |words: String| CliError::new(crate::Exit::Failed, words);
        let faults =
            Faults::from_json(&json!({"resources": resources})).map_err(|error| failed(error.to_string()))?;
        for cloud in self.stage.clouds() {
            cloud.set_faults(&faults).map_err(|error| failed(error.message))?;
        }
        // Nobody goes back from what is well.
        let goes_back = self.net.log().aims_at_way_back();
        self.platform.be_healthy(!self.options.unhealthy && !goes_back);
        Ok(())
    }

    /// What happens while a run is carried on. Never comes to an end but by an error.
    async fn beside(&self, plan: &Plan, number: usize, onlooker: &RefCell<Onlooker>) -> Result<(), CliError> {
        let clock = self.stage.clock;
        let calming = async {
            clock.sleep(TROUBLE_LASTS).await;
            self.calm_down()
        };
        let stopping = async {
            let Some(after) = self.options.stop_after.filter(|_| number == 0) else { return Ok(()) };
            clock.sleep(Duration::from_secs(after)).await;
            let journal = self.journal(&self.calm_lines(), clock, &plan.stack_id).await?;
            let stop = conductor::Request::Stop { by: "bob".to_owned() };
            // A run that has ended, or was never begun, can't be stopped.
            let _asked = journal.ask(&plan.run_id, &stop, clock.now()).await;
            Ok(())
        };
        let meddling = async {
            let is_first =
                self.options.runs.iter().position(|kind| *kind == RunKind::Upgrade) == Some(number);
            let Some(after) = self.options.meddles_after.filter(|_| is_first) else { return Ok(()) };
            clock.sleep(Duration::from_secs(after)).await;
            let fields = [
                ("StackName", STACK),
                ("TemplateBody", &self.deployment.meddled),
                ("Capabilities.member.1", "CAPABILITY_NAMED_IAM"),
                ("Parameters.member.1.ParameterKey", SECRET_PARAMETER),
                ("Parameters.member.1.UsePreviousValue", "true"),
            ];
            let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
            // While the run's own update is under way, AWS takes no other.
            if self.caller.query("cloudformation", "UpdateStack", &fields).await.is_err() {
                return Ok(());
            }
            for _ in 0..60 {
                clock.sleep(Duration::from_secs(5)).await;
                if judge::is_meddled(self)? {
                    self.meddled_at.set(Some(clock.now()));
                    return Ok(());
                }
            }
            Ok(())
        };
        let rivalry = self.rival(plan, number, onlooker);
        tokio::try_join!(calming, stopping, meddling, rivalry)?;
        std::future::pending().await
    }

    /// Somebody else wants to begin a run while this one goes on: that must be refused.
    async fn rival(&self, plan: &Plan, number: usize, onlooker: &RefCell<Onlooker>) -> Result<(), CliError> {
        if !self.options.rival || number > 0 {
            return Ok(());
        }
        let clock = self.stage.clock;
        let mut chance = Chance::of(self.seed, 7_777);
        let mut other = plan.clone();
        other.run_id = format!("{}-rival", plan.run_id);
        loop {
            clock.sleep(Duration::from_secs(chance.between(30, 900))).await;
            let lines = self.calm_lines();
            let journal = self.journal(&lines, clock, &plan.stack_id).await?;
            match read_run(&journal, &plan.run_id).await {
                Ok((_, _, state)) if state.outcome.is_some() => return Ok(()),
                // Nobody has begun: whoever comes first has it.
                Err(_) => continue,
                Ok(_) => {}
            }
            let Ok(approved) = ApprovedPlan::new(other.clone(), &other.sha256(), "carol", clock.now()) else {
                return Ok(());
            };
            let site = self.site(&lines, clock)?;
            let holder = Holder::named("carol's");
            let conductor =
                Conductor { cloud: &site.ports, journal: &journal, clock: &clock, holder: &holder };
            let mut nobody = Person {
                machine: RIVAL,
                chance: Chance::of(self.seed, 7_778),
                recorded: Rc::default(),
                answers: Rc::default(),
                net: self.net.clone(),
                onlooker: None,
            };
            match Box::pin(conductor.start(&approved, &mut nobody)).await {
                Err(error) => self.said.borrow_mut().push(error.to_string()),
                Ok(_) => {
                    // Machines' own clocks say nothing here: it is the moment that counts at which it was written.
                    let began = nobody.recorded.borrow().first().map(Record::at);
                    let is_ended = read_run(&journal, &plan.run_id)
                        .await
                        .is_ok_and(|(_, _, state)| state.outcome.is_some());
                    if !is_ended || began < onlooker.borrow().last_at {
                        self.wrong(format!("{} was begun while {} had not ended", other.run_id, plan.run_id));
                    }
                    return Ok(());
                }
            }
        }
    }

    /// One machine: begins the run, or comes later, and goes on with it whenever it may, until it has ended.
    async fn carry_on(
        &self,
        plan: &Plan,
        lines: Lines,
        clock: Clock,
        index: usize,
        comes_after: u64,
        mut person: Person<'_>,
    ) {
        clock.sleep(Duration::from_secs(comes_after)).await;
        let (mut times, mut has_begun) = (0, false);
        let came_at = clock.now();
        self.net.log().tries_since.insert(index, self.stage.clock.now());
        let (site, objects) = loop {
            if let (Ok(site), Ok(objects)) = (self.site(&lines, clock), self.objects(&lines, clock).await) {
                break (site, objects);
            }
            clock.sleep(Duration::from_secs(5)).await;
        };
        loop {
            times += 1;
            // Each time as by another process, which has read nothing yet.
            let journal = journal(objects.clone(), &plan.stack_id, clock);
            let holder = Holder::named(&format!("{}-machine-{index}-{times}", plan.run_id));
            let conductor =
                Conductor { cloud: &site.ports, journal: &journal, clock: &clock, holder: &holder };
            lines.conducts(true);
            // Whoever wants the run tries to begin it until it has begun.
            let approved = ApprovedPlan::new(plan.clone(), &plan.sha256(), "ada", clock.now());
            let ended = match approved {
                Ok(approved) if index == 0 && !has_begun => {
                    Box::pin(conductor.start(&approved, &mut person)).await
                }
                _ => Box::pin(conductor.resume(&plan.run_id, &mut person)).await,
            };
            lines.conducts(false);
            match ended {
                Ok(Ended::Run(_))
                | Err(ConductError::Ended { .. } | ConductError::Journal(JournalError::Ended { .. })) => {
                    return;
                }
                // They had their turn, and somebody else goes on; or it could not be begun.
                Ok(Ended::NeedsAnswer(..)) => {}
                Err(error) => {
                    let unbegun = matches!(
                        &error,
                        ConductError::Journal(JournalError::Store { .. } | JournalError::ClaimHeld { .. })
                    );
                    has_begun = !unbegun || !person.recorded.borrow().is_empty();
                    let is_there = !matches!(
                        &error,
                        ConductError::Journal(JournalError::NoSuchRun { .. } | JournalError::NotBegun { .. })
                    );
                    // Whoever wanted it has died before it was begun: nobody waits for it for days.
                    if !is_there && clock.now().milliseconds_since(came_at) > UNBEGUN_SECONDS * 1000 {
                        return;
                    }
                    self.said.borrow_mut().push(error.to_string());
                }
            }
            clock.sleep(BETWEEN_TRIES).await;
        }
    }
}
