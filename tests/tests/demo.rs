//! The demo as a test: every operation is verified, and every attempt to deceive ends as it should.

use countersign_tests::clock::Time;
use countersign_tests::demo::report::Expected;
use countersign_tests::demo::screen::Lines;
use countersign_tests::demo::{self, Report};
use countersign_tests::verify::Verdict;
use std::collections::BTreeSet;

async fn report() -> (Report, Vec<String>) {
    let mut lines = Lines::default();
    let report = demo::run(&Time::manual(), &mut lines).await.expect("the providers start");
    (report, lines.0)
}

#[tokio::test]
async fn every_operation_is_verified() {
    let (report, lines) = report().await;
    assert!(report.is_good(), "{}", lines.join("\n"));
    assert_eq!(lines.last().map(String::as_str), Some("68/68 operations verified"));
    for (provider, operations) in [("clevertap", 30), ("appsmiles", 21), ("cardlytics", 4), ("clutch", 13)] {
        let calls = report.calls.iter().filter(|call| call.provider == provider && call.is_verified());
        let verified: BTreeSet<_> = calls.map(|call| call.operation.as_str()).collect();
        assert_eq!(verified.len(), operations, "{provider}");
    }
    let flows: Vec<_> = report.flows.iter().map(|flow| (flow.what.as_str(), flow.requests > 2)).collect();
    assert_eq!(flows.len(), 4, "{flows:?}");
    let throttled = report.flows.iter().find(|flow| flow.what.contains("429")).expect("one is throttled");
    assert_eq!(throttled.requests, 33, "20 before, one that is refused, 12 that are answered");
    assert!(flows.iter().all(|(_, several)| *several), "{flows:?}");
    let unsigned: Vec<_> = report.calls.iter().filter(|call| call.verdict == Some(Verdict::Unsigned)).collect();
    assert_eq!(unsigned.iter().map(|call| call.operation.as_str()).collect::<Vec<_>>(), ["show_captcha"]);
}

#[tokio::test]
async fn every_refusal_has_its_own_reason() {
    let (report, _) = report().await;
    let mut refused = 0;
    for (provider, refusals, not_covered) in
        [("clevertap", CLEVERTAP, 7), ("appsmiles", APPSMILES, 5), ("cardlytics", CARDLYTICS, 4), ("clutch", CLUTCH, 2)]
    {
        let attempts = || report.attempts.iter().filter(|attempt| attempt.provider == provider);
        for (change, expected) in refusals {
            let attempt = attempts().find(|attempt| attempt.change == *change);
            let attempt = attempt.unwrap_or_else(|| panic!("{provider}: not tried: {change}"));
            assert_eq!((attempt.expected, attempt.status), (Expected::Refused, 401), "{provider}: {change}");
            assert_eq!(attempt.verdict, Some(Verdict::Refused((*expected).to_owned())), "{provider}: {change}");
        }
        let count = |expected: Expected| attempts().filter(|attempt| attempt.expected == expected).count();
        assert_eq!(count(Expected::Refused), refusals.len(), "{provider}: each refusal stands in the table");
        assert_eq!(count(Expected::NotCovered), not_covered, "{provider}");
        assert!(count(Expected::Accepted) > 0, "{provider}: a refusal means nothing where all is refused");
        refused += refusals.len();
    }
    assert_eq!(refused, report.attempts.iter().filter(|attempt| attempt.expected == Expected::Refused).count());
}

const CLEVERTAP: &[(&str, &str)] = &[
    ("a wrong passcode", "the passcode is not valid"),
    ("the start of the passcode", "the passcode is not valid"),
    ("a wrong account id", "the account is not known"),
    ("the account id in lower case", "the account is not known"),
    ("the passcode taken away", "x-clevertap-passcode is missing"),
];

const APPSMILES: &[(&str, &str)] = &[
    ("the body changed", "data_body is not what PHP makes of the body"),
    ("the body written otherwise: a space", "the body is not as PHP prints it"),
    ("the body written otherwise: / for \\/", "the body is not as PHP prints it"),
    ("the body taken away", "data_body is not what PHP makes of the body"),
    ("a covered header changed (Content-Type)", "data_header is not what PHP makes of the headers"),
    ("a covered header taken away", "data_header is not what PHP makes of the headers"),
    ("an iat older than five minutes", "iat is more than five minutes away"),
    ("an iat more than five minutes ahead", "iat is more than five minutes away"),
    ("a wrong secret", "the signature does not fit"),
    ("another partner id", "iss is another partner"),
    ("the token of another user", "sub is not the token that this call needs"),
    ("the back end's token for a user's call", "sub is not the token that this call needs"),
    ("a user's token for a back-end call", "sub is not the token that this call needs"),
];

const CARDLYTICS: &[(&str, &str)] = &[
    ("the body changed", "sub is not the MD5 of the body"),
    ("a line feed after the body", "sub is not the MD5 of the body"),
    ("the token of another request", "sub is not the MD5 of the body"),
    ("a user-experience token", "sub is not the MD5 of the body"),
    ("the same again: its jti is used twice", "jti was used before"),
    ("an exp that is past", "exp is past"),
    ("an exp more than an hour ahead", "exp is more than an hour ahead"),
    ("a wrong secret", "the signature does not fit"),
    ("another application id (iss)", "iss is another application"),
];

const CLUTCH: &[(&str, &str)] = &[
    ("the body changed", "the signature does not fit"),
    ("the path changed", "the signature does not fit"),
    ("a query added", "the signature does not fit"),
    ("the time changed", "the signature does not fit"),
    ("the id changed", "the signature does not fit"),
    ("the same again: its id is used twice", "the request id was used before"),
    ("a time of five minutes and a second ago", "the request time is more than five minutes away"),
    ("a time five minutes and a second ahead", "the request time is more than five minutes away"),
    ("a wrong secret", "the signature does not fit"),
    ("an unknown application key", "the application key is not known"),
];

/// Lines are aligned: the columns of all rows begin where the heading's do.
#[tokio::test]
async fn columns_are_aligned() {
    let (report, lines) = report().await;
    let at = |line: &str, text: &str| line.find(text).unwrap_or_else(|| panic!("{text} in {line}"));
    let (path, scheme) = (at(&lines[0], "path"), at(&lines[0], "scheme"));
    let rows: Vec<_> = lines[1..].iter().filter(|line| line.get(path..=path) == Some("/")).collect();
    assert_eq!(rows.len(), report.calls.len());
    for (row, call) in rows.iter().zip(&report.calls) {
        assert!(row[scheme..].starts_with(&call.scheme), "{row}");
    }
}
