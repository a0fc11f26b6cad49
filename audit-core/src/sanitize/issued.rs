//! Keys that their issuer marks with a prefix.

use std::ops::Range;

use super::text::Scan;

/// How the keys of one issuer look.
struct Issued {
    prefix: &'static str,
    /// Which byte of the prefix is rare enough for the scan to stop at.
    telling: usize,
    /// Fewer bytes after the prefix are no key.
    fewest: usize,
    /// Bytes besides letters and digits.
    also: &'static str,
    /// Whether the first bytes must hold a digit or capital, because the prefix is an ordinary word too.
    mixed: bool,
}

const fn issued(prefix: &'static str, fewest: usize, also: &'static str) -> Issued {
    Issued {
        prefix,
        telling: prefix.len() - 1,
        fewest,
        also,
        mixed: false,
    }
}

/// What ends in a byte that [`may_end_prefix`] refuses is never found.
static ISSUED: [Issued; 42] = [
    issued("github_pat_", 20, "_"),
    issued("ghp_", 16, ""),
    issued("gho_", 16, ""),
    issued("ghu_", 16, ""),
    issued("ghs_", 16, ""),
    issued("ghr_", 16, ""),
    issued("sk_live_", 10, "_"),
    issued("rk_live_", 10, "_"),
    issued("sk_test_", 10, "_"),
    issued("rk_test_", 10, "_"),
    issued("whsec_", 16, "+/="),
    issued("npm_", 20, ""),
    issued("dop_v1_", 32, ""),
    issued("shpat_", 20, ""),
    issued("shpca_", 20, ""),
    issued("shppa_", 20, ""),
    issued("shpss_", 20, ""),
    issued("dckr_pat_", 20, "-_"),
    issued("lin_api_", 20, ""),
    issued("sbp_", 30, ""),
    issued("glsa_", 20, "_"),
    issued("glpat-", 16, "-_."),
    issued("gldt-", 16, "-_."),
    issued("glrt-", 16, "-_."),
    issued("xoxa-", 10, "-"),
    issued("xoxb-", 10, "-"),
    issued("xoxp-", 10, "-"),
    issued("xoxr-", 10, "-"),
    issued("xoxs-", 10, "-"),
    issued("xoxe-", 10, "-"),
    issued("xapp-", 10, "-"),
    issued("GOCSPX-", 20, "-_"),
    issued("PMAK-", 20, "-"),
    issued("AGE-SECRET-KEY-", 20, ""),
    Issued {
        prefix: "hf_",
        telling: 2,
        fewest: 24,
        also: "",
        mixed: true,
    },
    Issued {
        prefix: "sk-",
        telling: 2,
        fewest: 20,
        also: "-_",
        mixed: true,
    },
    Issued {
        prefix: "pypi-AgE",
        telling: 4,
        fewest: 20,
        also: "-_",
        mixed: false,
    },
    Issued {
        prefix: "AKIA",
        telling: 2,
        fewest: 16,
        also: "",
        mixed: false,
    },
    Issued {
        prefix: "ASIA",
        telling: 2,
        fewest: 16,
        also: "",
        mixed: false,
    },
    Issued {
        prefix: "ABIA",
        telling: 2,
        fewest: 16,
        also: "",
        mixed: false,
    },
    Issued {
        prefix: "AIza",
        telling: 1,
        fewest: 30,
        also: "-_",
        mixed: false,
    },
    Issued {
        prefix: "SG.",
        telling: 1,
        fewest: 40,
        also: "-_.",
        mixed: false,
    },
];

/// A key whose issuer's prefix has its telling byte here.
pub(super) fn find(scan: &Scan<'_>, at: usize) -> Option<Range<usize>> {
    // Most hyphens and underscores stand in plain words, dates and UUIDs.
    let before = scan.byte_before(at);
    if !may_end_prefix(before) {
        return None;
    }
    let telling = scan.byte(at);
    ISSUED.iter().find_map(|key| {
        let prefix = key.prefix.as_bytes();
        if prefix.get(key.telling) != Some(&telling) || prefix.get(key.telling - 1) != Some(&before)
        {
            return None;
        }
        let start = at
            .checked_sub(key.telling)
            .filter(|&start| start >= scan.floor)?;
        let from = start + prefix.len();
        if scan.bytes.get(start..from)? != prefix || !scan.may_start(start) {
            return None;
        }
        let belongs =
            |byte: u8| byte.is_ascii_alphanumeric() || key.also.as_bytes().contains(&byte);
        // The first bytes decide, so that what is no key costs little however long it goes on.
        let first = scan.bytes.get(from..from + key.fewest)?;
        let mixed = first
            .iter()
            .any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
        (first.iter().all(|&byte| belongs(byte)) && (mixed || !key.mixed))
            .then(|| start..scan.run(from, belongs))
    })
}

/// Whether this byte stands before the telling one in any prefix.
pub(super) const fn may_end_prefix(byte: u8) -> bool {
    matches!(
        byte,
        b't' | b'p'
            | b'o'
            | b'u'
            | b's'
            | b'r'
            | b'e'
            | b'c'
            | b'm'
            | b'f'
            | b'1'
            | b'a'
            | b'b'
            | b'i'
            | b'k'
            | b'A'
            | b'B'
            | b'K'
            | b'S'
            | b'X'
            | b'Y'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sanitize::{MASK, Sanitizer};

    fn masked(text: &str) -> String {
        Sanitizer::default().text(text).into_owned()
    }

    #[test]
    fn issued_keys_by_prefix() {
        let body = "a1B2c3D4e5F6g7H8a1B2c3D4e5F6g7H8a1B2c3D4e5F6";
        for key in &ISSUED {
            let secret = [key.prefix, body].concat();
            assert_eq!(masked(&secret), MASK, "{secret}");
            assert_eq!(masked(&format!("<{secret}> x")), "<********> x", "{secret}");
            for text in [
                format!("x{secret}"),
                format!("{}{}", key.prefix, "ab"),
                key.prefix.to_owned(),
            ] {
                assert_eq!(masked(&text), text);
            }
        }
        for text in [
            "task-force-of-twenty-people-1",
            "sk-circle-fade-dot-inner-wrapper",
            "in_progress",
            "AKIABC",
            "npm_config_registry",
        ] {
            assert_eq!(masked(text), text);
        }
    }
}
