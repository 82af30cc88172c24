//! Every operation of the API.

use axum::routing::{MethodRouter, delete, get, patch, post, put};
use http::Method;

use super::{audit, handlers as h, people, proposals};
use crate::access::Deed;
use crate::panel::Panel;

/// An operation.
pub(crate) struct Operation {
    pub(crate) method: Method,
    /// After `/api/v1`, with parameters in braces.
    pub(crate) path: &'static str,
    pub(crate) id: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) deed: Deed,
    /// It changes who comes in, and with what: a token can't do it, and the asker's own password goes with it.
    pub(crate) credentials: bool,
    /// Parameters of the query.
    pub(crate) query: &'static [&'static str],
    /// What is sent.
    pub(crate) body: Option<Shape>,
    /// What comes back; `None`: nothing.
    pub(crate) answer: Option<Shape>,
    /// What answers.
    pub(crate) handler: fn() -> MethodRouter<Panel>,
}

/// What is sent or comes back: a schema's name in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Deployments,
    Deployment,
    Runs,
    Run,
    Lines,
    Answer,
    Maintenance,
    Leaving,
    Started,
    Banner,
    Audit,
    Releases,
    Template,
    Proposals,
    Proposal,
    ProposalChange,
    Approval,
    Begin,
    People,
    NewPerson,
    PersonChange,
    NewPassword,
    OwnPassword,
    Tokens,
    NewToken,
    MintedToken,
    Confirmation,
    AuditLines,
    Document,
}

impl Shape {
    /// The media type of what comes back.
    pub(crate) fn media_type(self) -> &'static str {
        if self == Shape::AuditLines { "application/jsonl" } else { "application/json" }
    }

    /// Whether nothing may be sent in its place.
    pub(crate) fn may_be_left_out(self) -> bool {
        matches!(self, Shape::Maintenance | Shape::Leaving | Shape::Begin)
    }
}

const PAGED: &[&str] = &["before", "limit"];

fn read(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    answer: Shape,
    handler: fn() -> MethodRouter<Panel>,
) -> Operation {
    let (method, deed, query, body, answer) = (Method::GET, Deed::Look, &[][..], None, Some(answer));
    Operation { method, path, id, summary, deed, credentials: false, query, body, answer, handler }
}

fn write(
    method: Method,
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    deed: Deed,
    handler: fn() -> MethodRouter<Panel>,
) -> Operation {
    let (credentials, query, body, answer) = (false, &[][..], None, None);
    Operation { method, path, id, summary, deed, credentials, query, body, answer, handler }
}

impl Operation {
    fn paged(self) -> Operation {
        Operation { query: PAGED, ..self }
    }

    fn needs(self, deed: Deed) -> Operation {
        Operation { deed, ..self }
    }

    fn changes_credentials(self) -> Operation {
        Operation { credentials: true, ..self }
    }

    fn takes(self, shape: Shape) -> Operation {
        Operation { body: Some(shape), ..self }
    }

    fn gives(self, shape: Shape) -> Operation {
        Operation { answer: Some(shape), ..self }
    }
}

/// All of them.
pub(crate) fn operations() -> Vec<Operation> {
    let mut all = looking();
    all.extend(running());
    all.extend(proposing());
    all.extend(administering());
    all
}

fn looking() -> Vec<Operation> {
    vec![
        read("/openapi.json", "getDocument", "This document.", Shape::Document, || get(h::document)),
        read(
            "/deployments",
            "listDeployments",
            "Every deployment that the settings name.",
            Shape::Deployments,
            || get(h::deployments),
        ),
        read(
            "/deployments/{name}",
            "getDeployment",
            "A deployment as it was seen within the last few seconds; `at` says when.",
            Shape::Deployment,
            || get(h::deployment),
        ),
        read("/runs", "listRuns", "Runs, newest first.", Shape::Runs, || get(h::runs)).paged(),
        read(
            "/runs/{run_id}",
            "getRun",
            "A run: where it stands, its steps, its report, who approved it.",
            Shape::Run,
            || get(h::run),
        ),
        read("/runs/{run_id}/lines", "listLines", "What happened, newest first.", Shape::Lines, || {
            get(h::lines)
        })
        .paged(),
    ]
}

fn running() -> Vec<Operation> {
    let (put_, delete_, post_) = (Method::PUT, Method::DELETE, Method::POST);
    vec![
        write(post_.clone(), "/runs/{run_id}/stop", "stopRun", "Ask a run to stop.", Deed::Decide, || {
            post(h::stop)
        }),
        write(
            post_.clone(),
            "/runs/{run_id}/answer",
            "answerRun",
            "Answer a run's question.",
            Deed::Decide,
            || post(h::answer),
        )
        .takes(Shape::Answer),
        write(
            post_.clone(),
            "/runs/{run_id}/resume",
            "resumeRun",
            "Go on with a run that nobody carries out.",
            Deed::Run,
            || post(h::resume),
        ),
        write(
            post_.clone(),
            "/deployments/{name}/maintenance/enable",
            "enableMaintenance",
            "Enter maintenance. Where the deployment is in it already, 409 says since when and by whom, and nothing is done.",
            Deed::Run,
            || post(h::enable),
        )
        .takes(Shape::Maintenance)
        .gives(Shape::Started),
        write(
            post_,
            "/deployments/{name}/maintenance/disable",
            "disableMaintenance",
            "Leave maintenance, whoever entered it. What it would meet must be covered: 409 says what, and nothing is done.",
            Deed::Run,
            || post(h::disable),
        )
        .takes(Shape::Leaving)
        .gives(Shape::Started),
        read(
            "/deployments/{name}/banner",
            "getBanner",
            "The banner that users see; null when there is none.",
            Shape::Banner,
            || get(h::banner),
        ),
        write(
            put_,
            "/deployments/{name}/banner",
            "setBanner",
            "Show users a banner.",
            Deed::Announce,
            || put(h::set_banner),
        )
        .takes(Shape::Banner),
        write(
            delete_,
            "/deployments/{name}/banner",
            "clearBanner",
            "Take the banner down.",
            Deed::Announce,
            || delete(h::clear_banner),
        ),
    ]
}

