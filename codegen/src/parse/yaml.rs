//! YAML 1.2 events to a tree.
//!
//! The tree is built with a list of open lists and maps, not by recursion, and every limit is checked before
//! something is copied, so a small hostile file costs little time and memory.

use super::indent::{Indented, indented};
use super::{
    DEEPEST, MOST_COPIED_NODES, MOST_COPIED_TEXT, MOST_NODES, Members, Problem, START, Tree, duplicate_key,
    plain_scalar, too_deep, too_many_nodes,
};
use crate::lint::rules;
use crate::spec::{Key, Mark, Node, Value};
use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use std::collections::{BTreeMap, HashMap};

/// The tree of the one document in `text`.
pub(super) fn tree(text: &str) -> Result<Tree, Vec<Problem>> {
    let first = build(text, BTreeMap::new());
    let left = |problem: &Problem| problem.rule == rules::SYNTAX && problem.message.contains(TOO_FAR_LEFT);
    match first {
        Err(problems) if problems.last().is_some_and(left) => match indented(text) {
            // What holds with the lines moved is what stands there; otherwise the first answer is the right one.
            Some(Indented { text, lines }) => build(&text, lines).map_err(|second| better(problems, second)),
            None => Err(problems),
        },
        first => first,
    }
}

/// The key of a merge, which stands without quotes.
const MERGE: &str = "<<\0";

/// What the parser says of quoted text whose lines stand left of its key.
const TOO_FAR_LEFT: &str = "invalid indentation in quoted scalar";

/// Findings of the second reading, unless the lines were moved in vain.
fn better(first: Vec<Problem>, second: Vec<Problem>) -> Vec<Problem> {
    let in_vain = second.iter().any(|problem| problem.message.contains(TOO_FAR_LEFT));
    if in_vain { first } else { second }
}

fn build(text: &str, moved: BTreeMap<usize, usize>) -> Result<Tree, Vec<Problem>> {
    let mut builder = Builder { moved, ..Builder::default() };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let step = match event {
            Ok((event, span)) => builder.event(event, span),
            Err(error) => Err(syntax(&error, builder.mark(*error.marker()))),
        };
        if let Err(problem) = step {
            builder.problems.push(problem);
            return Err(builder.problems);
        }
    }
    if builder.moved.len() > builder.moved_in_quotes {
        let message = format!("this is not YAML: {TOO_FAR_LEFT}");
        return Err(vec![Problem::new(rules::SYNTAX, START, message)]);
    }
    match builder.root {
        _ if !builder.problems.is_empty() => Err(builder.problems),
        Some(root) => Ok(Tree { root, notes: builder.notes }),
        None => Err(vec![Problem::new(rules::SYNTAX, START, "the file holds no document")]),
    }
}

fn syntax(error: &saphyr_parser::ScanError, at: Mark) -> Problem {
    // The scanner runs ahead of the events and has a limit of its own.
    if error.info().contains("recursion") {
        return too_deep(at);
    }
    let problem = Problem::new(rules::SYNTAX, at, format!("this is not YAML: {}", error.info()));
    if error.info().contains("tab") { problem.help("indent with spaces") } else { problem }
}

#[derive(Default)]
struct Builder {
    problems: Vec<Problem>,
    notes: Vec<Problem>,
    root: Option<Node>,
    /// Lines that were moved to the right, and how far.
    moved: BTreeMap<usize, usize>,
    /// How many of them lie in quoted text.
    moved_in_quotes: usize,
    documents: usize,
    open: Vec<Open>,
    anchors: HashMap<usize, Anchored>,
    nodes: usize,
    text: usize,
    copied_nodes: usize,
    copied_text: usize,
}

/// A list or map that has begun.
struct Open {
    at: Mark,
    anchor: usize,
    content: Content,
    /// Levels below this one, so far.
    height: usize,
    nodes_before: usize,
    text_before: usize,
}

enum Content {
    List(Vec<Node>),
    Map(Members, Option<Key>),
}

