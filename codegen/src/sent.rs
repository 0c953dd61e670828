//! Which types callers construct.

use crate::expressions;
use crate::ir::{Ir, TypeExpr, TypeKind};
use std::collections::{BTreeMap, BTreeSet};

/// Names of the types that requests reach, through every member and branch.
pub fn names(ir: &Ir) -> BTreeSet<&str> {
    let kinds: BTreeMap<&str, &TypeKind> = ir.types.iter().map(|def| (def.name.as_str(), &def.kind)).collect();
    let mut found: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<&str> = ir.types.iter().filter(|def| def.sent).map(|def| def.name.as_str()).collect();
    while let Some(name) = open.pop() {
        if !found.insert(name) {
            continue;
        }
        if let Some(kind) = kinds.get(name) {
            parts(kind).for_each(|ty| expressions::names(ty, &mut |inner| open.push(inner)));
        }
    }
    found
}

/// The types that a type is made of.
pub fn parts(kind: &TypeKind) -> Box<dyn Iterator<Item = &TypeExpr> + '_> {
    match kind {
        TypeKind::Struct(object) => Box::new(object.fields.iter().map(|field| &field.ty).chain(&object.extra)),
        TypeKind::Enum(_) => Box::new(std::iter::empty()),
        TypeKind::Union(union) => Box::new(union.branches.iter().map(|branch| &branch.ty)),
    }
}
