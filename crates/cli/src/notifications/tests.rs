//! Delivering beside a run, in virtual time.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use platform::NotTaken;
use serde_json::Value;
use upgrade::RunKind;

use super::message::Urgency;
use super::*;

/// What a recipient does with an attempt.
#[derive(Debug, Clone, Copy)]
enum Does {
    Take,
    /// As a server that answers 503.
    Busy,
    /// The same, asking for so many seconds.
    BusyFor(u64),
    Refuse,
    /// It gives up itself after ten seconds.
    NoAnswer,
}

/// A recipient that does what it is told, then takes everything; it writes down when each attempt began.
struct Scripted {
    does: RefCell<VecDeque<Does>>,
    /// What it does when nothing is left.
    then: Does,
    attempts: RefCell<Vec<(u64, &'static str)>>,
    clock: Clock,
}

impl fmt::Display for Scripted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the pager")
    }
}

impl Recipient for &Scripted {
    fn takes(&self, _: &Message) -> bool {
        true
    }

    async fn tell(&self, message: &Message, now: Timestamp) -> Result<Option<u16>, NotTaken> {
        self.attempts.borrow_mut().push((now.0 / 1000, message.event));
        let does = self.does.borrow_mut().pop_front().unwrap_or(self.then);
        let busy = NotTaken {
            words: "it answered 503".to_owned(),
            status: Some(503),
            is_passing: true,
            retry_after: None,
        };
        match does {
            Does::Take => Ok(Some(200)),
            Does::Busy => Err(busy),
            Does::BusyFor(seconds) => {
                Err(NotTaken { retry_after: Some(Duration::from_secs(seconds)), ..busy })
            }
            Does::Refuse => Err(ways::never("it answered 404")),
            Does::NoAnswer => {
                self.clock.sleep(Duration::from_secs(10)).await;
                Err(NotTaken { words: "no answer within 10 s".to_owned(), status: None, ..busy })
            }
        }
    }
}

fn about() -> About {
    About {
        deployment: "production".to_owned(),
        stack: "codeocean".to_owned(),
        run_id: "production-1".to_owned(),
        kind: RunKind::Upgrade,
        gateless: false,
        from: Some("v1".to_owned()),
        to: Some("v2".to_owned()),
        link: Some("https://panel.example.com/runs/production-1".to_owned()),
    }
}

/// What came of a run of so many seconds.
struct Came {
    /// When each attempt began, in seconds, and of what.
    attempts: Vec<(u64, &'static str)>,
    said: Vec<String>,
    /// When delivering had ended.
    ended: u64,
}

/// Deliver to one recipient what is ordered at its seconds, in a run that ends then.
fn delivered(
    does: &[Does],
    then: Does,
    expected: Option<Expectation>,
    orders: Vec<(u64, Order)>,
    ends: u64,
) -> Came {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let clock = Clock::starting_at(Timestamp(0));
        let (attempts, does) = (RefCell::default(), RefCell::new(does.iter().copied().collect()));
        let scripted = Scripted { does, then, attempts, clock };
        let (sender, taken) = unbounded_channel();
        let delivery = Delivery {
            recipients: vec![&scripted],
            about: about(),
            clock,
            orders: taken,
            expected,
            out: None,
        };
        let conducting = async move {
            for (at, order) in orders {
                clock.sleep(Duration::from_secs(at) - Duration::from_millis(clock.now().0)).await;
                assert!(sender.send(order).is_ok(), "somebody delivers while the run goes on");
            }
            clock.sleep(Duration::from_secs(ends) - Duration::from_millis(clock.now().0)).await;
            assert_eq!(clock.now().0, ends * 1000, "nothing held the run up");
        };
        let said = RefCell::new(Vec::new());
        tokio::join!(conducting, delivery.run(|remark| said.borrow_mut().push(remark)));
        let attempts = scripted.attempts.into_inner();
        Came { attempts, said: said.into_inner(), ended: clock.now().0 / 1000 }
    })
}

