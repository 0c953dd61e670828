//! What a caller sends as it is: bytes at hand or a stream, with a media type and a file name if they have them.

use crate::error::BoxError;
use bytes::Bytes;
use futures_core::Stream;
use futures_util::StreamExt;
use std::fmt;
use std::pin::Pin;

/// Bytes or a stream, as a whole body or as a part of a form.
///
/// Texts, vectors and [`Bytes`] become one by themselves wherever a call asks for it.
pub struct Upload {
    pub(crate) content: Content,
    pub(crate) media_type: Option<String>,
    pub(crate) file_name: Option<String>,
}

/// Where the bytes are.
pub(crate) enum Content {
    Bytes(Bytes),
    Stream(Pieces),
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, BoxError>> + Send>>;
#[cfg(target_arch = "wasm32")]
pub(crate) type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, BoxError>>>>;

impl Upload {
    /// Bytes at hand; a scheme that covers the body signs them.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self { content: Content::Bytes(bytes.into()), media_type: None, file_name: None }
    }

    /// A stream, sent as it comes. A scheme that covers the body refuses it before anything is sent, and the call
    /// is made once only.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn stream<S>(stream: S) -> Self
    where
        S: futures_core::TryStream + Send + 'static,
        S::Error: Into<BoxError>,
        Bytes: From<S::Ok>,
    {
        use futures_util::TryStreamExt;
        let pieces = stream.map_ok(Bytes::from).map_err(Into::into);
        Self { content: Content::Stream(Box::pin(pieces)), media_type: None, file_name: None }
    }

    /// Says which media type it is, in place of the one that the API declares.
    pub fn media_type(mut self, media_type: impl Into<String>) -> Self {
        self.media_type = Some(media_type.into());
        self
    }

    /// Says what the file is called; only parts of forms have names.
    pub fn file_name(mut self, name: impl Into<String>) -> Self {
        self.file_name = Some(name.into());
        self
    }
}

impl Content {
    /// The body of a request.
    pub(crate) fn into_body(self) -> reqwest::Body {
        match self {
            Content::Bytes(bytes) => bytes.into(),
            #[cfg(not(target_arch = "wasm32"))]
            Content::Stream(pieces) => reqwest::Body::wrap_stream(pieces),
            // Nothing makes one there.
            #[cfg(target_arch = "wasm32")]
            Content::Stream(_) => reqwest::Body::from(Bytes::new()),
        }
    }

    /// The same as pieces.
    pub(crate) fn into_pieces(self) -> Pieces {
        match self {
            Content::Bytes(bytes) => Box::pin(futures_util::stream::iter([Ok(bytes)])),
            Content::Stream(pieces) => Box::pin(pieces.filter(|piece| {
                // A piece of no bytes ends a body that is sent in chunks.
                std::future::ready(!matches!(piece, Ok(bytes) if bytes.is_empty()))
            })),
        }
    }
}

macro_rules! from_bytes {
    ($($type:ty),*) => {$(
        impl From<$type> for Upload {
            fn from(bytes: $type) -> Self {
                Self::bytes(bytes)
            }
        }
    )*};
}
from_bytes!(Bytes, Vec<u8>, String, Box<[u8]>, &'static [u8], &'static str);

impl<const LENGTH: usize> From<&'static [u8; LENGTH]> for Upload {
    fn from(bytes: &'static [u8; LENGTH]) -> Self {
        Self::bytes(&bytes[..])
    }
}

/// The content may be private, so it is not shown.
impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.content {
            Content::Bytes(bytes) => write!(f, "Upload({} bytes)", bytes.len()),
            Content::Stream(_) => f.write_str("Upload(stream)"),
        }
    }
}
