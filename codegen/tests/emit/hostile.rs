//! Text that tries to become code, in every place where a document has text.

use countersign_codegen::ir::*;

/// What hostile text tries: to end a string, an attribute, a comment, a fence, a table, a TOML value.
pub(crate) fn attempts() -> String {
    [
        "\"#] fn evil() {} #[doc = \"",
        "*/ fn evil() {} /* ]] ${evil} {evil} \\\" \\",
        "a\r\nfn evil() {}\rfn evil() {}",
        "```\nfn evil() { nonsense }\n```",
        "```rust\nfn evil() { nonsense }",
        "~~~\nfn evil() {}\n~~~~",
        "    fn evil() { nonsense }",
        "- a\n\n      fn evil() { nonsense }\n- ```\n  fn evil() {}",
        "> ```\n> fn evil() { nonsense }",
        ">     fn evil() { nonsense }",
        "-     fn evil() { nonsense }",
        "1)     fn evil() { nonsense }",
        "[evil] [evil][evil] [`evil`] [evil](evil) ![evil](http://evil.example/x) [evil]: http://evil.example",
        "[a](http://evil.example/ \"title\") [a](<http://evil.example/>) http://evil.example/x. https://evil.example/[x]",
        "<evil> </evil> <evil/> <!-- evil --> --> <http://evil.example> <a href=\"http://evil.example\">x",
        "one ` two `` three ``` four `` `[evil]` ``a`[evil]``",
        "| evil | `[evil|]` |\n|---|---|\n| [evil] | x |",
        "evil\n====\nevil\n----\n# evil\n###### [evil]",
        "&lt;evil&gt; &#91;evil&#93; [^evil] ~~[evil]~~ **[evil",
        "\u{202E}evil\u{2066}\u{0}\u{7}\u{85}evil\u{2028}evil\u{FEFF}",
        "\"\"\"\nevil = 1\n[evil]\n'''",
    ]
    .join("\n\n")
}

/// Puts hostile text wherever an IR has text that is not a Rust name.
pub(crate) fn poison(ir: &mut Ir) {
    let mut poison = Poison { count: 0 };
    let api = &mut ir.api;
    poison.text(&mut api.title);
    poison.text(&mut api.version);
    poison.doc(&mut api.doc);
    poison.text(&mut api.spec_path);
    poison.optional(&mut api.docs_url);
    for server in &mut api.servers {
        poison.text(&mut server.url);
        poison.doc(&mut server.doc);
    }
    for tag in &mut api.tags {
        poison.text(&mut tag.name);
        poison.doc(&mut tag.doc);
    }
    for scheme in &mut ir.schemes {
        poison.doc(&mut scheme.doc);
    }
    for def in &mut ir.types {
        poison.doc(&mut def.doc);
        match &mut def.kind {
            TypeKind::Struct(object) => {
                for field in &mut object.fields {
                    poison.text(&mut field.wire);
                    poison.doc(&mut field.doc);
                }
            }
            TypeKind::Enum(choice) => {
                for variant in choice.variants.iter_mut().filter(|variant| !variant.integer) {
                    poison.text(&mut variant.wire);
                    poison.doc(&mut variant.doc);
                }
                for (word, same) in &mut choice.synonyms {
                    poison.text(word);
                    // What a word means stays a value of the enum.
                    same.clone_from(&choice.variants[0].wire);
                }
                for (from, next) in choice.transitions.iter_mut().flat_map(|transitions| &mut transitions.next) {
                    poison.text(from);
                    next.iter_mut().for_each(|value| poison.text(value));
                }
                for value in choice.transitions.iter_mut().flat_map(|transitions| &mut transitions.finals) {
                    poison.text(value);
                }
            }
            TypeKind::Union(union) => {
                if let UnionBy::Tag(tag) = &mut union.by {
                    poison.text(tag);
                }
                for branch in &mut union.branches {
                    branch.tags.iter_mut().for_each(|tag| poison.text(tag));
                    poison.doc(&mut branch.doc);
                }
            }
        }
    }
    for operation in &mut ir.operations {
        poison.operation(operation);
    }
    sessions(ir, &mut poison);
    for header in &mut ir.headers {
        poison.text(&mut header.wire);
        poison.doc(&mut header.doc);
    }
    for webhook in &mut ir.webhooks {
        poison.text(&mut webhook.name);
        poison.text(&mut webhook.id);
        poison.doc(&mut webhook.doc);
        webhook.dedupe.iter_mut().for_each(|dedupe| poison.text(dedupe));
    }
}

