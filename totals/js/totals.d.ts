/**
 * What a cart costs, to the minor unit, and why.
 *
 * Amounts that are numbers are minor units of the cart's currency (EUR cents, JPY yen, KWD fils): integers, zero or more
 * in answers. `Money` and `Amounts` are decimal texts, as in the rest of the API. Rates and changes are parts per million:
 * 190,000 is 19 %. Nothing is a float. A question that comes to more than `Number.MAX_SAFE_INTEGER` is refused.
 */

/** The version of this engine: what `Question.engine` has to be. Another version may give other amounts. */
export const ENGINE_VERSION: number;

/**
 * What the cart costs.
 *
 * @throws {TotalsError} The question has no answer.
 */
export function total(question: Question): Totals;

/**
 * What the cart costs, with all that was considered on the way.
 *
 * @throws {TotalsError} The question has no answer.
 */
export function explain(question: Question): Explanation;

/**
 * A shop's rules, read once for many carts: a cart takes a fraction of the time that a question with many promotions does.
 * What becomes of `rules` later makes no difference.
 *
 * @throws {TotalsError} These are no rules of this engine.
 */
export function shop(rules: Rules): Shop;

/** What answers for carts as `total` and `explain` do for a question of the rules and the cart. */
export interface Shop {
  /** @throws {TotalsError} The cart has no answer. */
  total(cart: Cart): Totals;
  /** @throws {TotalsError} The cart has no answer. */
  explain(cart: Cart): Explanation;
}

/**
 * A question has no answer: `message` is the engine's reason. Or the engine stopped, and `cause` says how: the next
 * question is asked of a new instance of it.
 */
export class TotalsError extends Error {
  name: "TotalsError";
}

/** ISO 4217, in capitals: `EUR`. */
export type Currency = string;
/** ISO 3166-1 alpha-2, in capitals: `DE`. */
export type Country = string;
/** RFC 3339: `2026-11-21T08:00:00.000Z`. */
export type Timestamp = string;
/** Units: 1 to 9,999. */
export type Quantity = number;
/** Parts per million. */
export type Ppm = number;
/** Integer minor units of the cart's currency. */
export type Minor = number;
/** How goods are taxed: `standard`, `reduced`, `second-reduced`, `super-reduced`, `parking`, `zero`, or the merchant's own. */
export type TaxClass = string;

export type VariantId = `var_${string}`;
export type ProductId = `prod_${string}`;
export type CollectionId = `col_${string}`;
export type CategoryId = `cat_${string}`;
export type ChannelId = `chan_${string}`;
export type CustomerGroupId = `cgrp_${string}`;
export type PriceListId = `plist_${string}`;
export type PromotionId = `promo_${string}`;
export type PromotionCodeId = `pcode_${string}`;
export type TaxZoneId = `tzone_${string}`;
export type TaxRateId = `trate_${string}`;

export interface Money {
  /** In units of the currency, with its decimals: `12.34`. */
  amount: string;
  currency: Currency;
}

/** In units of each currency, with its decimals: `{"EUR": "5.00", "KRW": "7000"}`. */
export type Amounts = { [currency: Currency]: string };

export type TaxMode = "inclusive" | "exclusive";
export type RoundingMode = "half-up" | "half-even" | "half-down";
export type DiscountsRoundedPer = "line" | "order";
export type TaxRoundedPer = "line" | "rate" | "order";

/* Questions */

export interface Question {
  /** For which engine it is: `ENGINE_VERSION`. */
  engine: number;
  rules: Rules;
  cart: Cart;
}

/** All that a merchant has laid down. */
export interface Rules {
  prices: PriceBook;
  promotions?: PromotionBook;
  tax: TaxRules;
  /** Whether prices hold the tax. */
  taxMode: TaxMode;
  rounding: RoundingMode;
  discountsRoundedPer: DiscountsRoundedPer;
  taxRoundedPer: TaxRoundedPer;
  /** How what a delivery costs is taxed, unless it says so itself. */
  shippingTax: ShippingTax;
}

