//! Programs that join two crates or more; see `src/bin/`.
