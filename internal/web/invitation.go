package web

import "net/http"

// showInvitation is where an invitation email leads. It only asks: mail scanners open links.
func (s *site) showInvitation(w http.ResponseWriter, r *http.Request) {
	s.say(w, r, http.StatusOK, message{
		Title:  "You are invited",
		Text:   []string{"Accept the invitation to start working. Each active user takes one of your organization's licences."},
		Button: "Accept the invitation",
	})
}

func (s *site) acceptInvitation(w http.ResponseWriter, r *http.Request) {
	user, err := s.admin.AcceptInvitation(r.Context(), r.PathValue("token"))
	if err != nil {
		s.refuse(w, r, "The invitation was not accepted", err)
		return
	}
	s.say(w, r, http.StatusOK, message{
		Title: "Welcome, " + user.Name(),
		Text:  []string{"Your user is active now. You can close this page."},
	})
}
