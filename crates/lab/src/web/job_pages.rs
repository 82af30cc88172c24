//! System jobs and pipelines: submitted to AWS Batch, which knows how they stand.

use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use super::Web;
use super::answers::Failure;
use super::callers::User;
use super::html::{escape, time};
use super::pages::Page;
use crate::store::SubmittedJob;

#[derive(Deserialize)]
pub(super) struct Submit {
    kind: String,
}

pub(super) async fn submit(State(web): State<Web>, user: User, Form(form): Form<Submit>) -> Page {
    let batch = web.0.config.batch.as_ref();
    let kind = batch
        .and_then(|batch| batch.kinds.iter().find(|kind| kind.name == form.kind).map(|kind| (batch, kind)));
    let (batch, kind) = kind.ok_or(Failure::malformed("there is no such kind of job"))?;
    let platform = web.platform()?;
    let id = batch.api.submit_job(&format!("lab-{}", kind.name), &kind.queue, &kind.definition).await?;
    let submitted_at = web.0.clock.now();
    platform.store.add_job(&SubmittedJob { id, kind: kind.name.clone(), owner: user.0, submitted_at })?;
    Ok(Redirect::to("/").into_response())
}

/// The overview's part on jobs.
pub(super) async fn section(web: &Web, user: &str) -> Result<String, Failure> {
    let Some(batch) = &web.0.config.batch else { return Ok(String::new()) };
    let jobs = web.platform()?.store.latest_jobs(user)?;
    let ids: Vec<&str> = jobs.iter().map(|job| job.id.as_str()).collect();
    let statuses = if ids.is_empty() { Ok(Vec::new()) } else { batch.api.job_statuses(&ids).await };
    let (statuses, trouble) = match statuses {
        Ok(statuses) => (statuses, String::new()),
        Err(error) => (Vec::new(), format!("<p>{}</p>", escape(&error.to_string()))),
    };
    let items: String = jobs
        .iter()
        .map(|job| {
            let status =
                statuses.iter().find(|(id, _)| *id == job.id).map_or("forgotten", |(_, status)| status);
            format!(
                "<li>{} {}: <strong>{}</strong></li>",
                time(job.submitted_at),
                escape(&job.kind),
                escape(status)
            )
        })
        .collect();
    let options: String =
        batch.kinds.iter().map(|kind| format!("<option>{}</option>", escape(&kind.name))).collect();
    Ok(format!(
        "<section><h2>Jobs</h2>{trouble}<ul id=jobs>{items}</ul>\n\
         <form method=post action=/jobs><label>Kind <select name=kind>{options}</select></label> \
         <button>Submit</button></form></section>"
    ))
}