/** What is bought, by whom, where to, and when. */
export interface Cart {
  /** In which the buyer pays. */
  currency: Currency;
  at: Timestamp;
  channel?: ChannelId | null;
  /** Whose redemptions are counted: whatever they are kept by. */
  customer?: string | null;
  customerGroups?: CustomerGroupId[];
  /** Left out: not known yet. */
  isFirstOrder?: boolean | null;
  /** Left out: not chosen yet. */
  paymentMethod?: string | null;
  /** As they were entered; at most 20. */
  codes?: string[];
  /** Where it goes, or as long as nobody knows, where the merchant sells from. */
  destination: Place;
  exemptions?: Exemption[];
  /** What came of asking an external provider; left out: the rules tax it. */
  taxOutcome?: ProviderOutcome | null;
  lines: CartLine[];
  /** What promotions may give: only these can be given. */
  gifts?: GiftItem[];
  /** Those that are chosen already. */
  deliveries?: Delivery[];
}

export interface CartLine {
  /** One of its own in the cart: 0 to 4,294,967,295. Of two lines that a minor unit could go to, the lower key gets it. */
  key: number;
  variant: VariantId;
  product: ProductId;
  collections?: CollectionId[];
  /** With those above them. */
  categories?: CategoryId[];
  quantity: Quantity;
  /** The catalog's, at most one for each currency. */
  prices: BasePrice[];
  /** Left out: `standard`. */
  taxClass?: TaxClass;
  /** False for what bears no tax, wherever it goes. Left out: true. */
  taxable?: boolean;
}

/** A variant that a promotion gives where it applies. */
export interface GiftItem {
  variant: VariantId;
  product: ProductId;
  prices: BasePrice[];
  /** Left out: `standard`. */
  taxClass?: TaxClass;
}

/** Some of the lines, or all, that are sent together. */
export interface Delivery {
  /** One of its own among the deliveries: 0 to 4,294,967,295. */
  key: number;
  /** What it is sent by. */
  method: string;
  /** As the buyer reads it. */
  name: string;
  /** What the offer costs: zero or more. */
  amount: Minor;
  /** The keys of the lines that are sent; none: all. */
  lines?: number[];
  /** As the method says; left out: as the rules do. In proportion to no named lines is to those that are sent. */
  tax?: ShippingTax | null;
}

export interface Place {
  country: Country;
  /** ISO 3166-2: `CA-QC`. */
  region?: string | null;
  postcode?: string | null;
}

/** Everywhere, a country, a region of it, or those of its postcodes that one of the patterns covers. */
export interface Area {
  /** Left out: everywhere. */
  country?: Country | null;
  /** ISO 3166-2, of that country. */
  region?: string | null;
  /** One (`78266`), those that begin alike (`90*`), or those from one number to another (`1000-1999`); none: all. */
  postcodes?: string[];
}

/* Prices */

export interface PriceBook {
  /** The store's own currency, in which the merchant is paid and from which prices are converted. */
  settlement: Currency;
  /** Where converted prices end up, at most one for each currency. */
  endings?: PriceEnding[];
  lists?: PriceList[];
  /** Where there are none, nothing is sold in a currency that it has no price in. */
  rates?: ExchangeRate[];
}

/** The catalog's price of one unit in one currency. */
export interface BasePrice {
  price: Money;
  compareAtPrice?: Money | null;
}

export interface PriceList {
  id: PriceListId;
  /** One line of at most 100 characters. */
  name: string;
  /** A sale is below the regular price, which is shown beside it; an override is the regular price for whom it is meant. */
  kind: PriceListKind;
  /** The higher goes first; left out: 0. */
  priority?: number;
  active: boolean;
  /** None: every channel. */
  channels?: ChannelId[];
  /** None: everybody. A buyer needs one of them. */
  groups?: CustomerGroupId[];
  /** None: every currency. */
  currencies?: Currency[];
  /** The first instant that it holds. */
  startsAt?: Timestamp | null;
  /** The first instant that it holds no more. */
  endsAt?: Timestamp | null;
  /** The list whose prices the percentages change; left out: the catalog. */
  basedOn?: PriceListId | null;
  /** Where percentages end up, at most one for each currency. */
  endings?: PriceEnding[];
  rules?: PriceRule[];
}

export type PriceListKind = "sale" | "override";

