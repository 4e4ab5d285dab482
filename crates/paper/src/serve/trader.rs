//! The trend strategy at a served venue: `plimsoll paper trade --venue URL`.

use super::client::{ClientError, ClockReply, VenueClient};
use crate::event::{Event, EventKind};
use crate::order::OrderState;
use crate::strategy::{Command, Trend, View};

/// Decides whether a command may be sent, such as by a lease or a halt.
pub trait Permit: std::fmt::Debug {
    /// Calls `send` once if it may be sent, and not at all if not.
    ///
    /// # Errors
    ///
    /// Why it was not sent, for people.
    fn pass(&mut self, command: &Command, send: &mut dyn FnMut()) -> Result<(), String>;
}

/// A strategy that trades at a served venue, one bar at a time.
///
/// It knows only the closes it has seen, so it waits until its long average is whole. Its name
/// must be new in every run: the ids of its orders begin with it.
#[derive(Debug)]
pub struct RemoteTrader {
    client: VenueClient,
    trend: Trend,
    sender: String,
    bars_done: u64,
    next_event: usize,
    ended: Vec<OrderState>,
    permit: Option<Box<dyn Permit>>,
}

/// What one look at the venue brought.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemoteStep {
    /// The venue's time.
    pub clock: ClockReply,
    /// What happened since the last look, at most 1,000 events.
    pub events: Vec<Event>,
    /// Commands that the venue took.
    pub sent: u64,
    /// Commands that it refused, with its words.
    pub refused: Vec<String>,
}

impl RemoteTrader {
    /// Builds a trader; the venue counts its orders under `sender`.
    pub fn new(client: VenueClient, trend: Trend, sender: &str) -> Self {
        let sender = sender.to_owned();
        let ended = Vec::new();
        Self { client, trend, sender, bars_done: 0, next_event: 0, ended, permit: None }
    }

    /// Sends nothing without the permit. What it does not let through counts as refused.
    #[must_use]
    pub fn with_permit(mut self, permit: impl Permit + 'static) -> Self {
        self.permit = Some(Box::new(permit));
        self
    }

    /// Looks at the venue and, if a bar has passed since the last look, trades.
    ///
    /// # Errors
    ///
    /// [`ClientError`] if the venue does not answer; call again to go on.
    pub fn step(&mut self) -> Result<RemoteStep, ClientError> {
        let clock = self.client.clock()?;
        let (events, next_event) = self.client.events_since(self.next_event)?;
        self.next_event = next_event;
        self.ended.extend(events.iter().filter_map(ended).cloned());
        let mut step = RemoteStep { clock, events, sent: 0, refused: Vec::new() };
        let Some(mark_px) = step.clock.mark_px else { return Ok(step) };
        if step.clock.bars_done == self.bars_done {
            return Ok(step);
        }
        let open = self.client.open_orders()?;
        let commands = self.trend.on_bar(&View {
            close_minor: mark_px.mantissa(),
            px_scale: mark_px.scale(),
            qty_scale: step.clock.position_qty.scale(),
            equity_minor: step.clock.equity.mantissa(),
            quote_scale: step.clock.equity.scale(),
            position_minor: step.clock.position_qty.mantissa(),
            open: &open,
            ended: &std::mem::take(&mut self.ended),
        });
        self.bars_done = step.clock.bars_done;
        for command in commands {
            match self.permitted(&command) {
                Ok(Ok(())) => step.sent += 1,
                Ok(Err(ClientError::Refused { error, .. })) | Err(error) => {
                    step.refused.push(error);
                }
                Ok(Err(other)) => return Err(other),
            }
        }
        Ok(step)
    }

    /// Sends a command if it may be sent; the outer error is why it may not.
    fn permitted(&mut self, command: &Command) -> Result<Result<(), ClientError>, String> {
        let Self { client, sender, permit, .. } = self;
        let Some(permit) = permit else { return Ok(send(client, sender, command)) };
        let mut sent = None;
        permit.pass(command, &mut || sent = Some(send(client, sender, command)))?;
        sent.ok_or_else(|| "the permit let it pass and did not send it".to_owned())
    }
}

fn send(client: &VenueClient, sender: &str, command: &Command) -> Result<(), ClientError> {
    match command {
        Command::Place(order) => client.place(&order.clone().with_sender(sender)),
        Command::Cancel(id) => client.cancel(id),
        Command::Modify(id, change) => client.modify(id, change),
    }
    .map(|_| ())
}

fn ended(event: &Event) -> Option<&OrderState> {
    match &event.kind {
        EventKind::Rejected { order }
        | EventKind::Canceled { order }
        | EventKind::Expired { order }
        | EventKind::Filled { order, .. } => Some(order),
        _ => None,
    }
}
