//! Branches of `oneOf` and `anyOf`, joined with what stands beside them, and children of a base with a discriminator.
//!
//! How branches are told apart is the business of [`super::unions`].

use super::atoms::{Atom, Weight, atoms, expand, weight};
use super::canonical::{Discriminator, Piece, Reading, Source, View};
use super::document::Document;
use super::keywords::check;
use super::rules;
use super::shapes::Shape;
use crate::spec::{Node, Value};
use std::collections::HashSet;

impl<'a> Shape<'_, '_, 'a> {
    /// Branches of `oneOf` and `anyOf`, joined with all else, and whether one of them is null.
    pub(super) fn unions(&self) -> (Option<(Vec<Source<'a>>, &'a Node)>, bool) {
        let (choices, null_branch) = self.choices();
        let Some((node, _)) = choices.first() else { return (None, null_branch) };
        let mut product: Vec<Vec<&'a Node>> = vec![Vec::new()];
        let mut loose: Vec<Piece<'a>> = Vec::new();
        for (index, (choice, branches)) in choices.iter().enumerate() {
            if index > 0 && product.len().saturating_mul(branches.len()) > MOST_BRANCHES {
                let message = format!(
                    "several choices joined make more than {MOST_BRANCHES} variants; members of this one may all be there"
                );
                let help = "write the variants that exist as one `oneOf`";
                self.document.report(rules::TOO_MANY_BRANCHES, choice, &message, help);
                loose.extend(branches.iter().map(|node| Piece { node, view: View::Loose }));
                continue;
            }
            let with = |left: &Vec<&'a Node>, right: &'a Node| left.iter().copied().chain([right]).collect();
            product = product.iter().flat_map(|left| branches.iter().map(move |right| with(left, right))).collect();
        }
        let mut base: Vec<Piece<'a>> = self.atoms.iter().filter_map(base_piece).collect();
        base.extend(loose);
        let branches = product.into_iter().enumerate().map(|(index, nodes)| {
            if let [only] = nodes.as_slice()
                && (base.is_empty() || self.has_base(only, &base))
            {
                return Source::of(self.document, only);
            }
            let whole = nodes.iter().map(|node| Piece { node, view: View::Whole });
            let pieces: Vec<Piece<'a>> = base.iter().copied().chain(whole).collect();
            let key = format!("{}/oneOf/{index}", self.source.key);
            let at = nodes.last().map_or(self.source.at, |node| node.at);
            Source { place: key.clone(), key, name: None, pieces, reading: Reading::Joined, at }
        });
        (Some((branches.collect(), node)), null_branch)
    }

