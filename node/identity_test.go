package node_test

import (
	"archive/zip"
	"encoding/json"
	"io"
	"net/url"
	"strings"
	"testing"
)

// TestALifeOfAnAccount goes through the API from opening an account to erasing it.
func TestALifeOfAnAccount(t *testing.T) {
	r := start(t, t.TempDir())
	up := r.want(t, 201, "", "POST", "/api/v1/accounts", obj{"name": "Rosa Vega", "email": "rosa@example.com", "password": "correct horse", "country": "ES", "language": "es"})
	key := str(up.body, "api_key")
	if str(up.body, "state") != "open" || at(up.body, "confirmed_at") != nil {
		t.Errorf("opened: %s", up.raw)
	}
	me := r.want(t, 200, key, "PATCH", "/api/v1/me", obj{"languages": []string{"es", "ca"}, "company": "Vega SL"})
	if str(me.body, "languages", 1) != "ca" || str(me.body, "name") != "Rosa Vega" || str(me.body, "country") != "ES" {
		t.Errorf("changed: %s", me.raw)
	}
	r.want(t, 422, key, "PATCH", "/api/v1/me", obj{"country": "Mars"})
	if got := r.want(t, 403, key, "POST", "/api/v1/keys", obj{"name": "second"}); str(got.body, "code") != "prove_again" {
		t.Errorf("a key makes keys: %s", got.raw)
	}
	r.want(t, 422, key, "POST", "/api/v1/keys", obj{"name": "second", "password": "wrong horse"})
	r.want(t, 201, key, "POST", "/api/v1/keys", obj{"name": "second", "password": "correct horse"})
	session := r.want(t, 201, "", "POST", "/api/v1/sessions", obj{"email": "rosa@example.com", "password": "correct horse"})
	token := str(session.body, "token")
	list := r.want(t, 200, token, "GET", "/api/v1/sessions", nil)
	if at(list.body, "items", 0, "current") != true || str(list.body, "items", 0, "network") != "127.0.0.0/24" {
		t.Errorf("sessions: %s", list.raw)
	}
	r.want(t, 204, token, "PUT", "/api/v1/me/password", obj{"old": "correct horse", "new": "battery staple"})
	r.want(t, 202, key, "PUT", "/api/v1/me/email", obj{"email": "new@example.com", "password": "battery staple"})
	r.want(t, 202, "", "POST", "/api/v1/password-recoveries", obj{"email": "nobody@example.com"})
	r.want(t, 409, "", "POST", "/api/v1/confirmations", obj{"token": "nonsense"})
	r.want(t, 409, "", "POST", "/api/v1/password-resets", obj{"token": "nonsense", "password": "battery staple"})

	r.want(t, 422, key, "POST", "/api/v1/me/export", obj{"password": "wrong horse"})
	out := r.want(t, 200, key, "POST", "/api/v1/me/export", obj{"password": "battery staple"})
	inside := unzip(t, out.raw)
	for file, word := range map[string]string{"account.json": "Rosa Vega", "wallet.json": "Welcome credit", "letters.json": "confirm_email", "orders.json": "[]", "calls.json": "[]", "lines.json": "[]", "packages.json": "[]"} {
		if !strings.Contains(inside[file], word) {
			t.Errorf("%s does not say %q: %s", file, word, inside[file])
		}
	}
	for file, text := range inside {
		if strings.Contains(text, key) || strings.Contains(text, "argon2") || strings.Contains(text, "token=") {
			t.Errorf("%s holds a secret: %s", file, text)
		}
	}
	if got := r.want(t, 409, key, "POST", "/api/v1/me/erasure", obj{"password": "battery staple"}); str(got.body, "code") != "something_left" || !strings.Contains(got.raw, "50.00") {
		t.Errorf("erasing with money left: %s", got.raw)
	}
	r.want(t, 204, key, "POST", "/api/v1/me/erasure", obj{"password": "battery staple", "give_up": true})
	r.want(t, 401, key, "GET", "/api/v1/me", nil)
	r.want(t, 401, token, "GET", "/api/v1/me", nil)
	r.want(t, 201, "", "POST", "/api/v1/accounts", obj{"name": "Rosa Vega", "email": "rosa@example.com", "password": "correct horse"})
}

