//! Runs in a place that several machines share, and that is slow: pages come, live ones follow, what is asked arrives.
//!
//! tokio's clock stands still while anybody is at work, and jumps when everybody waits: a place that takes a third of a
//! second takes no time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, to_bytes};
use axum::response::Response;
use conductor::{Clock, Holder, JournalError, JournalStore as _, Request, RunSummary, SqliteJournal};
use futures_util::StreamExt as _;
use http::{Method, StatusCode};
use panel::access::Role;
use panel::{Runs, RunsAnswer};
use tokio::time::timeout;
use tower::ServiceExt as _;
use upgrade::{Answer, Event, Observation, Plan, Record, StackEvent, Timestamp, What};

use crate::common::plan::plan;
use crate::house::Served;
use crate::runs;

/// What every answer takes.
const ANSWER: Duration = Duration::from_millis(300);

/// What a page may take: it asks for its run, and for who carries it out.
const PAGE: Duration = Duration::from_millis(1000);

/// The conducting of another machine.
fn holder() -> Holder {
    Holder::named("build-host/7/4711/a-boot-1/a-nonce")
}

/// A place in memory. It knows at once that there is news; everything else takes a while.
struct Shared {
    journal: SqliteJournal,
    news: AtomicU64,
    /// How often it was asked for anything but news.
    asked: AtomicU64,
    /// Whether nothing is ever answered for the run `stuck`.
    is_stuck: AtomicBool,
    /// Whether it can't be reached.
    is_gone: AtomicBool,
    /// Whether the run `one` was claimed and has no record yet.
    is_claimed: AtomicBool,
}

impl Shared {
    fn new() -> Arc<Shared> {
        Arc::new(Shared {
            journal: SqliteJournal::in_memory().expect("SQLite"),
            news: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            is_stuck: AtomicBool::new(false),
            is_gone: AtomicBool::new(false),
            is_claimed: AtomicBool::new(false),
        })
    }

    /// Somebody, somewhere, has written.
    fn is_news(&self) {
        self.news.fetch_add(1, Ordering::Relaxed);
    }

    async fn begin(&self, run_id: &str) {
        let (plan, now) = (plan(run_id), Clock::system().now());
        self.is_claimed.store(false, Ordering::Relaxed);
        self.journal.begin(&plan, &runs::first(&plan, now), &holder()).await.expect("begun");
        self.is_news();
    }

    async fn append(&self, run_id: &str, at: Timestamp, what: What) {
        let place = self.journal.records_from(run_id, 0).await.expect("readable").len();
        let record = Record::Happened(Event { at, what });
        self.journal.append(run_id, place, &record, false, &holder()).await.expect("written");
        self.is_news();
    }

    /// A resource of this name has something happen to it.
    async fn happens(&self, run_id: &str, logical_id: &str) {
        let (event_id, logical_id) = (logical_id.to_owned(), logical_id.to_owned());
        self.seen(run_id, StackEvent { event_id, logical_id, ..runs::event(1) }).await;
    }

    async fn seen(&self, run_id: &str, event: StackEvent) {
        let seen = Observation::StackEvents { events: vec![event], worker_groups: Vec::new() };
        self.append(run_id, Clock::system().now(), What::Observed(seen)).await;
    }

    async fn requests(&self, run_id: &str) -> Vec<Request> {
        let asked = self.journal.requests(run_id, &BTreeSet::new(), false).await.expect("readable");
        asked.into_iter().map(|asked| asked.request).collect()
    }

    fn claimed(&self) -> Option<RunSummary> {
        let Plan { run_id, deployment, stack_name, kind, .. } = plan("one");
        let created_at = Timestamp(runs::BEGAN);
        let kind = Some(kind);
        self.is_claimed.load(Ordering::Relaxed).then_some(RunSummary {
            run_id,
            deployment,
            stack_name,
            kind,
            created_at,
            ended: false,
            claim: None,
            left_by: None,
            set_aside: None,
        })
    }

    async fn takes_a_while(&self, run_id: &str) -> Result<(), JournalError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if run_id == "stuck" && self.is_stuck.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(ANSWER).await;
        match self.is_gone.load(Ordering::Relaxed) {
            true => Err(JournalError::Store { doing: "read", source: "no answer".into() }),
            false => Ok(()),
        }
    }
}

