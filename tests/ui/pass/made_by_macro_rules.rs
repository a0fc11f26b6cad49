#![deny(warnings)]

use audit_core::{Audited, audit_action};

macro_rules! record {
    ($(#[$meta:meta])* $name:ident, $kind:literal { $($(#[$field_meta:meta])* $field:ident: $ty:ty,)* }) => {
        #[derive(Audited)]
        #[audit(entity_type = $kind)]
        $(#[$meta])*
        struct $name { $($(#[$field_meta])* $field: $ty,)* }
    };
}

macro_rules! action {
    ($name:ident, $action:literal, $body:block) => {
        #[audit_action(action = $action)]
        fn $name() -> u8 $body
    };
    ($name:ident($parameter:ident: $ty:ty) -> $output:ty { $value:expr }) => {
        #[audit_action(action = "made", entity_type = "thing", entity_id = $parameter, metadata($parameter, twice = $parameter * 2))]
        fn $name($parameter: $ty) -> $output {
            let inner = $value;
            inner
        }
    };
    (async $name:ident($parameter:ident: $ty:ty) -> $output:ty { $value:expr }) => {
        #[audit_action(action = "made", metadata($parameter))]
        async fn $name($parameter: $ty) -> $output {
            $value
        }
    };
}

macro_rules! inner_type {
    () => {
        Option<u8>
    };
}

record!(Incident, "incident" {
    #[audit(id)] id: u64,
    status: Option<String>,
    #[audit(exclude)] password: String,
    level: inner_type!(),
});
action!(one, "one", { 1 });
action!(double(number: u64) -> u64 { number * 2 });
action!(async later(number: u64) -> Result<u64, String> { Ok(number) });

/// A function whose locals have our names.
#[audit_action(action = "clash")]
fn clash(__audit_action: u8, __audit_out: u8) -> u8 {
    __audit_action + __audit_out
}

#[audit_action(action = "clash", metadata(__audit_action))]
async fn clash_later(__audit_action: u8, __audit_out: u8) -> u8 {
    __audit_action + __audit_out
}

#[derive(Audited)]
struct Clash {
    __audit_after: u8,
    __audit_fields: u8,
}

fn main() {
    let incident = Incident {
        id: 1,
        status: None,
        password: String::new(),
        level: None,
    };
    drop(audit_core::diff(&incident, &incident));
    assert_eq!((one(), double(2), clash(1, 2)), (1, 4, 3));
    drop((later(1), clash_later(1, 2)));
    let clash = Clash {
        __audit_after: 1,
        __audit_fields: 2,
    };
    drop(audit_core::diff(&clash, &clash));
}
