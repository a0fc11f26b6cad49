//! A program beside the library, which compiles its modules once more.

mod desk;

fn main() {}
