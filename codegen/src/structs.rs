//! Structs, made by progenitor; no other file names it.
//!
//! 1. `document` writes the IR's structs in the small dialect that progenitor's types take without
//!    surprises: objects whose members are scalars, references, lists and maps, under our final field
//!    names. Whatever has a type of ours (enums, unions, exact numbers, dates, values in a box) stands
//!    there as a text that progenitor is told to replace.
//! 2. `run` has progenitor make the types; a panic of its is caught and becomes a finding.
//! 3. `join` pairs each of its structs and fields with ours, one to one, types compared; what differs
//!    is a finding, never passed over.
//! 4. `finish` gives each field its name in JSON, and each struct what callers need: documentation, a
//!    constructor, setters.

use crate::expressions;
use crate::finding::{Finding, Level};
use crate::ir::{Field, IntegerKind, Ir, Struct, TextKind, TypeDef, TypeExpr, TypeKind};
use crate::spec::Mark;
use crate::{docs, lines, sent};
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use syn::visit_mut::{self, VisitMut};

/// All structs of the IR as Rust items, by name.
///
/// # Errors
/// Findings on the structs that progenitor does not take, or makes otherwise than asked.
pub fn emit(ir: &Ir) -> Result<BTreeMap<String, TokenStream>, Vec<Finding>> {
    let structs = structs(ir);
    if structs.is_empty() {
        return Ok(BTreeMap::new());
    }
    let made = run(&document(ir, &structs)).map_err(|message| blame(ir, &structs, &message))?;
    let joined = join(ir, &structs, made)?;
    let sent = sent::names(ir);
    Ok(joined
        .into_iter()
        .map(|(def, object, item)| (def.name.clone(), finish(def, object, item, sent.contains(def.name.as_str()))))
        .collect())
}

fn structs(ir: &Ir) -> Vec<(&TypeDef, &Struct)> {
    let structs = ir.types.iter().filter_map(|def| match &def.kind {
        TypeKind::Struct(object) => Some((def, object)),
        _ => None,
    });
    structs.collect()
}

/// The document that progenitor is given.
pub fn dialect(ir: &Ir) -> Value {
    document(ir, &structs(ir)).document
}

/// A document of the dialect, and the types that take the place of some of its components.
#[derive(Debug)]
struct Dialect {
    document: Value,
    replacements: BTreeMap<String, String>,
}

/// The structs in the dialect.
fn document(ir: &Ir, structs: &[(&TypeDef, &Struct)]) -> Dialect {
    let mut writer = Writer { taken: ir.types.iter().map(|def| def.name.as_str()).collect(), ..Writer::default() };
    let wanted: BTreeMap<&str, &Struct> = structs.iter().map(|(def, object)| (def.name.as_str(), *object)).collect();
    for def in &ir.types {
        match wanted.get(def.name.as_str()) {
            Some(object) => {
                let schema = writer.object(object);
                writer.components.insert(def.name.clone(), schema);
            }
            None => writer.placeholder(&def.name, &def.name),
        }
    }
    let document = json!({
        "openapi": "3.0.3",
        "info": {"title": "types", "version": "0"},
        "paths": {},
        "components": {"schemas": writer.components},
    });
    Dialect { document, replacements: writer.replacements }
}

/// What has been written so far.
#[derive(Default)]
struct Writer<'i> {
    taken: BTreeSet<&'i str>,
    components: Map<String, Value>,
    replacements: BTreeMap<String, String>,
}

