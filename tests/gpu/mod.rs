//! Comparisons that other tests make on the CPU, on a GPU where there is one. `cargo test --features cuda` builds for that.

use archc::device::DeviceName;
use candle_core::Device;

/// The first GPU, or a word on why there is none.
pub fn gpu() -> Option<Device> {
    match DeviceName::Cuda(0).open() {
        Ok(device) => Some(device),
        #[allow(clippy::print_stdout, reason = "`cargo test -- --nocapture` shows what was skipped")]
        Err(reason) => {
            println!("skipped: {}", reason.message);
            None
        }
    }
}

#[test]
fn the_zoo_computes_what_pytorch_computes() {
    let Some(device) = gpu() else { return };
    for arch in crate::zoo::names_in("tests/reference/models", "json") {
        crate::zoo::reference::compare_on(&arch, &device);
    }
}

#[test]
fn ops_compute_what_pytorch_computes() {
    let Some(device) = gpu() else { return };
    crate::ops::values::check_all(&device);
}
