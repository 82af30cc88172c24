//! Every page of the list: there for those who may see it, and for nobody else.

use http::{Method, StatusCode};
use panel::access::Role;
use panel::page_addresses;

use crate::served::{Served, request};

/// Its parameter as what is there.
fn address(path: &str) -> String {
    path.replace("{name}", "lab").replace("{run_id}", "none").replace("{proposal_id}", "none")
}

/// A page shows itself, or leads to another one of ours; of what isn't there it says so.
fn is_answered(status: StatusCode) -> bool {
    matches!(status, StatusCode::OK | StatusCode::SEE_OTHER | StatusCode::NOT_FOUND)
}

#[tokio::test]
async fn every_page_is_for_those_who_may_see_it_and_for_nobody_else() {
    let served = Served::new();
    let ada = served.set_up().await;
    let people = [
        (Role::Viewer, served.somebody(&ada, Role::Viewer).await),
        (Role::Operator, served.somebody(&ada, Role::Operator).await),
        (Role::Admin, ada),
    ];
    let (mut count, mut guarded) = (0, 0);
    for (path, least) in page_addresses() {
        count += 1;
        let address = address(path);
        let strangers = served.get(&address, "").await;
        let Some(least) = least else {
            assert!(
                matches!(strangers.status.as_u16(), 200 | 409 | 410 | 404),
                "{path}: {}",
                strangers.status
            );
            continue;
        };
        // What can only be sent has no page to lead a stranger to.
        let is_read = strangers.status != StatusCode::METHOD_NOT_ALLOWED;
        if is_read {
            assert_eq!(strangers.status, StatusCode::SEE_OTHER, "{path}: {}", strangers.text);
            assert!(strangers.location().starts_with("/sign-in?to="), "{path}: {}", strangers.location());
        }
        for (role, browser) in &people {
            let answer = served.get(&address, &browser.cookie).await;
            if !is_read {
                assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
            } else if *role < least {
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}, {role:?}");
                guarded += 1;
            } else {
                assert!(is_answered(answer.status), "{path}, {role:?}: {} {}", answer.status, answer.text);
            }
        }
        let sent = served.ask(request(Method::PUT, &address, &people[2].1.cookie, None)).await;
        assert!(sent.status.is_client_error(), "{path} takes what is sent to it: {}", sent.status);
    }
    assert!(count >= 15, "{count}");
    assert!(guarded >= 2, "{guarded}");
}

/// A module that has pages and isn't in the list would be served to nobody.
#[test]
fn every_module_of_pages_is_in_the_list() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/pages");
    let list = std::fs::read_to_string(folder.with_extension("rs")).expect("the list");
    let mut listed = 0;
    for entry in std::fs::read_dir(folder).expect("the pages") {
        let path = entry.expect("readable").path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".rs")) else {
            continue;
        };
        if std::fs::read_to_string(&path).expect("text").contains("const PAGES") {
            assert!(list.contains(&format!("    {name}::PAGES,\n")), "{name} is not in the list of pages");
            listed += 1;
        }
    }
    assert_eq!(listed, list.matches("::PAGES").count());
}
