package node_test

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// TestANumberHasAPage: nothing is said of a number until its holder publishes;
// then its page names what he likes, its site is named before anybody goes
// there, and a letter reaches him without showing his address.
func TestANumberHasAPage(t *testing.T) {
	r := start(t, t.TempDir())
	jun := r.signIn(t, str(r.dev, "members", 1, "email"), str(r.dev, "members", 1, "password"))
	id := str(r.want(t, 200, str(r.dev, "members", 1, "api_key"), "GET", "/api/v1/members", nil).body, "items", 0, "id")
	get := func(path string, want int) string {
		t.Helper()
		status, page := r.page(t, path)
		if status != want {
			t.Errorf("%s is %d", path, status)
		}
		return page
	}
	strip := func(page, number string) string {
		_, main, _ := strings.Cut(page, "<main")
		return strings.ReplaceAll(main, number, "")
	}
	if none, nobody := get("/n/755014282", 404), get("/n/755014382", 404); strip(none, "755014282") != strip(nobody, "755014382") {
		t.Error("a number that publishes nothing is told from one of nobody")
	}
	for _, bad := range []url.Values{{"web": {"javascript:alert(1)"}}, {"web": {"https://user@evil.example"}}, {"web": {"https://localhost"}}, {"email": {"a@b.example\r\nBcc: x@y.example"}}, {"name": {"a\u202eb"}}} {
		if status, page, _ := jun.post("/lines/"+id+"/publish", bad); status != 422 {
			t.Errorf("%v is %d: %s", bad, status, page[:200])
		}
	}
	if status, _, _ := jun.post("/lines/"+id+"/publish", url.Values{"name": {"Jun <b>"}, "web": {"www.jun.example/a?b=c"}, "form": {"1"}, "text": {"Hello"}}); status != 200 {
		t.Fatalf("publishing: %d", status)
	}
	key := str(r.dev, "members", 1, "api_key")
	if got := r.want(t, 200, key, "GET", "/api/v1/members/"+id+"/published", nil); str(got.body, "web") != "https://www.jun.example/a?b=c" {
		t.Errorf("by the API: %s", got.raw)
	}
	r.want(t, 422, key, "PUT", "/api/v1/members/"+id+"/published", obj{"web": "ftp://jun.example"})
	r.want(t, 404, str(r.dev, "members", 2, "api_key"), "GET", "/api/v1/members/"+id+"/published", nil)
	page := get("/n/755%200142%2082", 200)
	if !strings.Contains(page, "Jun &lt;b&gt;") || strings.Contains(page, "jun@") {
		t.Error("the page shows what it should not, or not what it should")
	}
	if got := scanned(t, get("/n/755014282/qr.svg", 200)); got != r.base+"/n/755014282" {
		t.Errorf("the QR code leads to %q", got)
	}
	get("/n/755014382/qr.svg", 404)
	if page := get("/go/755014282", 200); !strings.Contains(page, `href="https://www.jun.example/a?b=c"`) {
		t.Error("the site is not named")
	}
	stranger := r.signIn(t, str(r.dev, "members", 2, "email"), str(r.dev, "members", 2, "password"))
	write := url.Values{"from": {"mum@example.org"}, "text": {"Ring me\r\nsoon"}}
	for i := range 6 {
		status, _, _ := stranger.post("/n/755014282/write", write)
		if want := map[bool]int{true: 200, false: 429}[i < 5]; status != want {
			t.Errorf("letter %d is %d", i, status)
		}
	}
	if status, _, _ := stranger.post("/n/755014282/write", url.Values{"from": {"x@example.org\r\nBcc: y@example.org"}, "text": {"x"}}); status != 422 {
		t.Errorf("a header in the address: %d", status)
	}
	until(t, "the letter is there", func() bool { return strings.Contains(get("/dev/mail", 200), "755 0142 82") })
	r.want(t, 200, key, "PUT", "/api/v1/members/"+id+"/published", obj{"web": "https://раypаl.example/login"}) // two letters are Cyrillic
	if got := r.want(t, 200, key, "GET", "/api/v1/members/"+id+"/published", nil); str(got.body, "web") != "https://xn--ypl-5cdc6g.example/login" {
		t.Errorf("a look-alike by the API: %s", got.raw)
	}
	if page := get("/go/755014282", 200); !strings.Contains(page, "https://xn--ypl-5cdc6g.example/login") || strings.Count(page, "xn--ypl-5cdc6g.example") < 2 || strings.Contains(page, "раypаl") {
		t.Error("a look-alike is shown as what it looks like")
	}
	jun.post("/lines/"+id+"/publish", url.Values{})
	get("/n/755014282", 404)
	get("/go/755014282", 404)
}

