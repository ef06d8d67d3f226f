package graph

import ("testing";"encoding/json";"fmt";"strings")
func BenchmarkDecode(b *testing.B) {
	var users []string
	for i := range 999 {
		users = append(users, fmt.Sprintf(`{"id":"00000000-0000-4000-8000-%012d","accountEnabled":true,"givenName":"Ada","surname":"Lovelace %d","mail":"ada%d@contoso.example","department":"Research","jobTitle":"Analyst","employeeHireDate":"2019-06-06T00:00:00Z"}`, i, i, i))
	}
	text := []byte(`{"value":[` + strings.Join(users, ",") + `]}`)
	paths := parsePaths([]string{"givenName", "surname", "mail", "department", "jobTitle", "employeeHireDate"})
	b.Run("ours", func(b *testing.B){ b.ReportAllocs(); for b.Loop() { decodePage(text, paths) } })
	b.Run("struct", func(b *testing.B){ b.ReportAllocs(); for b.Loop() { var p struct{Value []struct{ID string; AccountEnabled *bool; GivenName, Surname, Mail, Department, JobTitle, EmployeeHireDate *string}}; json.Unmarshal(text,&p) } })
	b.Run("rawmaps", func(b *testing.B){ b.ReportAllocs(); for b.Loop() { var p struct{Value []map[string]json.RawMessage}; json.Unmarshal(text,&p) } })
	b.Run("any", func(b *testing.B){ b.ReportAllocs(); for b.Loop() { var p any; json.Unmarshal(text,&p) } })
}
