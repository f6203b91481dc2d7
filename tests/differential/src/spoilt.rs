//! Questions that have no answer, each for another reason.

use headlesspro_shared::catalog::HIGHEST_PRICE;
use headlesspro_shared::kernel::money::Money;
use headlesspro_shared::kernel::quantity::Quantity;
use headlesspro_shared::pricing::BasePrice;
use headlesspro_shared::totals::Question;

/// The question with something wrong, as JSON that reads back to itself in JavaScript.
pub fn spoilt(mut question: Question, how: u64) -> Result<String, serde_json::Error> {
    let cart = &mut question.cart;
    let price = |minor| BasePrice { price: Money::new(minor, cart.currency), compare_at_price: None };
    let (highest, too_high) = (price(HIGHEST_PRICE), price(i64::MAX));
    match how % 8 {
        0 => question.engine = 1,
        1 => cart.lines.extend(cart.lines.first().cloned()),
        2 => cart.lines.iter_mut().take(1).for_each(|line| line.prices.clear()),
        3 => cart.lines.iter_mut().take(1).for_each(|line| line.prices = vec![too_high]),
        4 => cart.deliveries.iter_mut().take(1).for_each(|delivery| delivery.amount = -1),
        // More than JavaScript knows exactly.
        5 => cart.lines.iter_mut().for_each(|line| (line.prices, line.quantity) = (vec![highest], Quantity::MAX)),
        6 => return Ok(serde_json::to_string(&question)?.replacen("\"cart\":", "\"basket\":", 1)),
        _ => return Ok(serde_json::to_string(&question)?.replacen("\"quantity\":", "\"quantity\":-", 1)),
    }
    serde_json::to_string(&question)
}
