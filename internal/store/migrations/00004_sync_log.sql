-- +goose Up

-- log_days is how long the sync log is kept, with the runs, mails and read notifications of the time.
ALTER TABLE accounts
    ADD COLUMN log_days integer NOT NULL DEFAULT 400,
    ADD CONSTRAINT accounts_log CHECK (log_days BETWEEN 30 AND 3650);

-- The log is read newest first by when things happened, which is later than when they were planned;
-- what is only planned is in an index of its own, so that nobody has to pass over it.
DROP INDEX changes_newest;
CREATE INDEX changes_newest ON changes (account_id, occurred_at, id) WHERE outcome <> 'planned';
CREATE INDEX changes_planned ON changes (account_id, occurred_at, id) WHERE outcome = 'planned';
CREATE INDEX changes_failed ON changes (account_id, occurred_at, id) WHERE outcome = 'failed';
DROP INDEX changes_of_user;
CREATE INDEX changes_of_user ON changes (user_id, occurred_at, id);
DROP INDEX changes_of_group;
CREATE INDEX changes_of_group ON changes (group_id, occurred_at, id) WHERE group_id IS NOT NULL;

-- The words of a text, in small letters.
-- +goose StatementBegin
CREATE FUNCTION log_words(said text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_remove(string_to_array(translate(lower(said), E'.,;:!?@+*=#&/|\\_-\'"`´’‘“”()[]{}<>\t\r\n\u00a0', repeat(' ', 40)), ' '), '')
$$;

-- What a change is found by: the names and addresses that it says of its person, as they were before
-- and after it, by their words, and addresses as a whole too. The label is the name after it. The account is a word
-- of it too, so that a search stays among the account's own.
CREATE FUNCTION change_words(account_id uuid, label text, before jsonb, after jsonb) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 10000 AS $$
DECLARE
    said text := lower(left(label, 500) || coalesce(' ' || left(after->>'email', 500), ''));
BEGIN
    IF before IS NOT NULL THEN
        said := lower(concat_ws(' ', said, left(before->>'first_name', 500), left(before->>'last_name', 500), left(before->>'email', 500), left(before->>'name', 500)));
    END IF;
    RETURN array_to_tsvector(log_words(said) || array_remove(string_to_array(said, ' '), '') || account_id::text);
END $$;

-- The changes that have all words of a search, or words that begin so. An address stands for itself.
CREATE FUNCTION log_query(account_id uuid, search text) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (quote_literal(account_id) || string_agg(format(' & ''%s'':*', replace(replace(word, '\', '\\'), '''', '''''')), ''))::tsquery
    FROM string_to_array(lower(search), ' ') AS parts, unnest(parts) AS part,
         unnest(CASE WHEN position('@' IN part) > 1 THEN ARRAY[part] ELSE log_words(part) END) AS word
$$;
-- +goose StatementEnd
-- What is only planned is not in it: that would make planning slow for what is looked for in one run at most.
CREATE INDEX changes_words ON changes USING gin (change_words(account_id, label, before, after)) WHERE outcome <> 'planned';

CREATE INDEX mails_settled ON mails (account_id, settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX notifications_read ON notifications (account_id, read_at) WHERE read_at IS NOT NULL;

-- +goose Down
DROP INDEX changes_words, changes_newest, changes_planned, changes_failed, changes_of_user, changes_of_group, mails_settled, notifications_read;
DROP FUNCTION log_query, change_words, log_words;
CREATE INDEX changes_newest ON changes (account_id, id);
CREATE INDEX changes_of_user ON changes (user_id, id);
CREATE INDEX changes_of_group ON changes (group_id, id) WHERE group_id IS NOT NULL;
ALTER TABLE accounts DROP COLUMN log_days;