impl Runs for Shared {
    fn news(&self) -> RunsAnswer<'_, u64> {
        Box::pin(async { Ok(self.news.load(Ordering::Relaxed)) })
    }
    fn all(&self) -> RunsAnswer<'_, Vec<RunSummary>> {
        Box::pin(async {
            self.takes_a_while("").await?;
            let mut runs = self.journal.runs().await?;
            runs.extend(self.claimed());
            Ok(runs)
        })
    }
    fn unread(&self) -> BTreeMap<String, String> {
        let is_gone = self.is_gone.load(Ordering::Relaxed);
        is_gone.then(|| ("lab".to_owned(), "no answer from the bucket".to_owned())).into_iter().collect()
    }
    fn load<'a>(&'a self, run_id: &'a str) -> RunsAnswer<'a, (Plan, Vec<Record>)> {
        Box::pin(async move {
            self.takes_a_while(run_id).await?;
            match self.claimed() {
                Some(_) => Err(JournalError::NotBegun { run_id: run_id.to_owned() }),
                None => self.journal.load(run_id).await,
            }
        })
    }
    fn records_from<'a>(&'a self, run_id: &'a str, from: usize) -> RunsAnswer<'a, Vec<Record>> {
        Box::pin(async move {
            self.takes_a_while(run_id).await?;
            self.journal.records_from(run_id, from).await
        })
    }
    fn ask<'a>(&'a self, run_id: &'a str, request: &'a Request, at: Timestamp) -> RunsAnswer<'a, ()> {
        Box::pin(async move {
            self.takes_a_while(run_id).await?;
            self.journal.ask(run_id, request, at).await?;
            self.is_news();
            Ok(())
        })
    }
}

/// A panel over such a place, which follows it; and an operator of it.
struct Elsewhere {
    served: Served,
    token: String,
}

impl Elsewhere {
    fn over(shared: &Arc<Shared>) -> Elsewhere {
        let served = Served::over(Arc::clone(shared) as Arc<dyn Runs>);
        let token = served.token(Role::Operator);
        let panel = served.panel.clone();
        tokio::spawn(async move { panel.follow().await });
        Elsewhere { served, token }
    }

    async fn answer(&self, method: Method, path: &str, body: &str) -> Response {
        static KEYS: AtomicU64 = AtomicU64::new(0);
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", "127.0.0.1")
            .header("authorization", format!("Bearer {}", self.token))
            .header("idempotency-key", format!("sent-{}", KEYS.fetch_add(1, Ordering::Relaxed)))
            .header("content-type", "application/json")
            .body(Body::from(body.to_owned()))
            .expect("a request");
        self.served.router().oneshot(request).await.expect("infallible")
    }

    async fn page(&self, path: &str) -> String {
        let answer = timeout(PAGE, self.answer(Method::GET, path, "")).await.expect(path);
        let status = answer.status();
        let body = to_bytes(answer.into_body(), 1 << 24).await.expect("a body");
        let text = String::from_utf8_lossy(&body).into_owned();
        assert_eq!(status, StatusCode::OK, "{path}: {text}");
        text
    }

    async fn post(&self, path: &str, body: &str) -> StatusCode {
        timeout(PAGE, self.answer(Method::POST, path, body)).await.expect(path).status()
    }

    async fn look_on(&self, run_id: &str) -> Looking {
        let answer = self.answer(Method::GET, &format!("/runs/{run_id}/stream?after="), "").await;
        assert_eq!(answer.status(), StatusCode::OK);
        Looking { told: String::new(), stream: answer.into_body().into_data_stream() }
    }
}

/// A live page.
struct Looking {
    told: String,
    stream: BodyDataStream,
}

