//! Which address leads where, and who may go there: the list of pages and that of the API's operations, served.

use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, get};
use axum::{Extension, Router};

use crate::access::{Minted, Permission, Role};
use crate::panel::Panel;
use crate::web::{self, Failure, Navigation, Page};
use crate::{api, pages};

fn pages() -> impl Iterator<Item = Page> {
    pages::ALL.iter().copied().flatten().copied()
}

/// Every page's address, with parameters in braces, and the least role that may ask for it; `None`: whoever hasn't signed in.
pub fn page_addresses() -> impl Iterator<Item = (&'static str, Option<Role>)> {
    pages().map(|page| (page.path, page.permission.map(Permission::least_role)))
}

/// The whole panel, pages and API.
pub fn router(panel: Panel) -> Router {
    let mut router = Router::new()
        .route("/assets/{name}", get(web::serve_asset))
        .route("/favicon.ico", get(async || http::StatusCode::NO_CONTENT));
    for page in pages() {
        let methods = (page.handler)();
        let methods = match page.permission {
            Some(permission) => only(permission, methods),
            None => methods,
        };
        router = router.route(page.path, methods);
    }
    let salt: Arc<str> = Minted::new("").map(|minted| minted.text().into()).unwrap_or_default();
    for operation in api::operations() {
        let mut methods = operation.methods;
        if operation.method != http::Method::GET {
            if operation.credentials {
                let state = (panel.clone(), operation.id);
                methods = methods.layer(from_fn_with_state(state, api::confirm));
            }
            // Passwords go with those.
            let state = (panel.clone(), operation.credentials.then(|| Arc::clone(&salt)));
            methods = methods.layer(from_fn_with_state(state, api::once_only));
        }
        router = router.route(&format!("/api/v1{}", operation.path), only(operation.permission, methods));
    }
    let navigation = Navigation(pages().filter(|page| page.link.is_some()).collect());
    router
        .fallback(async |request: Request| Failure::NotFound.answer(web::is_api(&request)))
        // A page that is sent a form: its browser runs no script.
        .method_not_allowed_fallback(async |request: Request| Failure::NotSo.answer(web::is_api(&request)))
        .layer(Extension(navigation))
        .layer(from_fn_with_state(panel.clone(), web::check))
        .layer(from_fn_with_state(panel.clone(), web::add_headers))
        .with_state(panel)
}

/// For those alone who may.
fn only(permission: Permission, methods: MethodRouter<Panel>) -> MethodRouter<Panel> {
    methods.route_layer(from_fn(move |request: Request, next: Next| web::only(permission, request, next)))
}
