//! The token in an operation's response: where a session's pointer leads to, as an expression over the types.
//!
//! 1. [`token`] and [`lifetime`] follow a pointer from the type of the success, member by member: through structs,
//!    maps and values of any shape. A list or a union on the way has no one member, so there is no expression.
//! 2. [`gives`] writes what the runtime needs of an operation that yields tokens.

use super::{clients, responses};
use crate::ir::{Ir, Operation, ResponseContent, Session, SessionKind, TextKind, TypeExpr, TypeKind};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// The operation that yields the token of a session.
pub fn from<'i>(ir: &'i Ir, session: &Session) -> Option<&'i Operation> {
    ir.operations.iter().find(|operation| operation.id == session.from)
}

/// Whether the client fetches the token of a session by itself.
pub fn is_fetched(ir: &Ir, session: &Session) -> bool {
    session.kind == SessionKind::Service && from(ir, session).is_some()
}

/// The token in a response, an `Option<&str>` made of `output`.
pub fn token(ir: &Ir, operation: &Operation, pointer: &str) -> Option<TokenStream> {
    let (value, ty) = member(ir, operation, pointer)?;
    match ty {
        TypeExpr::Text(TextKind::Plain) => Some(quote!(#value.map(String::as_str))),
        TypeExpr::Text(TextKind::Sensitive) => Some(quote!(#value.map(|text| text.expose()))),
        TypeExpr::Any => Some(quote!(#value.and_then(|value| value.as_str()))),
        _ => None,
    }
}

/// The lifetime in a response, an `Option<Duration>` made of `output`.
pub fn lifetime(ir: &Ir, operation: &Operation, pointer: &str) -> Option<TokenStream> {
    let (value, ty) = member(ir, operation, pointer)?;
    let seconds = match ty {
        TypeExpr::Integer(_) => quote!(#value.and_then(|seconds| u64::try_from(*seconds).ok())),
        TypeExpr::Any => quote!(#value.and_then(|value| value.as_u64())),
        _ => return None,
    };
    Some(quote!(#seconds.map(std::time::Duration::from_secs)))
}

/// `impl Gives` for an operation, one for each session whose token it yields.
pub fn gives(ir: &Ir, operation: &Operation) -> TokenStream {
    let marker = format_ident!("{}", operation.marker);
    let clients = clients(ir);
    let sessions = clients.iter().filter_map(|client| Some((client, client.session?)));
    let own = sessions.filter(|(_, session)| session.from == operation.id).filter_map(|(client, session)| {
        let (name, at, from) = (&session.name, &session.at, &session.from);
        let token_type = &client.token;
        let token = token(ir, operation, at)?;
        let lifetime = session.lifetime_at.as_ref().and_then(|at| lifetime(ir, operation, at)).map(|lifetime| {
            quote! {
                fn lifetime(output: &Self::Output) -> Option<std::time::Duration> {
                    #lifetime
                }
            }
        });
        let seconds = match session.lifetime_seconds {
            Some(seconds) => {
                let seconds = u64::from(seconds);
                quote!(Some(std::time::Duration::from_secs(#seconds)))
            }
            None => quote!(None),
        };
        let renews = session.refresh_once;
        let rejected = match &session.rejected {
            Some((at, values)) => {
                let values = values.iter().filter_map(responses::constant);
                quote! {
                    Some(runtime::Failure { at: #at, when: runtime::FailureWhen::Equals(&[#(#values),*]) })
                }
            }
            None => quote!(None),
        };
        Some(quote! {
            impl runtime::sessions::Gives<client::#token_type> for #marker {
                const SESSION: &'static runtime::sessions::SessionInfo = &runtime::sessions::SessionInfo {
                    name: #name,
                    operation: #from,
                    at: #at,
                    lifetime: #seconds,
                    renews: #renews,
                    rejected: #rejected,
                };

                fn token(output: &Self::Output) -> Option<&str> {
                    #token
                }

                #lifetime
            }
        })
    });
    quote!(#(#own)*)
}

/// A member of an operation's success: an `Option` of a reference, and what it holds.
fn member<'i>(ir: &'i Ir, operation: &'i Operation, pointer: &str) -> Option<(TokenStream, &'i TypeExpr)> {
    let ResponseContent::Json(ty) = responses::only_success(operation)? else { return None };
    let mut place = ty;
    let mut value = quote!(Some(output));
    for segment in pointer.split('/').skip(1) {
        let segment = segment.replace("~1", "/").replace("~0", "~");
        (value, place) = step(ir, value, place, &segment)?;
    }
    Some((value, place))
}

/// One member further.
fn step<'i>(ir: &'i Ir, value: TokenStream, ty: &'i TypeExpr, segment: &str) -> Option<(TokenStream, &'i TypeExpr)> {
    match ty {
        TypeExpr::Any => Some((quote!(#value.and_then(|value| value.get(#segment))), ty)),
        TypeExpr::Map(inner) => Some((quote!(#value.and_then(|value| value.get(#segment))), inner)),
        TypeExpr::Nullable(inner) => step(ir, quote!(#value.and_then(|value| value.as_ref())), inner, segment),
        TypeExpr::Named(name) => {
            let def = ir.types.iter().find(|def| def.name == *name)?;
            let TypeKind::Struct(object) = &def.kind else { return None };
            let Some(field) = object.fields.iter().find(|field| field.wire == segment) else {
                let extra = object.extra.as_ref()?;
                return Some((quote!(#value.and_then(|value| value.extra.get(#segment))), extra));
            };
            let member = format_ident!("{}", field.name);
            let deref = field.boxed.then(|| quote!(.map(|value| &**value)));
            let any = field.ty == TypeExpr::Any;
            let value = match (field.required, field.nullable && !any) {
                (true, false) => quote!(#value.map(|value| &value.#member) #deref),
                (false, true) => {
                    quote!(#value.and_then(|value| value.#member.as_ref()).and_then(|value| value.as_ref()) #deref)
                }
                _ => quote!(#value.and_then(|value| value.#member.as_ref()) #deref),
            };
            Some((value, &field.ty))
        }
        _ => None,
    }
}
