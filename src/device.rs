//! Where tensors are computed: the one place that opens devices.

use std::fmt;
use std::str::FromStr;

use candle_core::Device;

use crate::diagnostic::{Code, Diagnostic};

/// A device as a user names it: `cpu`, `cuda` (the first one), or `cuda:N`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceName {
    #[default]
    Cpu,
    /// An NVIDIA GPU by its number, from 0.
    Cuda(usize),
}

impl DeviceName {
    /// Opens the device.
    ///
    /// # Errors
    /// `E0607`: this binary was built without CUDA, or the machine has no such device.
    pub fn open(self) -> Result<Device, Diagnostic> {
        match self {
            DeviceName::Cpu => Ok(Device::Cpu),
            DeviceName::Cuda(number) if candle_core::utils::cuda_is_available() => {
                Device::new_cuda(number).map_err(|error| {
                    unavailable(self, &format!("CUDA says: {}", first_line(&error.to_string()))).help(
                        "`nvidia-smi -L` lists the GPUs that the driver sees, from 0; `--device cpu` always works",
                    )
                })
            }
            DeviceName::Cuda(_) => Err(unavailable(self, "this archc was built without CUDA")
                .help("build it with `cargo build --release --features cuda` (docs/cuda.md), or use `--device cpu`")),
        }
    }
}

impl FromStr for DeviceName {
    type Err = String;

    fn from_str(text: &str) -> Result<DeviceName, String> {
        let number = match text.split_once(':') {
            None if text == "cpu" => return Ok(DeviceName::Cpu),
            None if text == "cuda" => Some(0),
            Some(("cuda", number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => number.parse().ok(),
            None | Some(_) => None,
        };
        number.map(DeviceName::Cuda).ok_or_else(|| "write `cpu`, `cuda` or `cuda:N`, as in cuda:1".to_string())
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DeviceName::Cpu => f.write_str("cpu"),
            DeviceName::Cuda(number) => write!(f, "cuda:{number}"),
        }
    }
}

fn unavailable(name: DeviceName, why: &str) -> Diagnostic {
    Diagnostic::error(Code::NO_DEVICE, format!("can't compute on `{name}`: {why}"))
}

/// candle's errors may go on with a backtrace.
fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::DeviceName;

    #[test]
    fn devices_are_named_as_they_are_shown() {
        for (text, name) in
            [("cpu", DeviceName::Cpu), ("cuda:0", DeviceName::Cuda(0)), ("cuda:12", DeviceName::Cuda(12))]
        {
            assert_eq!((text.parse(), name.to_string().as_str()), (Ok(name), text));
        }
        assert_eq!("cuda".parse(), Ok(DeviceName::Cuda(0)));
        for text in ["", "gpu", "CPU", "cpu:0", "cuda:", "cuda:-1", "cuda:+1", "cuda:x", "cuda:99999999999999999999999"]
        {
            assert!(text.parse::<DeviceName>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_device_that_is_not_there_is_an_error_that_says_what_to_do() {
        assert!(DeviceName::Cpu.open().is_ok());
        let error = DeviceName::Cuda(4_000).open().unwrap_err();
        assert!(error.message.starts_with("can't compute on `cuda:4000`: "), "{}", error.message);
        assert!(error.help.unwrap().contains("--device cpu"));
    }
}
