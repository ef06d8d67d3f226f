-- +goose Up

ALTER TABLE accounts
    ADD COLUMN recycle_bin_days integer NOT NULL DEFAULT 30,
    ADD CONSTRAINT accounts_recycle_bin CHECK (recycle_bin_days BETWEEN 1 AND 365);

-- Who waits for a licence has a place in the queue, and who was deleted a day from which the
-- recycle bin counts: both follow from the status, whoever sets it.
CREATE SEQUENCE licence_queue;
ALTER TABLE users ADD COLUMN waiting_place bigint, ADD COLUMN deleted_at timestamptz;
UPDATE users SET waiting_place = nextval('licence_queue') WHERE status = 'awaiting_licence';
UPDATE users SET deleted_at = updated_at WHERE status = 'deleted';
ALTER TABLE users
    ADD CONSTRAINT users_waiting CHECK ((waiting_place IS NOT NULL) = (status = 'awaiting_licence')),
    ADD CONSTRAINT users_deleted CHECK ((deleted_at IS NOT NULL) = (status = 'deleted'));
-- +goose StatementBegin
CREATE FUNCTION users_stand() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status <> 'awaiting_licence' THEN
        NEW.waiting_place := NULL;
    ELSIF NEW.waiting_place IS NULL THEN
        NEW.waiting_place := nextval('licence_queue');
    END IF;
    IF NEW.status <> 'deleted' THEN
        NEW.deleted_at := NULL;
    ELSIF NEW.deleted_at IS NULL THEN
        NEW.deleted_at := now();
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER users_stand BEFORE INSERT OR UPDATE OF status ON users FOR EACH ROW EXECUTE FUNCTION users_stand();
CREATE INDEX users_waiting ON users (account_id, waiting_place) WHERE status = 'awaiting_licence';
CREATE INDEX users_deleted ON users (account_id, deleted_at) WHERE status = 'deleted';
CREATE INDEX users_admins ON users (account_id) WHERE role_id <> 'member';
-- No index but users_email may begin with the account for a look-up by address: while statistics are of
-- a small table, which they are in a first sync, PostgreSQL takes either, and one reads all of the account.
DROP INDEX users_by_account;
CREATE INDEX users_by_account ON users (account_id, id) WHERE status <> 'deleted';
ALTER TABLE users ADD CONSTRAINT users_account UNIQUE (id, account_id);

-- A consent that is on its way: what the state in an address stands for, once, for a short time.
-- requested_by is the token of the admin who began it and must still be allowed to when it comes
-- back. sealed holds what proves that the answer is to our question (PKCE verifier, nonce).
-- tenant_id is the tenant that a sign-in has proven, where one has.
CREATE TABLE consents (
    state_hash    bytea PRIMARY KEY,
    account_id    uuid NOT NULL,
    connection_id uuid NOT NULL,
    requested_by  uuid NOT NULL REFERENCES api_tokens ON DELETE CASCADE,
    sealed        bytea NOT NULL,
    tenant_id     text,
    expires_at    timestamptz NOT NULL,
    FOREIGN KEY (account_id, connection_id) REFERENCES connections (account_id, id) ON DELETE CASCADE
);
CREATE INDEX consents_of_connection ON consents (connection_id);
ALTER TABLE connections DROP COLUMN state_hash, DROP COLUMN state_expires_at;

-- Where the changes since the last clean run will be read, and of what they are the changes:
-- changes_digest is of the settings that decide what is read.
ALTER TABLE configurations
    ADD COLUMN changes_link text,
    ADD COLUMN changes_at timestamptz,
    ADD COLUMN changes_digest bytea,
    ADD COLUMN incremental_runs integer NOT NULL DEFAULT 0, -- since the last full read
    ADD CONSTRAINT configurations_changes CHECK ((changes_link IS NULL) = (changes_at IS NULL) AND (changes_link IS NULL) = (changes_digest IS NULL));

-- absent: the user is out, and the directory, or its scope, no longer has the person.
ALTER TABLE links ADD COLUMN absent boolean NOT NULL DEFAULT false;

