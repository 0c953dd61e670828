//! Names once chosen stay: a new neighbour yields, an `x-rust-name` replaces, what vanished is reported.

use countersign_codegen::ir::{Ir, TypeKind};
use countersign_codegen::kept::Names;
use countersign_codegen::normalize::{Context, Normalized, normalize};
use countersign_codegen::parse::parse;

const HEAD: &str = "openapi: 3.0.3\ninfo: {title: Case, version: '1'}\nservers: [{url: 'https://acme.example'}]\n";

fn normalized(text: &str, names: &Names) -> Normalized {
    let spec = parse("case.yaml", format!("{HEAD}{text}")).expect("YAML");
    let context = Context { names: names.clone(), names_file: "names.json".to_owned(), ..Context::default() };
    normalize(&spec, &context).unwrap_or_else(|findings| panic!("{findings:#?}"))
}

/// What a run on new text says that follows a run on old text.
fn after(old: &str, new: &str) -> Normalized {
    let first = normalized(old, &Names::default());
    let same = normalized(old, &first.names);
    assert_eq!(same.names, first.names, "a second run changes nothing");
    assert_eq!(format!("{:?}", same.ir), format!("{:?}", first.ir));
    normalized(new, &first.names)
}

fn rules(normalized: &Normalized) -> Vec<(&str, &str)> {
    let ours = ["names-file", "renamed", "vanished-name"];
    let notes = normalized.notes.iter().filter(|note| ours.contains(&note.rule));
    notes.map(|note| (note.rule, note.pointer.as_str())).collect()
}

fn operation(path: &str, id: &str, more: &str) -> String {
    format!("  {path}: {{get: {{operationId: {id}, {more}responses: {{'200': {{description: d}}}}}}}}\n")
}

fn method<'i>(ir: &'i Ir, path: &str) -> &'i str {
    ir.operations.iter().find(|operation| operation.path == path).map_or("", |operation| &operation.name)
}

fn schemas(text: &str) -> String {
    format!("paths: {{}}\ncomponents:\n  schemas:\n{text}")
}

#[test]
fn a_new_operation_yields() {
    let old = format!("paths:\n{}", operation("/a", "getOrder", ""));
    let new = format!("paths:\n{}{}", operation("/b", "get_order", ""), operation("/a", "getOrder", ""));
    // Without the file both would be called after their places, the old one, too.
    let without = normalized(&new, &Names::default());
    assert_eq!([method(&without.ir, "/a"), method(&without.ir, "/b")], ["get_a", "get_b"]);
    let grown = after(&old, &new);
    assert_eq!(method(&grown.ir, "/a"), "get_order");
    assert_eq!(method(&grown.ir, "/b"), "get_b");
    assert_eq!(rules(&grown), []);
    // And the newcomer keeps its name in turn, also when the first one goes.
    let gone = normalized(&format!("paths:\n{}", operation("/b", "get_order", "")), &grown.names);
    assert_eq!(method(&gone.ir, "/b"), "get_b");
    assert!(rules(&gone).contains(&("vanished-name", "/paths/~1a/get")), "{:?}", rules(&gone));
    assert!(!gone.names.methods.contains_key("/paths/~1a/get"));
}

#[test]
fn a_new_component_yields_to_an_inline_type_and_to_an_operation() {
    let inline = "    Order: {type: object, properties: {item: {type: object, properties: {a: {type: string}}}}}\n";
    let added = "    OrderItem: {type: object, properties: {b: {type: string}}}\n";
    let grown = after(&schemas(inline), &schemas(&format!("{inline}{added}")));
    let of = |pointer: &str| grown.ir.types.iter().find(|def| def.pointer == pointer).map(|def| def.name.as_str());
    assert_eq!(of("/components/schemas/Order/properties/item"), Some("OrderItem"));
    assert_eq!(of("/components/schemas/OrderItem"), Some("OrderItemModel"));

    let old = format!("paths:\n{}", operation("/a", "createOrder", ""));
    let new = format!(
        "{old}components:\n  schemas:\n    CreateOrder: {{type: object, properties: {{a: {{type: string}}}}}}\n"
    );
    let grown = after(&old, &new);
    assert_eq!(grown.ir.operations[0].marker, "CreateOrder");
    assert_eq!(grown.ir.types[0].name, "CreateOrderModel");
}

