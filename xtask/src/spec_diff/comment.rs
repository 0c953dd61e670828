//! `spec-diff comment [BASE [HEAD]]`: the review as the one comment of a pull request.
//!
//! 1. The review is written as Markdown below a hidden marker; [`pull`] says which pull request it is for.
//! 2. Our comments are those that begin with the marker and that nobody else wrote.
//! 3. The first of them is updated, or one is posted; others go. Nothing changed: all of them go.
//!
//! The token is read from the environment and goes nowhere but into a header; [`api`] sees to that.

mod api;
mod pull;

use super::review::{FailOn, Review};
use super::{Specs, markdown};
use crate::workspace;
use anyhow::{Context as _, Result, bail};
use api::{Api, Written};
use clap::Args;
use std::process::ExitCode;

/// What a comment of ours begins with; GitHub does not show it.
const MARKER: &str = "<!-- countersign spec-diff -->";

/// Variables that may hold the token, best first.
const TOKENS: [&str; 2] = ["GITHUB_TOKEN", "GH_TOKEN"];

/// Arguments of `spec-diff comment`.
#[derive(Args)]
pub(crate) struct Comment {
    #[command(flatten)]
    specs: Specs,
    /// What the comment calls failing; the exit code does not depend on it.
    #[arg(long, value_enum, default_value_t = FailOn::Wire)]
    fail_on: FailOn,
    /// The repository; GITHUB_REPOSITORY if none is named.
    #[arg(long, value_name = "OWNER/NAME")]
    repository: Option<String>,
    /// The pull request; that of GITHUB_EVENT_PATH if none is named.
    #[arg(long, value_name = "NUMBER")]
    pull: Option<u64>,
}

/// Brings the comment in line with the review.
///
/// # Errors
/// If something can't be read, or GitHub does not do what it is asked.
pub(super) fn run(arguments: &Comment) -> Result<ExitCode> {
    let pull = pull::named(arguments.repository.as_deref(), arguments.pull)?;
    let token = TOKENS.iter().filter_map(|name| std::env::var(name).ok()).find(|token| !token.trim().is_empty());
    let Some(token) = token else { bail!("there is no token; set {}", TOKENS.join(" or ")) };
    let api = Api::new(pull, token.trim())?;
    let (_, review) = arguments.specs.review(arguments.fail_on)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("can't start a runtime")?;
    let done = runtime.block_on(bring_in_line(&api, body(&review)))?;
    workspace::print(&format!("{done}\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// What the comment should say; nothing if there is nothing to say.
fn body(review: &Review) -> Option<String> {
    let text = markdown::render(review);
    (!text.is_empty()).then(|| format!("{MARKER}\n{text}"))
}

/// Does what is needed, and says in a sentence what that was.
async fn bring_in_line(api: &Api, body: Option<String>) -> Result<String> {
    let mut old = ours(api).await?.into_iter();
    let first = old.next();
    for surplus in old {
        api.remove(surplus.id).await?;
    }
    let place = api.place();
    match (first, body) {
        (None, None) => Ok(format!("nothing changed, and {place} has no comment")),
        (Some(old), None) => {
            api.remove(old.id).await?;
            Ok(format!("nothing changed; removed comment {} of {place}", old.id))
        }
        // GitHub may give line ends back as it likes, and drops white space at the end.
        (Some(old), Some(body)) if old.body.replace("\r\n", "\n").trim_end() == body.trim_end() => {
            Ok(format!("comment {} of {place} says it already", old.id))
        }
        (Some(old), Some(body)) => match api.update(old.id, &body).await? {
            Some(id) => Ok(format!("updated comment {id} of {place}")),
            // Somebody removed it in between.
            None => Ok(format!("posted comment {} on {place}", api.post(&body).await?)),
        },
        (None, Some(body)) => Ok(format!("posted comment {} on {place}", api.post(&body).await?)),
    }
}

/// The comments that we wrote. Who else copies the marker keeps the comment: its author could change what we say.
async fn ours(api: &Api) -> Result<Vec<Written>> {
    let mut marked: Vec<Written> =
        api.comments().await?.into_iter().filter(|one| one.body.starts_with(MARKER)).collect();
    if marked.iter().any(|one| one.person.is_some()) {
        // Tokens of workflows belong to nobody: then every person is somebody else.
        let me = api.me().await?;
        marked.retain(|one| one.person.is_none() || one.person == me);
    }
    Ok(marked)
}