/** One price of a list, from a number of units on. */
export interface PriceRule {
  /** What it is for. The closer comes first. */
  target: { variant: VariantId } | { product: ProductId } | "all";
  /** Left out: 1. */
  minQuantity?: Quantity;
  /** Of one unit; or by which share the price of what the list is based on changes: -150,000 is 15 % off. */
  price: { fixed: Money } | { changePpm: Ppm };
}

/** The prices that a computed price may become: `offset`, `offset + step` and so on. Ends in .99: step 100, offset 99. */
export interface PriceEnding {
  currency: Currency;
  /** Minor units of `currency`: 1 and above. */
  step: number;
  /** Minor units of `currency`: 0 and above, below `step`. */
  offset: number;
  toward: "nearest" | "up" | "down";
}

/** One unit of `base` is `rate` units of `quote`, as `source` said at `asOf`. */
export interface ExchangeRate {
  base: Currency;
  quote: Currency;
  /** An exact decimal above zero: `1478.25`. */
  rate: string;
  source: string;
  asOf: Timestamp;
  /** From here on it is refused. */
  validUntil: Timestamp;
}

/* Promotions */

export interface PromotionBook {
  promotions?: BookedPromotion[];
  /** At most 12. */
  groups?: StackingGroup[];
  /** Those that the cart names, as far as there are such codes. */
  codes?: BookedCode[];
}

export interface BookedPromotion {
  id: PromotionId;
  definition: PromotionDefinition;
  /** Redemptions so far; left out: 0. */
  used?: number;
  /** Of them, those of the cart's customer; left out: 0. */
  usedByCustomer?: number;
}

export interface BookedCode {
  id: PromotionCodeId;
  /** 1 to 64 letters A to Z, digits, `-`, `.`, `_` and `~`; case does not matter. */
  code: string;
  promotion: PromotionId;
  /** Redemptions so far; left out: 0. */
  used?: number;
  /** 1 is a code for a single use; left out: no limit. */
  limit?: number | null;
}

/** Promotions that a merchant treats alike. */
export interface StackingGroup {
  /** 1 to 64 lower-case letters, digits, `-` and `_`, a letter first. */
  key: string;
  /** Among the groups; the higher applies first; left out: 0. */
  priority?: number;
  /** Whether each applies to what the ones before left, or only the one that saves most. */
  within: "stack" | "best";
  /** Groups that do not apply where this one does, nor it where they do. */
  excludes?: string[];
}

export interface PromotionDefinition {
  name: string;
  /** Left out: true. */
  active?: boolean;
  trigger: "automatic" | "code";
  /** The first instant at which it applies. */
  startsAt?: Timestamp | null;
  /** The first instant at which it does not apply any more. */
  endsAt?: Timestamp | null;
  /** Left out: always met. */
  condition?: Condition;
  effect: Effect;
  /** The key of a stacking group. */
  group?: string | null;
  /** Within its group; the higher applies first; left out: 0. */
  priority?: number;
  /** Whether it applies only alone. */
  exclusive?: boolean;
  /** What it takes off a cart at most. Where there is any, it applies in these currencies only. */
  maxDiscount?: Amounts;
  /** Orders that may have it. */
  limit?: number | null;
  limitPerCustomer?: number | null;
}

/** When a promotion applies: at most 50 of them, at most 5 levels deep. */
export type Condition =
  | { type: "all"; of: Condition[] }
  | { type: "any"; of: Condition[] }
  | { type: "not"; of: Condition }
  /** Units of these lines. */
  | { type: "quantity"; lines?: Selector; atLeast: number }
  /** The sum of these lines, before any promotion or after those before this one. */
  | { type: "subtotal"; lines?: Selector; atLeast: Amounts; afterDiscounts?: boolean }
  | { type: "customer-group"; anyOf: CustomerGroupId[] }
  | { type: "channel"; anyOf: ChannelId[] }
  /** From the first instant on and before the second. */
  | { type: "time"; from?: Timestamp | null; until?: Timestamp | null }
  | { type: "first-order" }
  | { type: "payment-method"; anyOf: string[] }
  /** Each delivery goes by one of these. */
  | { type: "shipping-method"; anyOf: string[] };

