//! `slackwater serve` and the runs it carries out.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::time::Duration;

use rusqlite::Connection;

use crate::cloud::{Cloud, end_of, signal};
use crate::panel::{Served, errors};

const BEHIND_THE_GATE: &str = "in: Terminate jobs";

#[test]
fn go_on_with_it_pressed_twice_conducts_once() {
    let cloud = Cloud::with_work();
    let served = Served::start(&cloud);
    let ada = served.set_up(&cloud);
    let run = cloud.begin(&["maintenance", "enable", "--yes"]);
    cloud.until_runs_say(BEHIND_THE_GATE);
    signal(&run, "TERM");
    assert_eq!(end_of(run).code, 4);
    let run_id = cloud.latest_run();
    let path = format!("/runs/{run_id}/resume");
    let answers: Vec<String> = std::thread::scope(|scope| {
        let presses = ["one", "two"].map(|key| scope.spawn(|| served.press(&ada, &path, key)));
        presses.into_iter().map(|press| press.join().expect("answered")).collect()
    });
    let told = |status: &str| answers.iter().filter(|answer| answer.starts_with(status)).count();
    assert_eq!((told("HTTP/1.1 204"), told("HTTP/1.1 409")), (1, 1), "{answers:?}");
    let process = format!("process {}", served.child().id());
    assert!(
        answers.iter().any(|answer| answer.contains(&format!("run {run_id} is carried out by {process}"))),
        "{answers:?}"
    );
    cloud.until_runs_say(&process);
    // The journal is sound, and the run does what it is asked.
    let stopped = served.press(&ada, &format!("/runs/{run_id}/stop"), "three");
    assert!(stopped.starts_with("HTTP/1.1 204"), "{stopped}");
    cloud.until_runs_say("Maintenance was not entered");
    let status = cloud.run(&["status"]);
    assert!(status.out.contains("open; users are let in"), "{status:?}");
}

#[test]
fn serve_takes_its_runs_up_again_whether_it_was_killed_or_told_to_end() {
    let cloud = Cloud::with_work();
    let mut served = Served::start(&cloud);
    let ada = served.set_up(&cloud);
    let begun = served.press(&ada, "/deployments/production/maintenance/enable", "one");
    assert!(begun.starts_with("HTTP/1.1 200"), "{begun}");
    cloud.until_runs_say(BEHIND_THE_GATE);
    let run_id = cloud.latest_run();
    // A damaged run and one of a deployment that the settings don't name are said, and in nobody's way.
    let journal = Connection::open(cloud.folder().join(".slackwater/journal.sqlite")).expect("SQLite");
    for (id, deployment, plan) in [("torn", "production", "'{'"), ("strange", "elsewhere", "plan")] {
        journal
            .execute(
                &format!(
                    "INSERT INTO runs (run_id, deployment, stack_name, stack_id, created_at, kind, plan_sha256, plan)
                     SELECT '{id}', '{deployment}', stack_name, '{id}', 0, kind, '{id}', {plan} FROM runs WHERE run_id = ?1"
                ),
                [&run_id],
            )
            .expect("inserted");
    }
    drop(journal);
    for (name, code) in [("KILL", None), ("TERM", Some(0)), ("HUP", Some(0)), ("INT", Some(0))] {
        signal(served.child(), name);
        match code {
            None => {
                served.child.take().expect("it runs").wait().expect("reaped");
            }
            Some(code) => {
                let ended = served.end(&cloud);
                assert_eq!(ended.code, code, "{name}: {ended:?}");
                assert!(ended.err.contains(&format!("run {run_id} was interrupted by")), "{name}: {ended:?}");
                assert!(ended.err.contains("USERS ARE KEPT OUT, by a look"), "{name}: {ended:?}");
            }
        }
        let list = cloud.run(&["run", "list"]);
        let line = list.out.lines().find(|line| line.starts_with(&run_id)).expect("listed");
        assert!(line.contains("by nobody"), "{name}: {list:?}");
        served = Served::start(&cloud);
        cloud.until(&format!("run {run_id} of production is taken up again"), || errors(&cloud));
        cloud.until_runs_say(&format!("process {}", served.child().id()));
        cloud.until("run torn of production is not taken up: run torn is damaged", || errors(&cloud));
        cloud.until("run strange has not ended, and the settings name no deployment elsewhere", || {
            errors(&cloud)
        });
    }
    assert_eq!(cloud.told(), ["began", "interrupted", "interrupted", "interrupted"]);
    let stop = cloud.run(&["run", "stop", &run_id]);
    assert_eq!(stop.code, 0, "{stop:?}");
    cloud.until_runs_say("Maintenance was not entered");
    // The damaged run has a page like every other.
    let page = served.ask("GET", "/runs/torn", &[("cookie", &ada.cookie)], "");
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("damaged"), "{page}");
    for path in ["/", "/history", "/deployments/production/maintenance"] {
        let page = served.ask("GET", path, &[("cookie", &ada.cookie)], "");
        assert!(page.starts_with("HTTP/1.1 200"), "{path}: {page}");
    }
}

