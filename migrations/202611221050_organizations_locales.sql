-- The locales that products are translated to, with blanks between; the default is one of them, whether it is here or
-- not. NULL: as the organization has it.
ALTER TABLE organization ADD COLUMN locales TEXT NOT NULL DEFAULT '';
ALTER TABLE store ADD COLUMN locales TEXT;
