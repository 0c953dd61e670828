//! What a user may change where the provider's documents leave it open (`settable`).

use crate::error::OptionError;
use crate::recipe::{
    Carrier, Custom, Expression, Fixed, Input, List, Operation, Output, PhpArrays, Recipe, RequestPart, Send, Setting,
    Source, Step, Substitutes, Template, TemplatePart, Text,
};
use std::collections::BTreeMap;

/// Changes to what a recipe calls `settable`; see [`crate::CheckedRecipe::with_options`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SigningOptions {
    pub(crate) steps: BTreeMap<String, StepOptions>,
    pub(crate) headers: Option<Vec<(Text, Carrier)>>,
    pub(crate) query: Option<Vec<(Text, Carrier)>>,
    pub(crate) body: Option<Option<Text>>,
    pub(crate) parameters: BTreeMap<String, Fixed>,
}

/// Changes to one step; the inner `None` takes an option away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StepOptions {
    pub(crate) arrays: Option<PhpArrays>,
    pub(crate) only: Option<Vec<Text>>,
    pub(crate) without_body: Option<Option<Text>>,
    pub(crate) empty: Option<Option<Text>>,
}

impl SigningOptions {
    /// No changes.
    pub fn new() -> Self {
        SigningOptions::default()
    }

    /// Sets `arrays` of a `php-json` step.
    #[must_use]
    pub fn arrays(mut self, step: impl Into<String>, arrays: PhpArrays) -> Self {
        self.step(step).arrays = Some(arrays);
        self
    }

    /// Sets which headers a step reads, in this order and spelling.
    #[must_use]
    pub fn only(mut self, step: impl Into<String>, names: impl IntoIterator<Item = impl Into<Text>>) -> Self {
        self.step(step).only = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Sets the result of a step for a request without a body; `None` takes it away.
    #[must_use]
    pub fn without_body(mut self, step: impl Into<String>, result: Option<Text>) -> Self {
        self.step(step).without_body = Some(result);
        self
    }

    /// Sets the result of a step for an empty body or map; `None` takes it away.
    #[must_use]
    pub fn empty(mut self, step: impl Into<String>, result: Option<Text>) -> Self {
        self.step(step).empty = Some(result);
        self
    }

    /// Replaces the headers that the recipe sends; see [`parse_template`].
    #[must_use]
    pub fn headers(mut self, headers: impl IntoIterator<Item = (impl Into<Text>, Template)>) -> Self {
        self.headers = Some(carriers(headers));
        self
    }

    /// Replaces the query pairs that the recipe sends; see [`parse_template`].
    #[must_use]
    pub fn query(mut self, pairs: impl IntoIterator<Item = (impl Into<Text>, Template)>) -> Self {
        self.query = Some(carriers(pairs));
        self
    }

    /// Sets which step's text replaces the body; `None` leaves the caller's body as it is.
    #[must_use]
    pub fn body(mut self, step: Option<Text>) -> Self {
        self.body = Some(step);
        self
    }

    /// Sets a parameter of a custom scheme to a text, a word or a length of time.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<Text>) -> Self {
        self.parameters.insert(name.into(), Fixed::Text(value.into()));
        self
    }

    /// Sets a parameter of a custom scheme to a list.
    #[must_use]
    pub fn parameter_list(mut self, name: impl Into<String>, items: impl IntoIterator<Item = impl Into<Text>>) -> Self {
        self.parameters.insert(name.into(), Fixed::List(items.into_iter().map(Into::into).collect()));
        self
    }

    /// Sets a parameter of a custom scheme that is true or false.
    #[must_use]
    pub fn parameter_flag(mut self, name: impl Into<String>, flag: bool) -> Self {
        self.parameters.insert(name.into(), Fixed::Flag(flag));
        self
    }

    fn step(&mut self, step: impl Into<String>) -> &mut StepOptions {
        self.steps.entry(step.into()).or_default()
    }
}

fn carriers(pairs: impl IntoIterator<Item = (impl Into<Text>, Template)>) -> Vec<(Text, Carrier)> {
    pairs.into_iter().map(|(name, template)| (name.into(), Carrier::One(template))).collect()
}

/// Splits `"Bearer {token}"` into texts and step names; there is no way to write a brace.
///
/// # Errors
/// A brace that nothing closes or opens, or that names no step, in words.
pub fn parse_template(text: &str) -> Result<Template, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(open);
        let inner = from.strip_prefix('{').ok_or("a `}` that nothing opens")?;
        let (name, after) = inner.split_once('}').ok_or("a `{` that nothing closes")?;
        if name.is_empty() || name.contains('{') {
            return Err("braces around something that is no step's name".to_owned());
        }
        if !before.is_empty() {
            parts.push(TemplatePart::Text(before.to_owned().into()));
        }
        parts.push(TemplatePart::Step(name.to_owned().into()));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(TemplatePart::Text(rest.to_owned().into()));
    }
    Ok(Template { parts: parts.into() })
}

