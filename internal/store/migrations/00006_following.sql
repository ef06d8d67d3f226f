-- +goose Up

-- Whether a mapping gave the user their role, or put them into their organization: what a mapping gave, it
-- takes away again.
ALTER TABLE users
    ADD COLUMN role_mapped boolean NOT NULL DEFAULT false,
    ADD COLUMN organization_mapped boolean NOT NULL DEFAULT false;

-- Whoever belongs to all organizations, those of the future too, belongs to this one. One that has its id
-- or its name already gets the next that is free.
ALTER TABLE organizations ADD COLUMN built_in boolean NOT NULL DEFAULT false;
WITH moved AS (
    UPDATE organizations o SET id = (
        SELECT 'all_' || min(n) FROM generate_series(2, 10000) n
        WHERE NOT EXISTS (SELECT FROM organizations t WHERE t.account_id = o.account_id AND t.id = 'all_' || n))
    WHERE id = 'all' RETURNING account_id, id
)
UPDATE users u SET organization_id = m.id FROM moved m WHERE u.account_id = m.account_id AND u.organization_id = 'all';
UPDATE organizations o SET name = (
    SELECT 'All organizations ' || min(n) FROM generate_series(2, 10000) n
    WHERE NOT EXISTS (SELECT FROM organizations t WHERE t.account_id = o.account_id AND t.name = 'All organizations ' || n))
WHERE name = 'All organizations';
INSERT INTO organizations (account_id, id, name, built_in) SELECT id, 'all', 'All organizations', true FROM accounts;

-- A group is read because somebody's role or organization follows from it, beside the other reasons.
ALTER TABLE staged_groups ADD COLUMN mapped boolean NOT NULL DEFAULT false;

-- The mappings of groups that SCIM clients push; group_id is a group's own id. Their order is their precedence.
CREATE TABLE scim_mappings (
    account_id            uuid PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    role_mappings         jsonb NOT NULL DEFAULT '[]',
    organization_mappings jsonb NOT NULL DEFAULT '[]'
);

-- The run that a run undoes or, of trigger rerun, whose staged records it takes over. What was read of the
-- source goes over too: how many people it announced (-1: it was not asked), since when it was read, and
-- whether it is asked nothing more.
ALTER TABLE runs
    ADD COLUMN of_run uuid REFERENCES runs ON DELETE SET NULL,
    ADD COLUMN announced integer NOT NULL DEFAULT -1,
    ADD COLUMN read_since timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN read_done boolean NOT NULL DEFAULT false;
UPDATE runs SET read_since = started_at;
CREATE INDEX runs_of_run ON runs (of_run) WHERE of_run IS NOT NULL;

-- What has happened to users, groups and memberships has a position among all that happened in its account.
-- Whoever writes it has the account to themselves from the first position on, so that positions become
-- visible in their order: who has seen one has seen all before it. What happened before there were positions
-- has none. events_lost is the last position that the log does not hold any more.
ALTER TABLE accounts ADD COLUMN events_lost bigint NOT NULL DEFAULT 0;
CREATE SEQUENCE event_positions;
ALTER TABLE changes
    DROP CONSTRAINT changes_source_check,
    ADD CONSTRAINT changes_source CHECK (source IN ('directory_sync', 'scim', 'admin', 'user')),
    ADD COLUMN position bigint;
-- What was synced on demand, which belongs to no run, and what came of licences meanwhile.
CREATE INDEX changes_on_demand ON changes (account_id, occurred_at) WHERE run_id IS NULL AND source = 'directory_sync';
CREATE UNIQUE INDEX changes_positions ON changes (account_id, position) WHERE position IS NOT NULL;
-- +goose StatementBegin
CREATE FUNCTION changes_take_position() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('rollcall.in_order', true) IS DISTINCT FROM NEW.account_id::text THEN
        PERFORM 1 FROM accounts WHERE id = NEW.account_id FOR NO KEY UPDATE;
        PERFORM set_config('rollcall.in_order', NEW.account_id::text, true);
    END IF;
    NEW.position := nextval('event_positions');
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER changes_position_insert BEFORE INSERT ON changes
    FOR EACH ROW WHEN (NEW.outcome = 'applied') EXECUTE FUNCTION changes_take_position();
CREATE TRIGGER changes_position_update BEFORE UPDATE OF outcome ON changes
    FOR EACH ROW WHEN (NEW.outcome = 'applied' AND NEW.position IS NULL) EXECUTE FUNCTION changes_take_position();

-- Where an account's events are sent. position is the last one that was delivered; secret is sealed.
-- While deliveries fail, failing_since stands; told_at is when the admins were told of it.
CREATE TABLE webhooks (
    id                uuid PRIMARY KEY,
    account_id        uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    url               text NOT NULL CHECK (url <> ''),
    secret            bytea NOT NULL,
    state             text NOT NULL DEFAULT 'enabled' CHECK (state IN ('enabled', 'disabled')),
    position          bigint NOT NULL,
    failures          integer NOT NULL DEFAULT 0,
    failing_since     timestamptz,
    told_at           timestamptz,
    last_error        text NOT NULL DEFAULT '',
    next_try_at       timestamptz NOT NULL DEFAULT now(),
    last_delivered_at timestamptz,
    created_by        text NOT NULL DEFAULT '',
    created_at        timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT webhooks_failing CHECK ((failing_since IS NOT NULL) = (failures > 0))
);
CREATE INDEX webhooks_of_account ON webhooks (account_id, created_at, id);

ALTER TABLE notifications
    DROP CONSTRAINT notifications_kind,
    ADD CONSTRAINT notifications_kind CHECK (kind IN ('run_failed', 'run_partial', 'run_awaiting_approval', 'admin_left',
        'licences_exhausted', 'licence_granted', 'scim_removals_held', 'scim_token_expiring', 'scim_errors', 'webhook_failing'));

-- +goose Down
DELETE FROM mails m USING notifications n WHERE n.id = m.cause AND n.kind = 'webhook_failing';
DELETE FROM notifications WHERE kind = 'webhook_failing';
ALTER TABLE notifications
    DROP CONSTRAINT notifications_kind,
    ADD CONSTRAINT notifications_kind CHECK (kind IN ('run_failed', 'run_partial', 'run_awaiting_approval', 'admin_left',
        'licences_exhausted', 'licence_granted', 'scim_removals_held', 'scim_token_expiring', 'scim_errors'));
DROP TABLE webhooks;
DROP TRIGGER changes_position_insert ON changes;
DROP TRIGGER changes_position_update ON changes;
DROP FUNCTION changes_take_position;
DROP INDEX changes_positions, changes_on_demand;
DELETE FROM changes WHERE source = 'user';
ALTER TABLE changes
    DROP COLUMN position,
    DROP CONSTRAINT changes_source,
    ADD CONSTRAINT changes_source_check CHECK (source IN ('directory_sync', 'scim', 'admin'));
DROP SEQUENCE event_positions;
ALTER TABLE accounts DROP COLUMN events_lost;
ALTER TABLE runs DROP COLUMN of_run, DROP COLUMN announced, DROP COLUMN read_since, DROP COLUMN read_done;
DROP TABLE scim_mappings;
ALTER TABLE staged_groups DROP COLUMN mapped;
UPDATE users SET organization_id = NULL WHERE organization_id = 'all';
DELETE FROM organizations WHERE built_in;
ALTER TABLE organizations DROP COLUMN built_in;
ALTER TABLE users DROP COLUMN role_mapped, DROP COLUMN organization_mapped;
