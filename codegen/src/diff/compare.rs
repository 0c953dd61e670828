//! Two documents side by side: pairs of schemas are compared once each, however they are reached.
//!
//! [`Compare::pair`] gives a pair a vertex of the graph and puts it on a list; [`Compare::run`] works the list off, so
//! that circles end and depth costs no stack. What differs is a [`Raw`] change at the vertex it was found at;
//! [`super::classify`] weighs it by what reaches that vertex.

use super::model::{Side, Source};
use super::reach::{Graph, Passes, Vertex};
use super::report::{OperationRef, Step, Verdict};
use super::rules::{self, Rule};
use super::same::Same;
use super::{Settings, schemas, security};
use crate::addresses::AddressMap;
use crate::spec::{Node, Spec};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Where a schema is used: a parameter is text on the wire, whatever its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Use {
    Body,
    Parameter,
    /// A query parameter whose members are pairs of their own.
    DeepObject,
    /// Where types are not told apart: bodies of XML, forms, plain text, and items that are pairs of a query.
    Text,
}

/// A difference, before it is known who reaches it.
#[derive(Clone, Debug)]
pub(super) struct Raw<'a> {
    pub(super) rule: &'static Rule,
    pub(super) vertex: Vertex,
    pub(super) old: Option<&'a Node>,
    pub(super) new: Option<&'a Node>,
    pub(super) message: String,
    pub(super) detail: String,
    pub(super) request: Verdict,
    pub(super) response: Verdict,
    pub(super) source: Option<Step>,
}

impl Raw<'_> {
    /// Says which of several things at one place changed.
    pub(super) fn detail(&mut self, detail: impl Into<String>) -> &mut Self {
        self.detail = detail.into();
        self
    }

    /// Takes a direction out in which the place is not seen.
    pub(super) fn seen(&mut self, passes: Passes) -> &mut Self {
        if !passes.request {
            self.request = self.request.min(Verdict::Ok);
        }
        if !passes.response {
            self.response = self.response.min(Verdict::Ok);
        }
        self
    }

    /// Weighs otherwise than the rule does by default.
    pub(super) fn weigh(&mut self, request: Verdict, response: Verdict) -> &mut Self {
        (self.request, self.response) = (request, response);
        self
    }

    pub(super) fn source(&mut self, step: Step) -> &mut Self {
        self.source = Some(step);
        self
    }
}

/// The comparison of two documents.
pub(super) struct Compare<'a> {
    pub(super) old: Side<'a>,
    pub(super) new: Side<'a>,
    pub(super) settings: &'a Settings,
    pub(super) operations: Vec<OperationRef>,
    /// Operations that are draft or alpha.
    pub(super) unstable: Vec<bool>,
    pub(super) work: Work<'a>,
    same: Same,
    /// Whether this is a look at whether two schemas are equal; such looks are not nested.
    pub(super) trial: bool,
    /// Security schemes that are called otherwise, by their old names.
    pub(super) renamed_schemes: BTreeMap<&'a str, &'a str>,
    /// Scopes that operations of the new document ask for.
    pub(super) required_scopes: BTreeSet<String>,
    /// Operations by the schemes that they ask for.
    pub(super) scheme_users: BTreeMap<String, Vec<usize>>,
}

/// What a comparison has done and found.
#[derive(Default)]
pub(super) struct Work<'a> {
    pub(super) graph: Graph,
    pub(super) raws: Vec<Raw<'a>>,
    pub(super) at: Vertex,
    pub(super) compared: usize,
    /// Members that are optional in both documents, by the nodes of their schemas.
    pub(super) optional: HashSet<(*const Node, *const Node)>,
    /// Parts of bodies that are bytes in both documents, which say so in two ways.
    pub(super) bytes: HashSet<(Source, Source)>,
    pairs: AddressMap<(Source, Source, Use), Vertex>,
    open: Vec<(Source, Source, Use, Vertex)>,
}

/// Whether a difference makes two schemas different ones.
fn differs(raw: &Raw<'_>) -> bool {
    !raw.rule.docs && raw.request.max(raw.response) != Verdict::None
}

/// The most pairs that are compared to see whether two schemas are equal.
const LONGEST_TRIAL: usize = 400;

