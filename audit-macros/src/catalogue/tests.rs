//! What is found in a file, and how it is written down.

use std::path::Path;

use quote::quote;

use super::{
    catalogue_of,
    names::tell_apart,
    roots,
    scan::{Listed, Scan},
    scope::Scope,
};
use crate::testing::messages;

fn scanned(code: &str) -> Scan {
    let mut scan = Scan::new(Path::new("/package"));
    scan.text(code, &Scope::default());
    scan
}

/// Each function with its action and type, then what it records.
fn found(code: &str) -> Vec<String> {
    let mut scan = scanned(code);
    assert_eq!(scan.errors, Vec::<String>::new(), "{code}");
    tell_apart(&mut scan.found);
    let listed = |listed: &Listed| {
        let Listed {
            row,
            path,
            conditions,
            ..
        } = listed;
        let entity_type = row.entity_type.as_deref().unwrap_or("-");
        let mut parts = vec![format!("{path}: {} {entity_type}", row.action)];
        parts.extend(row.entity.clone());
        parts.extend(row.metadata.iter().map(|name| format!("metadata {name}")));
        parts.extend((row.severity != "info").then(|| row.severity.clone()));
        parts.extend(row.words.clone());
        parts.extend(
            conditions
                .iter()
                .map(|condition| format!("cfg({condition})")),
        );
        parts.join(", ")
    };
    scan.found.iter().map(listed).collect()
}

