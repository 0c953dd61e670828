//! The changes that can be made to a recipe: for each word of the vocabulary, what could stand instead.

use countersign_auth::document::Value;

/// One change.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// JSON Pointer inside the recipe.
    pub(crate) place: String,
    /// What was done there.
    pub(crate) change: String,
    /// The recipe after it.
    pub(crate) recipe: Value,
}

/// What explains, and what describes the freedom of others: no signature depends on it.
const NOT_SIGNED: [&str; 2] = ["x-assumed", "settable"];

/// Every change of every part.
pub(crate) fn changes(recipe: &Value) -> Vec<Change> {
    let steps: Vec<String> = match member(recipe, "values") {
        Some(Value::Map(steps)) => steps.iter().map(|(name, _)| name.clone()).collect(),
        _ => Vec::new(),
    };
    let mut found = Changes { root: recipe, steps: &steps, found: Vec::new() };
    found.visit(&mut Vec::new(), recipe);
    found.add_missing_parts(recipe);
    found.found
}

/// Leaves of the recipe that no change touches.
pub(crate) fn untouched(recipe: &Value, changes: &[Change]) -> Vec<String> {
    let mut leaves = Vec::new();
    collect_leaves("", recipe, &mut leaves);
    let original = |place: &str| at(recipe, place).cloned();
    leaves.retain(|leaf| {
        let itself = |change: &Change| change.place == *leaf && at(&change.recipe, leaf).cloned() != original(leaf);
        !changes.iter().any(itself)
    });
    leaves
}

/// Puts something else into a place of a recipe.
pub(crate) fn replace(recipe: &mut Value, pointer: &str, new: Value) {
    put(recipe, &pointer.split('/').skip(1).map(str::to_owned).collect::<Vec<_>>(), Some(new));
}

struct Changes<'a> {
    root: &'a Value,
    steps: &'a [String],
    found: Vec<Change>,
}

