//! Which address leads where, and who may go there.

use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Router};

use super::{assets, entry, failure::Failure, guard, headers, reading, stream, upgrade};
use crate::access::{Deed, Minted};
use crate::api;
use crate::panel::Panel;

/// The whole panel, pages and API.
pub fn router(panel: Panel) -> Router {
    let router = Router::new()
        .route("/assets/{name}", get(assets::serve))
        .route("/favicon.ico", get(async || http::StatusCode::NO_CONTENT))
        .route("/sign-in", get(entry::sign_in_page).post(entry::sign_in))
        .route("/setup/{secret}", get(entry::set_up_page).post(entry::set_up))
        .route("/sign-out", only(Deed::OwnAccount, post(entry::sign_out)));
    let look = |handler| only(Deed::Look, handler);
    let mut router = router
        .route("/", look(get(reading::overview)))
        .route("/history", look(get(reading::history)))
        .route("/runs/{run_id}", look(get(reading::run)))
        .route(
            "/runs/{run_id}/stream",
            look(get(stream::stream).layer(Extension(stream::Messages::default()))),
        )
        .route("/deployments/{name}/maintenance", look(get(reading::maintenance)))
        .route("/deployments/{name}/banner", look(get(reading::banner)))
        .route("/deployments/{name}/upgrade", look(get(upgrade::template)))
        .route("/deployments/{name}/upgrade/details", look(get(upgrade::details)))
        .route("/deployments/{name}/upgrade/options", look(get(upgrade::options)))
        .route("/deployments/{name}/upgrade/review", look(get(upgrade::review)))
        .route("/deployments/{name}/upgrade/events", look(get(upgrade::events)))
        .route("/proposals/{proposal_id}", look(get(upgrade::ended)))
        .route("/account", only(Deed::OwnAccount, get(reading::account)))
        .route("/access", only(Deed::Administer, get(reading::access)));
    let salt: Arc<str> = Minted::new("").map(|minted| minted.text().into()).unwrap_or_default();
    for operation in api::operations() {
        let mut methods = (operation.handler)();
        if operation.method != http::Method::GET {
            if operation.credentials {
                let state = (panel.clone(), operation.id);
                methods = methods.layer(from_fn_with_state(state, api::confirmed));
            }
            // Passwords go with those.
            let state = (panel.clone(), operation.credentials.then(|| Arc::clone(&salt)));
            methods = methods.layer(from_fn_with_state(state, api::once_only));
        }
        router = router.route(&format!("/api/v1{}", operation.path), only(operation.deed, methods));
    }
    router
        .fallback(missing)
        .method_not_allowed_fallback(not_so)
        .layer(from_fn_with_state(panel.clone(), guard::check))
        .layer(from_fn_with_state(panel.clone(), headers::add))
        .with_state(panel)
}

/// For those alone who may.
fn only(deed: Deed, methods: MethodRouter<Panel>) -> MethodRouter<Panel> {
    methods.route_layer(from_fn(move |request: Request, next: Next| guard::only(deed, request, next)))
}

/// A page that is sent a form: its browser runs no script.
async fn not_so(request: Request) -> Response {
    Failure::NotSo.answer(request.uri().path().starts_with("/api/"))
}

async fn missing(request: Request) -> Response {
    Failure::NotFound.answer(request.uri().path().starts_with("/api/"))
}
