package store

import (
	"context"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/scim"
)

// arrive settles the creation of one user, who may be in the account already.
func (s *Store) arrive(ctx context.Context, c SCIMClient, in scim.User) (SCIMUser, error) {
	var user SCIMUser
	err := s.inTx(ctx, "create user", func(tx *sqlx.Tx) error {
		if err := lockPushed(ctx, tx, c); err != nil {
			return err
		}
		known, err := recognise(ctx, tx, c.AccountID, in)
		if err != nil {
			return err
		}
		if known != nil {
			taken := arrival(*known, in)
			user, err = taken.take(ctx, tx, c)
			return err
		}
		if err := releaseAddress(ctx, tx, c.AccountID, directory.EmailKey(in.Email)); err != nil {
			return err
		}
		missing, err := resolvePeople(ctx, tx, c, &in)
		if err != nil {
			return err
		}
		alone := &creation{client: c, in: in}
		if err := insertSCIMUsers(ctx, tx, c, []*creation{alone}); err != nil {
			return err
		}
		user = alone.user
		if err := joinParked(ctx, tx, c.AccountID, []string{user.ID}, []string{in.ExternalID}); err != nil {
			return err
		}
		if user.Groups, err = groupsOfUser(ctx, tx, user.ID); err != nil {
			return err
		}
		if len(user.Groups) > 0 {
			if err := user.assign(ctx, tx, c.AccountID); err != nil {
				return err
			}
		}
		return parkSCIMPeople(ctx, tx, c.AccountID, user.ID, missing)
	})
	if err != nil {
		return SCIMUser{}, s.held(ctx, c, err)
	}
	return user, nil
}

// recognise finds whom a creation is about, if they are in the account: somebody whom a client deleted,
// by their external id, user name or address, or who is here without SCIM, by their address. Somebody
// whom clients see has the user name, or the address, to themselves. Two external ids are two people: who
// has the address of somebody gone does not come into their place.
func recognise(ctx context.Context, tx *sqlx.Tx, accountID string, in scim.User) (*knownUser, error) {
	name, address := directory.EmailKey(in.UserName), directory.EmailKey(in.Email)
	var alike []knownUser
	err := tx.SelectContext(ctx, &alike, selectKnownUser+`
		WHERE u.account_id = $1 AND u.id IN (
			SELECT user_id FROM scim_users WHERE account_id = $1 AND user_name_key = $2 AND gone_at IS NULL
			UNION SELECT user_id FROM scim_users WHERE account_id = $1 AND user_name_key = $2 AND gone_at IS NOT NULL
			UNION SELECT user_id FROM scim_users WHERE account_id = $1 AND external_id = $3 AND gone_at IS NOT NULL
			UNION SELECT id FROM users WHERE account_id = $1 AND email_key IN ($2, $4))
		ORDER BY k.gone_at DESC NULLS LAST, u.id`, accountID, name, in.ExternalID, address)
	if err != nil {
		return nil, err
	}
	var best *knownUser
	closest := 0
	for i := range alike {
		near, err := likeness(alike[i], in, name, address)
		if err != nil {
			return nil, err
		}
		if near > closest {
			best, closest = &alike[i], near
		}
	}
	return best, nil
}

// likeness is how surely the user is the one to create: 0 is not at all.
func likeness(k knownUser, in scim.User, name, address string) (int, error) {
	holds := func(key string) bool { return k.EmailKey != nil && *k.EmailKey == key }
	named := k.Known && directory.EmailKey(k.UserName) == name
	switch {
	case k.visible() && named:
		return 0, userNameTaken()
	case k.visible() && holds(address):
		return 0, addressTaken()
	case k.visible(), k.ExternalID != "" && in.ExternalID != "" && k.ExternalID != in.ExternalID:
		return 0, nil
	case k.ExternalID != "" && k.ExternalID == in.ExternalID:
		return 5, nil
	case named:
		return 4, nil
	case k.Known && holds(address):
		return 3, nil
	case !k.Known && holds(address):
		return 2, nil
	case !k.Known && holds(name):
		return 1, nil
	}
	return 0, nil
}
