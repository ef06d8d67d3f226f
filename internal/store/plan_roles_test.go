package store_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// mapped is a group that is read because a role or an organization follows from it.
func mapped(id, name string, people ...string) group {
	return group{StagedGroup: store.StagedGroup{SourceID: id, Name: name, Mapped: true, Direct: -1}, people: people}
}

// role and organization make what is called so, and give its id.
func (b *bench) role(name string) string {
	b.t.Helper()
	role, err := b.store.CreateRole(b.t.Context(), b.account.ID, name)
	require.NoError(b.t, err)
	return role.ID
}

func (b *bench) organization(name string) string {
	b.t.Helper()
	organization, err := b.store.CreateOrganization(b.t.Context(), b.account.ID, name)
	require.NoError(b.t, err)
	return organization.ID
}

func (b *bench) mapRoles(rules ...directory.RoleMapping) {
	b.t.Helper()
	b.edit(func(s *directory.Settings) { s.RoleMappings = rules })
}

func (b *bench) mapOrganizations(rules ...directory.OrganizationMapping) {
	b.t.Helper()
	b.edit(func(s *directory.Settings) { s.OrganizationMappings = rules })
}

// toRole is a rule that gives the role of the name, whose id is the name's in small letters.
func toRole(group, id, name string) directory.RoleMapping {
	return directory.RoleMapping{GroupID: group, RoleID: id, RoleName: name}
}

func toOrganization(group, id, name string) directory.OrganizationMapping {
	return directory.OrganizationMapping{GroupID: group, OrganizationID: id, OrganizationName: name}
}

// give sets what a user has, as if by hand.
func (b *bench) give(sourceID, role string) {
	b.t.Helper()
	_, err := b.db.Exec(`UPDATE users SET role_id = $2, role_mapped = false WHERE id = $1`, b.userOf(sourceID).ID, role)
	require.NoError(b.t, err)
}

// has is what a user has: the role, and the organization, each with a * when a mapping gave it.
func (b *bench) has(sourceID string) []string {
	b.t.Helper()
	var role, organization string
	require.NoError(b.t, b.db.QueryRow(`
		SELECT role_id || CASE WHEN role_mapped THEN '*' ELSE '' END,
		       coalesce(organization_id, '') || CASE WHEN organization_mapped THEN '*' ELSE '' END
		FROM users WHERE id = $1`, b.userOf(sourceID).ID).Scan(&role, &organization))
	return []string{role, organization}
}

// problems are the messages of a run's problems, in order.
func (b *bench) problems(run string) (messages []string) {
	b.t.Helper()
	for _, c := range b.changes(run) {
		for _, p := range c.Problems {
			messages = append(messages, p.Message)
		}
	}
	slices.Sort(messages)
	return messages
}

func named(id, first, last string) mapping.Record {
	r := person(id, id+"@corp.example")
	r.Values[directory.FieldFirstName], r.Values[directory.FieldLastName] = first, last
	return r
}

