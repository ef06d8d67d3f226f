package simulate

// Name is a name as its owner writes it, and in the letters of an address.
type Name struct{ Written, Latin string }

// People are the names of one language.
type People struct {
	Language, Location, City, Dial string
	SurnameFirst                   bool
	Given, Surnames                []Name
}

// Pick chooses the k-th pair of names; round counts how often all pairs were used up before.
func (p People) Pick(k int) (given, surname Name, round int) {
	g, s := len(p.Given), len(p.Surnames)
	given = p.Given[k%g]
	surname = p.Surnames[(k/g+k%g*5)%s]
	return given, surname, k / (g * s)
}

// Populations are the languages that generated people speak. No two of them
// share both a given name and a surname in Latin letters, so that addresses differ.
func Populations() []People {
	return []People{
		{"en-US", "US", "Seattle", "+1 206 555", false,
			plain("Olivia", "Liam", "Charlotte", "Noah", "Amelia", "Ethan", "Harper", "Mason", "Grace", "Logan", "Chloe", "Wyatt"),
			plain("Carter", "Bennett", "Hughes", "Foster", "Reed", "Sullivan", "Brooks", "Hayes", "Price", "Coleman", "O'Neill", "Whitaker", "Sanders")},
		{"de-DE", "DE", "Hamburg", "+49 40 5550", false,
			[]Name{{"Jürgen", "juergen"}, {"Anja", "anja"}, {"Lukas", "lukas"}, {"Käthe", "kaethe"}, {"Florian", "florian"}, {"Heike", "heike"}, {"Sören", "soeren"}, {"Birgit", "birgit"}, {"Matthias", "matthias"}, {"Ursula", "ursula"}, {"Björn", "bjoern"}, {"Greta", "greta"}},
			[]Name{{"Müller", "mueller"}, {"Schäfer", "schaefer"}, {"Groß", "gross"}, {"Weiß", "weiss"}, {"Jäger", "jaeger"}, {"Krämer", "kraemer"}, {"Vogt", "vogt"}, {"Böhm", "boehm"}, {"Lindner", "lindner"}, {"Hofmann", "hofmann"}, {"von Arnim", "vonarnim"}, {"Schröder", "schroeder"}, {"Brandt", "brandt"}}},
		{"es-ES", "ES", "Sevilla", "+34 955 555", false,
			[]Name{{"Íñigo", "inigo"}, {"Lucía", "lucia"}, {"Álvaro", "alvaro"}, {"Begoña", "begona"}, {"Joaquín", "joaquin"}, {"Inés", "ines"}, {"Raúl", "raul"}, {"Noelia", "noelia"}, {"Andrés", "andres"}, {"Macarena", "macarena"}, {"Óscar", "oscar"}, {"Pilar", "pilar"}},
			[]Name{{"García Núñez", "garcianunez"}, {"Muñoz", "munoz"}, {"Ibáñez", "ibanez"}, {"Peña", "pena"}, {"Castaño", "castano"}, {"López Ruiz", "lopezruiz"}, {"Ordóñez", "ordonez"}, {"Vázquez", "vazquez"}, {"Gutiérrez", "gutierrez"}, {"Sáenz", "saenz"}, {"de la Fuente", "delafuente"}, {"Quintana", "quintana"}, {"Zúñiga", "zuniga"}}},
		{"ja-JP", "JP", "大阪市", "+81 6 5555", true,
			[]Name{{"花子", "hanako"}, {"健太", "kenta"}, {"美咲", "misaki"}, {"翔太", "shota"}, {"陽菜", "hina"}, {"大輔", "daisuke"}, {"由美", "yumi"}, {"拓也", "takuya"}, {"さくら", "sakura"}, {"隆", "takashi"}, {"直子", "naoko"}, {"悠人", "yuto"}},
			[]Name{{"佐藤", "sato"}, {"鈴木", "suzuki"}, {"高橋", "takahashi"}, {"渡辺", "watanabe"}, {"伊藤", "ito"}, {"中村", "nakamura"}, {"小林", "kobayashi"}, {"加藤", "kato"}, {"吉田", "yoshida"}, {"山口", "yamaguchi"}, {"清水", "shimizu"}, {"森", "mori"}, {"藤原", "fujiwara"}}},
		{"ar-AE", "AE", "دبي", "+971 4 555", false,
			[]Name{{"ليلى", "layla"}, {"عمر", "omar"}, {"فاطمة", "fatima"}, {"يوسف", "yousef"}, {"مريم", "maryam"}, {"خالد", "khaled"}, {"نور", "noor"}, {"سامي", "sami"}, {"هدى", "huda"}, {"طارق", "tariq"}, {"رانيا", "rania"}, {"كريم", "karim"}},
			[]Name{{"المنصوري", "almansoori"}, {"حداد", "haddad"}, {"الخطيب", "alkhatib"}, {"نجار", "najjar"}, {"الفارسي", "alfarsi"}, {"عباس", "abbas"}, {"الزعابي", "alzaabi"}, {"درويش", "darwish"}, {"شاهين", "shaheen"}, {"القاسمي", "alqasimi"}, {"صالح", "saleh"}, {"بركات", "barakat"}, {"منصور", "mansour"}}},
		{"el-GR", "GR", "Θεσσαλονίκη", "+30 2310 555", false,
			[]Name{{"Ελένη", "eleni"}, {"Γιώργος", "giorgos"}, {"Σοφία", "sofia"}, {"Νίκος", "nikos"}, {"Κατερίνα", "katerina"}, {"Δημήτρης", "dimitris"}, {"Άννα", "anna"}, {"Πέτρος", "petros"}, {"Ιωάννα", "ioanna"}, {"Στέλιος", "stelios"}, {"Δάφνη", "dafni"}, {"Χρήστος", "christos"}},
			[]Name{{"Παπαδόπουλος", "papadopoulos"}, {"Γεωργίου", "georgiou"}, {"Νικολάου", "nikolaou"}, {"Αντωνίου", "antoniou"}, {"Βλάχος", "vlachos"}, {"Μακρής", "makris"}, {"Καραγιάννης", "karagiannis"}, {"Ιωαννίδης", "ioannidis"}, {"Σταύρου", "stavrou"}, {"Λάμπρου", "lamprou"}, {"Οικονόμου", "oikonomou"}, {"Ρήγας", "rigas"}, {"Ζαχαρίου", "zachariou"}}},
		{"hi-IN", "IN", "पुणे", "+91 20 5550", false,
			[]Name{{"आरव", "aarav"}, {"प्रिया", "priya"}, {"रोहन", "rohan"}, {"अनन्या", "ananya"}, {"विक्रम", "vikram"}, {"नेहा", "neha"}, {"अर्जुन", "arjun"}, {"मीरा", "meera"}, {"संजय", "sanjay"}, {"काव्या", "kavya"}, {"राहुल", "rahul"}, {"दीपा", "deepa"}},
			[]Name{{"शर्मा", "sharma"}, {"पटेल", "patel"}, {"अय्यर", "iyer"}, {"गुप्ता", "gupta"}, {"देशपांडे", "deshpande"}, {"कुलकर्णी", "kulkarni"}, {"मेहता", "mehta"}, {"जोशी", "joshi"}, {"बनर्जी", "banerjee"}, {"चौधरी", "chaudhary"}, {"नायर", "nair"}, {"सिंह", "singh"}, {"वर्मा", "verma"}}},
		{"pl-PL", "PL", "Łódź", "+48 42 555", false,
			[]Name{{"Łukasz", "lukasz"}, {"Małgorzata", "malgorzata"}, {"Paweł", "pawel"}, {"Agnieszka", "agnieszka"}, {"Grzegorz", "grzegorz"}, {"Zofia", "zofia"}, {"Michał", "michal"}, {"Bożena", "bozena"}, {"Jędrzej", "jedrzej"}, {"Kinga", "kinga"}, {"Wiesław", "wieslaw"}, {"Hania", "hania"}},
			[]Name{{"Wójcik", "wojcik"}, {"Dąbrowski", "dabrowski"}, {"Kamiński", "kaminski"}, {"Zając", "zajac"}, {"Wróbel", "wrobel"}, {"Górski", "gorski"}, {"Piątek", "piatek"}, {"Żak", "zak"}, {"Sokół", "sokol"}, {"Jabłoński", "jablonski"}, {"Krawczyk", "krawczyk"}, {"Święcicki", "swiecicki"}, {"Mazur", "mazur"}}},
	}
}

// plain are names in Latin letters without accents.
func plain(names ...string) []Name {
	list := make([]Name, len(names))
	for i, n := range names {
		list[i] = Name{n, LatinLetters(n)}
	}
	return list
}

// LatinLetters are the letters of s that an address can hold, in lower case.
func LatinLetters(s string) string {
	var letters []byte
	for _, c := range []byte(s) {
		switch {
		case c >= 'A' && c <= 'Z':
			letters = append(letters, c+'a'-'A')
		case c >= 'a' && c <= 'z':
			letters = append(letters, c)
		}
	}
	return string(letters)
}