/// Puts the options into a copy of the recipe.
pub(crate) fn apply(recipe: &Recipe, options: &SigningOptions) -> Result<Recipe, OptionError> {
    let mut recipe = recipe.clone();
    let scheme = recipe.name.clone();
    for (name, changes) in &options.steps {
        let steps = recipe.steps.to_mut();
        let step = steps.iter_mut().find(|step| step.name == *name);
        let step = step.ok_or_else(|| OptionError::UnknownStep { scheme: scheme.clone(), step: name.clone() })?;
        apply_step(step, changes).map_err(|setting| not_settable(&scheme, name, setting))?;
    }
    for (name, value) in &options.parameters {
        let set = match &mut recipe.output {
            Output::Custom(custom) => set_parameter(custom, name, value),
            _ => None,
        };
        set.ok_or_else(|| OptionError::Parameter { scheme: scheme.clone(), parameter: name.clone() })?;
    }
    if let Output::Send(send) = &mut recipe.output {
        apply_send(send, options).map_err(|setting| not_settable(&scheme, "send", setting))?;
    } else if options.headers.is_some() || options.query.is_some() || options.body.is_some() {
        return Err(not_settable(&scheme, "send", Setting::Header));
    }
    Ok(recipe)
}

/// Changes a parameter that the recipe leaves open.
fn set_parameter(custom: &mut Custom, name: &str, value: &Fixed) -> Option<()> {
    custom.settable.iter().find(|settable| *settable == name)?;
    let (_, place) = custom.with.to_mut().iter_mut().find(|(parameter, _)| parameter == name)?;
    *place = value.clone();
    Some(())
}

fn not_settable(scheme: &Text, part: &str, setting: Setting) -> OptionError {
    OptionError::NotSettable { scheme: scheme.clone(), part: part.to_owned(), setting }
}

fn apply_step(step: &mut Step, changes: &StepOptions) -> Result<(), Setting> {
    if let Some(names) = &changes.only {
        settable(&step.settable, Setting::Only)?;
        *headers_of_mut(step).ok_or(Setting::Only)? = names.clone().into();
    }
    if let Some(chosen) = changes.arrays {
        settable(&step.settable, Setting::Arrays)?;
        match &mut step.value {
            Expression::Operation(Operation::PhpJson { arrays, .. }) => *arrays = chosen,
            _ => return Err(Setting::Arrays),
        }
    }
    if let Some(result) = &changes.without_body {
        settable(&step.settable, Setting::WithoutBody)?;
        substitutes_mut(step).ok_or(Setting::WithoutBody)?.without_body.clone_from(result);
    }
    if let Some(result) = &changes.empty {
        settable(&step.settable, Setting::Empty)?;
        substitutes_mut(step).ok_or(Setting::Empty)?.empty.clone_from(result);
    }
    Ok(())
}

fn apply_send(send: &mut Send, options: &SigningOptions) -> Result<(), Setting> {
    if let Some(headers) = &options.headers {
        settable(&send.settable, Setting::Header)?;
        send.headers = headers.clone().into();
    }
    if let Some(query) = &options.query {
        settable(&send.settable, Setting::Query)?;
        send.query = query.clone().into();
    }
    if let Some(body) = &options.body {
        settable(&send.settable, Setting::Body)?;
        send.body.clone_from(body);
    }
    Ok(())
}

fn settable(allowed: &[Setting], setting: Setting) -> Result<(), Setting> {
    if allowed.contains(&setting) { Ok(()) } else { Err(setting) }
}

/// The header names that a step reads, itself or in its inline source.
pub(crate) fn headers_of(step: &Step) -> Option<&List<Text>> {
    let source = match &step.value {
        Expression::Source(source) | Expression::Operation(Operation::PhpJson { of: Input::Source(source), .. }) => {
            source
        }
        Expression::Operation(_) => return None,
    };
    match source {
        Source::Request(RequestPart::Headers { only }) => Some(only),
        _ => None,
    }
}

fn headers_of_mut(step: &mut Step) -> Option<&mut List<Text>> {
    let source = match &mut step.value {
        Expression::Source(source) | Expression::Operation(Operation::PhpJson { of: Input::Source(source), .. }) => {
            source
        }
        Expression::Operation(_) => return None,
    };
    match source {
        Source::Request(RequestPart::Headers { only }) => Some(only),
        _ => None,
    }
}

fn substitutes_mut(step: &mut Step) -> Option<&mut Substitutes> {
    match &mut step.value {
        Expression::Operation(
            Operation::Hash { substitutes, .. }
            | Operation::Hmac { substitutes, .. }
            | Operation::Concat { substitutes, .. }
            | Operation::PhpJson { substitutes, .. }
            | Operation::Form { substitutes, .. }
            | Operation::SortedForm { substitutes, .. },
        ) => Some(substitutes),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_split() {
        let text = |text: &'static str| TemplatePart::Text(text.into());
        let step = |name: &'static str| TemplatePart::Step(name.into());
        let parts = |template: &str| parse_template(template).map(|template| template.parts.into_owned());
        assert_eq!(parts("Bearer {token}"), Ok(vec![text("Bearer "), step("token")]));
        assert_eq!(parts("{a}:{b}."), Ok(vec![step("a"), text(":"), step("b"), text(".")]));
        assert_eq!(parts("plain"), Ok(vec![text("plain")]));
        for bad in ["{", "}", "{}", "{a", "a}", "{{a}}", "{a{b}}"] {
            assert!(parts(bad).is_err(), "{bad}");
        }
    }
}
