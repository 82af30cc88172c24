use upgrade::Timestamp;

use super::{Access, AccessError, Audited, Role, SESSION_IDLE_SECONDS, SESSION_SECONDS, SETUP_SECONDS};

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn later(seconds: u64) -> Timestamp {
    Timestamp(NOW.0 + seconds * 1000)
}

fn with_ada() -> Access {
    let access = Access::in_memory().expect("SQLite");
    access.add_person("Ada", Role::Admin, "hash", NOW).expect("a new name");
    access
}

#[test]
fn a_set_up_link_works_once_in_time_and_only_while_nobody_is_here() {
    let access = Access::in_memory().expect("SQLite");
    let old = access.mint_setup(NOW).expect("minted");
    let link = access.mint_setup(NOW).expect("minted");
    let set_up = |secret: &str, at| access.set_up(secret, "ada", "hash", at);
    assert!(matches!(set_up(old.text(), NOW), Err(AccessError::NoSetup)), "replaced by the next");
    assert!(matches!(set_up("", NOW), Err(AccessError::NoSetup)));
    assert!(matches!(set_up(link.text(), later(SETUP_SECONDS)), Err(AccessError::NoSetup)), "expired");
    set_up(link.text(), NOW).expect("good");
    assert!(matches!(set_up(link.text(), NOW), Err(AccessError::NoSetup)), "used");
    let another = access.mint_setup(NOW).expect("minted");
    assert!(matches!(access.set_up(another.text(), "eve", "hash", NOW), Err(AccessError::NoSetup)));
}

#[test]
fn a_session_ends_by_idling_by_age_by_signing_out_and_with_its_person() {
    let access = with_ada();
    let begin = || access.begin_session("Ada", NOW).expect("begun");
    let whose = |secret: &str, at| access.session(secret, at).expect("readable").map(|one| one.name);
    let session = begin();
    assert_eq!(whose(session.text(), later(SESSION_IDLE_SECONDS)).as_deref(), Some("Ada"));
    assert_eq!(whose(session.text(), later(2 * SESSION_IDLE_SECONDS)).as_deref(), Some("Ada"), "it was used");
    assert_eq!(whose(session.text(), later(3 * SESSION_IDLE_SECONDS + 1)), None, "it idled");
    let mut at = 0;
    let session = begin();
    while at + SESSION_IDLE_SECONDS <= SESSION_SECONDS {
        assert!(whose(session.text(), later(at)).is_some(), "{at}");
        at += SESSION_IDLE_SECONDS;
    }
    assert_eq!(whose(session.text(), later(SESSION_SECONDS + 1)), None, "it is old");
    let session = begin();
    access.end_session(session.text()).expect("ended");
    assert_eq!(whose(session.text(), NOW), None);
    let session = begin();
    access.add_person("bob", Role::Admin, "hash", NOW).expect("a new name");
    access.change_person("Ada", Role::Viewer, false).expect("bob remains");
    assert_eq!(whose(session.text(), NOW), None, "a changed role means signing in again");
    assert_eq!(whose("", NOW), None);
}

#[test]
fn a_token_may_no_more_than_its_owner_and_only_until_it_is_revoked() {
    let access = with_ada();
    access.add_person("bob", Role::Operator, "hash", NOW).expect("a new name");
    let token = access.mint_token("bob", "pipeline", Role::Admin, 30, NOW).expect("minted");
    let role = |at| access.token(token.text(), at).expect("readable").map(|one| one.role);
    assert_eq!(role(NOW), Some(Role::Operator), "no more than bob");
    access.change_person("bob", Role::Viewer, false).expect("Ada remains");
    assert_eq!(role(NOW), Some(Role::Viewer));
    assert_eq!(role(later(30 * 86_400)), None, "expired");
    access.change_person("bob", Role::Viewer, true).expect("Ada remains");
    assert_eq!(role(NOW), None, "bob is shut out");
    access.change_person("bob", Role::Viewer, false).expect("Ada remains");
    let id = access.tokens().expect("readable")[0].id;
    access.revoke_token(id).expect("there");
    assert_eq!(role(NOW), None, "revoked");
}

#[test]
fn somebody_remains_an_admin() {
    let access = with_ada();
    assert!(matches!(access.change_person("Ada", Role::Operator, false), Err(AccessError::LastAdmin)));
    assert!(matches!(access.change_person("ada", Role::Admin, true), Err(AccessError::LastAdmin)));
    assert_eq!(access.people().expect("readable")[0].role, Role::Admin, "nothing was changed");
}

#[test]
fn names_are_taken_once_whatever_their_case_and_hold_nothing_strange() {
    let access = with_ada();
    let add = |name: &str| access.add_person(name, Role::Viewer, "hash", NOW);
    assert!(matches!(add("ADA"), Err(AccessError::NameTaken(_))));
    for name in ["", "a b", "<b>", "a\nb", "a/b", &"x".repeat(65)] {
        assert!(matches!(add(name), Err(AccessError::BadName)), "{name:?}");
    }
}

#[test]
fn the_audit_trail_can_only_grow() {
    let access = with_ada();
    for number in 0..3 {
        let object = number.to_string();
        let entry =
            Audited { who: "Ada", address: "::1", act: "stop", object: &object, done: true, detail: "" };
        access.audit(entry, NOW).expect("written");
    }
    for statement in ["UPDATE audit SET who = 'Eve'", "DELETE FROM audit WHERE number = 1"] {
        assert!(access.lock().execute(statement, []).is_err(), "{statement}");
    }
    let trail = access.audit_trail(None, 2).expect("readable");
    assert_eq!(trail.iter().map(|one| one.number).collect::<Vec<_>>(), [3, 2]);
    assert_eq!(access.audit_trail(Some(2), 9).expect("readable").len(), 1);
}

#[test]
fn the_file_holds_no_secret_in_clear() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("panel.sqlite");
    let access = Access::open(&path).expect("SQLite");
    access.add_person("Ada", Role::Admin, "hash", NOW).expect("a new name");
    let secrets = [
        access.mint_setup(NOW).expect("minted"),
        access.begin_session("Ada", NOW).expect("begun"),
        access.mint_token("Ada", "ci", Role::Viewer, 1, NOW).expect("minted"),
    ];
    drop(access);
    let bytes = std::fs::read(&path).expect("written");
    for secret in &secrets {
        assert!(
            !bytes.windows(32).any(|window| secret.text().as_bytes().windows(32).any(|part| part == window))
        );
    }
}
