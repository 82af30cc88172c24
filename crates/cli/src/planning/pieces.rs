//! What the templates of a plan bring in, fetched and hashed: nested stacks' templates and included snippets, as deep as
//! they go.

use std::collections::{BTreeMap, VecDeque};

use aws::AwsCloud;
use template::Pseudo;
use upgrade::pieces::{
    ReferenceKind, TemplateReference, included_snippets, nested_pseudo, nested_release, nested_templates,
    unaskable, with_snippets,
};
use upgrade::{Deployment, Looked, Piece, ReleaseSide, UnpinnedPiece, UpdateKind, sha256_of};

/// How deep templates may nest. CloudFormation's own limit is one of operations (2,500 over all nested stacks; user guide,
/// "CloudFormation quotas"); deeper than this a template most likely nests itself.
const MOST_LEVELS: usize = 8;

/// How many templates and snippets an update may bring in.
const MOST_PIECES: usize = 500;

/// How often snippets may bring in snippets.
const MOST_ROUNDS: usize = 3;

/// What updates bring in.
#[derive(Debug, Clone, Default)]
pub(super) struct Pieces {
    pub pinned: Vec<Piece>,
    pub unpinned: Vec<UnpinnedPiece>,
    /// What an update certainly needs and nobody could read, a sentence each: there is no plan with these.
    pub missing: Vec<String>,
}

impl Pieces {
    pub(super) fn extend(&mut self, other: Pieces) {
        let Pieces { pinned, unpinned, missing } = other;
        self.pinned.extend(pinned);
        self.unpinned.extend(unpinned);
        self.missing.extend(missing);
    }

    /// For the check of whether CloudFormation will be able to read everything.
    pub(super) fn readable(&self) -> Looked<()> {
        if self.missing.is_empty() { Ok(()) } else { Err(self.missing.join("; ")) }
    }
}

/// A template among those still to be looked through.
struct Level {
    /// Such as `Network/`; of the update's own template nothing.
    path: String,
    depth: usize,
    release: ReleaseSide,
    pseudo: Pseudo,
    physical_ids: BTreeMap<String, String>,
}

/// Everything that a release brings in when it is deployed over `deployment`, read with the rights of its stack.
pub(super) async fn gather(
    cloud: &AwsCloud,
    update: UpdateKind,
    release: &ReleaseSide,
    pseudo: &Pseudo,
    deployment: &Deployment,
) -> Pieces {
    let resources = deployment.resources.iter();
    let mut reader = Reader { cloud, update, pieces: Pieces::default(), read: BTreeMap::new() };
    let mut levels = VecDeque::from([Level {
        path: String::new(),
        depth: 0,
        release: release.clone(),
        pseudo: pseudo.clone(),
        physical_ids: resources.map(|one| (one.logical_id.clone(), one.physical_id.clone())).collect(),
    }]);
    while let Some(level) = levels.pop_front() {
        levels.extend(reader.look_through(level).await);
    }
    reader.pieces
}

struct Reader<'a> {
    cloud: &'a AwsCloud,
    update: UpdateKind,
    pieces: Pieces,
    /// What was read already, by address.
    read: BTreeMap<String, Vec<u8>>,
}

impl Reader<'_> {
    /// One template: gives the templates that it nests.
    async fn look_through(&mut self, mut level: Level) -> Vec<Level> {
        for one in unaskable(&level.release.template) {
            self.leave(format!("{}{}", level.path, one.what), one.why);
        }
        self.expand(&mut level).await;
        let nested = match nested_templates(&level.release, &level.pseudo, &level.physical_ids) {
            Ok(nested) => nested,
            Err(error) => {
                self.leave(self.own_name(&level), format!("what it brings in can't be told: {error}"));
                return Vec::new();
            }
        };
        let mut deeper = Vec::new();
        for reference in nested {
            let Some(bytes) = self.fetch(&level, &reference).await else { continue };
            let ReferenceKind::NestedStack { parameters } = &reference.kind else { continue };
            let what = format!("{}{}", level.path, reference.what);
            if level.depth >= MOST_LEVELS {
                self.pieces.missing.push(format!("{what} is nested deeper than {MOST_LEVELS} templates"));
                continue;
            }
            let pseudo = nested_pseudo(&level.pseudo);
            match nested_release(&what, &bytes, parameters, &pseudo) {
                Ok(release) => deeper.push(Level {
                    path: format!("{what}, "),
                    depth: level.depth + 1,
                    release,
                    pseudo,
                    physical_ids: BTreeMap::new(),
                }),
                Err(error) => self.leave(what, format!("what it brings in itself can't be told: {error}")),
            }
        }
        deeper
    }

    /// Write the included snippets out, and those that they include.
    async fn expand(&mut self, level: &mut Level) {
        let written_without = level.release.clone();
        let mut snippets = BTreeMap::new();
        for _ in 0..MOST_ROUNDS {
            let found = match included_snippets(&level.release, &level.pseudo) {
                Ok(found) => found,
                Err(error) => {
                    let words = format!("its included snippets can't be told: {error}");
                    return self.leave(self.own_name(level), words);
                }
            };
            let known = snippets.len();
            for reference in found {
                if snippets.contains_key(&reference.location) {
                    continue;
                }
                if let Some(bytes) = self.fetch(level, &reference).await {
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    snippets.insert(reference.location, text);
                }
            }
            if snippets.len() == known {
                return;
            }
            match with_snippets(&written_without, &level.pseudo, snippets.clone()) {
                Ok(expanded) => level.release = expanded,
                Err(error) => {
                    let words = format!("its included snippets don't fit: {error}");
                    return self.leave(self.own_name(level), words);
                }
            }
        }
    }

    /// Read a piece and pin it. What can't be read and is certainly needed is missing.
    async fn fetch(&mut self, level: &Level, reference: &TemplateReference) -> Option<Vec<u8>> {
        let what = format!("{}{}", level.path, reference.what);
        let url = match &reference.url {
            Ok(url) => url.clone(),
            Err(why) => {
                self.leave(what, why.clone());
                return None;
            }
        };
        if let Some(bytes) = self.read.get(&url) {
            let bytes = bytes.clone();
            self.pin(what, url, &bytes);
            return Some(bytes);
        }
        if self.read.len() >= MOST_PIECES {
            self.pieces.missing.push(format!("{what} is one of more than {MOST_PIECES} nested templates"));
            return None;
        }
        match self.cloud.get_template(&url).await {
            Ok(bytes) => {
                self.pin(what, url.clone(), &bytes);
                self.read.insert(url, bytes.clone());
                Some(bytes)
            }
            Err(error) if reference.certain => {
                self.pieces.missing.push(format!("{what} ({url}) can't be read: {error}"));
                None
            }
            Err(error) => {
                self.leave(what, format!("{url} can't be read, and may not be needed: {error}"));
                None
            }
        }
    }

    fn pin(&mut self, what: String, url: String, bytes: &[u8]) {
        let piece = Piece { update: self.update, what, url, sha256: sha256_of(bytes) };
        if !self.pieces.pinned.contains(&piece) {
            self.pieces.pinned.push(piece);
        }
    }

    fn leave(&mut self, what: String, why: String) {
        self.pieces.unpinned.push(UnpinnedPiece { update: self.update, what, why });
    }

    fn own_name(&self, level: &Level) -> String {
        match level.path.strip_suffix(", ") {
            Some(path) => path.to_owned(),
            None => format!("the template of the {}", self.update.title()),
        }
    }
}
