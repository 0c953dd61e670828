//! A seeded few hundred requests of each provider, signed by the engine and by another language.
//!
//! `cargo run -p countersign-tests --bin differential -- --count 20000` does it with as many as you like.

use countersign_tests::differential::{Requests, appsmiles, cardlytics, clutch, compare};
use countersign_tests::programs;

const COUNT: usize = 500;

#[test]
fn appsmiles_and_php_agree() {
    agree::<appsmiles::AppsMiles>();
}

#[test]
fn clutch_and_python_agree() {
    agree::<clutch::Clutch>();
}

#[test]
fn cardlytics_and_python_agree() {
    agree::<cardlytics::Cardlytics>();
}

fn agree<R: Requests>() {
    let (program, _) = R::PEER;
    if programs::available(&[program]) {
        let comparison = compare::<R>(2026, COUNT).unwrap();
        assert!(comparison.is_good(), "{comparison}");
        assert_eq!(comparison.count, COUNT);
    }
}