// TestTheFileOfAnAccountIsWhole: it says what is published of its numbers, what
// names and telephone numbers lead to them, and where their calls ring on.
func TestTheFileOfAnAccountIsWhole(t *testing.T) {
	r := start(t, t.TempDir())
	key, password := str(r.dev, "members", 1, "api_key"), str(r.dev, "members", 1, "password")
	line := "/api/v1/members/" + str(r.want(t, 200, key, "GET", "/api/v1/members", nil).body, "items", 0, "id")
	r.want(t, 200, key, "PUT", line+"/published", obj{"name": "Jun the baker", "web": "https://www.jun.example", "unlisted": true})
	r.want(t, 201, key, "POST", line+"/telephone_numbers", obj{"e164": "+8225550160"})
	r.want(t, 201, key, "POST", line+"/telephone_numbers", obj{"e164": "+8225550161"})
	r.want(t, 204, key, "DELETE", line+"/telephone_numbers/+8225550161", nil)
	name := r.want(t, 201, key, "POST", "/api/v1/names", obj{"name": "jun.example", "number": "755 0142 82"})
	r.want(t, 200, key, "PUT", line+"/forwarding", obj{"no_answer": []string{"+8225556789"}, "after_seconds": 15})
	r.want(t, 201, str(r.dev, "members", 0, "api_key"), "POST", "/api/v1/members/"+str(r.want(t, 200, str(r.dev, "members", 0, "api_key"), "GET", "/api/v1/members", nil).body, "items", 0, "id")+"/telephone_numbers", obj{"e164": "+8225550162"})

	card := r.want(t, 201, key, "POST", "/api/v1/me/cards", obj{"membership": strings.TrimPrefix(line, "/api/v1/members/"), "kind": "file"})
	r.want(t, 204, key, "PUT", "/api/v1/me/access", obj{"recognise": true, "ask_pin": true, "say_price": false, "ring_back": false})
	r.want(t, 204, key, "PUT", "/api/v1/me/short-numbers/7", obj{"to": "+49 30 901820"})
	jun := r.signIn(t, str(r.dev, "members", 1, "email"), password)
	jun.post("/access/pin", url.Values{"pin": {"482915"}, "again": {"482915"}})
	inside := unzip(t, r.want(t, 200, key, "POST", "/api/v1/me/export", obj{"password": password}).raw)
	for file, words := range map[string][]string{
		"lines.json":             {`"Jun the baker"`, `"https://www.jun.example"`, `"found_by_enum": false`, `"after_seconds": 15`, `"+8225556789"`},
		"access.json":            {`"recognise": true`, `"ask_pin": true`, `"say_price": false`, `"ring_back": false`, `"key": 7`, `"to": "+4930901820"`, `"set": true`, `"set_at": "20`},
		"id_cards.json":          {str(card.body, "id"), `"755 0142 82"`, `"issued"`},
		"names.json":             {`"jun.example"`, `"755 0142 82"`, `"waiting"`},
		"telephone_numbers.json": {`"+8225550160"`, `"rented"`, `"+8225550161"`, `"resting"`, `"755 0142 82"`, `"until": "20`},
	} {
		for _, word := range words {
			if !strings.Contains(inside[file], word) {
				t.Errorf("%s does not say %s: %s", file, word, inside[file])
			}
		}
	}
	if strings.Contains(inside["access.json"], "482915") {
		t.Error("it holds the PIN")
	}
	if strings.Contains(inside["telephone_numbers.json"], "+8225550162") {
		t.Error("it holds what somebody else rents")
	}
	if token := str(name.body, "record", "text"); token == "" || strings.Contains(inside["names.json"], token) {
		t.Errorf("it holds what proves the name, %q", token)
	}
}

func unzip(t *testing.T, raw string) map[string]string {
	t.Helper()
	z, err := zip.NewReader(strings.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil || !json.Valid(text) {
			t.Errorf("%s is no JSON: %v", f.Name, err)
		}
		out[f.Name] = string(text)
	}
	return out
}

// TestPagesSpeakTheReadersLanguage asks for pages as browsers of the world do.
func TestPagesSpeakTheReadersLanguage(t *testing.T) {
	r := start(t, t.TempDir())
	for accept, want := range map[string]string{
		"ar-EG,ar;q=0.9": `<html lang="ar" dir="rtl"`, "ko": `<html lang="ko" dir="ltr"`, "nl": `<html lang="en" dir="ltr"`, "zh-Hant-TW": `<html lang="zh" dir="ltr"`,
	} {
		got := r.want(t, 200, "", "GET", "/numbers", nil, "Accept-Language", accept)
		if !strings.Contains(got.raw, want) || got.header.Get("Content-Language") == "" || !strings.Contains(strings.Join(got.header.Values("Vary"), ","), "Accept-Language") {
			t.Errorf("%s: no %s", accept, want)
		}
	}
	got := r.want(t, 200, "", "GET", "/numbers", nil, "Accept-Language", "ko", "Cookie", "lang=ja")
	if !strings.Contains(got.raw, `<html lang="ja"`) || !strings.Contains(got.raw, "アメリカ合衆国") {
		t.Error("the switch does not win over the browser")
	}
	got = r.want(t, 404, "", "GET", "/no/such/page", nil, "Accept-Language", "fr")
	if !strings.Contains(got.raw, `<html lang="fr"`) {
		t.Error("an error is shown in another language")
	}
}
