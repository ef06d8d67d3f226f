package scim

import "testing"

func BenchmarkPatch(b *testing.B) {
	for name, operation := range map[string]string{
		"active":    `{"op":"replace","value":{"active":false}}`,
		"workEmail": `{"op":"replace","path":"emails[type eq \"work\"].value","value":"kim@corp.example"}`,
	} {
		b.Run(name, func(b *testing.B) {
			t := userType()
			r, active, err := Decode(t, []byte(`{"userName":"kim","active":true,"emails":[{"value":"k@corp.example","type":"work"}],"name":{"givenName":"Kim"}}`))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				p, err := ParsePatch(t, []byte(`{"Operations":[`+operation+`]}`))
				if err != nil {
					b.Fatal(err)
				}
				if _, _, err := p.ApplyUser(r, *active, "u1"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
