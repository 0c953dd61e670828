//! What belongs to no operation and no type: credentials, servers, headers, features.

use super::explained::Which;
use super::{Found, code, shown};
use crate::credentials::{self, CredentialKind};
use crate::diff::report::Report;
use crate::diff::rules;
use crate::expressions;
use crate::ir::Ir;
use crate::manifest;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn compare(found: &mut Found<'_, '_>, report: &Report) {
    credentials(found);
    servers(found);
    headers(found, report);
    features(found);
}

/// What `Credentials::new` takes.
pub(super) fn arguments(ir: &Ir) -> Vec<String> {
    let required = credentials::all(ir).into_iter().filter(|credential| credential.required);
    required.map(|credential| format!("{}: {:?}", credential.field, credential.kind)).collect()
}

/// What `Credentials` have setters for, each with its kind.
pub(super) fn setters(ir: &Ir) -> BTreeMap<String, CredentialKind> {
    let optional = credentials::all(ir).into_iter().filter(|credential| !credential.required);
    optional.map(|credential| (credential.field, credential.kind)).collect()
}

fn credentials(found: &mut Found<'_, '_>) {
    let (old, new) = (found.sides.old.ir, found.sides.new.ir);
    if found.explained.has_signing() {
        return;
    }
    let (was, is) = (arguments(old), arguments(new));
    let places = ("/components/securitySchemes", "/components/securitySchemes");
    if was != is {
        let message = format!("`Credentials::new` took ({}) and takes ({})", was.join(", "), is.join(", "));
        found.tell_at(&rules::CONSTRUCTOR_CHANGED, places, message, "Credentials");
    } else {
        let now = setters(new);
        for (name, kind) in setters(old) {
            match now.get(&name) {
                None => {
                    let message = format!("`Credentials` have no {} any more", shown(&name));
                    found.tell_at(&rules::METHOD_REMOVED, places, message, name);
                }
                Some(other) if *other != kind => {
                    let message = format!("{} of `Credentials` was {kind:?} and is {other:?}", shown(&name));
                    found.tell_at(&rules::FIELD_TYPE_CHANGED, places, message, name);
                }
                Some(_) => {}
            }
        }
    }
}

/// Names of servers, by their URLs.
fn servers(found: &mut Found<'_, '_>) {
    let names = |ir: &Ir| -> BTreeMap<String, String> {
        ir.api.servers.iter().map(|server| (server.url.clone(), server.name.clone())).collect()
    };
    let (was, is) = (names(found.sides.old.ir), names(found.sides.new.ir));
    for (url, name) in &was {
        let Some(now) = is.get(url).filter(|now| *now != name) else { continue };
        let message = format!("the server {} is called {}", shown(name), shown(now));
        found.tell_at(&rules::MEMBER_RENAMED, ("/servers", "/servers"), message, url);
    }
}

/// Headers of responses, by their names on the wire.
fn headers(found: &mut Found<'_, '_>, report: &Report) {
    let (old, new) = (found.sides.old.ir, found.sides.new.ir);
    let is_told = |wire: &str| {
        report.changes.iter().any(|change| {
            change.source == crate::diff::Step::Major
                && [&change.old, &change.new].into_iter().flatten().any(|place| {
                    let name = place.pointer.split("/headers/").nth(1).and_then(|rest| rest.split('/').next());
                    name.is_some_and(|name| name.eq_ignore_ascii_case(wire))
                })
        })
    };
    for was in &old.headers {
        let Some(is) = new.headers.iter().find(|header| header.wire.eq_ignore_ascii_case(&was.wire)) else { continue };
        let (before, after) = (code(&expressions::outside(&was.ty)), code(&expressions::outside(&is.ty)));
        if was.name != is.name {
            let message = format!("the header method {} is called {}", shown(&was.name), shown(&is.name));
            found.tell_at(&rules::MEMBER_RENAMED, ("/paths", "/paths"), message, &was.wire);
        } else if before != after && !is_told(&was.wire) && !found.is_told(&was.ty) && !found.is_told(&is.ty) {
            let message = format!("the header {} was `{before}` and is `{after}`", shown(&was.wire));
            found.tell_at(&rules::FIELD_TYPE_CHANGED, ("/paths", "/paths"), message, &was.wire);
        }
    }
}

/// Features of `Cargo.toml`.
fn features(found: &mut Found<'_, '_>) {
    let (was, is) = (manifest::features(found.sides.old.ir), manifest::features(found.sides.new.ir));
    let places = ("/info", "/info");
    for name in was.difference(&is).filter(|name| !found.explained.around(Which::Old, &format!("/tags/{name}"))) {
        let message = format!("the crate has no feature {} any more", shown(name));
        found.tell_at(&rules::FEATURE_REMOVED, places, message, name);
    }
    let split = |features: &BTreeSet<String>| features.contains(crate::features::ALL_TAGS);
    if split(&is) && !split(&was) {
        let message = "the crate is large now: without default features, operations need the feature of their tag";
        found.tell_at(&rules::FEATURE_NEEDED, places, message, "");
        return;
    }
    for name in is.difference(&was) {
        let message = format!("the crate has a feature {}", shown(name));
        found.tell_at(&rules::FEATURE_ADDED, places, message, name);
    }
}