impl Looking {
    /// Look on until this is told: within a page's time.
    async fn until(&mut self, text: &str) {
        let told = timeout(PAGE, async {
            while !self.told.contains(text) {
                let more = self.stream.next().await.expect("it goes on").expect("readable");
                self.told.push_str(&String::from_utf8_lossy(&more));
            }
        });
        assert!(told.await.is_ok(), "{text} is not told: {}", self.told);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_place_holds_up_no_page_but_that_of_the_run_it_does_not_answer_for() {
    let shared = Shared::new();
    shared.begin("stuck").await;
    shared.begin("one").await;
    shared.is_stuck.store(true, Ordering::Relaxed);
    let panel = Elsewhere::over(&shared);
    let stuck = panel.answer(Method::GET, "/runs/stuck", "");
    let stuck = timeout(Duration::from_secs(60), stuck);
    let others = async {
        let page = panel.page("/runs/one").await;
        assert!(page.contains("Carried out by process 7 on build-host"), "{page}");
        let mut looking = panel.look_on("one").await;
        for name in ["First", "Second", "Third"] {
            shared.happens("one", name).await;
            looking.until(name).await;
            assert!(panel.page("/runs/one").await.contains(name));
        }
        // What is known is not asked for again.
        tokio::time::sleep(Duration::from_secs(5)).await;
        let asked = shared.asked.load(Ordering::Relaxed);
        for path in ["/runs/one", "/api/v1/runs/one", "/runs/one"] {
            panel.page(path).await;
        }
        assert_eq!(shared.asked.load(Ordering::Relaxed), asked);
    };
    let (stuck, ()) = tokio::join!(stuck, others);
    assert!(stuck.is_err(), "nobody answers for it");
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_arrives_at_a_slow_place() {
    let shared = Shared::new();
    shared.begin("one").await;
    let panel = Elsewhere::over(&shared);
    assert_eq!(panel.post("/api/v1/runs/one/stop", "").await, StatusCode::NO_CONTENT);
    let mut looking = panel.look_on("one").await;
    let event = StackEvent {
        physical_id: Some(plan("one").stack_id),
        status: "UPDATE_ROLLBACK_FAILED".to_owned(),
        ..runs::event(0)
    };
    shared.seen("one", event).await;
    looking.until("has failed").await;
    let answered = panel.post("/api/v1/runs/one/answer", r#"{"answer":"look-again"}"#).await;
    assert_eq!(answered, StatusCode::NO_CONTENT);
    let asked = shared.requests("one").await;
    let [Request::Stop { by: stops }, Request::Answer { answer, by: answers }] = asked.as_slice() else {
        panic!("{asked:?}")
    };
    assert_eq!(*answer, Answer::LookAgain);
    assert!(stops == answers && stops.contains("a-operator"), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_begun_elsewhere_shows_up() {
    let shared = Shared::new();
    let panel = Elsewhere::over(&shared);
    assert!(panel.page("/history").await.contains("Nothing was run yet"));
    shared.is_claimed.store(true, Ordering::Relaxed);
    shared.is_news();
    let page = panel.page("/history").await;
    assert!(page.contains("/runs/one") && page.contains("not begun"), "{page}");
    for path in ["/runs/one", "/", "/deployments/lab/maintenance"] {
        let page = panel.page(path).await;
        assert!(page.contains("claimed") || page.contains("not begun"), "{path}: {page}");
        assert!(!page.contains("damaged"), "{path}: {page}");
    }
    shared.begin("one").await;
    let page = panel.page("/history").await;
    assert!(page.contains("Update the stack") && !page.contains("not begun"), "{page}");
    for path in ["/", "/deployments/lab/maintenance"] {
        let page = panel.page(path).await;
        assert!(page.contains("process 7 on build-host: Begin"), "{path}: {page}");
    }
    let run: serde_json::Value = serde_json::from_str(&panel.page("/api/v1/runs/one").await).expect("JSON");
    assert_eq!(run["carriedOutBy"]["holder"], "process 7 on build-host", "{run}");
    assert_eq!(run["carriedOutBy"]["doing"], "Begin", "{run}");
    let mut looking = panel.look_on("one").await;
    shared.happens("one", "AThing").await;
    looking.until("AThing").await;
    // Its process falls silent, and nothing tells.
    tokio::time::sleep(Duration::from_secs(60)).await;
    looking.until("Nobody carries this run out").await;
}

/// What was never read is not taken for nothing.
#[tokio::test(start_paused = true)]
async fn a_place_that_can_t_be_read_is_not_an_empty_one() {
    let shared = Shared::new();
    let panel = Elsewhere::over(&shared);
    for path in ["/history", "/"] {
        let page = panel.page(path).await;
        assert!(page.contains("Nothing was run yet") && !page.contains("The runs of"), "{path}: {page}");
    }
    shared.is_gone.store(true, Ordering::Relaxed);
    for path in ["/history", "/"] {
        let page = panel.page(path).await;
        assert!(page.contains("no answer from the bucket"), "{path}: {page}");
        assert!(!page.contains("Nothing was run yet"), "{path}: {page}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_place_that_could_not_be_reached_is_followed_again() {
    let shared = Shared::new();
    shared.begin("one").await;
    let panel = Elsewhere::over(&shared);
    panel.look_on("one").await.until("Update the stack").await;
    shared.is_gone.store(true, Ordering::Relaxed);
    shared.happens("one", "Meanwhile").await;
    let refused = panel.answer(Method::GET, "/runs/one", "").await;
    assert_eq!(refused.status(), StatusCode::INTERNAL_SERVER_ERROR);
    tokio::time::sleep(Duration::from_secs(30)).await;
    shared.is_gone.store(false, Ordering::Relaxed);
    let mut looking = panel.look_on("one").await;
    looking.until("Meanwhile").await;
    shared.happens("one", "Afterwards").await;
    looking.until("Afterwards").await;
}
