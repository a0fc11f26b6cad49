//! Which words make a name sensitive.

use super::words::{Kind, Words, lowercase_words, same_word, starts_word, words};

/// The names every sanitizer starts with.
///
/// Compounds that are often written in one run are words of their own, since a word is never searched inside another.
/// What has several words here stays sensitive when the single word is removed.
pub(super) fn defaults() -> Vec<Vec<String>> {
    const NAMES: &str = "password passwd pwd passphrase token secret key auth authorization credential cookie session \
        otp pin cvv ssn private-key \
        passcode passkey cred bearer jwt oauth totp cvc mnemonic \
        apikey accesskey secretkey privatekey signingkey encryptionkey masterkey sshkey authkey accountkey sessionkey \
        api-key access-key secret-key signing-key encryption-key master-key ssh-key auth-key account-key \
        authtoken accesstoken refreshtoken idtoken sessiontoken bearertoken csrftoken xsrftoken csrfmiddlewaretoken \
        clientsecret appsecret sharedsecret sessionid sessid phpsessid jsessionid setcookie \
        pass-word pass-wd pass-phrase pass-code pass-key session-id api-token o-auth \
        connectionstring connection-string seed-phrase recovery-phrase recovery-code backup-code social-security \
        dbpassword dbpass userpassword userpass userpwd newpassword oldpassword currentpassword confirmpassword \
        passwordhash passwordconfirmation rootpassword adminpassword pgpassword pgpass \
        db-pass user-pass smtp-pass mail-pass ftp-pass ssh-pass amz-signature goog-signature";
    NAMES
        .split(' ')
        .map(lowercase_words)
        .filter(|words| !words.is_empty())
        .collect()
}

/// The listed names, laid out so that most names are refused by one look at two bytes of each word.
#[derive(Debug)]
pub(super) struct Names {
    /// Ordered by the folded first byte of the first word.
    entries: Vec<Vec<String>>,
    /// By folded first byte: which folded second bytes begin an entry.
    pairs: [u32; 32],
    /// By folded first byte: where its entries begin and end.
    buckets: [(usize, usize); 32],
    most_words: usize,
}