#[test]
fn functions_are_found_wherever_they_stand() {
    let code = r#"
        #![allow(dead_code)]
        //! A file.
        #[audit_action] pub async fn close_incident() {}
        mod desk {
            pub struct Desk<const N: usize>;
            impl<const N: usize> Desk<N> {
                /// Opens.
                #[audit_core::audit_action] #[inline] pub(crate) fn open_incident(&self) -> Bits<{ N + 1 }> {
                    if !(true) { return Bits }
                    let x = run(|| { #[audit_action] fn r#move() {} });
                    Bits
                }
                fn between() -> fn(u8) -> u8 { |x| x }
            }
            impl Close for &Desk<3> { #[audit_action(action = "shut")] unsafe extern "Rust" fn close(&self) {} }
            trait Close { fn must(); #[audit_action] fn archive(&self) where Self: Sized {} }
        }
        const X: fn() -> u8 = { #[audit_action] fn export_log() -> u8 { 1 } export_log };
    "#;
    assert_eq!(
        found(code),
        [
            "close_incident: close incident",
            "desk::Desk::open_incident: open incident",
            "desk::Desk::open_incident::move: move -",
            "desk::<&Desk as Close>::close: shut -",
            "desk::Close::archive: archive -",
            "export_log: export log",
        ]
    );
}

#[test]
fn what_is_passed_to_a_macro_is_left_alone() {
    let code = r"
        macro_rules! make { ($name:ident) => { #[audit_action] fn $name() {} } }
        quote! { #[audit_action] fn a() {} }
        fn f() { let x = vec![{ #[audit_action] fn b() {} }]; }
        #[other(audit_action)] fn c() {}
        #[audit_action] fn d() { println!() }
    ";
    assert_eq!(found(code), ["d: d -"]);
}

#[test]
fn every_word_is_written_down() {
    let code = r#"
        #[audit_action(
            action = "close", entity_id = self.id, entity_name = &self . name, severity = how_bad(x), strict, attempt,
            before = self.clone(), after = self, reason = why, skip_if = dry_run, tenant = company, none = denied, sources,
            metadata(why, count = items.len(), "dotted.key" = 1), auditor = self.auditor,
            result(|out| entity = out, metadata(rows = out.rows), reason = out.why)
        )]
        fn close_incident(&self, why: &str) {}
    "#;
    assert_eq!(
        found(code),
        [
            "close_incident: close incident, entity_id = self.id, entity_name = &self.name, result entity = out, \
             metadata why, metadata count, metadata dotted.key, metadata rows, how_bad(x), strict, attempt, changes, \
             reason = why, skip_if = dry_run, tenant = company, none = denied, sources, result reason = out.why"
        ]
    );
}

#[test]
fn a_block_hands_its_words_to_its_own_methods() {
    let code = r#"
        #[audit_action(entity_type = "incident", severity = "notice", strict)]
        impl Desk {
            #[audit_action] fn close(&self) { #[audit_action] fn inside() {} }
            #[audit_action(entity_type = "note", severity = "info")] fn add(&self) {}
            #[cfg_attr(feature = "audit", audit_action)] fn open(&self) {}
        }
    "#;
    assert_eq!(
        found(code),
        [
            "Desk::close: close incident, notice, strict",
            "Desk::close::inside: inside -",
            "Desk::add: add note, strict",
            "Desk::open: open -, cfg(feature = \"audit\")",
        ]
    );
}

#[test]
fn conditions_are_noted() {
    let code = r#"
        #[cfg(unix)] mod desk {
            #[cfg(all(test, feature = "x"))]
            #[cfg_attr(not(windows), inline, audit_action(action = "a"))]
            fn a() {}
        }
        #[cfg(windows)] mod gone;
        #[cfg_attr(windows, path = "other.rs")] mod elsewhere;
    "#;
    assert_eq!(
        found(code),
        ["desk::a: a -, cfg(unix), cfg(all(test, feature = \"x\")), cfg(not(windows))"]
    );
}

#[test]
fn conditions_at_the_top_are_for_all_of_it() {
    let code = r#"
        #![doc = "A file."]
        #![cfg(feature = "billing")]
        #![cfg_attr(docsrs, feature(doc_cfg))]
        #[audit_action] fn pay_invoice() {}
        mod desk {
            #![cfg(unix)]
            #![allow(dead_code)]
            #[audit_action] fn a() {}
            mod gone;
        }
        #[audit_action(entity_type = "incident", severity = "notice")]
        impl Desk { #![cfg(windows)] #[audit_action] fn close(&self) {} }
        #[audit_action] fn b() {}
    "#;
    let billing = "cfg(feature = \"billing\")";
    assert_eq!(
        found(code),
        [
            format!("pay_invoice: pay invoice, {billing}"),
            format!("desk::a: a -, {billing}, cfg(unix)"),
            format!("Desk::close: close incident, notice, {billing}, cfg(windows)"),
            format!("b: b -, {billing}"),
        ]
    );
}

#[test]
fn what_is_called_alike_is_told_apart() {
    let code = r"
        impl Desk<u8> { #[audit_action] fn open_order(&self) {} }
        impl Desk<(u16, Vec<&'static str>)> { #[audit_action] fn open_order(&self) {} }
        impl<T> Close for Desk<T> { #[audit_action] fn shut(&self) {} }
        impl Close for &mut Desk<u16> { #[audit_action] fn shut(&self) {} }
        impl Close for &Desk<u16> { #[audit_action] fn shut(&self) {} }
        impl From<a::X> for Desk<u8> { #[audit_action] fn from(x: a::X) -> Self { x } }
        impl From<b::X> for Desk<u8> { #[audit_action] fn from(x: b::X) -> Self { x } }
        impl a::X { #[audit_action] fn close_order(&self) {} }
        impl b::X { #[audit_action] fn close_order(&self) {} }
        impl Grid<{ 1 + 1 }> { #[audit_action] fn fill(&self) {} }
        impl Grid<3> { #[audit_action] fn fill(&self) {} }
        impl c::Alone<u8> { #[audit_action] fn stay(&self) {} }
    ";
    assert_eq!(
        found(code),
        [
            "Desk<u8>::open_order: open order",
            "Desk<(u16, Vec<&'static str>)>::open_order: open order",
            "<Desk as Close>::shut: shut -",
            "<&mut Desk<u16> as Close>::shut: shut -",
            "<&Desk<u16> as Close>::shut: shut -",
            "<Desk<u8> as From<a::X>>::from: from -",
            "<Desk<u8> as From<b::X>>::from: from -",
            "a::X::close_order: close order",
            "b::X::close_order: close order",
            "Grid<{ 1 + 1 }>::fill: fill -",
            "Grid<3>::fill: fill -",
            "Alone::stay: stay -",
        ]
    );
}

#[test]
fn what_stands_in_two_places_is_no_duplicate() {
    let code = r"
        make!(); mod first { impl D { #[audit_action] fn close_order(&self) {} } }
        const _: () = { #[audit_action] fn a() {} };
        const _: () = { #[audit_action] fn a() {} };
    ";
    let mut found = scanned(code).found;
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 3);
}

#[test]
fn braces_in_a_header_end_no_block() {
    let code = r#"
        #[audit_action(entity_type = "incident", severity = "warning")]
        impl Grid<{ 4 }> { #[audit_action] fn close(&self) {} }
        #[audit_action(entity_type = "incident")]
        impl<T, const N: usize> Tr<{ N }> for T where T: Fn(u8) -> Bits<{ 1 }>, Bits<{ N }>: Sized {
            #[audit_action] fn open(&self) {}
        }
        trait Named<const N: usize>: Of<{ N }> { #[audit_action] fn name_it(&self) {} }
        fn around() -> Bits<{ 2 }> { #[audit_action] fn within() {} }
        impl const New for dyn* Syntax { #[audit_action] fn read(&self) {} }
        #[audit_action] fn after() {}
    "#;
    assert_eq!(
        found(code),
        [
            "Grid::close: close incident, warning",
            "<T as Tr>::open: open incident",
            "Named::name_it: name it",
            "around::within: within -",
            "impl::read: read -",
            "after: after -",
        ]
    );
}

#[test]
fn mistakes_say_where_they_are() {
    let errors = |code| scanned(code).errors;
    assert_eq!(errors("fn {"), [": cannot be read as Rust"]);
    assert_eq!(
        errors("mod gone;"),
        [": the file of `mod gone;` was not found"]
    );
    let [error] = errors("mod a { #[audit_action(acton = \"b\")] fn f() {} }")
        .try_into()
        .unwrap();
    assert!(
        error.starts_with(": in `a::f`: unknown word `acton`"),
        "{error}"
    );
    let [error] = errors("#[audit_action] fn log_in() {}").try_into().unwrap();
    assert!(
        error.starts_with(": in `log_in`: `log_in` does not say"),
        "{error}"
    );
    let [error] = errors("#[audit_action] fn half(").try_into().unwrap();
    assert_eq!(error, ": cannot be read as Rust");
}

#[test]
fn scripts_and_byte_order_marks_are_read() {
    let action = "#[audit_action] fn f() {}";
    for start in ["\u{feff}", "#!/usr/bin/env run\n", "#![allow(unused)]\n"] {
        assert_eq!(found(&format!("{start}{action}")), ["f: f -"]);
    }
    assert!(found("#!/usr/bin/env run").is_empty());
}

#[test]
fn a_folder_without_a_root_is_an_error() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let roots = |named| roots::find(package, named);
    assert_eq!(roots("src").unwrap().len(), 1);
    assert_eq!(roots("src/case.rs").unwrap().len(), 1);
    assert_eq!(
        roots("src/action").unwrap_err(),
        "`src/action` has no `lib.rs`, no `main.rs` and no `bin`: name the folder or the file that the modules hang from"
    );
    assert!(
        roots("sources")
            .unwrap_err()
            .starts_with("`sources` is no folder or file of this package")
    );
}

#[test]
fn the_words_of_the_macro_are_checked() {
    let package = || Some(env!("CARGO_MANIFEST_DIR").into());
    let said = |input| {
        messages(
            catalogue_of(package(), input)
                .unwrap_err()
                .into_compile_error(),
        )
    };
    let expected = "expected a folder or a file of the crate in quotes, or `crate = path`";
    assert_eq!(said(quote!(src)), [expected]);
    assert_eq!(said(quote!("no", "way")).len(), 2);
    let unset = catalogue_of(None, quote!()).unwrap_err().to_string();
    assert!(
        unset.ends_with("which is not set: build with cargo"),
        "{unset}"
    );
    // This crate audits nothing: what looks so is passed to `quote!`.
    let listed = catalogue_of(package(), quote!(crate = a::b))
        .unwrap()
        .to_string();
    let listed = listed.replace(' ', "");
    assert!(
        listed.contains("a::b::testing::ActionCatalogue::new(&[])"),
        "{listed}"
    );
    assert!(listed.contains("src/catalogue/tests.rs"), "{listed}");
}
