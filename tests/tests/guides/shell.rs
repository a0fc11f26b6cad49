//! As much of a shell as the guide needs: `curl`, `sqlite3` and one `jq`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use audit_sqlite::rusqlite::types::ValueRef;
use audit_sqlite::rusqlite::{Connection, Row};
use serde_json::Value;

use crate::http;

pub(crate) struct Shell {
    server: SocketAddr,
    db: PathBuf,
}

impl Shell {
    pub(crate) fn new(server: SocketAddr, db: &Path) -> Self {
        Self {
            server,
            db: db.to_owned(),
        }
    }

    /// Runs each line that begins with `$`, and compares what it prints with the lines that follow.
    pub(crate) async fn run(&self, script: &str) {
        let mut printed = String::new();
        for line in script.lines().filter(|line| line.starts_with("$ ")) {
            printed.push_str(line);
            printed.push('\n');
            printed.push_str(&self.execute(&words(&line[2..])).await);
        }
        assert!(printed == format!("{script}\n"), "it prints:\n{printed}");
    }

    async fn execute(&self, words: &[String]) -> String {
        let (command, rest) = words.split_first().expect("a command");
        match command.as_str() {
            "curl" => self.curl(rest).await,
            "sqlite3" => self.sqlite3(&rest[1]),
            other => panic!("{other} is not known here"),
        }
    }

    async fn curl(&self, words: &[String]) -> String {
        let (mut method, mut path, mut body) = ("GET", "", "");
        let mut headers = Vec::new();
        let mut filter = None;
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut next = || words.next().expect("a value behind a flag").as_str();
            match word.as_str() {
                "-s" => {}
                "-X" => method = next(),
                "-H" => headers.push(next().to_owned()),
                "--json" => {
                    (method, body) = ("POST", next());
                    headers.push("content-type: application/json".to_owned());
                }
                "|" => {
                    assert_eq!([next(), next()], ["jq", "-r"]);
                    filter = Some(next());
                }
                url => path = url.strip_prefix("localhost:8080").expect("a URL"),
            }
        }
        let answer = http::send(self.server, method, path, &headers, body).await;
        filter.map_or(answer.clone(), |filter| jq(filter, &answer))
    }

    fn sqlite3(&self, sql: &str) -> String {
        let connection = Connection::open(&self.db).unwrap();
        let mut statement = connection.prepare(sql).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        let mut printed = String::new();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<_> = (0..columns).map(|column| shown(row, column)).collect();
            printed.push_str(&values.join("|"));
            printed.push('\n');
        }
        printed
    }
}

/// A value as `sqlite3` prints it.
fn shown(row: &Row<'_>, column: usize) -> String {
    match row.get_ref(column).unwrap() {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
        other => panic!("the guide shows no {other:?}"),
    }
}

/// Prints one member of each entry.
fn jq(filter: &str, answer: &str) -> String {
    let member = filter.strip_prefix(".entries[].").expect("a filter");
    let answer: Value = serde_json::from_str(answer).unwrap();
    let entries = answer["entries"].as_array().expect(filter);
    let values = entries.iter().map(|entry| entry[member].as_str().unwrap());
    values.flat_map(|value| [value, "\n"]).collect()
}

/// Splits a line at blanks that stand in no quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in line.chars() {
        match (quote, letter) {
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (Some(open), _) if open == letter => quote = None,
            (None, ' ') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}
