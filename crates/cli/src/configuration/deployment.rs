//! `[deployments.NAME]`: which stacks, and with whose rights.

use std::collections::BTreeMap;

use template::Location;
use upgrade::{DoorWord, HealthPolicy};

use super::accepted::AcceptedCheck;
use super::maintenance::{self, MaintenanceSettings};
use super::notifications::{self, Notifications};
use super::platform::{self, PlatformSettings};
use super::problem::ProblemKind;
use super::reader::{Table, Word};
use super::state::{self, StateSettings, is_bucket_name};
use super::{accepted, catalogue, doors, health};
use crate::zone::Zone;

/// A deployment, as its owner describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentSettings {
    /// Its name.
    pub name: String,
    /// Where it is described.
    pub at: Location,
    /// The primary stack's name or ARN.
    pub stack: String,
    /// How its account is reached.
    pub access: Access,
    /// The profile: a name of this program's, or a file beside the settings; `None`: found from the template.
    pub profile: Option<Word>,
    /// There is no gate: work is stopped, and nobody is kept out.
    pub gateless: bool,
    /// What is said of listeners, by their name in the template or their ARN.
    pub doors: BTreeMap<String, DoorWord>,
    /// The bucket that a plan's templates are copied to, each under its hash.
    pub template_bucket: Option<String>,
    /// Where claim and journals are; `None`: in each machine's own data directory.
    pub state: Option<StateSettings>,
    /// The stack that another account's backups go to.
    pub backup_stack: Option<LinkedStackSettings>,
    /// The newest recovery point must not be older.
    pub maximum_recovery_point_age_seconds: u64,
    /// The stack of the role that CloudFormation assumes.
    pub role_stack: Option<LinkedStackSettings>,
    /// The platform's own API.
    pub platform: PlatformSettings,
    /// How maintenance goes about its work.
    pub maintenance: MaintenanceSettings,
    /// What proves the platform healthy.
    pub health: HealthPolicy,
    /// Who is told.
    pub notifications: Notifications,
    /// Where the list of releases is: a file's path or a URL.
    pub catalogue: Option<String>,
    /// What checks warn of every evening and its owner has accepted for a time: its own, then those of every deployment.
    pub accepted: Vec<AcceptedCheck>,
    /// In which its users read times: that of all deployments.
    pub time_zone: Zone,
}

/// How an account and Region are reached.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Access {
    /// Such as `us-east-1`.
    pub region: String,
    /// With whose rights.
    pub credentials: Credentials,
    /// Another address for every service: a local cloud.
    pub endpoint_url: Option<String>,
}

/// With whose rights.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Credentials {
    /// A profile of AWS's own files; `None`: what the environment offers.
    pub aws_profile: Option<String>,
    /// A role to assume with them.
    pub role: Option<AssumedRole>,
}

/// A role to assume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssumedRole {
    /// Its ARN.
    pub arn: String,
    /// What its trust policy asks for; no secret (IAM user guide, "How to use an external ID").
    pub external_id: Option<String>,
}

/// A stack that is updated before the primary one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedStackSettings {
    /// Its name or ARN.
    pub stack: String,
    pub access: Access,
    /// The newest template: a file's path or a URL.
    pub template: Option<String>,
    /// The bucket that its templates are copied to, with its own rights; `None`: the primary stack's, which must be
    /// readable with them.
    pub template_bucket: Option<String>,
}

/// A day: backups are usually made daily.
const RECOVERY_POINT_AGE_SECONDS: u64 = 86_400;

pub(super) fn read(name: &Word, table: &Table<'_>) -> Option<DeploymentSettings> {
    if name.text.is_empty() || !name.text.chars().all(|one| one.is_ascii_alphanumeric() || one == '-') {
        table.unfit("deployments", name, "a name is made of letters, digits and hyphens");
    }
    let stack = table.needed_text("stack", "the primary stack's name or ARN, such as stack = \"codeocean\"");
    let access = access(table, stack.as_ref(), None);
    let profile = table.text("profile");
    let (gateless, doors) = (doors::gateless(table), doors::words(table));
    let template_bucket = bucket(table);
    let state = state::read(table, template_bucket.as_deref());
    let mut age = None;
    let backup_stack = table.table("backup_stack", |below| {
        age = below.seconds("maximum_recovery_point_age");
        linked(below, &access, "the backup stack's name or ARN")
    });
    let role_stack = table
        .table("role_stack", |below| linked(below, &access, "the deployment role's stack, by name or ARN"));
    let platform = table.table("platform", platform::read).unwrap_or_default();
    let maintenance = table.table("maintenance", maintenance::read).unwrap_or_default();
    let health = table.table("health", health::read).unwrap_or_default();
    let notifications = table.table("notifications", notifications::read).unwrap_or_default();
    let catalogue = table.table("release", |below| below.needed_text("catalogue", catalogue::WHAT));
    let accepted = accepted::read(table);
    Some(DeploymentSettings {
        name: name.text.clone(),
        at: name.at.clone(),
        stack: stack?.text,
        access,
        profile,
        gateless,
        doors,
        template_bucket,
        state,
        backup_stack: backup_stack.flatten(),
        maximum_recovery_point_age_seconds: age.unwrap_or(RECOVERY_POINT_AGE_SECONDS),
        role_stack: role_stack.flatten(),
        platform,
        maintenance,
        health,
        notifications,
        catalogue: catalogue.flatten().map(|word| word.text),
        accepted,
        time_zone: Zone::default(),
    })
}

