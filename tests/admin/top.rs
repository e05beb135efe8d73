//! `weir top` in a terminal.

use harness::{Terminal, Weir, config};

/// The end of the line that says what the keys do: 96 columns show it.
const LAST_KEY: &str = "q quit";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_drawn_anew_when_the_window_gets_another_size() {
    let weir = Weir::setup().accounts(2).start().await;
    let toml = weir.write_toml();
    let (program, toml) = (config::program(), toml.to_string_lossy());
    let program = program.to_string_lossy();
    let words = [&*program, "top", "--config", &*toml];
    let mut terminal = Terminal::start(&words, (40, 8));
    let narrow = terminal.until("a2");
    assert!(!narrow.contains(LAST_KEY), "{}", narrow.escape_debug());
    terminal.resize(120, 30);
    terminal.until(LAST_KEY);
    terminal.resize(8, 2);
    terminal.until("0 in fli");
    terminal.resize(120, 30);
    terminal.until(LAST_KEY);
    terminal.type_in("q");
    assert!(terminal.ended().success());
}