export type Effect =
  | { type: "reduce"; lines?: Selector; by: Reduction }
  /** What the highest tier that is reached says; tiers ascend. */
  | { type: "tiered"; lines?: Selector; tiers: Tier[] }
  /** For each `buyQuantity` units of `buy`, takes `rate` off `getQuantity` units of `get`: 1,000,000 makes them free. */
  | {
      type: "buy-get";
      buy?: Selector;
      buyQuantity: Quantity;
      get?: Selector;
      getQuantity: Quantity;
      rate: Ppm;
      /** Left out: as often as there are units. */
      mostRepeats?: Quantity | null;
    }
  /** By these methods; none: by all. */
  | { type: "free-shipping"; methods?: string[] }
  | { type: "gift"; variant: VariantId; quantity: Quantity };

export type Reduction =
  | { type: "percent"; rate: Ppm }
  | { type: "per-unit"; amounts: Amounts }
  | { type: "per-line"; amounts: Amounts }
  | { type: "per-order"; amounts: Amounts };

export interface Tier {
  /** All tiers of a promotion have thresholds of one kind. */
  atLeast: { type: "quantity"; units: number } | { type: "subtotal"; amounts: Amounts };
  by: Reduction;
}

/** The lines that are of any of `anyOf`, or all where there are none, without those that are of any of `noneOf`. */
export interface Selector {
  anyOf?: Items;
  noneOf?: Items;
  /** Leaves out lines whose price is reduced already. */
  excludeSale?: boolean;
}

export interface Items {
  variants?: VariantId[];
  products?: ProductId[];
  collections?: CollectionId[];
  categories?: CategoryId[];
}

/* Tax */

export interface TaxRules {
  /** The order decides between zones that describe a place equally closely. */
  zones: TaxZone[];
  crossBorder?: CrossBorder;
  /** The member state that the merchant sells from with reverse charge; left out: everybody pays the tax. */
  reverseChargeFrom?: Country | null;
  /** What is done when the external provider has no answer; left out: `own-rates`. */
  providerFallback?: "own-rates" | "refuse";
}

/** What becomes of a price that holds the tax when it goes where another tax holds. */
export type CrossBorder =
  /** Everybody pays the price as shown. */
  | { keep: "gross" }
  /** The tax of `origin` is taken off, and that of the destination put on. */
  | { keep: "net"; origin: Place };

/** Where the same taxes hold. */
export interface TaxZone {
  id: TaxZoneId;
  name: string;
  areas: Area[];
  /** In the order in which compound ones are put on top. None: nothing is taxed there. */
  rates: TaxRate[];
}

export interface TaxRate {
  id: TaxRateId;
  /** As invoices say it: `MwSt.`. */
  name: string;
  classes: TaxClass[];
  /** 0 to 10,000,000. */
  ppm: Ppm;
  /** On the amount and the taxes before it, rather than on the amount alone. */
  compound?: boolean;
  /** The first instant that it holds; left out: always has. */
  from?: Timestamp | null;
  /** The first instant that it holds no more; left out: not known. */
  until?: Timestamp | null;
}

/** How a charge for shipping is taxed. */
export type ShippingTax =
  | { by: "class"; class: TaxClass }
  /** As what is shipped: the keys of the lines, as texts; none: all. */
  | { by: "proportional"; lines?: string[] };

/** What a buyer claims; the first that holds counts. */
export type Exemption =
  | {
      kind: "certificate";
      number: string;
      /** Where it holds; none: everywhere. */
      zones?: TaxZoneId[];
      from?: Timestamp | null;
      /** The first instant that it holds no more. */
      until?: Timestamp | null;
    }
  /** `verified`: whether a register such as VIES knows it. */
  | { kind: "vat-id"; number: string; verified: boolean };

export type ProviderOutcome =
  | { kind: "answered"; provider: string; answer: ProviderAnswer }
  | { kind: "timed-out"; provider: string; afterMillis: number }
  | { kind: "failed"; provider: string; reason: string };

export interface ProviderAnswer {
  reference?: string | null;
  /** Each key of the cart's lines once. */
  lines: ProviderLine[];
  /** Each key of the deliveries once. */
  shipping?: ProviderLine[];
}

