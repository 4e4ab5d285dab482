//! From a client's request to an order with numbers at the instrument's scales.

use super::{PlaceError, Placed, Venue, Working};
use crate::money::{Amount, Decimal};
use crate::order::{
    Change, NewOrder, OrderState, OrderStatus, OrderType, RejectReason, TimeInForce,
};

impl Venue {
    /// Turns a request into numbers at the instrument's scales.
    pub(super) fn checked(&self, new: &NewOrder) -> Result<Working, PlaceError> {
        let id = &new.client_order_id;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
        if id.is_empty() || id.len() > 64 || !id.chars().all(plain) {
            let found = id.chars().take(70).collect();
            let wanted = "1 to 64 letters, digits, `-`, `_`, `.` or `:`".to_owned();
            return Err(PlaceError::Invalid { field: "client_order_id", found, wanted });
        }
        let needs_px = matches!(new.order_type, OrderType::Limit | OrderType::PostOnly);
        let needs_trigger = new.order_type == OrderType::StopMarket;
        present("px", new.px, needs_px, new.order_type)?;
        present("trigger_px", new.trigger_px, needs_trigger, new.order_type)?;
        let ioc = new.time_in_force == TimeInForce::Ioc;
        if ioc && matches!(new.order_type, OrderType::PostOnly | OrderType::StopMarket) {
            let wanted = format!("gtc or gtd for a {} order", new.order_type.as_str());
            return Err(PlaceError::Invalid {
                field: "time_in_force",
                found: "ioc".into(),
                wanted,
            });
        }
        let (qty_scale, px_scale) = (self.instrument.qty_scale(), self.instrument.px_scale());
        let qty_minor = minor("qty", new.qty, qty_scale)?;
        let price =
            |field, px: Option<Decimal>| px.map(|px| minor(field, px, px_scale)).transpose();
        Ok(Working {
            px_minor: price("px", new.px)?,
            trigger_minor: price("trigger_px", new.trigger_px)?,
            qty_minor,
            cum_minor: 0,
            cum_notional: Amount::ZERO,
            bars_seen: 0,
            asked: new.clone(),
            state: OrderState {
                order: new.clone(),
                venue_order_id: None,
                status: OrderStatus::Accepted,
                reason: None,
                cum_qty: self.instrument.qty(0),
                leaves_qty: self.instrument.qty(qty_minor),
                cum_notional: self.instrument.quote().decimal(Amount::ZERO),
                accepted_ns: 0,
            },
        })
    }

    pub(super) fn changed(&self, known: &Working, change: &Change) -> Result<Working, PlaceError> {
        let mut next = known.clone();
        let order_type = known.state.order.order_type;
        if let Some(px) = change.px {
            let allowed = matches!(order_type, OrderType::Limit | OrderType::PostOnly);
            present("px", change.px, allowed, order_type)?;
            next.px_minor = Some(minor("px", px, self.instrument.px_scale())?);
            next.state.order.px = Some(px);
        }
        if let Some(px) = change.trigger_px {
            let allowed = order_type == OrderType::StopMarket;
            present("trigger_px", change.trigger_px, allowed, order_type)?;
            next.trigger_minor = Some(minor("trigger_px", px, self.instrument.px_scale())?);
            next.state.order.trigger_px = Some(px);
        }
        if let Some(qty) = change.qty {
            next.qty_minor = minor("qty", qty, self.instrument.qty_scale())?;
            next.state.order.qty = qty;
            if next.qty_minor <= next.cum_minor {
                let wanted = format!("more than the {} filled already", next.state.cum_qty);
                let found = qty.to_string();
                return Err(PlaceError::Invalid { field: "qty", found, wanted });
            }
        }
        next.state.leaves_qty = self.instrument.qty(next.qty_minor - next.cum_minor);
        Ok(next)
    }
}

impl Working {
    pub(super) fn leaves_minor(&self) -> i128 {
        self.qty_minor - self.cum_minor
    }

    pub(super) fn end(&mut self, status: OrderStatus, reason: Option<RejectReason>) {
        self.state.status = status;
        self.state.reason = reason;
        if status != OrderStatus::Filled {
            self.state.leaves_qty = Decimal::of(0, self.state.leaves_qty.scale());
        }
    }

    pub(super) fn repeated(&self, new: &NewOrder) -> Result<Placed, PlaceError> {
        if self.asked != *new {
            let client_order_id = new.client_order_id.clone();
            return Err(PlaceError::Conflict { client_order_id });
        }
        Ok(Placed { state: self.state.clone(), duplicate: true })
    }
}

fn present(
    field: &'static str,
    px: Option<Decimal>,
    wanted: bool,
    order_type: OrderType,
) -> Result<(), PlaceError> {
    if px.is_some() == wanted {
        return Ok(());
    }
    let word = if wanted { "a price" } else { "none" };
    let wanted = format!("{word} for a {} order", order_type.as_str());
    let found = px.map_or("missing".to_owned(), |px| px.to_string());
    Err(PlaceError::Invalid { field, found, wanted })
}

/// A number above zero at the instrument's scale.
fn minor(field: &'static str, value: Decimal, scale: u8) -> Result<i128, PlaceError> {
    match value.rescale(scale) {
        Ok(minor) if minor > 0 => Ok(minor),
        _ => {
            let wanted = format!("above zero with at most {scale} digits after the point");
            Err(PlaceError::Invalid { field, found: value.to_string(), wanted })
        }
    }
}
