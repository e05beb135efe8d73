//! The program `weir`.

use std::{process::ExitCode, thread};

use tikv_jemallocator::Jemalloc;
use tokio::runtime::Builder;

/// A request takes and gives back memory some hundred times, a long one in large pieces.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// Where there is one CPU, one thread does all: handing tasks to another would only cost.
fn main() -> ExitCode {
    let alone = thread::available_parallelism().is_ok_and(|cpus| cpus.get() == 1);
    let mut builder = match alone {
        true => Builder::new_current_thread(),
        false => Builder::new_multi_thread(),
    };
    let runtime = builder
        .enable_all()
        .build()
        .expect("the system gives threads");
    runtime.block_on(weir_relay::cli::main())
}