fn tell(notice: &Notice) -> Order {
    Order::Tell(std::rc::Rc::new(message(&about(), notice, Timestamp(0))))
}

fn began_at(at: u64) -> Vec<(u64, Order)> {
    vec![(at, tell(&Notice::Began))]
}

#[test]
fn a_busy_server_is_told_later_and_a_refusal_is_not_repeated() {
    use Does::{Busy, BusyFor, NoAnswer, Refuse, Take};
    for (does, attempts, said) in [
        (vec![], vec![0], None),
        (vec![Busy, Busy], vec![0, 1, 3], None),
        (vec![NoAnswer], vec![0, 11], None),
        (vec![BusyFor(30)], vec![0, 30], None),
        // Nobody is waited for longer than a minute.
        (vec![BusyFor(3600)], vec![0, 60], None),
        (vec![Refuse, Take], vec![0], Some("the pager was not told of the beginning: it answered 404")),
    ] {
        let came = delivered(&does, Take, None, began_at(0), 600);
        let found: Vec<u64> = came.attempts.iter().map(|(at, _)| *at).collect();
        assert_eq!(found, attempts, "{does:?}");
        assert_eq!(came.said.first().map(String::as_str), said, "{does:?}");
        assert_eq!(came.ended, 600, "{does:?}");
    }
}

#[test]
fn who_is_not_reached_for_long_is_named_once_and_given_up() {
    let came = delivered(&[], Does::Busy, None, began_at(0), 3600);
    assert_eq!(
        came.said,
        [
            "the pager does not take the beginning yet, which is tried for 15 min: it answered 503",
            "the pager was not told of the beginning: it answered 503",
        ]
    );
    let starts: Vec<u64> = came.attempts.iter().map(|(at, _)| *at).collect();
    assert!(starts.starts_with(&[0, 1, 3, 7, 15, 31, 63, 123]), "ever more seldom: {starts:?}");
    assert!(starts.last().is_some_and(|last| (900..=960).contains(last)), "{starts:?}");
    let came = delivered(&[Does::Busy; 4], Does::Take, None, began_at(0), 3600);
    assert_eq!(came.said.last().map(String::as_str), Some("the pager is told again"));
}

#[test]
fn what_comes_while_a_server_is_busy_is_told_in_its_order_and_without_the_long_pause() {
    let does = [Does::Busy; 6];
    let orders = vec![
        (0, tell(&Notice::Began)),
        (40, tell(&Notice::Interrupted { by: "Ctrl-C".to_owned(), kept_out: true })),
    ];
    let came = delivered(&does, Does::Take, None, orders, 600);
    assert_eq!(came.attempts.last(), Some(&(40, "interrupted")));
    assert_eq!(came.attempts.get(6), Some(&(40, "began")), "{:?}", came.attempts);
}

#[test]
fn the_end_of_a_run_is_tried_for_a_moment_and_holds_nobody_up() {
    for (does, then, ended, said) in [
        (vec![Does::Busy, Does::Busy], Does::Take, 102, None),
        (vec![], Does::Busy, 104, Some("it answered 503")),
        (vec![], Does::NoAnswer, 110, Some("no answer within 10 s")),
        (vec![Does::BusyFor(60)], Does::Take, 110, Some("it answered 503")),
        (vec![], Does::Take, 100, None),
    ] {
        let came = delivered(&does, then, None, began_at(100), 100);
        assert_eq!(came.ended, ended, "{does:?} {then:?}");
        assert_eq!(came.said.len(), usize::from(said.is_some()), "{:?}", came.said);
        assert!(
            came.said.first().is_none_or(|words| words.contains(said.unwrap_or_default())),
            "{:?}",
            came.said
        );
    }
    // What had waited long before is tried once more at the end.
    let came = delivered(&[Does::Busy; 7], Does::Take, None, began_at(0), 100);
    assert_eq!((came.attempts.last().map(|last| last.0), came.ended), (Some(100), 100));
}

