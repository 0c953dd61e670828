//! Rows as they are written in the text files beside this one.
//!
//! A row begins with `== name`; `# ` begins a comment. Sections begin with `-- `:
//!
//! - `paths`, `schemas`, or another kind of component: YAML that goes into the document there.
//! - `schema`: YAML of a schema that is named after the row; `GET /name` answers with it, `PUT /name` takes it.
//! - `servers`, `webhooks`, `security`: YAML that goes to the top of the document, which is then a crate of its own.
//! - `whole`: the whole document. `file NAME`: another file beside it; the row is then a crate of its own.
//! - `credentials`: what is called on `Credentials::new()`, or its arguments in parentheses.
//! - `call`, `request`, `answer`, `expect`: a call, the bytes that leave, the bytes that come, and an expression that
//!   is true of `result`. They may repeat; a call stays until the next one.
//! - `json`: a value that the server sends and gets back, then an expression that is true of `value`; `refused`
//!   if it must not decode; `sent JSON` if another value goes back.
//! - `written`: lines that the sources of the crate hold, whatever the white space.
//! - `notes`: rules that say what was loosened. `finding`: a rule that refuses the document, then text of its line.
//! - `wrong`: why the row is not right yet. It is counted, and fails the test once it is right.
//!
//! `@json(schema)`, `@of(media type, schema)`, `@ref(Name)` and `@empty` stand for responses and references.

/// A file of rows.
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) rows: Vec<Row>,
}

/// One feature.
#[derive(Default)]
pub(crate) struct Row {
    pub(crate) name: String,
    /// Sections of the document, in their order.
    pub(crate) parts: Vec<(String, String)>,
    /// Other files, by name.
    pub(crate) files: Vec<(String, String)>,
    pub(crate) credentials: Option<String>,
    pub(crate) cases: Vec<Case>,
    pub(crate) notes: Vec<String>,
    /// What stands in the sources of the crate.
    pub(crate) written: Vec<String>,
    /// The rule that refuses the document, and text of the line that it points at.
    pub(crate) finding: Option<(String, String)>,
    /// Why it is not right yet.
    pub(crate) wrong: Option<String>,
}

/// A call, and what is true of it.
#[derive(Clone, Default)]
pub(crate) struct Case {
    pub(crate) call: String,
    pub(crate) request: Option<String>,
    pub(crate) answer: String,
    pub(crate) expect: String,
}

impl Row {
    /// Whether the row needs a document of its own.
    pub(crate) fn is_alone(&self) -> bool {
        !self.files.is_empty()
            || self.parts.iter().any(|(kind, _)| matches!(kind.as_str(), "servers" | "webhooks" | "security" | "whole"))
    }
}

/// Reads a file: its first line is `openapi: VERSION`.
pub(crate) fn read(name: &str, text: &str) -> Group {
    let (first, rest) = text.split_once('\n').expect("a first line");
    let version = first.strip_prefix("openapi: ").expect("the version").to_owned();
    let rows = rest.split("\n== ").skip(1).map(row).collect();
    Group { name: name.to_owned(), version, rows }
}

fn row(text: &str) -> Row {
    let mut sections = text.split("\n-- ");
    let mut row =
        Row { name: sections.next().unwrap_or_default().lines().next().unwrap().trim().into(), ..Row::default() };
    let mut call = String::new();
    for section in sections {
        let (head, rest) = section.split_once('\n').unwrap_or((section, ""));
        let (kind, after) = head.split_once(' ').unwrap_or((head, ""));
        let lines: Vec<&str> = rest.lines().filter(|line| !line.starts_with("# ")).collect();
        let body = lines.join("\n").trim_end_matches('\n').to_owned();
        let whole = [after, &body].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("\n");
        match kind {
            "schema" => schema(&mut row, &whole),
            "credentials" => row.credentials = Some(whole),
            "notes" => row.notes = whole.split_whitespace().map(str::to_owned).collect(),
            "finding" => row.finding = Some((after.trim().to_owned(), body.trim().to_owned())),
            "json" => json(&mut row, after, &body),
            "file" => row.files.push((after.trim().to_owned(), macros(&body) + "\n")),
            "written" => row.written.extend(whole.lines().map(str::to_owned)),
            "wrong" => row.wrong = Some(whole),
            "call" => call = whole,
            "request" => {
                row.cases.push(Case { call: call.clone(), request: Some(whole), ..Case::default() });
            }
            "answer" => {
                if row.cases.last().is_none_or(|case| !case.answer.is_empty()) {
                    row.cases.push(Case { call: call.clone(), ..Case::default() });
                }
                row.cases.last_mut().unwrap().answer = whole;
            }
            "expect" => {
                let case = row.cases.last_mut().unwrap_or_else(|| panic!("{}: nothing to expect", row.name));
                assert!(case.expect.is_empty(), "{}: expects twice", row.name);
                case.expect = whole;
            }
            _ => row.parts.push((kind.to_owned(), macros(&whole))),
        }
    }
    for case in &row.cases {
        assert!(!case.call.is_empty() && !case.expect.is_empty(), "{}: a case without a call or outcome", row.name);
    }
    let refuses = row.finding.is_some();
    assert_eq!(refuses, row.cases.is_empty(), "{}: either a finding or cases", row.name);
    row
}

