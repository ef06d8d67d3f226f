-- +goose Up

-- A token of the account's SCIM clients: only its hash is kept. expiry_told_at is when the admins
-- were told that it will expire.
CREATE TABLE scim_tokens (
    id             uuid PRIMARY KEY,
    account_id     uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    name           text NOT NULL CHECK (name <> ''),
    hash           bytea NOT NULL UNIQUE,
    created_by     text NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    expires_at     timestamptz,
    expiry_told_at timestamptz,
    last_used_at   timestamptz,
    revoked_at     timestamptz
);
CREATE INDEX scim_tokens_of_account ON scim_tokens (account_id, created_at);
CREATE INDEX scim_tokens_expiring ON scim_tokens (expires_at) WHERE revoked_at IS NULL AND expiry_told_at IS NULL;

-- What a SCIM client knows of a user: whom it created, and whom it took over. resource holds the
-- attributes that the client wrote, as the client sees them; email, names and fields of the user
-- follow from them. active is whether the client wants the user in, whatever their status is. A user
-- who is gone was deleted by the client: nobody sees them through SCIM until they are created again.
-- address_keys are all addresses in it, folded, for look-ups.
CREATE TABLE scim_users (
    user_id       uuid PRIMARY KEY,
    account_id    uuid NOT NULL,
    user_name     text NOT NULL CHECK (user_name <> ''),
    user_name_key text COLLATE "C" NOT NULL,
    external_id   text COLLATE "C",
    active        boolean NOT NULL,
    resource      jsonb NOT NULL,
    address_keys  text[] NOT NULL DEFAULT '{}',
    gone_at       timestamptz,
    FOREIGN KEY (user_id, account_id) REFERENCES users (id, account_id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX scim_users_user_name ON scim_users (user_name_key, account_id) WHERE gone_at IS NULL;
CREATE INDEX scim_users_gone ON scim_users (user_name_key, account_id) WHERE gone_at IS NOT NULL;
CREATE INDEX scim_users_external_id ON scim_users (external_id, account_id) WHERE external_id IS NOT NULL;
CREATE INDEX scim_users_addresses ON scim_users USING gin (address_keys);
CREATE INDEX scim_users_listed ON scim_users (account_id, user_id) WHERE gone_at IS NULL;

-- Groups that a SCIM client pushed are those with source 'scim'; external_id is the client's name for one.
ALTER TABLE groups
    ADD COLUMN external_id text COLLATE "C",
    ADD COLUMN version bigint NOT NULL DEFAULT 1;
CREATE INDEX groups_external_id ON groups (external_id, account_id) WHERE external_id IS NOT NULL;
CREATE INDEX groups_pushed ON groups (account_id, id) WHERE source = 'scim';
CREATE TRIGGER groups_version BEFORE UPDATE ON groups FOR EACH ROW EXECUTE FUNCTION users_new_version();

-- The guard on what SCIM clients push. While held_at stands, removals are refused. An approval lets
-- them pass until approved_until; those from before it do not count again.
CREATE TABLE scim_guards (
    account_id          uuid PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    max_removals        integer NOT NULL DEFAULT 500 CHECK (max_removals >= 0),
    max_removal_percent integer NOT NULL DEFAULT 20 CHECK (max_removal_percent BETWEEN 0 AND 100),
    window_days         integer NOT NULL DEFAULT 7 CHECK (window_days BETWEEN 1 AND 90),
    held_at             timestamptz,
    approved_until      timestamptz,
    approved_by         text,
    CONSTRAINT scim_guards_approved CHECK ((approved_until IS NULL) = (approved_by IS NULL))
);
-- Whom a client wanted out while the guard held it.
CREATE TABLE scim_held_removals (
    account_id uuid NOT NULL REFERENCES scim_guards ON DELETE CASCADE,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    action     text NOT NULL CHECK (action IN ('deactivate', 'delete')),
    since      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, user_id)
);
-- Of what does not change when a planned change is applied: so that stays within its page.
CREATE INDEX changes_scim_removals ON changes (account_id, id)
    WHERE source = 'scim' AND action IN ('deactivate', 'delete') AND subject = 'user';

-- Users come in one statement of many: their licences are counted once for all of them.
DROP TRIGGER users_licences_insert ON users;
-- +goose StatementBegin
CREATE FUNCTION users_count_new_licences() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE accounts a SET licences_used = a.licences_used + n.active
    FROM (SELECT account_id, count(*) AS active FROM after_rows WHERE status = 'active' GROUP BY account_id) n
    WHERE a.id = n.account_id;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER users_licences_insert AFTER INSERT ON users
    REFERENCING NEW TABLE AS after_rows FOR EACH STATEMENT EXECUTE FUNCTION users_count_new_licences();

ALTER TABLE notifications
    DROP CONSTRAINT notifications_kind_check,
    ADD CONSTRAINT notifications_kind CHECK (kind IN ('run_failed', 'run_partial', 'run_awaiting_approval', 'admin_left',
        'licences_exhausted', 'licence_granted', 'scim_removals_held', 'scim_token_expiring'));
-- The mail that asks a user whom a SCIM client created to set up their account is of kind setup; its
-- cause is the invitation that its link is for.
ALTER TABLE mails DROP CONSTRAINT mails_kind, ADD CONSTRAINT mails_kind CHECK (kind IN ('invitation', 'setup', 'notice'));

-- +goose Down
DELETE FROM mails WHERE kind = 'setup';
ALTER TABLE mails DROP CONSTRAINT mails_kind, ADD CONSTRAINT mails_kind CHECK (kind IN ('invitation', 'notice'));
DELETE FROM notifications WHERE kind IN ('scim_removals_held', 'scim_token_expiring');
ALTER TABLE notifications
    DROP CONSTRAINT notifications_kind,
    ADD CONSTRAINT notifications_kind_check CHECK (kind IN ('run_failed', 'run_partial', 'run_awaiting_approval', 'admin_left', 'licences_exhausted', 'licence_granted'));
DROP TRIGGER users_licences_insert ON users;
CREATE TRIGGER users_licences_insert AFTER INSERT ON users
    FOR EACH ROW WHEN (NEW.status = 'active') EXECUTE FUNCTION users_count_licence();
DROP FUNCTION users_count_new_licences;
DROP INDEX changes_scim_removals;
DROP TABLE scim_held_removals, scim_guards;
DROP TRIGGER groups_version ON groups;
DROP INDEX groups_pushed;
ALTER TABLE groups DROP COLUMN external_id, DROP COLUMN version;
DROP TABLE scim_users, scim_tokens;