// Of the rules of a list the first one holds whose group the user is in, unless one comes before it whose
// group cannot be read. What was given by hand goes when a rule says so, and stays when none does.
func TestC5_WhichRuleHolds(t *testing.T) {
	t.Parallel()
	rules := []directory.RoleMapping{toRole("fin", "auditor", "Auditor"), toRole("ops", "operator", "Operator"), toRole("all", "member", "Member")}
	gone := directory.CodeGroupGone
	for name, c := range map[string]struct {
		before string // by hand
		groups []group
		want   string
	}{
		"in no group":                             {"member", []group{mapped("fin", "F"), mapped("ops", "O"), mapped("all", "A")}, "member"},
		"in no group, by hand":                    {"user_admin", []group{mapped("fin", "F"), mapped("ops", "O"), mapped("all", "A")}, "user_admin"},
		"in the first":                            {"member", []group{mapped("fin", "F", "u"), mapped("ops", "O"), mapped("all", "A")}, "auditor*"},
		"in the second":                           {"member", []group{mapped("fin", "F", "x"), mapped("ops", "O", "u"), mapped("all", "A")}, "operator*"},
		"in both":                                 {"member", []group{mapped("fin", "F", "u"), mapped("ops", "O", "u"), mapped("all", "A", "u")}, "auditor*"},
		"by hand and in one":                      {"super_admin", []group{mapped("fin", "F"), mapped("ops", "O", "u"), mapped("all", "A")}, "operator*"},
		"by hand and to be a member":              {"auditor", []group{mapped("fin", "F"), mapped("ops", "O"), mapped("all", "A", "u")}, "member"},
		"has it by hand already":                  {"operator", []group{mapped("fin", "F"), mapped("ops", "O", "u"), mapped("all", "A")}, "operator*"},
		"everybody is in it":                      {"member", []group{mapped("fin", "F"), {StagedGroup: mapped("ops", "O").StagedGroup, everyone: true}, mapped("all", "A")}, "operator*"},
		"the first unknown, in the second":        {"member", []group{failing(mapped("fin", "F"), gone), mapped("ops", "O", "u"), mapped("all", "A")}, "member"},
		"the first unknown, by hand":              {"user_admin", []group{failing(mapped("fin", "F"), gone), mapped("ops", "O", "u"), mapped("all", "A")}, "user_admin"},
		"in the first, the second unknown":        {"member", []group{mapped("fin", "F", "u"), failing(mapped("ops", "O"), gone), mapped("all", "A")}, "auditor*"},
		"in the last, the second not even listed": {"auditor", []group{mapped("fin", "F"), mapped("all", "A", "u")}, "auditor"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.role("Auditor")
			b.role("Operator")
			b.sync(person("u", "u@corp.example"))
			b.give("u", c.before)
			b.mapRoles(rules...)
			for range 2 {
				b.syncGroups(c.groups, person("u", "u@corp.example"))
				require.Equal(t, []string{c.want, ""}, b.has("u"))
			}
		})
	}
}

// Who is created gets their role in the same run. It is one change beside the creation, and the run after
// it has nothing to do.
func TestC5_CreatedAndGivenARoleInOneRun(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.role("Auditor")
	b.organization("Berlin")
	b.mapRoles(toRole("fin", "auditor", "Auditor"))
	b.mapOrganizations(toOrganization("fin", "berlin", "Berlin"))
	groups := []group{mapped("fin", "Finance", "a", "b", "out")}
	records := []mapping.Record{named("a", "Ana", "Lee"), person("b", "b@corp.example"), person("c", "c@corp.example"), disabled(person("out", "out@corp.example"))}
	run := b.syncGroups(groups, records...)
	require.Equal(t, directory.Counts{Fetched: 4, Created: 4, GroupsFetched: 1, MembershipsFetched: 3}, run.Counts)
	require.Equal(t, []string{"auditor*", "berlin*"}, b.has("a"))
	require.Equal(t, []string{"member", ""}, b.has("c"))
	require.Equal(t, []string{"member", ""}, b.has("out"), "whoever is out gets nothing")
	var given []directory.Change
	for _, c := range b.changes(run.ID) {
		if c.Action == directory.ActionUpdate {
			given = append(given, c)
		}
	}
	require.Len(t, given, 2)
	member, none, auditor, berlin := "member", "", "auditor", "berlin"
	require.Equal(t, &directory.Snapshot{Role: &member, Organization: &none}, given[0].Before)
	require.Equal(t, &directory.Snapshot{Role: &auditor, Organization: &berlin}, given[0].After)
	require.Equal(t, directory.OutcomeApplied, given[0].Outcome)

	run = b.syncGroups(groups, records...)
	require.Equal(t, directory.Counts{Fetched: 4, Unchanged: 4, GroupsFetched: 1, MembershipsFetched: 3}, run.Counts)
	require.Empty(t, b.changes(run.ID))
	require.Zero(t, b.count(`SELECT count(*) FROM links l JOIN users u ON u.id = l.user_id WHERE l.user_version <> u.version`), "links are up to date still")
}

