//! The pages. Each is a module of its own: where it is, what it reads, what it shows. None does or changes anything; that is
//! the API's.

mod access;
mod account;
mod banner;
mod follow;
mod form;
mod history;
mod maintenance;
mod overview;
mod run;
mod sign_in;
mod upgrade;

use crate::web::Page;

/// Every page, in the order of the navigation: what isn't here is served to nobody.
pub(crate) const ALL: &[&[Page]] = &[
    overview::PAGES,
    history::PAGES,
    access::PAGES,
    account::PAGES,
    banner::PAGES,
    maintenance::PAGES,
    run::PAGES,
    sign_in::PAGES,
    upgrade::PAGES,
];
