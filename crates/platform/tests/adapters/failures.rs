//! What each failure means, and that none of them shows the token, whatever the server does with it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use platform::Adapter;
use upgrade::{PlatformAct, PlatformQuery, PortError, PortErrorKind};

use crate::server::{TOKEN, answer, config, handler, in_process, over_socket};

/// Ask and stop; both must fail alike.
async fn check(adapter: &Adapter, kind: PortErrorKind, words: &str) {
    let stop = PlatformAct::StopSession { session_id: "s".to_owned() };
    let outcomes: [PortError; 2] = [
        adapter.observe(&PlatformQuery::Sessions).await.expect_err(words),
        adapter.act(&stop).await.expect_err(words),
    ];
    for error in outcomes {
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains(words), "{words:?} is not in {error}");
        assert_hidden(&error);
    }
}

fn assert_hidden(error: &PortError) {
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{TOKEN}:"));
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(TOKEN) && !shown.contains(&encoded), "{shown}");
}

#[tokio::test]
async fn a_status_says_whether_to_look_again() {
    use PortErrorKind::{Refused, Transient};
    let cases = [
        (400, Refused),
        (401, Refused),
        (403, Refused),
        (404, Refused),
        (408, Transient),
        (409, Refused),
        (429, Transient),
        (500, Transient),
        (501, Refused),
        (502, Transient),
        (503, Transient),
        (504, Transient),
    ];
    for (status, kind) in cases {
        for adapter_kind in [&platform::HTTP, &platform::CODE_OCEAN] {
            if status == 404 && adapter_kind == &platform::CODE_OCEAN {
                // There it is an end, see `code_ocean`.
                continue;
            }
            // The body repeats the request's header, as a careless server's debug page would.
            let adapter = in_process(
                adapter_kind,
                handler(move |request| {
                    let header = request.headers()["authorization"].to_str().expect("ASCII");
                    let body =
                        serde_json::json!({"message": format!("you sent {header} and {TOKEN}\u{1b}[2J")});
                    answer(status, "application/json", body.to_string())
                }),
            );
            check(&adapter, kind, &format!("{status} ")).await;
            let error = adapter.observe(&PlatformQuery::Sessions).await.expect_err("still");
            assert!(error.message.contains("***"), "the server's words are told: {error}");
            assert!(!error.message.contains('\u{1b}'), "a terminal would obey it: {error:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_none_of_the_contract_is_an_error() {
    use PortErrorKind::{Refused, Transient};
    let endless = r#"{"sessions": [], "next_cursor": "again"}"#;
    let cases: [(&str, PortErrorKind, &str); 9] = [
        ("<h1>Back soon</h1>", Transient, "not JSON"),
        ("", Transient, "not JSON"),
        (r#"{"sessions": [{"id": "#, Transient, "not JSON"),
        ("[]", Refused, "not as the API describes"),
        (r#"{"sessions": []}"#, Refused, "missing field `next_cursor`"),
        (r#"{"sessions": null, "next_cursor": null}"#, Refused, "not as the API describes"),
        (
            r#"{"sessions": [{"id": "1", "name": "", "owner": "", "state": "running"}], "next_cursor": null}"#,
            Refused,
            "missing field `unsaved`",
        ),
        (
            r#"{"sessions": [{"id": "1", "name": "", "owner": "", "state": "idle", "unsaved": false}],
                "next_cursor": null}"#,
            Refused,
            "unknown variant `idle`",
        ),
        (endless, Refused, "the same page again"),
    ];
    for (body, kind, words) in cases {
        let adapter = in_process(&platform::HTTP, handler(move |_| answer(200, "application/json", body)));
        let error = adapter.observe(&PlatformQuery::Sessions).await.expect_err(words);
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains(words), "{words:?} is not in {error}");
    }
}

#[tokio::test]
async fn a_list_without_end_ends() {
    let turn = std::sync::atomic::AtomicUsize::new(0);
    let adapter = in_process(
        &platform::HTTP,
        handler(move |_| {
            let next = turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let body = serde_json::json!({"sessions": [], "next_cursor": next.to_string()});
            answer(200, "application/json", body.to_string())
        }),
    );
    let error = adapter.observe(&PlatformQuery::Sessions).await.expect_err("too many");
    assert_eq!(error.to_string(), "platform:Sessions: 1000 pages and still more");
}

#[tokio::test]
async fn a_huge_answer_is_not_read_to_its_end() {
    let huge = Bytes::from(vec![b' '; 32 * 1024 * 1024 + 1]);
    let over = handler(move |_| answer(200, "application/json", huge.clone()));
    for adapter in
        [over_socket(&platform::HTTP, over.clone()).await, in_process(&platform::HTTP, over.clone())]
    {
        check(&adapter, PortErrorKind::Refused, "larger than 33554432 bytes").await;
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    // The other place would take anything for an answer, and must never see the token.
    let reached = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let seen = reached.clone();
    let elsewhere = handler(move |_| {
        seen.store(true, std::sync::atomic::Ordering::Relaxed);
        answer(200, "application/json", r#"{"sessions": [], "next_cursor": null}"#)
    });
    let address = crate::server::serve(elsewhere, None).await;
    for status in [301, 302, 303, 307, 308] {
        let redirect = handler(move |_| {
            let location = format!("http://{address}/slackwater/v1/sessions?token={TOKEN}");
            Response::builder()
                .status(status)
                .header("location", location)
                .body(Bytes::new())
                .expect("a response")
        });
        let adapter = over_socket(&platform::HTTP, redirect).await;
        check(&adapter, PortErrorKind::Refused, "redirected to 127.0.0.1, which is not followed").await;
    }
    assert!(!reached.load(std::sync::atomic::Ordering::Relaxed));
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_is_given_up() {
    let slow: platform::InProcessHandler = Arc::new(|_| {
        Box::pin(async {
            tokio::time::sleep(Duration::from_secs(21)).await;
            answer(200, "application/json", r#"{"sessions": [], "next_cursor": null}"#)
        })
    });
    check(&in_process(&platform::HTTP, slow), PortErrorKind::Transient, "no answer within 20 s").await;
    let in_time: platform::InProcessHandler = Arc::new(|_| {
        Box::pin(async {
            tokio::time::sleep(Duration::from_secs(19)).await;
            answer(200, "application/json", r#"{"sessions": [], "next_cursor": null}"#)
        })
    });
    assert!(in_process(&platform::HTTP, in_time).observe(&PlatformQuery::Sessions).await.is_ok());
}

#[tokio::test]
async fn nobody_there_is_worth_another_look() {
    // A port that was free a moment ago, and on which nobody listens.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    drop(listener);
    let adapter =
        Adapter::new(config(&platform::HTTP, format!("http://{address}"))).expect("a usable configuration");
    check(&adapter, PortErrorKind::Transient, "refused").await;
}

#[tokio::test]
async fn an_id_can_not_climb_out_of_its_place() {
    let adapter = in_process(
        &platform::HTTP,
        handler(|request| {
            assert_eq!(request.uri().path(), "/base/slackwater/v1/sessions/..%2F..%2Fbanner%3Fa/stop");
            answer(202, "application/json", "")
        }),
    );
    let stop = |id: &str| PlatformAct::StopSession { session_id: id.to_owned() };
    adapter.act(&stop("../../banner?a")).await.expect("escaped");
    for id in ["", ".", ".."] {
        let error = adapter.act(&stop(id)).await.expect_err("refused");
        assert_eq!(error.kind, PortErrorKind::Refused, "{id:?}");
    }
}

#[test]
fn a_configuration_shows_no_token() {
    let shown = format!("{:?}", config(&platform::HTTP, format!("https://user:{TOKEN}@example.org")));
    assert!(!shown.contains(TOKEN), "{shown}");
    let refused = |token: &str| {
        let config = platform::PlatformConfig {
            token: platform::Secret::new(token.to_owned()),
            ..config(&platform::HTTP, "https://platform.example.org".to_owned())
        };
        let error = Adapter::in_process(config, handler(|_| answer(200, "text/plain", ""))).err();
        error.expect("refused").to_string()
    };
    assert!(refused("").contains("there is none"));
    let shown = refused("two\r\nlines");
    assert!(shown.contains("can't have") && !shown.contains("lines"), "{shown}");
}
