//! Hooks in a client's settings: put in without losing anything, taken out without leaving anything, and tried.

mod doctor;
mod events;
mod plan;
mod plugin;
mod record;
mod settings;

pub use doctor::{Client, Finding, Severity, examine, try_hook};
pub use plan::{HookProgram, LeftOut, Plan, plan};
pub use plugin::{PLUGIN_NAME, plugin_files};
pub use record::{InstallError, Restored, install, uninstall};
pub use settings::{Installed, SettingsError, hooks};