/// A schema that goes both ways.
fn schema(row: &mut Row, text: &str) {
    let (name, ty) = (&row.name, type_name(&row.name));
    let paths = format!(
        "/{name}:\n  get: {{operationId: get_{name}, responses: {{'200': @json(@ref({ty}))}}}}\n  put: {{operationId: \
         put_{name}, requestBody: {{required: true, content: {{application/json: {{schema: @ref({ty})}}}}}}, responses: \
         {{'204': @empty}}}}"
    );
    row.parts.push(("paths".into(), macros(&paths)));
    row.parts.push(("schemas".into(), format!("{ty}:\n{}", indented(&macros(text), 2))));
}

fn json(row: &mut Row, value: &str, rest: &str) {
    let name = &row.name;
    let (sent, expect) = match rest.strip_prefix("sent ") {
        Some(rest) => rest.split_once('\n').unwrap_or((rest, "true")),
        None => (value, rest),
    };
    let call = format!("client.get_{name}()");
    let request = Some(format!("GET /{name}"));
    let answer = format!("200\ncontent-type: application/json\n\n{value}");
    let expect = match expect.trim() {
        "refused" => "matches!(result.unwrap_err().kind(), ErrorKind::Decode { .. })".to_owned(),
        expect => format!(
            "let value = result.unwrap().into_inner(); server.play(\"204\"); let again = client.put_{name}(&value).await; \
             again.is_ok() && sent_json(&server, r#####\"{sent}\"#####) && {{ {} }}",
            if expect.is_empty() { "true" } else { expect }
        ),
    };
    row.cases.push(Case { call, request, answer, expect });
}

/// `one_row` is the type `OneRow`.
pub(crate) fn type_name(name: &str) -> String {
    let upper = |part: &str| part[..1].to_uppercase() + &part[1..];
    name.split('_').map(upper).collect()
}

/// Replaces the macros, the innermost last.
fn macros(text: &str) -> String {
    let mut text = text.replace("@empty", "{description: d}");
    while let Some(at) = text.find("@json(").or_else(|| text.find("@of(")).or_else(|| text.find("@ref(")) {
        let open = at + text[at..].find('(').unwrap();
        let mut depth = 0;
        let close = text[open..].char_indices().find(|(_, c)| {
            depth += i32::from(*c == '(') - i32::from(*c == ')');
            depth == 0
        });
        let close = open + close.unwrap_or_else(|| panic!("an open macro in {text}")).0;
        let inner = &text[open + 1..close];
        let new = match &text[at..open] {
            "@json" => format!("{{description: d, content: {{application/json: {{schema: {inner}}}}}}}"),
            "@ref" => format!("{{$ref: '#/components/schemas/{inner}'}}"),
            _ => {
                let (media, schema) = inner.split_once(',').expect("a media type and a schema");
                format!("{{description: d, content: {{{media}: {{schema: {}}}}}}}", schema.trim())
            }
        };
        text.replace_range(at..=close, &new);
    }
    text
}

/// The lines, each further to the right.
pub(crate) fn indented(text: &str, by: usize) -> String {
    text.lines().map(|line| format!("{:by$}{line}\n", "")).collect()
}
