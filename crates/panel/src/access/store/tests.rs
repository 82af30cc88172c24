use upgrade::Timestamp;

use super::{Access, AccessError, Role};
use crate::access::{Act, Broken, Proof, SESSION_IDLE_SECONDS, SESSION_SECONDS, SETUP_SECONDS, fingerprint};

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
    assert_eq!(role(NOW), None, "it is revoked with its owner, and not lent again");
    let token = access.mint_token("bob", "pipeline", Role::Admin, 30, NOW).expect("minted");
    let role = |at| access.token(token.text(), at).expect("readable").map(|one| one.role);
    assert_eq!(role(NOW), Some(Role::Viewer));
    let id = access.tokens().expect("readable")[0].id;
    access.revoke_token(id).expect("there");
    assert_eq!(role(NOW), None, "revoked");
}

#[test]
fn another_password_ends_sessions_and_tokens_and_tells_whoever_listens() {
    for is_reset in [false, true] {
        let access = with_ada();
        let session = access.begin_session("Ada", NOW).expect("begun");
        let token = access.mint_token("Ada", "pipeline", Role::Admin, 30, NOW).expect("minted");
        let proofs = [Proof::Session(fingerprint(session.text())), Proof::Token(fingerprint(token.text()))];
        let shown = |proof| access.shown_by(proof, NOW).expect("readable").is_some();
        assert!(proofs.iter().all(shown));
        let mut doors = access.doors();
        doors.mark_unchanged();
        let changed = if is_reset {
            access.reset_password("ada", "another hash", NOW)
        } else {
            access.change_password("ada", "another hash")
        };
        changed.expect("she is there");
        assert!(!proofs.iter().any(shown), "reset: {is_reset}");
        assert!(doors.has_changed().expect("the file is open"));
        assert_eq!(access.reset_at("ADA").expect("readable"), is_reset.then_some(NOW));
    }
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

fn stop(object: &str) -> Act<'_> {
    Act { who: "Ada", address: "::1", act: "stop", object }
}

#[test]
fn the_audit_trail_can_only_grow_and_has_acts_that_have_no_end_yet() {
    let access = with_ada();
    for number in 0..2 {
        access.audit(stop(&number.to_string()), true, "", NOW).expect("written");
    }
    let begun = access.begin_act(stop("2"), NOW).expect("written");
    assert_eq!(begun, 3);
    for statement in ["UPDATE trail SET who = 'Eve'", "DELETE FROM trail WHERE number = 1"] {
        assert!(access.lock().execute(statement, []).is_err(), "{statement}");
    }
    let trail = access.audit_trail(None, 2).expect("readable");
    assert_eq!(trail.iter().map(|one| one.number).collect::<Vec<_>>(), [3, 2]);
    assert_eq!(trail[0].done, None);
    assert_eq!(trail[1].done, Some(true));
    access.end_act(begun, false, "It has ended.", later(9)).expect("written");
    assert!(access.end_act(begun, true, "", later(9)).is_err(), "an act ends once");
    let trail = access.audit_trail(None, 1).expect("readable");
    let ended = (trail[0].done, trail[0].ended_at, trail[0].detail.as_str());
    assert_eq!(ended, (Some(false), Some(later(9).into()), "It has ended."));
    assert_eq!(access.audit_trail(Some(2), 9).expect("readable").len(), 1);
}

/// Somebody changes the file with a program of their own.
#[test]
fn a_trail_that_somebody_changed_says_where() {
    let written = || {
        let access = with_ada();
        for number in 0..4 {
            access.audit(stop(&number.to_string()), true, "", NOW).expect("written");
        }
        access
    };
    let whole = written().verify_trail().expect("readable").expect("whole");
    assert_eq!((whole.rows, whole.acts), (8, 4));
    let tamperings = [
        ("UPDATE trail SET who = 'Eve' WHERE place = 3", Broken::Changed { place: 3, number: 2 }),
        ("UPDATE trail SET at = at + 1 WHERE place = 8", Broken::Changed { place: 8, number: 4 }),
        ("UPDATE trail SET outcome = 'refused' WHERE place = 2", Broken::Changed { place: 2, number: 1 }),
        ("UPDATE trail SET hash = 'x' WHERE place = 4", Broken::Changed { place: 4, number: 2 }),
        ("DELETE FROM trail WHERE place = 5", Broken::Missing { place: 5 }),
        ("DELETE FROM trail WHERE place = 1", Broken::Missing { place: 1 }),
        ("DELETE FROM trail WHERE place > 6", Broken::CutOff { found: 6, written: 8 }),
        ("DELETE FROM trail", Broken::CutOff { found: 0, written: 8 }),
        (
            "INSERT INTO trail SELECT 9, 5, at, who, address, act, object, outcome, detail, hash FROM trail WHERE place = 1",
            Broken::Changed { place: 9, number: 5 },
        ),
    ];
    let tried = tamperings.len();
    for (statement, broken) in tamperings {
        let access = written();
        access.lock().execute_batch("DROP TRIGGER trail_stays; DROP TRIGGER trail_is_kept;").expect("theirs");
        access.lock().execute(statement, []).expect(statement);
        assert_eq!(access.verify_trail().expect("readable"), Err(broken), "{statement}");
    }
    println!("attacks: audit tampering: {tried} of {tried} held");
}

/// The file of the first format, as its program made it.
#[test]
fn a_file_of_the_first_format_is_taken_over_with_its_trail() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("panel.sqlite");
    let old = rusqlite::Connection::open(&path).expect("SQLite");
    old.execute_batch(
        "CREATE TABLE people (
             name TEXT PRIMARY KEY COLLATE NOCASE, role TEXT NOT NULL, password TEXT NOT NULL,
             disabled INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL, signed_in_at INTEGER) STRICT;
         CREATE TABLE answers (
             person TEXT NOT NULL, idempotency_key TEXT NOT NULL, request TEXT NOT NULL, at INTEGER NOT NULL,
             status INTEGER, body TEXT, PRIMARY KEY (person, idempotency_key)) STRICT;
         CREATE TABLE audit (
             number INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, who TEXT NOT NULL,
             address TEXT NOT NULL, act TEXT NOT NULL, object TEXT NOT NULL, done INTEGER NOT NULL,
             detail TEXT NOT NULL) STRICT;
         CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
             BEGIN SELECT RAISE(ABORT, 'the audit trail is not shortened'); END;
         INSERT INTO people VALUES ('Ada', 'admin', 'hash', 0, 1, NULL);
         INSERT INTO audit (at, who, address, act, object, done, detail)
             VALUES (1, 'Ada', '::1', 'set up', 'Ada', 1, ''), (2, 'Ada', '::1', 'stop', 'one', 0, 'It has ended.');
         PRAGMA user_version = 1;",
    )
    .expect("made");
    drop(old);
    for _ in 0..2 {
        let access = Access::open(&path).expect("taken over");
        let trail = access.audit_trail(None, 9).expect("readable");
        assert_eq!(
            trail.iter().map(|one| (one.number, one.object.as_str())).collect::<Vec<_>>(),
            [(2, "one"), (1, "Ada")]
        );
        assert_eq!(
            trail[0].done.map(|done| (done, trail[0].detail.as_str())),
            Some((false, "It has ended."))
        );
        assert_eq!(access.verify_trail().expect("readable").expect("whole").acts, 2);
        assert_eq!(access.people().expect("readable").len(), 1);
    }
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
