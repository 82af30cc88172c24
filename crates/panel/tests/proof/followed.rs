//! Pages that show by themselves what has changed, and what a run's page says at a glance.

use axum::body::{Body, to_bytes};
use http::{Request, StatusCode};
use panel::access::Role;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tower::ServiceExt as _;
use upgrade::{ExpectedChange, Fate, Plan, PlannedStep, Step, UpdateKind};

use crate::common::plan;
use crate::house::Served;
use crate::runs;

async fn page(served: &Served, path: &str, token: &str) -> String {
    let request = Request::get(path).header("authorization", format!("Bearer {token}"));
    let request = request.header("host", "127.0.0.1").body(Body::empty()).expect("a request");
    let answer = served.router().oneshot(request).await.expect("it answers");
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    let bytes = to_bytes(answer.into_body(), usize::MAX).await.expect("whole");
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// The messages of the stream that a page names.
struct Followed(tokio::io::Lines<BufReader<TcpStream>>);

impl Followed {
    async fn of_page(served: &Served, path: &str, token: &str) -> Followed {
        let html = page(served, path, token).await;
        let stream = html.split("data-follow=\"").nth(1).and_then(|rest| rest.split('"').next());
        let stream = stream.expect("it is followed").replace("&amp;", "&");
        let mut socket = TcpStream::connect(served.listen(None).await).await.expect("it listens");
        let ask =
            format!("GET {stream} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n\r\n");
        socket.write_all(ask.as_bytes()).await.expect("sent");
        Followed(BufReader::new(socket).lines())
    }

    async fn next(&mut self) -> serde_json::Value {
        let read = async {
            loop {
                let line = self.0.next_line().await.expect("readable").expect("it goes on");
                if let Some(data) = line.strip_prefix("data: ") {
                    return serde_json::from_str(data).expect("JSON");
                }
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(60), read).await.expect("in time")
    }
}

#[tokio::test]
async fn a_page_is_told_what_has_changed_and_nothing_else() {
    for path in ["/deployments/lab/maintenance", "/"] {
        let served = Served::new();
        let token = served.token(Role::Operator);
        let journal = served.journal();
        let mut followed = Followed::of_page(&served, path, &token).await;
        runs::begin(&journal, &plan::plan("one"));
        let told = followed.next().await;
        let regions = told["regions"].as_object().expect("parts");
        let all: String = regions.values().filter_map(|html| html.as_str()).collect();
        assert!(all.contains("/runs/one"), "{told}");
        assert!(!regions.contains_key("work") && !regions.contains_key("mode"), "{told}");
        assert!(told["now"].as_u64().is_some_and(|now| now > runs::BEGAN), "{told}");
    }
}

/// A stream is of a page that says what it shows.
#[tokio::test]
async fn a_stream_of_no_page_is_none() {
    let served = Served::new();
    let token = served.token(Role::Operator);
    for path in [
        "/overview/stream",
        "/deployments/lab/maintenance/stream",
        "/deployments/none/maintenance/stream?shown=x",
    ] {
        let request = Request::get(path).header("authorization", format!("Bearer {token}"));
        let request = request.header("host", "127.0.0.1").body(Body::empty()).expect("a request");
        let answer = served.router().oneshot(request).await.expect("it answers");
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

/// Whoever may decide sees what waits for them, and how much in every page's navigation; nobody else does.
#[tokio::test]
async fn what_waits_is_told_to_those_who_may_do_it() {
    for (role, waits) in [(Role::Operator, true), (Role::Viewer, false)] {
        let served = Served::new();
        let token = served.token(role);
        runs::begin(&served.journal(), &plan::plan("one"));
        let overview = page(&served, "/", &token).await;
        assert_eq!(overview.contains("Waits for you"), waits, "{role:?}: {overview}");
        assert_eq!(overview.contains("it has not ended, and nobody carries it out"), waits, "{role:?}");
        let history = page(&served, "/history", &token).await;
        assert_eq!(history.contains("waiting for you"), waits, "{role:?}: {history}");
    }
}

/// A plan of these steps, whose update is expected to change so many resources.
fn plan_of(steps: &[Step], resources: usize) -> Plan {
    let mut plan = plan::plan("one");
    let planned = |step: &Step| PlannedStep { step: *step, deadline_seconds: None, poll_milliseconds: 1000 };
    plan.steps = steps.iter().map(planned).collect();
    let change = |number| ExpectedChange {
        logical_id: format!("Resource{number:03}"),
        resource_type: "AWS::Batch::JobQueue".to_owned(),
        expected: Fate::UpdatedInPlace,
        aws_plain: None,
        aws_values: None,
        differs_from_aws: false,
        because: Vec::new(),
    };
    if let Some(update) = plan.updates.first_mut() {
        update.expected = (1..=resources).map(change).collect();
    }
    plan
}

#[tokio::test]
async fn a_run_says_at_a_glance_how_far_it_is() {
    let served = Served::new();
    let token = served.token(Role::Viewer);
    let journal = served.journal();
    let update = Step::FollowUpdate(UpdateKind::Primary);
    runs::begin(&journal, &plan_of(&[update, Step::CheckHealth, Step::OpenGate], 10));
    // 400 resources begin, then the first five of them are done.
    runs::events(&journal, "one", 0, 406);
    let html = page(&served, "/runs/one", &token).await;
    for there in [
        "<strong>Step 1 of 3</strong>",
        "<strong>5 of 10</strong> resources",
        "<title>1/3 ",
        "data-icon=\"/assets/icon-busy-",
        "rel=\"icon\" type=\"image/svg+xml\" href=\"/assets/icon-busy-",
        "data-since=\"1795564800000\"",
    ] {
        assert!(html.contains(there), "{there:?} is missing in {html}");
    }
    let icon = html.split("rel=\"icon\"").nth(1).and_then(|rest| rest.split("href=\"").nth(1));
    let icon = icon.and_then(|rest| rest.split('"').next()).expect("a picture");
    assert!(page(&served, icon, &token).await.starts_with("<svg"), "{icon}");
}

/// Ten thousand events are searched on the server, so that what is found is of all of them, and a page stays as short.
#[tokio::test]
async fn events_are_found_wherever_they_are() {
    let served = Served::new();
    let token = served.token(Role::Viewer);
    let journal = served.journal();
    runs::begin(&journal, &plan::plan("one"));
    runs::events(&journal, "one", 0, 2000);
    let lines = |html: &str| html.matches("data-n=").count();
    let all = page(&served, "/runs/one", &token).await;
    assert_eq!(lines(&all), 200);
    for (query, count, there) in [
        ("find=resource007", 5, "Resource007"),
        ("show=ours", 1, "Update the stack"),
        ("show=failed", 0, "Nothing like that has happened."),
        ("show=resource&find=UPDATE_COMPLETE", 200, "Older events"),
        ("show=nonsense", 200, "Older events"),
    ] {
        let html = page(&served, &format!("/runs/one?{query}"), &token).await;
        assert_eq!(lines(&html), count, "{query}");
        assert!(html.contains(there), "{query}: {html}");
    }
    let older = page(&served, "/runs/one?show=resource&find=UPDATE_COMPLETE&before=700", &token).await;
    assert!(older.contains("data-n=\"699\"") && !older.contains("data-n=\"701\""), "{older}");
    // AWS's console is a click away where the stack is in one.
    assert!(all.contains(
        "https://us-east-1.console.aws.amazon.com/cloudformation/home?region=us-east-1#/stacks/events"
    ));
}

#[tokio::test]
async fn a_report_is_there_as_markdown_and_history_and_audit_trail_are_chosen_from() {
    let served = Served::new();
    let token = served.token(Role::Admin);
    let journal = served.journal();
    runs::begin(&journal, &plan::plan("one"));
    let report = page(&served, "/runs/one/report.md", &token).await;
    for there in [
        "# Upgrade 1.0.0 → 1.1.0 of lab\n",
        "- Run: `one`",
        "Approved by ada",
        "| step |",
        "Update the stack",
    ] {
        assert!(report.contains(there), "{there:?} is missing in {report}");
    }
    for (path, there) in [
        ("/history?kind=upgrade&deployment=lab", "/runs/one"),
        ("/history?kind=enable", "No run is like that."),
        ("/history?deployment=elsewhere", "No run is like that."),
        ("/access?find=no%20such%20act", "No act is like that."),
    ] {
        let html = page(&served, path, &token).await;
        assert!(html.contains(there), "{path}: {html}");
    }
}