fn proposing() -> Vec<Operation> {
    let post_ = Method::POST;
    vec![
        read(
            "/deployments/{name}/releases",
            "listReleases",
            "The releases of the deployment's catalogue.",
            Shape::Releases,
            || get(proposals::releases),
        ),
        read(
            "/deployments/{name}/proposals",
            "listProposals",
            "Upgrades in the making and those that were, newest first.",
            Shape::Proposals,
            || get(proposals::list),
        )
        .paged(),
        write(
            post_.clone(),
            "/deployments/{name}/proposals",
            "makeProposal",
            "Propose an upgrade to a release; the deployment is looked at. One at a time.",
            Deed::Plan,
            || post(proposals::make),
        )
        .takes(Shape::Template)
        .gives(Shape::Proposal),
        read(
            "/proposals/{proposal_id}",
            "getProposal",
            "A proposal, with what was found out for it.",
            Shape::Proposal,
            || get(proposals::get),
        ),
        write(
            Method::PATCH,
            "/proposals/{proposal_id}",
            "changeProposal",
            "Change a proposal. That voids its approval; the deployment is looked at again.",
            Deed::Plan,
            || patch(proposals::change),
        )
        .takes(Shape::ProposalChange)
        .gives(Shape::Proposal),
        write(
            Method::DELETE,
            "/proposals/{proposal_id}",
            "discardProposal",
            "Give a proposal up.",
            Deed::Plan,
            || delete(proposals::discard),
        ),
        write(
            post_.clone(),
            "/proposals/{proposal_id}/prepare",
            "prepareProposal",
            "Look at the deployment again. Comes back at once; the proposal's standing says when it is over.",
            Deed::Plan,
            || post(proposals::look),
        )
        .gives(Shape::Proposal),
        write(
            post_.clone(),
            "/proposals/{proposal_id}/approve",
            "approveProposal",
            "Approve the plan of this SHA-256, and no other.",
            Deed::Approve,
            || post(proposals::approve),
        )
        .takes(Shape::Approval)
        .gives(Shape::Proposal),
        write(
            post_,
            "/proposals/{proposal_id}/run",
            "runProposal",
            "Begin the run of the approved plan.",
            Deed::Run,
            || post(proposals::run),
        )
        .takes(Shape::Begin)
        .gives(Shape::Started),
    ]
}

fn administering() -> Vec<Operation> {
    let (put_, post_, admin) = (Method::PUT, Method::POST, Deed::Administer);
    vec![
        read("/people", "listPeople", "Everybody who may sign in.", Shape::People, || get(people::people))
            .needs(admin),
        write(post_.clone(), "/people", "addPerson", "Let somebody in.", admin, || post(people::add))
            .changes_credentials()
            .takes(Shape::NewPerson),
        write(
            put_.clone(),
            "/people/{person}",
            "changePerson",
            "Change what somebody may, or shut them out. Their sessions and live pages end; whoever is shut out loses their tokens.",
            admin,
            || put(people::change),
        )
        .changes_credentials()
        .takes(Shape::PersonChange),
        write(
            put_.clone(),
            "/people/{person}/password",
            "setPassword",
            "Give somebody another password. Their sessions end, and their tokens are revoked.",
            admin,
            || put(people::set_password),
        )
        .changes_credentials()
        .takes(Shape::NewPassword),
        write(
            put_,
            "/account/password",
            "changeOwnPassword",
            "Change one's own password. One's sessions end, and one's tokens are revoked.",
            Deed::OwnAccount,
            || put(people::own_password),
        )
        .changes_credentials()
        .takes(Shape::OwnPassword),
        read("/tokens", "listTokens", "Every API token, without its secret.", Shape::Tokens, || {
            get(people::tokens)
        })
        .needs(admin),
        write(
            post_,
            "/tokens",
            "mintToken",
            "Make an API token. Its secret is in this answer, and in no other.",
            admin,
            || post(people::mint),
        )
        .changes_credentials()
        .takes(Shape::NewToken)
        .gives(Shape::MintedToken),
        write(Method::DELETE, "/tokens/{token_id}", "revokeToken", "Revoke an API token.", admin, || {
            delete(people::revoke)
        })
        .changes_credentials()
        .takes(Shape::Confirmation),
        read("/audit", "listAudit", "The audit trail, newest first.", Shape::Audit, || get(audit::list))
            .paged()
            .needs(admin),
        read(
            "/audit/export",
            "exportAudit",
            "The audit trail whole, oldest first: its rows as they are chained, one JSON object a line.",
            Shape::AuditLines,
            || get(audit::export),
        )
        .needs(admin),
    ]
}
