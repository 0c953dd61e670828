//! Section S: what is wrong with the list of accepted changes.

super::rules! {
    ACCEPTANCE_UNUSED "S1" "acceptance-unused" NO NO PAT PAT ERR "An entry accepts a change that there is not." []
    ACCEPTANCE_EXPIRED "S2" "acceptance-expired" NO NO PAT PAT ERR "An entry's last day is over." []
}
