use audit_core::Audited;

fn nearly(a: &f64, b: &f64) -> bool {
    (a - b).abs() < 0.01
}

fn difference(a: &f64, b: &f64) -> f64 {
    a - b
}

fn same(a: &f64) -> bool {
    *a > 0.0
}

#[derive(Audited)]
struct Reading {
    #[audit(compare = nearly)]
    celsius: f32,
    #[audit(compare = difference)]
    fahrenheit: f64,
    #[audit(compare = same)]
    kelvin: f64,
}

fn main() {}
