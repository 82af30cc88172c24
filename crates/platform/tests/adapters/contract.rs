//! The adapter `http`, over sockets, against a platform that speaks the contract.

use platform::{Adapter, PlatformConfig, Secret};
use upgrade::{
    Banner, BannerLevel, PlatformAct, PlatformHealth, PlatformObservation, PlatformQuery, PortErrorKind,
    Session, Unsaved,
};

use crate::server::{config, over_socket, serve};
use crate::stub::Stub;

pub async fn sessions(adapter: &Adapter) -> Vec<Session> {
    match adapter.observe(&PlatformQuery::Sessions).await.expect("an answer") {
        PlatformObservation::Sessions(sessions) => sessions,
        other => panic!("{other:?}"),
    }
}

fn on_session(make: fn(String) -> PlatformAct, number: u32) -> PlatformAct {
    make(format!("s {number}"))
}

fn save(session_id: String) -> PlatformAct {
    PlatformAct::SaveSession { session_id }
}

fn stop(session_id: String) -> PlatformAct {
    PlatformAct::StopSession { session_id }
}

fn notify(session_id: String) -> PlatformAct {
    PlatformAct::Notify { session_id, text: "Save now".to_owned(), level: BannerLevel::Critical }
}

#[tokio::test]
async fn every_page_of_what_has_not_ended_is_listed() {
    let stub = Stub::populated();
    let adapter = over_socket(&platform::HTTP, stub.handler()).await;
    let seen: Vec<(String, Unsaved)> =
        sessions(&adapter).await.into_iter().map(|session| (session.id, session.unsaved)).collect();
    let expected = [
        ("s 1".to_owned(), Unsaved::Yes { items: 3 }),
        ("s 2".to_owned(), Unsaved::No),
        ("s 3".to_owned(), Unsaved::Yes { items: 3 }),
        ("s 4".to_owned(), Unsaved::Unknown),
    ];
    assert_eq!(seen, expected);
    match adapter.observe(&PlatformQuery::Computations).await.expect("an answer") {
        PlatformObservation::Computations(found) => {
            let seen: Vec<String> = found.iter().map(|each| format!("{} {}", each.id, each.status)).collect();
            assert_eq!(seen, ["c/1 queued", "c/2 running"]);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(stub.lock().exchanges.len(), 3, "two pages of sessions and one of computations");
}

#[tokio::test]
async fn a_save_is_confirmed_by_what_is_seen_and_not_by_being_accepted() {
    let stub = Stub::populated();
    stub.lock().unsavable.push("s 3".to_owned());
    let adapter = over_socket(&platform::HTTP, stub.handler()).await;
    for number in [1, 3] {
        // Asked twice, since every act may be repeated.
        adapter.act(&on_session(save, number)).await.expect("accepted");
        adapter.act(&on_session(save, number)).await.expect("accepted again");
    }
    let seen = sessions(&adapter).await;
    let saved: Vec<(&str, bool)> =
        seen.iter().map(|session| (session.id.as_str(), session.is_saved())).collect();
    assert_eq!(saved, [("s 1", true), ("s 2", true), ("s 3", false), ("s 4", false)]);
    let failed =
        seen.iter().find(|session| session.id == "s 3").and_then(|session| session.last_save.clone());
    assert_eq!(failed.and_then(|save| save.error).as_deref(), Some("the disk is full"));
}

#[tokio::test]
async fn what_is_gone_counts_as_stopped() {
    let stub = Stub::populated();
    let adapter = over_socket(&platform::HTTP, stub.handler()).await;
    let computation = PlatformAct::StopComputation { computation_id: "c/2".to_owned() };
    let unknown = PlatformAct::StopComputation { computation_id: "never/was".to_owned() };
    // Each stop twice, then everything else on what is gone.
    for act in [
        on_session(stop, 1),
        on_session(stop, 1),
        computation.clone(),
        computation,
        unknown,
        on_session(save, 1),
        on_session(notify, 1),
    ] {
        assert_eq!(adapter.act(&act).await, Ok(()), "{act}");
    }
    assert_eq!(sessions(&adapter).await.len(), 3);
    assert!(stub.lock().notices.is_empty());
}

#[tokio::test]
async fn notices_banner_and_status() {
    let stub = Stub::populated();
    let adapter = over_socket(&platform::HTTP, stub.handler()).await;
    adapter.act(&on_session(notify, 2)).await.expect("shown");
    assert_eq!(stub.lock().notices, [serde_json::json!({"text": "Save now", "level": "critical"})]);

    let banner = Banner {
        text: "Maintenance at 22:00".to_owned(),
        level: BannerLevel::Warning,
        from: None,
        until: Some("2026-03-01T23:00:00Z".to_owned()),
    };
    // In the order of a maintenance, with each act repeated.
    let steps = [
        (None, None),
        (Some(PlatformAct::SetBanner(banner.clone())), Some(&banner)),
        (Some(PlatformAct::SetBanner(banner.clone())), Some(&banner)),
        (Some(PlatformAct::ClearBanner), None),
        (Some(PlatformAct::ClearBanner), None),
    ];
    for (act, expected) in steps {
        if let Some(act) = act {
            adapter.act(&act).await.expect("done");
        }
        let seen = adapter.observe(&PlatformQuery::Banner).await.expect("an answer");
        assert_eq!(seen, PlatformObservation::Banner(expected.cloned()));
    }

    match adapter.observe(&PlatformQuery::Status).await.expect("an answer") {
        PlatformObservation::Status(status) => {
            assert_eq!(status.version.as_deref(), Some("3.7.0"));
            assert_eq!(status.health, PlatformHealth::Degraded);
            assert_eq!(status.detail.as_deref(), Some("one worker is missing"));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_wrong_token_is_refused_and_not_shown() {
    let address = serve(Stub::populated().handler(), None).await;
    let wrong = PlatformConfig {
        token: Secret::new("wr0ng-t0ken".to_owned()),
        ..config(&platform::HTTP, format!("http://{address}"))
    };
    let adapter = Adapter::new(wrong).expect("a usable configuration");
    let error = adapter.observe(&PlatformQuery::Sessions).await.expect_err("refused");
    assert_eq!(error.kind, PortErrorKind::Refused);
    assert_eq!(error.to_string(), "platform:Sessions: 401 Unauthorized: Refused: no such token");
    assert!(!format!("{error:?}").contains("wr0ng"));
}

#[tokio::test]
async fn a_404_of_somebody_else_is_no_end() {
    let address = serve(Stub::populated().handler(), None).await;
    let elsewhere = config(&platform::HTTP, format!("http://{address}/elsewhere"));
    let adapter = Adapter::new(elsewhere).expect("a usable configuration");
    for result in [
        adapter.act(&on_session(stop, 1)).await,
        adapter.act(&PlatformAct::ClearBanner).await,
        adapter.observe(&PlatformQuery::Banner).await.map(drop),
    ] {
        assert_eq!(result.expect_err("refused").kind, PortErrorKind::Refused);
    }
}

#[tokio::test]
async fn the_adapter_none_can_do_nothing_and_says_so() {
    let none = config(&platform::NONE, String::new());
    let adapter = Adapter::new(none).expect("nothing is needed");
    assert_eq!(adapter.capabilities(), upgrade::PlatformCapabilities::NONE);
    let error = adapter.observe(&PlatformQuery::Sessions).await.expect_err("refused");
    assert_eq!(error.to_string(), "platform:Sessions: no platform adapter is configured");
    let error = adapter.act(&PlatformAct::ClearBanner).await.expect_err("refused");
    assert_eq!(error.kind, PortErrorKind::Refused);
}

#[tokio::test]
async fn an_adapter_can_be_asked_from_another_task() {
    let stub = Stub::populated();
    let adapter = over_socket(&platform::HTTP, stub.handler()).await;
    let asked = tokio::spawn(async move {
        adapter.act(&PlatformAct::ClearBanner).await?;
        adapter.observe(&PlatformQuery::Status).await
    });
    assert!(asked.await.expect("it ended").is_ok());
}