/// Sessions still come from an operation, and their pointers lead to its members as they are called now.
fn sessions(ir: &mut Ir, poison: &mut Poison) {
    let get = ir.operations.iter().find(|operation| operation.name == "get_order").unwrap();
    let every = ir.types.iter().find(|def| def.name == "Every").unwrap();
    let TypeKind::Struct(every) = &every.kind else { panic!("it is an object") };
    let pointer = |name: &str| {
        let field = every.fields.iter().find(|field| field.name == name).unwrap();
        format!("/{}", field.wire.replace('~', "~0").replace('/', "~1"))
    };
    for session in &mut ir.sessions {
        session.from.clone_from(&get.id);
        session.lifetime_at = Some(pointer("i64_optional"));
        if let Some((at, values)) = &mut session.rejected {
            poison.text(at);
            let mut text = String::new();
            poison.text(&mut text);
            *values = vec![text.into()];
        }
        session.at = match session.at.starts_with("/any") {
            true => {
                let mut deep = String::new();
                poison.text(&mut deep);
                format!("{}/{}", pointer("any_double"), deep.replace('~', "~0").replace('/', "~1"))
            }
            false => pointer("text_null"),
        };
    }
}

struct Poison {
    count: usize,
}

impl Poison {
    /// Different each time, since names in JSON are unique.
    fn text(&mut self, text: &mut String) {
        self.count += 1;
        *text = format!("{}\n{} {text}", attempts(), self.count);
    }

    fn optional(&mut self, text: &mut Option<String>) {
        self.text(text.get_or_insert_default());
    }

    fn doc(&mut self, doc: &mut Doc) {
        self.optional(&mut doc.summary);
        self.optional(&mut doc.description);
        self.optional(&mut doc.url);
        doc.notes.extend(attempts().split("\n\n").map(str::to_owned));
    }

    fn operation(&mut self, operation: &mut Operation) {
        self.text(&mut operation.id);
        self.text(&mut operation.path);
        self.text(&mut operation.method);
        self.doc(&mut operation.doc);
        operation.security.iter_mut().flatten().for_each(|scheme| self.text(scheme));
        let choices = operation.choices.iter_mut().flat_map(|choice| choice.variants.iter_mut().map(|(_, p)| p));
        for parameter in operation.parameters.iter_mut().chain(choices) {
            self.text(&mut parameter.wire);
            self.doc(&mut parameter.doc);
        }
        if let Some(body) = &mut operation.body {
            self.text(&mut body.media_type);
            self.doc(&mut body.doc);
            body.alternatives.iter_mut().for_each(|other| self.text(&mut other.media_type));
            body.contents_mut().for_each(|content| self.body(content));
        }
        for response in operation.successes.iter_mut().chain(&mut operation.errors) {
            self.doc(&mut response.doc);
            response.media_types.iter_mut().for_each(|media_type| self.text(media_type));
            response.headers.iter_mut().for_each(|header| self.doc(&mut header.doc));
            if let Some(failure) = &mut response.failure {
                self.text(&mut failure.at);
                let (FailureWhen::Equals(values) | FailureWhen::NotEquals(values)) = &mut failure.when;
                values.push(attempts().into());
            }
        }
    }

    fn body(&mut self, content: &mut BodyContent) {
        match content {
            BodyContent::Form(_, styles) => styles.iter_mut().for_each(|(name, _)| self.text(name)),
            BodyContent::Multipart(form) => {
                for part in &mut form.parts {
                    self.text(&mut part.wire);
                    part.media_type.iter_mut().chain(&mut part.constant).for_each(|text| self.text(text));
                    self.doc(&mut part.doc);
                    for (_, wire, doc) in &mut part.headers {
                        self.text(wire);
                        self.doc(doc);
                    }
                }
            }
            BodyContent::Json(_) | BodyContent::Text | BodyContent::Bytes => {}
        }
    }
}
