//! What a call yields: its success and error types, and how a response becomes one of them.
//!
//! Equal bodies are one type; different ones are the variants of an enum, by status. A failure inside a
//! success (`x-failure`) is one more error.

use crate::ir::{Failure, FailureWhen, Operation, Response, ResponseContent, StatusPattern, TypeExpr};
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
        let content = match &response.content {
            ResponseContent::Json(ty) => Some(ty),
            _ => None,
        };
        content.into_iter().chain(response.failure.iter().map(|failure| &failure.body))
    })
}

/// Whether a success comes as a stream.
pub fn streams(operation: &Operation) -> bool {
    operation.successes.iter().any(|response| response.content == ResponseContent::Stream)
}

/// The match on the status: exact ones before ranges before the default.
pub fn read(operation: &Operation) -> TokenStream {
    let mut arms: Vec<(u8, TokenStream)> = Vec::new();
    for response in &operation.successes {
        let default = if response.status == StatusPattern::Default { quote!(0..=399) } else { quote!() };
        arms.push((rank(response.status), success_arm(operation, response, &default)));
    }
    for response in &operation.errors {
        arms.push((rank(response.status), error_arm(operation, response)));
    }
    arms.sort_by_key(|(rank, _)| *rank);
    let complete = operation.errors.iter().any(|response| response.status == StatusPattern::Default);
    let arms = arms.into_iter().map(|(_, arm)| arm);
    let last = (!complete).then(|| quote!(_ => reply.undeclared(),));
    quote! {
        match reply.status() {
            #(#arms)*
            #last
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
    }
}

fn is_empty(content: Content<'_>) -> bool {
    matches!(content, Content::Response(ResponseContent::Empty))
}

fn enumeration(name: &Ident, doc: &str, cases: &[Case<'_>]) -> TokenStream {
    // A stream can be read once.
    let streams = cases.iter().any(|case| case.content == Content::Response(&ResponseContent::Stream));
    let clone = (!streams).then(|| quote!(Clone,));
    let variants = cases.iter().map(|case| {
        let variant = format_ident!("{}", case.variant);
        let status = status_words(case.response.status);
        let doc = docs::of(&case.response.doc, &format!("{}.", docs::plain_line(&status)));
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

/// A status or several, in words.
pub fn status_words(status: StatusPattern) -> String {
    match status {
        StatusPattern::Exact(code) => format!("Status {code}"),
        StatusPattern::Range(digit) => format!("Status {digit}xx"),
        StatusPattern::Default => "Any other status".to_owned(),
    }
}

fn rank(status: StatusPattern) -> u8 {
    match status {
        StatusPattern::Exact(_) => 0,
        StatusPattern::Range(_) => 1,
        StatusPattern::Default => 2,
    }
}

fn pattern(status: StatusPattern) -> TokenStream {
    let number = |number: u16| proc_macro2::Literal::u16_unsuffixed(number);
    match status {
        StatusPattern::Exact(code) => {
            let code = number(code);
            quote!(#code)
        }
        StatusPattern::Range(digit) => {
            let (first, last) = (number(u16::from(digit) * 100), number(u16::from(digit) * 100 + 99));
            quote!(#first..=#last)
        }
        StatusPattern::Default => quote!(_),
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

fn success_arm(operation: &Operation, response: &Response, default: &TokenStream) -> TokenStream {
    let pattern = if default.is_empty() { pattern(response.status) } else { default.clone() };
    let variant = success_variant(operation, &response.variant);
    if let (Some(failure), ResponseContent::Json(ty)) = (&response.failure, &response.content) {
        let (ty, body) = (expressions::outside(ty), expressions::outside(&failure.body));
        let refused = error_variant(operation, &refused_variant(response));
        let failure = failure_value(failure);
        let variant = variant.unwrap_or_else(|| quote!(|body| body));
        let refused = refused.unwrap_or_else(|| quote!(|refused| refused));
        return quote! {
            #pattern => {
                const FAILURE: runtime::Failure = #failure;
                let body = reply.json_or_refused::<#ty, #body>(&FAILURE);
                runtime::Outcome::success_unless_refused(body, #variant, #refused)
            }
        };
    }
    let content = Content::Response(&response.content);
    let taken = wrapped(take(content), content, variant);
    quote!(#pattern => runtime::Outcome::success(#taken),)
}

fn error_arm(operation: &Operation, response: &Response) -> TokenStream {
    let pattern = pattern(response.status);
    let content = Content::Response(&response.content);
    let taken = wrapped(take(content), content, error_variant(operation, &response.variant));
    quote!(#pattern => runtime::Outcome::failure(#taken),)
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
