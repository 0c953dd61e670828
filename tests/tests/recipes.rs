//! The engine's tests hold the four providers' recipes as JSON, because `auth` reads no YAML: they are the specs' own.

use countersign_auth::document::{Value, recipes_from_components};
use countersign_auth::recipe::Recipe;
use countersign_codegen::{parse, signing};
use countersign_tests::{document, workspace};

#[test]
fn the_engine_is_tested_with_the_recipes_of_the_specs() {
    let file = workspace::root().join("auth/tests/vectors/recipes.json");
    let text = std::fs::read_to_string(&file).expect("the file");
    let read = recipes_from_components(&Value::from_json(&text).expect("JSON")).expect("recipes");
    let mut ours: Vec<Recipe> = read.recipes.into_iter().map(|declared| declared.recipe).collect();
    let mut specs: Vec<Recipe> = Vec::new();
    for provider in workspace::providers() {
        let spec = parse::read(&document::spec_file(&provider, "openapi.yaml")).expect("a spec");
        specs.extend(signing::recipes(&spec).expect("recipes"));
    }
    ours.sort_by(|a, b| a.name.cmp(&b.name));
    specs.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(specs.len() >= 7, "{}", specs.len());
    assert_eq!(ours, specs);
}