fn bucket(table: &Table<'_>) -> Option<String> {
    let bucket = table.text("template_bucket");
    let why = "a bucket's name is wanted, without s3:// and without a path";
    table.check("template_bucket", bucket.as_ref(), is_bucket_name, why);
    Some(bucket?.text)
}

/// A stack beside the primary one; what it doesn't say of its access is as the primary's.
fn linked(table: &Table<'_>, primary: &Access, why: &'static str) -> Option<LinkedStackSettings> {
    let stack = table.needed_text("stack", why);
    let access = access(table, stack.as_ref(), Some(primary));
    let template = table.text("template").map(|word| word.text);
    let template_bucket = bucket(table);
    Some(LinkedStackSettings { stack: stack?.text, access, template, template_bucket })
}

fn access(table: &Table<'_>, stack: Option<&Word>, primary: Option<&Access>) -> Access {
    let region = table.text("region");
    let of_arn = stack.and_then(|stack| region_of_arn(&stack.text));
    if let Some(stack) = stack
        && stack.text.starts_with("arn:")
        && of_arn.is_none()
    {
        table.unfit(
            "stack",
            stack,
            "this is not a stack's ARN: arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/ID",
        );
    }
    if let (Some(region), Some(of_arn)) = (&region, of_arn)
        && region.text != of_arn
    {
        table.unfit(
            "region",
            region,
            format!("the stack's ARN says {of_arn}; leave region out, or correct one"),
        );
    }
    table.check("region", region.as_ref(), is_region, "a Region such as us-east-1 is wanted");
    if region.is_none() && of_arn.is_none() && primary.is_none() {
        table.missing("region", "such as region = \"us-east-1\", or give the stack by its ARN");
    }
    let inherited = primary.map(|access| access.region.clone());
    let region = region.map(|word| word.text).or(of_arn.map(str::to_owned)).or(inherited).unwrap_or_default();

    let aws_profile = table.text("aws_profile");
    let role_arn = table.text("role_arn");
    let is_role = |arn: &str| arn.starts_with("arn:") && arn.contains(":iam::") && arn.contains(":role/");
    let why = "a role's ARN is wanted: arn:aws:iam::ACCOUNT:role/NAME";
    table.check("role_arn", role_arn.as_ref(), is_role, why);
    let external_id = table.text("external_id");
    if let (None, Some(word)) = (&role_arn, &external_id) {
        let words = "external_id is for a role that is assumed: write role_arn beside it, or leave it out";
        table.problem(word.at.clone(), ProblemKind::Conflict(words.to_owned()));
    }
    let credentials = match (aws_profile, role_arn, primary) {
        (None, None, Some(primary)) => primary.credentials.clone(),
        (aws_profile, role_arn, _) => Credentials {
            aws_profile: aws_profile.map(|word| word.text),
            role: role_arn
                .map(|arn| AssumedRole { arn: arn.text, external_id: external_id.map(|id| id.text) }),
        },
    };
    let endpoint_url = table.text("endpoint_url");
    if let Some(word) = &endpoint_url {
        platform::check_url(table, "endpoint_url", word);
    }
    let endpoint_url = endpoint_url.map(|word| word.text);
    Access {
        region,
        credentials,
        endpoint_url: endpoint_url.or_else(|| primary.and_then(|primary| primary.endpoint_url.clone())),
    }
}

/// The Region in a stack's ARN.
fn region_of_arn(text: &str) -> Option<&str> {
    let mut parts = text.split(':');
    let (arn, _partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, _account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    (arn == "arn" && service == "cloudformation" && resource.starts_with("stack/")).then_some(region)
}

/// `us-east-1`, `us-gov-west-1`: letters and digits between hyphens, a digit at the end.
fn is_region(text: &str) -> bool {
    text.matches('-').count() >= 2
        && text.chars().all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '-')
        && text.ends_with(|one: char| one.is_ascii_digit())
}
