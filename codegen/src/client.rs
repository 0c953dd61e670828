//! The client: where it stands, what it holds, how a call is awaited.

use crate::features::Features;
use crate::ir::{ClientCredentials, Flows, Ir};
use crate::operations::{ClientType, clients, sessions};
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
    let sessions = sessions.iter().filter_map(|client| Some(session(ir, client, client.session?)));
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
        let (name, method, token, key) = (&client.name, &client.method, &client.token, &session.name);
        let doc = docs::attributes(&[format!("The operations that need {}, signed with this token.", docs::code(key))]);
        let fetched = from(ir, client, session);
        Some(quote! {
            #doc
            pub fn #method(&self, token: impl Into<#token>) -> #name {
                let session = runtime::sessions::Session::given(#key, token.into().0);
                #name { core: self.core.clone(), session }
            }

            #fetched
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

            /// Signs with these credentials from now on. Attempts on their way keep theirs; one of them that is
            /// rejected is made again with these.
            ///
            /// # Errors
            /// They do not fit; the old ones stay.
            pub fn set_credentials(&self, credentials: &Credentials) -> Result<(), runtime::BuildError> {
                self.core.set_credentials(credentials)
            }

            /// Asks the credentials provider now, if the client was built with one.
            ///
            /// # Errors
            /// There are none, or they do not fit; the old ones stay.
            pub async fn refresh_credentials(&self) -> Result<(), runtime::CredentialsError> {
                self.core.refresh_credentials().await
            }

            #request_of
        }

        impl From<runtime::Core> for Client {
            fn from(core: runtime::Core) -> Self {
                Self { core }
            }
        }
    }
}

/// The method that makes a session's client whose token is fetched.
fn from(ir: &Ir, client: &ClientType<'_>, session: &crate::ir::Session) -> Option<TokenStream> {
    let operation = sessions::from(ir, session).filter(|_| sessions::is_fetched(ir, session))?;
    let (name, token) = (&client.name, &client.token);
    let method = format_ident!("{}_from", client.method);
    let (gate, marker) = (Features::of(ir).of_tag(&operation.module), operation_path(operation));
    let renewed =
        if session.refresh_once { "ahead of its end, and once when it is rejected" } else { "ahead of its end" };
    let doc = docs::attributes(&[
        format!(
            "The operations that need {}, signed with the token that this call of `{}` yields.",
            docs::code(&session.name),
            operation.name
        ),
        String::new(),
        format!(
            "It is sent when a token is needed, once for all who wait, and again {renewed}. Clients that are made of \
             equal calls share their token."
        ),
    ]);
    Some(quote! {
        #doc
        #gate
        pub fn #method(&self, call: Call<#marker>) -> #name {
            let session = runtime::sessions::Session::fetched::<#token, #marker>(call.request);
            #name { core: self.core.clone(), session }
        }
    })
}

fn operation_path(operation: &crate::ir::Operation) -> TokenStream {
    let (module, marker) = (format_ident!("{}", operation.module), format_ident!("{}", operation.marker));
    quote!(crate::operations::#module::#marker)
}

/// The client of a session and its token.
fn session(ir: &Ir, client: &ClientType<'_>, session: &crate::ir::Session) -> TokenStream {
    let (name, method) = (&client.name, client.method.to_string());
    let key = docs::code(&session.name);
    let doc = docs::attributes(&[format!("What [`Client::{method}`] gives: operations that need {key}.")]);
    let rule = rule(ir, session);
    let lifetime = sessions::is_fetched(ir, session).then(|| {
        quote! {
            /// How long a token is taken to last whose response does not say so; nothing changes for a token that
            /// was given.
            pub fn token_lifetime(self, lifetime: std::time::Duration) -> Self {
                Self { session: self.session.lasting(lifetime), ..self }
            }

            /// Which answers reject a token besides those of status 401: it is then renewed once, and the call made
            /// again. Nothing changes for a token that was given.
            pub fn rejected_when(self, rejected: runtime::Failure) -> Self {
                Self { session: self.session.rejected_when(rejected), ..self }
            }
        }
    });
    let token = token(ir, client, session);
    quote! {
        #doc
        #rule
        ///
        /// Clones share its session.
        #[derive(Clone, Debug)]
        pub struct #name {
            core: runtime::Core,
            session: runtime::sessions::Session,
        }

        impl #name {
            #lifetime

            pub(crate) fn request_of<O: runtime::Operation>(&self) -> runtime::Request {
                self.core.request(O::INFO).in_session(&self.session)
            }
        }

        #token
    }
}

