package api

import (
	"context"
	"net/http"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

type account struct {
	ID              string                    `json:"id"`
	Name            string                    `json:"name"`
	Licences        licences                  `json:"licences"`
	Provisioning    directory.Provisioning    `json:"provisioning" enum:"none,directory_sync,scim" doc:"The provisioning service that is on."`
	DateFormat      string                    `json:"date_format" doc:"In which form texts of the directory are taken for dates."`
	TimeZone        string                    `json:"time_zone"`
	ReportFrequency directory.ReportFrequency `json:"report_frequency" enum:"daily,errors_only,never" doc:"When the directory sync report is mailed to the account's admins. daily: also when nothing happened. errors_only: when there were directory sync or SCIM errors."`
	ReportHour      int                       `json:"report_hour" doc:"The hour of the report, in the account's time zone."`
	RecycleBinDays  int                       `json:"recycle_bin_days" doc:"How long a deleted user can be restored."`
	LogDays         int                       `json:"log_days" doc:"How long the sync log is kept, with the runs, mails and read notifications of the time."`
}

type licences struct {
	Total int `json:"total"`
	Used  int `json:"used"`
}

type licencesPatch struct {
	Total int `json:"total" minimum:"1" maximum:"10000000" doc:"Not fewer than are in use. What is added goes to those who wait for a licence, in order."`
}

type accountPatch struct {
	Body struct {
		Name            *string                    `json:"name,omitempty"`
		DateFormat      *string                    `json:"date_format,omitempty" doc:"DD/MM/YYYY, MM/DD/YYYY, YYYY-MM-DD or DD.MM.YYYY."`
		TimeZone        *string                    `json:"time_zone,omitempty" doc:"IANA name, for example Europe/Berlin."`
		ReportFrequency *directory.ReportFrequency `json:"report_frequency,omitempty" enum:"daily,errors_only,never"`
		ReportHour      *int                       `json:"report_hour,omitempty" minimum:"0" maximum:"23" doc:"The hour of the report, in the account's time zone. There is one report a day: if today's is out, the new hour counts from tomorrow."`
		Licences        *licencesPatch             `json:"licences,omitempty" doc:"For account owners and super admins."`
		RecycleBinDays  *int                       `json:"recycle_bin_days,omitempty" minimum:"1" maximum:"365" doc:"How long a deleted user can be restored."`
		LogDays         *int                       `json:"log_days,omitempty" minimum:"30" maximum:"3650" doc:"How long the sync log is kept. What is older is removed for good, and a run without its changes cannot be undone."`
	}
}

func (in *accountPatch) patch() store.AccountPatch {
	b := in.Body
	p := store.AccountPatch{Name: b.Name, DateFormat: b.DateFormat, TimeZone: b.TimeZone, ReportFrequency: b.ReportFrequency, ReportHour: b.ReportHour, RecycleBinDays: b.RecycleBinDays, LogDays: b.LogDays}
	if b.Licences != nil {
		p.Licences = &b.Licences.Total
	}
	return p
}

func (s *api) accountRoutes() {
	route(s, "GET /v1/account", "The account of the token", func(ctx context.Context, who directory.Principal, _ *none) (*body[account], error) {
		a, err := s.store.Account(ctx, who.AccountID)
		return shown(a, err, showAccount)
	}, forEveryRole)
	route(s, "PATCH /v1/account", "Change settings of the account", func(ctx context.Context, who directory.Principal, in *accountPatch) (*body[account], error) {
		a, err := s.admin.UpdateAccount(ctx, who, in.patch())
		return shown(a, err, showAccount)
	})
	route(s, "POST /v1/account/report", "Mail the report of the last 24 hours to the account's admins now, whatever report_frequency is", func(ctx context.Context, who directory.Principal, _ *none) (*none, error) {
		return nil, s.admin.SendReport(ctx, who)
	}, status(http.StatusAccepted))
}

func showAccount(a directory.Account) account {
	return account{
		ID: a.ID, Name: a.Name, Licences: licences{a.Licences, a.LicencesUsed}, Provisioning: a.Provisioning,
		DateFormat: a.DateFormat, TimeZone: a.TimeZone, ReportFrequency: a.ReportFrequency, ReportHour: a.ReportHour, RecycleBinDays: a.RecycleBinDays, LogDays: a.LogDays,
	}
}