// TestAHolderKeepsHisNumberOutOfENUM: by the page or the API, and then DNS says
// of the telephone number that rings him what it says of one of nobody.
func TestAHolderKeepsHisNumberOutOfENUM(t *testing.T) {
	r := start(t, t.TempDir())
	key := str(r.dev, "members", 1, "api_key")
	id := str(r.want(t, 200, key, "GET", "/api/v1/members", nil).body, "items", 0, "id")
	r.want(t, 201, key, "POST", "/api/v1/members/"+id+"/telephone_numbers", obj{"e164": "+8225550160"})
	asks := func(name string) int {
		t.Helper()
		q := new(dns.Msg).SetQuestion(name+"."+str(r.dev, "dns", "zone")+".", dns.TypeNAPTR)
		a, _, err := new(dns.Client).ExchangeContext(t.Context(), q, str(r.dev, "dns", "listen"))
		if err != nil {
			t.Fatal(err)
		}
		return a.Rcode
	}
	const rented = "0.6.1.0.5.5.5.2.2.8"
	path := "/api/v1/members/" + id + "/published"
	if got := asks(rented); got != dns.RcodeSuccess {
		t.Errorf("before: %s", dns.RcodeToString[got])
	}
	jun := r.signIn(t, str(r.dev, "members", 1, "email"), str(r.dev, "members", 1, "password"))
	if status, page, _ := jun.post("/lines/"+id+"/publish", url.Values{"name": {"Jun"}}); status != 200 || strings.Contains(page, `name="enum" value="1" checked`) {
		t.Errorf("the tick is taken away: %d", status)
	}
	if got, nobody := asks(rented), asks("9.6.1.0.5.5.5.2.2.8"); got != dns.RcodeNameError || got != nobody {
		t.Errorf("kept out: %s", dns.RcodeToString[got])
	}
	if got := r.want(t, 200, key, "GET", path, nil); at(got.body, "unlisted") != true || str(got.body, "name") != "Jun" {
		t.Errorf("by the API: %s", got.raw)
	}
	if status, _ := r.page(t, "/n/755014282"); status != 200 {
		t.Errorf("its page is %d", status)
	}
	r.want(t, 200, key, "PUT", path, obj{"name": "Jun"})
	if got := asks(rented); got != dns.RcodeSuccess {
		t.Errorf("listed again: %s", dns.RcodeToString[got])
	}
}

// scanned draws a QR code of ours and has another program read it.
func scanned(t *testing.T, svg string) string {
	t.Helper()
	const scale = 6
	var side int
	if _, err := fmt.Sscanf(svg[strings.Index(svg, "viewBox"):], `viewBox="0 0 %d`, &side); err != nil {
		t.Fatal(err)
	}
	img := image.NewGray(image.Rect(0, 0, side*scale, side*scale))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	for _, m := range regexp.MustCompile(`M(\d+) (\d+)h1v1h-1z`).FindAllStringSubmatch(svg, -1) {
		x, _ := strconv.Atoi(m[1])
		y, _ := strconv.Atoi(m[2])
		draw.Draw(img, image.Rect(x*scale, y*scale, (x+1)*scale, (y+1)*scale), image.Black, image.Point{}, draw.Src)
	}
	file := filepath.Join(t.TempDir(), "qr.png")
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return read(t, file)
}

// read is what a code in a picture says.
func read(t *testing.T, file string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "zbarimg", "-q", "--raw", file).Output()
	if err != nil {
		t.Fatalf("zbarimg: %v (apt-get install zbar-tools; scripts/install-test-tools does)", err)
	}
	return strings.TrimSpace(string(out))
}
