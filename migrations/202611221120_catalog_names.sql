-- What categories and collections are called in other locales: by locale, the texts that are another there.
ALTER TABLE category ADD COLUMN translations TEXT NOT NULL DEFAULT '{}';
ALTER TABLE collection ADD COLUMN translations TEXT NOT NULL DEFAULT '{}';
