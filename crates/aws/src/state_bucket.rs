//! What the bucket of a shared state is like, as facts for the check: whether it keeps what a claim rests on, who may read it,
//! and what becomes of its objects. Nothing is deleted, and what the caller may not ask says so.

use conductor::{ObjectError, Objects, Written};
use http::Method;
use upgrade::{BucketSeen, Looked, Trial, Versions};

use crate::state_objects::StateObjects;
use crate::xml::Element;

/// An ETag that no object has: S3's are of contents.
const WRONG_ETAG: &str = "\"00000000000000000000000000000000\"";

/// What an ACL calls everybody, and everybody with an account (S3 user guide, "ACL overview").
const EVERYBODY: [&str; 2] = [
    "http://acs.amazonaws.com/groups/global/AllUsers",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
];

const DAYS_A_YEAR: u32 = 365;

/// What a bucket's public access block takes back of what its policy and its ACL give everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct AccessBlock {
    restricts_policies: bool,
    ignores_lists: bool,
}

/// A rule of the bucket's lifecycle, as far as it is about a state's objects: those have no tags.
#[derive(Debug, Clone, PartialEq, Eq)]
struct LifecycleRule {
    id: String,
    /// Of the keys it is about; empty: of all.
    prefix: String,
    /// It is only about objects of some size.
    minds_size: bool,
    expires: bool,
    cleans_versions_up: bool,
}

impl StateObjects {
    /// Look at the bucket. `word` names the probe, which stays: an object `probe/WORD`, and a word that was used already is as
    /// good as a new one. Gives whether the probe was written now as well; else it was there.
    pub async fn inspect_bucket(&self, word: &str) -> (BucketSeen, bool) {
        let tried = self.try_conditions(word).await.map_err(|error| not_looked_at(&error));
        let is_new = tried.as_ref().is_ok_and(|(_, is_new)| *is_new);
        let rules = self.lifecycle_rules().await;
        let expired_by = rules.as_ref().map_err(Clone::clone).map(|rules| {
            let overlapping = |rule: &&LifecycleRule| rule.expires && rule.overlaps(&self.prefix);
            rules.iter().find(overlapping).map(|rule| rule.id.clone())
        });
        let seen = BucketSeen {
            trial: tried.map(|(trial, _)| trial),
            public: self.is_public().await,
            expired_by,
            locked_days: self.locked_days().await,
            versions: self.versions(&rules).await,
        };
        (seen, is_new)
    }

    /// Try it alone, for a claim without an update: what the bucket is like besides isn't looked at.
    pub async fn try_bucket(&self, word: &str) -> (BucketSeen, bool) {
        let tried = self.try_conditions(word).await.map_err(|error| not_looked_at(&error));
        let is_new = tried.as_ref().is_ok_and(|(_, is_new)| *is_new);
        let unasked = || "it was not looked at".to_owned();
        let seen = BucketSeen {
            trial: tried.map(|(trial, _)| trial),
            public: Err(unasked()),
            expired_by: Err(unasked()),
            locked_days: Err(unasked()),
            versions: Err(unasked()),
        };
        (seen, is_new)
    }

    /// Create an object twice, and replace it under an ETag that it doesn't have. Gives whether anything was written, too.
    async fn try_conditions(&self, word: &str) -> Result<(Trial, bool), ObjectError> {
        let key = format!("probe/{word}");
        let body = || b"Written to see whether this store minds If-None-Match and If-Match.\n".to_vec();
        let is_new = matches!(self.create(&key, body()).await?, Written::Now { .. });
        if let Written::Now { .. } = self.create(&key, body()).await? {
            return Ok((Trial::CreatesTwice, true));
        }
        match self.replace(&key, WRONG_ETAG, body()).await? {
            Written::Now { .. } => Ok((Trial::ReplacesAny, true)),
            Written::NotNow => Ok((Trial::Holds, is_new)),
        }
    }

    /// Whether the policy or the ACL lets everybody in, as far as the bucket's own access block lets them. The block is asked
    /// for only where there is something to take back; where it may not be looked at, policy and ACL count. An account's own
    /// block only makes it less public, and isn't asked for.
    async fn is_public(&self) -> Looked<bool> {
        let (mut by_policy, mut by_list) = (self.is_public_by_policy().await, self.is_public_by_list().await);
        if by_policy != Ok(false) || by_list != Ok(false) {
            let block = self.access_block().await.unwrap_or_default();
            by_policy = if block.restricts_policies { Ok(false) } else { by_policy };
            by_list = if block.ignores_lists { Ok(false) } else { by_list };
        }
        match (by_policy, by_list) {
            (Ok(true), _) | (_, Ok(true)) => Ok(true),
            (Ok(false), Ok(false)) => Ok(false),
            (Err(reason), _) | (_, Err(reason)) => Err(reason),
        }
    }

    async fn access_block(&self) -> Looked<AccessBlock> {
        const OPERATION: &str = "s3:GetBucketPublicAccessBlock";
        let missing = "NoSuchPublicAccessBlockConfiguration";
        let told = self.setting(OPERATION, "publicAccessBlock", missing).await?;
        Ok(told.map_or_else(AccessBlock::default, |root| AccessBlock {
            restricts_policies: is_true(&root, "RestrictPublicBuckets"),
            ignores_lists: is_true(&root, "IgnorePublicAcls"),
        }))
    }

