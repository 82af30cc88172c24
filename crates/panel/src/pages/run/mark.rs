//! How far what a page shows has been told.

/// Where a page stands: what it shows is told as far as this. The live stream goes on from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Mark {
    /// How many records it knows of.
    pub(crate) told: usize,
    /// Whether somebody carries the run out, as the page has it. No record tells it.
    pub(crate) held: bool,
}

impl Mark {
    /// As a browser gives it back; `None` when it is none of ours.
    pub(crate) fn read(text: &str) -> Option<Mark> {
        let (told, held) = text.split_once('-')?;
        let held = match held {
            "held" => true,
            "free" => false,
            _ => return None,
        };
        Some(Mark { told: told.parse().ok()?, held })
    }
}

impl std::fmt::Display for Mark {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}-{}", self.told, if self.held { "held" } else { "free" })
    }
}
