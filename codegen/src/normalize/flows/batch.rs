//! `x-batch`: where the records stand in the body, how many a call takes, and what the answer says of them.

use super::Reader;
use crate::finding::shortened;
use crate::ir::{Batch, BatchAnswer, BatchWhich, BodyContent, Operation, ResponseContent, TypeExpr, TypeKind, Way};
use crate::spec::Node;

impl<'r> Reader<'r, '_> {
    pub(super) fn batch(&self, operation: &'r Operation, node: &Node) -> Option<Batch> {
        let records_node = self.member(node, "records")?;
        let (records, record) = self.records(operation, node, records_node)?;
        let limit = self.count(node, "limit")?;
        let bytes = node.get("bytes").map(|_| self.count(node, "bytes"));
        let smaller: Option<Vec<_>> =
            node.get("smaller").map(Node::items).unwrap_or_default().iter().map(|node| self.smaller(node)).collect();
        let body = self.body(operation, node)?;
        let accepted = match node.get("accepted") {
            None => None,
            Some(member) => Some(self.number(body, member)?),
        };
        let complete = match node.get("complete") {
            None => None,
            Some(member) => Some(self.condition(body, member)?),
        };
        let (rejected, rejection) = match node.get("rejected") {
            None => (None, TypeExpr::Any),
            Some(member) => {
                let (way, item) = self.items(body, member)?;
                (Some(way), item)
            }
        };
        let which = self.which(node, &rejection, rejected.is_some())?;
        let again = match node.get("again") {
            None => None,
            Some(member) => Some(self.condition(&rejection, member)?),
        };
        let failure = self.failure(operation, node, &rejection);
        Some(Batch {
            records,
            record,
            limit,
            bytes: bytes.map_or(Some(None), |bytes| bytes.map(Some))?,
            smaller: smaller?,
            answer: BatchAnswer { accepted, complete, rejected },
            failure,
            rejected: rejection,
            which,
            again,
        })
    }

    /// The list in the body of the request, which is always there.
    fn records(&self, operation: &'r Operation, node: &Node, at: &Node) -> Option<(String, TypeExpr)> {
        let body = operation.body.as_ref().filter(|body| body.required && body.alternatives.is_empty());
        let Some(BodyContent::Json(body)) = body.map(|body| &body.content) else {
            self.report(node, "the body is not always JSON", "describe one required body of JSON");
            return None;
        };
        let (way, record) = self.items(body, at)?;
        if way.steps.iter().any(|step| step.options > 0) {
            let message = "the list of records may be missing from the body";
            self.report(at, message, "add it to the schema's `required`, and everything on its way");
            return None;
        }
        Some((at.text().unwrap_or_default().to_owned(), record))
    }

    fn count(&self, node: &Node, key: &str) -> Option<u32> {
        let count = node.get(key).and_then(|node| node.to_json().as_u64()).and_then(|count| u32::try_from(count).ok());
        let count = count.filter(|count| *count > 0);
        if count.is_none() {
            self.report(
                node.get(key).unwrap_or(node),
                &format!("`{key}` is a number from 1"),
                "write the documented one",
            );
        }
        count
    }

    fn smaller(&self, node: &Node) -> Option<(String, Vec<serde_json::Value>, u32)> {
        let at = self.member(node, "at")?;
        let values: Vec<_> =
            node.get("equals").map(Node::items).unwrap_or_default().iter().map(Node::to_json).collect();
        if !at.text().is_some_and(|text| text.starts_with('/')) || values.is_empty() {
            self.report(
                node,
                "a smaller limit needs a JSON Pointer and values",
                "write `{at: /type, equals: [token], limit: 100}`",
            );
            return None;
        }
        if let Some(value) = values.iter().find(|value| value.is_array() || value.is_object() || value.is_f64()) {
            let message = format!("`{}` is not compared", shortened(&value.to_string(), 60));
            self.report(node, &message, "list texts, integers and booleans");
            return None;
        }
        Some((at.text().unwrap_or_default().to_owned(), values, self.count(node, "limit")?))
    }

    /// An integer in an answer.
    fn number(&self, body: &TypeExpr, node: &Node) -> Option<Way> {
        let way = self.way(body, node)?;
        if !matches!(way.ty, TypeExpr::Integer(_)) {
            let message =
                format!("the member at `{}` is not an integer", shortened(node.text().unwrap_or_default(), 60));
            self.report(node, &message, "name a whole number that is described");
            return None;
        }
        Some(way)
    }

    /// How a rejection names its record; nothing if it does not.
    #[allow(clippy::option_option, reason = "nothing at all means that a finding was reported")]
    fn which(&self, node: &Node, rejection: &TypeExpr, has_rejections: bool) -> Option<Option<BatchWhich>> {
        match (node.get("index"), node.get("echo")) {
            (None, None) => Some(None),
            (Some(extra), Some(_)) => {
                self.report(
                    extra,
                    "a record is named by its place or by itself",
                    "leave one of `index` and `echo` away",
                );
                None
            }
            (Some(extra), None) | (None, Some(extra)) if !has_rejections => {
                self.report(extra, "there are no rejections in which it could stand", "add `rejected`");
                None
            }
            (Some(index), None) => Some(Some(BatchWhich::Index(self.number(rejection, index)?))),
            (None, Some(echo)) => Some(Some(BatchWhich::Echo(self.way(rejection, echo)?))),
        }
    }

    /// What a declared error says of records: the same members, where its one type has them.
    fn failure(&self, operation: &Operation, node: &Node, rejection: &TypeExpr) -> Option<BatchAnswer> {
        let declared = operation.errors.iter().map(|response| match &response.content {
            ResponseContent::Json(ty) => Some(ty),
            _ => None,
        });
        let refused = operation.successes.iter().filter_map(|response| Some(Some(&response.failure.as_ref()?.body)));
        let mut types = declared.chain(refused);
        let first = types.next().flatten()?;
        if !types.all(|ty| ty == Some(first)) {
            return None;
        }
        let way = |key: &str| self.quiet_way(first, node.get(key)?.text()?);
        let list = TypeExpr::List(Box::new(rejection.clone()));
        let rejected = way("rejected").filter(|way| way.ty == list);
        let accepted = way("accepted").filter(|way| matches!(way.ty, TypeExpr::Integer(_)));
        (rejected.is_some() || accepted.is_some()).then_some(BatchAnswer { accepted, complete: None, rejected })
    }

    /// A way that may lead nowhere.
    fn quiet_way(&self, body: &TypeExpr, pointer: &str) -> Option<Way> {
        let (mut ty, mut steps) = (body, Vec::new());
        for token in pointer.strip_prefix('/')?.split('/') {
            let TypeExpr::Named(name) = ty else { return None };
            let TypeKind::Struct(object) = &self.ir.types.iter().find(|def| def.name == *name)?.kind else {
                return None;
            };
            let field = object.fields.iter().find(|field| field.wire == super::unescaped(token))?;
            steps.push(super::step(field));
            ty = &field.ty;
        }
        Some(Way { steps, ty: ty.clone() })
    }
}
