//! What a call passes before it is sent, for each host and API: its permit, then the pace, then the account's rate.

use crate::operation::OperationInfo;
use crate::pace::Pace;
use crate::permits::{Permit, Permits, Rate};
use crate::timer::Instant;
use reqwest::Url;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The gates of a client, by the beginning of the URL and the API; made when they are first needed.
#[derive(Debug)]
pub(crate) struct Gates {
    limits: Vec<(String, Option<u32>)>,
    longest_pause: Duration,
    rate: Option<Arc<Rate>>,
    hosts: Mutex<HashMap<String, HashMap<&'static str, Arc<Gate>>>>,
}

/// The gate of one API.
#[derive(Debug)]
pub(crate) struct Gate {
    permits: Permits,
    pub(crate) pace: Pace,
    rate: Option<Arc<Rate>>,
}

impl Gates {
    pub(crate) fn new(limits: Vec<(String, Option<u32>)>, longest_pause: Duration, rate: Option<Rate>) -> Self {
        Self { limits, longest_pause, rate: rate.map(Arc::new), hosts: Mutex::default() }
    }

    /// The gate of an operation.
    pub(crate) fn of(&self, url: &Url, operation: &'static OperationInfo) -> Arc<Gate> {
        let host = host(url);
        let api = operation.api();
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = hosts.get(host).and_then(|gates| gates.get(api)) {
            return Arc::clone(gate);
        }
        let own = self.limits.iter().rev().find(|(name, _)| name == api).map(|(_, limit)| *limit);
        let declared = operation.limits.and_then(|limits| limits.concurrent);
        let gate = Arc::new(Gate {
            permits: Permits::new(own.unwrap_or(declared)),
            pace: Pace::new(self.longest_pause),
            rate: self.rate.clone(),
        });
        hosts.entry(host.to_owned()).or_default().insert(api, Arc::clone(&gate));
        gate
    }
}

/// Scheme, host and port.
fn host(url: &Url) -> &str {
    let url = url.as_str();
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find(['/', '?', '#']).map_or(url.len(), |at| start + at);
    &url[..end]
}

impl Gate {
    /// Waits until a call may be made.
    ///
    /// # Errors
    /// How long the API's pause still is, if it ends after the deadline.
    pub(crate) async fn enter(&self, deadline: Option<Instant>) -> Result<Permit, Duration> {
        let permit = self.permits.acquire().await;
        loop {
            self.pace.admit(deadline).await?;
            let Some(rate) = &self.rate else { break };
            rate.admit().await;
            // It may have been stopped while the rate was waited for.
            if !self.pace.is_paused() {
                break;
            }
        }
        Ok(permit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_scheme_name_and_port() {
        for (url, expected) in [
            ("https://api.example/v1/x?a=//b", "https://api.example"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
            ("https://[::1]:8443?x", "https://[::1]:8443"),
        ] {
            assert_eq!(host(&url.parse().expect("a URL")), expected);
        }
    }
}
