//! What reads as a name with its value in a text, and what does not.

use crate::sanitize::Sanitizer;

fn check(pairs: &[(&str, &str)]) {
    let sanitizer = Sanitizer::default();
    for (text, masked) in pairs {
        assert_eq!(sanitizer.text(text), *masked, "{text}");
        assert_eq!(sanitizer.text(masked), *masked);
    }
}

#[test]
fn query_strings_and_forms() {
    check(&[
        ("password=hunter2", "password=********"),
        ("?token=abc&x=1", "?token=********&x=1"),
        (
            "/cb?x=1&access%5Ftoken=abc#f",
            "/cb?x=1&access%5Ftoken=********",
        ),
        ("?ACCESS%5fTOKEN=a%26b&x=1", "?ACCESS%5fTOKEN=********&x=1"),
        (
            "user[password]=x&user[name]=ada",
            "user[password]=********&user[name]=ada",
        ),
        (
            "tokens[]=a&tokens[1]=b&n=1",
            "tokens[]=********&tokens[1]=********&n=1",
        ),
        ("password[new]=x&y=1", "password[new]=********&y=1"),
        ("u%5Bpassword%5D=x&y=1", "u%5Bpassword%5D=********&y=1"),
        (
            "to=https%3A%2F%2Fh%3Ftoken%3Dabc%26x%3D1&y=2",
            "to=https%3A%2F%2Fh%3Ftoken%3D********%26x%3D1&y=2",
        ),
        ("a=1%26pin%253D12", "a=1%26pin%253D********"),
        ("?token=a&amp;x=1", "?token=********&amp;x=1"),
    ]);
}

#[test]
fn printed_structures() {
    check(&[
        (
            r#"{"api_key":"abc","n":1}"#,
            r#"{"api_key":"********","n":1}"#,
        ),
        (
            r#"{"my secret note": "a b"}"#,
            r#"{"my secret note": "********"}"#,
        ),
        ("{'pwd': 'x y', 'n': 1}", "{'pwd': '********', 'n': 1}"),
        (
            r#"{\"token\":\"a b\",\"n\":1}"#,
            r#"{\"token\":\"********\",\"n\":1}"#,
        ),
        (
            r#"{"pin" => 12, "n" => 1}"#,
            r#"{"pin" => ********, "n" => 1}"#,
        ),
        (
            "{ user: \"a\", token: Some(\"x y\"), n: 1 }",
            "{ user: \"a\", token: ********, n: 1 }",
        ),
        (
            "Login { token: Token { v: \"x\" }, n: 1 }",
            "Login { token: ********, n: 1 }",
        ),
        (
            "{\"tokens\":[\"a\",\"b\"],\"n\":1}",
            "{\"tokens\":********,\"n\":1}",
        ),
        ("auth={'u': {'p': '}'}}, n=1", "auth=********, n=1"),
        (
            "<password>a b</password><n>1</n>",
            "<password>********</password><n>1</n>",
        ),
        (
            "<w:Token>a<b>c</b></w:Token>",
            "<w:Token>********</w:Token>",
        ),
        (
            "obj[\"password\"] = \"x\";",
            "obj[\"password\"] = \"********\";",
        ),
        (
            "\"password\": null, pin: None, key=nil",
            "\"password\": null, pin: None, key=nil",
        ),
        ("password=\"\", token=", "password=\"\", token="),
    ]);
}

#[test]
fn headers_and_prose() {
    check(&[
        (
            "Authorization: Bearer abc\nHost: x",
            "Authorization: ********\nHost: x",
        ),
        ("cookie: a=b; c=d\r\nx: y", "cookie: ********\r\nx: y"),
        (
            "curl -H 'Authorization: Token a b' -H 'x: y'",
            "curl -H 'Authorization: ********' -H 'x: y'",
        ),
        ("X-Api-Key: abc, x", "X-Api-Key: ********, x"),
        (
            "login failed (password: hunter2).",
            "login failed (password: ********).",
        ),
        ("private key: abc def", "private key: ******** def"),
        ("my seed phrase: a b c", "my seed phrase: ********"),
        (
            "passphrase = correct horse battery",
            "passphrase = ********",
        ),
        ("auth: Basic abc def", "auth: ******** def"),
        (
            "AccountName=a;AccountKey=ab+/c==;Endpoint=x",
            "AccountName=a;AccountKey=********;Endpoint=x",
        ),
        (
            "spring.datasource.password=x",
            "spring.datasource.password=********",
        ),
        ("PGPASSWORD=x psql", "PGPASSWORD=******** psql"),
        (
            "run --password hunter2 --verbose",
            "run --password ******** --verbose",
        ),
        ("run --api-key='a b' -v", "run --api-key='********' -v"),
        (
            "CREATE USER a IDENTIFIED BY 'x''y' x",
            "CREATE USER a IDENTIFIED BY '********' x",
        ),
        (
            "ALTER ROLE a PASSWORD 'x'",
            "ALTER ROLE a PASSWORD '********'",
        ),
        ("пароль=1 key=ключ x", "пароль=1 key=******** x"),
    ]);
}

#[test]
fn what_is_no_assignment() {
    let sanitizer = Sanitizer::default();
    for text in [
        "monkey=1&author=ada",
        "token::Kind::new",
        "secret://vault/path",
        "password",
        "Wrong password for user: bob",
        "DETAIL: Key (email)=(a@b) already exists",
        "the token expired",
        "12:30:45",
        "--token --verbose",
        "--no-color x",
        "usage: login <password> <user>",
        "error: no such key",
        "keyboard: qwerty",
        "a = b",
        "if token != other",
        "x%3Dy",
        "token of user: ada",
        "100%: x",
        "%",
        "[]:1",
        "]=",
        "\"=",
    ] {
        assert_eq!(sanitizer.text(text), text);
    }
}

#[test]
fn listed_and_allowed_names_count_in_texts() {
    let sanitizer = Sanitizer::builder()
        .name("tax file number")
        .name("пароль")
        .allow("keyboard.key")
        .remove("pin")
        .build();
    assert_eq!(
        sanitizer.text("tax file number: 12 x"),
        "tax file number: ******** x"
    );
    assert_eq!(sanitizer.text("Пароль: я x"), "Пароль: ******** x");
    assert_eq!(
        sanitizer.text("keyboard.key=Q key=Q pin=1"),
        "keyboard.key=Q key=******** pin=1"
    );
}
