-- +goose Up

CREATE TABLE accounts (
    id               uuid PRIMARY KEY,
    name             text NOT NULL CHECK (name <> ''),
    licences_total   integer NOT NULL CHECK (licences_total >= 0),
    licences_used    integer NOT NULL DEFAULT 0,
    provisioning     text NOT NULL DEFAULT 'none' CHECK (provisioning IN ('none', 'directory_sync', 'scim')),
    date_format      text NOT NULL DEFAULT 'DD/MM/YYYY',
    time_zone        text NOT NULL DEFAULT 'UTC',
    report_frequency text NOT NULL DEFAULT 'daily' CHECK (report_frequency IN ('daily', 'errors_only', 'never')),
    created_at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT accounts_licences CHECK (licences_used BETWEEN 0 AND licences_total)
);

CREATE TABLE roles (
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    id         text NOT NULL,
    name       text NOT NULL CHECK (name <> ''),
    built_in   boolean NOT NULL DEFAULT false,
    PRIMARY KEY (account_id, id),
    CONSTRAINT roles_name UNIQUE (account_id, name)
);

CREATE TABLE organizations (
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    id         text NOT NULL,
    name       text NOT NULL CHECK (name <> ''),
    PRIMARY KEY (account_id, id),
    CONSTRAINT organizations_name UNIQUE (account_id, name)
);

CREATE TABLE fields (
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    id         text NOT NULL,
    name       text NOT NULL CHECK (name <> ''),
    type       text NOT NULL CHECK (type IN ('text', 'number', 'integer', 'boolean', 'date', 'datetime', 'email')),
    system     boolean NOT NULL DEFAULT false,
    position   integer GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (account_id, id),
    CONSTRAINT fields_name UNIQUE (account_id, name)
);

-- email is what people see; email_key is the address that the user holds: nobody else in the
-- account can hold it. A deleted user holds none, nor does one whose address a newcomer took.
-- Addresses are compared at the end of each statement, so that two users can swap theirs in one.
-- Whoever changes the status or the address of users locks their account first. That the account
-- is there follows from the role.
CREATE TABLE users (
    id              uuid PRIMARY KEY,
    account_id      uuid NOT NULL,
    email           text NOT NULL CHECK (email <> ''),
    email_key       text COLLATE "C",
    first_name      text NOT NULL,
    last_name       text NOT NULL,
    status          text NOT NULL CHECK (status IN ('invited', 'active', 'awaiting_licence', 'deactivated', 'deleted')),
    deactivated_by  text CHECK (deactivated_by IN ('source', 'admin')),
    fields          jsonb NOT NULL DEFAULT '{}',
    role_id         text NOT NULL DEFAULT 'member',
    organization_id text,
    source          text NOT NULL CHECK (source IN ('directory_sync', 'scim', 'admin')),
    invitation_id   uuid,
    invited_at      timestamptz,
    accepted_at     timestamptz,
    version         bigint NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_email UNIQUE (account_id, email_key) DEFERRABLE INITIALLY IMMEDIATE,
    CONSTRAINT users_role FOREIGN KEY (account_id, role_id) REFERENCES roles,
    CONSTRAINT users_organization FOREIGN KEY (account_id, organization_id) REFERENCES organizations,
    CONSTRAINT users_wanted_hold_address CHECK (email_key IS NOT NULL OR status IN ('deactivated', 'deleted')),
    CONSTRAINT users_deleted_hold_none CHECK (email_key IS NULL OR status <> 'deleted'),
    CONSTRAINT users_deactivated_by_someone CHECK ((deactivated_by IS NOT NULL) = (status IN ('deactivated', 'deleted')))
);
CREATE INDEX users_by_account ON users (account_id, id);

-- +goose StatementBegin
CREATE FUNCTION users_new_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER users_version BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION users_new_version();

-- The licences in use are counted by the database itself, so that no race and no forgotten
-- code path can hand out one too many: accounts_licences refuses it.
-- +goose StatementBegin
CREATE FUNCTION users_count_licences() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE accounts a SET licences_used = a.licences_used + d.delta
    FROM (
        SELECT account_id, sum(n) AS delta FROM (
            SELECT account_id, 1 AS n FROM after_rows WHERE status = 'active'
            UNION ALL
            SELECT account_id, -1 FROM before_rows WHERE status = 'active'
        ) moves GROUP BY account_id
    ) d
    WHERE a.id = d.account_id AND d.delta <> 0;
    RETURN NULL;
END $$;
CREATE FUNCTION users_count_licence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE accounts SET licences_used = licences_used + 1 WHERE id = NEW.account_id;
    ELSE
        UPDATE accounts SET licences_used = licences_used - 1 WHERE id = OLD.account_id;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER users_licences_insert AFTER INSERT ON users
    FOR EACH ROW WHEN (NEW.status = 'active') EXECUTE FUNCTION users_count_licence();
