//! Changes of credentials: people, passwords, tokens. One rule for all of them: whoever asks has signed in themselves, for
//! a token can't do it, and gives their own password once more, so that a browser that was left open, or whose cookie was
//! stolen, lets nobody in for good. The router holds to it for every operation that says so (`Operation::credentials`).

use super::{audited, audited_now};
use crate::access::{Minted, Proof, Role};
use crate::panel::Panel;
use crate::web::{Asker, Call, Failure};

/// Whether whoever asks is who they were when they signed in. Wrong passwords count as attempts to sign in do, and a refusal
/// is in the audit trail.
pub(crate) async fn confirm(
    panel: &Panel,
    asker: &Asker,
    what: &str,
    current: Option<String>,
) -> Result<(), Failure> {
    let confirmed = check_password(panel, asker, current).await;
    if confirmed.is_err() {
        audited_now(panel, asker, "change credentials", what, || confirmed)
    } else {
        confirmed
    }
}

async fn check_password(panel: &Panel, asker: &Asker, current: Option<String>) -> Result<(), Failure> {
    match asker.proof {
        Proof::Session(_) => {}
        Proof::Token(_) => return Err(Failure::NotByToken),
    }
    let Some(current) = current.filter(|current| !current.is_empty()) else {
        return Err(Failure::field("current", "Your own password is asked for once more."));
    };
    let name = &asker.person.name;
    let reset_at = panel.access.reset_at(name)?;
    panel.limits.attempt(name, asker.address, reset_at, panel.now()).map_err(Failure::TooMany)?;
    let hash = panel.access.password_of(name)?.map(|(_, hash)| hash);
    if !panel.passwords.is(current, hash).await {
        panel.limits.wrong(name, asker.address, panel.now());
        return Err(Failure::field("current", "That is not your password."));
    }
    panel.limits.right(name, asker.address, panel.now());
    Ok(())
}

/// Let somebody in.
pub(crate) async fn add_person(call: &Call, name: &str, role: Role, password: String) -> Result<(), Failure> {
    let panel = &call.panel;
    let work = async {
        let hash = panel.passwords.hash(name, password).await?;
        Ok(panel.access.add_person(name, role, &hash, panel.now())?)
    };
    audited(call, "add person", &format!("{name}: {}", role.word()), work).await
}

/// Change what somebody may, or shut them out.
pub(crate) fn change_person(call: &Call, role: Role, disabled: bool) -> Result<(), Failure> {
    let Call { panel, asker, id: name, .. } = call;
    let act = if disabled { "shut person out" } else { "change person" };
    let object = format!("{name}: {}", role.word());
    audited_now(panel, asker, act, &object, || Ok(panel.access.change_person(name, role, disabled)?))
}

/// Give somebody another password: they have forgotten theirs.
pub(crate) async fn set_password(call: &Call, password: String) -> Result<(), Failure> {
    let (panel, name) = (&call.panel, &call.id);
    let work = async {
        let hash = panel.passwords.hash(name, password).await?;
        Ok(panel.access.reset_password(name, &hash, panel.now())?)
    };
    audited(call, "set password", name, work).await
}

/// Change the asker's own password. Their sessions end, this one too, and their tokens are revoked.
pub(crate) async fn change_own_password(call: &Call, new: String) -> Result<(), Failure> {
    let (panel, name) = (&call.panel, &call.asker.person.name);
    let work = async {
        let hash = panel.passwords.hash(name, new).await.map_err(|error| match Failure::from(error) {
            Failure::BadInput(words) => Failure::field("new", words),
            other => other,
        })?;
        Ok(panel.access.change_password(name, &hash)?)
    };
    audited(call, "change own password", name, work).await
}

/// Make an API token for the asker.
pub(crate) fn mint_token(call: &Call, name: &str, role: Role, days: u32) -> Result<Minted, Failure> {
    let Call { panel, asker, .. } = call;
    audited_now(panel, asker, "make token", &format!("{name}: {}", role.word()), || {
        if !(1..=366).contains(&days) {
            return Err(Failure::BadInput("A token is good for 1 to 366 days.".to_owned()));
        }
        Ok(panel.access.mint_token(&asker.person.name, name, role, days, panel.now())?)
    })
}

/// Revoke a token, by its number.
pub(crate) fn revoke_token(call: &Call, number: i64) -> Result<(), Failure> {
    let revoke = || Ok(call.panel.access.revoke_token(number)?);
    audited_now(&call.panel, &call.asker, "revoke token", &number.to_string(), revoke)
}
