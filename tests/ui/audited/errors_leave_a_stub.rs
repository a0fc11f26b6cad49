use audit_core::Audited;

#[derive(Audited)]
struct Incident<T: Clone>
where
    T: Sync,
{
    #[audit(exlude)]
    status: T,
}

fn needs_audited<T: Audited>(_: &T) {}

fn caller(incident: &Incident<u8>) {
    needs_audited(incident);
}

fn main() {}