#[test]
fn users_who_are_out_for_longer_than_expected_are_told_of_once() {
    let hour = Expectation { milliseconds: 3_600_000, by: "what 95 of 100 rehearsals stayed below" };
    let out = || Order::Out(Timestamp(60_000));
    for (expected, orders, told) in [
        (Some(hour), vec![(60, out())], vec![(3660, "overdue")]),
        (Some(hour), vec![(60, out()), (3600, Order::Back)], vec![]),
        (None, vec![(60, out())], vec![]),
        // It is found out late, and was over long ago.
        (None, vec![(60, out()), (5000, Order::Expect(hour))], vec![(5000, "overdue")]),
        (
            Some(hour),
            vec![(60, out()), (61, Order::Expect(Expectation { milliseconds: 1000, ..hour }))],
            vec![(3660, "overdue")],
        ),
    ] {
        let came = delivered(&[], Does::Take, expected, orders, 20_000);
        assert_eq!(came.attempts, told);
    }
    let notice =
        Notice::Overdue { since: Timestamp(60_000), expected_milliseconds: hour.milliseconds, by: hour.by };
    let told = message(&about(), &notice, Timestamp(3_660_000));
    assert_eq!(told.subject, "production: upgrade from v1 to v2 takes longer than expected");
    assert!(
        told.text.contains("since 00:01:00 UTC, and 1 h 00 min is what 95 of 100 rehearsals"),
        "{}",
        told.text
    );
}

/// A message that is longer than anybody takes, and full of what somebody could take for markup.
fn long() -> Message {
    let mark = "<!channel> & [a](http://b) *c* ";
    let notice = Notice::Interrupted { by: mark.repeat(3000), kept_out: true };
    let mut message = message(&about(), &notice, Timestamp(1_767_225_600_000));
    message.subject = format!("production: {}", mark.repeat(100));
    message
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer} in {value}"))
}

#[test]
fn slack_is_sent_blocks_within_their_limits_and_nothing_of_it_is_markup_but_the_link() {
    for message in [long(), message(&about(), &Notice::Began, Timestamp(0))] {
        let body = slack::body(&message);
        let blocks = body["blocks"].as_array().expect("blocks");
        assert_eq!(blocks.len(), 3);
        assert_eq!(
            (text(&body, "/blocks/0/type"), text(&body, "/blocks/0/text/type")),
            ("header", "plain_text")
        );
        assert!(text(&body, "/blocks/0/text/text").chars().count() <= 150);
        for section in ["/blocks/1", "/blocks/2"] {
            assert_eq!(text(&body, &format!("{section}/type")), "section");
            assert_eq!(text(&body, &format!("{section}/text/type")), "mrkdwn");
            assert!(text(&body, &format!("{section}/text/text")).chars().count() <= 3000);
        }
        assert!(!text(&body, "/blocks/1/text/text").contains(['<', '>']));
        assert!(!text(&body, "/text").contains(['<', '>']) && !text(&body, "/text").is_empty());
        assert_eq!(
            text(&body, "/blocks/2/text/text"),
            "<https://panel.example.com/runs/production-1|Open it in the Admin Panel>"
        );
    }
}

#[test]
fn teams_is_sent_an_adaptive_card_below_28_kilobytes() {
    for message in [long(), message(&about(), &Notice::Began, Timestamp(0))] {
        let body = teams::body(&message);
        assert!(body.to_string().len() < 28 * 1024, "{}", body.to_string().len());
        assert_eq!(text(&body, "/type"), "message");
        let card = &body["attachments"][0];
        assert_eq!(text(card, "/contentType"), "application/vnd.microsoft.card.adaptive");
        assert_eq!((text(card, "/content/type"), text(card, "/content/version")), ("AdaptiveCard", "1.4"));
        for block in card["content"]["body"].as_array().expect("a body") {
            assert_eq!(block["type"], "RichTextBlock", "a text block would be read as Markdown");
            assert_eq!(block["inlines"][0]["type"], "TextRun");
        }
        assert_eq!(text(card, "/content/actions/0/type"), "Action.OpenUrl");
        assert_eq!(text(card, "/content/actions/0/url"), "https://panel.example.com/runs/production-1");
    }
}