CREATE TRIGGER users_licences_update AFTER UPDATE ON users
    REFERENCING OLD TABLE AS before_rows NEW TABLE AS after_rows FOR EACH STATEMENT EXECUTE FUNCTION users_count_licences();
CREATE TRIGGER users_licences_delete AFTER DELETE ON users
    FOR EACH ROW WHEN (OLD.status = 'active') EXECUTE FUNCTION users_count_licence();

-- An account that has an active account owner or super admin keeps one. Whoever takes one out
-- locks the account first, so that two who each take out a different one cannot both succeed.
-- +goose StatementBegin
CREATE FUNCTION users_keep_an_admin() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bereft uuid;
BEGIN
    FOR bereft IN
        SELECT account_id FROM (
            SELECT account_id, 1 AS n FROM after_rows
            WHERE status = 'active' AND role_id IN ('account_owner', 'super_admin')
            UNION ALL
            SELECT account_id, -1 FROM before_rows
            WHERE status = 'active' AND role_id IN ('account_owner', 'super_admin')
        ) admins GROUP BY account_id HAVING sum(n) < 0
    LOOP
        PERFORM 1 FROM accounts WHERE id = bereft FOR NO KEY UPDATE;
        IF NOT EXISTS (SELECT 1 FROM users WHERE account_id = bereft AND status = 'active'
                       AND role_id IN ('account_owner', 'super_admin')) THEN
            RAISE EXCEPTION 'the last account owner or super admin of an account stays'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'users_last_admin';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER users_last_admin AFTER UPDATE ON users
    REFERENCING OLD TABLE AS before_rows NEW TABLE AS after_rows FOR EACH STATEMENT EXECUTE FUNCTION users_keep_an_admin();

CREATE TABLE api_tokens (
    id           uuid PRIMARY KEY,
    account_id   uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    name         text NOT NULL,
    hash         bytea NOT NULL UNIQUE,
    role_id      text NOT NULL,
    user_id      uuid REFERENCES users ON DELETE CASCADE,
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    revoked_at   timestamptz,
    CONSTRAINT api_tokens_role FOREIGN KEY (account_id, role_id) REFERENCES roles
);
CREATE INDEX api_tokens_of_account ON api_tokens (account_id, created_at);

-- state_hash is the hash of the one-time consent state while the connection is pending.
CREATE TABLE connections (
    id               uuid PRIMARY KEY,
    account_id       uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    provider         text NOT NULL CHECK (provider IN ('entra', 'google')),
    state            text NOT NULL CHECK (state IN ('pending', 'connected', 'revoked')),
    tenant           jsonb,
    secret           bytea,
    state_hash       bytea UNIQUE,
    state_expires_at timestamptz,
    created_at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT connections_account UNIQUE (account_id, id),
    CONSTRAINT connections_tenant_known CHECK (state <> 'connected' OR tenant IS NOT NULL),
    CONSTRAINT connections_revoked_without_secret CHECK (state <> 'revoked' OR secret IS NULL)
);

CREATE TABLE configurations (
    id            uuid PRIMARY KEY,
    account_id    uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    connection_id uuid NOT NULL,
    state         text NOT NULL DEFAULT 'enabled' CHECK (state IN ('enabled', 'disabled')),
    settings      jsonb NOT NULL,
    next_run_at   timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    deleted_at    timestamptz,
    CONSTRAINT configurations_account UNIQUE (account_id, id),
    FOREIGN KEY (account_id, connection_id) REFERENCES connections (account_id, id)
);
CREATE UNIQUE INDEX configurations_one_per_account ON configurations (account_id) WHERE deleted_at IS NULL;

-- Which of our users a record of the source is. fingerprint is of the record and the settings as
-- they were last applied without a problem; while it and the user's version stand, nothing is to do.
-- That the connection is there follows from the run that writes the link.
CREATE TABLE links (
    connection_id uuid NOT NULL,
    source_id     text COLLATE "C" NOT NULL,
    user_id       uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    fingerprint   bytea,
    user_version  bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (connection_id, source_id),
    CONSTRAINT links_user UNIQUE (user_id, connection_id)
) WITH (fillfactor = 80);

