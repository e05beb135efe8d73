//! What the handlers of requests share.

use std::sync::Arc;

use super::visitor::Visitor;
use crate::{admin::Desk, app::App, config::Config, seal::Master};

#[derive(Debug)]
pub(super) struct Office {
    pub(super) app: Arc<App>,
    pub(super) config: Config,
    master: Master,
}

impl Office {
    pub(super) fn new(app: Arc<App>, config: &Config) -> Self {
        Self {
            app,
            config: config.clone(),
            master: Master::of(config),
        }
    }

    /// Where this visitor works.
    pub(super) fn desk(&self, _visitor: &Visitor) -> Desk<'_> {
        Desk {
            store: &self.app.store,
            config: &self.config,
            master: &self.master,
        }
    }
}
