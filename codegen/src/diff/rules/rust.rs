//! Section Q: the generated crate's own API, where nothing on the wire changes.

super::rules! {
    SCHEMA_RENAMED "Q1" "schema-renamed" NO NO MAJ MAJ - "A component is called otherwise and has the same shape; the type is called after it." ["api-schema-removed"]
    SCHEMA_REMOVED "Q2" "schema-removed" NO NO MAJ MAJ - "A type that the crate exports is gone." ["api-schema-removed"]
    SCHEMA_ADDED "Q2" "schema-added" NO NO MIN MIN - "A type is new." []
}