-- applied_through is the last change of applied_step that was settled: the ones before it are too.
CREATE TABLE runs (
    id               uuid PRIMARY KEY,
    account_id       uuid NOT NULL,
    configuration_id uuid NOT NULL,
    number           integer NOT NULL,
    kind             text NOT NULL CHECK (kind IN ('sync', 'preview', 'undo')),
    trigger          text NOT NULL CHECK (trigger IN ('first', 'schedule', 'manual', 'rerun')),
    requested_by     text NOT NULL DEFAULT '',
    status           text NOT NULL CHECK (status IN ('running', 'awaiting_approval', 'success', 'partial_success', 'failure', 'cancelled')),
    reason           text NOT NULL DEFAULT '',
    settings         jsonb NOT NULL,
    counts           jsonb NOT NULL DEFAULT '{}',
    fetch_cursor     text NOT NULL DEFAULT '',
    pages            integer NOT NULL DEFAULT 0,
    fetched          integer NOT NULL DEFAULT 0,
    fetch_done       boolean NOT NULL DEFAULT false,
    unchanged        integer NOT NULL DEFAULT 0,
    planned_at       timestamptz,
    applied_step     smallint NOT NULL DEFAULT 0,
    applied_through  bigint NOT NULL DEFAULT 0,
    stage            text NOT NULL DEFAULT 'fetch',
    stage_done       integer NOT NULL DEFAULT 0,
    stage_total      integer NOT NULL DEFAULT 0,
    stage_started_at timestamptz NOT NULL DEFAULT now(),
    started_at       timestamptz NOT NULL DEFAULT now(),
    finished_at      timestamptz,
    workflow_id      text NOT NULL,
    workflow_run_id  text NOT NULL,
    FOREIGN KEY (account_id, configuration_id) REFERENCES configurations (account_id, id) ON DELETE CASCADE,
    CONSTRAINT runs_finished CHECK ((finished_at IS NULL) = (status IN ('running', 'awaiting_approval')))
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX runs_one_at_once ON runs (configuration_id) WHERE finished_at IS NULL AND kind <> 'preview';
CREATE INDEX runs_newest ON runs (account_id, started_at DESC, id);
CREATE INDEX runs_of_configuration ON runs (configuration_id, started_at DESC, id);

-- The pages that a run has read. A cursor that comes back is a source that runs in circles.
CREATE TABLE fetched_pages (
    run_id uuid NOT NULL REFERENCES runs ON DELETE CASCADE,
    cursor bytea NOT NULL,
    CONSTRAINT fetched_pages_once PRIMARY KEY (run_id, cursor)
);

-- The records of a run, mapped: what the users should be. Without foreign keys: it is written in
-- bulk, by a transaction that holds its run.
CREATE TABLE staged_users (
    run_id      uuid NOT NULL,
    source_id   text COLLATE "C" NOT NULL,
    enabled     boolean NOT NULL,
    complete    boolean NOT NULL, -- has all mandatory values
    email_key   text COLLATE "C",
    mapped      text NOT NULL,
    problems    text,
    fingerprint bytea,
    PRIMARY KEY (run_id, source_id)
);

-- The sync log. A run's plan is written here first, as planned; applying it settles the outcome.
-- email_key is the address that the user holds after the change; NULL leaves it, release gives it
-- up. Without foreign keys: a log is written in bulk, and outlives what it tells of.
CREATE TABLE changes (
    id           bigint GENERATED ALWAYS AS IDENTITY,
    account_id   uuid NOT NULL,
    run_id       uuid,
    step         smallint NOT NULL DEFAULT 0,
    user_id      uuid,
    user_version bigint,
    source_id    text COLLATE "C",
    label        text NOT NULL,
    source       text NOT NULL CHECK (source IN ('directory_sync', 'scim', 'admin')),
    action       text NOT NULL CHECK (action IN ('create', 'update', 'adopt', 'deactivate', 'reactivate', 'delete', 'error')),
    before       jsonb,
    after        jsonb,
    email_key    text COLLATE "C",
    release      boolean NOT NULL DEFAULT false,
    fingerprint  bytea,
    outcome      text NOT NULL CHECK (outcome IN ('planned', 'applied', 'failed', 'rejected')),
    problems     jsonb,
    occurred_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id)
) WITH (fillfactor = 50); -- room for the outcome of what is planned, beside it
CREATE INDEX changes_newest ON changes (account_id, id);
CREATE INDEX changes_of_run ON changes (run_id, step, id);
CREATE INDEX changes_of_user ON changes (user_id, id);

-- Messages to send: written in the transaction of their cause, sent by the MailOutbox workflow.
-- Without foreign keys, like the changes that they come with.
CREATE TABLE mails (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id   uuid NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('invitation')),
    user_id      uuid NOT NULL,
    cause        uuid NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    attempts     integer NOT NULL DEFAULT 0,
    next_try_at  timestamptz NOT NULL DEFAULT now(),
    settled_at   timestamptz,
    result       text CHECK (result IN ('sent', 'dropped', 'refused')),
    CONSTRAINT mails_once UNIQUE (kind, cause),
    CONSTRAINT mails_settled CHECK ((settled_at IS NULL) = (result IS NULL))
);
CREATE INDEX mails_waiting ON mails (account_id, next_try_at) WHERE settled_at IS NULL;

-- +goose Down
DROP TABLE mails, changes, staged_users, fetched_pages, runs, links, configurations, connections, api_tokens, users, fields, organizations, roles, accounts;
DROP FUNCTION users_new_version, users_count_licences, users_count_licence, users_keep_an_admin;
