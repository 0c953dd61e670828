//! Random requests, signed by our engine and by another language's own library: every byte must agree.
//!
//! 1. [`draw`] draws requests from a seed: the same seed gives the same requests.
//! 2. The engine signs them with the recipe of the spec, prepared once.
//! 3. One process of PHP or Python (`tests/differential`) reads them all and signs them again.
//! 4. [`compare`] holds the parts of both side by side.
//!
//! A line of the exchange is a request or an answer; its fields are hexadecimal, so nothing is escaped on the way.

pub mod appsmiles;
pub mod cardlytics;
pub mod clutch;
pub mod draw;
mod peer;

use crate::workspace;
use anyhow::{Context as _, Result, anyhow};
use countersign_auth::{CheckedRecipe, check};
use countersign_codegen::parse::read;
use countersign_codegen::signing::recipes;
use draw::Draw;
use std::fmt;

/// One request for both sides.
#[derive(Clone, Debug)]
pub struct Case {
    /// What the other side needs to know; nothing stands for "there is none".
    pub fields: Vec<Option<Vec<u8>>>,
    /// What the engine made of it, or why it refused.
    pub ours: Result<Parts, String>,
}

/// The parts of a signature, by name.
pub type Parts = Vec<(&'static str, Vec<u8>)>;

/// Draws requests of one provider and signs them with the engine.
pub trait Requests {
    /// The provider's name under `specs`.
    const PROVIDER: &'static str;
    /// The program that signs again, and its script below `tests/differential`.
    const PEER: (&'static str, &'static str);
    /// Reads the spec and prepares its recipes.
    ///
    /// # Errors
    /// If the spec or a recipe is broken.
    fn prepare() -> Result<Self>
    where
        Self: Sized;
    /// A request that both sides must sign alike.
    fn next(&self, draw: &mut Draw) -> Case;
    /// A request that both sides must refuse; nothing if this provider signs everything.
    fn broken(&self, _draw: &mut Draw) -> Option<Case> {
        None
    }
}

/// How many requests came out alike.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The provider's name under `specs`.
    pub provider: &'static str,
    /// The program that signed again, with its version.
    pub peer: String,
    /// How many requests both sides signed, with every part alike.
    pub agreed: usize,
    /// How many requests there were.
    pub count: usize,
    /// How many requests were to be refused, and were by both sides.
    pub refused: usize,
    /// How many requests were to be refused.
    pub broken: usize,
    /// The first request that did not come out as it should.
    pub difference: Option<String>,
}

impl Comparison {
    /// Whether every request came out as it should.
    pub const fn is_good(&self) -> bool {
        self.difference.is_none() && self.agreed == self.count && self.refused == self.broken
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} of {} agree with {}", self.provider, self.agreed, self.count, self.peer)?;
        if self.broken > 0 {
            write!(f, "; {} of {} broken ones refused by both", self.refused, self.broken)?;
        }
        self.difference.as_ref().map_or(Ok(()), |difference| write!(f, "\n{difference}"))
    }
}

/// Draws `count` requests and compares what both sides make of them, and a tenth as many that must be refused.
///
/// # Errors
/// If the spec is broken, or the other program does not do its work.
pub fn compare<R: Requests>(seed: u64, count: usize) -> Result<Comparison> {
    let (requests, mut draw) = (R::prepare()?, Draw::new(seed));
    let mut cases: Vec<Case> = (0..count).map(|_| requests.next(&mut draw)).collect();
    cases.extend((0..count / 10).map_while(|_| requests.broken(&mut draw)));
    let broken = cases.len() - count;
    let (program, script) = R::PEER;
    let theirs = peer::answers(program, script, &cases)?;

    let (mut agreed, mut refused, mut difference) = (0, 0, None);
    for (index, (case, theirs)) in cases.iter().zip(&theirs).enumerate() {
        let verdict = if index < count { signed_alike(case, theirs) } else { refused_by_both(case, theirs) };
        match verdict {
            Ok(()) if index < count => agreed += 1,
            Ok(()) => refused += 1,
            Err(why) if difference.is_none() => difference = Some(told(index, seed, case, &why)),
            Err(_) => {}
        }
    }
    let peer = peer::version(program)?;
    Ok(Comparison { provider: R::PROVIDER, peer, agreed, count, refused, broken, difference })
}

/// What the other side made of a request, in the order of our parts; nothing if it refused.
type Answer = Option<Vec<Vec<u8>>>;

fn signed_alike(case: &Case, theirs: &Answer) -> Result<(), String> {
    let ours = case.ours.as_ref().map_err(|reason| format!("the engine refuses it: {reason}"))?;
    let theirs = theirs.as_ref().ok_or("the other side refuses it")?;
    if ours.len() != theirs.len() {
        return Err(format!("{} parts here, {} there", ours.len(), theirs.len()));
    }
    match ours.iter().zip(theirs).find(|((_, ours), theirs)| ours != *theirs) {
        Some(((name, ours), theirs)) => Err(format!("{name}\n{}", parting(ours, theirs))),
        None => Ok(()),
    }
}

fn refused_by_both(case: &Case, theirs: &Answer) -> Result<(), String> {
    match (&case.ours, theirs) {
        (Err(_), None) => Ok(()),
        (Ok(_), None) => Err("only the other side refuses it".to_owned()),
        (Err(reason), Some(_)) => Err(format!("only the engine refuses it: {reason}")),
        (Ok(_), Some(_)) => Err("neither side refuses it".to_owned()),
    }
}

/// Where two parts differ, with what stands around that place.
fn parting(ours: &[u8], theirs: &[u8]) -> String {
    let at = ours.iter().zip(theirs).position(|(ours, theirs)| ours != theirs).unwrap_or(ours.len().min(theirs.len()));
    let around = |bytes: &[u8]| shown(&bytes[at.saturating_sub(60)..bytes.len().min(at + 60)]);
    format!("  at byte {at}\n  ours   {}\n  theirs {}", around(ours), around(theirs))
}

fn told(index: usize, seed: u64, case: &Case, why: &str) -> String {
    // The seed brings the whole request back; here its beginnings do.
    let start = |bytes: &[u8]| shown(bytes).chars().take(400).collect();
    let field = |field: &Option<Vec<u8>>| field.as_deref().map_or("none".to_owned(), start);
    let fields: Vec<String> = case.fields.iter().map(field).collect();
    format!("first difference: request {index} of seed {seed}: {why}\n  of {}", fields.join("\n     "))
}

fn shown(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| format!("0x{}", hex(bytes)), |text| format!("{text:?}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A recipe of a provider's spec, checked.
fn recipe(provider: &str, name: &str) -> Result<CheckedRecipe> {
    let spec = read(&workspace::root().join("specs").join(provider).join("openapi.yaml"))?;
    let all = recipes(&spec).map_err(|findings| anyhow!("{findings:#?}"))?;
    let recipe = all.into_iter().find(|recipe| recipe.name == name).with_context(|| format!("no recipe {name}"))?;
    check(recipe).map_err(|errors| anyhow!("{errors:#?}"))
}

/// The steps named, as the engine computed them.
fn steps<'a>(
    all: impl Iterator<Item = countersign_auth::StepValue<'a>> + Clone,
    names: &[(&'static str, &str)],
) -> Result<Parts, String> {
    let step = |(called, name): &(&'static str, &str)| {
        let found = all.clone().find(|step| step.name == *name).ok_or_else(|| format!("no step {name}"))?;
        Ok((*called, found.bytes.to_vec()))
    };
    names.iter().map(step).collect()
}
