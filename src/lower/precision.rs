//! In how many bits a model computes.

use std::str::FromStr;

use candle_core::{DType, Device};

use crate::diagnostic::{Code, Diagnostic};

/// The type of a model's weights and results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    #[default]
    F32,
    /// 16 bits as IEEE 754 has them: 11 of precision, at most 65504.
    F16,
    /// The upper half of a float32: 8 bits of precision.
    Bf16,
}

impl Precision {
    pub const ALL: [Precision; 3] = [Precision::F32, Precision::F16, Precision::Bf16];

    /// As a user writes it.
    pub fn name(self) -> &'static str {
        match self {
            Precision::F32 => "f32",
            Precision::F16 => "f16",
            Precision::Bf16 => "bf16",
        }
    }

    pub fn dtype(self) -> DType {
        match self {
            Precision::F32 => DType::F32,
            Precision::F16 => DType::F16,
            Precision::Bf16 => DType::BF16,
        }
    }

    /// # Errors
    /// `E0607` where the device can't compute in it.
    pub fn check(self, device: &Device) -> Result<(), Diagnostic> {
        match self {
            Precision::F32 | Precision::F16 => Ok(()),
            Precision::Bf16 if device.is_cpu() => Err(Diagnostic::error(
                Code::NO_DEVICE,
                "can't compute in bf16 on `cpu`: it has no products of matrices in it",
            )
            .help("use `--dtype f32`, which is faster on a CPU as well, or `--device cuda`")),
            Precision::Bf16 => Ok(()),
        }
    }
}

impl FromStr for Precision {
    type Err = String;

    fn from_str(text: &str) -> Result<Precision, String> {
        let found = Precision::ALL.into_iter().find(|precision| precision.name() == text);
        found.ok_or_else(|| "write f32, f16 or bf16".to_string())
    }
}