/// That none of them can be called without the session, as an example that must not compile.
fn rule(ir: &Ir, session: &crate::ir::Session) -> Option<TokenStream> {
    let operation = ir.operations.iter().find(|operation| operation.session.as_ref() == Some(&session.name))?;
    let crate_name = ir.api.crate_name.replace('-', "_");
    let example = format!("fn example(client: {crate_name}::Client) {{ client.{}(); }}", operation.name);
    Some(docs::attributes(&[
        String::new(),
        "On [`Client`] itself they are no methods:".to_owned(),
        String::new(),
        "```compile_fail,E0599".to_owned(),
        example,
        "```".to_owned(),
    ]))
}

/// The token of a session.
fn token(ir: &Ir, client: &ClientType<'_>, session: &crate::ir::Session) -> TokenStream {
    let token = &client.token;
    let doc = docs::attributes(&[format!("The token of {}; redacted and wiped.", docs::code(&session.name))]);
    let of = sessions::from(ir, session).map(|operation| {
        let (gate, marker) = (Features::of(ir).of_tag(&operation.module), operation_path(operation));
        let doc = docs::attributes(&[format!("The token in a response of `{}`, if it has one.", operation.name)]);
        quote! {
            #doc
            #gate
            pub fn of(response: &<#marker as runtime::Operation>::Output) -> Option<Self> {
                let text = <#marker as runtime::sessions::Gives<Self>>::token(response)?;
                (!text.is_empty()).then(|| Self::new(text))
            }
        }
    });
    quote! {
        #doc
        #[derive(Clone, Debug)]
        pub struct #token(runtime::Secret);

        impl #token {
            /// A token from its text.
            pub fn new(text: impl Into<runtime::Secret>) -> Self {
                Self(text.into())
            }

            #of

            /// Its text, for whoever keeps it; a program hardly ever needs it.
            pub fn expose(&self) -> &str {
                self.0.expose()
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

            /// The time-out of each attempt of this call.
            pub fn timeout(self, timeout: std::time::Duration) -> Self {
                self.map(|request| request.timeout(timeout))
            }

            /// Time for this whole call: all attempts, and the pauses between them.
            pub fn deadline(self, deadline: std::time::Duration) -> Self {
                self.map(|request| request.deadline(deadline))
            }

            /// How often this call is tried.
            pub fn retry(self, options: runtime::RetryOptions) -> Self {
                self.map(|request| request.retry(options))
            }

            /// Tries this call once.
            pub fn no_retry(self) -> Self {
                self.retry(runtime::RetryOptions::none())
            }

            /// The longest time in which no byte of the response's body may come.
            pub fn stall_timeout(self, timeout: std::time::Duration) -> Self {
                self.map(|request| request.stall_timeout(timeout))
            }

            /// Keeps the response's body as it came, for [`Response::raw`](runtime::Response::raw).
            pub fn with_raw(self) -> Self {
                self.map(runtime::Request::with_raw)
            }

            /// Sends this call from a thread that has no async runtime, and waits for its response.
            ///
            /// # Errors
            /// Those of the call; inside of an async runtime an error that says so.
            #[cfg(feature = "blocking")]
            pub fn send_blocking(self) -> Result<runtime::Response<O::Output>, runtime::Error<O::Error>> {
                runtime::call::send_blocking::<O>(self.request)
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
    let redirects = ir.api.redirects.then(|| {
        quote!(
            const REDIRECTS: bool = true;
        )
    });
    let count = ir.api.servers.len();
    let servers = (count > 1).then(|| quote!(const SERVERS: usize = #count;));
    quote! {
        /// This service, as the runtime knows it.
        #[derive(Clone, Copy, Debug)]
        pub struct #marker;

        impl runtime::Provider for #marker {
            const NAME: &'static str = #name;
            const ENVIRONMENT: &'static str = #environment;
            const USER_AGENT: &'static str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
            #redirects
            #servers
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