impl Writer<'_> {
    fn object(&mut self, object: &Struct) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in &object.fields {
            // A required member that may be null is an `Option` that is always written.
            if field.required {
                required.push(Value::from(field.name.as_str()));
            }
            let schema = match field.boxed {
                true => self.boxed(&field.ty),
                false => self.expression(&field.ty),
            };
            let optional = (!field.required || field.nullable) && field.ty != TypeExpr::Any;
            properties.insert(field.name.clone(), if optional { nullable(schema) } else { schema });
        }
        if let Some(extra) = &object.extra {
            properties.insert(EXTRA.to_owned(), self.expression(&TypeExpr::Map(Box::new(extra.clone()))));
            required.push(EXTRA.into());
        }
        let mut schema = json!({"type": "object", "properties": properties});
        if !required.is_empty() {
            schema["required"] = required.into();
        }
        if properties_are_empty(object) {
            // Without this, an object without members would be a map.
            schema["additionalProperties"] = false.into();
        }
        schema
    }

    fn expression(&mut self, ty: &TypeExpr) -> Value {
        match ty {
            TypeExpr::Any => json!({}),
            TypeExpr::Bool => json!({"type": "boolean"}),
            TypeExpr::Integer(IntegerKind::I32) => json!({"type": "integer", "format": "int32"}),
            TypeExpr::Integer(IntegerKind::I64) => json!({"type": "integer", "format": "int64"}),
            TypeExpr::Integer(IntegerKind::U32) => json!({"type": "integer", "format": "uint32"}),
            TypeExpr::Integer(IntegerKind::U64) => json!({"type": "integer", "format": "uint64"}),
            TypeExpr::Float => json!({"type": "number", "format": "double"}),
            TypeExpr::Text(TextKind::Plain) => json!({"type": "string"}),
            TypeExpr::Decimal | TypeExpr::Text(_) => self.replaced(ty, &expressions::field(ty)),
            TypeExpr::Named(name) => reference(name),
            TypeExpr::List(item) => json!({"type": "array", "items": self.expression(item)}),
            TypeExpr::Map(value) => json!({"type": "object", "additionalProperties": self.expression(value)}),
            TypeExpr::Nullable(inner) if **inner == TypeExpr::Any => json!({}),
            TypeExpr::Nullable(inner) => nullable(self.expression(inner)),
        }
    }

    /// A box breaks a cycle; the dialect has none, so progenitor never looks for them.
    fn boxed(&mut self, ty: &TypeExpr) -> Value {
        let inner = expressions::field(ty);
        self.replaced(ty, &quote!(Box<#inner>))
    }

    /// A reference to a text that becomes `rust`; one for each type.
    fn replaced(&mut self, ty: &TypeExpr, rust: &TokenStream) -> Value {
        let rust = rust.to_string();
        if let Some((name, _)) = self.replacements.iter().find(|(_, replacement)| **replacement == rust) {
            return reference(name);
        }
        let hint: String = format!("{ty:?}").chars().filter(char::is_ascii_alphabetic).collect();
        let mut name = format!("Placeholder{}", heck::ToUpperCamelCase::to_upper_camel_case(hint.as_str()));
        while self.taken.contains(name.as_str()) || self.replacements.contains_key(&name) {
            name.push('a');
        }
        self.placeholder(&name, &rust);
        reference(&name)
    }

    fn placeholder(&mut self, name: &str, rust: &str) {
        self.components.insert(name.to_owned(), json!({"type": "string"}));
        self.replacements.insert(name.to_owned(), rust.to_owned());
    }
}

/// The field of members without a name.
const EXTRA: &str = "extra";

fn properties_are_empty(object: &Struct) -> bool {
    object.fields.is_empty() && object.extra.is_none()
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// The schema of a value that may be null; OpenAPI 3.0 allows nothing beside a reference.
fn nullable(mut schema: Value) -> Value {
    if schema.get("$ref").is_some() {
        return json!({"allOf": [schema], "nullable": true});
    }
    if let Value::Object(members) = &mut schema {
        members.insert("nullable".to_owned(), true.into());
    }
    schema
}

/// Progenitor's structs, by name, or what it said instead.
fn run(dialect: &Dialect) -> Result<BTreeMap<String, syn::ItemStruct>, String> {
    let document: openapiv3::OpenAPI = serde_json::from_value(dialect.document.clone()).map_err(|e| e.to_string())?;
    let mut settings = progenitor::GenerationSettings::new();
    settings.with_map_type("::std::collections::BTreeMap");
    for (name, rust) in &dialect.replacements {
        settings.with_replacement(name, rust, std::iter::empty());
    }
    let tokens = quietly(|| progenitor::Generator::new(&settings).generate_tokens(&document))?;
    let file: syn::File = syn::parse2(tokens.map_err(|e| e.to_string())?).map_err(|e| e.to_string())?;
    let types = file.items.into_iter().find_map(|item| match item {
        syn::Item::Mod(module) if module.ident == "types" => module.content,
        _ => None,
    });
    let (_, items) = types.ok_or("it made no module of types")?;
    let mut made = BTreeMap::new();
    for item in items {
        match item {
            syn::Item::Struct(item) => {
                made.insert(item.ident.to_string(), item);
            }
            // Conversions and the error type of its builders: nothing here uses them.
            syn::Item::Impl(_) | syn::Item::Mod(_) | syn::Item::Use(_) => {}
            other => return Err(format!("it made something else than structs: {}", first_tokens(&other))),
        }
    }
    Ok(made)
}

fn first_tokens(item: &impl ToTokens) -> String {
    item.to_token_stream().into_iter().take(8).map(|token| token.to_string()).collect::<Vec<_>>().join(" ")
}

/// Runs `work`; a panic becomes its message and is not printed.
fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    use std::cell::Cell;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Once;
    thread_local!(static QUIET: Cell<bool> = const { Cell::new(false) });
    static HOOK: Once = Once::new();
    // The hook belongs to the process, so it is set once and looks whether this thread wants silence.
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                before(info);
            }
        }));
    });
    QUIET.set(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    QUIET.set(false);
    result.map_err(|cause| {
        let text = cause.downcast_ref::<String>().map(String::as_str).or(cause.downcast_ref::<&str>().copied());
        format!("it panicked: {}", text.unwrap_or("no message"))
    })
}

