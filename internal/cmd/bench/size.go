package main

import (
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/rollcall-sync/rollcall/internal/simulate"
	"github.com/rollcall-sync/rollcall/internal/simulate/graph"
)

// size is the size of the directory that is synced.
type size struct {
	Users       int `json:"users"`
	Groups      int `json:"groups"` // 0: no groups are synced
	Memberships int `json:"memberships"`
}

func (s size) check() error {
	switch {
	case s.Users < 1:
		return fmt.Errorf("-users takes a number from 1, not %d", s.Users)
	case s.Groups < 0 || s.Memberships < 0:
		return fmt.Errorf("-groups and -memberships take numbers from 0, not %d and %d", s.Groups, s.Memberships)
	case s.Memberships > s.Groups*s.Users:
		return fmt.Errorf("%d groups of %d people have no room for %d memberships", s.Groups, s.Users, s.Memberships)
	}
	return nil
}

// directory generates the people, and groups among which the memberships are spread evenly.
func (s size) directory() (graph.Directory, error) {
	directory := graph.Generate(s.Users)
	if s.Groups == 0 {
		return directory, nil
	}
	ids := make([]string, s.Users)
	for i, user := range directory.Users {
		ids[i] = user.Text("id")
	}
	directory.Groups = make([]simulate.Object, s.Groups)
	next := 0
	for i := range directory.Groups {
		members := make([]string, s.Memberships*(i+1)/s.Groups-s.Memberships*i/s.Groups)
		for j := range members {
			members[j] = ids[next%s.Users]
			next++
		}
		name := fmt.Sprintf("Group %d", i+1)
		group, err := json.Marshal(map[string]any{
			"id": uuid.NewSHA1(uuid.NameSpaceOID, []byte(name)), "displayName": name, "description": "Everybody in " + name,
			"mailEnabled": false, "securityEnabled": true, "groupTypes": []string{}, "members": members,
		})
		if err != nil {
			return graph.Directory{}, err
		}
		directory.Groups[i] = group
	}
	return directory, nil
}
