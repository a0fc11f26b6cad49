mod nightly;