export interface ProviderLine {
  /** As a text. */
  key: string;
  tax: Minor;
  /** They sum to `tax`. */
  rates: ProviderRate[];
}

export interface ProviderRate {
  name: string;
  ppm: Ppm;
  tax: Minor;
}

/* Answers */

/** `total` is what the buyer pays. */
export interface Totals {
  /** Which engine gave them. */
  engine: number;
  currency: Currency;
  /** In the order of the cart. */
  lines: LineTotals[];
  /** In the order in which their promotions applied. */
  gifts?: GiftTotals[];
  /** In the order of the cart. */
  deliveries?: DeliveryTotals[];
  /** Each code of the cart, in its order. */
  codes?: CodeOutcome[];
  /** What the commit of the order has to count. */
  redemptions?: Redemption[];
  /** The lines before discounts. */
  subtotal: Minor;
  /** What is taken off the lines. The worth of gifts is in neither. */
  discount: Minor;
  /** The deliveries before discounts. */
  shipping: Minor;
  shippingDiscount: Minor;
  /** Each rate once, with what it is on and what it gives. */
  rates: AppliedRate[];
  taxSource: TaxSource;
  /** The zone that decided. */
  taxZone?: { id: TaxZoneId; name: string };
  taxMode: TaxMode;
  rounding: RoundingMode;
  discountsRoundedPer: DiscountsRoundedPer;
  taxRoundedPer: TaxRoundedPer;
  refusedExemptions?: RefusedExemption[];
  /** Of lines, gifts and deliveries; `net + tax = total`. */
  net: Minor;
  tax: Minor;
  total: Minor;
  /** Where the buyer pays in another currency than the merchant is paid in. */
  settlement?: Settlement;
}

/** The total in the currency that the merchant is paid in. */
export type Settlement =
  | { status: "converted"; total: Money; rates: ExchangeRate[] }
  | { status: "no-rate" }
  | { status: "stale-rate"; base: Currency; quote: Currency; asOf: Timestamp; validUntil: Timestamp };

export interface LineTotals {
  key: number;
  variant: VariantId;
  product: ProductId;
  quantity: Quantity;
  /** Of one unit. */
  price: ResolvedPrice;
  /** Unit price times quantity. */
  amount: Minor;
  /** The sum of `discounts`, at most `amount`. */
  discount: Minor;
  /** In the order in which they applied. */
  discounts?: Discount[];
  taxes: Taxes;
}

/** A line that a promotion adds, for nothing. */
export interface GiftTotals {
  promotion: PromotionId;
  variant: VariantId;
  product: ProductId;
  quantity: Quantity;
  price: ResolvedPrice;
  /** Its worth, which is also its discount. */
  amount: Minor;
}

export interface DeliveryTotals {
  key: number;
  method: string;
  name: string;
  amount: Minor;
  discount: Minor;
  discounts?: Discount[];
  taxes: Taxes;
}

/** `net + tax = gross`. */
export interface Taxes {
  net: Minor;
  tax: Minor;
  /** What is paid for it. */
  gross: Minor;
  /** They sum to `tax`. */
  rates?: AppliedRate[];
  /** Left out of a delivery that is taxed as what is sent. */
  class?: TaxClass;
  why: TaxReason;
}

export interface AppliedRate {
  /** Left out of an external provider's. */
  rate?: TaxRateId;
  name: string;
  ppm: Ppm;
  /** What the rate is on, without any tax. */
  net: Minor;
  tax: Minor;
}

export type TaxReason =
  | { kind: "rated" }
  /** The zone has no rate for the class. */
  | { kind: "standard-instead" }
  /** A delivery, by the rates of what is sent. */
  | { kind: "proportional" }
  | { kind: "not-taxable" }
  | { kind: "no-rate" }
  | { kind: "no-zone" }
  | { kind: "exempt"; certificate: string }
  | { kind: "reverse-charge"; vatId: string }
  | { kind: "provider" };

export type TaxSource =
  | { by: "own" }
  | { by: "provider"; provider: string; reference?: string }
  | { by: "own-instead"; provider: string; problem: string };

