//! Where every action leads from every state.

use headlesspro_shared::orders::{FulfillmentState, Machine, OrderState, PaymentState};

use crate::golden::assert_golden;

#[test]
fn every_state_answers_every_action() {
    let tables = [table(OrderState::ALL), table(PaymentState::ALL), table(FulfillmentState::ALL)];
    assert_golden("states.txt", &tables.join("\n"));
}

/// A row for each state, a column for each action: the state after it, `-` where it is refused.
fn table<M: Machine>(states: &[M]) -> String {
    let cell = |text: &str| format!("{text:<20}");
    let row = |first: &str, cells: Vec<&str>| {
        let line: String = std::iter::once(first).chain(cells).map(cell).collect();
        format!("{}\n", line.trim_end())
    };
    let mut table = row(M::OF, M::ACTIONS.iter().map(|action| M::action_name(*action)).collect());
    for state in states {
        let to = |action: &M::Action| state.next(*action).map_or("-", Machine::state_name);
        table += &row(state.state_name(), M::ACTIONS.iter().map(to).collect());
    }
    table
}
