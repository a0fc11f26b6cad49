//! Where a request came from, when it came through proxies.

mod header;
mod range;

use std::net::IpAddr;

use audit_core::{Error, ErrorKind, Result};
use http::HeaderMap;
use http::header::{FORWARDED, HeaderName};

use self::header::{forwarded_hops, x_forwarded_for_hops};
use self::range::Range;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// How the address of a client is found out.
///
/// Anybody can send a header. One is believed only where the connection comes from a proxy that is
/// named as trusted, only the one header that this proxy is known to write, and only from the right:
/// the first hop that is no trusted proxy is the client, and what stands to the left of it is what the
/// client says. Where that hop is hidden or makes no sense, there is no address.
///
/// ```
/// use audit_tower::ClientIp;
///
/// let behind_nginx = ClientIp::forwarded_for(["10.0.0.0/8", "fd00::/8"])?;
/// assert!(ClientIp::forwarded_for(["10.0.0.0/33"]).is_err());
/// # Ok::<(), audit_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ClientIp(Source);

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    Connection,
    Header(Header, Vec<Range>),
}

#[derive(Clone, Copy, Debug)]
enum Header {
    Forwarded,
    XForwardedFor,
}

impl ClientIp {
    /// The other end of the connection, whatever headers say: where clients connect directly.
    #[must_use]
    pub fn connection() -> Self {
        Self::default()
    }

    /// From `X-Forwarded-For`, where the connection comes from one of these proxies: addresses, or
    /// ranges such as `10.0.0.0/8`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] if a range makes no sense, or if there is none.
    pub fn forwarded_for<R: AsRef<str>>(trusted: impl IntoIterator<Item = R>) -> Result<Self> {
        Self::of(Header::XForwardedFor, trusted)
    }

    /// From `Forwarded` (RFC 7239), where the connection comes from one of these proxies: addresses,
    /// or ranges such as `10.0.0.0/8`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] if a range makes no sense, or if there is none.
    pub fn forwarded<R: AsRef<str>>(trusted: impl IntoIterator<Item = R>) -> Result<Self> {
        Self::of(Header::Forwarded, trusted)
    }

    fn of<R: AsRef<str>>(header: Header, trusted: impl IntoIterator<Item = R>) -> Result<Self> {
        let ranges = trusted.into_iter().enumerate().map(|(at, range)| {
            Range::parse(range.as_ref()).ok_or_else(|| {
                Error::new(
                    ErrorKind::Invalid,
                    format!("trusted proxy {} is neither an address nor a range; write it like `10.0.0.7`, `10.0.0.0/8` or `fd00::/8`", at + 1),
                )
            })
        });
        let ranges = ranges.collect::<Result<Vec<_>>>()?;
        if ranges.is_empty() {
            return Err(Error::new(
                ErrorKind::Invalid,
                "no proxy is trusted, so that the header would never be read; name the proxies, or use `ClientIp::connection`",
            ));
        }
        Ok(Self(Source::Header(header, ranges)))
    }

    /// The address of the client, if it can be known.
    pub(super) fn find(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = peer?.to_canonical();
        let Source::Header(header, trusted) = &self.0 else {
            return Some(peer);
        };
        match header {
            Header::Forwarded => walk(peer, trusted, forwarded_hops(headers, &FORWARDED)),
            Header::XForwardedFor => walk(
                peer,
                trusted,
                x_forwarded_for_hops(headers, &X_FORWARDED_FOR),
            ),
        }
    }
}

/// Goes back from hop to hop, each of which was named by the one before, as long as that one is to
/// be believed.
fn walk(
    peer: IpAddr,
    trusted: &[Range],
    hops: impl Iterator<Item = Option<IpAddr>>,
) -> Option<IpAddr> {
    let mut client = peer;
    for hop in hops {
        if !trusted.iter().any(|range| range.contains(client)) {
            break;
        }
        client = hop?;
    }
    Some(client)
}

#[cfg(test)]
mod tests;
