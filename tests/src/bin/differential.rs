//! Signs many random requests with the engine and with PHP or Python, and says how many agree.

use clap::Parser;
use countersign_tests::differential::{Comparison, appsmiles, cardlytics, clutch, compare};
use std::process::ExitCode;

/// Signs random requests with the engine and with PHP or Python, and says how many agree.
#[derive(Parser)]
struct Arguments {
    /// How many requests for each provider.
    #[arg(long, default_value_t = 20_000)]
    count: usize,
    /// What the requests are drawn from; the same seed gives the same requests.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> anyhow::Result<ExitCode> {
    let Arguments { count, seed } = Arguments::parse();
    let comparisons: [fn(u64, usize) -> anyhow::Result<Comparison>; 3] =
        [compare::<appsmiles::AppsMiles>, compare::<clutch::Clutch>, compare::<cardlytics::Cardlytics>];
    let mut all_good = true;
    for compare in comparisons {
        let comparison = compare(seed, count)?;
        println!("{comparison}");
        all_good &= comparison.is_good();
    }
    Ok(if all_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
