use http::HeaderValue;
use proptest::prelude::*;

use super::*;

const PROXIES: [&str; 2] = ["10.0.0.0/8", "fd00::/8"];

fn headers(name: &'static str, lines: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(name, HeaderValue::from_bytes(line.as_bytes()).unwrap());
    }
    headers
}

fn find(peer: &str, name: &'static str, lines: &[&str]) -> Option<String> {
    let source = match name {
        "forwarded" => ClientIp::forwarded(PROXIES),
        _ => ClientIp::forwarded_for(PROXIES),
    };
    let address = source
        .unwrap()
        .find(peer.parse().ok(), &headers(name, lines));
    address.map(|address| address.to_string())
}

fn forwarded_for(peer: &str, lines: &[&str]) -> Option<String> {
    find(peer, "x-forwarded-for", lines)
}

fn forwarded(peer: &str, lines: &[&str]) -> Option<String> {
    find(peer, "forwarded", lines)
}

#[test]
fn without_a_trusted_proxy_headers_are_nothing() {
    let forged = headers("x-forwarded-for", &["6.6.6.6"]);
    let peer = "203.0.113.9".parse().ok();
    assert_eq!(ClientIp::connection().find(peer, &forged), peer);
    assert_eq!(
        forwarded_for("203.0.113.9", &["6.6.6.6"]).as_deref(),
        Some("203.0.113.9")
    );
    assert_eq!(ClientIp::connection().find(None, &forged), None);
}

#[test]
fn the_right_most_hop_that_is_not_trusted_is_the_client() {
    let found = forwarded_for("10.0.0.1", &["6.6.6.6, 192.0.2.7, 10.0.0.2"]);
    assert_eq!(found.as_deref(), Some("192.0.2.7"));
    let found = forwarded_for("10.0.0.1", &["6.6.6.6", "192.0.2.7:4711", "10.0.0.2"]);
    assert_eq!(found.as_deref(), Some("192.0.2.7"));
    let found = forwarded(
        "::ffff:10.0.0.1",
        &["for=6.6.6.6, for=\"[2001:db8::7]:80\"", "for=10.0.0.2"],
    );
    assert_eq!(found.as_deref(), Some("2001:db8::7"));
}

#[test]
fn where_everybody_is_trusted_the_first_is_the_client() {
    assert_eq!(
        forwarded_for("10.0.0.1", &["10.0.0.3, 10.0.0.2"]).as_deref(),
        Some("10.0.0.3")
    );
    assert_eq!(forwarded_for("10.0.0.1", &[]).as_deref(), Some("10.0.0.1"));
}

#[test]
fn a_hop_that_hides_itself_ends_the_walk() {
    for line in [
        "6.6.6.6, unknown",
        "6.6.6.6, _hidden",
        "6.6.6.6,",
        "6.6.6.6, , 10.0.0.2",
    ] {
        assert_eq!(forwarded_for("10.0.0.1", &[line]), None, "{line}");
    }
    assert_eq!(forwarded("10.0.0.1", &["for=6.6.6.6, for=unknown"]), None);
    // Behind the client nothing is looked at.
    let found = forwarded_for("10.0.0.1", &["gar\u{e4}bage, 192.0.2.7"]);
    assert_eq!(found.as_deref(), Some("192.0.2.7"));
}

#[test]
fn an_open_quote_of_the_client_does_not_reach_what_the_proxy_wrote() {
    for sent in [
        "for=\"",
        "for=6.6.6.6, x=\"",
        "x=\\",
        "for=\"\\",
        ";;;",
        "\"\"\"",
    ] {
        let line = format!("{sent}, for=192.0.2.7");
        assert_eq!(
            forwarded("10.0.0.1", &[&line]).as_deref(),
            Some("192.0.2.7"),
            "{line}"
        );
        let line = format!("{sent}, for=\"[2001:db8::7]\";host=\"a\"");
        assert_eq!(
            forwarded("10.0.0.1", &[&line]).as_deref(),
            Some("2001:db8::7"),
            "{line}"
        );
    }
}

#[test]
fn ranges_that_make_no_sense_are_named() {
    let error = ClientIp::forwarded(["10.0.0.0/8", "10.0.0.0/33"]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().starts_with("trusted proxy 2 "), "{error}");
    assert!(ClientIp::forwarded_for([""; 0]).is_err());
}

/// What a client may put into a header: anything that a header may hold.
fn anything() -> impl Strategy<Value = String> {
    let telling = prop::sample::select(vec![
        "6.6.6.6",
        "10.0.0.9",
        "for=",
        "for=6.6.6.6",
        "\"",
        "\\",
        ",",
        ";",
        "=",
        "[",
        "]",
        "::1",
        ":80",
        "unknown",
        "_x",
        " ",
        "fd00::1",
    ]);
    let word = prop_oneof![telling.prop_map(str::to_owned), "[ -~\u{80}-\u{ff}]{0,3}"];
    prop::collection::vec(word, 0..12).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn whatever_a_client_sends_it_is_found_where_it_is(
        sent in prop::collection::vec(anything(), 0..4),
        client in any::<[u8; 4]>(),
        proxies in prop::collection::vec(any::<[u8; 3]>(), 0..4),
        same_line in any::<bool>(),
        uses_quotes in any::<bool>(),
    ) {
        let client = IpAddr::from(client);
        prop_assume!(!Range::parse("10.0.0.0/8").unwrap().contains(client));
        let proxies = proxies.into_iter().map(|[b, c, d]| IpAddr::from([10, b, c, d]));
        let hops: Vec<_> = std::iter::once(client).chain(proxies).collect();
        for name in ["forwarded", "x-forwarded-for"] {
            let appended = hops.iter().map(|hop| match (name, uses_quotes) {
                ("forwarded", true) => format!("for=\"{hop}:443\";host=\"a,b;for=6.6.6.6\""),
                ("forwarded", false) => format!("for={hop};proto=https"),
                _ => hop.to_string(),
            });
            let mut lines = sent.clone();
            for hop in appended {
                match lines.last_mut() {
                    Some(line) if same_line => *line = format!("{line}, {hop}"),
                    _ => lines.push(hop),
                }
            }
            let lines: Vec<_> = lines.iter().map(String::as_str).collect();
            prop_assert_eq!(find("10.0.0.1", name, &lines), Some(client.to_string()));
            let direct = find("192.0.2.9", name, &lines);
            prop_assert_eq!(direct.as_deref(), Some("192.0.2.9"));
        }
    }

    #[test]
    fn nothing_that_is_sent_is_too_much(sent in prop::collection::vec(anything(), 0..6)) {
        let lines: Vec<_> = sent.iter().map(String::as_str).collect();
        find("10.0.0.1", "forwarded", &lines);
        find("10.0.0.1", "x-forwarded-for", &lines);
    }
}
