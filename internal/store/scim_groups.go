package store

import (
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/scim"
)

// scimGroupColumns are the columns of a SCIMGroup, of a row g of groups.
const scimGroupColumns = `g.id, g.name AS displayname, coalesce(g.external_id, '') AS externalid, g.version,
	g.created_at AS createdat, g.updated_at AS updatedat`

// groupTextLimit is how long a group's name and its id at the client can be, in characters.
const groupTextLimit = 500

// CreateSCIMGroup makes a group of the account with those of people who are in it; the others are parked
// until they arrive. A name, or a member, that is too long is "invalid_value".
func (s *Store) CreateSCIMGroup(ctx context.Context, c SCIMClient, in scim.Group, people []scim.Member, members bool) (SCIMGroup, error) {
	var group SCIMGroup
	if err := checkSCIMGroup(in); err != nil {
		return group, err
	}
	steps := []scim.MemberChange{{Action: scim.AddMembers, Members: people}}
	err := s.inTx(ctx, "create group", func(tx *sqlx.Tx) error {
		if err := lockPushed(ctx, tx, c); err != nil {
			return err
		}
		writer, err := newMemberWriter(ctx, tx, c.AccountID, steps)
		if err != nil {
			return err
		}
		if err := tx.GetContext(ctx, &group, `
			WITH g AS (
				INSERT INTO groups (id, account_id, name, source, external_id) VALUES ($1, $2, $3, 'scim', nullif($4, '')) RETURNING *
			)
			SELECT `+scimGroupColumns+` FROM g`, newID(), c.AccountID, in.DisplayName, in.ExternalID); err != nil {
			return err
		}
		if err := logSCIMGroup(ctx, tx, c.AccountID, directory.ActionCreate, group, nil, groupSnapshot(group)); err != nil {
			return err
		}
		moved, err := writer.write(ctx, group.ID)
		if err != nil {
			return err
		}
		if err := assignMapped(ctx, tx, c.AccountID, moved); err != nil {
			return err
		}
		group, err = withMembers(ctx, tx, group, members)
		return err
	})
	return group, err
}

// SCIMGroup is a group that a client pushed to the account. Without members nothing is read of them.
func (s *Store) SCIMGroup(ctx context.Context, c SCIMClient, id string, members bool) (SCIMGroup, error) {
	var group SCIMGroup
	err := s.hot.get(ctx, &group, selectSCIMGroup, c.AccountID, id)
	if err != nil {
		return group, wrap("load group", found("group", err))
	}
	group, err = withMembers(ctx, s.db, group, members)
	return group, wrap("load members of group", err)
}

// SCIMGroupSize is how many members a group has, those included whom clients do not see; it counts to limit
// and no further.
func (s *Store) SCIMGroupSize(ctx context.Context, c SCIMClient, id string, limit int) (int, error) {
	var size int
	err := s.db.GetContext(ctx, &size, `
		SELECT count(*) FROM (SELECT FROM memberships WHERE group_id = $1 AND account_id = $2 LIMIT $3) counted`, id, c.AccountID, limit)
	return size, wrap("count members", found("group", err))
}

// ChangeSCIMGroup changes a group into what change makes of it, which is told all but the members;
// its error is passed on and leaves all as it was. What changes nothing leaves no
// change and keeps the version. For the rest see CreateSCIMGroup.
func (s *Store) ChangeSCIMGroup(ctx context.Context, c SCIMClient, id string, members bool, change func(SCIMGroup) (scim.Group, []scim.MemberChange, error)) (SCIMGroup, error) {
	var group SCIMGroup
	err := s.inTx(ctx, "change group", func(tx *sqlx.Tx) error {
		before, err := lockSCIMGroup(ctx, tx, c, id)
		if err != nil {
			return err
		}
		wanted, steps, err := change(before)
		if err != nil {
			return err
		}
		writer, err := newMemberWriter(ctx, tx, c.AccountID, steps)
		if err != nil {
			return err
		}
		if group, err = writeSCIMGroup(ctx, tx, c.AccountID, before, wanted); err != nil {
			return err
		}
		moved, err := writer.write(ctx, group.ID)
		if err != nil {
			return err
		}
		if len(moved) > 0 && group.Version == before.Version {
			if group, err = touchSCIMGroup(ctx, tx, group.ID); err != nil {
				return err
			}
		}
		if err := assignMapped(ctx, tx, c.AccountID, moved); err != nil {
			return err
		}
		group, err = withMembers(ctx, tx, group, members)
		return err
	})
	return group, err
}

