//! `slackwater serve` and the runs it carries out.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use rusqlite::Connection;

use crate::cloud::{Cloud, Ended, end_of, signal};

const PASSWORD: &str = "a sentence does well";

/// A panel that is served, and what it said when it started.
struct Served {
    child: Option<Child>,
    address: String,
    said: String,
}

impl Served {
    fn start(cloud: &Cloud) -> Served {
        let mut child = cloud
            .command(&["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(cloud.folder().join("serve.err")).expect("a file"))
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let first = lines.next().expect("a line").expect("UTF-8");
        let address = first.rsplit('/').next().expect("an address").to_owned();
        // The set-up link comes at once where nobody can sign in.
        let mut said = String::new();
        if !cloud.folder().join("signed-in").exists() {
            for line in lines.by_ref().take(2) {
                said.push_str(&line.expect("UTF-8"));
            }
        }
        Served { child: Some(child), address, said }
    }

    fn child(&self) -> &Child {
        self.child.as_ref().expect("it runs")
    }

    /// Wait for its end; with what it wrote to standard error.
    fn end(mut self, cloud: &Cloud) -> Ended {
        let ended = end_of(self.child.take().expect("it runs"));
        Ended { err: errors(cloud), ..ended }
    }

    /// As a browser does: method, path, cookie, further headers, body; gives the answer whole.
    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.address);
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("UTF-8");
        answer
    }

    /// Sign in by the set-up link, as its first administrator.
    fn set_up(&self, cloud: &Cloud) -> Browser {
        let (_, path) = self.said.split_once("/setup/").expect("a link");
        let path = format!("/setup/{}", path.trim());
        let page = self.ask("GET", &path, &[], "");
        let stranger = Browser::of(&page);
        let form =
            format!("name=ada&password={}&form_token={}", PASSWORD.replace(' ', "+"), stranger.form_token);
        let entered = self.ask(
            "POST",
            &path,
            &[
                ("cookie", &stranger.cookie),
                ("origin", &format!("http://{}", self.address)),
                ("content-type", "application/x-www-form-urlencoded"),
            ],
            &form,
        );
        assert!(entered.starts_with("HTTP/1.1 303"), "{entered}");
        cloud.write("signed-in", "");
        let cookie = cookie(&entered);
        let page = self.ask("GET", "/", &[("cookie", &cookie)], "");
        Browser { cookie, form_token: form_token(&page) }
    }

    /// Press a button: a call of the REST API, as the pages' script makes it.
    fn press(&self, browser: &Browser, path: &str, key: &str) -> String {
        let origin = format!("http://{}", self.address);
        let headers = [
            ("cookie", browser.cookie.as_str()),
            ("origin", &origin),
            ("x-form-token", &browser.form_token),
            ("idempotency-key", key),
            ("content-type", "application/json"),
        ];
        self.ask("POST", &format!("/api/v1{path}"), &headers, "")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It has ended by itself, at worst.
            let _ended = child.kill();
            let _reaped = child.wait();
        }
    }
}

fn errors(cloud: &Cloud) -> String {
    std::fs::read_to_string(cloud.folder().join("serve.err")).expect("a file")
}

/// Somebody with a browser.
struct Browser {
    cookie: String,
    form_token: String,
}

impl Browser {
    fn of(page: &str) -> Browser {
        Browser { cookie: cookie(page), form_token: form_token(page) }
    }
}

fn cookie(answer: &str) -> String {
    let cookies = answer.lines().filter_map(|line| line.strip_prefix("set-cookie: ")?.split(';').next());
    cookies.collect::<Vec<_>>().join("; ")
}

fn form_token(page: &str) -> String {
    let (_, after) = page.split_once("name=\"form_token\" value=\"").expect("a form");
    after.split('"').next().unwrap_or_default().to_owned()
}

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
