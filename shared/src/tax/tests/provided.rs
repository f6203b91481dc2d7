//! Answers of external providers, and none.

use super::*;

fn asked(mode: TaxMode) -> TaxQuestion {
    let own = ShippingTax::Class { class: class("standard") };
    let shipping = vec![ShippingCharge { key: "parcel".to_owned(), amount: 500, tax: own }];
    TaxQuestion { shipping, ..question(mode, RoundingPer::Line, &[("standard", 1_000), ("reduced", 2_000)]) }
}

fn answer(line: &str, amount: i64) -> ProviderLine {
    let rates = vec![ProviderRate { name: "CA STATE TAX".to_owned(), ppm: 72_500, tax: amount }];
    ProviderLine { key: line.to_owned(), tax: amount, rates }
}

fn answered(lines: Vec<ProviderLine>) -> ProviderOutcome {
    let answer = ProviderAnswer { reference: Some("42".to_owned()), lines, shipping: vec![answer("parcel", 36)] };
    ProviderOutcome::Answered { provider: "acme".to_owned(), answer }
}

fn with(provider_fallback: ProviderFallback) -> TaxRules {
    TaxRules { provider_fallback, ..rules(vec![rate(1, "VAT", "standard", 100_000)]) }
}

#[test]
fn a_providers_answer_is_taken_as_it_is() {
    let question = asked(TaxMode::Exclusive);
    let outcome = answered(vec![answer("line-1", 145), answer("line-0", 73)]);
    let taxed = settle(&with(ProviderFallback::Refuse), &question, outcome.clone()).unwrap();
    assert_sound(&question, &taxed);
    assert_eq!(line_taxes(&taxed), [73, 145]);
    assert_eq!(sums(&taxed), (3_500, 254, 3_754));
    assert_eq!((taxed.rates.len(), taxed.rates[0].net, taxed.rates[0].rate), (1, 3_500, None));
    let source = TaxSource::Provider { provider: "acme".to_owned(), reference: Some("42".to_owned()) };
    assert_eq!(taxed.source, source);

    let inclusive = settle(&with(ProviderFallback::Refuse), &asked(TaxMode::Inclusive), outcome).unwrap();
    assert_eq!(sums(&inclusive), (3_246, 254, 3_500));
}

#[test]
fn without_an_answer_the_merchants_rule_decides() {
    let question = asked(TaxMode::Exclusive);
    let mut broken = answer("line-0", 73);
    broken.rates[0].tax = 72;
    for (outcome, problem) in [
        (ProviderOutcome::TimedOut { provider: "acme".to_owned(), after_millis: 800 }, "no answer in 800 ms"),
        (ProviderOutcome::Failed { provider: "acme".to_owned(), reason: "503".to_owned() }, "503"),
        (answered(vec![answer("line-0", 73)]), "it leaves out a line"),
        (answered(vec![answer("line-0", 1), answer("line-0", 1)]), "it names a line twice"),
        (
            answered(vec![answer("line-0", 1), answer("line-1", 1), answer("line-2", 1)]),
            "it names a line that was not asked for",
        ),
        (answered(vec![broken, answer("line-1", 1)]), "the rates of a line do not sum to its tax"),
        (answered(vec![answer("line-0", i64::MAX), answer("line-1", 1)]), "the tax of a line exceeds its amount"),
    ] {
        let refused = settle(&with(ProviderFallback::Refuse), &question, outcome.clone());
        let (provider, problem) = ("acme".to_owned(), problem.to_owned());
        assert_eq!(refused, Err(TaxError::NoAnswer { provider: provider.clone(), problem: problem.clone() }));

        let own = settle(&with(ProviderFallback::OwnRates), &question, outcome).unwrap();
        assert_eq!((own.tax, &own.lines[1].why), (350, &TaxReason::StandardInstead), "{problem}");
        assert_eq!(own.source, TaxSource::OwnInstead { provider, problem });
    }
}

#[test]
fn tax_above_a_price_that_holds_it_does_not_fit() {
    let outcome = answered(vec![answer("line-0", 1_001), answer("line-1", 1)]);
    let refused = settle(&with(ProviderFallback::Refuse), &asked(TaxMode::Inclusive), outcome);
    assert!(matches!(refused, Err(TaxError::NoAnswer { .. })), "{refused:?}");
}

#[test]
fn what_a_stranger_answers_is_bounded() {
    let question = asked(TaxMode::Exclusive);
    let of = |change: &dyn Fn(&mut ProviderAnswer)| {
        let lines = vec![answer("line-0", 10_000), answer("line-1", 145)];
        let mut good = ProviderAnswer { reference: Some("42".to_owned()), lines, shipping: vec![answer("parcel", 36)] };
        change(&mut good);
        good.check(&question)
    };
    assert_eq!(of(&|_| {}), Ok(()));
    for change in [
        &|answer: &mut ProviderAnswer| answer.reference = Some("a\nb".to_owned()),
        &|answer: &mut ProviderAnswer| answer.reference = Some("x".repeat(201)),
        &|answer: &mut ProviderAnswer| answer.lines[0].rates = vec![answer.lines[0].rates[0].clone(); 21],
        &|answer: &mut ProviderAnswer| answer.lines[0].rates[0].name = String::new(),
        &|answer: &mut ProviderAnswer| answer.shipping[0].rates[0].ppm = 10_000_001,
        &|answer: &mut ProviderAnswer| answer.lines[1].tax = -1,
        // More than ten times what is taxed; and on what was not asked for at all.
        &|answer: &mut ProviderAnswer| answer.lines[0].tax = 10_001,
        &|answer: &mut ProviderAnswer| answer.shipping[0].tax = i64::MAX,
        &|answer: &mut ProviderAnswer| answer.lines[0].key = "line-9".to_owned(),
    ] as [&dyn Fn(&mut ProviderAnswer); 9]
    {
        assert!(of(change).is_err());
    }
}
