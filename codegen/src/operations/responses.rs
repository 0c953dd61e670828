//! What a call yields: its success and error types, and how a response becomes one of them.
//!
//! Equal bodies are one type; different ones are the variants of an enum, by status. A failure inside a
//! success (`x-failure`) is one more error.
//!
//! The runtime chooses by status and content type from a table ([`table`]); what is generated here reads the body of
//! each case ([`read`]).

use crate::ir::{
    EventShape, Failure, FailureWhen, Operation, Response, ResponseContent, StatusPattern, TextKind, TypeExpr,
};
use crate::{docs, expressions};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// The type of a success.
pub fn output(operation: &Operation) -> TokenStream {
    match side(operation.successes.iter().map(success).collect()) {
        Side::Nothing => quote!(()),
        Side::One(content) => content_type(content),
        Side::Many(_) => {
            let name = success_name(operation);
            quote!(#name)
        }
    }
}

/// The type of a declared error.
pub fn error(operation: &Operation) -> TokenStream {
    match side(errors(operation)) {
        Side::Nothing => quote!(std::convert::Infallible),
        Side::One(content) => content_type(content),
        Side::Many(_) => {
            let name = error_name(operation);
            quote!(#name)
        }
    }
}

/// What a success holds, if all successes hold the same.
pub fn only_success(operation: &Operation) -> Option<&ResponseContent> {
    match side(operation.successes.iter().map(success).collect()) {
        Side::One(Content::Response(content)) => Some(content),
        _ => None,
    }
}

/// The enums of this operation.
pub fn types(operation: &Operation) -> TokenStream {
    let successes = match side(operation.successes.iter().map(success).collect()) {
        Side::Many(cases) => {
            let doc = format!(" What {} yields, by status.", docs::code(&operation.id));
            enumeration(&success_name(operation), &doc, &cases)
        }
        _ => quote!(),
    };
    let errors = match side(errors(operation)) {
        Side::Many(cases) => {
            let doc = format!(" Declared errors of {}, by status.", docs::code(&operation.id));
            enumeration(&error_name(operation), &doc, &cases)
        }
        _ => quote!(),
    };
    quote!(#successes #errors)
}

/// Types that the responses hold.
pub fn content_types(operation: &Operation) -> impl Iterator<Item = &TypeExpr> {
    let responses = operation.successes.iter().chain(&operation.errors);
    responses.flat_map(|response| {
        let content = response.content.ty();
        content.into_iter().chain(response.failure.iter().map(|failure| &failure.body))
    })
}

/// Whether a success comes as a stream.
pub fn streams(operation: &Operation) -> bool {
    operation.successes.iter().any(|response| response.content.streams())
}

/// The declared responses: a row for each media type of each, the ones that are preferred first.
pub fn table(operation: &Operation) -> TokenStream {
    let rows = operation.successes.iter().map(|response| (response, true));
    let rows = rows.chain(operation.errors.iter().map(|response| (response, false)));
    let rows = rows.flat_map(|(response, success)| {
        let status = statuses(response.status, success);
        match response.media_types.is_empty() {
            true => vec![status],
            false => response
                .media_types
                .iter()
                .map(|media_type| {
                    let holds = holds(&response.content, media_type);
                    quote!(#status #holds)
                })
                .collect(),
        }
    });
    quote!(&[#(#rows),*])
}

/// The match on the case: the rows of [`table`] in their order, those that are read in the same way together.
pub fn read(operation: &Operation) -> TokenStream {
    let successes = operation.successes.iter().map(|response| (response, success_arm(operation, response)));
    let errors = operation.errors.iter().map(|response| (response, error_arm(operation, response)));
    let mut row = 0_usize;
    let mut arms: Vec<(Vec<usize>, TokenStream)> = Vec::new();
    for (response, arm) in successes.chain(errors) {
        let rows = row..row + response.media_types.len().max(1);
        row = rows.end;
        let text = arm.to_string();
        match arms.iter_mut().find(|(_, known)| known.to_string() == text) {
            Some((known, _)) => known.extend(rows),
            None => arms.push((rows.collect(), arm)),
        }
    }
    let arms = arms.into_iter().map(|(rows, arm)| {
        let rows = rows.into_iter().map(proc_macro2::Literal::usize_unsuffixed);
        quote!(#(#rows)|* => #arm)
    });
    quote! {
        match reply.case() {
            #(#arms)*
            _ => reply.undeclared(),
        }
    }
}

fn statuses(status: StatusPattern, success: bool) -> TokenStream {
    let number = |number: u16| proc_macro2::Literal::u16_unsuffixed(number);
    match status {
        StatusPattern::Exact(status) => {
            let status = number(status);
            quote!(runtime::Declared::on(#status))
        }
        StatusPattern::Range(digit) => {
            let digit = number(digit.into());
            quote!(runtime::Declared::on_class(#digit))
        }
        StatusPattern::Default if success => quote!(runtime::Declared::below(400)),
        StatusPattern::Default => quote!(runtime::Declared::otherwise()),
    }
}

fn holds(content: &ResponseContent, media_type: &str) -> TokenStream {
    match content {
        ResponseContent::Empty => quote!(),
        ResponseContent::Json(_) if media_type.eq_ignore_ascii_case("application/json") => quote!(.json()),
        ResponseContent::Json(_) => quote!(.json_as(#media_type)),
        ResponseContent::Text => quote!(.text(#media_type)),
        ResponseContent::Binary => quote!(.bytes(#media_type)),
        ResponseContent::Stream | ResponseContent::JsonLines(_) | ResponseContent::Events(..) => {
            quote!(.stream(#media_type))
        }
    }
}

/// Names of the enums of this operation, as far as there are any.
pub fn names(operation: &Operation) -> Vec<Ident> {
    let success = matches!(side(operation.successes.iter().map(success).collect()), Side::Many(_));
    let error = matches!(side(errors(operation)), Side::Many(_));
    success.then(|| success_name(operation)).into_iter().chain(error.then(|| error_name(operation))).collect()
}

/// What may come, for one of the two types.
struct Case<'i> {
    variant: String,
    content: Content<'i>,
    response: &'i Response,
}

/// What a case holds.
#[derive(Clone, Copy, PartialEq)]
enum Content<'i> {
    Response(&'i ResponseContent),
    Json(&'i TypeExpr),
}

impl<'i> Content<'i> {
    /// JSON of one type is the same thing, wherever it is declared.
    fn is_same(self, other: Content<'_>) -> bool {
        match (self.json(), other.json()) {
            (Some(a), Some(b)) => a == b,
            (None, None) => self == other,
            _ => false,
        }
    }

    fn json(self) -> Option<&'i TypeExpr> {
        match self {
            Content::Json(ty) | Content::Response(ResponseContent::Json(ty)) => Some(ty),
            Content::Response(_) => None,
        }
    }
}

/// One of the two types: nothing declared, one type, or an enum.
enum Side<'i> {
    Nothing,
    One(Content<'i>),
    Many(Vec<Case<'i>>),
}

fn side(cases: Vec<Case<'_>>) -> Side<'_> {
    match cases.split_first() {
        None => Side::Nothing,
        Some((first, rest)) if rest.iter().all(|case| case.content.is_same(first.content)) => Side::One(first.content),
        Some(_) => Side::Many(cases),
    }
}

fn success(response: &Response) -> Case<'_> {
    Case { variant: response.variant.clone(), content: Content::Response(&response.content), response }
}

fn errors(operation: &Operation) -> Vec<Case<'_>> {
    let refused = operation.successes.iter().filter_map(|response| {
        let failure = response.failure.as_ref()?;
        Some(Case { variant: refused_variant(response), content: Content::Json(&failure.body), response })
    });
    refused.chain(operation.errors.iter().map(success)).collect()
}

/// The variant of a failure inside a success.
fn refused_variant(response: &Response) -> String {
    match response.status {
        StatusPattern::Exact(200) => "Refused".to_owned(),
        _ => format!("Refused{}", response.variant),
    }
}

fn success_name(operation: &Operation) -> Ident {
    match &operation.success_type {
        Some(name) => format_ident!("{name}"),
        None => format_ident!("{}Success", operation.marker),
    }
}

fn error_name(operation: &Operation) -> Ident {
    match &operation.error_type {
        Some(name) => format_ident!("{name}"),
        None => format_ident!("{}Error", operation.marker),
    }
}

fn content_type(content: Content<'_>) -> TokenStream {
    match content {
        Content::Json(ty) | Content::Response(ResponseContent::Json(ty)) => expressions::outside(ty),
        Content::Response(ResponseContent::Empty) => quote!(()),
        Content::Response(ResponseContent::Text) => quote!(String),
        Content::Response(ResponseContent::Binary) => quote!(runtime::Binary),
        Content::Response(ResponseContent::Stream) => quote!(runtime::ByteStream),
        Content::Response(ResponseContent::JsonLines(ty)) => {
            let ty = expressions::outside(ty);
            quote!(runtime::JsonLines<#ty>)
        }
        Content::Response(ResponseContent::Events(ty, shape)) => {
            let ty = expressions::outside(&event(ty, *shape));
            quote!(runtime::Events<#ty>)
        }
    }
}

/// What an event holds; text is plain.
fn event(ty: &TypeExpr, shape: EventShape) -> TypeExpr {
    match shape {
        EventShape::Text => TypeExpr::Text(TextKind::Plain),
        EventShape::Data | EventShape::Whole => ty.clone(),
    }
}

fn is_empty(content: Content<'_>) -> bool {
    matches!(content, Content::Response(ResponseContent::Empty))
}

fn enumeration(name: &Ident, doc: &str, cases: &[Case<'_>]) -> TokenStream {
    // A stream can be read once.
    let streams = cases.iter().any(|case| matches!(case.content, Content::Response(content) if content.streams()));
    let clone = (!streams).then(|| quote!(Clone,));
    let variants = cases.iter().map(|case| {
        let variant = format_ident!("{}", case.variant);
        let status = status_words(case.response.status);
        let status = match case.response.media_types.first() {
            Some(media_type) if !is_alone(cases, case) => format!("{status}, {}", docs::code(media_type)),
            _ => docs::plain_line(&status),
        };
        let doc = docs::of(&case.response.doc, &format!("{status}."));
        let ty = content_type(case.content);
        let holds = (!is_empty(case.content)).then(|| quote!((#ty)));
        quote!(#doc #variant #holds)
    });
    quote! {
        #[doc = #doc]
        #[derive(#clone Debug)]
        #[non_exhaustive]
        pub enum #name {
            #(#variants),*
        }
    }
}

/// Whether no other case has the status.
fn is_alone(cases: &[Case<'_>], case: &Case<'_>) -> bool {
    cases.iter().filter(|other| other.response.status == case.response.status).count() == 1
}

/// A status or several, in words.
pub fn status_words(status: StatusPattern) -> String {
    match status {
        StatusPattern::Exact(code) => format!("Status {code}"),
        StatusPattern::Range(digit) => format!("Status {digit}xx"),
        StatusPattern::Default => "Any other status".to_owned(),
    }
}

/// How the reply is taken: a `Result` of the content.
fn take(content: Content<'_>) -> TokenStream {
    match content {
        Content::Json(_) | Content::Response(ResponseContent::Json(_)) => quote!(reply.json()),
        Content::Response(ResponseContent::Empty) => quote!(reply.empty()),
        Content::Response(ResponseContent::Text) => quote!(reply.text()),
        Content::Response(ResponseContent::Binary) => quote!(reply.binary()),
        Content::Response(ResponseContent::Stream) => quote!(reply.stream()),
        Content::Response(ResponseContent::JsonLines(_)) => quote!(reply.json_lines()),
        Content::Response(ResponseContent::Events(_, EventShape::Data)) => quote!(reply.events()),
        Content::Response(ResponseContent::Events(_, EventShape::Text)) => quote!(reply.text_events()),
        Content::Response(ResponseContent::Events(_, EventShape::Whole)) => quote!(reply.whole_events()),
    }
}

/// The reply's content in its variant, if there is an enum.
fn wrapped(taken: TokenStream, content: Content<'_>, variant: Option<TokenStream>) -> TokenStream {
    match variant {
        None => taken,
        Some(variant) if is_empty(content) => quote!(#taken.map(|()| #variant)),
        Some(variant) => quote!(#taken.map(#variant)),
    }
}

fn success_variant(operation: &Operation, variant: &str) -> Option<TokenStream> {
    let many = matches!(side(operation.successes.iter().map(success).collect()), Side::Many(_));
    let (name, variant) = (success_name(operation), format_ident!("{variant}"));
    many.then(|| quote!(#name::#variant))
}

fn error_variant(operation: &Operation, variant: &str) -> Option<TokenStream> {
    let many = matches!(side(errors(operation)), Side::Many(_));
    let (name, variant) = (error_name(operation), format_ident!("{variant}"));
    many.then(|| quote!(#name::#variant))
}

fn success_arm(operation: &Operation, response: &Response) -> TokenStream {
    let variant = success_variant(operation, &response.variant);
    if let (Some(failure), ResponseContent::Json(ty)) = (&response.failure, &response.content) {
        let (ty, body) = (expressions::outside(ty), expressions::outside(&failure.body));
        let refused = error_variant(operation, &refused_variant(response));
        let failure = failure_value(failure);
        let variant = variant.unwrap_or_else(|| quote!(|body| body));
        let refused = refused.unwrap_or_else(|| quote!(|refused| refused));
        return quote! {
            {
                const FAILURE: runtime::Failure = #failure;
                let body = reply.json_or_refused::<#ty, #body>(&FAILURE);
                runtime::Outcome::success_unless_refused(body, #variant, #refused)
            }
        };
    }
    let content = Content::Response(&response.content);
    let taken = wrapped(take(content), content, variant);
    quote!(runtime::Outcome::success(#taken),)
}

fn error_arm(operation: &Operation, response: &Response) -> TokenStream {
    let content = Content::Response(&response.content);
    let taken = wrapped(take(content), content, error_variant(operation, &response.variant));
    quote!(runtime::Outcome::failure(#taken),)
}

fn failure_value(failure: &Failure) -> TokenStream {
    let at = &failure.at;
    let values = failure.when.values().iter().filter_map(constant);
    let when = match failure.when {
        FailureWhen::Equals(_) => quote!(Equals),
        FailureWhen::NotEquals(_) => quote!(NotEquals),
    };
    quote!(runtime::Failure { at: #at, when: runtime::FailureWhen::#when(&[#(#values),*]) })
}

/// A JSON value as the runtime compares it; objects and lists are not compared.
pub fn constant(value: &serde_json::Value) -> Option<TokenStream> {
    Some(match value {
        serde_json::Value::Null => quote!(runtime::JsonConst::Null),
        serde_json::Value::Bool(value) => quote!(runtime::JsonConst::Bool(#value)),
        serde_json::Value::Number(number) => {
            let number = proc_macro2::Literal::i64_unsuffixed(number.as_i64()?);
            quote!(runtime::JsonConst::Integer(#number))
        }
        serde_json::Value::String(text) => quote!(runtime::JsonConst::Text(#text)),
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => return None,
    })
}
