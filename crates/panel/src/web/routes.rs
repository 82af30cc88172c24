//! Which address leads where, and who may go there.

use axum::extract::Request;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Router};

use super::{assets, failure::Failure, forms, guard, headers, stream};
use crate::access::Deed;
use crate::api;
use crate::panel::Panel;

/// The whole panel, pages and API.
pub fn router(panel: Panel) -> Router {
    let router = Router::new()
        .route("/assets/{name}", get(assets::serve))
        .route("/favicon.ico", get(async || http::StatusCode::NO_CONTENT))
        .route("/sign-in", get(forms::sign_in_page).post(forms::sign_in))
        .route("/setup/{secret}", get(forms::set_up_page).post(forms::set_up))
        .route("/", only(Deed::Look, get(forms::overview)))
        .route("/history", only(Deed::Look, get(forms::history)))
        .route("/runs/{run_id}", only(Deed::Look, get(forms::run)))
        .route(
            "/runs/{run_id}/stream",
            only(Deed::Look, get(stream::stream).layer(Extension(stream::Messages::default()))),
        )
        .route("/runs/{run_id}/stop", only(Deed::Decide, post(forms::stop)))
        .route("/runs/{run_id}/answer", only(Deed::Decide, post(forms::answer)))
        .route("/runs/{run_id}/resume", only(Deed::Run, post(forms::resume)))
        .route("/deployments/{name}/maintenance", only(Deed::Look, get(forms::maintenance)))
        .route("/deployments/{name}/maintenance/enable", only(Deed::Run, post(forms::enable)))
        .route("/deployments/{name}/maintenance/disable", only(Deed::Run, post(forms::disable)))
        .route(
            "/deployments/{name}/banner",
            only(Deed::Look, get(forms::banner)).merge(only(Deed::Announce, post(forms::set_banner))),
        )
        .route("/deployments/{name}/banner/clear", only(Deed::Announce, post(forms::clear_banner)))
        .route("/access", only(Deed::Administer, get(forms::access)))
        .route("/access/people", only(Deed::Administer, post(forms::add_person)))
        .route("/access/people/change", only(Deed::Administer, post(forms::change_person)))
        .route("/access/tokens", only(Deed::Administer, post(forms::mint_token)))
        .route("/access/tokens/revoke", only(Deed::Administer, post(forms::revoke_token)))
        .route("/sign-out", only(Deed::OwnAccount, post(forms::sign_out)));
    let mut router = router;
    for operation in api::operations() {
        let methods = (operation.handler)();
        let writes = operation.method != http::Method::GET;
        let methods =
            if writes { methods.layer(from_fn_with_state(panel.clone(), api::once_only)) } else { methods };
        router = router.route(&format!("/api/v1{}", operation.path), only(operation.deed, methods));
    }
    router
        .fallback(missing)
        .layer(from_fn_with_state(panel.clone(), guard::check))
        .layer(from_fn_with_state(panel.clone(), headers::add))
        .with_state(panel)
}

/// For those alone who may.
fn only(deed: Deed, methods: MethodRouter<Panel>) -> MethodRouter<Panel> {
    methods.route_layer(from_fn(move |request: Request, next: Next| guard::only(deed, request, next)))
}

async fn missing(request: Request) -> Response {
    Failure::NotFound.answer(request.uri().path().starts_with("/api/"))
}
