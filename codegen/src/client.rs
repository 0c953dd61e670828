//! The client: where it stands, what it holds, how a call is awaited.

use crate::ir::{ClientCredentials, Flows, Ir};
use crate::operations::{ClientType, clients};
use crate::{docs, recipes, servers};
use heck::{ToShoutySnakeCase, ToUpperCamelCase};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// `client.rs`.
pub fn emit(ir: &Ir) -> TokenStream {
    let client = client(ir);
    let provider = provider(ir);
    let server = servers::emit(ir);
    let call = call(ir);
    let sessions = clients(ir);
    let sessions = sessions.iter().filter_map(|client| Some(session(client, client.session?)));
    let recipes = (!ir.schemes.is_empty() || !ir.tokens.is_empty()).then(|| {
        quote!(
            use crate::recipes;
        )
    });
    quote! {
        //! The client: servers, sessions, and calls that wait to be sent.

        use crate::credentials::Credentials;
        #recipes
        use countersign_runtime as runtime;

        #client
        #(#sessions)*
        #server
        #call
        #provider
    }
}

/// The name of the provider's marker type.
pub fn marker(ir: &Ir) -> Ident {
    format_ident!("{}Api", ir.api.provider.to_upper_camel_case())
}

fn client(ir: &Ir) -> TokenStream {
    let marker = marker(ir);
    let title = docs::plain_line(&ir.api.title);
    let doc = docs::of(&ir.api.doc, &format!("A client of {title}."));
    let sessions = clients(ir);
    let sessions = sessions.iter().filter_map(|client| {
        let session = client.session?;
        let (name, method, token) = (&client.name, &client.method, &client.token);
        let doc = docs::attributes(&[format!(
            "The operations that need {}, signed with this token.",
            docs::code(&session.name)
        )]);
        Some(quote! {
            #doc
            pub fn #method(&self, token: impl Into<#token>) -> #name {
                #name { core: self.core.clone(), token: token.into() }
            }
        })
    });
    // A client whose operations all need a session starts none itself.
    let starts = ir.operations.iter().any(|operation| operation.session.is_none());
    let request_of = starts.then(|| {
        quote! {
            pub(crate) fn request_of<O: runtime::Operation>(&self) -> runtime::Request {
                self.core.request(O::INFO)
            }
        }
    });
    quote! {
        #doc
        ///
        /// Cheap to clone; clones share connections.
        #[derive(Clone, Debug)]
        pub struct Client {
            pub(crate) core: runtime::Core,
        }

        /// Builds a [`Client`].
        pub type ClientBuilder = runtime::ClientBuilder<#marker>;

        impl Client {
            /// Builds a client.
            pub fn builder() -> ClientBuilder {
                ClientBuilder::new()
            }

            /// A client with credentials and base URL of the environment.
            ///
            /// # Errors
            /// When a variable is missing, or the client can't be built.
            pub fn from_env() -> Result<Self, runtime::BuildError> {
                ClientBuilder::from_env()?.build()
            }

            #(#sessions)*

            #request_of
        }

        impl From<runtime::Core> for Client {
            fn from(core: runtime::Core) -> Self {
                Self { core }
            }
        }
    }
}

/// The client of a session and its token.
fn session(client: &ClientType<'_>, session: &crate::ir::Session) -> TokenStream {
    let (name, token, method) = (&client.name, &client.token, client.method.to_string());
    let key = &session.name;
    let doc = docs::attributes(&[format!(
        "What [`Client::{method}`] gives: operations that need {}.",
        docs::code(&session.name)
    )]);
    let token_doc = docs::attributes(&[format!("The token of {}; redacted and wiped.", docs::code(&session.name))]);
    quote! {
        #doc
        #[derive(Clone, Debug)]
        pub struct #name {
            core: runtime::Core,
            token: #token,
        }

        impl #name {
            pub(crate) fn request_of<O: runtime::Operation>(&self) -> runtime::Request {
                self.core.request(O::INFO).session(#key, &self.token.0)
            }
        }

        #token_doc
        #[derive(Clone, Debug)]
        pub struct #token(runtime::Secret);

        impl #token {
            /// A token from its text.
            pub fn new(text: impl Into<runtime::Secret>) -> Self {
                Self(text.into())
            }
        }

        impl From<&str> for #token {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl From<String> for #token {
            fn from(text: String) -> Self {
                Self::new(text)
            }
        }

        impl From<runtime::Sensitive> for #token {
            fn from(text: runtime::Sensitive) -> Self {
                Self::new(text.expose())
            }
        }
    }
}