/// What an alias stands for.
struct Anchored {
    node: Node,
    nodes: usize,
    text: usize,
    height: usize,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Problem> {
        let at = self.mark(span.start);
        match event {
            Event::DocumentStart(_) => self.document(at),
            Event::Scalar(text, style, anchor, tag) => {
                self.tag(tag.is_some(), at);
                if matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted) {
                    let (first, last) = (span.start.line(), span.end.line());
                    self.moved_in_quotes +=
                        self.moved.range(first..=last.max(first)).filter(|(line, _)| **line > first).count();
                }
                self.scalar(&text, style, anchor, at)
            }
            Event::SequenceStart(anchor, tag) => {
                self.tag(tag.is_some(), at);
                self.begin(Content::List(Vec::new()), anchor, at)
            }
            Event::MappingStart(anchor, tag) => {
                self.tag(tag.is_some(), at);
                self.begin(Content::Map(Members::default(), None), anchor, at)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => self.alias(anchor, at),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    /// A place in the text as it was before lines were moved.
    fn mark(&self, marker: saphyr_parser::Marker) -> Mark {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let shift = self.moved.get(&marker.line()).copied().unwrap_or_default();
        Mark::new(number(marker.line()), number(marker.col().saturating_sub(shift).saturating_add(1)))
    }

    fn document(&mut self, at: Mark) -> Result<(), Problem> {
        self.documents += 1;
        if self.documents > 1 {
            let help = "keep one document in a file";
            return Err(Problem::new(rules::SEVERAL_DOCUMENTS, at, "a second YAML document begins here").help(help));
        }
        Ok(())
    }

    fn tag(&mut self, there: bool, at: Mark) {
        if there {
            let help = "remove it; quotes make text of anything";
            self.problems.push(Problem::new(rules::YAML_TAG, at, "YAML tags are not understood here").help(help));
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, anchor: usize, at: Mark) -> Result<(), Problem> {
        self.count(1, text.len(), at)?;
        if let Some(Open { content: Content::Map(_, key @ None), .. }) = self.open.last_mut() {
            if style == ScalarStyle::Plain && text == "<<" {
                // Text in quotes may be called the same; this key is known by a character that no text has.
                *key = Some(Key { text: MERGE.to_owned(), at });
                return Ok(());
            }
            if style == ScalarStyle::Plain && text.is_empty() {
                return Err(complex_key(at));
            }
            *key = Some(Key { text: text.to_owned(), at });
            return Ok(());
        }
        let value = match style {
            ScalarStyle::Plain => plain_scalar(text),
            _ => Value::Text(text.to_owned()),
        };
        self.finish(Node { value, at }, anchor, Size { nodes: 1, text: text.len(), height: 0 })
    }

    fn begin(&mut self, content: Content, anchor: usize, at: Mark) -> Result<(), Problem> {
        self.value_expected(at)?;
        if self.open.len() >= DEEPEST {
            return Err(too_deep(at));
        }
        let (nodes_before, text_before) = (self.nodes, self.text);
        self.count(1, 0, at)?;
        self.open.push(Open { at, anchor, content, height: 0, nodes_before, text_before });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Problem> {
        // The parser never ends what it did not begin; without an open one there is nothing to do.
        let Some(open) = self.open.pop() else { return Ok(()) };
        let size = Size {
            nodes: self.nodes.saturating_sub(open.nodes_before),
            text: self.text.saturating_sub(open.text_before),
            height: open.height + 1,
        };
        let value = match open.content {
            Content::List(items) => Value::List(items),
            Content::Map(members, _) => Value::Map(self.merged(members)?),
        };
        self.finish(Node { value, at: open.at }, open.anchor, size)
    }

    /// The members of a map, with those of its merge keys behind them.
    ///
    /// A member of the map itself goes before one that is merged, and the first of several maps before the next.
    fn merged(&mut self, mut members: Members) -> Result<Vec<(Key, Node)>, Problem> {
        let Some(index) = members.list.iter().position(|(key, _)| key.text == MERGE) else { return Ok(members.list) };
        let (key, node) = members.list.remove(index);
        let sources = match node.value {
            Value::List(items) => items,
            value => vec![Node { value, at: node.at }],
        };
        for source in sources {
            let Value::Map(more) = source.value else {
                let problem = Problem::new(rules::COMPLEX_KEY, source.at, "`<<` merges maps, and this is none");
                return Err(problem.help("put an alias of a map here, or put `<<` in quotes"));
            };
            for (key, node) in more {
                if members.place(&key.text).is_none() {
                    members.push(key, node);
                }
            }
        }
        let help = "write the members out, or use a `$ref`: other readers may take `<<` for a name";
        let message = "merge keys are YAML 1.1; the members are merged";
        self.notes.push(Problem::new(rules::MERGE_KEY, key.at, message).help(help));
        Ok(members.list)
    }

    /// Puts a finished value where it belongs.
    fn finish(&mut self, node: Node, anchor: usize, size: Size) -> Result<(), Problem> {
        if anchor != 0 {
            self.copy(size, node.at)?;
            let Size { nodes, text, height } = size;
            self.anchors.insert(anchor, Anchored { node: node.clone(), nodes, text, height });
        }
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        parent.height = parent.height.max(size.height);
        match &mut parent.content {
            Content::List(items) => items.push(node),
            Content::Map(members, key) => {
                let Some(key) = key.take() else { return Err(complex_key(node.at)) };
                match members.place(&key.text) {
                    Some(first) => self.problems.push(duplicate_key(&key, first)),
                    None => members.push(key, node),
                }
            }
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, at: Mark) -> Result<(), Problem> {
        self.value_expected(at)?;
        let Some(anchored) = self.anchors.get(&anchor) else {
            let help = "YAML can't hold a value inside itself; use a `$ref`";
            return Err(
                Problem::new(rules::ANCHOR_INSIDE_ITSELF, at, "this alias stands inside its own anchor").help(help)
            );
        };
        let size = Size { nodes: anchored.nodes, text: anchored.text, height: anchored.height };
        if self.open.len() + size.height > DEEPEST {
            return Err(too_deep(at));
        }
        self.copy(size, at)?;
        self.count(size.nodes, size.text, at)?;
        // Marks stay those of the anchor: that is where a mistake would be mended.
        let Some(anchored) = self.anchors.get(&anchor) else { return Ok(()) };
        let node = anchored.node.clone();
        self.finish(node, 0, size)
    }

    /// A list, map or alias can't be a key.
    fn value_expected(&self, at: Mark) -> Result<(), Problem> {
        match self.open.last() {
            Some(Open { content: Content::Map(_, None), .. }) => Err(complex_key(at)),
            _ => Ok(()),
        }
    }

    fn count(&mut self, nodes: usize, text: usize, at: Mark) -> Result<(), Problem> {
        self.nodes += nodes;
        self.text += text;
        if self.nodes > MOST_NODES { Err(too_many_nodes(at)) } else { Ok(()) }
    }

    /// Counts what is about to be copied for an anchor or an alias.
    fn copy(&mut self, size: Size, at: Mark) -> Result<(), Problem> {
        self.copied_nodes = self.copied_nodes.saturating_add(size.nodes);
        self.copied_text = self.copied_text.saturating_add(size.text);
        if self.copied_nodes > MOST_COPIED_NODES || self.copied_text > MOST_COPIED_TEXT {
            let message = "anchors and aliases make this document too large";
            return Err(Problem::new(rules::ALIAS_BOMB, at, message).help("use a `$ref` for parts that are used often"));
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Size {
    nodes: usize,
    text: usize,
    height: usize,
}

fn complex_key(at: Mark) -> Problem {
    Problem::new(rules::COMPLEX_KEY, at, "this key is not text").help("keys are text: `name: value`")
}
