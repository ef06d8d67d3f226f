-- +goose Up

-- The hour, in the account's time zone, at which the directory sync report is made.
ALTER TABLE accounts ADD COLUMN report_hour smallint NOT NULL DEFAULT 7 CHECK (report_hour BETWEEN 0 AND 23);

-- What was reported of an account's changes after since, until until. day is the date of a daily
-- report in the account's time zone: there is one a day. One that an admin asked for has none.
CREATE TABLE reports (
    id         uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    since      timestamptz NOT NULL,
    until      timestamptz NOT NULL,
    day        date,
    content    jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT reports_once UNIQUE (account_id, until),
    CONSTRAINT reports_daily UNIQUE (account_id, day),
    CONSTRAINT reports_period CHECK (since < until)
);
CREATE INDEX changes_pushed ON changes (account_id, occurred_at) WHERE source = 'scim';

-- The mail of a report is of kind report; its cause is the report, which goes to several users.
ALTER TABLE mails
    DROP CONSTRAINT mails_kind, ADD CONSTRAINT mails_kind CHECK (kind IN ('invitation', 'setup', 'notice', 'report')),
    DROP CONSTRAINT mails_once, ADD CONSTRAINT mails_once UNIQUE (kind, cause, user_id);

ALTER TABLE notifications
    DROP CONSTRAINT notifications_kind,
    ADD CONSTRAINT notifications_kind CHECK (kind IN ('run_failed', 'run_partial', 'run_awaiting_approval', 'admin_left',
        'licences_exhausted', 'licence_granted', 'scim_removals_held', 'scim_token_expiring', 'scim_errors'));

-- +goose Down
DELETE FROM mails m USING notifications n WHERE n.id = m.cause AND n.kind = 'scim_errors';
DELETE FROM notifications WHERE kind = 'scim_errors';
ALTER TABLE notifications
    DROP CONSTRAINT notifications_kind,
    ADD CONSTRAINT notifications_kind CHECK (kind IN ('run_failed', 'run_partial', 'run_awaiting_approval', 'admin_left',
        'licences_exhausted', 'licence_granted', 'scim_removals_held', 'scim_token_expiring'));
DELETE FROM mails WHERE kind = 'report';
ALTER TABLE mails
    DROP CONSTRAINT mails_kind, ADD CONSTRAINT mails_kind CHECK (kind IN ('invitation', 'setup', 'notice')),
    DROP CONSTRAINT mails_once, ADD CONSTRAINT mails_once UNIQUE (kind, cause);
DROP INDEX changes_pushed;
DROP TABLE reports;
ALTER TABLE accounts DROP COLUMN report_hour;
