//! Long names made shorter, each from its own text, so that a neighbour changes none.
//!
//! 1. A method loses the word `controller`, which frameworks put between the tag and the verb, and the words with
//!    which nearly all operations of a document begin.
//! 2. A type that is named by its place loses words that are in it already; what is still long keeps its beginning
//!    and its end, with a hash of the place between the two and the next.
//!
//! Names that a document or `x-rust-name` gives a component stay as they are.

use super::names::{hash, joined, pascal, snake};
use std::collections::{BTreeMap, BTreeSet};

/// Types that are named by their place are not longer than this.
pub(super) const LONGEST_TYPE: usize = 60;
/// A prefix that fewer operations share says something.
const FEWEST_SHARING: usize = 20;

/// Shorter method names by operationId, where there is one and it leaves them different.
pub(super) fn methods(ids: &[&str]) -> BTreeMap<String, String> {
    let words: Vec<Vec<String>> = ids.iter().map(|id| words_of(id)).collect();
    let prefix = shared_prefix(&words);
    let wishes: Vec<String> = words
        .into_iter()
        .map(|words| match words.strip_prefix(prefix.as_slice()) {
            Some(rest) if rest.len() >= 2 => rest.join("_"),
            _ => words.join("_"),
        })
        .collect();
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    wishes.iter().for_each(|wish| *uses.entry(wish).or_default() += 1);
    let whole: BTreeSet<String> = ids.iter().map(|id| snake(id)).collect();
    let is_free = |id: &str, wish: &str| uses[wish] == 1 && snake(id) != wish && !whole.contains(wish);
    let shorter = ids.iter().zip(&wishes).filter(|(id, wish)| is_free(id, wish));
    shorter.map(|(id, wish)| ((*id).to_owned(), wish.clone())).collect()
}

/// The words of an operationId, without the class that it was taken from.
fn words_of(id: &str) -> Vec<String> {
    let name = snake(id);
    let mut words: Vec<String> = name.split('_').map(str::to_owned).collect();
    let is_class = id.contains("Controller_") || id.contains("Controller.") || id.contains("controller_");
    if let (true, Some(at)) = (is_class, words.iter().position(|word| word == "controller"))
        && at > 0
        && at + 1 < words.len()
    {
        words.remove(at);
    }
    words
}

/// The words with which nine of ten begin, if there are many of them.
fn shared_prefix(names: &[Vec<String>]) -> Vec<String> {
    let mut prefix: Vec<String> = Vec::new();
    if names.len() < FEWEST_SHARING {
        return prefix;
    }
    loop {
        let mut next: BTreeMap<&str, usize> = BTreeMap::new();
        for word in names.iter().filter_map(|words| words.strip_prefix(prefix.as_slice())?.first()) {
            *next.entry(word).or_default() += 1;
        }
        match next.into_iter().max_by_key(|(_, count)| *count) {
            Some((word, count)) if count * 10 >= names.len() * 9 => {
                let word = word.to_owned();
                prefix.push(word);
            }
            _ => return prefix,
        }
    }
}

/// A type's name, cut to what people read.
pub(super) fn type_name(wish: &str, key: &str) -> String {
    if wish.len() <= LONGEST_TYPE {
        return wish.to_owned();
    }
    let name = snake(wish);
    let mut seen = BTreeSet::new();
    let all: Vec<&str> = name.split('_').collect();
    let last = all.len().saturating_sub(1);
    let words: Vec<&str> = all
        .into_iter()
        .enumerate()
        .filter(|(at, word)| seen.insert(*word) || *at == last)
        .map(|(_, word)| word)
        .collect();
    let once = pascal(&words.join("_"));
    if once.len() <= LONGEST_TYPE {
        return once;
    }
    let half = LONGEST_TYPE / 2 - 2;
    let fitting = |words: &mut dyn Iterator<Item = &str>| {
        let mut length = 0;
        words
            .take_while(|word| {
                length += word.len();
                length <= half
            })
            .count()
    };
    let head = fitting(&mut words.iter().copied()).max(1);
    let tail = fitting(&mut words[head..].iter().rev().copied());
    let ends: Vec<&str> = words[..head].iter().chain(&words[words.len() - tail..]).copied().collect();
    joined(&pascal(&ends.join("_")), &hash(key, 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_lose_what_all_of_them_say() {
        let things = ["Order", "Cart", "Payment", "Store", "Zone"];
        let verbs = ["Get", "Post", "Delete", "Head", "Query"];
        let of = |thing: &str| verbs.map(|verb| format!("ByProjectKey{thing}{verb}"));
        let ids: Vec<String> = things.into_iter().flat_map(of).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).chain(["ByProjectKeyGet", "other"]).collect();
        let names = methods(&ids);
        assert_eq!(names["ByProjectKeyCartGet"], "cart_get");
        assert!(!names.contains_key("ByProjectKeyGet"), "one word is no name");
        assert!(!names.contains_key("other"));
        assert!(methods(&["getA", "getB"]).is_empty(), "few operations may begin alike");
    }

    #[test]
    fn methods_lose_their_class() {
        let names = methods(&["AccountsController_getAll", "Controller_get", "accounts_get", "AccountsController_get"]);
        assert_eq!(names["AccountsController_getAll"], "accounts_get_all");
        assert!(!names.contains_key("Controller_get"));
        assert!(!names.contains_key("AccountsController_get"), "the shorter name is another's");
    }

    #[test]
    fn types_say_each_word_once() {
        let wish = "WebhookDeploymentCreatedDeploymentStatusWebhookCreatedPermissionsItem";
        assert_eq!(type_name(wish, "/a"), "WebhookDeploymentCreatedStatusPermissionsItem");
        assert_eq!(type_name("Short", "/a"), "Short");
        let long = "AlphaBravoCharlieDeltaEchoFoxtrotGolfHotelIndiaJuliettKiloLimaMikeNovember";
        let (a, b) = (type_name(long, "/a"), type_name(long, "/b"));
        assert_ne!(a, b);
        assert!(a.starts_with("AlphaBravoCharlieDelta") && a.contains("MikeNovember"), "{a}");
        assert!(a.len() <= LONGEST_TYPE + 5, "{a}");
        assert_eq!(type_name(&a, "/a"), a, "a short name stays");
    }
}
