package admin

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// What an owner mapped stays as long as it gives the role to nobody else: a group that came before it still does.
func TestC5_UserAdminsUncoverNoRuleOfAdmins(t *testing.T) {
	t.Parallel()
	a, b, c := directory.RoleMapping{GroupID: "a", RoleID: "member"}, directory.RoleMapping{GroupID: "b", RoleID: "super_admin"}, directory.RoleMapping{GroupID: "c", RoleID: "member"}
	before := []directory.RoleMapping{a, b, c}
	for name, row := range map[string]struct {
		mappings []directory.RoleMapping
		may      bool
	}{
		"the same":                       {before, true},
		"the group before it is gone":    {[]directory.RoleMapping{b, c}, false},
		"it comes before that group":     {[]directory.RoleMapping{b, a, c}, false},
		"that group has another role":    {[]directory.RoleMapping{{GroupID: "a", RoleID: "auditor"}, b, c}, true},
		"one more before it":             {[]directory.RoleMapping{a, c, b}, true},
		"the one after it is gone":       {[]directory.RoleMapping{a, b}, true},
		"it is gone":                     {[]directory.RoleMapping{a, c}, true},
		"another group has the role too": {[]directory.RoleMapping{a, b, {GroupID: "c", RoleID: "super_admin"}}, false},
	} {
		if row.may {
			require.NoError(t, mayMapRoles(directory.RoleUserAdmin, row.mappings, before), name)
		} else {
			require.Error(t, mayMapRoles(directory.RoleUserAdmin, row.mappings, before), name)
		}
		require.NoError(t, mayMapRoles(directory.RoleSuperAdmin, row.mappings, before), name)
	}
}