#[test]
fn maintenance_is_disabled_in_the_panel_beside_a_run_that_can_t_be_read() {
    let cloud = Cloud::with_work();
    let served = Served::start(&cloud);
    let ada = served.set_up(&cloud);
    let mut run = cloud.begin(&["maintenance", "enable", "--yes"]);
    cloud.until_runs_say(BEHIND_THE_GATE);
    run.kill().expect("killed");
    run.wait().expect("reaped");
    let journal = Connection::open(cloud.folder().join(".slackwater/journal.sqlite")).expect("SQLite");
    journal.execute("UPDATE runs SET plan = '{}'", []).expect("damaged");
    drop(journal);
    let disabled = served.press(&ada, "/deployments/production/maintenance/disable", "one");
    assert!(disabled.starts_with("HTTP/1.1 200"), "{disabled}");
    cloud.until_runs_say("Maintenance was left");
    cloud.until_runs_say("SET ASIDE: its plan");
    let status = cloud.run(&["status"]);
    assert!(status.out.contains("open; users are let in"), "{status:?}");
}

#[test]
fn a_deployment_that_can_t_be_reached_is_named_and_its_run_is_not_driven_into_its_deadlines() {
    let mut cloud = Cloud::with_work();
    let mut run = cloud.begin(&["maintenance", "enable", "--yes"]);
    cloud.until_runs_say(BEHIND_THE_GATE);
    run.kill().expect("killed");
    run.wait().expect("reaped");
    cloud.fall_silent();
    let run_id = cloud.latest_run();
    let served = Served::start(&cloud);
    let words = format!("run {run_id} of production can't be taken up yet, and is tried every 30 s");
    cloud.until(&words, || errors(&cloud));
    let list = cloud.run(&["run", "list"]);
    assert!(list.out.contains(BEHIND_THE_GATE) && list.out.contains("by nobody"), "{list:?}");
    signal(served.child(), "TERM");
    assert_eq!(served.end(&cloud).code, 0);
}

/// Runs of a state that can't be read aren't taken for runs that never were.
#[test]
fn a_state_that_can_t_be_read_is_named_on_the_pages() {
    let cloud = Cloud::with_work();
    let path = cloud.folder().join("slackwater.toml");
    let settings = std::fs::read_to_string(&path).expect("settings");
    let elsewhere = settings.replace("\"data-directory\"", "\"s3://a-bucket-that-is-not-there/state\"");
    assert_ne!(settings, elsewhere);
    std::fs::write(&path, elsewhere).expect("written");
    let served = Served::start(&cloud);
    let ada = served.set_up(&cloud);
    cloud.until("the state of deployment production can't be read", || errors(&cloud));
    for path in ["/", "/history"] {
        let page = served.ask("GET", path, &[("cookie", &ada.cookie)], "");
        assert!(page.contains("The runs of production can't be read"), "{path}: {page}");
        assert!(page.contains("a-bucket-that-is-not-there"), "{path}: {page}");
        assert!(!page.contains("Nothing was run yet"), "{path}: {page}");
    }
}