// Who leaves the group becomes a member again, and belongs to no organization; a change of somebody of
// whom nothing else is done counts as an update.
func TestC5_LeavingTheGroup(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.role("Auditor")
	b.organization("Berlin")
	b.mapRoles(toRole("fin", "auditor", "Auditor"))
	b.mapOrganizations(toOrganization("fin", "berlin", "Berlin"))
	records := []mapping.Record{person("a", "a@corp.example"), person("b", "b@corp.example")}
	b.syncGroups([]group{mapped("fin", "Finance", "a", "b")}, records...)
	records[1].Values["department"] = "Sales"
	run := b.syncGroups([]group{mapped("fin", "Finance")}, records...)
	require.Equal(t, directory.Counts{Fetched: 2, Updated: 2, GroupsFetched: 1}, run.Counts, "one of them has a new department too")
	require.Equal(t, []string{"member", ""}, b.has("a"))
	require.Equal(t, []string{"member", ""}, b.has("b"))

	// A role of somebody's own is no business of the mapping.
	b.give("a", "auditor")
	run = b.syncGroups([]group{mapped("fin", "Finance")}, records...)
	require.Empty(t, b.changes(run.ID))
	require.Equal(t, []string{"auditor", ""}, b.has("a"))
}

// C5: "Role gone: error with the user, the role and the remedy; the user's other fields still sync."
func TestC5_RoleGone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.role("Auditor")
	b.mapRoles(toRole("fin", "auditor", "Auditor"))
	records := []mapping.Record{named("a", "Ana", "Lee"), person("b", "b@corp.example")}
	groups := []group{mapped("fin", "Finance", "a")}
	b.syncGroups(groups, records...)
	require.NoError(t, b.store.DeleteRole(ctx, b.account.ID, "auditor"))
	require.Equal(t, "member", b.userOf("a").RoleID)

	records[0].Values["department"] = "Audit"
	run := b.syncGroups(groups, records...)
	require.Equal(t, directory.RunPartialSuccess, run.Status)
	require.Equal(t, directory.Counts{Fetched: 2, Updated: 1, Unchanged: 1, Failed: 1, GroupsFetched: 1, MembershipsFetched: 1}, run.Counts)
	require.Equal(t, "Audit", b.userOf("a").Fields["department"], "the rest of the record is applied")
	for range 2 { // it stands in every run until it is healed
		run = b.syncGroups(groups, records...)
		require.Equal(t, directory.Counts{Fetched: 2, Unchanged: 1, Failed: 1, GroupsFetched: 1, MembershipsFetched: 1}, run.Counts)
		changes := b.changes(run.ID)
		require.Len(t, changes, 1)
		require.Equal(t, directory.ActionError, changes[0].Action)
		require.Equal(t, directory.OutcomeFailed, changes[0].Outcome)
		require.Equal(t, "Ana Lee", changes[0].Label)
		require.Equal(t, b.userOf("a").ID, *changes[0].UserID)
		require.Equal(t, "a", *changes[0].SourceID)
		require.Equal(t, directory.Problems{{
			Code:    "role_not_updated",
			Message: "Unable to update user's role: Ana Lee should have the role 'Auditor', for being in the group 'Finance', but the account has no such role any more.",
			Remedy:  "Create a role named 'Auditor', or map the group to another role. The next sync then heals it.",
		}}, changes[0].Problems)
	}

	// A role of the name heals it, in any case and under another id, also when nobody changed.
	_, err := b.db.Exec(`INSERT INTO roles (account_id, id, name) VALUES ($1, 'auditor-2', 'AUDITOR')`, b.account.ID)
	require.NoError(t, err)
	run = b.incremental(groups)
	require.Equal(t, directory.RunSuccess, run.Status)
	require.Equal(t, 1, run.Counts.Updated)
	require.Equal(t, []string{"auditor-2*", ""}, b.has("a"))
	require.Empty(t, b.changes(b.incremental(groups).ID))
	b.mapRoles(toRole("fin", "user_admin", "User admin"))
	require.Equal(t, directory.RunSuccess, b.syncGroups(groups, records...).Status)
	require.Equal(t, []string{"user_admin*", ""}, b.has("a"), "mapping the group to another role heals it too")
}

