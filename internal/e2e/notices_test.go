package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// told counts a user's notifications of a kind in the database, since only users themselves see them.
func (c *company) told(userID string, kind directory.NotificationKind) int {
	c.Helper()
	var count int
	require.NoError(c, c.database().QueryRowContext(c.Context(), `SELECT count(*) FROM notifications WHERE user_id = $1 AND kind = $2`, userID, kind).Scan(&count))
	return count
}

func TestA15_ChosenRecipientsAreTold(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, person("e-1", "Ana", "Lopez"), person("e-2", "Bo", "Nilsson"))
		c.configure()
		ana, bo := c.user("ana.lopez@corp.example"), c.user("bo.nilsson@corp.example")
		c.accept(ana.Email)
		c.edit(object{"notify_user_ids": []string{ana.ID, bo.ID}})
		c.fault(object{"path": v.list, "status": 403})
		failure := c.syncAll()
		require.Equal(t, directory.RunFailure, failure.Status)
		mail := c.mailed(ana.Email, 1)[0]
		require.Contains(t, mail.Subject, "failed")
		require.Contains(t, mail.Text, failure.Reason[:20])
		require.Contains(t, mail.Text, "What to do")
		require.Equal(t, 1, c.told(ana.ID, directory.NoticeRunFailed), "in the application, too")
		require.Zero(t, c.told(bo.ID, directory.NoticeRunFailed), "who is not active is told nothing")
		require.Empty(t, c.noticeMails(bo.Email))
		require.Empty(t, c.notices(directory.NoticeRunFailed), "who was not chosen is not told")
		require.Empty(t, c.noticeMails(owner))
		refusal := c.refused(http.StatusUnprocessableEntity, http.MethodPatch, c.path(""), object{"notify_user_ids": []string{"7a1f38a4-3a34-4d55-8f9e-0a8f3f7c5d11"}})
		require.Equal(t, "notify_user_ids[0]", refusal.Errors[0].Field)
	})
}

func TestCaseM3_OneNoticeOfEachFailedRun(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, person("e-1", "Ana", "Lopez"))
		c.configure()
		c.simulate(http.MethodPost, "revoke-consent", nil)
		defer c.simulate(http.MethodPost, "grant-consent", nil)
		for n := 1; n <= 2; n++ {
			run := c.syncNow()
			require.Equal(t, directory.RunFailure, run.Status)
			told := c.notices(directory.NoticeRunFailed)
			require.Len(t, told, n, "the same failure again is told again")
			require.Equal(t, run.ID, told[0].RunID)
			require.Contains(t, told[0].Message, "What to do")
			require.Contains(t, told[0].Message, "no longer lets Rollcall read this tenant")
			require.Contains(t, c.mailed(owner, n)[0].Text, "no longer lets Rollcall read this tenant")
		}
		first := c.notices(directory.NoticeRunFailed)[1]
		c.call(http.MethodPost, "/v1/notifications/"+first.ID+"/read", nil, nil)
		require.NotNil(t, c.notices(directory.NoticeRunFailed)[1].ReadAt)
		require.Nil(t, c.notices(directory.NoticeRunFailed)[0].ReadAt)
	})
}

func TestCaseM3_WhatAnotherTryMendsIsNotTold(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, person("e-1", "Ana", "Lopez"))
		c.configure()
		c.fault(object{"path": v.list, "status": 503, "times": 2})
		run := c.syncAll()
		require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
		require.Empty(t, c.notices(directory.NoticeRunFailed))
		require.Empty(t, c.noticeMails(owner))
	})
}

func TestCaseM3_ManyErrorsAreOneNotice(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		people := crowd(100)
		for _, who := range people[10:] {
			who["last"] = nil
		}
		c := v.company(t, people...)
		run := c.configure()
		require.Equal(t, directory.RunPartialSuccess, run.Status, run.Reason)
		told := c.notices(directory.NoticeRunPartial)
		require.Len(t, told, 1)
		require.Contains(t, told[0].Message, "90 records")
		require.NotContains(t, told[0].Message, "Pat", "nobody is named")
		require.Len(t, c.mailed(owner, 1), 1)
		c.await("the invitations", func() bool { return len(c.invitations()) == 10 })

		again := c.syncNow()
		require.Equal(t, directory.Counts{Failed: 90}, again.changed())
		require.Len(t, c.mailed(owner, 2), 2, "a partial success is told like a failure")
		require.Len(t, c.invitations(), 10)
		for address, mails := range c.invitations() {
			require.Len(t, mails, 1, "a second invitation to %s", address)
		}
	})
}

// Nobody who is suspended is invited; who was deleted at the source and made again is another person
// and gets an invitation of their own.
func TestCaseM3_InvitationsAreNotRepeated(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, person("e-1", "Ana", "Lopez"), person("e-2", "Bo", "Nilsson", object{"enabled": false}))
		c.configure()
		c.invitation("ana.lopez@corp.example")
		c.edits("e-1", object{"last": "Ruiz"})
		c.succeeds()
		c.leaves("e-1")
		c.joins(person("e-3", "Ana", "Lopez"))
		require.Equal(t, directory.Counts{Created: 1, Deactivated: 1}, c.succeeds().changed())
		c.await("an invitation of the newcomer", func() bool { return len(c.invitations()["ana.lopez@corp.example"]) == 2 })
		require.NotContains(t, c.invitations(), "bo.nilsson@corp.example")
	})
}
