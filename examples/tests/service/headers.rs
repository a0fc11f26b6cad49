//! What a request says about itself, truly or not.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::client::{Answer, Client};
use crate::desk::Desk;

/// The user agent of the requests whose headers do not matter, to be found in the file.
const SHOWN: &str = "to-be-found/1.0";

/// The entry of a request.
fn access(lead: &Client, answer: &Answer) -> Value {
    let question = [("request_id", &*answer.request_id), ("action", "access")];
    let log = lead.audit(&question);
    let [access] = &log[..] else {
        panic!("{log:?}");
    };
    access.clone()
}

#[test]
fn an_address_that_a_client_claims_is_not_believed() {
    let desk = Desk::open(&[]);
    let lead = desk.person("ingrid.solbakken");
    for headers in [
        [
            ("x-forwarded-for", "203.0.113.7"),
            ("x-real-ip", "203.0.113.7"),
        ],
        [
            ("forwarded", "for=203.0.113.7"),
            ("x-client-ip", "203.0.113.7"),
        ],
        [
            ("x-forwarded-for", "10.0.0.1, 127.0.0.1"),
            ("via", "1.1 proxy"),
        ],
        [
            ("x-forwarded-for", "::1"),
            ("forwarded", "for=\"[2001:db8::1]\""),
        ],
    ] {
        let headers = headers.map(|(name, value)| (name, value.as_bytes()));
        let answer = lead.get_with("/incidents", &headers);
        assert_eq!(access(&lead, &answer)["ip_address"], "127.0.0.1");
    }
}

#[test]
fn a_request_id_is_kept_where_it_is_well_formed_and_replaced_otherwise() {
    let desk = Desk::open(&[]);
    let lead = desk.person("ingrid.solbakken");
    let kept = lead.get_with("/incidents", &[("x-request-id", b"Root=1-67891233/abc")]);
    assert_eq!(kept.request_id, "Root=1-67891233/abc");
    assert_eq!(access(&lead, &kept)["request_id"], "Root=1-67891233/abc");

    let huge = "x".repeat(100_000);
    for ids in [
        &[b"a b".as_slice()][..],
        &[b""],
        &[b"<script>"],
        &[b"\xff\xfe"],
        &["\u{e4}".as_bytes()],
        &[huge.as_bytes()],
        &[b"one", b"two"],
    ] {
        let headers: Vec<_> = ids.iter().map(|id| ("x-request-id", *id)).collect();
        let answer = lead.get_with("/incidents", &headers);
        assert_eq!(answer.status, 200);
        let made = Uuid::parse_str(&answer.request_id).unwrap();
        assert_eq!(made.get_version_num(), 7);
        assert_eq!(access(&lead, &answer)["request_id"], *answer.request_id);
    }
}

#[test]
fn a_user_agent_is_noted_as_far_as_there_is_room() {
    let desk = Desk::open(&[]);
    let lead = desk.person("ingrid.solbakken");
    let huge = "x".repeat(100_000);
    for (agent, noted) in [
        (b"curl/8.0".as_slice(), "curl/8.0"),
        (b"\xff\xfe", "\u{fffd}\u{fffd}"),
        ("żółć".as_bytes(), "żółć"),
        (huge.as_bytes(), &huge[..1000]),
    ] {
        let answer = lead.get_with("/incidents", &[("user-agent", agent)]);
        let entry = access(&lead, &answer);
        let stored = entry["user_agent"].as_str().unwrap();
        assert!(stored.starts_with(noted), "{stored}");
        assert!(stored.chars().count() <= 1024, "{}", stored.len());
    }
}

