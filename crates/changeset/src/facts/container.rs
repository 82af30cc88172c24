//! Reads `data/facts.bin` and `data/schemas.bin`: an index, and deflated blocks, so that one type costs its block alone.
//!
//! The format is described and written by `tools/facts/container.py`; nothing else knows it. The files are part
//! of the program, so damage is a defect that the tests find: reading them then yields no types, not a panic.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::OnceLock;

use flate2::read::DeflateDecoder;

const MAGIC: &[u8] = b"SLACKFACTS";
/// 1: the first.
const VERSION: u8 = 1;

/// The packages that the facts were made from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// Package name to version.
    pub packages: BTreeMap<String, String>,
    /// How many top-level properties the two sources see differently.
    pub disputed_properties: u64,
}

/// One data file: a `T` for each resource type, decoded when it is first asked for.
pub(super) struct Container<T: 'static> {
    data: &'static [u8],
    decode: fn(&str, &[u8]) -> Option<T>,
    index: OnceLock<Index<T>>,
}

struct Index<T> {
    sources: Sources,
    blocks: Vec<Block>,
    types: BTreeMap<&'static str, Entry<T>>,
}

struct Block {
    deflated: &'static [u8],
    inflated: OnceLock<Vec<u8>>,
}

struct Entry<T> {
    block: usize,
    offset: usize,
    length: usize,
    decoded: OnceLock<Option<T>>,
}

impl<T> Container<T> {
    /// Over a file's bytes; `decode` makes a type's record of its name and its JSON.
    pub const fn new(data: &'static [u8], decode: fn(&str, &[u8]) -> Option<T>) -> Container<T> {
        Container { data, decode, index: OnceLock::new() }
    }

    pub fn get(&self, name: &str) -> Option<&T> {
        let (name, entry) = self.index().types.get_key_value(name)?;
        entry.decoded.get_or_init(|| self.read(name, entry)).as_ref()
    }

    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.index().types.keys().copied()
    }

    pub fn sources(&self) -> Sources {
        self.index().sources.clone()
    }

    fn read(&self, name: &str, entry: &Entry<T>) -> Option<T> {
        let block = self.index().blocks.get(entry.block)?;
        let inflated = block.inflated.get_or_init(|| inflate(block.deflated).unwrap_or_default());
        (self.decode)(name, inflated.get(entry.offset..entry.offset.checked_add(entry.length)?)?)
    }

    fn index(&self) -> &Index<T> {
        let empty = || Index { sources: Sources::default(), blocks: Vec::new(), types: BTreeMap::new() };
        self.index.get_or_init(|| read_index(self.data).unwrap_or_else(empty))
    }
}

fn read_index<T>(data: &'static [u8]) -> Option<Index<T>> {
    let rest = data.strip_prefix(MAGIC)?;
    let (version, rest) = rest.split_first()?;
    if *version != VERSION {
        return None;
    }
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (index, blocks) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    // Leaked once: the index lives as long as the program, and its names are handed out as `&'static str`.
    let text: &'static str = Box::leak(String::from_utf8(inflate(index)?).ok()?.into_boxed_str());
    let mut lines = text.lines();
    let mut made =
        Index { sources: read_sources(lines.next()?)?, blocks: Vec::new(), types: BTreeMap::new() };
    for line in lines {
        let mut fields = line.split('\t');
        match (fields.next()?, fields.next()?, fields.next()?.parse().ok()?, fields.next()) {
            ("", name, offset, Some(length)) => {
                let block = made.blocks.len().checked_sub(1)?;
                made.types.insert(
                    name,
                    Entry { block, offset, length: length.parse().ok()?, decoded: OnceLock::new() },
                );
            }
            (_block, offset, length, None) => {
                let start: usize = offset.parse().ok()?;
                let deflated = blocks.get(start..start.checked_add(length)?)?;
                made.blocks.push(Block { deflated, inflated: OnceLock::new() });
            }
            _ => return None,
        }
    }
    Some(made)
}

fn read_sources(line: &str) -> Option<Sources> {
    let header: serde_json::Value = serde_json::from_str(line).ok()?;
    let packages = header.get("sources")?.as_object()?;
    Some(Sources {
        packages: packages
            .iter()
            .filter_map(|(name, version)| Some((name.clone(), version.as_str()?.to_owned())))
            .collect(),
        disputed_properties: header.get("disputed")?.as_u64()?,
    })
}

fn inflate(deflated: &[u8]) -> Option<Vec<u8>> {
    let mut inflated = Vec::new();
    DeflateDecoder::new(deflated).read_to_end(&mut inflated).ok()?;
    Some(inflated)
}
