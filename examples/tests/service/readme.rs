//! What the README shows is what the service answers.

use serde_json::Value;

use crate::desk::Desk;

const README: &str = include_str!("../../../README.md");

#[test]
fn the_commands_of_the_readme_print_what_it_says() {
    let desk = Desk::open(&[]);
    let block = README.split("```console\n").nth(1).unwrap();
    let block = block.split("```").next().unwrap();
    let mut token = String::new();
    let mut printed = String::new();
    for line in block.lines().filter(|line| line.starts_with("$ ")) {
        printed.push_str(line);
        printed.push('\n');
        let line = line[2..].replace("$TOKEN", &token);
        if let Some(login) = line.strip_prefix("TOKEN=$(") {
            let answer = curl(&desk, login.strip_suffix(" | jq -r .token)").unwrap());
            token = answer["token"].as_str().unwrap().to_owned();
            continue;
        }
        match line.split_once(" | jq -c ") {
            Some((command, filter)) => printed.push_str(&jq(filter, &curl(&desk, command))),
            None => printed.extend([&*in_order(&curl(&desk, &line)), "\n"]),
        }
    }
    assert!(printed == block, "it prints:\n{printed}");
    assert!(printed.lines().count() == 10, "five commands");
}

/// `curl -s URL -H 'authorization: …' --json '…'`, in any order.
fn curl(desk: &Desk, command: &str) -> Value {
    let words = words(command);
    assert_eq!(words[..2], ["curl", "-s"]);
    let mut client = desk.visitor();
    let (mut path, mut body) = (String::new(), None);
    let mut words = words.into_iter().skip(2);
    while let Some(word) = words.next() {
        match word.as_str() {
            "-H" => {
                let header = words.next().unwrap();
                let token = header.strip_prefix("authorization: Bearer ").unwrap();
                client.token = Some(token.to_owned());
            }
            "--json" => body = Some(serde_json::from_str(&words.next().unwrap()).unwrap()),
            url => path.push_str(url.strip_prefix("localhost:8080").unwrap()),
        }
    }
    match body {
        Some(body) => client.post(&path, &body).body,
        None => client.get(&path).body,
    }
}

/// `.entries[] | [.a, .b.c]`: these members of each entry, a line each.
fn jq(filter: &str, answer: &Value) -> String {
    let members = filter
        .trim_matches('\'')
        .strip_prefix(".entries[] | [")
        .unwrap();
    let members = members.strip_suffix(']').unwrap();
    let mut printed = String::new();
    for entry in answer["entries"].as_array().unwrap() {
        let values: Vec<String> = members
            .split(", ")
            .map(|path| {
                let path = path.trim_start_matches('.').split('.');
                let value = path.fold(entry, |value, member| &value[member]);
                in_order(value)
            })
            .collect();
        printed.extend(["[", &values.join(","), "]\n"]);
    }
    printed
}

/// As the service writes it: an incident in the order of its fields, a change with the old value first.
fn in_order(value: &Value) -> String {
    const ORDER: [&str; 9] = [
        "id", "title", "company", "status", "severity", "assignee", "note", "old", "new",
    ];
    let Value::Object(fields) = value else {
        return value.to_string();
    };
    let place = |name: &str| ORDER.iter().position(|known| *known == name);
    let mut fields: Vec<_> = fields.iter().collect();
    fields.sort_by_key(|(name, _)| place(name).unwrap_or(ORDER.len()));
    let fields: Vec<_> = fields
        .into_iter()
        .map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())))
        .collect();
    format!("{{{}}}", fields.join(","))
}

/// Splits a line at blanks that stand in no quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for letter in line.chars() {
        match (quote, letter) {
            (None, '\'' | '"') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            (None, ' ') => words.push(String::new()),
            _ => words.last_mut().unwrap().push(letter),
        }
    }
    words
}
