//! What the handlers of requests share.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::visitor::Visitor;
use crate::{
    admin::{Desk, audit::Who},
    app::App,
    config::Config,
    seal::Master,
};

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
    pub(super) fn desk(&self, visitor: &Visitor) -> Desk<'_> {
        Desk {
            store: &self.app.store,
            config: self.app.declared.load_full(),
            master: &self.master,
            who: Who {
                name: visitor.name.clone(),
                role: visitor.role.word(),
                from: visitor.from.to_string(),
            },
        }
    }

    /// Where days and months of spending begin.
    pub(super) fn time_zone(&self) -> TimeZone {
        self.app.settings().spend.time_zone.clone()
    }
}
