//! What all branches of a union have, those of unions inside it included: that they are objects, a member's constants.
//!
//! Unions may lead to each other in circles, so each is looked into once, and what came of it is remembered: sixty
//! unions of sixty branches each would else be walked from each branch of each of them.

use super::canonical::{Canonical, Kind};
use super::document::Document;
use super::unions::{Seen, choices};
use crate::addresses::AddressMap;
use std::collections::{HashMap, HashSet};

/// What is known of unions, by the address of what the document keeps of them.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    /// Whether the declared tag selects each branch.
    pub(super) tagged: AddressMap<*const (), bool>,
    objects: AddressMap<*const (), bool>,
    constants: HashMap<(*const (), String), Option<Constants>>,
}

/// Values that a member may have.
#[derive(Clone, Debug)]
pub(super) struct Constants {
    pub(super) values: Vec<String>,
    pub(super) required: bool,
}

impl<'a> Document<'a> {
    /// Whether a schema is an object, or a choice of objects. It is one that [`Document::canonical`] keeps.
    pub(super) fn is_object(&self, canonical: &Canonical<'a>) -> bool {
        let mut way = Vec::new();
        let all = self.only_objects(canonical, &mut HashSet::new(), &mut way);
        let objects = &mut self.remembered.borrow_mut().objects;
        match all {
            true => objects.extend(way.into_iter().map(|union| (union, true))),
            // Of those on the way, some may still be choices of objects.
            false => objects.extend(way.first().map(|first| (*first, false))),
        }
        all
    }

    fn only_objects(&self, canonical: &Canonical<'a>, seen: &mut Seen, way: &mut Vec<*const ()>) -> bool {
        let union = match &canonical.kind {
            Kind::Object(_) | Kind::Map(_) => return true,
            Kind::Union(union) => union,
            _ => return false,
        };
        let address = std::ptr::from_ref(canonical).cast();
        if let Some(known) = self.remembered.borrow().objects.get(&address) {
            return *known;
        }
        if !seen.insert(std::ptr::from_ref(union.node)) {
            return true;
        }
        way.push(address);
        union.branches.iter().all(|branch| self.only_objects(&self.behind(branch).1, seen, way))
    }

    /// The constants that a member has in a schema that [`Document::canonical`] keeps, through all references.
    pub(super) fn constants(&self, canonical: &Canonical<'a>, wire: &str) -> Option<Constants> {
        if !matches!(canonical.kind, Kind::Union(_)) {
            return self.constants_in(canonical, wire, &mut HashSet::new());
        }
        let key = (std::ptr::from_ref(canonical).cast(), wire.to_owned());
        if let Some(known) = self.remembered.borrow().constants.get(&key) {
            return known.clone();
        }
        let constants = self.constants_in(canonical, wire, &mut HashSet::new());
        self.remembered.borrow_mut().constants.insert(key, constants.clone());
        constants
    }

    fn constants_in(&self, canonical: &Canonical<'a>, wire: &str, seen: &mut Seen) -> Option<Constants> {
        match &canonical.kind {
            Kind::Object(object) => {
                let property = object.properties.iter().find(|property| property.wire == wire)?;
                let (_, behind, nullable) = self.behind(&property.source);
                let values = choices(&behind.kind)?.values.clone();
                (!nullable).then_some(Constants { values, required: property.required })
            }
            // A union that is looked into already adds nothing.
            Kind::Union(union) => {
                let is_new = seen.insert(std::ptr::from_ref(union.node));
                let mut all = Constants { values: Vec::new(), required: true };
                for branch in union.branches.iter().filter(|_| is_new) {
                    let (_, behind, _) = self.behind(branch);
                    let inner = self.constants_in(&behind, wire, seen)?;
                    all.values.extend(inner.values);
                    all.required &= inner.required;
                }
                Some(all)
            }
            _ => None,
        }
    }
}
