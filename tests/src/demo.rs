//! Every operation of every provider, called through its generated client and judged independently.
//!
//! 1. An embedded provider is started from the spec ([`crate::provider`]).
//! 2. Each operation is called by hand-written, typed code, one file per provider; [`Stage`] holds what
//!    the client decoded against what the provider sent.
//! 3. The operations that were called are compared with the crate's table and with the spec, and what was
//!    sent with all that the spec lets a client send ([`crate::coverage`]).
//! 4. Signed requests are tampered with: what the scheme can notice must be refused with 401, and what
//!    it can't notice is tried and said.
//!
//! Printing is [`screen`]'s; the `demo` binary and a test run the same [`run`].

mod appsmiles;
mod cardlytics;
mod clevertap;
mod clutch;
pub mod report;
pub mod screen;
mod stage;

pub use report::Report;
pub use screen::Screen;
pub use stage::{Answered, Stage};

use crate::clock::Time;
use crate::document::Document;
use anyhow::Result;
use screen::Columns;

/// The providers, in the order in which they are shown.
pub const PROVIDERS: &[&str] = &["clevertap", "appsmiles", "cardlytics", "clutch"];

/// Calls everything, shows it on `screen`, and reports what came of it.
///
/// # Errors
/// When a provider can't be started; what a provider or client does wrong stands in the report.
pub async fn run(time: &Time, screen: &mut dyn Screen) -> Result<Report> {
    let documents = PROVIDERS.iter().map(|provider| Document::of(provider)).collect::<Result<Vec<_>>>()?;
    let mut report = Report::new(documents.iter().map(|document| document.operations.len()).sum());
    let columns = Columns::of(&documents);
    screen.line(&columns.heading());
    for (index, provider) in PROVIDERS.iter().enumerate() {
        if index > 0 {
            screen.line("");
        }
        match *provider {
            "clevertap" => clevertap::run(time, &columns, &mut report, screen).await?,
            "appsmiles" => appsmiles::run(time, &columns, &mut report, screen).await?,
            "cardlytics" => cardlytics::run(time, &columns, &mut report, screen).await?,
            "clutch" => clutch::run(time, &columns, &mut report, screen).await?,
            other => report.problem(format!("{other} has no demo")),
        }
    }
    screen.progress("");
    report.show_end(screen);
    Ok(report)
}
