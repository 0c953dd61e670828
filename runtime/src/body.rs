//! The body of a response: held as a whole up to the client's limits, or passed on as it arrives.
//!
//! A body in which no byte moves for a while is given up, held or not. What its length says to be too long is not
//! read at all. With the feature `gzip` held bodies may come compressed; what arrives, what it unpacks to and the
//! number of gzip members in it have limits, which hold while it is unpacked.

use crate::error::{ErrorKind, Failed, TransportError};
use crate::timer;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use std::time::Duration;

/// How much a body may have, and how long it may stand still.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyLimits {
    /// As it arrives.
    pub(crate) max_body: usize,
    /// After it is unpacked.
    #[cfg_attr(not(feature = "gzip"), allow(dead_code, reason = "nothing is unpacked"))]
    pub(crate) max_decoded: usize,
    pub(crate) stall: Option<Duration>,
}

/// No byte came for too long.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("no byte of the body came for {} s", .0.as_secs_f64())]
pub(crate) struct Stalled(pub(crate) Duration);

impl BodyLimits {
    /// The next piece of a body.
    pub(crate) async fn next<S>(&self, pieces: &mut S) -> Option<Result<Bytes, Broken>>
    where
        S: futures_core::Stream<Item = reqwest::Result<Bytes>> + Unpin,
    {
        match timer::until(self.stall.and_then(timer::after), pieces.next()).await {
            Some(piece) => piece.map(|piece| piece.map_err(Broken::Connection)),
            None => Some(Err(Broken::Stalled(Stalled(self.stall.unwrap_or_default())))),
        }
    }
}

/// Why a body did not come to its end.
pub(crate) enum Broken {
    Connection(reqwest::Error),
    Stalled(Stalled),
}

impl From<Broken> for TransportError {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Connection(error) => Self::in_body(error),
            Broken::Stalled(stalled) => Self::stalled(stalled),
        }
    }
}

impl Broken {
    fn failed(self) -> Failed {
        match self {
            Self::Connection(error) if error.is_timeout() => Failed::timeout(error.without_url()),
            Self::Connection(error) => ErrorKind::Transport(TransportError::in_body(error)).into(),
            Self::Stalled(stalled) => Failed::timeout(stalled),
        }
    }
}

/// The whole body; one that is packed as `packed` says is unpacked.
pub(crate) async fn whole(response: reqwest::Response, limits: BodyLimits, packed: bool) -> Result<Bytes, Failed> {
    let limit = limits.max_body;
    if response.content_length().is_some_and(|length| length > limit as u64) {
        return Err(ErrorKind::TooLarge { limit }.into());
    }
    #[cfg(feature = "gzip")]
    if packed {
        return unpacked(response, limits).await;
    }
    let _ = packed;
    let mut pieces = std::pin::pin!(response.bytes_stream());
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    let mut length = 0_usize;
    while let Some(piece) = limits.next(&mut pieces).await {
        let piece = piece.map_err(Broken::failed)?;
        length += piece.len();
        if length > limit {
            return Err(ErrorKind::TooLarge { limit }.into());
        }
        // Most bodies are one piece, which needs no copy.
        if first.is_empty() && all.is_empty() {
            first = piece;
        } else {
            if all.is_empty() {
                all.extend_from_slice(&std::mem::take(&mut first));
            }
            all.extend_from_slice(&piece);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

/// The same with the limit of a token endpoint's answer.
pub(crate) async fn short(response: reqwest::Response, limit: usize) -> Result<Bytes, Failed> {
    whole(response, BodyLimits { max_body: limit, max_decoded: limit, stall: None }, false).await
}

#[cfg(feature = "gzip")]
async fn unpacked(response: reqwest::Response, limits: BodyLimits) -> Result<Bytes, Failed> {
    let mut pieces = std::pin::pin!(response.bytes_stream());
    let mut unpacker = Unpacker::new(limits.max_decoded);
    let mut length = 0_usize;
    while let Some(piece) = limits.next(&mut pieces).await {
        let piece = piece.map_err(Broken::failed)?;
        length += piece.len();
        if length > limits.max_body {
            return Err(ErrorKind::TooLarge { limit: limits.max_body }.into());
        }
        unpacker.feed(&piece)?;
    }
    // To HEAD, and with 204, a server names the encoding of a body that does not come.
    if length == 0 { Ok(Bytes::new()) } else { unpacker.end() }
}

/// The most members of a packed body: each costs as much as a small body, and may unpack to nothing.
#[cfg(feature = "gzip")]
const MOST_MEMBERS: u32 = 10_000;

/// Unpacks one gzip member after another.
#[cfg(feature = "gzip")]
struct Unpacker {
    decoder: flate2::write::GzDecoder<Capped>,
    members: u32,
    limit: usize,
}

#[cfg(feature = "gzip")]
impl Unpacker {
    fn new(limit: usize) -> Self {
        let decoder = flate2::write::GzDecoder::new(Capped { bytes: Vec::new(), limit, full: false });
        Self { decoder, members: 1, limit }
    }

    fn feed(&mut self, mut piece: &[u8]) -> Result<(), Failed> {
        use std::io::Write as _;
        while !piece.is_empty() {
            match self.decoder.write(piece) {
                // The member has ended, and another one follows.
                Ok(0) => self.next_member()?,
                Ok(taken) => piece = &piece[taken..],
                Err(_) => return Err(self.unreadable()),
            }
        }
        Ok(())
    }

    fn next_member(&mut self) -> Result<(), Failed> {
        if self.members == MOST_MEMBERS {
            return Err(undecodable("the body has too many gzip members"));
        }
        self.members += 1;
        self.decoder.try_finish().map_err(|_| self.unreadable())?;
        let empty = Capped { bytes: Vec::new(), limit: self.limit, full: false };
        let filled = std::mem::replace(self.decoder.get_mut(), empty);
        self.decoder = flate2::write::GzDecoder::new(filled);
        Ok(())
    }

    fn end(mut self) -> Result<Bytes, Failed> {
        self.decoder.try_finish().map_err(|_| self.unreadable())?;
        Ok(std::mem::take(&mut self.decoder.get_mut().bytes).into())
    }

    fn unreadable(&self) -> Failed {
        match self.decoder.get_ref().full {
            true => ErrorKind::TooLarge { limit: self.limit }.into(),
            false => undecodable("the body is not gzip, as its encoding says"),
        }
    }
}

#[cfg(feature = "gzip")]
fn undecodable(message: &str) -> Failed {
    ErrorKind::Decode {
        path: ".".to_owned(),
        message: message.to_owned(),
        body: crate::error::RawBody { media_type: None, bytes: Bytes::new() },
    }
    .into()
}

/// Takes bytes up to a limit.
#[cfg(feature = "gzip")]
struct Capped {
    bytes: Vec<u8>,
    limit: usize,
    full: bool,
}

#[cfg(feature = "gzip")]
impl std::io::Write for Capped {
    fn write(&mut self, piece: &[u8]) -> std::io::Result<usize> {
        if piece.len() > self.limit - self.bytes.len() {
            self.full = true;
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