impl<'a> Compare<'a> {
    pub(super) fn new(old: &'a Spec, new: &'a Spec, settings: &'a Settings) -> Self {
        let mut work = Work::default();
        work.at = work.graph.vertex();
        let (old, new) = (Side::new(old), Side::new(new));
        Compare {
            renamed_schemes: security::renamed(&old, &new),
            required_scopes: security::required_scopes(&new),
            scheme_users: BTreeMap::new(),
            same: Same::new(&old, &new, settings.docs),
            old,
            new,
            settings,
            operations: Vec::new(),
            unstable: Vec::new(),
            work,
            trial: false,
        }
    }

    /// A difference at the place that is being compared.
    pub(super) fn emit(
        &mut self,
        rule: &'static Rule,
        old: impl Into<Option<&'a Node>>,
        new: impl Into<Option<&'a Node>>,
        message: impl Into<String>,
    ) -> &mut Raw<'a> {
        self.work.raws.push(Raw {
            rule,
            vertex: self.work.at,
            old: old.into(),
            new: new.into(),
            message: message.into(),
            detail: String::new(),
            request: rule.request,
            response: rule.response,
            source: None,
        });
        let last = self.work.raws.len() - 1;
        &mut self.work.raws[last]
    }

    /// Whether two schemas are the same with all that they refer to: nothing is to be found there.
    pub(super) fn same(&mut self, old: Source, new: Source) -> bool {
        let (olds, news) = (self.old.nodes(old), self.new.nodes(new));
        olds.len() == news.len()
            && olds.iter().zip(news.iter()).all(|(was, is)| self.same.of(&self.old, &self.new, (was, is)))
    }

    /// Has two schemas compared, as reached from here.
    pub(super) fn pair(&mut self, old: Source, new: Source, usage: Use, passes: Passes) {
        if self.same(old, new) || (usage == Use::Text && self.work.bytes.contains(&(old, new))) {
            return;
        }
        let work = &mut self.work;
        let vertex = match work.pairs.get(&(old, new, usage)) {
            Some(vertex) => *vertex,
            None => {
                let vertex = work.graph.vertex();
                work.pairs.insert((old, new, usage), vertex);
                work.open.push((old, new, usage, vertex));
                vertex
            }
        };
        work.graph.edge(work.at, vertex, passes);
    }

    /// Two schemas by their nodes.
    pub(super) fn pair_nodes(&mut self, old: &'a Node, new: &'a Node, usage: Use) {
        let (old, new) = (self.old.source_of(old), self.new.source_of(new));
        self.pair(old, new, usage, Passes::BOTH);
    }

    /// Works off the pairs that are waiting.
    pub(super) fn run(&mut self) {
        self.run_at_most(usize::MAX);
    }

    /// Says that a document joins schemas in more ways than were compared.
    pub(super) fn overflow(&mut self) {
        if self.old.overflown || self.new.overflown {
            let message = "schemas are joined in more ways than are compared: not every place was looked at";
            let nodes = (self.old.root(), self.new.root());
            self.emit(&rules::NOT_FOLLOWED, nodes.0, nodes.1, message).detail("joined");
        }
    }

    fn run_at_most(&mut self, most: usize) -> bool {
        let before = self.work.at;
        let mut done = 0;
        while let Some((old, new, usage, vertex)) = self.work.open.pop() {
            if done == most {
                return false;
            }
            done += 1;
            self.work.compared += 1;
            self.work.at = vertex;
            let found = self.work.raws.len();
            schemas::compare(self, old, new, usage);
            // A look at whether two schemas are equal ends with the first difference.
            if self.trial && self.work.raws[found..].iter().any(differs) {
                return false;
            }
        }
        self.work.at = before;
        true
    }

    /// Whether two schemas let the same values through, as far as a short look tells.
    pub(super) fn equal(&mut self, old: Source, new: Source) -> bool {
        if self.trial {
            return false;
        }
        let mut work = Work::default();
        work.at = work.graph.vertex();
        let kept = std::mem::replace(&mut self.work, work);
        self.trial = true;
        self.pair(old, new, Use::Body, Passes::BOTH);
        let finished = self.run_at_most(LONGEST_TRIAL);
        self.trial = false;
        let work = std::mem::replace(&mut self.work, kept);
        self.work.compared += work.compared;
        finished
    }

    /// Whether two nodes are equal schemas.
    pub(super) fn equal_nodes(&mut self, old: &'a Node, new: &'a Node) -> bool {
        let (old, new) = (self.old.source_of(old), self.new.source_of(new));
        self.equal(old, new)
    }
}
