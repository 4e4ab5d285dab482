//! Positions and open orders, at the venue and in the cache.

use super::{Capture, CaptureError, Taken};
use crate::intake::Intake;
use crate::venue::{Holdings, ReadHoldings, disagreements};

/// How often the venue is read until nothing moves.
const READINGS_MAX: usize = 3;

/// Captures what an account holds: at the venue, in the cache, and in what they disagree.
///
/// The venue is read before and after the cache. If positions or open orders differ between the
/// two, it is read again; if they never stay the same the part fails. Fence the strategies first.
///
/// It is a record and is never put back: the venue is the truth.
pub struct Positions {
    venue: Box<dyn ReadHoldings>,
    cache: Option<Box<dyn ReadHoldings>>,
    must_agree: bool,
}

impl std::fmt::Debug for Positions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Positions")
            .field("venue", &self.venue.name())
            .field("cache", &self.cache.as_ref().map(|cache| cache.name()))
            .finish()
    }
}

impl Positions {
    /// What is held at a venue.
    #[must_use]
    pub fn new(venue: impl ReadHoldings + 'static) -> Self {
        Self { venue: Box::new(venue), cache: None, must_agree: false }
    }

    /// Compares with a cache.
    #[must_use]
    pub fn with_cache(mut self, cache: impl ReadHoldings + 'static) -> Self {
        self.cache = Some(Box::new(cache));
        self
    }

    /// Names the venue for people.
    #[must_use]
    pub fn venue_name(&self) -> String {
        self.venue.name()
    }

    /// Fails if cache and venue disagree. Otherwise that is noted.
    #[must_use]
    pub fn must_agree(mut self) -> Self {
        self.must_agree = true;
        self
    }

    /// Reads both, again until the venue is the same before and after; the cache comes second.
    ///
    /// # Errors
    ///
    /// When one cannot be read, or the venue does not stand still.
    pub fn settled(&mut self) -> Result<(Holdings, Option<Holdings>), CaptureError> {
        let failed = |name: String| {
            move |error| CaptureError::new(format!("cannot read {name}")).with_source(error)
        };
        let mut before = self.venue.holdings().map_err(failed(self.venue.name()))?;
        for _ in 0..READINGS_MAX {
            let cache = match &mut self.cache {
                Some(cache) => Some(cache.holdings().map_err(failed(cache.name()))?),
                None => None,
            };
            let after = self.venue.holdings().map_err(failed(self.venue.name()))?;
            if before.is_still(&after) {
                return Ok((after, cache));
            }
            before = after;
        }
        Err(CaptureError::new(format!(
            "positions or orders of {} change while they are read: fence the strategies first",
            self.venue.name()
        )))
    }
}

impl Capture for Positions {
    fn kind(&self) -> &'static str {
        "positions"
    }

    fn capture(&mut self, into: &mut Intake<'_>) -> Result<Taken, CaptureError> {
        let (venue, cache) = self.settled()?;
        let written =
            |error| CaptureError::new("cannot write down what is held").with_source(error);
        into.fact("venue", self.venue.name());
        into.fact("positions", venue.positions.len().to_string());
        into.fact("open_orders", venue.open_orders.len().to_string());
        into.document("venue.json", &serde_json::to_vec_pretty(&venue).map_err(written)?)?;
        let Some(cache) = cache else { return Ok(Taken::Whole) };
        let found = disagreements(&cache, &venue);
        into.fact("disagreements", found.len().to_string());
        into.document("cache.json", &serde_json::to_vec_pretty(&cache).map_err(written)?)?;
        into.document("disagreements.json", &serde_json::to_vec_pretty(&found).map_err(written)?)?;
        if found.is_empty() {
            return Ok(Taken::Whole);
        }
        let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
        let text = format!("cache and venue disagree: {}", shown.join("; "));
        if self.must_agree {
            return Err(CaptureError::new(text));
        }
        into.note(text);
        Ok(Taken::Whole)
    }
}
