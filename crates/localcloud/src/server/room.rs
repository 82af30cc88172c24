//! Who holds what of the server: its connections, and the bytes of bodies that nobody has verified yet. Whoever keeps the most,
//! or waits the longest, makes room for those who come; so nobody who can't sign keeps out who can.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Connections at a time.
const MOST_CONNECTIONS: usize = 256;

/// Of bodies whose signature can't be told without them, together.
const MOST_UNVERIFIED_BYTES: usize = 32 * 1024 * 1024;

/// Of bodies whose headers are verified, together.
const MOST_VERIFIED_BYTES: usize = 256 * 1024 * 1024;

#[derive(Debug, Clone, Default)]
pub(super) struct Room(Arc<Mutex<Seats>>);

#[derive(Debug, Default)]
struct Seats {
    next: u64,
    taken: BTreeMap<u64, Held>,
}

#[derive(Debug, Default)]
struct Held {
    leave: Arc<Notify>,
    unverified: usize,
    verified: usize,
}

/// A connection's place. It is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    room: Room,
    number: u64,
    leave: Arc<Notify>,
}

impl Room {
    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Take a place; when there is none, whoever came first and has nothing verified under way makes it.
    pub(super) fn enter(&self) -> Option<Seat> {
        let mut seats = self.seats();
        if seats.taken.len() >= MOST_CONNECTIONS {
            let first = seats.taken.iter().find(|(_, held)| held.verified == 0).map(|(number, _)| *number)?;
            seats.send_away(first);
        }
        let number = seats.next;
        seats.next += 1;
        let leave = seats.taken.entry(number).or_default().leave.clone();
        Some(Seat { room: self.clone(), number, leave })
    }
}

impl Seats {
    fn send_away(&mut self, number: u64) {
        if let Some(held) = self.taken.remove(&number) {
            held.leave.notify_one();
        }
    }
}

impl Seat {
    /// Until this connection is to make room.
    pub(super) async fn asked_to_leave(&self) {
        self.leave.notified().await;
    }

    /// So many bytes more are kept. Gives whether they may be.
    pub(super) fn keep(&self, bytes: usize, is_verified: bool) -> bool {
        let mut seats = self.room.seats();
        if is_verified {
            let all: usize = seats.taken.values().map(|held| held.verified).sum();
            let Some(own) = seats.taken.get_mut(&self.number) else { return false };
            // What is refused is not kept, and counts against nobody.
            let fits = all + bytes <= MOST_VERIFIED_BYTES;
            own.verified += if fits { bytes } else { 0 };
            return fits;
        }
        let Some(own) = seats.taken.get_mut(&self.number) else { return false };
        own.unverified += bytes;
        while seats.taken.values().map(|held| held.unverified).sum::<usize>() > MOST_UNVERIFIED_BYTES {
            let greediest =
                seats.taken.iter().max_by_key(|(_, held)| held.unverified).map(|(number, _)| *number);
            match greediest {
                Some(greediest) if greediest != self.number => seats.send_away(greediest),
                Some(_) | None => return false,
            }
        }
        true
    }

    /// Nothing is kept any more.
    pub(super) fn let_go(&self) {
        if let Some(held) = self.room.seats().taken.get_mut(&self.number) {
            (held.unverified, held.verified) = (0, 0);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.room.seats().taken.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_CONNECTIONS, MOST_UNVERIFIED_BYTES, MOST_VERIFIED_BYTES, Room};

    #[test]
    fn who_keeps_the_most_unverified_makes_room() {
        let room = Room::default();
        let seats: Vec<_> = (0..3).map(|_| room.enter().expect("a place")).collect();
        assert!(seats[0].keep(MOST_UNVERIFIED_BYTES / 2, false));
        assert!(seats[1].keep(MOST_UNVERIFIED_BYTES / 4, false));
        assert!(seats[2].keep(MOST_UNVERIFIED_BYTES / 4 + 1, false), "the first makes room");
        assert!(!seats[0].keep(1, false), "it has been sent away");
        seats[1].let_go();
        assert!(!seats[2].keep(MOST_UNVERIFIED_BYTES, false), "nobody keeps more than all");
    }

    #[test]
    fn who_came_first_makes_room_unless_it_is_at_something_verified() {
        let room = Room::default();
        let seats: Vec<_> = (0..MOST_CONNECTIONS).map(|_| room.enter().expect("a place")).collect();
        assert!(seats[0].keep(1, true));
        let more = room.enter().expect("the second makes room");
        assert!(!seats[1].keep(1, false) && seats[0].keep(1, true) && more.keep(1, true));
        assert!(!seats[0].keep(MOST_VERIFIED_BYTES, true), "there is an end to what is verified, too");
        for seat in &seats[2..] {
            assert!(seat.keep(1, true));
        }
        assert!(room.enter().is_none(), "everybody is at something");
        drop(more);
        assert!(room.enter().is_some());
    }
}
