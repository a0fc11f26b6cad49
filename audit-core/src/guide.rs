//! Pages beside the reference: every word of the macros, a cookbook, what code is generated,
//! what is not supported, and how to test what is recorded.

#[doc = include_str!("../docs/attributes.md")]
pub mod attributes {}

#[doc = include_str!("../docs/cookbook.md")]
pub mod cookbook {}

#[doc = include_str!("../docs/generated_code.md")]
pub mod generated_code {}

#[doc = include_str!("../docs/limitations.md")]
pub mod limitations {}

#[cfg(feature = "testing")]
#[doc = include_str!("../docs/testing.md")]
pub mod testing {}