// incremental runs a run that reads the groups, and of the people that nobody changed.
func (b *bench) incremental(groups []group) directory.Run {
	b.t.Helper()
	ctx := b.t.Context()
	run := b.openRun(directory.KindSync)
	require.NoError(b.t, b.store.BeginRead(ctx, run, store.ReadStart{Mode: directory.Incremental, Cursor: "begin", Digest: []byte("digest")}))
	b.stageGroups(run, groups...)
	_, err := b.store.StageChanges(ctx, store.StageChanges{RunID: run, Cursor: "begin", Link: "link"})
	require.NoError(b.t, err)
	return b.settle(run)
}

// A role that every account has takes nobody's place by its name.
func TestC5_NobodyBecomesAnAdminByAName(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.mapRoles(toRole("fin", "super-admin-2", "super admin"), toRole("ops", "owners", "Account Owner"))
	run := b.syncGroups([]group{mapped("fin", "Finance", "a"), mapped("ops", "Ops", "b")}, person("a", "a@corp.example"), person("b", "b@corp.example"))
	require.Equal(t, 2, run.Counts.Failed)
	require.Equal(t, []string{"member", ""}, b.has("a"))
	require.Equal(t, []string{"member", ""}, b.has("b"))
}

// C5: "mapping deleted: error with the user, the role and the remedy." The role stays meanwhile.
func TestC5_MappingDeleted(t *testing.T) {
	t.Parallel()
	for name, remain := range map[string][]directory.RoleMapping{"all": nil, "one": {toRole("ops", "operator", "Operator")}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.role("Auditor")
			b.role("Operator")
			b.mapRoles(toRole("fin", "auditor", "Auditor"), toRole("ops", "operator", "Operator"))
			records := []mapping.Record{named("a", "Ana", "Lee"), person("b", "b@corp.example")}
			b.syncGroups([]group{mapped("fin", "Finance", "a"), mapped("ops", "Ops")}, records...)
			b.mapRoles(remain...)
			for range 2 {
				run := b.syncGroups([]group{mapped("ops", "Ops")}, records...)
				require.Equal(t, directory.RunPartialSuccess, run.Status)
				require.Equal(t, []string{"Unable to update user's role: the mapping that gave Ana Lee the role 'Auditor' was deleted."}, b.problems(run.ID))
				require.Equal(t, "Map a group to the role again, or give the user a role by hand (PATCH /v1/users/{id}).", b.changes(run.ID)[0].Problems[0].Remedy)
				require.Equal(t, []string{"auditor*", ""}, b.has("a"))
			}
			b.give("a", "auditor")
			require.Equal(t, directory.RunSuccess, b.syncGroups([]group{mapped("ops", "Ops")}, records...).Status, "given by hand, it is nobody's business")
		})
	}
}

// Mappings neither give nor take the account owner's role.
func TestC5_AccountOwnersAreLeftAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.role("Auditor")
	b.organization("Berlin")
	records := []mapping.Record{person("o", b.ownerEmail()), person("a", "a@corp.example")}
	b.sync(records...)
	b.mapRoles(toRole("fin", "auditor", "Auditor"))
	b.mapOrganizations(toOrganization("fin", "berlin", "Berlin"))
	run := b.syncGroups([]group{mapped("fin", "Finance", "o", "a")}, records...)
	require.Equal(t, directory.RunSuccess, run.Status)
	require.Equal(t, []string{"account_owner", "berlin*"}, b.has("o"))
	_, err := b.db.Exec(`UPDATE users SET role_mapped = true WHERE role_id = 'account_owner'`)
	require.NoError(t, err)
	b.mapRoles()
	run = b.syncGroups([]group{mapped("fin", "Finance", "o")}, records...)
	require.Equal(t, []string{"account_owner*", "berlin*"}, b.has("o"))
	require.Equal(t, 1, run.Counts.Failed, "the auditor's mapping is gone, the owner is no part of it")
}

func (b *bench) ownerEmail() string {
	b.t.Helper()
	var email string
	require.NoError(b.t, b.db.Get(&email, `SELECT email FROM users WHERE account_id = $1 AND role_id = 'account_owner'`, b.account.ID))
	return email
}

