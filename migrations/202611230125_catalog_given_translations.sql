-- Translations of categories and collections as the merchant gave them, where that is otherwise than what is shown of
-- them: HTML is sanitised there. Of what was written before only the latter was kept.
ALTER TABLE category ADD COLUMN given_translations TEXT;
ALTER TABLE collection ADD COLUMN given_translations TEXT;

-- At which version they were: a release before this one, which may still be running, writes only what is shown, with
-- another version.
ALTER TABLE category ADD COLUMN given_at INTEGER;
ALTER TABLE collection ADD COLUMN given_at INTEGER;
