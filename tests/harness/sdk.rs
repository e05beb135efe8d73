//! The scripts of `tests/sdk`: the providers' own SDKs for Python and Node.js, pointed at the relay as their users point
//! them. `tests/setup.sh test` installs what runs them below `target`.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::weir::Weir;

/// What runs a script.
#[derive(Clone, Copy, Debug)]
pub enum Runtime {
    Python,
    Node,
}

impl Runtime {
    pub const ALL: [Self; 2] = [Self::Python, Self::Node];

    /// Runs a script to its end. It calls the relay at `url`.
    ///
    /// # Panics
    /// When it fails, with what it said.
    pub async fn run(self, script: &str, weir: &Weir, url: &str) {
        let mut command = self.command(script);
        command
            .kill_on_drop(true)
            .env("ANTHROPIC_BASE_URL", url)
            .env("ANTHROPIC_API_KEY", &weir.key)
            .env("OPENAI_BASE_URL", format!("{url}/v1"))
            .env("OPENAI_API_KEY", &weir.key)
            .env("GOOGLE_GEMINI_BASE_URL", url)
            .env("GEMINI_API_KEY", &weir.key)
            .env("MOCK_URL", weir.provider.url());
        let output = command.output().await;
        let output = output.expect("`tests/setup.sh test` installs what runs the scripts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}, {self:?}: {said}");
    }

    /// With no settings of whoever runs the tests, no files beside the scripts, and no warning passed over.
    fn command(self, script: &str) -> Command {
        let mut command = match self {
            Self::Python => Command::new(target().join("venv/bin/python")),
            Self::Node => Command::new(node()),
        };
        match self {
            Self::Python => command
                .args(["-B", "-W", "error"])
                .arg(tests().join(format!("sdk/python/{script}.py"))),
            // Packages are looked for beside the link to the scripts, not beside the scripts.
            Self::Node => command
                .args(["--preserve-symlinks", "--preserve-symlinks-main"])
                .arg("--throw-deprecation")
                .arg(target().join(format!("node/scripts/{script}.js"))),
        };
        command.env_clear();
        command
    }
}

/// The Node.js that the packages were installed for.
pub fn node() -> PathBuf {
    target().join("node/node")
}

/// Where this repository keeps what is built and installed.
pub fn target() -> PathBuf {
    tests().join("../target")
}

fn tests() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