// F12: the last admin is kept, as an error of that record; whoever becomes one in the same run comes first.
func TestC5_TheLastAdminIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.role("Auditor")
	records := []mapping.Record{person("s", "s@corp.example"), person("a", "a@corp.example"), person("b", "b@corp.example")}
	b.sync(records...)
	for _, id := range []string{"s", "b"} {
		_, err := b.store.AcceptInvitation(t.Context(), b.invitation(b.userOf(id).ID))
		require.NoError(t, err)
	}
	b.give("s", "super_admin")
	_, err := b.db.Exec(`UPDATE users SET role_id = 'member' WHERE role_id = 'account_owner'`)
	require.NoError(t, err)
	b.mapRoles(toRole("fin", "auditor", "Auditor"), toRole("adm", "super_admin", "Super admin"))
	run := b.syncGroups([]group{mapped("fin", "Finance", "s", "a"), mapped("adm", "Admins")}, records...)
	require.Equal(t, directory.RunPartialSuccess, run.Status)
	require.Equal(t, []int{1, 1}, []int{run.Counts.Updated, run.Counts.Failed})
	require.Equal(t, []string{"Firsts Lasts is the last account owner or super admin and was kept."}, b.problems(run.ID))
	require.Equal(t, []string{"super_admin", ""}, b.has("s"))
	require.Equal(t, []string{"auditor*", ""}, b.has("a"))

	run = b.syncGroups([]group{mapped("fin", "Finance", "s", "a"), mapped("adm", "Admins", "b")}, records...)
	require.Equal(t, directory.RunSuccess, run.Status)
	require.Equal(t, []string{"auditor*", ""}, b.has("s"))
	require.Equal(t, []string{"super_admin*", ""}, b.has("b"))
}

// C6: "Organization deleted: error, remedies: a new organization and mapping, or one whose name matches
// the existing mapping. After the remedy the next run heals it."
func TestC6_OrganizationDeleted(t *testing.T) {
	t.Parallel()
	for name, remedy := range map[string]func(*bench){
		"one whose name matches":   func(b *bench) { b.organization("sales") },
		"a new one and a mapping":  func(b *bench) { b.mapOrganizations(toOrganization("fin", b.organization("North"), "North")) },
		"those who belong to all":  func(b *bench) { b.mapOrganizations(toOrganization("fin", "all", "All organizations")) },
		"the mapping goes instead": func(b *bench) { b.mapOrganizations() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.mapOrganizations(toOrganization("fin", b.organization("Sales"), "Sales"))
			records := []mapping.Record{named("a", "Ana", "Lee")}
			groups := []group{mapped("fin", "Finance", "a")}
			b.syncGroups(groups, records...)
			require.Equal(t, []string{"member", "sales*"}, b.has("a"))
			require.NoError(t, b.store.DeleteOrganization(t.Context(), b.account.ID, "sales"))
			records[0].Values["department"] = "Audit"
			run := b.syncGroups(groups, records...)
			require.Equal(t, directory.RunPartialSuccess, run.Status)
			require.Equal(t, "Audit", b.userOf("a").Fields["department"])
			var problems directory.Problems
			for _, c := range b.changes(run.ID) {
				problems = append(problems, c.Problems...)
			}
			require.Equal(t, directory.Problems{{
				Code: "organization_not_moved",
				Message: "Unable to move existing user to an organization: Ana Lee should belong to 'Sales', for being in the group 'Finance', " +
					"but the account has no such organization any more.",
				Remedy: "Create an organization and map the group to it, or create one whose name matches the mapping: 'Sales'. The next sync then heals it.",
			}}, problems)
			remedy(b)
			require.Equal(t, directory.RunSuccess, b.syncGroups(groups, records...).Status)
			require.Empty(t, b.changes(b.syncGroups(groups, records...).ID))
		})
	}
}