    /// Every `oneOf` and `anyOf` that shapes a value, with its branches, and whether null is one of them.
    fn choices(&self) -> (Vec<(&'a Node, Vec<&'a Node>)>, bool) {
        let mut null_branch = false;
        let values = self.values().map(|values| values.iter().map(|value| value.to_json()).collect::<Vec<_>>());
        // A branch that lists none of the values that stand beside the choice fits nothing.
        let is_possible = |branch: &&'a Node| {
            let listed = branch.get("const").into_iter().chain(branch.get("enum").map(Node::items).unwrap_or_default());
            let listed: Vec<&Node> = listed.collect();
            let fits = |values: &Vec<serde_json::Value>| listed.iter().any(|value| values.contains(&value.to_json()));
            listed.is_empty() || values.as_ref().is_none_or(fits)
        };
        let mut found: Vec<(&'a Node, Vec<&'a Node>)> = Vec::new();
        for atom in self.atoms {
            for choice in ["oneOf", "anyOf"].iter().filter_map(|keyword| atom.get(keyword)) {
                let (branches, has_null) = self.branches(choice, atom.inherited);
                null_branch |= has_null;
                let branches: Vec<&'a Node> = branches.into_iter().filter(is_possible).collect();
                let is_known = found.iter().any(|(known, _)| std::ptr::eq(*known, choice));
                if !branches.is_empty() && !is_known {
                    found.push((choice, branches));
                }
            }
        }
        (found, null_branch)
    }

    /// Branches of a choice that shape a value, and whether null is one of the others.
    fn branches(&self, choice: &'a Node, inherited: bool) -> (Vec<&'a Node>, bool) {
        let mut null_branch = false;
        let mut kept = Vec::new();
        let mut rules = 0;
        for branch in choice.items() {
            if is_null(branch) {
                null_branch = true;
            } else if branch.bool() == Some(false) {
                let message = "no value fits this branch, so it is left out";
                self.document.report(rules::LOOSENED_FALSE, branch, message, "take it away");
            } else if self.is_rule(branch) {
                check(self.document, branch);
                rules += 1;
            } else if let Some(is_itself) = self.is_child(branch) {
                if inherited {
                    // `Pet: {oneOf: [Cat]}` and `Cat: {allOf: [Pet]}`: the child is one branch, never a choice of them.
                    return (Vec::new(), false);
                }
                let help = "take the branch away";
                match is_itself {
                    true => self.document.report(rules::REF_CYCLE, branch, "this schema is a branch of itself", help),
                    false => {
                        let message = "this branch is the choice itself by another name, so it is left out";
                        self.document.report(rules::LOOSENED_UNION, branch, message, help);
                    }
                }
            } else {
                kept.push(branch);
            }
        }
        if rules > 0 {
            let message =
                "branches that only say which members must be there don't tell types apart; they are not checked";
            self.document.report(
                rules::LOOSENED_VALIDATION_BRANCHES,
                choice,
                message,
                "describe the variants in full, if they matter",
            );
        }
        (kept, null_branch)
    }

    /// Whether a branch only restricts what stands beside the choice.
    fn is_rule(&self, branch: &Node) -> bool {
        let annotations = ["required", "not", "title", "description", "minProperties", "maxProperties"];
        let declared =
            |key: &str| self.atoms.iter().any(|atom| atom.get("properties").is_some_and(|p| p.get(key).is_some()));
        let empty =
            |node: &Node| node.members().all(|(key, member)| member.members().next().is_none() && declared(&key.text));
        let known = branch.members().all(|(key, node)| match key.text.as_str() {
            "type" => node.text() == Some("object"),
            "properties" => empty(node),
            key => annotations.contains(&key) || key.starts_with("x-"),
        });
        let restricts = branch.get("required").is_some() || branch.get("not").is_some();
        matches!(branch.value, Value::Map(_)) && known && restricts
    }

    /// Whether a branch is this schema itself, or a part of it, seen from a parent; if so, whether by its own name.
    fn is_child(&self, branch: &'a Node) -> Option<bool> {
        let target = self.document.references.target(branch.get("$ref")?).ok()?;
        let is_here = |node: &Node| self.atoms.iter().any(|atom| std::ptr::eq(atom.node, node));
        match is_here(target) {
            true => Some(true),
            false => self.document.same_as(target).filter(|same| is_here(same)).map(|_| false),
        }
    }

    /// Whether a branch refers to a schema that has all of `base` already.
    fn has_base(&self, branch: &'a Node, base: &[Piece<'a>]) -> bool {
        let Some(target) = branch.get("$ref").and_then(|r| self.document.references.target(r).ok()) else {
            return false;
        };
        let mut shallow = Vec::new();
        atoms(self.document, Piece { node: target, view: View::Whole }, true, &mut shallow);
        let (mut all, mut open, mut seen) = (Vec::new(), vec![std::ptr::from_ref(target)], HashSet::new());
        for atom in shallow {
            expand(self.document, atom, &mut all, &mut open, &mut seen);
        }
        base.iter().all(|piece| all.iter().any(|atom| std::ptr::eq(atom.node, piece.node)))
    }

    pub(super) fn discriminator(&self) -> Option<Discriminator<'a>> {
        let mut own = self.atoms.iter().filter(|atom| !atom.inherited);
        let node = own.find_map(|atom| atom.get("discriminator"))?;
        let Some(property) = node.get("propertyName").and_then(Node::text) else {
            let help = "write `discriminator: {propertyName: …}`";
            self.document.report(rules::WRONG_TYPE, node, "a discriminator must name its property", help);
            return None;
        };
        let mut mapping = Vec::new();
        for (value, target) in node.get("mapping").into_iter().flat_map(Node::members) {
            if let Some(schema) = self.mapped(target) {
                mapping.push((value.text.as_str(), schema));
            }
        }
        Some(Discriminator { property, node, mapping })
    }

    /// The schema that a value of `mapping` names: a reference, or the bare name of a component.
    fn mapped(&self, target: &'a Node) -> Option<&'a Node> {
        let text = target.text().unwrap_or_default();
        let schemas = self.document.spec.root.get("components").and_then(|components| components.get("schemas"));
        if let Some(schema) = schemas.and_then(|schemas| schemas.get(text)) {
            return Some(schema);
        }
        if crate::location::is_reference(text) {
            return self.document.target(target);
        }
        let names = schemas.into_iter().flat_map(Node::members).map(|(key, _)| key.text.as_str());
        let help = match crate::finding::similar(text, names) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "write '#/components/schemas/…'".to_owned(),
        };
        self.document.report(rules::DANGLING_REF, target, &format!("`{text}` names no schema of this document"), &help);
        None
    }

    /// What a base with a discriminator, but without `oneOf`, stands for: its children, and itself where mapped.
    /// Other names of the base, and of bases among the children, are left out; mapped, they are those schemas.
    pub(super) fn children(&self, discriminator: &mut Discriminator<'a>) -> Option<Vec<Source<'a>>> {
        let [Piece { node: base, view: View::Whole }] = self.source.pieces.as_slice() else { return None };
        let base: &'a Node = base;
        for (_, schema) in &mut discriminator.mapping {
            let same = self.document.same_as(schema);
            if let Some(same) = same.filter(|same| std::ptr::eq(*same, base) || self.document.is_base(same)) {
                *schema = same;
            }
        }
        let mut children: Vec<&'a Node> = discriminator.mapping.iter().map(|(_, schema)| *schema).collect();
        let mut parents = vec![base];
        let mut known = HashSet::from([std::ptr::from_ref(base)]);
        let mut at = 0;
        while let Some(parent) = parents.get(at).copied() {
            parents.extend(
                self.document.children_of(parent).iter().filter(|child| known.insert(std::ptr::from_ref(**child))),
            );
            at += 1;
        }
        children.extend(parents.into_iter().skip(1));
        let mut seen = HashSet::new();
        children.retain(|child| seen.insert(std::ptr::from_ref(*child)));
        let only_itself = children.iter().all(|child| std::ptr::eq(*child, base));
        if only_itself {
            let message = "this discriminator has no schemas to choose from, so the schema is a plain object";
            let help = "name the schemas in `mapping`, or let them have this one in `allOf`";
            self.document.report(rules::IGNORED_DISCRIMINATOR, discriminator.node, message, help);
            return None;
        }
        // A base inside a family may be what is meant itself.
        if self.document.is_in_family(base) && seen.insert(std::ptr::from_ref(base)) {
            children.push(base);
        }
        let branch = |child: &'a Node| match std::ptr::eq(child, base) || self.document.is_base(child) {
            false => Source::of(self.document, child),
            true => {
                let key = format!("{}#base", self.document.pointer(child));
                let pieces = vec![Piece { node: child, view: View::Base }];
                Source { place: key.clone(), key, name: None, pieces, reading: Reading::Joined, at: child.at }
            }
        };
        Some(children.into_iter().map(branch).collect())
    }
}