#[test]
fn pagerduty_has_one_alert_a_run_that_is_open_while_it_needs_somebody() {
    let key = platform::Secret::new("0123456789abcdef0123456789abcdef".to_owned());
    let bodies = |message: &Message| pagerduty::bodies(message, &key, Some("https://panel.example.com"));
    let asks = Notice::Asks(Question::GateGone { updating: false, doors: Vec::new() }, None);
    let overdue = Notice::Overdue { since: Timestamp(0), expected_milliseconds: 1, by: "so" };
    for (notice, actions, severity) in [
        (Notice::Began, vec![], ""),
        (asks, vec!["trigger"], "critical"),
        (overdue, vec!["trigger"], "warning"),
        (Notice::Interrupted { by: String::new(), kept_out: true }, vec!["trigger"], "critical"),
        (Notice::Interrupted { by: String::new(), kept_out: false }, vec!["trigger"], "warning"),
        (Notice::GoesOn, vec!["resolve"], ""),
        (Notice::Ended(upgrade::Outcome::Upgraded, None), vec!["resolve"], ""),
        (
            Notice::Ended(upgrade::Outcome::GateClosed { reason: String::new() }, None),
            vec!["trigger"],
            "critical",
        ),
    ] {
        let events = bodies(&message(&about(), &notice, Timestamp(0)));
        let found: Vec<&str> = events.iter().map(|event| text(event, "/event_action")).collect();
        assert_eq!(found, actions, "{notice:?}");
        for event in &events {
            assert_eq!(text(event, "/dedup_key"), "slackwater/production/production-1");
            assert_eq!(text(event, "/routing_key"), key.expose());
            if text(event, "/event_action") == "trigger" {
                assert_eq!(text(event, "/payload/severity"), severity, "{notice:?}");
            }
        }
    }
    let tested = bodies(&test_message("production", "codeocean", None, Timestamp(0)));
    let actions: Vec<&str> = tested.iter().map(|event| text(event, "/event_action")).collect();
    assert_eq!(actions, ["trigger", "resolve"]);
    assert_eq!(tested[0]["dedup_key"], tested[1]["dedup_key"]);
    let mut message = long();
    message.run_id = "r".repeat(500);
    assert_eq!(message.urgency, Urgency::Act);
    let [event] = bodies(&message).try_into().expect("one event");
    assert_eq!(text(&event, "/payload/summary").chars().count(), 1024);
    assert!(text(&event, "/dedup_key").chars().count() <= 255);
    assert!(event.to_string().len() < 512 * 1024);
    assert_eq!(text(&event, "/payload/timestamp"), "2026-01-01T00:00:00.000Z");
    for pointer in ["/payload/source", "/payload/component", "/client", "/client_url", "/links/0/href"] {
        assert!(!text(&event, pointer).is_empty(), "{pointer}");
    }
}

#[test]
fn a_signature_is_of_the_time_and_the_body() {
    let body = serde_json::json!({"event": "began"});
    let secret = platform::Secret::new("a secret".to_owned());
    let headers = webhook::headers(Some(&secret), &body, Timestamp(1_767_225_600_999));
    // printf '1767225600.{"event":"began"}' | openssl dgst -sha256 -hmac 'a secret'
    assert_eq!(
        headers["slackwater-signature"],
        "t=1767225600,v1=648653d1f4c770fe2f4793f7325aed33bb2044fe0a0aef96300c7d62ad2295c5"
    );
    assert!(webhook::headers(None, &body, Timestamp(0)).is_empty());
}
