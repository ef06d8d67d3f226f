package e2e

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// What names of people, tenants and configurations hold is text in every mail, and text once.
func TestCaseM1_DirectoryTextInMail(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		const link, image = `Ana</b><a href="https://evil.example/x">Sign in</a>`, `<img src=x onerror=1>`
		v.org = object{"organization": object{"id": "84841066-274d-4ec0-a5c1-276be684bdd3", "displayName": image, "verifiedDomains": []object{}}}
		if v.provider == directory.Google {
			v.org = object{"customer": object{"id": "C01corp01", "customerDomain": "corp.example", "postalAddress": object{"organizationName": image}}}
		}
		c := v.company(t, person("e-1", link, "O'Brien & Söhne", object{"email": "ana@corp.example"}), person("e-2", "Bo", "Nilsson", object{"last": nil}))
		run := c.configure(object{"name": `Staff of O'Brien & Söhne ` + image})
		require.Equal(t, directory.RunPartialSuccess, run.Status, run.Reason)
		c.invitation("ana@corp.example")
		notice := c.notices(directory.NoticeRunPartial)[0]
		require.Contains(t, notice.Message, `Staff of O'Brien & Söhne `+image, "in the application it is plain text")
		texts := []string{c.mailed(owner, 1)[0].Text}
		htmls := []string{c.mailed(owner, 1)[0].HTML}
		for _, message := range c.stack.Mailbox().Messages() {
			if message.Subject == "You are invited to "+c.account.Name {
				texts, htmls = append(texts, message.Text), append(htmls, message.HTML)
			}
		}
		require.Len(t, htmls, 2)
		require.Contains(t, texts[0], image)
		require.Contains(t, texts[1], link)
		require.Contains(t, htmls[1], "evil.example", "the text is shown as it is")
		require.Contains(t, strings.NewReplacer("&#39;", "'", "&amp;", "&").Replace(htmls[0]), "O'Brien & Söhne")
		for _, html := range htmls {
			require.NotContains(t, html, "<img")
			require.NotContains(t, html, "&amp;amp;")
			for _, href := range regexp.MustCompile(`(?i)(?:href|src)\s*=\s*["']?([^"'\s>]*)`).FindAllStringSubmatch(tags(html), -1) {
				require.True(t, strings.HasPrefix(href[1], c.stack.StarterURL()+"/"), "a link leads to %s", href[1])
			}
		}
	})
}

// tags are the tags of a page, without the text between them.
func tags(html string) string {
	return strings.Join(regexp.MustCompile(`<[^>]*>`).FindAllString(html, -1), "\n")
}
