//! Settings: what holds for all requests on all relays, changed while they run. What `weir.toml` names is changed there.

use serde::Serialize;
use utoipa::ToSchema;

use super::{AdminError, Desk, What, audit::Deed, check_version, merged, misfit, text_of};
use crate::{
    config::{Values, defaults, is_setting},
    store::StoredSettings,
};

/// All that is set is kept in memory by every relay.
const LONGEST: usize = 1 << 18;

/// Settings as operators see them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Settings)]
pub(crate) struct Shown {
    /// 0 before anything was set.
    pub(crate) version: u64,
    /// Those that `weir.toml` names.
    pub(crate) declared: Vec<String>,
    /// What holds: `waiting.grace_ms`, `prices.<model>` for a price of an operator's own.
    #[schema(value_type = Object)]
    pub(crate) values: Values,
    /// What would hold if nobody had said anything.
    #[schema(value_type = Object)]
    pub(crate) defaults: Values,
}

impl Desk<'_> {
    pub(crate) async fn settings(&self) -> Result<Shown, AdminError> {
        let stored = self.store.roster().await?.settings;
        Ok(Shown {
            version: stored.version,
            declared: self.config.declared.keys().cloned().collect(),
            values: self.config.values(&stored.values()),
            defaults: defaults(),
        })
    }

    /// Null takes one back to what is usual. Gives the new version.
    pub(crate) async fn edit_settings(
        &self,
        seen: Option<u64>,
        changes: &Values,
    ) -> Result<u64, AdminError> {
        for name in changes.keys() {
            if !is_setting(name) {
                return Err(misfit(name, "there is no such setting"));
            }
            self.not_declared(What::Setting, name)?;
        }
        self.change(|stored, editing| {
            let before = &stored.settings;
            check_version(seen, before.version)?;
            let set = merged(before.values(), changes);
            self.config.with(&set)?;
            let settings = StoredSettings {
                version: before.version + 1,
                table: text_of(&set),
            };
            if settings.table.len() > LONGEST {
                let why = format!("all that is set is more than {LONGEST} bytes");
                return Err(misfit("values", why));
            }
            editing.put_settings(&settings);
            let deed = Deed::new("edit", "settings", "all");
            Ok((settings.version, deed.between(&before.values(), &set)))
        })
        .await
    }
}
