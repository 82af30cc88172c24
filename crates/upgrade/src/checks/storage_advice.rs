//! What a database's storage parameter should be, given what RDS has already. Numbers in, advice out.
//!
//! Sources: RDS user guide, "Increasing DB instance storage capacity" (storage can't be reduced; an increase of less
//! than 10 percent is an error; no further change for six hours or until storage optimization is done) and "Managing
//! capacity automatically with Amazon RDS storage autoscaling" (the maximum must be at least 10 percent more than the
//! allocated storage). The API reference says of ModifyDBInstance that smaller increases are rounded up instead; people
//! have met the error (cloudformation-coverage-roadmap 1312, which ended in UPDATE_ROLLBACK_FAILED), so we take it as
//! refused.

/// A database's storage, in GiB, and what its parameter says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseStorage {
    /// What RDS has allocated: autoscaling may have raised it.
    pub live: u32,
    /// The stack's parameter as it is; `None`: the stack has no such parameter yet.
    pub current: Option<u32>,
    /// The parameter as the update would send it.
    pub will_be: u32,
    /// The new release's default.
    pub new_default: Option<u32>,
    /// What autoscaling may go to, as the update would send it; `None`: no autoscaling.
    pub maximum: Option<u32>,
    /// Such as `gp3`.
    pub storage_type: String,
}

/// What to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorageAdvice {
    /// The update sends what RDS has, or a growth that RDS takes.
    Fine,
    /// The parameter is as it was before RDS scaled up by itself. Set it to the live size.
    SetTo {
        /// GiB.
        gibibytes: u32,
        /// Whether any change of the database sends the stale value. CloudFormation's handler sends the template's
        /// storage with every update of gp3, io1 and io2, since RDS wants it beside `Iops`, and of other types only
        /// when the template's value changes (aws-cloudformation-resource-providers-rds 386 and 598; since 2025 it
        /// spares an unchanged value of an autoscaled instance, which we don't rely on).
        at_any_change: bool,
    },
    /// The update would shrink storage on somebody's wish, or on the new default's; RDS refuses.
    ShrinkRefused {
        /// The least value that works: the live size.
        gibibytes: u32,
    },
    /// The update would grow storage by less than 10 %; RDS refuses.
    UnderTenPercent {
        /// The value that changes nothing: the live size.
        gibibytes: u32,
        /// The least that RDS takes as growth.
        least_growth: u32,
    },
    /// The storage is right and the maximum for autoscaling is less than 10 % above it; RDS refuses.
    MaximumTooClose { least_maximum: u32 },
}

/// What to do about a database's storage parameter. Never advises to shrink, and never to grow beyond what RDS has.
#[must_use]
pub fn storage_advice(storage: &DatabaseStorage) -> StorageAdvice {
    let DatabaseStorage { live, current, will_be, .. } = *storage;
    if will_be < live {
        return if current == Some(will_be) {
            StorageAdvice::SetTo {
                gibibytes: live,
                at_any_change: matches!(storage.storage_type.as_str(), "gp3" | "io1" | "io2"),
            }
        } else {
            StorageAdvice::ShrinkRefused { gibibytes: live }
        };
    }
    let least_growth = least_growth(live);
    if will_be > live && will_be < least_growth {
        return StorageAdvice::UnderTenPercent { gibibytes: live, least_growth };
    }
    let least_maximum = self::least_growth(will_be);
    match storage.maximum {
        // A maximum that equals the storage switches autoscaling off
        // (aws-cloudformation-resource-providers-rds 92).
        Some(maximum) if maximum != will_be && maximum < least_maximum => {
            StorageAdvice::MaximumTooClose { least_maximum }
        }
        Some(_) | None => StorageAdvice::Fine,
    }
}

/// The least that RDS takes as growth of so many GiB: 10 % more, rounded up.
#[must_use]
pub fn least_growth(gibibytes: u32) -> u32 {
    gibibytes.saturating_add(gibibytes.div_ceil(10).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice() {
        use StorageAdvice::{Fine, MaximumTooClose, SetTo, ShrinkRefused, UnderTenPercent};
        // live, current, will be, new default, maximum, type
        let cases = [
            // As it was made.
            (20, Some(20), 20, Some(20), Some(100), "gp3", Fine),
            // Autoscaled.
            (37, Some(20), 20, Some(20), Some(100), "gp3", SetTo { gibibytes: 37, at_any_change: true }),
            (37, Some(20), 20, Some(20), Some(100), "io2", SetTo { gibibytes: 37, at_any_change: true }),
            (37, Some(20), 20, Some(20), Some(100), "gp2", SetTo { gibibytes: 37, at_any_change: false }),
            (
                37,
                Some(20),
                20,
                Some(20),
                Some(100),
                "standard",
                SetTo { gibibytes: 37, at_any_change: false },
            ),
            // A new default doesn't reach a stored value, and is no reason to grow.
            (37, Some(20), 20, Some(50), Some(100), "gp3", SetTo { gibibytes: 37, at_any_change: true }),
            // The operator has set it right.
            (37, Some(20), 37, Some(20), Some(100), "gp3", Fine),
            // … has set it wrong.
            (37, Some(20), 30, Some(20), Some(100), "gp3", ShrinkRefused { gibibytes: 37 }),
            (37, Some(37), 20, Some(20), Some(100), "gp3", ShrinkRefused { gibibytes: 37 }),
            // A parameter that is new takes its default.
            (37, None, 20, Some(20), Some(100), "gp3", ShrinkRefused { gibibytes: 37 }),
            (37, None, 50, Some(50), Some(100), "gp3", Fine),
            // Growth: at least 10 %.
            (
                37,
                Some(20),
                40,
                Some(20),
                Some(100),
                "gp3",
                UnderTenPercent { gibibytes: 37, least_growth: 41 },
            ),
            (37, Some(20), 41, Some(20), Some(100), "gp3", Fine),
            (100, Some(100), 109, None, None, "gp2", UnderTenPercent { gibibytes: 100, least_growth: 110 }),
            (100, Some(100), 110, None, None, "gp2", Fine),
            // The maximum: at least 10 % above, or autoscaling off.
            (95, Some(95), 95, None, Some(100), "gp3", MaximumTooClose { least_maximum: 105 }),
            (95, Some(95), 95, None, Some(105), "gp3", Fine),
            (95, Some(95), 95, None, Some(95), "gp3", Fine),
            (95, Some(95), 95, None, None, "gp3", Fine),
            (u32::MAX, Some(1), u32::MAX, None, None, "gp3", Fine),
        ];
        for (live, current, will_be, new_default, maximum, storage_type, wanted) in cases {
            let storage = DatabaseStorage {
                live,
                current,
                will_be,
                new_default,
                maximum,
                storage_type: storage_type.to_owned(),
            };
            assert_eq!(storage_advice(&storage), wanted, "{storage:?}");
        }
    }
}