// One rule is enough for who belongs to all organizations. When the mapping goes, nobody is moved.
func TestC6_AllOrganizations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.organization("Berlin")
	b.mapOrganizations(toOrganization("adm", "all", "All organizations"), toOrganization("fin", "berlin", "Berlin"))
	records := []mapping.Record{person("a", "a@corp.example"), person("b", "b@corp.example")}
	groups := []group{mapped("adm", "Admins", "a"), mapped("fin", "Finance", "a", "b")}
	b.syncGroups(groups, records...)
	require.Equal(t, []string{"member", "all*"}, b.has("a"))
	require.Equal(t, []string{"member", "berlin*"}, b.has("b"))
	b.mapOrganizations()
	run := b.syncGroups(groups, records...)
	require.Equal(t, directory.RunSuccess, run.Status)
	require.Empty(t, b.changes(run.ID))
	require.Equal(t, []string{"member", "all*"}, b.has("a"))
	b.mapOrganizations(toOrganization("fin", "berlin", "Berlin"), toOrganization("adm", "all", "All organizations"))
	b.syncGroups([]group{mapped("adm", "Admins"), mapped("fin", "Finance", "a")}, records...)
	require.Equal(t, []string{"member", "berlin*"}, b.has("a"))
	require.Equal(t, []string{"member", ""}, b.has("b"))
}

// A preview shows whose role changes, counts it and writes nothing.
func TestC5_Preview(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.role("Auditor")
	records := []mapping.Record{person("a", "a@corp.example"), person("b", "b@corp.example"), person("c", "c@corp.example")}
	b.sync(records...)
	b.give("b", "auditor")
	b.mapRoles(toRole("fin", "auditor", "Auditor"))
	preview := func(kind directory.RunKind) (string, store.PlanSummary) {
		run := b.openRun(kind)
		b.stageGroups(run, mapped("fin", "Finance", "a", "b", "d"))
		b.stage(run, append(records, person("d", "d@corp.example"))...)
		return run, b.plan(run)
	}
	run, summary := preview(directory.KindPreview)
	require.Equal(t, store.PlanSummary{Unchanged: 2, Changes: 1, Roles: 2, Linked: 3}, summary)
	closed, err := b.store.CloseRun(t.Context(), run, "", "")
	require.NoError(t, err)
	require.Equal(t, directory.Counts{Fetched: 4, Created: 1, Updated: 1, Unchanged: 2, GroupsFetched: 1, MembershipsFetched: 3}, closed.Counts)
	require.Len(t, b.changes(run), 3)
	require.Equal(t, []string{"auditor", ""}, b.has("b"), "a preview notes nothing")

	// What is not applied leaves no trace of what was only to be noted.
	run, summary = preview(directory.KindSync)
	require.Equal(t, 3, summary.Roles)
	require.Equal(t, store.BatchResult{Applied: 1}, b.applyStep(run, 3, 10))
	_, err = b.store.CloseRun(t.Context(), run, directory.RunCancelled, "Cancelled.")
	require.NoError(t, err)
	require.Equal(t, 2, b.count(`SELECT count(*) FROM changes WHERE run_id = $1 AND outcome = 'rejected'`, run))
	require.Equal(t, 3, b.count(`SELECT count(*) FROM changes WHERE run_id = $1`, run))
}

