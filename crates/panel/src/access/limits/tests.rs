use std::net::{IpAddr, Ipv4Addr};

use upgrade::Timestamp;

use super::{FORGET_SECONDS, Limits, MOST_REMEMBERED, TooMany, WRONG_FOR_A_NAME};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7));
const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn later(seconds: u64) -> Timestamp {
    Timestamp(NOW.0 + seconds * 1000)
}

/// Wrong until locked, from an address.
fn guess_until_locked(limits: &Limits, name: &str, address: IpAddr, now: Timestamp) {
    while !limits.wrong(name, address, now) {}
}

#[test]
fn whoever_guesses_locks_themselves_longer_each_time_and_nobody_else() {
    let limits = Limits::default();
    for attempt in 1..=5 {
        assert_eq!(limits.attempt("Ada", ELSEWHERE, None, NOW), Ok(()));
        assert_eq!(limits.wrong("ada", ELSEWHERE, NOW), attempt == 5);
    }
    let mut at = 0;
    for seconds in [60, 120, 240, 480, 900, 900] {
        assert_eq!(limits.attempt("ADA", ELSEWHERE, None, later(at)), Err(TooMany { seconds }), "{at}");
        assert_eq!(limits.attempt("ada", HERE, None, later(at)), Ok(()), "from elsewhere she comes in");
        at += seconds;
        assert_eq!(limits.attempt("ada", ELSEWHERE, None, later(at)), Ok(()), "{at}");
        assert!(limits.wrong("ada", ELSEWHERE, later(at)), "one attempt a lock");
    }
    at += 900;
    limits.right("ada", ELSEWHERE, later(at));
    assert!(!limits.wrong("ada", ELSEWHERE, later(at)), "counts from the beginning");
}

#[test]
fn what_is_counted_is_forgotten_with_time() {
    let limits = Limits::default();
    for _ in 0..3 {
        guess_until_locked(&limits, "ada", HERE, NOW);
    }
    assert_eq!(limits.attempt("ada", HERE, None, later(FORGET_SECONDS)), Ok(()));
    assert!(!limits.wrong("ada", HERE, later(FORGET_SECONDS)), "the first in a row");
}

#[test]
fn a_reset_forgives_what_was_counted_before_it() {
    let limits = Limits::default();
    guess_until_locked(&limits, "ada", HERE, NOW);
    for _ in 0..40 {
        let _waits = limits.attempt("eve", HERE, None, NOW);
    }
    assert!(limits.attempt("ada", HERE, None, later(1)).is_err());
    assert!(limits.attempt("eve", HERE, None, later(1)).is_err());
    assert_eq!(limits.attempt("ada", HERE, Some(later(1)), later(2)), Ok(()));
    guess_until_locked(&limits, "ada", HERE, later(3));
    assert!(limits.attempt("ada", HERE, Some(later(1)), later(4)).is_err(), "what came after it counts");
}

#[test]
fn guessing_from_everywhere_slows_strangers_and_not_whom_the_name_belongs_to() {
    let limits = Limits::default();
    limits.right("ada", HERE, NOW);
    for number in 0..WRONG_FOR_A_NAME {
        let address = IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + number));
        limits.wrong("ada", address, NOW);
    }
    assert_eq!(limits.attempt("ada", HERE, None, later(1)), Ok(()), "from where she signs in");
    assert_eq!(limits.attempt("ada", ELSEWHERE, None, later(1)), Ok(()), "the first stranger");
    assert_eq!(limits.attempt("ada", ELSEWHERE, None, later(2)), Err(TooMany { seconds: 9 }));
    assert_eq!(limits.attempt("ada", ELSEWHERE, None, later(11)), Ok(()), "with patience");
    assert_eq!(limits.attempt("ada", ELSEWHERE, None, later(FORGET_SECONDS)), Ok(()));
}

#[test]
fn an_address_may_not_try_many_names() {
    let limits = Limits::default();
    for number in 0..30 {
        assert_eq!(limits.attempt(&format!("name{number}"), HERE, None, NOW), Ok(()));
    }
    assert_eq!(limits.attempt("another", HERE, None, NOW), Err(TooMany { seconds: 300 }));
    assert_eq!(limits.attempt("another", HERE, None, later(300)), Ok(()));
}

#[test]
fn a_network_of_ipv6_is_one_address_and_an_ipv4_address_is_one_in_either_form() {
    let limits = Limits::default();
    let address = |text: &str| text.parse::<IpAddr>().expect("an address");
    guess_until_locked(&limits, "ada", address("2001:db8::1"), NOW);
    assert!(limits.attempt("ada", address("2001:db8::ffff:1"), None, NOW).is_err());
    assert!(limits.attempt("ada", address("2001:db8:0:1::1"), None, NOW).is_ok());
    guess_until_locked(&limits, "bob", ELSEWHERE, NOW);
    assert!(limits.attempt("bob", address("::ffff:198.51.100.7"), None, NOW).is_err());
}

#[test]
fn a_flood_of_names_and_addresses_takes_bounded_room() {
    let limits = Limits::default();
    for number in 0..40_000_u32 {
        let (name, address) = (format!("{number}"), IpAddr::V4(Ipv4Addr::from(number)));
        let _waits = limits.attempt(&name, address, None, NOW);
        limits.wrong(&name, address, NOW);
    }
    let counts = limits.counts.lock().expect("no panic");
    for size in [counts.pairs.0.len(), counts.addresses.0.len(), counts.names.0.len()] {
        assert!(size <= MOST_REMEMBERED, "{size}");
    }
}
