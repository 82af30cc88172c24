//! The order in which the keys of a map come, as Python 2.7 had it: by the places of their hashes in a table, which depend on
//! everything that was put in and taken out before.
//!
//! The id of an API's deployment is a hash of the API's description as Python 2.7 printed it; the transform keeps to that so that
//! deployed APIs aren't deployed anew (cpython 2.7, `Objects/dictobject.c` and `Objects/stringobject.c`).

use std::collections::BTreeMap;

/// The size of a new table.
const SMALLEST: u64 = 8;
/// From this many keys on a table grows more slowly.
const LARGE: u64 = 50_000;

/// A place in the table that isn't empty.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Key(String),
    /// A key was here and was taken out.
    Left,
}

/// The keys of a map.
#[derive(Debug, Clone)]
pub(in crate::serverless) struct KeyOrder {
    places: BTreeMap<u64, Place>,
    used: u64,
    /// Places that hold a key or did.
    filled: u64,
    mask: u64,
}

impl Default for KeyOrder {
    fn default() -> KeyOrder {
        KeyOrder { places: BTreeMap::new(), used: 0, filled: 0, mask: SMALLEST - 1 }
    }
}

impl KeyOrder {
    /// The keys put in one after the other.
    pub(in crate::serverless) fn of<'a>(keys: impl IntoIterator<Item = &'a str>) -> KeyOrder {
        let mut order = KeyOrder::default();
        for key in keys {
            order.add(key);
        }
        order
    }

    /// The keys in their order.
    pub(in crate::serverless) fn keys(&self) -> impl Iterator<Item = &str> {
        self.places.values().filter_map(|place| match place {
            Place::Key(key) => Some(key.as_str()),
            Place::Left => None,
        })
    }

    /// A deep copy puts the keys into a new table, which may give another order.
    pub(in crate::serverless) fn copied(&self) -> KeyOrder {
        KeyOrder::of(self.keys())
    }

    /// Puts a key in.
    pub(in crate::serverless) fn add(&mut self, key: &str) {
        let before = self.used;
        let index = self.place(key);
        match self.places.get(&index) {
            None => {
                self.used += 1;
                self.filled += 1;
            }
            Some(Place::Left) => self.used += 1,
            Some(Place::Key(_)) => return,
        }
        self.places.insert(index, Place::Key(key.to_owned()));
        if self.used > before && self.filled * 3 >= (self.mask + 1) * 2 {
            self.resize(self.used * if self.used > LARGE { 2 } else { 4 });
        }
    }

    /// Takes a key out.
    pub(in crate::serverless) fn remove(&mut self, key: &str) {
        let index = self.place(key);
        if matches!(self.places.get(&index), Some(Place::Key(_))) {
            self.places.insert(index, Place::Left);
            self.used -= 1;
        }
    }

    /// Puts in the keys of another map, for which room is made first.
    pub(in crate::serverless) fn merge(&mut self, others: &[String]) {
        let count = others.len() as u64;
        if count == 0 {
            return;
        }
        if (self.filled + count) * 3 >= (self.mask + 1) * 2 {
            self.resize((self.used + count) * 2);
        }
        for key in others {
            self.add(key);
        }
    }

    fn resize(&mut self, request: u64) {
        let mut size = SMALLEST;
        while size <= request {
            size <<= 1;
        }
        let old = std::mem::replace(self, KeyOrder { mask: size - 1, ..KeyOrder::default() });
        for key in old.keys() {
            self.add(key);
        }
    }

    /// Where a key is, or where it would be put.
    fn place(&self, key: &str) -> u64 {
        let hash = hash(key);
        let holds = |index: u64| match self.places.get(&index) {
            Some(Place::Key(found)) => found == key,
            Some(Place::Left) | None => false,
        };
        let mut index = hash & self.mask;
        if !self.places.contains_key(&index) || holds(index) {
            return index;
        }
        let is_left = |index: u64| self.places.get(&index) == Some(&Place::Left);
        let mut free = is_left(index).then_some(index);
        let (mut walker, mut perturb) = (index, hash);
        loop {
            walker = walker.wrapping_mul(5).wrapping_add(perturb).wrapping_add(1);
            index = walker & self.mask;
            if !self.places.contains_key(&index) {
                return free.unwrap_or(index);
            }
            if holds(index) {
                return index;
            }
            if is_left(index) {
                free = free.or(Some(index));
            }
            perturb >>= 5;
        }
    }
}

fn hash(key: &str) -> u64 {
    let Some(first) = key.chars().next() else {
        return 0;
    };
    let start = u64::from(u32::from(first)) << 7;
    let step = |hash: u64, one: char| hash.wrapping_mul(1_000_003) ^ u64::from(u32::from(one));
    key.chars().fold(start, step) ^ key.chars().count() as u64
}