impl<'a> Document<'a> {
    /// Whether a schema stands for its children: it has a discriminator, children, and no branches.
    fn is_base(&self, node: &Node) -> bool {
        let has = |key: &str| node.get(key).is_some();
        has("discriminator") && !has("oneOf") && !has("anyOf") && !self.children_of(node).is_empty()
    }

    /// Whether a schema has a base in its `allOf`.
    fn is_in_family(&self, node: &'a Node) -> bool {
        let mut parents = node.get("allOf").map(Node::items).unwrap_or_default().iter();
        parents.any(|member| {
            let target = member.get("$ref").and_then(|reference| self.references.target(reference).ok());
            target.is_some_and(|target| self.is_base(target))
        })
    }
}

/// What stands beside a choice and shapes every branch of it.
fn base_piece<'a>(atom: &Atom<'a>) -> Option<Piece<'a>> {
    let view = match atom.view {
        View::Words => return None,
        View::Loose => View::Loose,
        _ => View::Own,
    };
    (weight(atom.node, view) >= Weight::Structural).then_some(Piece { node: atom.node, view })
}

fn is_null(branch: &Node) -> bool {
    let only_null = |list: &Node, is: fn(&Node) -> bool| !list.items().is_empty() && list.items().iter().all(is);
    let word = |node: &Node| node.text() == Some("null");
    let null = |node: &Node| matches!(node.value, Value::Null);
    branch.get("type").is_some_and(|ty| word(ty) || only_null(ty, word))
        || branch.get("enum").is_some_and(|list| only_null(list, null))
        || branch.get("const").is_some_and(null)
}

/// Branches that a product of several `oneOf` may have.
const MOST_BRANCHES: usize = 64;
