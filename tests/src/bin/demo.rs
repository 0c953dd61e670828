//! Calls every operation of every provider through its generated client, against embedded providers.

use countersign_tests::clock::Time;
use countersign_tests::demo::{self, screen::Console};
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match demo::run(&Time::System, &mut Console::new()).await {
        Ok(report) if report.is_good() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