/// A conducting that isn't known to be gone is waited for.
#[test]
fn serve_waits_for_a_conducting_that_may_live() {
    let cloud = Cloud::with_work();
    let mut run = cloud.begin(&["maintenance", "enable", "--yes"]);
    cloud.until_runs_say(BEHIND_THE_GATE);
    run.kill().expect("killed");
    run.wait().expect("reaped");
    let run_id = cloud.latest_run();
    let journal = Connection::open(cloud.folder().join(".slackwater/journal.sqlite")).expect("SQLite");
    journal
        .execute("UPDATE runs SET holder = 'another-machine/1/1/x/y', beat_at = beat_at - 40000", [])
        .expect("set");
    drop(journal);
    let served = Served::start(&cloud);
    let list = cloud.run(&["run", "list"]);
    assert!(list.out.contains("process 1 on another-machine"), "{list:?}");
    cloud.until(&format!("run {run_id} of production is taken up again"), || errors(&cloud));
    cloud.until_runs_say(&format!("process {}", served.child().id()));
}

/// Nobody can sign in any more: somebody on the machine can see to it, beside the panel that runs.
#[test]
fn a_password_is_reset_on_the_machine_beside_a_panel_that_is_served() {
    let cloud = Cloud::with_sample();
    let served = Served::start(&cloud);
    let ada = served.set_up(&cloud);
    for _ in 0..5 {
        assert!(served.sign_in("ada", "a wrong sentence").starts_with("HTTP/1.1 401"));
    }
    assert!(served.sign_in("ada", crate::panel::PASSWORD).starts_with("HTTP/1.1 429"), "locked");
    let nobody = cloud.run(&["serve", "--reset-password", "eve"]);
    assert_eq!(nobody.code, 2, "{nobody:?}");
    let reset = cloud.run(&["serve", "--reset-password", "ada"]);
    assert_eq!(reset.code, 0, "{reset:?}");
    let password = reset.out.lines().nth(1).expect("a password").trim();
    assert!(served.ask("GET", "/", &[("cookie", &ada.cookie)], "").starts_with("HTTP/1.1 303"), "signed out");
    assert!(served.sign_in("ada", password).starts_with("HTTP/1.1 303"), "{password} lets her in");
    let elsewhere = cloud.run(&["serve", "--reset-password", "ada", "--data-dir", "nowhere"]);
    assert_eq!(elsewhere.code, 2, "{elsewhere:?}");
    assert!(!cloud.folder().join("nowhere").exists(), "nothing is made");
}

#[test]
fn the_audit_trail_is_verified_exported_and_compared_with_an_earlier_export() {
    let cloud = Cloud::with_sample();
    let served = Served::start(&cloud);
    served.set_up(&cloud);
    let export = cloud.run(&["serve", "--export-audit"]);
    cloud.write("earlier.jsonl", &export.out);
    assert_eq!(export.out.lines().count(), 2, "{export:?}");
    served.sign_in("ada", "a wrong sentence");
    let verify = ["serve", "--verify-audit", "--against", "earlier.jsonl"];
    let whole = cloud.run(&verify);
    assert_eq!(whole.code, 0, "{whole:?}");
    assert!(whole.out.contains("whole: 2 acts in 4 rows"), "{whole:?}");
    assert!(whole.out.contains("begins with the 2 rows of earlier.jsonl"), "{whole:?}");
    // Somebody who may write the file makes all of it anew: it holds together, and is another one.
    let file = || Connection::open(cloud.folder().join(".slackwater/panel.sqlite")).expect("SQLite");
    drop(served);
    file()
        .execute_batch("DROP TRIGGER trail_stays; UPDATE trail SET object = 'x' WHERE place = 3")
        .expect("theirs");
    let broken = cloud.run(&verify);
    assert_eq!(broken.code, 1, "{broken:?}");
    assert!(broken.err.contains("row 3 (act 2) is not as it was written"), "{broken:?}");
    file().execute_batch("UPDATE trail SET object = '' WHERE place = 3").expect("put back");
    assert_eq!(cloud.run(&verify).code, 0);
    cloud.write("earlier.jsonl", &export.out.replace("set up", "sign in"));
    let other = cloud.run(&verify);
    assert_eq!(other.code, 1, "{other:?}");
    assert!(other.err.contains("differ from row 1 on"), "{other:?}");
}

