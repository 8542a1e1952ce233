//! `--convention`: costs as another program counts them, beside archc's own.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::analyse::{Convention, Counting, Written};

/// The arguments that say whose rules are counted by, too.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct ConventionArgs {
    /// Count by another program's rules, too, and show what that comes to beside archc's figures
    #[arg(long, value_enum, value_name = "NAME")]
    convention: Option<Convention>,
    /// What `ptflops` and `thop` suppose that PyTorch's program calls as functions, of ops without weights
    #[arg(long, value_enum, value_name = "WHICH", default_value_t = FunctionsArg::Published, requires = "convention")]
    functions: FunctionsArg,
}

impl ConventionArgs {
    pub fn counting(&self) -> Option<Counting> {
        let written = match self.functions {
            FunctionsArg::Published => Written::Published,
            FunctionsArg::None => Written::Modules,
            FunctionsArg::All => Written::Functions,
        };
        self.convention.map(|convention| Counting { convention, written })
    }
}

impl ValueEnum for Convention {
    fn value_variants<'a>() -> &'a [Convention] {
        Convention::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = format!("{}. {}", self.source(), self.includes().join(" "));
        Some(PossibleValue::new(self.name()).help(help))
    }
}

/// Which ops PyTorch's program calls as functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum FunctionsArg {
    /// Those of torchvision's programs, as `docs/costs.md` lists them; all others are modules
    Published,
    /// None: there is an `nn.ReLU()` for each `relu`
    None,
    /// All, as in `F.relu(x)`
    All,
}
