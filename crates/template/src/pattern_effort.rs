//! How much may be done to match the patterns of one evaluation, all parameters together: a template may have 200 of them, each
//! with a pattern that takes long.

/// What all patterns of an evaluation may take: well below a second's work.
const UNITS: u64 = 2_000_000;

/// What is left of the effort that matching patterns may take. A value that can't be compared with its pattern within it is left
/// to CloudFormation, like one whose pattern isn't known here.
#[derive(Debug)]
pub struct PatternEffort {
    left: u64,
}

impl Default for PatternEffort {
    fn default() -> PatternEffort {
        PatternEffort { left: UNITS }
    }
}

impl PatternEffort {
    /// So much, if there is so much left.
    pub(crate) fn spend(&mut self, units: u64) -> bool {
        let left = self.left.checked_sub(units);
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }

    /// Up to so much; gives how much that is.
    pub(crate) fn at_most(&self, units: usize) -> usize {
        usize::try_from(self.left).unwrap_or(usize::MAX).min(units)
    }
}
