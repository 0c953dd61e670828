//! What embedded providers play when one call leads to others: pages, counts that take their time, uploads in part.

use crate::verify::Received;
use serde_json::{Value, json};

/// `CleverTap`.
pub mod clevertap {
    use super::{Value, json, query};
    use crate::provider::Play;

    /// Pages of so many events at most, some of them empty, by cursors that need encoding.
    pub fn pages(items: usize, at_most: usize) -> Play {
        Box::new(move |operation, request| {
            let cursor = |from: usize| format!("{from} +/é");
            let from = match operation {
                "query_events" => return Some(json!({"status": "success", "cursor": cursor(0)}).to_string()),
                "get_events_page" => query(request, "cursor")?,
                _ => return None,
            };
            // The cursor `7 +/é again` leads to the items after an empty page.
            let is_empty = !from.contains("again") && from.starts_with('7');
            let from: usize = from.split(' ').next()?.parse().ok()?;
            let to = if is_empty { from } else { items.min(from + 1 + from % at_most) };
            let records: Vec<_> = (from..to).map(|number| json!({"ts": number})).collect();
            let mut page = json!({"status": "success", "records": records});
            if is_empty {
                page["next_cursor"] = format!("{} again", cursor(to)).into();
            } else if to < items {
                page["next_cursor"] = cursor(to).into();
            }
            Some(page.to_string())
        })
    }

    /// Counts that are `partial` for the first answer and so many polls.
    pub fn counts(polls: u32, count: i64) -> Play {
        let mut left = polls;
        Box::new(move |operation, _| {
            let partial = || Some(json!({"status": "partial", "req_id": (1_i64 << 53) + 1}).to_string());
            match operation {
                "count_events" => partial(),
                "poll_event_count" if left > 0 => {
                    left -= 1;
                    partial()
                }
                "poll_event_count" => Some(json!({"status": "success", "count": count}).to_string()),
                _ => None,
            }
        })
    }

    /// Uploads that reject every record whose identity ends in one of these, with its code.
    pub fn uploads(rejected: &'static [(&'static str, i64)]) -> Play {
        Box::new(move |operation, request| {
            let body: Value = serde_json::from_slice(&request.body).ok()?;
            let records = body.get("d").filter(|_| operation == "upload_records")?.as_array()?;
            let code = |record: &Value| {
                let identity = record.get("identity").and_then(Value::as_str).unwrap_or_default();
                rejected.iter().find(|(end, _)| identity.ends_with(end)).map(|(_, code)| *code)
            };
            let unprocessed: Vec<_> = records
                .iter()
                .filter_map(|record| {
                    Some(json!({"status": "fail", "code": code(record)?, "error": "not stored", "record": record}))
                })
                .collect();
            let status = if unprocessed.is_empty() { "success" } else { "partial" };
            let processed = records.len() - unprocessed.len();
            Some(json!({"status": status, "processed": processed, "unprocessed": unprocessed}).to_string())
        })
    }
}

/// The value of a query pair, decoded.
fn query(request: &Received, name: &str) -> Option<String> {
    let url = reqwest::Url::parse(&format!("http://provider{}", request.target)).ok()?;
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}
