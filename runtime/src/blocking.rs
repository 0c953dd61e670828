//! Calls from threads that have no async runtime: one for all clients of the process, made when it is first needed.

use crate::error::RequestError;
use std::sync::OnceLock;
use tokio::runtime::{Builder, Handle, Runtime};

/// The runtime that blocking calls share.
///
/// # Errors
/// Inside of an async runtime, where blocking would stop it; or if the system has no thread to give.
pub(crate) fn runtime() -> Result<&'static Runtime, RequestError> {
    static SHARED: OnceLock<Option<Runtime>> = OnceLock::new();
    if Handle::try_current().is_ok() {
        return Err(RequestError::InsideRuntime);
    }
    // One thread besides the caller's: connections live on while nobody calls.
    let make = || Builder::new_multi_thread().worker_threads(1).thread_name("countersign").enable_all().build().ok();
    SHARED.get_or_init(make).as_ref().ok_or(RequestError::NoRuntime)
}