-- read counts the records that the source gave, in scope or not. A run that is not complete could not
-- read a group that decides who is in scope: it takes nobody out for being absent. removals are
-- the people that it took out; those of a run that an admin approved do not count for the guard again.
-- changes_link is where the changes since it began to read will be read, changes_digest of what they are.
ALTER TABLE runs
    ADD COLUMN mode text NOT NULL DEFAULT 'full' CHECK (mode IN ('full', 'incremental')),
    ADD COLUMN read integer NOT NULL DEFAULT 0,
    ADD COLUMN complete boolean NOT NULL DEFAULT true,
    ADD COLUMN notes jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN changes_link text,
    ADD COLUMN changes_digest bytea,
    ADD COLUMN removals integer NOT NULL DEFAULT 0,
    ADD COLUMN approved_by text,
    ADD COLUMN approved_at timestamptz,
    ADD CONSTRAINT runs_approved CHECK ((approved_by IS NULL) = (approved_at IS NULL));

-- The groups that a run reads: because their people are in scope, because they are synced
-- themselves, or both. A group with a problem could not be read: its members are unknown.
CREATE TABLE staged_groups (
    run_id        uuid NOT NULL,
    source_id     text COLLATE "C" NOT NULL,
    name          text NOT NULL,
    description   text NOT NULL DEFAULT '',
    email         text NOT NULL DEFAULT '',
    in_scope      boolean NOT NULL,
    synced        boolean NOT NULL,
    direct        integer NOT NULL DEFAULT -1, -- direct members that the source announces; -1: it does not say
    everyone      boolean NOT NULL DEFAULT false,
    members       integer NOT NULL DEFAULT 0,  -- different people in it
    nested        integer NOT NULL DEFAULT 0,  -- groups in it
    others        integer NOT NULL DEFAULT 0,  -- members that are neither people nor groups
    member_cursor text NOT NULL DEFAULT '',
    members_done  boolean NOT NULL DEFAULT false,
    problem       jsonb,
    PRIMARY KEY (run_id, source_id)
);
CREATE TABLE staged_members (
    run_id    uuid NOT NULL,
    group_id  text COLLATE "C" NOT NULL,
    source_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (run_id, group_id, source_id)
);
CREATE INDEX staged_members_of_person ON staged_members (run_id, source_id);

-- What a run knows of linked people whose record it did not stage.
CREATE TABLE staged_absent (
    run_id    uuid NOT NULL,
    source_id text COLLATE "C" NOT NULL,
    absence   text NOT NULL CHECK (absence IN ('gone', 'out_of_scope', 'present')),
    PRIMARY KEY (run_id, source_id)
);

-- A synced group is known by its connection and the source's id. When the configuration goes the
-- group stays, without them.
CREATE TABLE groups (
    id            uuid PRIMARY KEY,
    account_id    uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    name          text NOT NULL CHECK (name <> ''),
    description   text NOT NULL DEFAULT '',
    email         text NOT NULL DEFAULT '',
    source        text NOT NULL CHECK (source IN ('directory_sync', 'scim')),
    connection_id uuid,
    source_id     text COLLATE "C",
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT groups_account UNIQUE (account_id, id),
    CONSTRAINT groups_source UNIQUE (connection_id, source_id),
    CONSTRAINT groups_source_whole CHECK ((connection_id IS NULL) = (source_id IS NULL)),
    FOREIGN KEY (account_id, connection_id) REFERENCES connections (account_id, id)
);
CREATE INDEX groups_by_name ON groups (account_id, name, id);

CREATE TABLE memberships (
    account_id uuid NOT NULL,
    group_id   uuid NOT NULL,
    user_id    uuid NOT NULL,
    since      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (group_id, user_id),
    CONSTRAINT memberships_group FOREIGN KEY (account_id, group_id) REFERENCES groups (account_id, id) ON DELETE CASCADE,
    CONSTRAINT memberships_user FOREIGN KEY (account_id, user_id) REFERENCES users (account_id, id) ON DELETE CASCADE
);
CREATE INDEX memberships_of_user ON memberships (user_id, group_id);

-- Members at the source who are not in the account yet.
CREATE TABLE parked_members (
    group_id  uuid NOT NULL REFERENCES groups ON DELETE CASCADE,
    source_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (group_id, source_id)
);
CREATE INDEX parked_members_of_person ON parked_members (source_id);

