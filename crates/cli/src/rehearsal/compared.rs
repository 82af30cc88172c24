//! An upgrade that was held against the rehearsal before it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An upgrade, and what had been rehearsed of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Compared {
    pub run_id: String,
    /// How long users were out, in milliseconds.
    pub downtime: u64,
    /// The range that was rehearsed, 5 to 95 %.
    pub rehearsed: Range,
}

/// Of milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Range {
    pub least: u64,
    pub most: u64,
}

impl Compared {
    /// Whether it took as long as was rehearsed.
    #[must_use]
    pub fn holds(&self) -> bool {
        (self.rehearsed.least..=self.rehearsed.most).contains(&self.downtime)
    }
}

#[cfg(test)]
mod tests {
    use super::{Compared, Range};

    #[test]
    fn an_upgrade_holds_when_it_is_in_the_range() {
        for (downtime, holds) in [(10, true), (20, true), (9, false), (21, false)] {
            let one = Compared { run_id: String::new(), downtime, rehearsed: Range { least: 10, most: 20 } };
            assert_eq!(one.holds(), holds, "{downtime}");
        }
    }
}