impl Names {
    pub(super) fn new(mut entries: Vec<Vec<String>>) -> Self {
        let first = |entry: &Vec<String>| {
            entry
                .first()
                .and_then(|word| word.bytes().next())
                .unwrap_or_default()
        };
        entries.sort_by_key(|entry| fold(first(entry)));
        let mut pairs = [0; 32];
        let mut buckets = [(0, 0); 32];
        for (index, entry) in entries.iter().enumerate() {
            let slot = fold(first(entry));
            if let (Some(pair), Some(bucket)) = (pairs.get_mut(slot), buckets.get_mut(slot)) {
                // After a word of one letter anything may follow.
                *pair |= entry
                    .first()
                    .and_then(|word| word.as_bytes().get(1).copied())
                    .map_or(u32::MAX, |second| 1_u32 << fold(second));
                *bucket = (if bucket.1 == 0 { index } else { bucket.0 }, index + 1);
            }
        }
        let most_words = entries.iter().map(Vec::len).max().unwrap_or_default();
        Self {
            entries,
            pairs,
            buckets,
            most_words,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many words the longest entry has.
    pub(super) fn most_words(&self) -> usize {
        self.most_words
    }

    /// Whether a word, or several in a row, of this name are listed.
    pub(super) fn hit(&self, name: &str) -> bool {
        let bytes = name.as_bytes();
        let mut before = Kind::Gap;
        let mut rest = bytes.iter();
        while let Some(&byte) = rest.next() {
            let kind = Kind::of(byte);
            if kind == Kind::Other {
                return self.hit_any_script(name, 1);
            }
            let may_start = kind != Kind::Gap && (kind != before || kind == Kind::Upper);
            before = kind;
            if may_start {
                let second = rest.as_slice().first().copied().unwrap_or_default();
                if self.may_begin(byte, second) && self.begins(name, bytes.len() - rest.len() - 1) {
                    return true;
                }
            }
        }
        false
    }

    /// The same for entries of at least so many words, and for names with letters beyond ASCII.
    pub(super) fn hit_any_script(&self, name: &str, at_least: usize) -> bool {
        let mut rest = words(name);
        loop {
            let from_here = rest.clone();
            if rest.next().is_none() {
                return false;
            }
            let mut candidates = self.entries.iter().filter(|entry| entry.len() >= at_least);
            if candidates.any(|entry| begins_with(from_here.clone(), entry)) {
                return true;
            }
        }
    }

    fn may_begin(&self, first: u8, second: u8) -> bool {
        let seconds = self.pairs.get(fold(first)).copied().unwrap_or_default();
        seconds & (1 << fold(second)) != 0
    }

    /// Whether an entry begins at this offset of an ASCII name.
    fn begins(&self, name: &str, start: usize) -> bool {
        if !starts_word(name.as_bytes(), start) {
            return false;
        }
        let Some(name) = name.get(start..) else {
            return false;
        };
        let mut rest = words(name);
        let Some(word) = rest.next() else {
            return false;
        };
        let first = name.as_bytes().first().copied().unwrap_or_default();
        let (from, to) = self.buckets.get(fold(first)).copied().unwrap_or_default();
        let mut entries = self.entries.get(from..to).unwrap_or_default().iter();
        entries.any(|entry| {
            entry.split_first().is_some_and(|(listed, others)| {
                // Most candidates differ in length; a plural has one byte more.
                matches!(word.len().wrapping_sub(listed.len()), 0 | 1)
                    && is_listed(word, listed)
                    && begins_with(rest.clone(), others)
            })
        })
    }
}

fn begins_with(mut words: Words<'_>, entry: &[String]) -> bool {
    entry
        .iter()
        .all(|listed| words.next().is_some_and(|word| is_listed(word, listed)))
}

/// Whether a word is this listed one or its plural.
fn is_listed(word: &str, listed: &str) -> bool {
    same_word(word, listed)
        || word
            .strip_suffix(['s', 'S'])
            .is_some_and(|singular| same_word(singular, listed))
}

/// Five bits are enough to tell letters apart and make upper and lower case equal.
fn fold(byte: u8) -> usize {
    usize::from(byte & 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_hit_by_word() {
        let names = Names::new(defaults());
        for name in [
            "password",
            "passwd",
            "pwd",
            "passphrase",
            "pass_phrase",
            "PassWord",
            "token",
            "secret",
            "key",
            "auth",
            "authorization",
            "credential",
            "cookie",
            "session",
            "otp",
            "pin",
            "cvv",
            "ssn",
            "private key",
            "api_key",
            "apiKey",
            "APIKey",
            "X-Api-Key",
            "api.key",
            "key2",
            "tokens",
            "PASSWORD_HASH",
            "credentials",
            "PINs",
            "OTPs",
            "userSSN",
            "apikeys",
            "accessToken",
            "access_token",
            "accesstoken",
            "sessionid",
            "Set-Cookie",
            "PHPSESSID",
            "dbPass",
            "DB_PASS",
            "aws.secretAccessKey",
            "connectionString",
            "Proxy-Authorization",
            "oauth2",
            "x-amz-signature",
            "cvv2",
            "JWTToken",
            "my$token",
            "🔑key",
            "Schlüssel-Key",
            "\u{212a}ey",
        ] {
            assert!(names.hit(name), "{name}");
        }
        for name in [
            "monkey",
            "author",
            "keyboard",
            "tokenizer",
            "pinned",
            "sessional",
            "authority",
            "spin",
            "compass",
            "secretary",
            "cookiecutter",
            "keynote",
            "authored_by",
            "hotkeys",
            "",
            "2",
            "_",
            "pass_rate",
            "connection",
            "string",
            "phrase",
            "opinion",
            "Schlüssel",
            "description",
            "created_at",
            "pi_n",
            "toke_n",
        ] {
            assert!(!names.hit(name), "{name}");
        }
    }

    #[test]
    fn names_of_several_words_and_other_scripts() {
        let names = Names::new(vec![
            lowercase_words("seed phrase"),
            lowercase_words("пароль"),
            lowercase_words("k8s"),
            lowercase_words("Straße"),
        ]);
        assert_eq!(names.most_words(), 3);
        for name in [
            "seedPhrase",
            "my_seed_phrases",
            "Seed-Phrase",
            "Пароль",
            "user_ПАРОЛЬ",
            "myK8s",
            "meineStraße",
            "k_8_s",
        ] {
            assert!(names.hit(name), "{name}");
        }
        for name in [
            "seed",
            "phrase",
            "phrase_seed",
            "seedlings_phrase",
            "паролька",
            "k9s",
            "k8",
            "password",
        ] {
            assert!(!names.hit(name), "{name}");
        }
        assert!(!Names::new(Vec::new()).hit("password"));
    }

    proptest! {
        #[test]
        fn quick_and_thorough_search_agree(name in "[ -~]{0,24}|[A-Zs]{0,6}(key|Key|KEY|PIN|token|s|S|_|2){0,5}[a-zA-Z]{0,2}") {
            let names = Names::new(defaults());
            prop_assert_eq!(names.hit(&name), names.hit_any_script(&name, 1));
        }

    }
}