-- A field of type person has the id of a user. people holds what a record says of such fields, by
-- field: the id, or the address, that the source knows somebody by; empty: nobody.
ALTER TABLE fields
    DROP CONSTRAINT fields_type_check,
    ADD CONSTRAINT fields_type CHECK (type IN ('text', 'number', 'integer', 'boolean', 'date', 'datetime', 'email', 'person'));
ALTER TABLE staged_users ADD COLUMN people jsonb;

-- People whom a field of a user is to name, and who are not in the account yet.
CREATE TABLE parked_people (
    user_id       uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    field_id      text NOT NULL,
    connection_id uuid NOT NULL,
    reference     text COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id, field_id)
);
CREATE INDEX parked_people_of_connection ON parked_people (connection_id);

ALTER TABLE changes
    ADD COLUMN subject text NOT NULL DEFAULT 'user' CHECK (subject IN ('user', 'group', 'membership')),
    ADD COLUMN group_id uuid;
CREATE INDEX changes_of_group ON changes (group_id, id) WHERE group_id IS NOT NULL;

-- What a user is told, in the application and by mail. cause keeps one thing from being told twice.
CREATE TABLE notifications (
    id         uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    user_id    uuid NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('run_failed', 'run_partial', 'run_awaiting_approval', 'admin_left', 'licences_exhausted', 'licence_granted')),
    cause      uuid NOT NULL,
    run_id     uuid,
    title      text NOT NULL,
    message    text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    read_at    timestamptz,
    CONSTRAINT notifications_once UNIQUE (user_id, kind, cause),
    FOREIGN KEY (account_id, user_id) REFERENCES users (account_id, id) ON DELETE CASCADE
);
CREATE INDEX notifications_of_user ON notifications (user_id, created_at DESC, id);
-- That licences have run out is told once, until it was read.
CREATE UNIQUE INDEX notifications_exhausted ON notifications (user_id) WHERE kind = 'licences_exhausted' AND read_at IS NULL;

-- The mail of a notification is of kind notice; its cause is the notification.
ALTER TABLE mails DROP CONSTRAINT mails_kind_check, ADD CONSTRAINT mails_kind CHECK (kind IN ('invitation', 'notice'));

-- +goose Down
ALTER TABLE mails DROP CONSTRAINT mails_kind, ADD CONSTRAINT mails_kind_check CHECK (kind IN ('invitation'));
DROP TABLE notifications, parked_people, parked_members, memberships, groups, staged_absent, staged_members, staged_groups, consents;
ALTER TABLE changes DROP COLUMN subject, DROP COLUMN group_id;
ALTER TABLE staged_users DROP COLUMN people;
DELETE FROM fields WHERE type = 'person';
ALTER TABLE fields DROP CONSTRAINT fields_type,
    ADD CONSTRAINT fields_type_check CHECK (type IN ('text', 'number', 'integer', 'boolean', 'date', 'datetime', 'email'));
ALTER TABLE runs DROP COLUMN mode, DROP COLUMN read, DROP COLUMN complete, DROP COLUMN notes, DROP COLUMN changes_link, DROP COLUMN changes_digest,
    DROP COLUMN removals, DROP COLUMN approved_by, DROP COLUMN approved_at;
ALTER TABLE links DROP COLUMN absent;
ALTER TABLE configurations DROP COLUMN changes_link, DROP COLUMN changes_at, DROP COLUMN changes_digest, DROP COLUMN incremental_runs;
ALTER TABLE connections ADD COLUMN state_hash bytea UNIQUE, ADD COLUMN state_expires_at timestamptz;
ALTER TABLE users DROP CONSTRAINT users_account;
DROP INDEX users_by_account;
CREATE INDEX users_by_account ON users (account_id, id);
DROP INDEX users_admins;
DROP TRIGGER users_stand ON users;
DROP FUNCTION users_stand;
ALTER TABLE users DROP COLUMN waiting_place, DROP COLUMN deleted_at;
DROP SEQUENCE licence_queue;
ALTER TABLE accounts DROP COLUMN recycle_bin_days;