#[test]
fn files_are_their_owners_alone_whatever_the_folders_mode() {
    let cloud = Cloud::with_sample();
    let data = cloud.folder().join(".slackwater");
    std::fs::create_dir(&data).expect("made");
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).expect("ours");
    // There already, and open to everybody.
    for name in ["panel.sqlite", "proposals.sqlite", "journal.sqlite", "journal.sqlite-wal"] {
        std::fs::write(data.join(name), "").expect("written");
        std::fs::set_permissions(data.join(name), std::fs::Permissions::from_mode(0o644)).expect("ours");
    }
    let served = Served::start(&cloud);
    let ada = served.set_up(&cloud);
    let begun = served.press(&ada, "/deployments/production/maintenance/enable", "one");
    assert!(begun.starts_with("HTTP/1.1 200"), "{begun}");
    cloud.until_runs_say("Maintenance was entered");
    let names = std::fs::read_dir(&data).expect("readable").map(|one| one.expect("there").path());
    let names: Vec<_> = names.collect();
    let (mut held, tried) = (0, names.len());
    for path in &names {
        let mode = std::fs::metadata(path).expect("there").mode() & 0o777;
        held += usize::from(mode == 0o600);
        assert_eq!(mode, 0o600, "{}", path.display());
    }
    assert!(tried >= 6, "{names:?}");
    println!("attacks: file modes: {held} of {tried} held");
}

/// The moments at which `serve` is killed: as many as wanted, each after a pause that nobody chose.
struct Moments {
    seed: u64,
    left: u32,
}

impl Iterator for Moments {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.left = self.left.checked_sub(1)?;
        // Knuth's MMIX, of which the upper bits count.
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Some(Duration::from_millis((self.seed >> 33) % 2000))
    }
}

/// Killed at random moments with four runs under way: all are taken up again, each time. Three kills; with
/// SLACKWATER_KILLS=20 as many as that, from the seed SLACKWATER_SEED.
#[test]
fn serve_is_killed_over_and_over_and_takes_all_of_its_runs_up_again() {
    let number =
        |name: &str, usual: u64| std::env::var(name).map_or(usual, |text| text.parse().expect("a number"));
    let kills = u32::try_from(number("SLACKWATER_KILLS", 3)).expect("a small number");
    let seed = number("SLACKWATER_SEED", 20_261_129);
    let cloud = Cloud::with_four_at_work();
    let mut served = Served::start(&cloud);
    let ada = served.set_up(&cloud);
    for name in Cloud::FOUR {
        let begun = served.press(&ada, &format!("/deployments/{name}/maintenance/enable"), name);
        assert!(begun.starts_with("HTTP/1.1 200"), "{begun}");
    }
    let (mut taken_up, mut survived) = (0, 0);
    for pause in (Moments { seed, left: kills }) {
        std::thread::sleep(pause);
        signal(served.child(), "KILL");
        served.child.take().expect("it runs").wait().expect("reaped");
        served = Served::start(&cloud);
        let process = format!("(process {}", served.child().id());
        let carried_out = |list: &str| list.lines().filter(|line| line.contains(&process)).count();
        let mut list = String::new();
        for _ in 0..600 {
            list = cloud.run(&["run", "list"]).out;
            if carried_out(&list) == 4 {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let found = carried_out(&list);
        taken_up += found;
        survived += u32::from(found == 4);
        assert_eq!(found, 4, "after {pause:?} (seed {seed}): {list}\n{}", errors(&cloud));
    }
    // None of them was harmed: each does what it is asked.
    let list = cloud.run(&["run", "list"]).out;
    let runs: Vec<&str> = list
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|id| Cloud::FOUR.iter().any(|name| id.starts_with(name)))
        .collect();
    assert_eq!(runs.len(), 4, "{list}");
    for run in runs {
        let stopped = served.press(&ada, &format!("/runs/{run}/stop"), run);
        assert!(stopped.starts_with("HTTP/1.1 204"), "{stopped}");
    }
    cloud.until("all four have ended", || {
        let list = cloud.run(&["run", "list"]).out;
        let ended = list.matches("Maintenance was not entered").count();
        if ended == 4 { "all four have ended".to_owned() } else { list }
    });
    println!("attacks: kills of serve with four runs each: {survived} of {kills} held");
    println!("{taken_up} of {} runs were taken up again (seed {seed})", kills * 4);
}
