//! Bodies that are bytes: at hand, or as they arrive.

use crate::body::BodyLimits;
use crate::error::TransportError;
use crate::permits::Permit;
use bytes::Bytes;
use futures_core::Stream;
use futures_util::StreamExt;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Bytes with their media type: an image, a file.
#[derive(Clone, PartialEq, Eq)]
pub struct Binary {
    /// `Content-Type` as the server said it.
    pub media_type: Option<String>,
    /// The bytes.
    pub bytes: Bytes,
}

impl fmt::Debug for Binary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Binary({} bytes)", self.bytes.len())
    }
}

/// The bytes of a response as they arrive; dropping it closes the exchange, and so does its end.
///
/// The client's limit on bytes does not apply: nothing is held here but the piece in hand.
pub struct ByteStream {
    media_type: Option<String>,
    /// What is still to come; nothing after the end.
    rest: Option<Rest>,
}

/// What is still to come.
struct Rest {
    pieces: Pieces,
    /// The place among the calls that run at once.
    _permit: Option<Permit>,
}

#[cfg(not(target_arch = "wasm32"))]
type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>> + Send>>;
#[cfg(target_arch = "wasm32")]
type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>>>>;

impl ByteStream {
    /// `Content-Type` as the server said it.
    pub fn media_type(&self) -> Option<&str> {
        self.media_type.as_deref()
    }

    /// The next piece, or nothing at the end and whenever it is asked for after that.
    ///
    /// # Errors
    /// The connection broke off.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, TransportError> {
        self.next().await.transpose()
    }

    pub(crate) fn of_response(
        media_type: Option<String>,
        response: reqwest::Response,
        limits: BodyLimits,
        permit: Permit,
    ) -> Self {
        let pieces = Box::pin(response.bytes_stream());
        let pieces = futures_util::stream::unfold(pieces, move |mut pieces| async move {
            let piece = limits.next(&mut pieces).await?;
            Some((piece.map_err(Into::into), pieces))
        });
        Self { media_type, rest: Some(Rest { pieces: Box::pin(pieces), _permit: Some(permit) }) }
    }

    pub(crate) fn of_bytes(media_type: Option<String>, bytes: Bytes) -> Self {
        let pieces = Box::pin(futures_util::stream::iter([Ok(bytes)]));
        Self { media_type, rest: Some(Rest { pieces, _permit: None }) }
    }
}

impl Stream for ByteStream {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(rest) = &mut self.rest else { return Poll::Ready(None) };
        let polled = rest.pieces.as_mut().poll_next(context);
        // Nothing follows the end or an error, and the next call may take the place.
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.rest = None;
        }
        polled
    }
}

impl fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ByteStream")
    }
}