/// Findings on the structs that progenitor does not take, each tried alone; on the document if each works.
fn blame(ir: &Ir, structs: &[(&TypeDef, &Struct)], message: &str) -> Vec<Finding> {
    let alone = structs.iter().filter_map(|pair| {
        let message = run(&document(ir, &[*pair])).err()?;
        Some(finding(ir, pair.0.at, &pair.0.name, format!("progenitor does not take `{}`: {message}", pair.0.name)))
    });
    let found: Vec<Finding> = alone.collect();
    match found.is_empty() {
        true => vec![finding(ir, Mark::default(), "", format!("progenitor does not take the structs: {message}"))],
        false => found,
    }
}

fn finding(ir: &Ir, at: Mark, name: &str, message: String) -> Finding {
    Finding {
        file: ir.api.spec_path.clone().into(),
        at,
        level: Level::Error,
        rule: "struct-generation",
        pointer: if name.is_empty() { "/components/schemas".into() } else { format!("/components/schemas/{name}") },
        message,
        help: Some("this is a fault of the generator: report it with the schema".into()),
    }
}

/// A struct of the IR with progenitor's item.
type Joined<'i> = (&'i TypeDef, &'i Struct, syn::ItemStruct);

/// Each struct with progenitor's item, compared field by field.
fn join<'i>(
    ir: &Ir,
    structs: &[(&'i TypeDef, &'i Struct)],
    mut made: BTreeMap<String, syn::ItemStruct>,
) -> Result<Vec<Joined<'i>>, Vec<Finding>> {
    let mut joined = Vec::new();
    let mut findings = Vec::new();
    for &(def, object) in structs {
        let Some(mut item) = made.remove(&def.name) else {
            findings.push(finding(ir, def.at, &def.name, format!("progenitor made no struct `{}`", def.name)));
            continue;
        };
        ShortPaths.visit_item_struct_mut(&mut item);
        let wrong = differences(object, &item);
        findings
            .extend(wrong.into_iter().map(|what| finding(ir, def.at, &def.name, format!("`{}`: {what}", def.name))));
        joined.push((def, object, item));
    }
    for name in made.keys() {
        findings.push(finding(
            ir,
            Mark::default(),
            name,
            format!("progenitor made a struct `{name}` that nothing asked for"),
        ));
    }
    match findings.is_empty() {
        true => Ok(joined),
        false => Err(findings),
    }
}

/// How progenitor's fields differ from ours.
fn differences(object: &Struct, item: &syn::ItemStruct) -> Vec<String> {
    let fields = item.fields.iter().filter_map(|field| Some((field.ident.as_ref()?.to_string(), &field.ty)));
    let mut made: BTreeMap<String, &syn::Type> = fields.collect();
    let mut wanted: Vec<(&str, TokenStream)> =
        object.fields.iter().map(|field| (field.name.as_str(), made_type(field))).collect();
    if let Some(extra) = &object.extra {
        wanted.push((EXTRA, expressions::field(&TypeExpr::Map(Box::new(extra.clone())))));
    }
    let mut differences = Vec::new();
    if made.len() != item.fields.len() || wanted.len() != item.fields.len() {
        differences.push(format!("progenitor made {} fields of {}", item.fields.len(), wanted.len()));
    }
    for (name, ty) in wanted {
        match made.remove(name) {
            None => differences.push(format!("progenitor made no field `{name}`")),
            Some(made) if made.to_token_stream().to_string() != ty.to_string() => differences.push(format!(
                "progenitor made field `{name}` a `{}`, not a `{}`",
                made.to_token_stream(),
                ty
            )),
            Some(_) => {}
        }
    }
    differences.extend(made.keys().map(|name| format!("progenitor made a field `{name}` that nothing asked for")));
    differences
}

/// The function that reads a member of any JSON value: one that is there, null included.
const PRESENT: &str = "present";

