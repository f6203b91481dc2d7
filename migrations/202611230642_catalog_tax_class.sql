-- What carts are taxed and shipped by, from the document of each variant: there it stands already, but for the tax class,
-- which is `standard` where none is said.
ALTER TABLE variant ADD COLUMN tax_class TEXT NOT NULL
  GENERATED ALWAYS AS (coalesce(document ->> '$.taxClass', 'standard')) VIRTUAL;
ALTER TABLE variant ADD COLUMN taxable INTEGER NOT NULL
  GENERATED ALWAYS AS (coalesce(document ->> '$.taxable', 1)) VIRTUAL;
ALTER TABLE variant ADD COLUMN weight_grams INTEGER NOT NULL
  GENERATED ALWAYS AS (coalesce(document ->> '$.weightGrams', 0)) VIRTUAL;
ALTER TABLE variant ADD COLUMN needs_shipping INTEGER NOT NULL
  GENERATED ALWAYS AS (coalesce(document ->> '$.requiresShipping', 1)) VIRTUAL;
