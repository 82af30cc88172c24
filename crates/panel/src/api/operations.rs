//! Every operation of the API.

use super::document::document;
use super::operation::{Operation, delete, get, patch, post, put};
use super::{audit, deployments, people, proposals, runs};
use crate::access::Permission::{Administer, Announce, Approve, Decide, OwnAccount, Plan, Run};

// A table: a line or two an operation.
#[rustfmt::skip]
pub(crate) fn operations() -> Vec<Operation> {
    vec![
        get("/openapi.json", "getDocument", "This document.", document),
        get("/deployments", "listDeployments", "Every deployment that the settings name.", deployments::list),
        get("/deployments/{name}", "getDeployment",
            "A deployment as it was seen within the last few seconds; `at` says when.", deployments::get),
        get("/runs", "listRuns", "Runs, newest first.", runs::list).paged_by_id(),
        get("/runs/{run_id}", "getRun", "A run: where it stands, its steps, its report, who approved it.", runs::get),
        get("/runs/{run_id}/lines", "listLines", "What happened, newest first.", runs::lines).paged_by_number(),

        post("/runs/{run_id}/stop", "stopRun", Decide, "Ask a run to stop.", runs::stop),
        post("/runs/{run_id}/answer", "answerRun", Decide, "Answer a run's question.", runs::answer),
        post("/runs/{run_id}/resume", "resumeRun", Run, "Go on with a run that nobody carries out.", runs::resume),

        post("/deployments/{name}/maintenance/enable", "enableMaintenance", Run,
            "Enter maintenance. Where the deployment is in it already, 409 says since when and by whom, and nothing is done.",
            deployments::enable),
        post("/deployments/{name}/maintenance/disable", "disableMaintenance", Run,
            "Leave maintenance, whoever entered it. What it would meet must be covered: 409 says what, and nothing is done.",
            deployments::disable),
        get("/deployments/{name}/banner", "getBanner",
            "The banner that users see; null when there is none.", deployments::banner),
        put("/deployments/{name}/banner", "setBanner", Announce, "Show users a banner.", deployments::set_banner),
        delete("/deployments/{name}/banner", "clearBanner", Announce, "Take the banner down.", deployments::clear_banner),

        get("/deployments/{name}/releases", "listReleases",
            "The releases of the deployment's catalogue.", proposals::releases),
        get("/deployments/{name}/proposals", "listProposals",
            "Upgrades in the making and those that were, newest first.", proposals::list).paged_by_id(),
        post("/deployments/{name}/proposals", "makeProposal", Plan,
            "Propose an upgrade to a release; the deployment is looked at. One at a time.", proposals::make),
        get("/proposals/{proposal_id}", "getProposal", "A proposal, with what was found out for it.", proposals::get),
        patch("/proposals/{proposal_id}", "changeProposal", Plan,
            "Change a proposal. That voids its approval; the deployment is looked at again.", proposals::change),
        delete("/proposals/{proposal_id}", "discardProposal", Plan, "Give a proposal up.", proposals::discard),
        post("/proposals/{proposal_id}/prepare", "prepareProposal", Plan,
            "Look at the deployment again. Comes back at once; the proposal's standing says when it is over.",
            proposals::prepare),
        post("/proposals/{proposal_id}/rehearse", "rehearseProposal", Plan,
            "Rehearse the upgrade as it is proposed, on clouds in memory. Comes back at once; the rehearsal's standing says when it is over.",
            proposals::rehearse),
        get("/proposals/{proposal_id}/rehearsal", "getRehearsal",
            "Where a rehearsal of the proposal as it is stands, and what came of it.", proposals::rehearsal),
        post("/proposals/{proposal_id}/approve", "approveProposal", Approve,
            "Approve the plan of this SHA-256, and no other.", proposals::approve),
        post("/proposals/{proposal_id}/run", "runProposal", Run,
            "Begin the run of the approved plan.", proposals::run),

        get("/people", "listPeople", "Everybody who may sign in.", people::people).needs(Administer),
        post("/people", "addPerson", Administer, "Let somebody in.", people::add).changes_credentials(),
        put("/people/{person}", "changePerson", Administer,
            "Change what somebody may, or shut them out. Their sessions and live pages end; whoever is shut out loses their tokens.",
            people::change).changes_credentials(),
        put("/people/{person}/password", "setPassword", Administer,
            "Give somebody another password. Their sessions end, and their tokens are revoked.",
            people::set_password).changes_credentials(),
        put("/account/password", "changeOwnPassword", OwnAccount,
            "Change one's own password. One's sessions end, and one's tokens are revoked.",
            people::set_own_password).changes_credentials(),
        get("/tokens", "listTokens", "Every API token, without its secret.", people::tokens).needs(Administer),
        post("/tokens", "mintToken", Administer,
            "Make an API token. Its secret is in this answer, and in no other.", people::mint).changes_credentials(),
        delete("/tokens/{token_id}", "revokeToken", Administer, "Revoke an API token.", people::revoke)
            .changes_credentials(),
        get("/audit", "listAudit", "The audit trail, newest first.", audit::list).paged_by_number().needs(Administer),
        get("/audit/export", "exportAudit",
            "The audit trail whole, oldest first: its rows as they are chained, one JSON object a line.",
            audit::export).needs(Administer),
    ]
}