/// What the structs need beside themselves.
pub fn helpers(ir: &Ir) -> TokenStream {
    let any = |def: &TypeDef| match &def.kind {
        TypeKind::Struct(object) => object.fields.iter().any(|field| is_double(field) && field.ty == TypeExpr::Any),
        _ => false,
    };
    let name = format_ident!("{PRESENT}");
    match ir.types.iter().any(any) {
        false => quote!(),
        true => quote! {
            /// A member that is there, null included.
            fn #name<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<serde_json::Value>, D::Error> {
                serde::Deserialize::deserialize(deserializer).map(Some)
            }
        },
    }
}

/// The type that progenitor gives a field: absent and null are one.
fn made_type(field: &Field) -> TokenStream {
    let mut ty = expressions::field(&field.ty);
    if field.boxed {
        ty = quote!(Box<#ty>);
    }
    let optional = !field.required || (field.nullable && field.ty != TypeExpr::Any);
    if optional { quote!(Option<#ty>) } else { ty }
}

/// The final type of a field: absent and null differ where both may be.
pub(crate) fn final_type(field: &Field) -> TokenStream {
    let ty = made_type(field);
    if is_double(field) && field.ty != TypeExpr::Any { quote!(Option<#ty>) } else { ty }
}

/// Whether absent, null and a value are three things. For any JSON value null is one of the values.
pub(crate) fn is_double(field: &Field) -> bool {
    !field.required && (field.nullable || field.ty == TypeExpr::Any)
}

/// `::std::option::Option` as `Option`, and no leading `::`.
struct ShortPaths;

impl VisitMut for ShortPaths {
    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        visit_mut::visit_path_mut(self, path);
        path.leading_colon = None;
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let prelude =
            [["std", "option", "Option"], ["std", "string", "String"], ["std", "vec", "Vec"], ["std", "boxed", "Box"]];
        if prelude.iter().any(|known| names == known) {
            path.segments = path.segments.pop().into_iter().collect();
        }
    }
}

/// The item as it stands in the crate.
fn finish(def: &TypeDef, object: &Struct, item: syn::ItemStruct, sent: bool) -> TokenStream {
    let name = item.ident;
    let (doc, line) = (docs::of(&def.doc, &format!("`{}`.", def.name)), lines::of(&def.name));
    let deprecated = def.deprecated.then(|| quote!(#[deprecated]));
    let default = is_default(object).then(|| quote!(Default,));
    let fields = object.fields.iter().map(field_item);
    let extra = object.extra.as_ref().map(|extra| {
        let ty = expressions::field(&TypeExpr::Map(Box::new(extra.clone())));
        quote! {
            /// Members that have no field of their own.
            #[serde(default, flatten)]
            pub extra: #ty,
        }
    });
    let methods = sent.then(|| methods(&name, object));
    let first_of = first_of(&name, object);
    quote! {
        #doc
        #line
        #deprecated
        #[derive(Clone, Debug, #default PartialEq, serde::Deserialize, serde::Serialize)]
        #[non_exhaustive]
        pub struct #name {
            #(#fields)*
            #extra
        }
        #methods
        #first_of
    }
}

/// Methods for members that say the same.
fn first_of(name: &proc_macro2::Ident, object: &Struct) -> Option<TokenStream> {
    let methods = object.first_of.iter().filter_map(|first_of| {
        let fields: Vec<&Field> =
            first_of.fields.iter().filter_map(|name| object.fields.iter().find(|field| field.name == *name)).collect();
        let (first, rest) = fields.split_first()?;
        let method = format_ident!("{}", first_of.name);
        let wires: Vec<String> = fields.iter().map(|field| docs::code(&field.wire)).collect();
        let doc = docs::attributes(&[format!("The first of {} that is there.", wires.join(", "))]);
        let is_plain = first.ty == TypeExpr::Text(TextKind::Plain);
        let ty = if is_plain { quote!(str) } else { expressions::field(&first.ty) };
        let borrowed = |field: &Field| {
            let name = format_ident!("{}", field.name);
            match is_plain || field.boxed {
                true => quote!(self.#name.as_deref()),
                false => quote!(self.#name.as_ref()),
            }
        };
        let (first, rest) = (borrowed(first), rest.iter().map(|field| borrowed(field)));
        Some(quote! {
            #doc
            pub fn #method(&self) -> Option<&#ty> {
                #first #(.or(#rest))*
            }
        })
    });
    let methods: Vec<TokenStream> = methods.collect();
    (!methods.is_empty()).then(|| quote!(impl #name { #(#methods)* }))
}

/// Whether every member may be left out.
pub(crate) fn is_default(object: &Struct) -> bool {
    object.fields.iter().all(|field| !field.required)
}

fn field_item(field: &Field) -> TokenStream {
    let doc = docs::of(&field.doc, &format!("Member {}.", docs::code(&field.wire)));
    let deprecated = field.deprecated.then(|| quote!(#[deprecated]));
    let name = format_ident!("{}", field.name);
    let wire = &field.wire;
    let rename = (*wire != field.name).then(|| quote!(rename = #wire,));
    let optional = (!field.required).then(|| quote!(default, skip_serializing_if = "Option::is_none",));
    let double = is_double(field).then(|| match field.ty {
        TypeExpr::Any => quote!(deserialize_with = #PRESENT,),
        _ => quote!(with = "countersign_runtime::double_option",),
    });
    let serde = (rename.is_some() || optional.is_some()).then(|| quote!(#[serde(#rename #optional #double)]));
    let ty = final_type(field);
    quote! {
        #doc
        #deprecated
        #serde
        pub #name: #ty,
    }
}

/// A constructor of what must be there, and a setter for each other member.
fn methods(name: &proc_macro2::Ident, object: &Struct) -> TokenStream {
    let required: Vec<&Field> = object.fields.iter().filter(|field| is_argument(field)).collect();
    let arguments = required.iter().map(|field| {
        let (name, (ty, _)) = (format_ident!("{}", field.name), argument(field));
        quote!(#name: #ty)
    });
    let values = object.fields.iter().map(|field| {
        let name = format_ident!("{}", field.name);
        if let Some(constant) = constant(field) {
            return quote!(#name: #constant);
        }
        match (field.required, argument(field).1) {
            (false, _) => quote!(#name: None),
            (true, false) => quote!(#name),
            (true, true) => quote!(#name: #name.into()),
        }
    });
    let extra = object.extra.as_ref().map(|_| quote!(extra: Default::default()));
    let values = values.chain(extra);
    let setters = object.fields.iter().filter(|field| !field.required).map(setter);
    let extra = object.extra.as_ref().map(|extra| {
        let ty = expressions::field(&TypeExpr::Map(Box::new(extra.clone())));
        quote! {
            /// The same with these members beside the named ones.
            pub fn with_extra(mut self, extra: #ty) -> Self {
                self.extra = extra;
                self
            }
        }
    });
    let new = match required.len() {
        0 => docs::attributes(&["One without any member."]),
        _ => docs::attributes(&["One with the members that must be there."]),
    };
    let allow = (required.len() > 7).then(|| quote!(#[allow(clippy::too_many_arguments)]));
    quote! {
        impl #name {
            #new
            #allow
            pub fn new(#(#arguments),*) -> Self {
                Self { #(#values),* }
            }
            #(#setters)*
            #extra
        }
    }
}

fn setter(field: &Field) -> TokenStream {
    let name = format_ident!("{}", field.name);
    let method = format_ident!("with_{}", field.name.trim_end_matches('_'));
    let (ty, into) = argument(field);
    let doc = docs::attributes(&[format!("The same with this {}.", docs::code(&field.wire))]);
    let deprecated = field.deprecated.then(|| quote!(#[deprecated]));
    let value = if into { quote!(#name.into()) } else { quote!(#name) };
    quote! {
        #doc
        #deprecated
        pub fn #method(mut self, #name: #ty) -> Self {
            self.#name = Some(#value);
            self
        }
    }
}

/// Whether a constructor asks for a member: it must be there, and has more than one value.
pub(crate) fn is_argument(field: &Field) -> bool {
    field.required && constant(field).is_none()
}

/// The one value that a member has, if its type can be written so.
fn constant(field: &Field) -> Option<TokenStream> {
    let text = field.constant.as_deref()?;
    match field.ty {
        TypeExpr::Text(TextKind::Plain) => Some(quote!(#text.to_owned())),
        _ => expressions::constant(&field.ty, text),
    }
}

/// The type of the argument for a field, and whether it is converted.
fn argument(field: &Field) -> (TokenStream, bool) {
    let ty = expressions::field(&field.ty);
    let may_be_null = field.nullable && field.ty != TypeExpr::Any;
    match (&field.ty, may_be_null, field.boxed) {
        (_, true, false) => (quote!(impl Into<Option<#ty>>), true),
        (_, true, true) => (quote!(Option<Box<#ty>>), false),
        (TypeExpr::Text(_) | TypeExpr::Any, false, false) => (quote!(impl Into<#ty>), true),
        (_, false, false) => (ty, false),
        (_, false, true) => (quote!(impl Into<Box<#ty>>), true),
    }
}