impl Changes<'_> {
    fn visit(&mut self, path: &mut Vec<String>, value: &Value) {
        let key = path.last().map(String::as_str).unwrap_or_default();
        if NOT_SIGNED.contains(&key) {
            return;
        }
        for (change, replacement) in self.alternatives(path, value) {
            self.replace(path, change, Some(replacement));
        }
        if is_removable(path) {
            self.replace(path, "taken away".to_owned(), None);
        }
        match value {
            Value::Map(members) => {
                self.reorder(path, members);
                for (name, value) in members {
                    path.push(name.clone());
                    self.visit(path, value);
                    path.pop();
                }
            }
            Value::List(items) => {
                self.change_list(path, items);
                for (index, item) in items.iter().enumerate() {
                    path.push(index.to_string());
                    self.visit(path, item);
                    path.pop();
                }
            }
            _ => {}
        }
    }

    /// What could stand in this place instead.
    fn alternatives(&self, path: &[String], value: &Value) -> Vec<(String, Value)> {
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        let Value::Text(text) = value else { return self.compound_alternatives(&words, value) };
        let others =
            |list: &[&str]| list.iter().filter(|other| *other != text).map(|other| (*other).to_owned()).collect();
        let texts: Vec<String> = match words[..] {
            ["values", step, .., "of"] | ["values", step, "key"] if words.len() == 3 && self.is_step(text) => {
                self.steps_but(&[text, step])
            }
            ["values", step, "json-array" | "concat", _] => self.steps_but(&[text, step]),
            ["values", step, "claims" | "json-object", _] => self.steps_but(&[text, step]),
            ["values", _, "hash"] => others(&["md5", "sha-1", "sha-256", "sha-384", "sha-512"]),
            ["values", _, "hmac"] => others(&["sha-1", "sha-256", "sha-384", "sha-512"]),
            ["values", _, "jws"] => others(&["HS256", "HS384", "HS512"]),
            ["values", _, "random"] => others(&["uuid-v4", "hex-16", "base64url-16"]),
            ["values", _, "time"] => others(&["unix-s", "unix-ms", "rfc3339", "http-date"]),
            ["values", _, "plus"] => vec!["1s".to_owned(), "299s".to_owned(), "301s".to_owned(), "10m".to_owned()],
            ["values", .., "encode"] => others(&["hex", "hex-upper", "base64", "base64url", "raw"]),
            ["values", .., "decode"] => others(&["utf8", "hex", "base64", "base64url"]),
            ["values", .., "escape"] => others(&["minimal", "php"]),
            ["values", .., "arrays"] => others(&["assoc", "object"]),
            ["values", .., "request"] => others(&["method", "path", "query", "target", "host", "url", "body"]),
            ["rules", "freshness", "window"] => vec!["299s".to_owned(), "301s".to_owned()],
            ["rules", "lifetime", "max"] => vec!["3599s".to_owned(), "3601s".to_owned()],
            ["rules", _, "of"] | ["rules", "single-use", _] | ["send", "body"] | ["give"] => self.steps_but(&[text]),
            ["send", "header" | "query", _] => self.templates(text),
            _ => vec![format!("{text}x")],
        };
        texts.into_iter().map(|other| (other.clone(), Value::Text(other))).collect()
    }

    fn compound_alternatives(&self, words: &[&str], value: &Value) -> Vec<(String, Value)> {
        match (words, value) {
            (["values", _], Value::Map(_)) => vec![("a fixed text instead".to_owned(), literal("x"))],
            (["values", _, "of"] | ["values", _, "json-array" | "concat", _], Value::Map(_)) => {
                let texts = self.steps.iter().map(|step| (step.clone(), Value::Text(step.clone())));
                texts.chain([("a fixed text instead".to_owned(), literal("x"))]).collect()
            }
            (_, Value::Bool(value)) => vec![(format!("{}", !value), Value::Bool(!value))],
            (_, Value::Number(text)) => {
                let number: i64 = text.parse().unwrap_or_default();
                let near = [number - 1, number + 1];
                near.into_iter().map(|other| (other.to_string(), Value::Number(other.to_string()))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Another step in the template, text before it, text after it.
    fn templates(&self, template: &str) -> Vec<String> {
        let mut others = vec![format!("x{template}"), format!("{template}x")];
        for used in self.steps.iter().filter(|step| template.contains(&format!("{{{step}}}"))) {
            let replaced = |other: String| template.replace(&format!("{{{used}}}"), &format!("{{{other}}}"));
            others.extend(self.steps_but(&[used]).into_iter().map(replaced));
        }
        others
    }

    fn change_list(&mut self, path: &[String], items: &[Value]) {
        for index in 0..items.len() {
            let mut without = items.to_vec();
            let item = without.remove(index);
            self.replace(path, format!("item {index} taken away"), Some(Value::List(without)));
            let mut doubled = items.to_vec();
            doubled.insert(index, item);
            self.replace(path, format!("item {index} doubled"), Some(Value::List(doubled)));
            if index + 1 < items.len() {
                let mut swapped = items.to_vec();
                swapped.swap(index, index + 1);
                self.replace(path, format!("items {index} and {} exchanged", index + 1), Some(Value::List(swapped)));
            }
        }
    }

    /// Where the order of members is on the wire: headers sent, claims, members of JSON objects.
    fn reorder(&mut self, path: &[String], members: &[(String, Value)]) {
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        let ordered =
            matches!(words[..], ["send", "header" | "query"] | ["values", _, "claims" | "header" | "json-object"]);
        for index in 0..if ordered { members.len() } else { 0 } {
            let mut renamed = members.to_vec();
            let name = format!("{}-X", renamed[index].0);
            let change = format!("{} called {name}", renamed[index].0);
            renamed[index].0 = name;
            self.replace(path, change, Some(Value::Map(renamed)));
            if index + 1 < members.len() {
                let mut swapped = members.to_vec();
                swapped.swap(index, index + 1);
                let change = format!("{} and {} exchanged", members[index].0, members[index + 1].0);
                self.replace(path, change, Some(Value::Map(swapped)));
            }
        }
    }

    /// Parts that the recipe does not have, each added.
    fn add_missing_parts(&mut self, recipe: &Value) {
        let Some(Value::Map(steps)) = member(recipe, "values") else { return };
        for (name, step) in steps {
            let path = ["values".to_owned(), name.clone()];
            let has = |key: &str| member(step, key).is_some();
            let mut add = |key: &str, value: Value| {
                if !has(key) {
                    self.add(&path, step, key, value);
                }
            };
            if has("credential") {
                add("secret", Value::Bool(true));
            }
            if has("key") && !has("hmac") && !has("jws") {
                for decode in ["hex", "base64", "base64url"] {
                    add("decode", text(decode));
                }
                add("strip-prefix", text("no"));
            }
            if has("time") {
                add("plus", text("1s"));
            }
            if has("concat") {
                add("separator", text("x"));
            }
            if ["hash", "hmac", "concat", "php-json", "form", "sorted-form"].into_iter().any(has) {
                add("without-body", text("x"));
                add("empty", text("x"));
            }
        }
        self.add_from_root(&mut Vec::new(), recipe);
        self.add_to_the_ends(recipe);
    }

    fn add_from_root(&mut self, path: &mut Vec<String>, value: &Value) {
        if let Some(Value::Text(part)) = member(value, "request")
            && matches!(part.as_str(), "path" | "target")
        {
            self.add(path, value, "from", text("root"));
        }
        let children: Vec<(String, &Value)> = match value {
            Value::Map(members) => members.iter().map(|(name, value)| (name.clone(), value)).collect(),
            Value::List(items) => items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect(),
            _ => Vec::new(),
        };
        for (name, value) in children {
            path.push(name);
            self.add_from_root(path, value);
            path.pop();
        }
    }

    fn add_to_the_ends(&mut self, recipe: &Value) {
        let first = |place: &str| match at(recipe, place) {
            Some(Value::Map(members)) => members.first().map(|(_, value)| value.clone()),
            _ => None,
        };
        if let (Some(send), Some(template)) = (member(recipe, "send"), first("/send/header")) {
            self.add(&["send".to_owned()], send, "query", Value::Map(vec![("x".to_owned(), template.clone())]));
            if let Some(step) = self.steps.last() {
                self.add(&["send".to_owned()], send, "body", text(step));
            }
            if let Some(headers) = member(send, "header") {
                self.add(&["send".to_owned(), "header".to_owned()], headers, "X-More", template);
            }
        }
        if member(recipe, "rules").is_none() {
            for step in self.steps {
                let rules = Value::Map(vec![("single-use".to_owned(), Value::List(vec![text(step)]))]);
                self.add(&[], recipe, "rules", rules);
            }
        }
        if let Some(rules) = member(recipe, "rules") {
            let path = ["rules".to_owned()];
            for step in self.steps {
                self.add(&path, rules, "single-use", Value::List(vec![text(step)]));
                let of = |limit: &str| Value::Map(vec![("of".to_owned(), text(step)), (limit.to_owned(), text("5m"))]);
                self.add(&path, rules, "freshness", of("window"));
                self.add(&path, rules, "lifetime", of("max"));
            }
        }
    }

    fn add(&mut self, path: &[String], map: &Value, key: &str, value: Value) {
        let Value::Map(members) = map else { return };
        if members.iter().any(|(name, _)| name == key) {
            return;
        }
        let mut members = members.clone();
        let change = format!("{key}: {} added", show(&value));
        members.push((key.to_owned(), value));
        self.replace(path, change, Some(Value::Map(members)));
    }

    fn replace(&mut self, path: &[String], change: String, value: Option<Value>) {
        let place = path.iter().fold(String::new(), |place, token| place + "/" + token);
        let mut recipe = self.root.clone();
        put(&mut recipe, path, value);
        self.found.push(Change { place, change, recipe });
    }

    fn is_step(&self, text: &str) -> bool {
        self.steps.iter().any(|step| step == text)
    }

    fn steps_but(&self, but: &[&str]) -> Vec<String> {
        self.steps.iter().filter(|step| !but.contains(&step.as_str())).cloned().collect()
    }
}

/// Members of maps that stand for something by being there; list items have changes of their own.
fn is_removable(path: &[String]) -> bool {
    path.last().is_some_and(|last| last.parse::<usize>().is_err())
}

fn put(value: &mut Value, path: &[String], new: Option<Value>) {
    let Some((first, rest)) = path.split_first() else {
        *value = new.expect("the whole is never taken away");
        return;
    };
    match value {
        Value::Map(members) => {
            let index = members.iter().position(|(name, _)| name == first).expect("the path leads somewhere");
            if !rest.is_empty() || new.is_some() {
                put(&mut members[index].1, rest, new);
            } else {
                members.remove(index);
            }
        }
        Value::List(items) => put(&mut items[first.parse::<usize>().expect("an index")], rest, new),
        _ => panic!("the path leads nowhere"),
    }
}

fn at<'a>(value: &'a Value, pointer: &str) -> Option<&'a Value> {
    pointer.split('/').skip(1).try_fold(value, |value, token| match value {
        Value::List(items) => items.get(token.parse::<usize>().ok()?),
        _ => member(value, token),
    })
}

fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Map(members) => members.iter().find(|(known, _)| known == name).map(|(_, value)| value),
        _ => None,
    }
}

fn collect_leaves(pointer: &str, value: &Value, leaves: &mut Vec<String>) {
    let below = |name: &str| format!("{pointer}/{name}");
    match value {
        Value::Map(members) => {
            for (name, value) in members.iter().filter(|(name, _)| !NOT_SIGNED.contains(&name.as_str())) {
                collect_leaves(&below(name), value, leaves);
            }
        }
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                collect_leaves(&below(&index.to_string()), item, leaves);
            }
        }
        _ => leaves.push(pointer.to_owned()),
    }
}

fn literal(text: &str) -> Value {
    Value::Map(vec![("literal".to_owned(), Value::Text(text.to_owned()))])
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn show(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(text) | Value::Text(text) => text.clone(),
        Value::List(items) => items.iter().map(show).collect::<Vec<_>>().join(", "),
        Value::Map(members) => {
            members.iter().map(|(name, value)| format!("{name} {}", show(value))).collect::<Vec<_>>().join(" ")
        }
    }
}
