//! Ranges of addresses, as in `10.0.0.0/8`.

use std::net::IpAddr;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    base: IpAddr,
    bits: u32,
}

impl Range {
    /// A range, or one address. IPv4 in the clothes of IPv6 is IPv4, as it is in requests.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = width(address);
        let bits = match bits {
            // `parse` would take a sign.
            Some(bits) if !bits.bytes().all(|byte| byte.is_ascii_digit()) => return None,
            Some(bits) => bits.parse().ok()?,
            None => most,
        };
        if bits > most {
            return None;
        }
        let base = address.to_canonical();
        match most - width(base) {
            0 => Some(Self { base, bits }),
            // A range wider than all of IPv4 is one of IPv6.
            more if bits < more => Some(Self {
                base: address,
                bits,
            }),
            more => Some(Self {
                base,
                bits: bits - more,
            }),
        }
    }

    /// Whether it holds an address, which is canonical.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                let differs = base.to_bits() ^ address.to_bits();
                // A shift by the whole width is none.
                differs.checked_shr(32 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let differs = base.to_bits() ^ address.to_bits();
                differs.checked_shr(128 - self.bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

fn width(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(range: &str, address: &str) -> bool {
        let address: IpAddr = address.parse().unwrap();
        Range::parse(range)
            .unwrap()
            .contains(address.to_canonical())
    }

    #[test]
    fn a_range_holds_what_begins_like_it() {
        assert!(holds("10.0.0.0/8", "10.255.0.1"));
        assert!(!holds("10.0.0.0/8", "11.0.0.0"));
        assert!(holds("10.1.2.3/8", "10.9.9.9"));
        assert!(holds("0.0.0.0/0", "203.0.113.9"));
        assert!(!holds("0.0.0.0/0", "::1"));
        assert!(holds("::/0", "2001:db8::1"));
        assert!(holds("fd00::/8", "fdff::1"));
        assert!(!holds("fd00::/8", "fe00::1"));
    }

    #[test]
    fn one_address_is_a_range_of_one() {
        assert!(holds("10.0.0.7", "10.0.0.7"));
        assert!(!holds("10.0.0.7", "10.0.0.6"));
        assert!(!holds("::1", "::2"));
    }

    #[test]
    fn mapped_addresses_are_what_they_are_mapped_to() {
        assert!(holds("10.0.0.0/8", "::ffff:10.1.2.3"));
        assert!(holds("::ffff:10.0.0.0/104", "10.1.2.3"));
        assert!(!holds("::ffff:10.0.0.0/104", "11.1.2.3"));
        assert_eq!(Range::parse("::ffff:10.0.0.7"), Range::parse("10.0.0.7"));
    }

    #[test]
    fn what_is_no_range_is_none() {
        for text in [
            "",
            "/",
            "/8",
            "10.0.0.0/",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/+8",
            "10.0.0.0/-1",
            "10.0.0/8",
            "10.0.0.0/8/8",
            " 10.0.0.0/8",
            "host",
            "10.0.0.0/4294967296",
            "::1%eth0",
        ] {
            assert_eq!(Range::parse(text), None, "{text:?}");
        }
    }
}
