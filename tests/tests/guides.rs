//! The guide about axum: its code is that of two programs, and its commands print what they say. And the
//! one test of the page about tests that needs a store, which the crate of that page does not know.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

#[path = "../../docs/axum/after.rs"]
mod after;
#[allow(dead_code, reason = "nobody asks who it was before it is audited")]
#[path = "../../docs/axum/before.rs"]
mod before;
#[path = "guides/http.rs"]
mod http;
#[path = "guides/page.rs"]
mod page;
#[path = "guides/shell.rs"]
mod shell;
#[path = "guides/tracked.rs"]
mod tracked;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use audit_sqlite::rusqlite::Connection;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use self::page::Page;
use self::shell::Shell;

const GUIDE: &str = include_str!("../../docs/axum.md");
const TESTING: &str = include_str!("../../audit-core/docs/testing.md");
const TRACKED: &str = include_str!("guides/tracked.rs");
const BEFORE: &str = include_str!("../../docs/axum/before.rs");
const AFTER: &str = include_str!("../../docs/axum/after.rs");

#[test]
fn the_code_of_the_guide_is_that_of_the_programs() {
    let blocks = Page::new(GUIDE).blocks("rust");
    assert!(blocks.len() > 8, "{} blocks", blocks.len());
    for block in blocks {
        let is_there = page::has_lines(BEFORE, &block) || page::has_lines(AFTER, &block);
        assert!(is_there, "in no program:\n{block}");
    }
}

#[test]
fn the_test_with_a_store_of_the_page_about_tests_is_run_here() {
    let blocks = Page::new(TESTING).blocks("ignore");
    assert_eq!(blocks.len(), 1);
    assert!(page::has_lines(TRACKED, &blocks[0]), "{}", blocks[0]);
}

#[tokio::test]
async fn the_commands_of_the_guide_print_what_it_says() {
    let mut scripts = Page::new(GUIDE).blocks("console").into_iter();

    let (_folder, db) = database();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let shell = Shell::new(listener.local_addr().unwrap(), &db);
    let app = before::App::open(
        &db,
        sessions(|id, name, company| before::Person { id, name, company }),
    );
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(before::serve(listener, app.unwrap(), async {
        drop(stopped.await);
    }));
    shell.run(&scripts.next().unwrap()).await;
    stop.send(()).unwrap();
    served.await.unwrap().unwrap();

    let (_folder, db) = database();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let shell = Shell::new(listener.local_addr().unwrap(), &db);
    let app = after::App::open(
        &db,
        sessions(|id, name, company| after::Person { id, name, company }),
    );
    let (stop, stopped) = oneshot::channel::<()>();
    let serve = after::serve(listener, app.unwrap(), async {
        drop(stopped.await);
    });
    let client = async {
        let mut count = 0;
        for script in scripts {
            shell.run(&script).await;
            count += 1;
        }
        stop.send(()).unwrap();
        count
    };
    let (served, count) = tokio::join!(serve, client);
    served.unwrap();
    assert!(count > 4, "{count} scripts");
}

/// Two incidents of one company.
fn database() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("desk.db");
    fill(&db);
    (folder, db)
}

fn fill(db: &Path) {
    let connection = Connection::open(db).unwrap();
    let schema = Page::new(GUIDE).blocks("sql");
    connection.execute_batch(&schema[0]).unwrap();
}

fn sessions<P>(person: impl Fn(i64, String, String) -> P) -> HashMap<String, P> {
    [(17, "ada", "acme"), (23, "grace", "umbrella")]
        .into_iter()
        .map(|(id, name, company)| {
            let person = person(id, name.to_owned(), company.to_owned());
            (name.to_owned(), person)
        })
        .collect()
}
