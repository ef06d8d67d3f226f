package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// What Rollcall's own source asks for under the benchmark's mappings.
const (
	usersPath  = "/v1.0/users?$select=accountEnabled,department,employeeHireDate,givenName,id,jobTitle,mail,mobilePhone,surname&$top=999"
	groupsPath = "/v1.0/groups?$select=description,displayName,id,mail&$top=999"
)

// person is a user of Graph.
type person struct {
	ID         string `json:"id"`
	Enabled    bool   `json:"accountEnabled"`
	GivenName  string `json:"givenName"`
	Surname    string `json:"surname"`
	Mail       string `json:"mail"`
	JobTitle   string `json:"jobTitle"`
	Department string `json:"department"`
	Phone      string `json:"mobilePhone"`
	Hired      string `json:"employeeHireDate"`
}

// group is a group of Graph, with its members.
type group struct {
	ID          string `json:"id"`
	Name        string `json:"displayName"`
	Description string `json:"description"`
	Mail        string `json:"mail"`
	Members     []struct {
		ID string `json:"id"`
	} `json:"-"`
}

// reader reads Graph over one connection.
type reader struct {
	base, token string
	client      *http.Client
}

func (r *reader) signIn(ctx context.Context, tenant string) (string, error) {
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {"bench"}, "client_secret": {"not-a-secret"}, "scope": {r.base + "/.default"},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.base+"/"+tenant+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var answer struct {
		Token string `json:"access_token"`
	}
	err = r.do(request, &answer)
	return answer.Token, err
}

func (r *reader) people(ctx context.Context) (people []person, pages int, err error) {
	return all[person](ctx, r, usersPath)
}

// groups reads all groups, then the members of each.
func (r *reader) groups(ctx context.Context) (groups []group, pages int, err error) {
	groups, pages, err = all[group](ctx, r, groupsPath)
	for i := range groups {
		more := 0
		if err == nil {
			groups[i].Members, more, err = all[struct {
				ID string `json:"id"`
			}](ctx, r, "/v1.0/groups/"+groups[i].ID+"/transitiveMembers?$select=id&$top=999")
		}
		pages += more
	}
	return groups, pages, err
}

// all reads page after page, as each names the next.
func all[T any](ctx context.Context, r *reader, path string) (items []T, pages int, err error) {
	for next := r.base + path; next != ""; pages++ {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, next, nil)
		if err != nil {
			return nil, 0, err
		}
		request.Header.Set("Authorization", "Bearer "+r.token)
		var page struct {
			Value []T    `json:"value"`
			Next  string `json:"@odata.nextLink"`
		}
		if err := r.do(request, &page); err != nil {
			return nil, 0, err
		}
		items, next = append(items, page.Value...), page.Next
	}
	return items, pages, nil
}

func (r *reader) do(request *http.Request, into any) error {
	response, err := r.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", request.Method, request.URL.Path, response.Status)
	}
	return json.Unmarshal(body, into)
}
