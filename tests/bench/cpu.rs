//! Which CPU a process may use, and how much of it it has used.

use std::fs;
use std::time::Duration;

/// Keeps a process with all its threads on one CPU, where the system can: the server has one to itself,
/// the load another.
pub(crate) fn pin(pid: u32, cpu: usize) {
    #[cfg(target_os = "linux")]
    {
        let mut set = rustix::thread::CpuSet::new();
        set.set(cpu);
        for thread in threads(pid) {
            let thread = rustix::process::Pid::from_raw(thread);
            // A machine with one CPU, or a thread that has just ended: measured all the same.
            let _ = rustix::thread::sched_setaffinity(thread, &set);
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (pid, cpu);
}

/// CPU time of all live threads of a process, from the scheduler's nanosecond counters.
pub(crate) fn used(pid: u32) -> Duration {
    let of_thread = |thread: i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/task/{thread}/schedstat")).ok()?;
        stat.split_ascii_whitespace().next()?.parse::<u64>().ok()
    };
    let nanos: u64 = threads(pid).filter_map(of_thread).sum();
    Duration::from_nanos(nanos)
}

fn threads(pid: u32) -> impl Iterator<Item = i32> {
    let entries = fs::read_dir(format!("/proc/{pid}/task")).into_iter();
    entries
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}