// DeleteSCIMGroup deletes a group with its memberships, of each of which it leaves a change, unless check,
// which is told all but the members, refuses it; its error is passed on.
func (s *Store) DeleteSCIMGroup(ctx context.Context, c SCIMClient, id string, check func(SCIMGroup) error) error {
	return s.inTx(ctx, "delete group", func(tx *sqlx.Tx) error {
		group, err := lockSCIMGroup(ctx, tx, c, id)
		if err != nil {
			return err
		}
		if err := check(group); err != nil {
			return err
		}
		var members []string
		if err := tx.SelectContext(ctx, &members, endAll, directory.ActionDelete, group.ID); err != nil {
			return err
		}
		if err := logSCIMGroup(ctx, tx, c.AccountID, directory.ActionDelete, group, groupSnapshot(group), nil); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM groups WHERE id = $1`, group.ID); err != nil {
			return err
		}
		return assignMapped(ctx, tx, c.AccountID, members)
	})
}

const selectSCIMGroup = `SELECT ` + scimGroupColumns + ` FROM groups g WHERE g.account_id = $1 AND g.id = $2 AND g.source = 'scim'`

// lockSCIMGroup is a group that stays as it is, with its members, until the transaction ends, which has the
// account to itself: nobody arrives meanwhile who would miss that they are awaited.
func lockSCIMGroup(ctx context.Context, tx *sqlx.Tx, c SCIMClient, id string) (SCIMGroup, error) {
	var group SCIMGroup
	if err := lockPushed(ctx, tx, c); err != nil {
		return group, err
	}
	err := tx.GetContext(ctx, &group, selectSCIMGroup, c.AccountID, id)
	return group, found("group", err)
}

// writeSCIMGroup gives a locked group its wanted attributes; nothing is written where it has them.
func writeSCIMGroup(ctx context.Context, tx *sqlx.Tx, accountID string, group SCIMGroup, wanted scim.Group) (SCIMGroup, error) {
	if wanted == (scim.Group{DisplayName: group.DisplayName, ExternalID: group.ExternalID}) {
		return group, nil
	}
	if err := checkSCIMGroup(wanted); err != nil {
		return group, err
	}
	before, after := groupSnapshot(group), groupSnapshot(SCIMGroup{DisplayName: wanted.DisplayName, ExternalID: wanted.ExternalID})
	if group.DisplayName == wanted.DisplayName {
		before.Name, after.Name = nil, nil
	}
	before.Attributes, after.Attributes = differing(before.Attributes, after.Attributes)
	if err := tx.GetContext(ctx, &group, `
		UPDATE groups g SET name = $2, external_id = nullif($3, '') WHERE id = $1 RETURNING `+scimGroupColumns,
		group.ID, wanted.DisplayName, wanted.ExternalID); err != nil {
		return group, err
	}
	return group, logSCIMGroup(ctx, tx, accountID, directory.ActionUpdate, group, before, after)
}

// touchSCIMGroup gives a group whose members are others now a new version.
func touchSCIMGroup(ctx context.Context, tx *sqlx.Tx, id string) (SCIMGroup, error) {
	var group SCIMGroup
	err := tx.GetContext(ctx, &group, `UPDATE groups g SET updated_at = now() WHERE id = $1 RETURNING `+scimGroupColumns, id)
	return group, err
}

func logSCIMGroup(ctx context.Context, tx *sqlx.Tx, accountID string, action directory.Action, group SCIMGroup, before, after *directory.Snapshot) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO changes (account_id, subject, group_id, source_id, label, source, action, before, after, outcome)
		VALUES ($1, 'group', $2, nullif($3, ''), $4, 'scim', $5, $6, $7, 'applied')`,
		accountID, group.ID, group.ExternalID, group.DisplayName, action, before, after)
	return err
}

// groupSnapshot is what the log says of a group.
func groupSnapshot(group SCIMGroup) *directory.Snapshot {
	snapshot := directory.Snapshot{Name: &group.DisplayName}
	if group.ExternalID != "" {
		snapshot.Attributes = directory.Values{"externalId": group.ExternalID}
	}
	return &snapshot
}

func checkSCIMGroup(group scim.Group) error {
	if group.DisplayName == "" {
		return directory.Invalid("invalid_value", "A group needs a displayName.")
	}
	for attribute, text := range map[string]string{"displayName": group.DisplayName, "externalId": group.ExternalID} {
		if utf8.RuneCountInString(text) > groupTextLimit {
			return directory.Invalid("invalid_value", fmt.Sprintf("The %s of a group can have at most %d characters.", attribute, groupTextLimit))
		}
	}
	return nil
}