#[test]
fn new_fields_values_arguments_and_tags_yield() {
    let object = |members: &str| schemas(&format!("    Order: {{type: object, properties: {{{members}}}}}\n"));
    let grown =
        after(&object("itemCount: {type: string}"), &object("item_count: {type: string}, itemCount: {type: string}"));
    let TypeKind::Struct(order) = &grown.ir.types[0].kind else { panic!("a struct") };
    let fields: Vec<_> = order.fields.iter().map(|field| (field.wire.as_str(), field.name.as_str())).collect();
    assert_eq!(fields, [("itemCount", "item_count"), ("item_count", "item_count_member")]);

    let choice = |values: &str| schemas(&format!("    State: {{type: string, enum: [{values}]}}\n"));
    let grown = after(&choice("SPE, other"), &choice("Spe, SPE, other"));
    let TypeKind::Enum(state) = &grown.ir.types[0].kind else { panic!("an enum") };
    let variants: Vec<_> =
        state.variants.iter().map(|variant| (variant.wire.as_str(), variant.name.as_str())).collect();
    assert_eq!(variants, [("Spe", "SpeValue"), ("SPE", "Spe"), ("other", "Other")]);

    let query = |name: &str| format!("{{name: {name}, in: query, schema: {{type: string}}}}");
    let with =
        |list: &str| format!("paths:\n{}", operation("/a", "a", &format!("tags: [My Tag], parameters: [{list}], ")));
    let grown = after(&with(&query("pageSize")), &with(&format!("{}, {}", query("page_size"), query("pageSize"))));
    let arguments =
        grown.ir.operations[0].parameters.iter().map(|parameter| (parameter.wire.as_str(), parameter.name.as_str()));
    assert_eq!(arguments.collect::<Vec<_>>(), [("pageSize", "page_size"), ("page_size", "page_size_query")]);

    let other =
        format!("paths:\n{}{}", operation("/a", "a", "tags: [My Tag], "), operation("/b", "b", "tags: [my_tag], "));
    let grown = after(&with(""), &other);
    let modules: Vec<_> = grown.ir.operations.iter().map(|operation| operation.module.as_str()).collect();
    assert_eq!(modules, ["my_tag", "my_tag_operations"]);
}

#[test]
fn x_rust_name_replaces_and_is_reported() {
    let old = format!("paths:\n{}", operation("/a", "getOrder", ""));
    let new = format!("paths:\n{}", operation("/a", "getOrder", "x-rust-name: order_of, "));
    let changed = after(&old, &new);
    assert_eq!(method(&changed.ir, "/a"), "order_of");
    assert_eq!(changed.ir.operations[0].marker, "OrderOf", "what stands inside follows");
    assert!(rules(&changed).contains(&("renamed", "/paths/~1a/get")), "{:?}", rules(&changed));
    assert_eq!(changed.names.methods["/paths/~1a/get"], "order_of");
    assert_eq!(rules(&normalized(&new, &changed.names)), [], "it is reported once");
}

#[test]
fn a_file_can_choose_but_not_break() {
    let text = format!("paths:\n{}", operation("/a", "getOrder", ""));
    let choose = |name: &str| {
        let mut names = Names::default();
        names.methods.insert("/paths/~1a/get".to_owned(), name.to_owned());
        normalized(&text, &names)
    };
    assert_eq!(method(&choose("fetch").ir, "/a"), "fetch");
    for bad in ["", "Get", "a b", "fn", "builder", "get-order", "r#type", "a\nb"] {
        let made = choose(bad);
        assert_eq!(method(&made.ir, "/a"), "get_order", "{bad:?}");
        assert!(rules(&made).contains(&("names-file", "/paths/~1a/get")), "{bad:?}: {:?}", rules(&made));
    }
}
