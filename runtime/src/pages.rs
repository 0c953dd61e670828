//! Pages that lead from one to the next, as a stream of pages and as a stream of items.
//!
//! 1. A walk begins with a call, or at a cursor that was saved.
//! 2. The next page is fetched when it is asked for, with the options of the first call, and not before.
//! 3. A page's cursor leads on until there is none. An empty page is not the end, and a short one neither.
//! 4. A call that fails is an error in its place; the walk stays where it is, so asking again makes the call again.
//! 5. A cursor that came before is an error, since the walk would never end.
//!
//! Which member is the cursor, and which the items, is generated: [`Paged`].

use crate::call::{self, CallFuture, Response};
use crate::error::Error;
use crate::operation::Operation;
use crate::request::Request;
use futures_core::Stream;
use std::collections::HashSet;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// An operation whose answer is a page, or leads to the first one; what generated code says.
pub trait Paged: Operation {
    /// The operation that gives the pages that follow; the same one where an API has no other.
    type Next: Operation<Error = Self::Error>;
    /// What pages hold.
    type Item: Send + 'static;
    /// The parameter of [`Next`](Self::Next) that takes the cursor.
    const CURSOR: CursorParameter;

    /// The cursor in the answer of this operation; empty text is none.
    fn first_cursor(answer: &Self::Output) -> Option<String>;

    /// The answer of this operation as the first page, if it is one.
    fn first_page(answer: Response<Self::Output>) -> Option<Response<Page<Self>>>;

    /// The cursor of the page after this one; empty text is none.
    fn cursor(page: &Page<Self>) -> Option<String>;

    /// The items of a page, in its order.
    fn items(page: Page<Self>) -> Vec<Self::Item>;
}

/// A page of an operation.
pub type Page<O> = <<O as Paged>::Next as Operation>::Output;

/// Where a cursor goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CursorParameter {
    /// A query pair of this name.
    Query(&'static str),
    /// A variable of the path.
    Path(&'static str),
    /// A header.
    Header(&'static str),
}

/// A page that did not come.
#[non_exhaustive]
pub enum PageError<E> {
    /// The call failed. Asking for the next page makes it again.
    Call(Error<E>),
    /// A page named a cursor that came before; the walk ends here.
    RepeatedCursor,
}

/// The pages of a walk; a [`Stream`].
///
/// Nothing is fetched ahead. Dropping it gives up the call that runs.
#[must_use = "no page is fetched before it is asked for"]
pub struct Pages<O: Paged> {
    start: Request,
    at: Position,
    /// The cursor of the page that came last.
    last: Option<String>,
    seen: HashSet<String>,
    call: Option<CallFuture<Fetched<O>>>,
}

/// The items of a walk; a [`Stream`].
///
/// Pages are fetched one by one, as items are taken. Dropping it gives up the call that runs.
#[must_use = "no page is fetched before an item is asked for"]
pub struct Items<O: Paged> {
    pages: Pages<O>,
    page: std::vec::IntoIter<O::Item>,
    /// How many items of the page were taken.
    taken: usize,
}

/// What the next call asks for.
#[derive(Debug)]
enum Position {
    Start,
    Cursor(String),
    Repeated,
    End,
}

/// A page, if the answer was one, and the cursor of the next one.
type Fetched<O> = Result<(Option<Response<Page<O>>>, Option<String>), Error<<O as Operation>::Error>>;

impl<O: Paged> Pages<O> {
    /// A walk that begins with this call.
    pub fn new(start: Request) -> Self {
        let given = match O::INFO == O::Next::INFO {
            true => start.cursor(O::CURSOR),
            false => None,
        };
        match given {
            Some(cursor) => Self::from_cursor(start, cursor),
            None => Self { start, at: Position::Start, last: None, seen: HashSet::new(), call: None },
        }
    }

    /// A walk that goes on at a cursor, with the options of this call.
    pub fn from_cursor(start: Request, cursor: impl Into<String>) -> Self {
        let cursor = cursor.into();
        let seen = HashSet::from([cursor.clone()]);
        Self { start, at: Position::Cursor(cursor), last: None, seen, call: None }
    }

    /// The next page, or nothing at the end.
    ///
    /// # Errors
    /// The call failed, and asking again makes it again; or a cursor came twice, which ends the walk.
    pub async fn next(&mut self) -> Result<Option<Response<Page<O>>>, PageError<O::Error>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await.transpose()
    }

    /// The cursor of the page that is fetched next: what to save in order to go on later. There is none before the
    /// first answer, nor at the end.
    pub fn cursor(&self) -> Option<&str> {
        match &self.at {
            Position::Cursor(cursor) => Some(cursor),
            Position::Start | Position::Repeated | Position::End => None,
        }
    }

    /// Whether no page follows.
    pub fn is_ended(&self) -> bool {
        matches!(self.at, Position::End)
    }

    /// The items of the pages that follow.
    pub fn items(self) -> Items<O> {
        Items { pages: self, page: Vec::new().into_iter(), taken: 0 }
    }

    /// The call that the walk begins with.
    #[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
    pub(crate) fn start(&self) -> &Request {
        &self.start
    }

    fn call(&self) -> Option<CallFuture<Fetched<O>>> {
        match &self.at {
            Position::Start => {
                let request = self.start.again();
                Some(Box::pin(async move {
                    let answer = call::send::<O>(request).await?;
                    let cursor = O::first_cursor(&answer);
                    Ok((O::first_page(answer), cursor))
                }))
            }
            Position::Cursor(cursor) => {
                let request = self.start.next_page(O::Next::INFO, O::CURSOR, cursor);
                Some(Box::pin(async move {
                    let page = call::send::<O::Next>(request).await?;
                    let cursor = O::cursor(&page);
                    Ok((Some(page), cursor))
                }))
            }
            Position::Repeated | Position::End => None,
        }
    }

    /// Moves on to the page of a cursor.
    fn advance(&mut self, cursor: Option<String>) {
        let next = match cursor.filter(|cursor| !cursor.is_empty()) {
            None => Position::End,
            Some(cursor) if self.seen.insert(cursor.clone()) => Position::Cursor(cursor),
            Some(_) => Position::Repeated,
        };
        self.last = match std::mem::replace(&mut self.at, next) {
            Position::Cursor(cursor) => Some(cursor),
            _ => None,
        };
    }
}

impl<O: Paged> Items<O> {
    /// The next item, or nothing at the end.
    ///
    /// # Errors
    /// As for [`Pages::next`]. Items that were taken before stay taken, and none comes twice.
    pub async fn next(&mut self) -> Result<Option<O::Item>, PageError<O::Error>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await.transpose()
    }

    /// The cursor of the page that the next item is of: what to save, with [`offset`](Self::offset), in order to go
    /// on later. There is none for a first page that has no cursor, nor at the end.
    pub fn cursor(&self) -> Option<&str> {
        match self.page.len() {
            0 => self.pages.cursor(),
            _ => self.pages.last.as_deref(),
        }
    }

    /// How many items of that page were taken: as many are to be passed over after going on at
    /// [`cursor`](Self::cursor).
    pub fn offset(&self) -> usize {
        if self.page.len() == 0 { 0 } else { self.taken }
    }

    /// The call that the walk begins with.
    #[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
    pub(crate) fn start(&self) -> &Request {
        self.pages.start()
    }

    /// Whether no item and no page follows.
    pub fn is_ended(&self) -> bool {
        self.page.len() == 0 && self.pages.is_ended()
    }
}