export interface RefusedExemption {
  number: string;
  why:
    | "other-zone"
    | "not-yet-valid"
    | "expired"
    | "not-offered"
    | "malformed"
    | "unverified"
    | "own-state"
    | "stays-in-own-state"
    | "outside-union";
}

/** The one price of a line. */
export interface ResolvedPrice {
  unitPrice: Money;
  /** Above `unitPrice`: what it was before. */
  compareAtPrice?: Money;
  source: PriceSource;
  /** How it came about, in order; the last one ends at `unitPrice`. */
  steps: PriceStep[];
}

export type PriceSource = "catalog" | { list: PriceListId };

export type PriceStep =
  | { step: "catalog"; price: Money }
  | { step: "fixed"; list: PriceListId; minQuantity: Quantity; price: Money }
  | {
      step: "adjusted";
      list: PriceListId;
      minQuantity: Quantity;
      changePpm: Ppm;
      from: Money;
      to: Money;
      ending?: PriceEnding;
    }
  | { step: "converted"; from: Money; to: Money; rates: ExchangeRate[]; ending?: PriceEnding };

export interface Discount {
  promotion: PromotionId;
  /** Above zero. */
  amount: Minor;
  kind: "percent" | "per-unit" | "per-line" | "per-order" | "buy-get" | "free-shipping" | "gift";
}

/** One use of a promotion. */
export interface Redemption {
  promotion: PromotionId;
  /** Null for automatic promotions. */
  code: PromotionCodeId | null;
  customer: string | null;
  /** Off lines and deliveries, with the worth of gifts. */
  amount: Minor;
}

export interface CodeOutcome {
  /** As it was entered. */
  code: string;
  promotion: PromotionId | null;
  outcome: PromotionOutcome;
}

export type PromotionOutcome = { status: "applied"; amount: Minor } | { status: "refused"; reason: Refusal };

/** Why a promotion does not apply. */
export type Refusal =
  | { type: "unknown" }
  /** Another code of the cart stands for the same promotion. */
  | { type: "repeated" }
  | { type: "inactive" }
  | { type: "not-started"; startsAt: Timestamp }
  | { type: "expired"; endedAt: Timestamp }
  | { type: "limit-reached" }
  | { type: "code-limit-reached" }
  | { type: "customer-limit-reached" }
  | { type: "other-currency" }
  /** Minor units. */
  | { type: "minimum-not-met"; minimum: Minor; missing: Minor }
  /** Units. */
  | { type: "quantity-not-met"; minimum: number; missing: number }
  | {
      type: "condition-not-met";
      condition:
        | "any"
        | "not"
        | "customer-group"
        | "channel"
        | "time"
        | "first-order"
        | "payment-method"
        | "shipping-method"
        | "depth";
    }
  | { type: "not-known-yet"; fact: "customer" | "channel" | "first-order" | "payment-method" | "shipping-method" }
  | { type: "nothing-to-discount" }
  | { type: "gift-not-available"; variant: VariantId }
  /** What applies instead saves more. */
  | { type: "not-combinable"; with: PromotionId };

export interface Explanation {
  /** The same as `total` answers. */
  totals: Totals;
  /** Of each line of the cart. */
  prices: { key: number; considered: ConsideredPrice[] }[];
  promotions: {
    /** Automatic promotions and those of the cart's codes, in the order in which they apply. */
    considered: { promotion: PromotionId; outcome: PromotionOutcome }[];
    /** What was compared, where not everything combines; the first has won. */
    alternatives?: { promotions: PromotionId[]; saves: Minor }[];
  };
}

/** What became of one source of prices. */
export interface ConsideredPrice {
  source: PriceSource;
  /** Of a list. */
  kind?: PriceListKind;
  priority?: number;
  /** What it would have given. */
  price?: Money;
  verdict:
    | "won"
    | "replaced"
    | "inactive"
    | "not-started"
    | "ended"
    | "other-currency"
    | "other-channel"
    | "other-group"
    | "no-rule"
    | "below-quantity"
    | "no-base-price"
    | "no-rate"
    | "stale-rate"
    | "out-of-range"
    | "base-unknown"
    | "base-cycle"
    | "base-too-deep"
    | "not-lower"
    | "lower-priority"
    | "higher-price"
    | "newer-list";
}
