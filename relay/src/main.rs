//! The program `weir`.

use std::{process::ExitCode, thread};

use tikv_jemallocator::Jemalloc;
use tokio::runtime::Builder;

/// A request takes and gives back memory some hundred times, a long one in large pieces.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// Each thread keeps at hand what hundreds of requests at once take of one size, and puts that in order once every 16 MiB: by
/// default it does so with each request, and gives back what the next one takes again.
// SAFETY: jemalloc reads a C string under this name, before anything else is allocated.
#[unsafe(export_name = "_rjem_malloc_conf")]
pub static MALLOC_CONF: &[u8; 86] =
    b"tcache_gc_incr_bytes:16777216,tcache_nslots_small_min:256,tcache_nslots_small_max:512\0";

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