impl<O: Paged> Stream for Pages<O> {
    type Item = Result<Response<Page<O>>, PageError<O::Error>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if self.call.is_none() {
                self.call = self.call();
            }
            let Some(call) = &mut self.call else {
                let repeated = matches!(self.at, Position::Repeated);
                self.at = Position::End;
                return Poll::Ready(repeated.then_some(Err(PageError::RepeatedCursor)));
            };
            let fetched = ready!(call.as_mut().poll(context));
            self.call = None;
            match fetched {
                Err(error) => return Poll::Ready(Some(Err(PageError::Call(error)))),
                Ok((page, cursor)) => {
                    self.advance(cursor);
                    if let Some(page) = page {
                        return Poll::Ready(Some(Ok(page)));
                    }
                }
            }
        }
    }
}

impl<O: Paged> Stream for Items<O> {
    type Item = Result<O::Item, PageError<O::Error>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(item) = self.page.next() {
                self.taken += 1;
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(Pin::new(&mut self.pages).poll_next(context)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(page)) => {
                    self.page = O::items(page.into_inner()).into_iter();
                    self.taken = 0;
                }
            }
        }
    }
}

// Nothing in a walk is pinned but the call, which has a box of its own.
impl<O: Paged> Unpin for Pages<O> {}
impl<O: Paged> Unpin for Items<O> {}

impl<E> PageError<E> {
    /// The call that failed, if one did.
    pub fn call(&self) -> Option<&Error<E>> {
        match self {
            Self::Call(error) => Some(error),
            Self::RepeatedCursor => None,
        }
    }
}

impl<E> From<Error<E>> for PageError<E> {
    fn from(error: Error<E>) -> Self {
        Self::Call(error)
    }
}

impl<E: fmt::Debug> fmt::Debug for PageError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(error) => f.debug_tuple("Call").field(error).finish(),
            Self::RepeatedCursor => f.write_str("RepeatedCursor"),
        }
    }
}

impl<E> fmt::Display for PageError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(error) => error.fmt(f),
            Self::RepeatedCursor => f.write_str("a page names a cursor that came before, so the walk would not end"),
        }
    }
}

impl<E: fmt::Debug> std::error::Error for PageError<E> {
    /// The cause behind the call's own message, which is this one's.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Call(error) => error.source(),
            Self::RepeatedCursor => None,
        }
    }
}

/// Cursors may be as good as keys, so none is shown.
impl<O: Paged> fmt::Debug for Pages<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("operation", &O::INFO.id)
            .field("is_ended", &self.is_ended())
            .finish_non_exhaustive()
    }
}

impl<O: Paged> fmt::Debug for Items<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").field("pages", &self.pages).field("left", &self.page.len()).finish_non_exhaustive()
    }
}