#[test]
fn a_trace_is_noted_where_it_is_one() {
    let desk = Desk::open(&[]);
    let lead = desk.person("ingrid.solbakken");
    let trace = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let answer = lead.get_with("/incidents", &[("traceparent", trace)]);
    let data = &access(&lead, &answer)["request_data"];
    assert_eq!(data["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(data["parent_id"], "00f067aa0ba902b7");
    for bad in [
        b"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".as_slice(),
        b"00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        b"00-4bf92f3577b34da6a3ce929d0e0e4736",
        b"\xff",
        b"",
    ] {
        let answer = lead.get_with("/incidents", &[("traceparent", bad)]);
        let expected = json!({"method": "GET", "path": "/incidents"});
        assert_eq!(access(&lead, &answer)["request_data"], expected);
    }
}

#[test]
fn a_forged_token_is_nobodys() {
    let mut desk = Desk::open(&[]);
    let lead = desk.person("ingrid.solbakken");
    let token = lead.token.clone().unwrap();
    let huge = format!("Bearer {}", "x".repeat(50_000));
    let answers = [
        "Bearer forged",
        "Bearer ",
        "Bearer",
        "Basic aW5ncmlkOmZha2U=",
        &format!("Bearer {}", &token[1..]),
        &format!("Bearer {token} "),
        &huge,
    ]
    .map(|header| {
        let headers = [("authorization", header.as_bytes())];
        let answer = desk.visitor().get_with("/incidents", &headers);
        (header.ends_with(' ') && header.len() > 20, answer)
    });
    desk.stop().well();
    let platform = desk.log("platform");
    for (is_trimmed, answer) in answers {
        // White space around the value of a header is none of it (RFC 9110, 5.5).
        if is_trimmed {
            assert_eq!(answer.status, 200);
            continue;
        }
        assert_eq!(answer.status, 401);
        let of_it = |entry: &&Value| entry["request_id"] == *answer.request_id;
        let entries: Vec<_> = platform.iter().filter(of_it).collect();
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0]["actor_kind"], "anonymous");
        assert_eq!(entries[0]["outcome"], "denied");
    }
}

#[test]
fn no_secret_of_a_request_is_anywhere_in_the_files() {
    let mut desk = Desk::open(&[]);
    let lead = desk.person("ingrid.solbakken");
    let token = lead.token.clone().unwrap();
    let headers: [(&str, &[u8]); 5] = [
        ("user-agent", SHOWN.as_bytes()),
        ("cookie", b"session=canary-cookie"),
        ("proxy-authorization", b"Basic canary-proxy"),
        ("x-api-key", b"canary-api-key"),
        ("referer", b"http://desk/?canary-referer"),
    ];
    for path in [
        "/incidents?token=canary-query",
        "/audit?action=canary-filter",
        "/audit?canary-word=1",
        "/no/such/canary-path",
        "/incidents/canary-id",
        "/health?canary-health",
    ] {
        lead.get_with(path, &headers);
    }
    let forged = [("authorization", b"Bearer canary-forged".as_slice())];
    desk.visitor().get_with("/incidents", &forged);
    let visitor = desk.visitor();
    visitor.try_log_in("Nordlys ASA", "ingrid.solbakken", "canary-wrong-password");
    visitor.try_log_in(
        "No Such Company",
        "ingrid.solbakken",
        "canary-stray-password",
    );
    let new = json!({
        "title": "with secrets",
        "severity": "low",
        "summary": "and a field that nobody knows",
        "sensor_token": "of a sensor",
        "password": "canary-body",
    });
    lead.post("/incidents", &new);
    lead.post("/incidents/1/note", &json!({"canary-body": "canary-body"}));

    // While it serves there is a write-ahead log; after its end there is one file.
    let serving = desk.bytes();
    desk.stop().well();
    for (path, bytes) in serving.into_iter().chain(desk.bytes()) {
        let holds = |needle: &str| {
            bytes
                .windows(needle.len())
                .any(|part| part == needle.as_bytes())
        };
        for secret in ["canary", "fake-Fjord-ingrid-1238!", &token] {
            assert!(!holds(secret), "{secret} is in {}", path.display());
        }
    }
    let bytes = desk.bytes();
    let shown = bytes.iter().any(|(_, bytes)| {
        bytes
            .windows(SHOWN.len())
            .any(|part| part == SHOWN.as_bytes())
    });
    assert!(
        shown,
        "what may be found is not: this test looks at the wrong place"
    );
}
