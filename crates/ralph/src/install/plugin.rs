//! The same hooks as a plugin of the client.

use super::events::WANTED;
use super::settings::{Entry, Json, Layout, PROGRAM, hooks_value};
use crate::config::Mode;

/// The plugin's name.
pub const PLUGIN_NAME: &str = "plimsoll-ralph";

const README: &str = "\
# plimsoll-ralph

Bounds for unattended coding loops, as a Claude Code plugin: the hooks that `plimsoll ralph install` puts into settings.

```sh
cargo install plimsoll              # brings `plimsoll` and `plimsoll-hook`, which must be on the client's PATH
claude --plugin-dir PATH/TO/THIS/FOLDER
```

Needs Claude Code 2.1.101 or newer; for older clients use `plimsoll ralph install`, which asks the client for its version.
Use one or the other: with both, every hook runs twice. `RALPH_MODE=off|guard|loop` switches what the hooks do.
";

/// Returns the files of the plugin's folder: path and text.
#[must_use]
pub fn plugin_files(mode: Mode) -> Vec<(&'static str, String)> {
    let entries: Vec<Entry> = WANTED
        .iter()
        .map(|wanted| Entry {
            event: wanted.event.to_owned(),
            command: PROGRAM.to_owned(),
            // A client without the exec form starts the program without them: then the limits say the mode.
            args: Some(vec![mode.name().to_owned()]),
            timeout_secs: wanted.timeout_secs,
        })
        .collect();
    let layout = Layout::Lines { unit: "  ", indent: "", line_end: "\n" };
    let text = |text: &str| Json::Text(text.to_owned());
    let description = "Bounds for unattended coding loops: breakers, budget, rate, record.";
    let manifest = Json::Object(vec![
        ("name".to_owned(), text(PLUGIN_NAME)),
        ("version".to_owned(), text(env!("CARGO_PKG_VERSION"))),
        ("description".to_owned(), text(description)),
        ("homepage".to_owned(), text(env!("CARGO_PKG_REPOSITORY"))),
        ("license".to_owned(), text(env!("CARGO_PKG_LICENSE"))),
    ]);
    let hooks = Json::Object(vec![
        ("description".to_owned(), text(description)),
        ("hooks".to_owned(), hooks_value(&entries)),
    ]);
    vec![
        (".claude-plugin/plugin.json", manifest.text(layout) + "\n"),
        ("hooks/hooks.json", hooks.text(layout) + "\n"),
        ("README.md", README.to_owned()),
    ]
}
