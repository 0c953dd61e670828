//! Recipes as Rust values: what a client crate carries, so that nothing is parsed when it runs.
//!
//! One function for each type of [`countersign_auth::recipe`], in the order of that file. The output
//! spells out every part; a part added to the vocabulary fails to compile here until it is written.

use countersign_auth::recipe::{
    Carrier, Custom, Encoding, Escape, Expression, Fixed, FormPart, Freshness, HashAlgorithm, Input, JwsPayload,
    KeyEncoding, Lifetime, Operation, Output, PhpArrays, RandomForm, Recipe, RequestPart, Rules, Send, Setting, Source,
    Step, Substitutes, TargetFrom, Template, TemplatePart, Text, TimeForm,
};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// The recipe as an expression that can stand in a `const`, under the names that [`imports`] brings.
pub fn value(recipe: &Recipe) -> TokenStream {
    let Recipe { name, steps, output, rules } = recipe;
    let (name, steps, output, rules) = (text(name), list(steps, step), self::output(output), self::rules(rules));
    quote!(recipe::Recipe { name: #name, steps: #steps, output: #output, rules: #rules })
}

/// What the expressions of this module need.
pub fn imports() -> TokenStream {
    quote! {
        use countersign_runtime::auth::recipe;
        use std::borrow::Cow::Borrowed;
    }
}

fn text(text: &Text) -> TokenStream {
    let text = text.as_ref();
    quote!(Borrowed(#text))
}

fn list<T>(items: &[T], item: impl Fn(&T) -> TokenStream) -> TokenStream {
    let items = items.iter().map(item);
    quote!(Borrowed(&[#(#items),*]))
}

fn option<T>(value: Option<&T>, item: impl Fn(&T) -> TokenStream) -> TokenStream {
    match value.map(item) {
        Some(value) => quote!(Some(#value)),
        None => quote!(None),
    }
}

fn pair<T>((name, value): &(Text, T), item: impl Fn(&T) -> TokenStream) -> TokenStream {
    let (name, value) = (text(name), item(value));
    quote!((#name, #value))
}

fn step(step: &Step) -> TokenStream {
    let Step { name, value, settable } = step;
    let (name, value, settable) = (text(name), expression(value), list(settable, setting));
    quote!(recipe::Step { name: #name, value: #value, settable: #settable })
}

fn setting(setting: &Setting) -> TokenStream {
    let variant = match setting {
        Setting::Arrays => "Arrays",
        Setting::Only => "Only",
        Setting::WithoutBody => "WithoutBody",
        Setting::Empty => "Empty",
        Setting::Header => "Header",
        Setting::Query => "Query",
        Setting::Body => "Body",
    };
    let variant = ident(variant);
    quote!(recipe::Setting::#variant)
}

fn ident(name: &str) -> Ident {
    format_ident!("{name}")
}

fn expression(value: &Expression) -> TokenStream {
    match value {
        Expression::Source(source) => {
            let source = self::source(source);
            quote!(recipe::Expression::Source(#source))
        }
        Expression::Operation(operation) => {
            let operation = self::operation(operation);
            quote!(recipe::Expression::Operation(#operation))
        }
    }
}

fn input(input: &Input) -> TokenStream {
    match input {
        Input::Step(name) => {
            let name = text(name);
            quote!(recipe::Input::Step(#name))
        }
        Input::Source(source) => {
            let source = self::source(source);
            quote!(recipe::Input::Source(#source))
        }
    }
}

fn source(source: &Source) -> TokenStream {
    let source = match source {
        Source::Credential { name, secret } => {
            let name = text(name);
            quote!(Credential { name: #name, secret: #secret })
        }
        Source::Basic { username, password } => {
            let (username, password) = (text(username), text(password));
            quote!(Basic { username: #username, password: #password })
        }
        Source::Key { name, decode, strip_prefix } => {
            let (name, decode) = (text(name), ident(key_encoding(*decode)));
            let strip_prefix = option(strip_prefix.as_ref(), text);
            quote!(Key { name: #name, decode: recipe::KeyEncoding::#decode, strip_prefix: #strip_prefix })
        }
        Source::Random { form, max_length } => {
            let form = random_form(*form);
            let max_length = option(max_length.as_ref(), |length| quote!(#length));
            quote!(Random { form: #form, max_length: #max_length })
        }
        Source::Time { form, plus_seconds } => {
            let form = ident(time_form(*form));
            quote!(Time { form: recipe::TimeForm::#form, plus_seconds: #plus_seconds })
        }
        Source::Argument { name, optional } => {
            let name = text(name);
            quote!(Argument { name: #name, optional: #optional })
        }
        Source::Request(part) => {
            let part = request_part(part);
            quote!(Request(#part))
        }
        Source::Session { name } => {
            let name = text(name);
            quote!(Session { name: #name })
        }
        Source::Literal(literal) => {
            let literal = text(literal);
            quote!(Literal(#literal))
        }
    };
    quote!(recipe::Source::#source)
}

fn request_part(part: &RequestPart) -> TokenStream {
    let part = match part {
        RequestPart::Method => quote!(Method),
        RequestPart::Path(from) => {
            let from = ident(target_from(*from));
            quote!(Path(recipe::TargetFrom::#from))
        }
        RequestPart::Query => quote!(Query),
        RequestPart::Target(from) => {
            let from = ident(target_from(*from));
            quote!(Target(recipe::TargetFrom::#from))
        }
        RequestPart::Host => quote!(Host),
        RequestPart::Url => quote!(Url),
        RequestPart::Body => quote!(Body),
        RequestPart::Header { name } => {
            let name = text(name);
            quote!(Header { name: #name })
        }
        RequestPart::Headers { only } => {
            let only = list(only, text);
            quote!(Headers { only: #only })
        }
    };
    quote!(recipe::RequestPart::#part)
}

fn target_from(from: TargetFrom) -> &'static str {
    match from {
        TargetFrom::Base => "Base",
        TargetFrom::Root => "Root",
    }
}

fn key_encoding(encoding: KeyEncoding) -> &'static str {
    match encoding {
        KeyEncoding::Utf8 => "Utf8",
        KeyEncoding::Hex => "Hex",
        KeyEncoding::Base64 => "Base64",
        KeyEncoding::Base64Url => "Base64Url",
    }
}

fn random_form(form: RandomForm) -> TokenStream {
    match form {
        RandomForm::UuidV4 => quote!(recipe::RandomForm::UuidV4),
        RandomForm::Hex(bytes) => quote!(recipe::RandomForm::Hex(#bytes)),
        RandomForm::Base64Url(bytes) => quote!(recipe::RandomForm::Base64Url(#bytes)),
    }
}

fn time_form(form: TimeForm) -> &'static str {
    match form {
        TimeForm::UnixSeconds => "UnixSeconds",
        TimeForm::UnixMilliseconds => "UnixMilliseconds",
        TimeForm::Rfc3339 => "Rfc3339",
        TimeForm::HttpDate => "HttpDate",
    }
}

fn hash_algorithm(algorithm: HashAlgorithm) -> TokenStream {
    let algorithm = ident(match algorithm {
        HashAlgorithm::Md5 => "Md5",
        HashAlgorithm::Sha1 => "Sha1",
        HashAlgorithm::Sha256 => "Sha256",
        HashAlgorithm::Sha384 => "Sha384",
        HashAlgorithm::Sha512 => "Sha512",
    });
    quote!(recipe::HashAlgorithm::#algorithm)
}

fn encoding(encoding: Encoding) -> TokenStream {
    let encoding = ident(match encoding {
        Encoding::Hex => "Hex",
        Encoding::HexUpper => "HexUpper",
        Encoding::Base64 => "Base64",
        Encoding::Base64Url => "Base64Url",
        Encoding::Raw => "Raw",
    });
    quote!(recipe::Encoding::#encoding)
}

fn escape(escape: Escape) -> TokenStream {
    match escape {
        Escape::Minimal => quote!(recipe::Escape::Minimal),
        Escape::Php => quote!(recipe::Escape::Php),
    }
}

fn php_arrays(arrays: PhpArrays) -> TokenStream {
    match arrays {
        PhpArrays::Assoc => quote!(recipe::PhpArrays::Assoc),
        PhpArrays::Object => quote!(recipe::PhpArrays::Object),
    }
}

fn substitutes(substitutes: &Substitutes) -> TokenStream {
    let Substitutes { without_body, empty } = substitutes;
    let (without_body, empty) = (option(without_body.as_ref(), text), option(empty.as_ref(), text));
    quote!(recipe::Substitutes { without_body: #without_body, empty: #empty })
}

fn operation(operation: &Operation) -> TokenStream {
    let operation = match operation {
        Operation::Hash { algorithm, of, encode, substitutes: missing } => {
            let (algorithm, of) = (hash_algorithm(*algorithm), input(of));
            let (encode, missing) = (encoding(*encode), substitutes(missing));
            quote!(Hash { algorithm: #algorithm, of: #of, encode: #encode, substitutes: #missing })
        }
        Operation::Hmac { algorithm, key, of, encode, substitutes: missing } => {
            let (algorithm, key, of) = (hash_algorithm(*algorithm), text(key), input(of));
            let (encode, missing) = (encoding(*encode), substitutes(missing));
            quote!(Hmac { algorithm: #algorithm, key: #key, of: #of, encode: #encode, substitutes: #missing })
        }
        Operation::Concat { parts, separator, substitutes: missing } => {
            let (parts, separator, missing) = (list(parts, input), text(separator), substitutes(missing));
            quote!(Concat { parts: #parts, separator: #separator, substitutes: #missing })
        }
        Operation::JsonArray { items, escape } => {
            let (items, escape) = (list(items, input), self::escape(*escape));
            quote!(JsonArray { items: #items, escape: #escape })
        }
        Operation::JsonObject { members, escape } => {
            let (members, escape) = (list(members, |member| pair(member, input)), self::escape(*escape));
            quote!(JsonObject { members: #members, escape: #escape })
        }
        Operation::PhpJson { of, arrays, substitutes: missing } => {
            let (of, arrays, missing) = (input(of), php_arrays(*arrays), substitutes(missing));
            quote!(PhpJson { of: #of, arrays: #arrays, substitutes: #missing })
        }
        Operation::Form { parts, substitutes: missing } => {
            let (parts, missing) = (list(parts, form_part), substitutes(missing));
            quote!(Form { parts: #parts, substitutes: #missing })
        }
        Operation::SortedForm { of, substitutes: missing } => {
            let (of, missing) = (input(of), substitutes(missing));
            quote!(SortedForm { of: #of, substitutes: #missing })
        }
        Operation::Jws { algorithm, key, header, payload, escape } => {
            let (algorithm, key) = (hash_algorithm(*algorithm), text(key));
            let header = list(header, |member| pair(member, text));
            let (payload, escape) = (jws_payload(payload), self::escape(*escape));
            quote!(Jws { algorithm: #algorithm, key: #key, header: #header, payload: #payload, escape: #escape })
        }
    };
    quote!(recipe::Operation::#operation)
}

fn form_part(part: &FormPart) -> TokenStream {
    match part {
        FormPart::Text(value) => {
            let value = input(value);
            quote!(recipe::FormPart::Text(#value))
        }
        FormPart::Pair(name, value) => {
            let (name, value) = (text(name), input(value));
            quote!(recipe::FormPart::Pair(#name, #value))
        }
    }
}

fn jws_payload(payload: &JwsPayload) -> TokenStream {
    match payload {
        JwsPayload::Claims(claims) => {
            let claims = list(claims, |claim| pair(claim, input));
            quote!(recipe::JwsPayload::Claims(#claims))
        }
        JwsPayload::Exact(value) => {
            let value = input(value);
            quote!(recipe::JwsPayload::Exact(#value))
        }
    }
}

fn output(output: &Output) -> TokenStream {
    match output {
        Output::Give(step) => {
            let step = text(step);
            quote!(recipe::Output::Give(#step))
        }
        Output::Custom(scheme) => {
            let scheme = custom(scheme);
            quote!(recipe::Output::Custom(#scheme))
        }
        Output::Send(Send { headers, query, body, settable }) => {
            let headers = list(headers, |header| pair(header, carrier));
            let query = list(query, |member| pair(member, carrier));
            let (body, settable) = (option(body.as_ref(), text), list(settable, setting));
            quote!(recipe::Output::Send(recipe::Send {
                headers: #headers,
                query: #query,
                body: #body,
                settable: #settable,
            }))
        }
    }
}

fn custom(custom: &Custom) -> TokenStream {
    let Custom { scheme, with, settable } = custom;
    let (scheme, with) = (text(scheme), list(with, |parameter| pair(parameter, fixed)));
    let settable = list(settable, text);
    quote!(recipe::Custom { scheme: #scheme, with: #with, settable: #settable })
}

fn fixed(value: &Fixed) -> TokenStream {
    match value {
        Fixed::Text(value) => {
            let value = text(value);
            quote!(recipe::Fixed::Text(#value))
        }
        Fixed::List(items) => {
            let items = list(items, text);
            quote!(recipe::Fixed::List(#items))
        }
        Fixed::Flag(flag) => quote!(recipe::Fixed::Flag(#flag)),
    }
}

fn carrier(carrier: &Carrier) -> TokenStream {
    match carrier {
        Carrier::One(one) => {
            let one = template(one);
            quote!(recipe::Carrier::One(#one))
        }
        Carrier::Many { items, separator } => {
            let (items, separator) = (list(items, template), text(separator));
            quote!(recipe::Carrier::Many { items: #items, separator: #separator })
        }
    }
}

fn template(template: &Template) -> TokenStream {
    let parts = list(&template.parts, |part| match part {
        TemplatePart::Text(literal) => {
            let literal = text(literal);
            quote!(recipe::TemplatePart::Text(#literal))
        }
        TemplatePart::Step(step) => {
            let step = text(step);
            quote!(recipe::TemplatePart::Step(#step))
        }
    });
    quote!(recipe::Template { parts: #parts })
}

fn rules(rules: &Rules) -> TokenStream {
    let Rules { single_use, freshness, lifetime } = rules;
    let single_use = list(single_use, text);
    let freshness = option(freshness.as_ref(), |Freshness { of, window_seconds }| {
        let of = text(of);
        quote!(recipe::Freshness { of: #of, window_seconds: #window_seconds })
    });
    let lifetime = option(lifetime.as_ref(), |Lifetime { of, max_seconds }| {
        let of = text(of);
        quote!(recipe::Lifetime { of: #of, max_seconds: #max_seconds })
    });
    quote!(recipe::Rules { single_use: #single_use, freshness: #freshness, lifetime: #lifetime })
}
