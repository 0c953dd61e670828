//! Recipes to begin with: schemes of the specs here, and starters.

use crate::workspace;
use anyhow::{Context as _, Result, bail};
use std::fs;
use std::path::Path;
use yaml_serde::{Mapping, Value};

const STARTERS: &str = include_str!("starters.yaml");
/// Made by Python's hashlib and hmac from what the starters say in words; those of custom schemes have an origin.
const VECTORS: &str = include_str!("starters.vectors.json");

/// A security scheme with its recipe, and the recipes that it uses.
pub(super) struct Recipe {
    scheme: Value,
    /// `components.x-signing-recipes` of the spec that it comes from.
    shared: Option<Value>,
    /// What it was proved with.
    vectors: Vec<Value>,
}

impl Recipe {
    /// `vectors.json` of a provider that takes this recipe.
    pub(super) fn vectors(&self, provider: &str) -> Result<String> {
        let renamed = |case: &Value| {
            let mut case = case.clone();
            if let Value::Mapping(members) = &mut case {
                members.insert("recipe".into(), provider.into());
            }
            case
        };
        let by = "another implementation, for the recipe that this one began as";
        let file = Mapping::from_iter([
            (Value::from("provider"), Value::from(provider)),
            (Value::from("produced_by"), Value::from(by)),
            (Value::from("vectors"), Value::Sequence(self.vectors.iter().map(renamed).collect())),
        ]);
        Ok(serde_json::to_string_pretty(&file).context("the vectors can't be written")? + "\n")
    }
}

/// The vectors of a file that are for one recipe. The steps of a vector are in order, which JSON's maps don't keep.
fn vectors_for(text: &str, recipe: &str) -> Vec<Value> {
    let file: Value = yaml_serde::from_str(text).unwrap_or_default();
    let cases = file.get("vectors").and_then(Value::as_sequence).cloned().unwrap_or_default();
    cases.into_iter().filter(|case| case.get("recipe").and_then(Value::as_str) == Some(recipe)).collect()
}

/// The scheme of this name.
///
/// # Errors
/// If there is none, or several.
pub(super) fn find(root: &Path, name: &str) -> Result<Recipe> {
    let starters: Mapping = yaml_serde::from_str(STARTERS).context("the starters can't be read")?;
    if let Some(scheme) = starters.get(name) {
        let cases: Mapping = yaml_serde::from_str(VECTORS).context("the starters' vectors can't be read")?;
        let vectors = cases.get(name).and_then(Value::as_sequence).cloned().unwrap_or_default();
        return Ok(Recipe { scheme: scheme.clone(), shared: None, vectors });
    }
    let mut known: Vec<String> = starters.keys().filter_map(Value::as_str).map(str::to_owned).collect();
    let mut found = Vec::new();
    for provider in workspace::providers(root)? {
        let file = workspace::spec_of(root, &provider)?;
        let text = fs::read_to_string(&file).with_context(|| format!("can't read {}", file.display()))?;
        // A spec that can't be read is `lint`'s business.
        let Ok(document) = yaml_serde::from_str::<Value>(&text) else { continue };
        let components = document.get("components");
        let schemes = components.and_then(|components| components.get("securitySchemes")).and_then(Value::as_mapping);
        for (key, scheme) in schemes.into_iter().flatten().filter(|(_, scheme)| scheme.get("x-signing").is_some()) {
            let Some(key) = key.as_str() else { continue };
            known.push(key.to_owned());
            if key == name {
                let shared = components.and_then(|components| components.get("x-signing-recipes")).cloned();
                let vectors = fs::read_to_string(file.with_file_name("vectors.json")).unwrap_or_default();
                found.push(Recipe { scheme: scheme.clone(), shared, vectors: vectors_for(&vectors, name) });
            }
        }
    }
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => bail!("there is no recipe `{name}`; there are: {}", known.join(", ")),
        _ => bail!("several specs have a scheme `{name}`; copy the one that you mean by hand"),
    }
}

/// Puts a recipe in the place of a document's own security. Operations that ask for nothing stay without.
pub(super) fn sign(document: &mut Value, provider: &str, recipe: &Recipe) {
    let Value::Mapping(root) = document else { return };
    let requirement = Mapping::from_iter([(Value::from(provider), Value::Sequence(Vec::new()))]);
    root.insert("security".into(), Value::Sequence(vec![Value::Mapping(requirement)]));
    if let Some(Value::Mapping(paths)) = root.get_mut("paths") {
        for item in paths.values_mut().filter_map(Value::as_mapping_mut) {
            for operation in item.values_mut().filter_map(Value::as_mapping_mut) {
                let public = operation.get("security").is_some_and(|list| *list == Value::Sequence(Vec::new()));
                if !public {
                    operation.shift_remove("security");
                }
            }
        }
    }
    let components = root.entry("components".into()).or_insert_with(|| Value::Mapping(Mapping::new()));
    let Value::Mapping(components) = components else { return };
    let schemes = Mapping::from_iter([(Value::from(provider), recipe.scheme.clone())]);
    components.insert("securitySchemes".into(), Value::Mapping(schemes));
    if let Some(shared) = recipe.shared.as_ref().filter(|_| uses_shared(&recipe.scheme)) {
        components.insert("x-signing-recipes".into(), shared.clone());
    }
}

/// Whether a recipe refers to one that stands elsewhere.
fn uses_shared(scheme: &Value) -> bool {
    scheme.get("x-signing").is_some_and(|signing| signing.get("use").is_some())
}