    async fn is_public_by_policy(&self) -> Looked<bool> {
        let told = self.setting("s3:GetBucketPolicyStatus", "policyStatus", "NoSuchBucketPolicy").await?;
        Ok(told.is_some_and(|root| is_true(&root, "IsPublic")))
    }

    async fn is_public_by_list(&self) -> Looked<bool> {
        let told = self.setting("s3:GetBucketAcl", "acl", "").await?;
        let is_public = |root: Element| {
            let mut grants = root.list("AccessControlList").iter();
            grants.any(|grant| {
                let uri = grant.child("Grantee").map_or("", |grantee| grantee.text_of("URI"));
                EVERYBODY.contains(&uri)
            })
        };
        Ok(told.is_some_and(is_public))
    }

    async fn locked_days(&self) -> Looked<Option<u32>> {
        const OPERATION: &str = "s3:GetBucketObjectLockConfiguration";
        let missing = "ObjectLockConfigurationNotFoundError";
        let told = self.setting(OPERATION, "object-lock", missing).await?;
        Ok(told.as_ref().and_then(|root| root.find("DefaultRetention")).and_then(|retention| {
            let number = |name| retention.text_of(name).parse::<u32>().ok();
            number("Days").or_else(|| Some(number("Years")?.saturating_mul(DAYS_A_YEAR)))
        }))
    }

    async fn versions(&self, rules: &Looked<Vec<LifecycleRule>>) -> Looked<Versions> {
        let told = self.setting("s3:GetBucketVersioning", "versioning", "").await?;
        // Suspended: what is written over is the version `null`, of which there is one.
        if told.is_none_or(|root| root.text_of("Status") != "Enabled") {
            return Ok(Versions::NotKept);
        }
        let rules = rules.as_ref().map_err(Clone::clone)?;
        let cleans_up = |rule: &LifecycleRule| rule.cleans_versions_up && rule.covers(&self.prefix);
        Ok(if rules.iter().any(cleans_up) { Versions::CleanedUp } else { Versions::Kept })
    }

    async fn lifecycle_rules(&self) -> Looked<Vec<LifecycleRule>> {
        const OPERATION: &str = "s3:GetLifecycleConfiguration";
        let told = self.setting(OPERATION, "lifecycle", "NoSuchLifecycleConfiguration").await?;
        let children = told.map(|root| root.children).unwrap_or_default();
        Ok(children.iter().filter(|child| child.name == "Rule").filter_map(LifecycleRule::read).collect())
    }

    /// A setting of the bucket; `None`: there is none, which S3 says with the code `missing` (empty: it never says so).
    async fn setting(&self, operation: &'static str, name: &str, missing: &str) -> Looked<Option<Element>> {
        let told = async {
            let answer = self.send(operation, self.request(Method::GET).about(name)).await?;
            if answer.is_success() {
                let root = answer.tree().map_err(|failure| self.not_answered(operation, &failure))?;
                return Ok(Some(root));
            }
            if !missing.is_empty() && answer.refusal().code() == missing {
                return Ok(None);
            }
            Err(self.refused_by(operation, &answer))
        };
        told.await.map_err(|error| not_looked_at(&error))
    }
}

impl LifecycleRule {
    /// `None`: it does nothing, or is only about objects with a tag.
    fn read(rule: &Element) -> Option<LifecycleRule> {
        if rule.text_of("Status") != "Enabled" || rule.find("Tag").is_some() {
            return None;
        }
        let expiration = rule.child("Expiration");
        // ExpiredObjectDeleteMarker alone expires nothing that is there.
        let expires = expiration.is_some_and(|set| set.child("Days").or(set.child("Date")).is_some());
        let size = rule.find("ObjectSizeGreaterThan").or(rule.find("ObjectSizeLessThan"));
        Some(LifecycleRule {
            id: rule.some_text_of("ID").unwrap_or_else(|| "a rule without a name".to_owned()),
            // In the rule itself (the older form), in its filter, or in the filter's `And`.
            prefix: rule.find("Prefix").map(|prefix| prefix.text.clone()).unwrap_or_default(),
            minds_size: size.is_some(),
            expires,
            cleans_versions_up: rule.child("NoncurrentVersionExpiration").is_some(),
        })
    }

    /// Whether it is about some of the objects under a prefix.
    fn overlaps(&self, prefix: &str) -> bool {
        prefix.starts_with(&self.prefix) || self.prefix.starts_with(prefix)
    }

    /// Whether it is about all of them.
    fn covers(&self, prefix: &str) -> bool {
        prefix.starts_with(&self.prefix) && !self.minds_size
    }
}

/// S3 writes `true` and `TRUE`.
fn is_true(element: &Element, name: &str) -> bool {
    element.text_of(name).eq_ignore_ascii_case("true")
}

fn not_looked_at(error: &ObjectError) -> String {
    format!("not looked at: {error}")
}
