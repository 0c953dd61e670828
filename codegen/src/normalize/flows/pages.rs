//! `x-pages`: where a page has its items and the next cursor.

use super::{Reader, other};
use crate::ir::{Operation, Pages};
use crate::spec::Node;

impl<'r> Reader<'r, '_> {
    pub(super) fn pages(&self, operation: &'r Operation, node: &Node) -> Option<Pages> {
        let Some(next_node) = node.get("next") else {
            let body = self.body(operation, node)?;
            let parameter = self.parameter(operation, self.member(node, "parameter")?)?;
            let cursor = self.cursor(operation, body, self.member(node, "cursor")?, parameter)?;
            let (items, item) = self.items(body, self.member(node, "items")?)?;
            self.others(operation, operation, parameter, node)?;
            return Some(Pages {
                next: other(operation),
                parameter: (parameter.place, parameter.wire.clone()),
                first_is_page: true,
                begins_at_cursor: parameter.required,
                first_cursor: cursor.clone(),
                cursor,
                items,
                item,
            });
        };
        if let Some(parameter) = node.get("parameter") {
            let help = "it belongs to `next`";
            self.report(parameter, "the operation itself takes no cursor where another one goes on", help);
            return None;
        }
        let operation_node = self.member(next_node, "operation")?;
        let next = self.operation(operation_node)?;
        let (first, page) = (self.body(operation, node)?, self.body(next, operation_node)?);
        let parameter = self.parameter(next, self.member(next_node, "parameter")?)?;
        let first_cursor = self.cursor(operation, first, self.member(node, "cursor")?, parameter)?;
        let cursor = self.cursor(next, page, self.member(next_node, "cursor")?, parameter)?;
        let (items, item) = self.items(page, self.member(next_node, "items")?)?;
        self.others(operation, next, parameter, operation_node)?;
        let first_is_page = match node.get("items") {
            None => false,
            Some(first_items) => {
                let (first_items_way, _) = self.items(first, first_items)?;
                if first != page || first_items_way != items {
                    let message =
                        "the first answer is of another type than the pages that follow, or has its items elsewhere";
                    self.report(first_items, message, "leave `items` away if the first answer holds none");
                    return None;
                }
                true
            }
        };
        Some(Pages {
            next: other(next),
            parameter: (parameter.place, parameter.wire.clone()),
            first_is_page,
            begins_at_cursor: false,
            first_cursor,
            cursor,
            items,
            item,
        })
    }
}
