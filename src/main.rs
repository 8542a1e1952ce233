use std::process::ExitCode;

fn main() -> ExitCode {
    archc::cli::main()
}
