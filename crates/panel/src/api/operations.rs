//! Every operation of the API.

use axum::routing::{MethodRouter, delete, get, post, put};
use http::Method;

use super::handlers as h;
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
    Started,
    Banner,
    Audit,
    Document,
}

/// All of them.
pub(crate) fn operations() -> Vec<Operation> {
    let read = |path, id, summary, deed, query, answer, handler| Operation {
        method: Method::GET,
        path,
        id,
        summary,
        deed,
        query,
        body: None,
        answer: Some(answer),
        handler,
    };
    let write = |method, path, id, summary, deed, body, answer, handler| Operation {
        method,
        path,
        id,
        summary,
        deed,
        query: &[],
        body,
        answer,
        handler,
    };
    vec![
        read("/openapi.json", "getDocument", "This document.", Deed::Look, &[], Shape::Document, || {
            get(h::document)
        }),
        read(
            "/deployments",
            "listDeployments",
            "Every deployment that the settings name.",
            Deed::Look,
            &[],
            Shape::Deployments,
            || get(h::deployments),
        ),
        read(
            "/deployments/{name}",
            "getDeployment",
            "A deployment as it is at this moment.",
            Deed::Look,
            &[],
            Shape::Deployment,
            || get(h::deployment),
        ),
        read(
            "/runs",
            "listRuns",
            "Runs, newest first.",
            Deed::Look,
            &["before", "limit"],
            Shape::Runs,
            || get(h::runs),
        ),
        read(
            "/runs/{run_id}",
            "getRun",
            "A run: where it stands, its steps, its report.",
            Deed::Look,
            &[],
            Shape::Run,
            || get(h::run),
        ),
        read(
            "/runs/{run_id}/lines",
            "listLines",
            "What happened, newest first.",
            Deed::Look,
            &["before", "limit"],
            Shape::Lines,
            || get(h::lines),
        ),
        write(
            Method::POST,
            "/runs/{run_id}/stop",
            "stopRun",
            "Ask a run to stop.",
            Deed::Decide,
            None,
            None,
            || post(h::stop),
        ),
        write(
            Method::POST,
            "/runs/{run_id}/answer",
            "answerRun",
            "Answer a run's question.",
            Deed::Decide,
            Some(Shape::Answer),
            None,
            || post(h::answer),
        ),
        write(
            Method::POST,
            "/runs/{run_id}/resume",
            "resumeRun",
            "Go on with a run that nobody carries out.",
            Deed::Run,
            None,
            None,
            || post(h::resume),
        ),
        write(
            Method::POST,
            "/deployments/{name}/maintenance/enable",
            "enableMaintenance",
            "Enter maintenance.",
            Deed::Run,
            Some(Shape::Maintenance),
            Some(Shape::Started),
            || post(h::enable),
        ),
        write(
            Method::POST,
            "/deployments/{name}/maintenance/disable",
            "disableMaintenance",
            "Leave maintenance.",
            Deed::Run,
            None,
            Some(Shape::Started),
            || post(h::disable),
        ),
        read(
            "/deployments/{name}/banner",
            "getBanner",
            "The banner that users see; null when there is none.",
            Deed::Look,
            &[],
            Shape::Banner,
            || get(h::banner),
        ),
        write(
            Method::PUT,
            "/deployments/{name}/banner",
            "setBanner",
            "Show users a banner.",
            Deed::Announce,
            Some(Shape::Banner),
            None,
            || put(h::set_banner),
        ),
        write(
            Method::DELETE,
            "/deployments/{name}/banner",
            "clearBanner",
            "Take the banner down.",
            Deed::Announce,
            None,
            None,
            || delete(h::clear_banner),
        ),
        read(
            "/audit",
            "listAudit",
            "The audit trail, newest first.",
            Deed::Administer,
            &["before", "limit"],
            Shape::Audit,
            || get(h::audit),
        ),
    ]
}
