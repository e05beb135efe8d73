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

/// What the threads of a process had of the CPU, from the scheduler's nanosecond counters.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CpuTime {
    pub(crate) ran: Duration,
    /// Ready to run while something else ran.
    pub(crate) waited: Duration,
}

impl CpuTime {
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            ran: self.ran.saturating_sub(earlier.ran),
            waited: self.waited.saturating_sub(earlier.waited),
        }
    }
}

/// Of all live threads together.
pub(crate) fn time(pid: u32) -> CpuTime {
    let mut sum = CpuTime::default();
    for thread in threads(pid) {
        let stat = fs::read_to_string(format!("/proc/{pid}/task/{thread}/schedstat"));
        let stat = stat.unwrap_or_default();
        let mut nanos = stat.split_ascii_whitespace().map(str::parse);
        if let (Some(Ok(ran)), Some(Ok(waited))) = (nanos.next(), nanos.next()) {
            sum.ran += Duration::from_nanos(ran);
            sum.waited += Duration::from_nanos(waited);
        }
    }
    sum
}

fn threads(pid: u32) -> impl Iterator<Item = i32> {
    let entries = fs::read_dir(format!("/proc/{pid}/task")).into_iter();
    entries
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}
