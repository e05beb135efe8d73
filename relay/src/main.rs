//! The program `weir`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    weir_relay::cli::main().await
}