// Who was changed, or taken out, while the run was going is left to the next one.
func TestC5_ChangedWhileTheRunWasGoing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.role("Auditor")
	b.mapRoles(toRole("fin", "auditor", "Auditor"))
	records := []mapping.Record{person("a", "a@corp.example"), person("b", "b@corp.example"), person("c", "c@corp.example")}
	b.sync(records...)
	run := b.openRun(directory.KindSync)
	b.stageGroups(run, mapped("fin", "Finance", "a", "b", "c"))
	b.stage(run, records...)
	require.Equal(t, 3, b.plan(run).Roles)
	b.give("a", "user_admin")
	_, err := b.store.DeactivateUser(ctx, b.account.ID, b.userOf("b").ID)
	require.NoError(t, err)
	require.Equal(t, store.BatchResult{Applied: 1, Failed: 1}, b.applyStep(run, 10, 10))
	require.Equal(t, store.BatchResult{}, b.applyStep(run, 10, 10))
	closed, err := b.store.CloseRun(ctx, run, "", "")
	require.NoError(t, err)
	require.Equal(t, []int{1, 1}, []int{closed.Counts.Updated, closed.Counts.Failed})
	require.Equal(t, []string{"Firsta Lasta was changed by somebody else while the sync was running."}, b.problems(run))
	require.Equal(t, []string{"user_admin", ""}, b.has("a"))
	require.Equal(t, []string{"member", ""}, b.has("b"))
	require.Equal(t, []string{"auditor*", ""}, b.has("c"))

	// The role is deleted meanwhile.
	run = b.openRun(directory.KindSync)
	b.stageGroups(run, mapped("fin", "Finance", "a", "c"))
	b.stage(run, records...)
	require.Equal(t, 1, b.plan(run).Roles)
	require.NoError(t, b.store.DeleteRole(ctx, b.account.ID, "auditor"))
	require.Equal(t, store.BatchResult{Failed: 1}, b.applyStep(run, 10, 10))
}

// What an admin gives by hand between the plan and its application stands, though it is what the user had.
func TestC5_GivenByHandWhileTheRunWasGoing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.role("Auditor")
	b.role("Clerk")
	b.mapRoles(toRole("fin", "auditor", "Auditor"), toRole("ops", "clerk", "Clerk"))
	records := []mapping.Record{person("a", "a@corp.example"), person("b", "b@corp.example"), person("c", "c@corp.example")}
	b.syncGroups([]group{mapped("fin", "Finance", "a", "b"), mapped("ops", "Operations")}, records...)
	b.give("c", "clerk")
	stage := func(kind directory.RunKind) string {
		run := b.openRun(kind)
		b.stageGroups(run, mapped("fin", "Finance"), mapped("ops", "Operations", "c"))
		b.stage(run, records...)
		b.plan(run)
		return run
	}
	preview, run := stage(directory.KindPreview), stage(directory.KindSync)
	for id, role := range map[string]string{"a": "auditor", "c": "clerk"} {
		_, err := b.store.UpdateUser(t.Context(), b.account.ID, b.userOf(id).ID, store.UserPatch{Role: &role}, anybody)
		require.NoError(t, err)
	}
	require.Equal(t, store.BatchResult{Applied: 1}, b.applyStep(run, 10, 10))
	require.Equal(t, []string{"auditor", ""}, b.has("a"))
	require.Equal(t, []string{"member", ""}, b.has("b"), "of whom nobody gave anything")
	require.Equal(t, []string{"clerk", ""}, b.has("c"))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM changes WHERE run_id = $1 AND outcome = 'rejected'`, run))
	require.Equal(t, 2, b.count(`SELECT count(*) FROM changes WHERE run_id = $1 AND outcome = 'planned'`, preview), "a preview shows what it found")
}

// The id of what is gone, which a mapping names, is for none of another name.
func TestC5_C6_MappedIDsAreNotUsedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	role, organization := b.role("Ревизор"), b.organization("Базель")
	b.mapRoles(toRole("fin", role, "Ревизор"))
	b.mapOrganizations(toOrganization("fin", organization, "Базель"))
	records, groups := []mapping.Record{named("a", "Ana", "Lee")}, []group{mapped("fin", "Finance", "a")}
	b.syncGroups(groups, records...)
	require.NoError(t, b.store.DeleteRole(t.Context(), b.account.ID, role))
	require.NoError(t, b.store.DeleteOrganization(t.Context(), b.account.ID, organization))
	require.NotEqual(t, role, b.role("Юрист"))
	require.NotEqual(t, organization, b.organization("Берн"))
	run := b.syncGroups(groups, records...)
	require.Equal(t, directory.RunPartialSuccess, run.Status)
	require.Equal(t, "member", b.userOf("a").RoleID)
	require.Nil(t, b.userOf("a").Organization)

	b.role("Ревизор")
	b.organization("Базель")
	require.Equal(t, directory.RunSuccess, b.syncGroups(groups, records...).Status)
	require.Equal(t, []string{role + "*", organization + "*"}, b.has("a"))
}