fn call(ir: &Ir) -> TokenStream {
    let has_flows = ir.operations.iter().any(|operation| operation.flows != Flows::default());
    let into_request = has_flows.then(|| {
        quote! {
            pub(crate) fn into_request(self) -> runtime::Request {
                self.request
            }
        }
    });
    quote! {
        /// A call that is not sent yet: `.await` sends it.
        #[must_use = "a call does nothing until it is awaited"]
        pub struct Call<O> {
            request: runtime::Request,
            operation: std::marker::PhantomData<fn() -> O>,
        }

        impl<O: runtime::Operation> Call<O> {
            pub(crate) fn new(request: runtime::Request) -> Self {
                Self { request, operation: std::marker::PhantomData }
            }

            /// The time-out of this call.
            pub fn timeout(self, timeout: std::time::Duration) -> Self {
                self.map(|request| request.timeout(timeout))
            }

            /// One more header.
            pub fn extra_header(self, name: &str, value: &str) -> Self {
                self.map(|request| request.extra_header(name, value))
            }

            pub(crate) fn map(mut self, change: impl FnOnce(runtime::Request) -> runtime::Request) -> Self {
                self.request = change(self.request);
                self
            }

            #into_request
        }

        impl<O: runtime::Operation> std::fmt::Debug for Call<O> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_tuple("Call").field(&O::INFO.id).finish()
            }
        }

        impl<O: runtime::Operation> IntoFuture for Call<O> {
            type Output = Result<runtime::Response<O::Output>, runtime::Error<O::Error>>;
            type IntoFuture = runtime::CallFuture<Self::Output>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin(runtime::call::send::<O>(self.request))
            }
        }
    }
}

fn provider(ir: &Ir) -> TokenStream {
    let marker = marker(ir);
    let name = &ir.api.provider;
    let environment = ir.api.provider.to_shouty_snake_case();
    let schemes = ir.schemes.iter().map(|scheme| {
        let (name, constant) = (&scheme.name, format_ident!("{}", scheme.constant));
        quote!((#name, recipes::#constant))
    });
    let tokens: Vec<TokenStream> = ir
        .tokens
        .iter()
        .map(|recipe| {
            let (name, constant) = (recipe.name.as_ref(), constant(&recipe.name));
            quote!((#name, recipes::#constant))
        })
        .collect();
    let tokens = (!tokens.is_empty()).then(|| {
        quote! {
            fn tokens() -> Vec<(&'static str, runtime::auth::recipe::Recipe)> {
                vec![#(#tokens),*]
            }
        }
    });
    let oauth2 = oauth2(ir);
    quote! {
        /// This service, as the runtime knows it.
        #[derive(Clone, Copy, Debug)]
        pub struct #marker;

        impl runtime::Provider for #marker {
            const NAME: &'static str = #name;
            const ENVIRONMENT: &'static str = #environment;
            const USER_AGENT: &'static str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
            type Server = Server;
            type Credentials = Credentials;
            type Client = Client;

            fn schemes() -> Vec<(&'static str, runtime::auth::recipe::Recipe)> {
                vec![#(#schemes),*]
            }

            #tokens

            #oauth2
        }
    }
}

/// How the tokens of OAuth2 are had, and the scopes that operations need.
fn oauth2(ir: &Ir) -> Option<TokenStream> {
    let schemes: Vec<TokenStream> = ir
        .schemes
        .iter()
        .filter_map(|scheme| {
            let (name, oauth2) = (&scheme.name, scheme.oauth2.as_ref()?);
            let session = &oauth2.session;
            let access_token = match &oauth2.access_token {
                Some(name) => quote!(Some(#name)),
                None => quote!(None),
            };
            let client = match &oauth2.client {
                Some(ClientCredentials { token_url, client_id, client_secret }) => quote! {
                    Some(runtime::sessions::oauth2::ClientCredentialsFlow {
                        token_url: #token_url,
                        client_id: #client_id,
                        client_secret: #client_secret,
                    })
                },
                None => quote!(None),
            };
            let scopes = ir.operations.iter().filter_map(|operation| {
                let (_, scopes) = operation.scopes.iter().find(|(scheme, _)| scheme == name)?;
                let id = &operation.id;
                Some(quote!((#id, &[#(#scopes),*])))
            });
            Some(quote! {
                runtime::sessions::oauth2::OAuth2Scheme {
                    scheme: #name,
                    session: #session,
                    access_token: #access_token,
                    client: #client,
                    scopes: &[#(#scopes),*],
                }
            })
        })
        .collect();
    (!schemes.is_empty()).then(|| {
        quote! {
            fn oauth2() -> Vec<runtime::sessions::oauth2::OAuth2Scheme> {
                vec![#(#schemes),*]
            }
        }
    })
}

/// The name of a recipe's constant.
pub fn constant(name: &str) -> Ident {
    format_ident!("{}", name.to_shouty_snake_case())
}

/// `recipes.rs`.
pub fn recipes(ir: &Ir) -> TokenStream {
    let imports = recipes::imports();
    let schemes = ir.schemes.iter().map(|scheme| {
        let (name, value) = (format_ident!("{}", scheme.constant), recipes::value(&scheme.recipe));
        let doc = docs::of(&scheme.doc, &format!("How {} signs.", docs::code(&scheme.name)));
        quote!(#doc pub const #name: recipe::Recipe = #value;)
    });
    let tokens = ir.tokens.iter().map(|token| {
        let (name, value) = (constant(&token.name), recipes::value(token));
        let doc = docs::attributes(&[format!("How {} is made.", docs::code(&token.name))]);
        quote!(#doc pub const #name: recipe::Recipe = #value;)
    });
    let imports = (!ir.schemes.is_empty() || !ir.tokens.is_empty()).then_some(imports);
    quote! {
        //! How requests are signed: the spec's recipes as values.

        #imports

        #(#schemes)*
        #(#tokens)*
    }
}
